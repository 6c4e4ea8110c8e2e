//! A program's side of the local channel.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{ReadHalf, WriteHalf};

use super::codec::{MessageReader, MessageWriter, WriteError};
use super::hearing::{self, Loss, Message};
use super::protocol::{
    Access, ClientMessage, ErrorCode, Event, Hello, LogLine, MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES,
    Outcome, Request, RequestError, Response, ServerMessage,
};
use super::skew;
use crate::model::{ConnectionId, DiagnosisStep, Snapshot};
use crate::platform::local_socket::{Address, Peer, Stream};
use crate::platform::paths::Channels;
use crate::platform::permissions;

/// How long a service may take to answer a call with its hello.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a service may take to answer a request.
pub(super) const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(30);
/// How long a service that has hung up is listened to for its reason.
pub(super) const REASON_TIME_LIMIT: Duration = Duration::from_secs(1);
/// How many pushes are kept while a request waits for its answer.
const MOST_PUSHES: usize = 4096;

/// The channel to a service.
#[derive(Debug)]
pub struct Client {
    pub(super) reader: MessageReader<ReadHalf<Stream>>,
    pub(super) writer: MessageWriter<WriteHalf<Stream>>,
    pub(super) server: Hello,
    pub(super) last_id: u64,
    pub(super) pushes: VecDeque<Push>,
    /// Why the channel is of no more use, once it is.
    pub(super) lost: Option<Loss>,
}

/// What a service sends to a subscriber without being asked each time.
#[derive(Clone, Debug, PartialEq)]
pub enum Push {
    /// The whole state.
    Snapshot(Box<Snapshot>),
    /// One change of it.
    Event {
        /// The revision after the change.
        revision: u64,
        /// The change.
        event: Event,
    },
    /// A line of the log.
    Log(LogLine),
    /// How a look for what is wrong goes on.
    Diagnosis {
        /// The connection that is looked at; nothing where none is.
        connection: Option<ConnectionId>,
        /// What is told.
        step: DiagnosisStep,
    },
}

/// Why there is no channel to a service.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error(
        "no service runs here: nothing listens at {}; start the service and try again",
        listed(.0)
    )]
    NoService(Vec<Address>),
    /// This account may not talk to the service.
    #[error("this account may not talk to the service at {address}: {reason}")]
    NotAllowed {
        /// Where.
        address: Address,
        /// Who says so, and what to do.
        reason: String,
    },
    /// The two are of different versions.
    #[error("{0}")]
    VersionMismatch(String),
    /// What listens there says nothing: the service hangs.
    #[error("the service at {address} does not answer: it said nothing for {} s; restart it", limit.as_secs())]
    NoAnswer {
        /// Where.
        address: Address,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A program of another account has the name of the service. It was told nothing.
    #[error(
        "what listens at {address} is not the service: it is {peer}, of an account that is neither this one nor an administrator's; it was told nothing. End that program and start the service, or tell an administrator"
    )]
    NotOurs {
        /// Where.
        address: Address,
        /// Who it is.
        peer: Peer,
    },
    /// What listens there is not our service, or not in its right mind.
    #[error(
        "what listens at {address} does not answer as the service does: {detail}; if it is the service, restart it"
    )]
    SomethingElse {
        /// Where.
        address: Address,
        /// What it did.
        detail: String,
    },
    /// Anything else.
    #[error("the service at {address} cannot be reached: {error}")]
    Io {
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(" or ")
}

/// Why a request was not answered with what was asked for, or nothing more comes.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service did not do it, and says why.
    #[error(transparent)]
    Refused(#[from] RequestError),
    /// The channel is of no more use; connect again.
    #[error("the connection to the service was lost: {0}")]
    Lost(String),
    /// What came is not understood; the channel is of no more use.
    #[error(
        "the service sent what this program does not understand ({0}); install the same version of both programs and restart the service"
    )]
    NotUnderstood(String),
    /// No answer came in time. The request may still be done.
    #[error(
        "the service did not answer within {} s; it may still do what was asked",
        .0.as_secs()
    )]
    TimedOut(Duration),
}

impl Client {
    /// Calls the service at `address` in the name of `program`, within five seconds.
    ///
    /// # Errors
    /// [`ConnectError`] tells a missing service from one that may not be called, one
    /// of another version, and something else that listens there.
    pub async fn connect(address: &Address, program: &str) -> Result<Self, ConnectError> {
        let stream = open(address).await?;
        let (reader, writer) = tokio::io::split(stream);
        let mut client = Self {
            reader: MessageReader::new(reader, MAX_ANSWER_BYTES),
            writer: MessageWriter::new(writer, MAX_MESSAGE_BYTES),
            server: Hello::of(program),
            last_id: 0,
            pushes: VecDeque::new(),
            lost: None,
        };
        let hello = tokio::time::timeout(CONNECT_TIME_LIMIT, client.greet(address)).await;
        client.server = hello.unwrap_or_else(|_| Err(no_answer(address)))?;
        Ok(client)
    }

    /// Calls the first of `services` at which anything listens, as
    /// [`crate::platform::Paths::for_client`] lists them. Where this account may not manage
    /// it, it reads the status: see [`Self::access`].
    ///
    /// # Errors
    /// As [`Self::connect`]; [`ConnectError::NoService`] names all of them.
    pub async fn connect_first(services: &[Channels], program: &str) -> Result<Self, ConnectError> {
        for channels in services {
            match Self::connect_to(channels, program).await {
                Err(ConnectError::NoService(_)) => {}
                reached => return reached,
            }
        }
        let manage = services.iter().map(|channels| channels.manage.clone());
        Err(ConnectError::NoService(manage.collect()))
    }

    /// Calls one service: to manage it, or else to read its status.
    async fn connect_to(channels: &Channels, program: &str) -> Result<Self, ConnectError> {
        let (address, reason) = match Self::connect(&channels.manage, program).await {
            Err(ConnectError::NotAllowed { address, reason }) => (address, reason),
            reached => return reached,
        };
        let Some(status) = &channels.status else {
            return Err(ConnectError::NotAllowed { address, reason });
        };
        match Self::connect(status, program).await {
            Err(ConnectError::NoService(_)) => {
                let reason = format!(
                    "{reason}. Nothing at {status} tells its status to others: the service does not run, or its setting service.status_for_all is off"
                );
                Err(ConnectError::NotAllowed { address, reason })
            }
            reached => reached,
        }
    }

    /// What the service said of itself.
    pub fn server(&self) -> &Hello {
        &self.server
    }

    /// What the service lets this program do.
    pub fn access(&self) -> Access {
        self.server.access
    }

    /// Asks for something and waits up to 30 seconds for the answer. What the
    /// service pushes meanwhile comes out of [`Self::next`] afterwards.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn request(&mut self, request: Request) -> Result<Response, ClientError> {
        self.request_within(request, REQUEST_TIME_LIMIT).await
    }

    /// The same with another time limit. A call that is dropped before its end does
    /// no harm while it reads; its answer is then ignored.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn request_within(
        &mut self,
        request: Request,
        limit: Duration,
    ) -> Result<Response, ClientError> {
        self.last_id += 1;
        let answer = tokio::time::timeout(limit, self.ask(self.last_id, request)).await;
        answer.unwrap_or(Err(ClientError::TimedOut(limit)))
    }

    /// What the service sends next to this subscriber. Cancel-safe.
    ///
    /// # Errors
    /// [`ClientError::Lost`].
    pub async fn next(&mut self) -> Result<Push, ClientError> {
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return Ok(push);
            }
            // Answers to requests that nobody waits for any longer are dropped.
            if let Message::Push(push) = self.receive().await? {
                return Ok(push);
            }
        }
    }

    /// Says hello and waits for the service's.
    async fn greet(&mut self, address: &Address) -> Result<Hello, ConnectError> {
        let strange = |detail| ConnectError::SomethingElse { address: address.clone(), detail };
        let own = self.server.clone();
        // A service that turns callers away may have hung up already, and said why.
        let sent = self.writer.send(&ClientMessage::Hello(own.clone())).await;
        let hello = match hearing::any(&mut self.reader).await {
            Ok(ServerMessage::Hello(hello)) => hello,
            Ok(ServerMessage::Refused { error }) => return Err(refused(address, error)),
            Ok(_) => return Err(strange("its first message was no hello".to_owned())),
            Err(loss) => {
                let detail = sent.err().map_or(loss.to_string(), |error| error.to_string());
                return Err(strange(detail));
            }
        };
        if own.common_version(&hello).is_none() {
            return Err(ConnectError::VersionMismatch(format!(
                "the service is version {} and this program is version {}, and they do not understand each other; install the same version of both and restart the service",
                hello.version, own.version
            )));
        }
        Ok(hello)
    }

    async fn ask(&mut self, id: u64, request: Request) -> Result<Response, ClientError> {
        if let Some(loss) = &self.lost {
            return Err(loss.error());
        }
        match self.writer.send(&ClientMessage::Request { id, request }).await {
            Ok(()) => {}
            Err(error @ WriteError::TooLong { .. }) => {
                return Err(RequestError::new(ErrorCode::BadMessage, error.to_string()).into());
            }
            Err(error) => return Err(self.reason_for(&error).await),
        }
        loop {
            match self.receive().await? {
                Message::Response(of, outcome) if of == id => {
                    return answer(outcome, &self.server);
                }
                // The late answer to a request that was given up.
                Message::Response(..) => {}
                Message::Push(push) => self.keep(push)?,
            }
        }
    }

    fn keep(&mut self, push: Push) -> Result<(), ClientError> {
        if self.pushes.len() == MOST_PUSHES {
            self.pushes.clear();
            return Err(self.lose(Loss::Gone("this program read too slowly".to_owned())));
        }
        self.pushes.push_back(push);
        Ok(())
    }

    /// What a service that hung up on a request had to say.
    async fn reason_for(&mut self, error: &WriteError) -> ClientError {
        let said = tokio::time::timeout(REASON_TIME_LIMIT, async {
            loop {
                match self.receive().await {
                    Ok(_) => {}
                    Err(reason) => return reason,
                }
            }
        });
        match said.await {
            Ok(reason) => reason,
            Err(_) => self.lose(Loss::Gone(error.to_string())),
        }
    }

    async fn receive(&mut self) -> Result<Message, ClientError> {
        if let Some(loss) = &self.lost {
            return Err(loss.error());
        }
        hearing::next(&mut self.reader).await.map_err(|loss| self.lose(loss))
    }

    fn lose(&mut self, loss: Loss) -> ClientError {
        let error = loss.error();
        self.lost = Some(loss);
        error
    }
}

/// What an outcome of the service of `server` means to the one who asked.
pub(super) fn answer(outcome: Outcome, server: &Hello) -> Result<Response, ClientError> {
    match outcome {
        Outcome::Ok { response } => Ok(response),
        Outcome::Error { error } => Err(skew::explained(error, server).into()),
    }
}

fn no_answer(address: &Address) -> ConnectError {
    ConnectError::NoAnswer { address: address.clone(), limit: CONNECT_TIME_LIMIT }
}

async fn open(address: &Address) -> Result<Stream, ConnectError> {
    let own = || address.clone();
    let opened = tokio::time::timeout(CONNECT_TIME_LIMIT, Stream::connect(address)).await;
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Err(match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::ConnectionRefused => ConnectError::NoService(vec![own()]),
                io::ErrorKind::PermissionDenied => ConnectError::NotAllowed {
                    address: own(),
                    reason: format!("it runs as another account; {}", permissions::managers()),
                },
                _ => ConnectError::Io { address: own(), error },
            });
        }
        Err(_) => return Err(no_answer(address)),
    };
    // One that the system cannot name is nobody's.
    if !stream.server_is_ours().unwrap_or(false) {
        let peer = stream.peer().unwrap_or_default();
        return Err(ConnectError::NotOurs { address: own(), peer });
    }
    Ok(stream)
}

fn refused(address: &Address, error: RequestError) -> ConnectError {
    let address = address.clone();
    match error.code {
        ErrorCode::VersionMismatch => ConnectError::VersionMismatch(error.message),
        ErrorCode::Denied => ConnectError::NotAllowed { address, reason: error.message },
        _ => ConnectError::SomethingElse { address, detail: error.message },
    }
}
