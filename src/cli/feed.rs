//! Everything the service pushes, through its restarts.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::exit::Exit;
use super::failure::Failure;
use super::reach::Reach;
use super::watch::Update;
use crate::ipc::protocol::{Request, Response};
use crate::ipc::{Client, ClientError, Push};

/// Updates that wait for a slow terminal. When they are more, the service sees a slow
/// client and sends a fresh snapshot instead.
const QUEUE: usize = 64;
/// First and longest time between two looks for a service that is gone.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A subscription that outlives the service it was made with.
#[derive(Debug)]
pub(crate) struct Feed {
    updates: mpsc::Receiver<Update>,
    task: Option<JoinHandle<()>>,
}

impl Feed {
    /// Subscribes through `client`, or as soon as the service can be reached.
    pub(crate) fn start(reach: Reach, client: Option<Client>) -> Self {
        let (sender, updates) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            // It ends with the feed that nobody listens to any more.
            run(&reach, client, &sender).await.ok();
        });
        Self { updates, task: Some(task) }
    }

    /// A feed of what the test sends.
    #[cfg(test)]
    pub(crate) fn of(updates: mpsc::Receiver<Update>) -> Self {
        Self { updates, task: None }
    }

    /// What is learnt next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Update {
        match self.updates.recv().await {
            Some(update) => update,
            // Only a feed whose task is gone has no next update.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

type Sender = mpsc::Sender<Update>;
type SendResult<T> = Result<T, mpsc::error::SendError<Update>>;

async fn run(reach: &Reach, client: Option<Client>, sender: &Sender) -> SendResult<()> {
    let mut client = match client {
        Some(client) => client,
        None => look_for(reach, sender).await?,
    };
    loop {
        let failure = Failure::from(pass_on(&mut client, sender).await?);
        sender.send(Update::Lost(failure)).await?;
        client = look_for(reach, sender).await?;
    }
}

/// Passes on what the service pushes until it is gone.
async fn pass_on(client: &mut Client, sender: &Sender) -> SendResult<ClientError> {
    match client.request(Request::Subscribe).await {
        Ok(Response::Snapshot { snapshot }) => {
            sender.send(Update::Push(Push::Snapshot(snapshot))).await?;
        }
        Ok(_) => {}
        Err(error) => return Ok(error),
    }
    loop {
        match client.next().await {
            Ok(push) => sender.send(Update::Push(push)).await?,
            Err(error) => return Ok(error),
        }
    }
}

/// Calls the service until it answers. Tells why it does not, each reason once.
async fn look_for(reach: &Reach, sender: &Sender) -> SendResult<Client> {
    let mut pause = FIRST_PAUSE;
    let mut told: Option<Failure> = None;
    loop {
        match reach.connect().await {
            Ok(client) => return Ok(client),
            Err(failure) if told.as_ref() != Some(&failure) => {
                told = Some(failure.clone());
                sender.send(Update::Lost(failure)).await?;
            }
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether waiting may help: a service that refuses to talk goes on refusing.
pub(crate) fn may_pass(failure: &Failure) -> bool {
    !matches!(failure.exit, Exit::Denied | Exit::VersionMismatch)
}
