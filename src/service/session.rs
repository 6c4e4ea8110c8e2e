//! One program on the local channel.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError as Missed, TryRecvError};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::hub::Change;
use super::logs::LogHub;
use super::supervisor::Supervisor;
use crate::ipc::protocol::{
    Access, ErrorCode, LogFilter, LogLine, Request, RequestError, Response, ServerMessage,
};
use crate::ipc::{Incoming, Received, RecvError, ServerWriter};
use crate::model::{CheckName, ConnectionId, DiagnosisStep, Snapshot};

/// The name by which the service says hello.
const PROGRAM: &str = "hybrid-connection-manager-service";
/// Requests of one program that wait for their turn; while there are more, it is not
/// listened to.
const MOST_QUEUED: usize = 64;
/// Connection strings of one program that are looked at side by side.
const MOST_CHECKS: usize = 64;
/// What they tell before somebody hears it: all that they have, since the answer of each comes
/// after what it has told.
const MOST_STEPS: usize = MOST_CHECKS * (CheckName::ALL.len() + 1);

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
    let (client, access) = (channel.client(), channel.access());
    debug!(%peer, program = client.program, version = client.version, ?access, "a program is attached");
    let (mut reader, writer) = channel.split();
    let mut session = Session::new(supervisor, logs, writer, access);
    loop {
        let going_on = tokio::select! {
            received = reader.recv(), if session.queue.len() < MOST_QUEUED => match received {
                Ok(Some(received)) => session.take(received).await.and(Ok(true)),
                Ok(None) => return session.finish_queue().await,
                Err(RecvError::BadMessage(error)) => {
                    debug!(%peer, %error, "a program broke the protocol");
                    session.writer.refuse(error).await;
                    return session.finish_queue().await;
                }
                Err(RecvError::Lost(error)) => {
                    debug!(%peer, %error, "a program was lost");
                    return session.finish_queue().await;
                }
            },
            done = current(&mut session.current) => session.answer_current(done).await.and(Ok(true)),
            Some(step) = session.steps.recv() => session.push_step(step).await.and(Ok(true)),
            Some(done) = session.checks.join_next() => session.answer(done).await.and(Ok(true)),
            change = next(&mut session.changes) => session.push_change(change).await.and(Ok(true)),
            line = next(&mut session.lines) => session.push_line(line).await.and(Ok(true)),
            () = stop.cancelled() => session.say_the_rest().await.and(Ok(false)),
        };
        match going_on {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                debug!(%peer, %error, "a program does not listen any more");
                return session.finish_queue().await;
            }
        }
    }
}

/// The id of a request, and what came of it.
type Answer = (u64, Result<Response, RequestError>);
/// How the look for what is wrong with a connection, or with none, goes on.
type Step = (Option<ConnectionId>, DiagnosisStep);
type Sent = Result<(), crate::ipc::codec::WriteError>;

struct Session {
    supervisor: Arc<Supervisor>,
    logs: LogHub,
    writer: ServerWriter,
    access: Access,
    changes: Option<Receiver<Change>>,
    lines: Option<Receiver<LogLine>>,
    /// Which of them it wants.
    wanted: LogFilter,
    /// The request that is being done. It is done to its end, whatever the program does.
    current: Option<JoinHandle<Answer>>,
    /// Those that are done after it, one after the other.
    queue: VecDeque<(u64, Request)>,
    /// Those that take long and change nothing; they end with the session.
    checks: JoinSet<Answer>,
    /// What looks for what is wrong tell on their way, and where they say it.
    steps: mpsc::Receiver<Step>,
    told: mpsc::Sender<Step>,
}

impl Session {
    fn new(
        supervisor: Arc<Supervisor>,
        logs: LogHub,
        writer: ServerWriter,
        access: Access,
    ) -> Self {
        let (told, steps) = mpsc::channel(MOST_STEPS);
        Self {
            supervisor,
            logs,
            writer,
            access,
            changes: None,
            lines: None,
            wanted: LogFilter::default(),
            current: None,
            queue: VecDeque::new(),
            checks: JoinSet::new(),
            steps,
            told,
        }
    }

    async fn take(&mut self, received: Received) -> Sent {
        let Received { id, request } = received;
        match request {
            Err(error) => self.writer.respond(id, Err(error)).await,
            Ok(request) if !self.access.allows(&request) => {
                self.writer.respond(id, Err(RequestError::read_only())).await
            }
            Ok(Request::Ping) => self.writer.respond(id, Ok(Response::Done)).await,
            Ok(Request::Subscribe) => {
                let (snapshot, changes) = self.supervisor.hub().subscribe();
                self.changes = Some(changes);
                self.writer.respond(id, Ok(Response::Done)).await?;
                self.push_snapshot(snapshot).await
            }
            Ok(Request::Logs { lines, follow: true, filter }) => {
                let (lines, following) = self.logs.last_and_follow(lines, &filter);
                self.lines = Some(following);
                self.wanted = filter;
                self.writer.respond(id, Ok(Response::Logs { lines })).await
            }
            Ok(
                Request::CheckConnectionString { .. }
                | Request::CheckUpgrade
                | Request::Diagnose { .. },
            ) if self.checks.len() >= MOST_CHECKS => {
                let text = format!("{MOST_CHECKS} checks are under way; wait until one has ended");
                let error = RequestError::new(ErrorCode::Other, text);
                self.writer.respond(id, Err(error)).await
            }
            Ok(request @ (Request::CheckConnectionString { .. } | Request::CheckUpgrade)) => {
                let supervisor = self.supervisor.clone();
                self.checks.spawn(async move { (id, supervisor.handle(request).await) });
                Ok(())
            }
            Ok(Request::Diagnose { connection, all_gateways }) => {
                let (supervisor, told) = (self.supervisor.clone(), self.told.clone());
                self.checks.spawn(async move {
                    // A session that is gone ends this task.
                    let tell = |id: Option<&ConnectionId>, step| {
                        told.try_send((id.cloned(), step)).unwrap_or_default();
                    };
                    (id, supervisor.diagnose(connection, all_gateways, tell).await)
                });
                Ok(())
            }
            Ok(request) => {
                self.queue.push_back((id, request));
                self.begin_next();
                Ok(())
            }
        }
    }

    /// Begins with the next request of the queue, if none is being done.
    fn begin_next(&mut self) {
        if self.current.is_none()
            && let Some((id, request)) = self.queue.pop_front()
        {
            let supervisor = self.supervisor.clone();
            let doing = async move { (id, supervisor.handle(request).await) };
            self.current = Some(tokio::spawn(doing));
        }
    }

    async fn answer_current(&mut self, done: Result<Answer, JoinError>) -> Sent {
        self.current = None;
        self.begin_next();
        self.answer(done).await
    }

    async fn answer(&mut self, done: Result<Answer, JoinError>) -> Sent {
        // The answer to a look for what is wrong comes after all that it has told.
        while let Ok(step) = self.steps.try_recv() {
            self.push_step(step).await?;
        }
        match done {
            Ok((id, result)) => {
                let result = result.map(|response| response.for_access(self.access));
                self.writer.respond(id, result).await
            }
            Err(error) => {
                warn!(%error, "a request was not done to its end");
                Ok(())
            }
        }
    }

    /// Does what was asked by a program that is gone.
    async fn finish_queue(mut self) {
        while self.current.is_some() {
            if let Err(error) = current(&mut self.current).await {
                warn!(%error, "a request was not done to its end");
            }
            self.current = None;
            self.begin_next();
        }
    }

    async fn push_change(&mut self, change: Result<Change, Missed>) -> Sent {
        match change {
            Ok(change) => {
                let (revision, event) = (*change).clone();
                let event = event.for_access(self.access);
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

    /// Answers what was asked and pushes the changes that are there; nothing follows.
    async fn say_the_rest(&mut self) -> Sent {
        while self.current.is_some() {
            let done = current(&mut self.current).await;
            self.answer_current(done).await?;
        }
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

    async fn push_step(&mut self, (connection, step): Step) -> Sent {
        self.writer.send(&ServerMessage::Diagnosis { connection, step }).await
    }

    async fn push_line(&mut self, line: Result<LogLine, Missed>) -> Sent {
        match line {
            Ok(line) if !self.wanted.takes(&line) => Ok(()),
            Ok(line) => self.writer.send(&ServerMessage::Log { line }).await,
            Err(Missed::Lagged(_)) => Ok(()),
            Err(Missed::Closed) => {
                self.lines = None;
                Ok(())
            }
        }
    }

    async fn push_snapshot(&mut self, snapshot: Snapshot) -> Sent {
        let snapshot = Box::new(match self.access {
            Access::Manage => snapshot,
            Access::ReadStatus => snapshot.for_reader(),
        });
        self.writer.send(&ServerMessage::Snapshot { snapshot }).await
    }
}

/// What came of the request that is being done; never, without one. Cancel-safe.
async fn current(current: &mut Option<JoinHandle<Answer>>) -> Result<Answer, JoinError> {
    match current {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// The next of a subscription; never, without one.
async fn next<T: Clone>(receiver: &mut Option<Receiver<T>>) -> Result<T, Missed> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}
