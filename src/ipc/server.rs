//! The service's side of the local channel.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{ReadHalf, WriteHalf};

use super::codec::{
    MAX_HELLO_BYTES, MessageError, MessageReader, MessageWriter, ReadError, WriteError, decode,
};
use super::protocol::{
    Access, ClientMessage, ErrorCode, Hello, MAX_ANSWER_BYTES, Outcome, Request, RequestError,
    Response, ServerMessage,
};
use crate::model::VERSION;
use crate::platform::local_socket::{self, Address, BindError, Callers, Peer, Stream};
use crate::platform::permissions::{self, Group};

/// How long a caller may take to say hello.
const HELLO_TIME_LIMIT: Duration = Duration::from_secs(5);

/// Takes the callers of one channel of a service.
#[derive(Debug)]
pub struct Listener {
    socket: local_socket::Listener,
    access: Access,
    /// Whether the system has already kept out all who may not call.
    guarded: bool,
}

impl Listener {
    /// Listens at `address`, for those alone who may manage the service. Must be called
    /// inside a Tokio runtime.
    ///
    /// # Errors
    /// [`BindError`] says who or what is in the way.
    pub fn bind(address: &Address) -> Result<Self, BindError> {
        let socket = local_socket::Listener::bind(address, Callers::Managers)?;
        Ok(Self { socket, access: Access::Manage, guarded: false })
    }

    /// The same for the members of `group` too, where there is one.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_for_group(address: &Address, group: Option<Group>) -> Result<Self, BindError> {
        let Some(group) = group else { return Self::bind(address) };
        let socket = local_socket::Listener::bind(address, Callers::ManagersAnd(group))?;
        Ok(Self { socket, access: Access::Manage, guarded: true })
    }

    /// Listens at `address` for every account of this machine, which may read the status
    /// there and nothing else. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_for_status(address: &Address) -> Result<Self, BindError> {
        let socket = local_socket::Listener::bind(address, Callers::Everyone)?;
        Ok(Self { socket, access: Access::ReadStatus, guarded: true })
    }

    /// The next caller, who has said nothing yet: shake hands in a task of its own,
    /// so that a silent one keeps nobody waiting. Cancel-safe.
    ///
    /// # Errors
    /// Those of the system, when they do not pass within some seconds.
    pub async fn accept(&self) -> io::Result<Incoming> {
        let stream = self.socket.accept().await?;
        // A caller that the system cannot name manages nothing.
        let peer = stream.peer().unwrap_or_default();
        Ok(Incoming { stream, peer, access: self.access, guarded: self.guarded })
    }
}

/// A caller that has said nothing yet.
#[derive(Debug)]
pub struct Incoming {
    stream: Stream,
    peer: Peer,
    access: Access,
    guarded: bool,
}

/// Why a caller was turned away. It was told so, where it still listened.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// It may not ask this service for anything.
    #[error("{0} may not control this service")]
    Denied(Peer),
    /// There is no protocol version that both know.
    #[error("{}", .0.message)]
    VersionMismatch(RequestError),
    /// Its first message was no hello.
    #[error("{}", .0.message)]
    BadMessage(RequestError),
    /// It said nothing for five seconds.
    #[error("no hello came within {} s", HELLO_TIME_LIMIT.as_secs())]
    TimedOut,
    /// It has gone.
    #[error("the caller has gone: {0}")]
    Lost(String),
}

impl Incoming {
    /// Who calls, as far as the system tells.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Checks the caller, waits up to five seconds for its hello, and answers with
    /// the hello of `program`.
    ///
    /// # Errors
    /// [`HandshakeError`]; the channel is closed after one.
    pub async fn handshake(self, program: &str) -> Result<ServerChannel, HandshakeError> {
        let Self { stream, peer, access, guarded } = self;
        let (reader, writer) = tokio::io::split(stream);
        let mut reader = ServerReader(MessageReader::new(reader, MAX_HELLO_BYTES));
        let mut writer = ServerWriter(MessageWriter::new(writer, MAX_ANSWER_BYTES));
        let own = Hello::of(program).granting(access);
        let said = async {
            if !guarded && !permissions::may_control_service(peer.uid) {
                return Err(HandshakeError::Denied(peer));
            }
            greet(&mut reader, &own).await
        };
        let said = tokio::time::timeout(HELLO_TIME_LIMIT, said).await;
        match said.unwrap_or(Err(HandshakeError::TimedOut)) {
            Ok(client) => {
                let answer = writer.send(&ServerMessage::Hello(own)).await;
                answer.map_err(|error| HandshakeError::Lost(error.to_string()))?;
                reader.0.allow(access.longest_request());
                Ok(ServerChannel { reader, writer, client, peer, access })
            }
            Err(error) => {
                if let Some(refusal) = error.refusal() {
                    writer.refuse(refusal).await;
                }
                Err(error)
            }
        }
    }

    /// Tells the caller why it is not served.
    pub async fn turn_away(self, error: RequestError) {
        let (_, writer) = tokio::io::split(self.stream);
        ServerWriter(MessageWriter::new(writer, MAX_ANSWER_BYTES)).refuse(error).await;
    }
}

impl HandshakeError {
    fn refusal(&self) -> Option<RequestError> {
        match self {
            Self::Denied(_) => Some(RequestError::new(
                ErrorCode::Denied,
                format!("this account may not control the service; {}", permissions::managers()),
            )),
            Self::VersionMismatch(error) | Self::BadMessage(error) => Some(error.clone()),
            Self::TimedOut => Some(bad_message(self.to_string())),
            Self::Lost(_) => None,
        }
    }
}

/// Waits for the caller's hello and finds a version that both speak.
async fn greet(reader: &mut ServerReader, own: &Hello) -> Result<Hello, HandshakeError> {
    let bad = |text: String| HandshakeError::BadMessage(bad_message(text));
    let bytes = match reader.0.next().await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(HandshakeError::Lost("it closed the channel".to_owned())),
        Err(error @ ReadError::TooLong { .. }) => return Err(bad(error.to_string())),
        Err(error) => return Err(HandshakeError::Lost(error.to_string())),
    };
    let hello = match decode::<ClientMessage>(&bytes) {
        Ok(ClientMessage::Hello(hello)) => hello,
        Ok(ClientMessage::Request { .. }) => {
            return Err(bad("a request came before the hello".to_owned()));
        }
        Err(error) => return Err(bad(format!("the first message must be a hello: {error}"))),
    };
    if own.common_version(&hello).is_none() {
        let error = RequestError::new(ErrorCode::VersionMismatch, mismatch(own, &hello));
        return Err(HandshakeError::VersionMismatch(error));
    }
    Ok(hello)
}

fn mismatch(service: &Hello, client: &Hello) -> String {
    let (older, newer) = if client.protocol < service.protocol {
        ("this program", "the service")
    } else {
        ("the service", "this program")
    };
    format!(
        "{older} is too old for {newer}: the service is version {} and speaks protocol {} to {}, this program is version {} and speaks {} to {}; install the same version of both and restart the service",
        service.version,
        service.oldest_protocol,
        service.protocol,
        client.version,
        client.oldest_protocol,
        client.protocol,
    )
}

/// The channel to one client that has been let in.
#[derive(Debug)]
pub struct ServerChannel {
    reader: ServerReader,
    writer: ServerWriter,
    client: Hello,
    peer: Peer,
    access: Access,
}

impl ServerChannel {
    /// What the client said of itself.
    pub fn client(&self) -> &Hello {
        &self.client
    }

    /// Who the client is, as far as the system tells.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// What the client may do: the channel that it has called says so, not the client.
    pub fn access(&self) -> Access {
        self.access
    }

    /// As [`ServerReader::recv`].
    ///
    /// # Errors
    /// As there.
    pub async fn recv(&mut self) -> Result<Option<Received>, RecvError> {
        self.reader.recv().await
    }

    /// As [`ServerWriter::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(&mut self, message: &ServerMessage) -> Result<(), WriteError> {
        self.writer.send(message).await
    }

    /// The two directions apart. The channel is closed when both are dropped.
    pub fn split(self) -> (ServerReader, ServerWriter) {
        (self.reader, self.writer)
    }
}

/// A request, or what was meant to be one.
#[derive(Debug)]
pub struct Received {
    /// The request's id; the answer needs it.
    pub id: u64,
    /// The request, or why it is not understood. The session goes on either way.
    pub request: Result<Request, RequestError>,
}

/// Why no more requests come.
#[derive(Debug, thiserror::Error)]
pub enum RecvError {
    /// What came cannot be answered. Say so with [`ServerWriter::refuse`] and close.
    #[error("{}", .0.message)]
    BadMessage(RequestError),
    /// The channel broke.
    #[error(transparent)]
    Lost(ReadError),
}

/// What a client says.
#[derive(Debug)]
pub struct ServerReader(MessageReader<ReadHalf<Stream>>);

impl ServerReader {
    /// The next request, or `None` when the client has closed the channel.
    /// Cancel-safe.
    ///
    /// # Errors
    /// [`RecvError`]; close the channel after one.
    pub async fn recv(&mut self) -> Result<Option<Received>, RecvError> {
        match self.0.next().await {
            Ok(Some(bytes)) => understand(&bytes).map(Some).map_err(RecvError::BadMessage),
            Ok(None) => Ok(None),
            Err(error @ ReadError::TooLong { .. }) => {
                Err(RecvError::BadMessage(bad_message(error.to_string())))
            }
            Err(error) => Err(RecvError::Lost(error)),
        }
    }
}

/// What a client is told.
#[derive(Debug)]
pub struct ServerWriter(MessageWriter<WriteHalf<Stream>>);

impl ServerWriter {
    /// Sends `message` and waits until the system has taken it, ten seconds at most.
    /// One message is kept in memory, whatever the client does.
    ///
    /// # Errors
    /// [`WriteError`]; after any but `TooLong`, close the channel.
    pub async fn send(&mut self, message: &ServerMessage) -> Result<(), WriteError> {
        self.0.send(message).await
    }

    /// Answers the request `id`. An answer that is too long to be sent becomes an
    /// error that says so.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn respond(
        &mut self,
        id: u64,
        result: Result<Response, RequestError>,
    ) -> Result<(), WriteError> {
        let outcome = match result {
            Ok(response) => Outcome::Ok { response },
            Err(error) => Outcome::Error { error },
        };
        match self.send(&ServerMessage::Response { id, outcome }).await {
            Err(error @ WriteError::TooLong { .. }) => {
                let text = format!("the answer is too long, ask for less: {error}");
                let error = RequestError::new(ErrorCode::Other, text);
                self.send(&ServerMessage::Response { id, outcome: Outcome::Error { error } }).await
            }
            sent => sent,
        }
    }

    /// Tells a client why it is not served any longer; close the channel after this.
    /// One that does not listen any more is no error.
    pub async fn refuse(&mut self, error: RequestError) {
        if let Err(error) = self.send(&ServerMessage::Refused { error }).await {
            tracing::debug!(%error, "a local client could not be told why it is refused");
        }
    }
}

fn bad_message(text: impl Into<String>) -> RequestError {
    RequestError::new(ErrorCode::BadMessage, text)
}

/// Reads a request. One that is not understood can still be answered if its id is
/// there.
fn understand(bytes: &[u8]) -> Result<Received, RequestError> {
    let error = match decode::<ClientMessage>(bytes) {
        Ok(ClientMessage::Request { id, request }) => {
            return Ok(Received { id, request: Ok(request) });
        }
        Ok(ClientMessage::Hello(_)) => return Err(bad_message("a second hello came")),
        Err(error) => error,
    };
    let message: Value = decode(bytes).map_err(|error| bad_message(error.to_string()))?;
    let id = message.get("id").and_then(Value::as_u64);
    let Some(id) = id.filter(|_| message.get("type").is_some_and(|kind| kind == "request")) else {
        return Err(bad_message(error.to_string()));
    };
    let name = message.pointer("/request/do").and_then(Value::as_str).filter(|name| is_name(name));
    let text = match (error, name) {
        (MessageError::UnknownKind, Some(name)) => format!(
            "the service (version {VERSION}) does not know the request \"{name}\"; install the same version of both programs and restart the service"
        ),
        (error, Some(name)) => format!("in the request \"{name}\", {error}"),
        (error, None) => error.to_string(),
    };
    Ok(Received { id, request: Err(bad_message(text)) })
}

/// Whether a text looks like the name of a request, and so is no secret.
fn is_name(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> (Option<u64>, String) {
        match understand(json.as_bytes()) {
            Ok(Received { id, request }) => (Some(id), request.unwrap_err().message),
            Err(error) => (None, error.message),
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_by_id_where_there_is_one() {
        let (id, text) = refusal(r#"{"type":"request","id":7,"request":{"do":"levitate"}}"#);
        assert_eq!(id, Some(7));
        assert!(text.contains("does not know the request \"levitate\""), "{text}");
        let (id, text) = refusal(r#"{"type":"request","id":8,"request":{"do":"set-setting"}}"#);
        assert_eq!(id, Some(8));
        assert_eq!(text, "in the request \"set-setting\", the message has no \"name\"");
        let (id, text) = refusal(r#"{"type":"request","id":9,"request":3}"#);
        assert_eq!((id, text.is_empty()), (Some(9), false));
        for no_id in [
            r#"{"type":"request","id":-1,"request":{"do":"snapshot"}}"#,
            r#"{"type":"event","id":1}"#,
            "[1]",
            "{",
            "",
        ] {
            assert_eq!(refusal(no_id).0, None, "{no_id}");
        }
    }

    #[test]
    fn a_refusal_repeats_no_secret() {
        for json in [
            r#"{"type":"request","id":7,"request":{"do":"Endpoint=sb://n/;SharedAccessKey=c2Vj"}}"#,
            r#"{"type":"request","id":7,"request":{"do":"set-setting","name":["c2Vj"],"value":""}}"#,
            r#"{"type":"request","id":"c2Vj","request":{"do":"snapshot"}}"#,
            r#"{"type":"c2Vj"}"#,
        ] {
            let (_, text) = refusal(json);
            assert!(!text.contains("c2Vj"), "{text}");
        }
    }

    #[test]
    fn a_version_mismatch_says_which_side_is_old() {
        let (mut old, new) = (Hello::of("hcm"), Hello { protocol: 9, ..Hello::of("x") });
        old.version = "0.0.9".to_owned();
        let text = mismatch(&new, &old);
        assert!(text.starts_with("this program is too old for the service"), "{text}");
        assert!(text.contains("0.0.9") && text.contains("to 9"), "{text}");
        assert!(mismatch(&old, &new).starts_with("the service is too old for this program"));
    }
}
