//! "Try it without an Azure account": emulator, service, endpoints and an app in this
//! process, started and ended at the user's word.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Outbox, link};
use crate::demo::{Demo, DemoError, Traffic};
use crate::gui::backend::News;

/// Starts and ends the demo.
pub(super) struct Handle {
    wanted: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Handle {
    pub(super) fn start(link: link::Handle, outbox: Outbox) -> Self {
        let (wanted, wants) = watch::channel(false);
        Self { wanted, task: tokio::spawn(run(wants, link, outbox)) }
    }

    pub(super) fn begin(&self) {
        self.wanted.send_replace(true);
    }

    pub(super) fn leave(&self) {
        self.wanted.send_replace(false);
    }

    /// Ends the demo, if it runs, with the window.
    pub(super) async fn end(self) {
        drop(self.wanted);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the demo did not end well");
        }
    }
}

async fn run(mut wants: watch::Receiver<bool>, link: link::Handle, outbox: Outbox) {
    loop {
        if wants.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        match build().await {
            Ok((demo, traffic)) => {
                link.turn_to_demo(Some(demo.channel().clone()));
                // An end of the window ends the wait too.
                let goes_on = wants.wait_for(|wanted| !*wanted).await.is_ok();
                link.turn_to_demo(None);
                traffic.stop().await;
                demo.stop().await;
                if !goes_on {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the demo did not start");
                outbox.tell(News::DemoFailed(error.to_string())).await;
                if wants.wait_for(|wanted| !*wanted).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn build() -> Result<(Demo, Traffic), DemoError> {
    let demo = Demo::start(None).await?;
    match Traffic::start(&demo) {
        Ok(traffic) => Ok((demo, traffic)),
        Err(error) => {
            demo.stop().await;
            Err(error)
        }
    }
}
