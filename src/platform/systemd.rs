//! systemd, where it has started this process: what it wants to hear of a service
//! (sd_notify(3)), the folders that it has made for one (systemd.exec(5)), and its journal.
//! Elsewhere there is none of it.

use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

#[cfg(unix)]
#[path = "systemd/unix.rs"]
mod os;
#[cfg(not(unix))]
#[path = "systemd/none.rs"]
mod os;

#[cfg(unix)]
pub(super) use os::UnitFolders;

/// Tells the service manager how the service does. Nothing comes back: what it does not take
/// is lost, and the service goes on.
#[derive(Debug)]
pub struct Notifier {
    watchdog: Option<Duration>,
}

/// What the service manager hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// The service serves, also again after a reload.
    Ready,
    /// Its settings are being read again.
    Reloading,
    /// It ends, which may take as long as this.
    Stopping {
        /// How long, from now on.
        within: Duration,
    },
    /// It is alive; see [`Notifier::watchdog`].
    Alive,
    /// How it does, in one line for people.
    Status(&'a str),
}

impl Notifier {
    /// `None` where no service manager listens.
    pub fn of_this_process() -> Option<Self> {
        os::listens().then(|| Self { watchdog: os::watchdog() })
    }

    /// After how long without [`News::Alive`] the service manager ends this process; `None`
    /// where it does not.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it.
    pub fn tell(&self, news: News<'_>) {
        if let Err(error) = os::send(news) {
            tracing::debug!(%error, ?news, "the service manager does not hear it");
        }
    }
}

/// Writes the log into the journal with its fields, where standard error leads there. `None`
/// elsewhere, and where the journal cannot be reached.
pub fn journal<S>() -> Option<impl Layer<S>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    os::journal()
}
