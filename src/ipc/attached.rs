//! A channel for a program that stays attached: many requests under way at once, while
//! what the service pushes flows in.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::client::{Client, ClientError, Push, REASON_TIME_LIMIT, REQUEST_TIME_LIMIT, answer};
use super::codec::{MessageReader, MessageWriter, WriteError};
use super::hearing::{self, Loss, Message};
use super::protocol::{ClientMessage, ErrorCode, Hello, Request, RequestError, Response};
use crate::platform::local_socket::Stream;

/// How long a service may take to answer a ping, which it does before all else.
const PING_TIME_LIMIT: Duration = Duration::from_secs(3);
/// Requests that wait to be sent.
const MOST_REQUESTS: usize = 64;
/// Pushes that wait to be taken. When there are more, the service is not read any
/// longer, sees a slow client, and sends a fresh snapshot instead.
const MOST_PUSHES: usize = 256;

impl Client {
    /// Two handles instead of one: requests of many tasks, and what the service
    /// pushes. A task of its own serves both, until both are dropped or the channel is
    /// lost. Must be called inside a Tokio runtime.
    ///
    /// Take the pushes in another task than the one that waits for answers: answers
    /// come over the same channel, behind the pushes before them.
    pub fn into_parts(self) -> (Requester, Pushes) {
        let (requests, asked) = mpsc::channel(MOST_REQUESTS);
        let (push, pushes) = mpsc::channel(MOST_PUSHES);
        let shared = Arc::new(Shared { server: self.server, loss: OnceLock::new() });
        let driver = Driver {
            reader: self.reader,
            writer: self.writer,
            lost: self.lost,
            kept: self.pushes,
            last_id: self.last_id,
            asked,
            push,
            shared: shared.clone(),
            waiting: Waiting::default(),
        };
        tokio::spawn(driver.run());
        (Requester { requests, shared: shared.clone() }, Pushes { pushes, shared })
    }
}

/// Asks a service for things. Its clones share one channel.
#[derive(Clone, Debug)]
pub struct Requester {
    requests: mpsc::Sender<Asked>,
    shared: Arc<Shared>,
}

impl Requester {
    /// What the service said of itself.
    pub fn server(&self) -> &Hello {
        &self.shared.server
    }

    /// Asks for something and waits up to 30 seconds for the answer. Dropping the call
    /// does not take the request back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn request(&self, request: Request) -> Result<Response, ClientError> {
        self.request_within(request, REQUEST_TIME_LIMIT).await
    }

    /// The same with another time limit.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn request_within(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<Response, ClientError> {
        let asking = async {
            let (answer, answered) = oneshot::channel();
            let asked = Asked { request, answer };
            self.requests.send(asked).await.map_err(|_| self.shared.error())?;
            answered.await.map_err(|_| self.shared.error())?
        };
        timeout(limit, asking).await.unwrap_or(Err(ClientError::TimedOut(limit)))
    }

    /// Whether the service is alive: one that hangs looks like a quiet one otherwise.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`] after three seconds, or why the channel was lost.
    pub async fn ping(&self) -> Result<(), ClientError> {
        self.request_within(Request::Ping, PING_TIME_LIMIT).await.map(|_| ())
    }
}

/// What a service sends to a subscriber, in order.
#[derive(Debug)]
pub struct Pushes {
    pushes: mpsc::Receiver<Push>,
    shared: Arc<Shared>,
}

impl Pushes {
    /// What the service sends next. Cancel-safe.
    ///
    /// # Errors
    /// Why the channel was lost; connect again.
    pub async fn next(&mut self) -> Result<Push, ClientError> {
        self.pushes.recv().await.ok_or_else(|| self.shared.error())
    }
}

#[derive(Debug)]
struct Shared {
    server: Hello,
    loss: OnceLock<Loss>,
}

impl Shared {
    fn error(&self) -> ClientError {
        match self.loss.get() {
            Some(loss) => loss.error(),
            None => ClientError::Lost("this program is ending".to_owned()),
        }
    }
}

type Answered = oneshot::Sender<Result<Response, ClientError>>;

struct Asked {
    request: Request,
    answer: Answered,
}

/// Who waits for the answer to which request.
#[derive(Default)]
struct Waiting(Mutex<HashMap<u64, Answered>>);

impl Waiting {
    fn add(&self, id: u64, answer: Answered) {
        let mut waiting = self.lock();
        // Those who gave up are forgotten; their answers are dropped when they come.
        waiting.retain(|_, answer| !answer.is_closed());
        waiting.insert(id, answer);
    }

    fn take(&self, id: u64) -> Option<Answered> {
        self.lock().remove(&id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Answered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Driver {
    reader: MessageReader<ReadHalf<Stream>>,
    writer: MessageWriter<WriteHalf<Stream>>,
    lost: Option<Loss>,
    kept: VecDeque<Push>,
    last_id: u64,
    asked: mpsc::Receiver<Asked>,
    push: mpsc::Sender<Push>,
    shared: Arc<Shared>,
    waiting: Waiting,
}

impl Driver {
    async fn run(self) {
        let Self { mut reader, writer, lost, kept, last_id, mut asked, push, shared, waiting } =
            self;
        let loss = async {
            for kept in kept {
                push.send(kept).await.unwrap_or_default(); // nobody wants it
            }
            match lost {
                Some(loss) => loss,
                None => hear(&mut reader, &push, &waiting, &shared.server).await,
            }
        };
        tokio::pin!(loss);
        let loss = tokio::select! {
            loss = &mut loss => loss,
            failed = speak(writer, &mut asked, &push, &waiting, last_id) => match failed {
                // Nobody is interested any more.
                None => return,
                // A service that hung up has said why.
                Some(error) => timeout(REASON_TIME_LIMIT, &mut loss)
                    .await
                    .unwrap_or_else(|_| Loss::Gone(error.to_string())),
            },
        };
        // Known before those who wait find out that nothing comes.
        shared.loss.set(loss).unwrap_or_default();
    }
}

/// Hands out what the service says, until it is lost.
async fn hear(
    reader: &mut MessageReader<ReadHalf<Stream>>,
    push: &mpsc::Sender<Push>,
    waiting: &Waiting,
    server: &Hello,
) -> Loss {
    loop {
        match hearing::next(reader).await {
            Ok(Message::Response(id, outcome)) => {
                if let Some(asker) = waiting.take(id) {
                    // One that gave up meanwhile is none of our business.
                    asker.send(answer(outcome, server)).unwrap_or_default();
                }
            }
            // Without a taker it is dropped.
            Ok(Message::Push(pushed)) => push.send(pushed).await.unwrap_or_default(),
            Err(loss) => return loss,
        }
    }
}

/// Sends requests, until nobody is interested any more or the channel takes none.
async fn speak(
    mut writer: MessageWriter<WriteHalf<Stream>>,
    asked: &mut mpsc::Receiver<Asked>,
    push: &mpsc::Sender<Push>,
    waiting: &Waiting,
    mut last_id: u64,
) -> Option<WriteError> {
    while let Some(Asked { request, answer }) = asked.recv().await {
        if answer.is_closed() {
            continue; // given up before it was sent
        }
        last_id += 1;
        waiting.add(last_id, answer);
        match writer.send(&ClientMessage::Request { id: last_id, request }).await {
            Ok(()) => {}
            Err(error @ WriteError::TooLong { .. }) => {
                if let Some(asker) = waiting.take(last_id) {
                    let error = RequestError::new(ErrorCode::BadMessage, error.to_string());
                    asker.send(Err(error.into())).unwrap_or_default();
                }
            }
            Err(error) => return Some(error),
        }
    }
    push.closed().await;
    None
}
