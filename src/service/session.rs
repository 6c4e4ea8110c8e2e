//! One program on the local channel.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError as Missed, TryRecvError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::hub::Change;
use super::logs::LogHub;
use super::supervisor::Supervisor;
use crate::ipc::protocol::{ErrorCode, LogLine, Request, RequestError, Response, ServerMessage};
use crate::ipc::{Incoming, Received, RecvError, ServerWriter};
use crate::model::Snapshot;

/// The name by which the service says hello.
const PROGRAM: &str = "hybrid-connection-manager-service";
/// Slow requests of one program that are under way at once.
const MOST_SLOW: usize = 64;

/// Serves a program until it goes, breaks the protocol, or `stop` is cancelled.
pub(super) async fn run(
    incoming: Incoming,
    supervisor: Arc<Supervisor>,
    logs: LogHub,
    stop: CancellationToken,
) {
    let peer = incoming.peer();
    let channel = match incoming.handshake(PROGRAM).await {
        Ok(channel) => channel,
        Err(error) => return debug!(%peer, %error, "a program was turned away"),
    };
    let client = channel.client();
    debug!(%peer, program = client.program, version = client.version, "a program is attached");
    let (mut reader, writer) = channel.split();
    let mut session =
        Session { supervisor, logs, writer, changes: None, lines: None, slow: JoinSet::new() };
    loop {
        let going_on = tokio::select! {
            received = reader.recv() => match received {
                Ok(Some(received)) => session.answer(received).await.and(Ok(true)),
                Ok(None) => return,
                Err(RecvError::BadMessage(error)) => {
                    debug!(%peer, %error, "a program broke the protocol");
                    return session.writer.refuse(error).await;
                }
                Err(RecvError::Lost(error)) => return debug!(%peer, %error, "a program was lost"),
            },
            Some(done) = session.slow.join_next() => session.answer_slow(done).await.and(Ok(true)),
            change = next(&mut session.changes) => session.push_change(change).await.and(Ok(true)),
            line = next(&mut session.lines) => session.push_line(line).await.and(Ok(true)),
            () = stop.cancelled() => session.push_the_rest().await.and(Ok(false)),
        };
        match going_on {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return debug!(%peer, %error, "a program does not listen any more"),
        }
    }
}

/// The id of a request, and what came of it.
type Answer = (u64, Result<Response, RequestError>);
type Sent = Result<(), crate::ipc::codec::WriteError>;

struct Session {
    supervisor: Arc<Supervisor>,
    logs: LogHub,
    writer: ServerWriter,
    changes: Option<Receiver<Change>>,
    lines: Option<Receiver<LogLine>>,
    /// Requests that others overtake; they end with the session.
    slow: JoinSet<Answer>,
}

impl Session {
    async fn answer(&mut self, received: Received) -> Sent {
        let Received { id, request } = received;
        match request {
            Err(error) => self.writer.respond(id, Err(error)).await,
            Ok(Request::Subscribe) => {
                let (snapshot, changes) = self.supervisor.hub().subscribe();
                self.changes = Some(changes);
                self.writer.respond(id, Ok(Response::Done)).await?;
                self.push_snapshot(snapshot).await
            }
            Ok(Request::Logs { lines, follow: true }) => {
                let (lines, following) = self.logs.last_and_follow(lines);
                self.lines = Some(following);
                self.writer.respond(id, Ok(Response::Logs { lines })).await
            }
            Ok(Request::Ping) => self.writer.respond(id, Ok(Response::Done)).await,
            Ok(Request::CheckConnectionString { .. }) if self.slow.len() >= MOST_SLOW => {
                let text = format!("{MOST_SLOW} checks are under way; wait until one of them ends");
                let error = RequestError::new(ErrorCode::Other, text);
                self.writer.respond(id, Err(error)).await
            }
            Ok(request @ Request::CheckConnectionString { .. }) => {
                let supervisor = self.supervisor.clone();
                self.slow.spawn(async move { (id, supervisor.handle(request).await) });
                Ok(())
            }
            Ok(request) => {
                let result = self.supervisor.handle(request).await;
                self.writer.respond(id, result).await
            }
        }
    }

    async fn answer_slow(&mut self, done: Result<Answer, JoinError>) -> Sent {
        match done {
            Ok((id, result)) => self.writer.respond(id, result).await,
            Err(error) => {
                warn!(%error, "a request was not finished");
                Ok(())
            }
        }
    }

    async fn push_change(&mut self, change: Result<Change, Missed>) -> Sent {
        match change {
            Ok(change) => {
                let (revision, event) = (*change).clone();
                self.writer.send(&ServerMessage::Event { revision, event }).await
            }
            Err(Missed::Lagged(missed)) => {
                debug!(missed, "a program lags and gets a fresh snapshot");
                let (snapshot, changes) = self.supervisor.hub().subscribe();
                self.changes = Some(changes);
                self.push_snapshot(snapshot).await
            }
            Err(Missed::Closed) => {
                self.changes = None;
                Ok(())
            }
        }
    }

    /// Pushes the changes that are there; nothing follows them.
    async fn push_the_rest(&mut self) -> Sent {
        while let Some(changes) = &mut self.changes {
            let change = match changes.try_recv() {
                Ok(change) => Ok(change),
                Err(TryRecvError::Lagged(missed)) => Err(Missed::Lagged(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            };
            self.push_change(change).await?;
        }
        Ok(())
    }

    async fn push_line(&mut self, line: Result<LogLine, Missed>) -> Sent {
        match line {
            Ok(line) => self.writer.send(&ServerMessage::Log { line }).await,
            Err(Missed::Lagged(_)) => Ok(()),
            Err(Missed::Closed) => {
                self.lines = None;
                Ok(())
            }
        }
    }

    async fn push_snapshot(&mut self, snapshot: Snapshot) -> Sent {
        self.writer.send(&ServerMessage::Snapshot { snapshot: Box::new(snapshot) }).await
    }
}

/// The next of a subscription; never, without one.
async fn next<T: Clone>(receiver: &mut Option<Receiver<T>>) -> Result<T, Missed> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}
