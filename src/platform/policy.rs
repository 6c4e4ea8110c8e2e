//! What the administrator of this machine allows, as the system keeps it: on Windows in the
//! registry, where Group Policy writes it; elsewhere in a file of root. What it means is not
//! decided here.

use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tracing::warn;

#[cfg(unix)]
#[path = "policy/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "policy/windows.rs"]
mod os;

/// Name of the value that says whether any hybrid connection may be served.
pub const ALLOW_HYBRID_CONNECTIONS: &str = "AllowHybridConnections";
/// Name of the list of endpoints that may be served.
pub const ALLOWED_ENDPOINTS: &str = "AllowedEndpoints";

/// A policy is written piece by piece. It counts when it has not changed for so long.
const SETTLING: Duration = Duration::from_millis(500);

/// What was found. The default is nothing, which is no policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyValues {
    /// Where: a registry key or a file.
    pub place: String,
    /// Why it cannot be read as a whole.
    pub unreadable: Option<String>,
    /// [`ALLOW_HYBRID_CONNECTIONS`], or why it cannot be read.
    pub allow: Option<Result<bool, String>>,
    /// [`ALLOWED_ENDPOINTS`].
    pub endpoints: Option<Vec<PolicyEntry>>,
}

/// One of the [`ALLOWED_ENDPOINTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEntry {
    /// What it is called in a message.
    pub name: String,
    /// Its text, or why it has none.
    pub text: Result<String, String>,
}

impl PolicyValues {
    fn unreadable(place: String, problem: String) -> Self {
        Self { place, unreadable: Some(problem), ..Self::default() }
    }
}

/// A list whose entries are known by their numbers.
fn numbered(texts: impl IntoIterator<Item = String>) -> Vec<PolicyEntry> {
    let entry = |(at, text)| PolicyEntry {
        name: format!("{ALLOWED_ENDPOINTS}, entry {}", at + 1),
        text: Ok(text),
    };
    texts.into_iter().enumerate().map(entry).collect()
}

/// Reads the policy now, and follows its changes until nobody listens any more.
pub fn follow() -> watch::Receiver<PolicyValues> {
    let (sender, receiver) = watch::channel(os::read());
    let keeper = thread::Builder::new().name("policy".to_owned()).spawn(move || keep(&sender));
    if let Err(error) = keeper {
        warn!(%error, "changes of this machine's policy count after the next start");
    }
    receiver
}

fn keep(sender: &watch::Sender<PolicyValues>) {
    let mut watch = os::Watch::begin();
    loop {
        // First, so that no change after the reading is missed.
        watch.arm();
        let values = settled(&sender.borrow().clone(), os::read, || thread::sleep(SETTLING));
        sender.send_if_modified(|known| {
            let is_new = *known != values;
            *known = values;
            is_new
        });
        loop {
            let may_have_changed = watch.wait();
            if sender.is_closed() {
                return;
            }
            if may_have_changed {
                break;
            }
        }
    }
}

/// What `read` gives as soon as it gives the same before and after a `pause`, or what is
/// `known`.
fn settled<T: PartialEq>(known: &T, mut read: impl FnMut() -> T, mut pause: impl FnMut()) -> T {
    let mut last = read();
    if last == *known {
        return last;
    }
    loop {
        pause();
        let now = read();
        if now == last {
            return now;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_being_written_does_not_count() {
        let mut pauses = 0;
        let mut readings = [2, 3, 1, 4, 4, 5].into_iter();
        let found = settled(&1, || readings.next().unwrap(), || pauses += 1);
        assert_eq!((found, pauses), (4, 4));
        let found = settled(&5, || readings.next().unwrap(), || panic!("nothing has changed"));
        assert_eq!(found, 5);
    }

    #[tokio::test]
    async fn it_is_followed_for_as_long_as_somebody_listens() {
        let policy = follow();
        assert!(policy.has_changed().is_ok(), "the keeper runs");
        assert_eq!(*policy.borrow(), os::read());
    }
}
