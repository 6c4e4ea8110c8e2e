//! What is known of how the one proxy takes a login: it is asked once, and a password that it has refused
//! is not sent again and again by all who want a way, since that locks the account in many networks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turns;
use tokio::time::{Instant, timeout};

use super::ntlm::Scheme;
use crate::model::by_itself::REFUSED_PASSWORD;
use crate::model::{Fault, FaultCode};

/// The same where it was taken before: a proxy may be wrong about one that is right.
const REFUSED_ONCE: Duration = Duration::from_secs(60);
/// The same where a person asks for it, who may ask for many connections at once.
const REFUSED_FOR_A_PERSON: Duration = Duration::from_secs(30);
/// How long a way is sure to be taken. After that, one goes first: the password may be another one.
const SURE_FOR: Duration = Duration::from_secs(10);
/// How long the one who goes first is waited for: a proxy refuses a password sooner, and one that says
/// nothing looks for the target.
const TURN: Duration = Duration::from_secs(3);

/// How a proxy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Without a login.
    Plain,
    /// With Basic.
    Basic,
    /// By NTLM under this name.
    Ntlm(Scheme),
    /// As SOCKS has it.
    Socks,
}

/// Cheap to clone; clones know the same.
#[derive(Clone, Debug, Default)]
pub(in crate::network) struct KnownLogin(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: Mutex<Known>,
    turns: Turns<()>,
}

#[derive(Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Taken {
        way: Way,
        at: Instant,
    },
    Refused {
        fault: Fault,
        at: Instant,
        /// How long it is not sent again.
        pause: Duration,
    },
}

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The proxy took this way just now.
    Sure(Way),
    /// It took this way last.
    Likely(Way),
    Nothing,
}

impl KnownLogin {
    /// How the proxy is to be asked.
    ///
    /// # Errors
    /// What it said when it refused the password, not long ago.
    pub(super) fn way(&self) -> Result<Answer, Fault> {
        match &*self.lock() {
            Known::Refused { fault, at, pause } if at.elapsed() < *pause => Err(fault.clone()),
            Known::Taken { way, at } if at.elapsed() < SURE_FOR => Ok(Answer::Sure(*way)),
            Known::Taken { way, .. } => Ok(Answer::Likely(*way)),
            Known::Refused { .. } | Known::Nothing => Ok(Answer::Nothing),
        }
    }

    /// Waits until nobody else finds out which way is taken: each would send the password. Those who
    /// have waited long enough go without a turn.
    pub(super) async fn turn(&self) -> Option<impl Drop> {
        timeout(TURN, self.0.turns.lock()).await.ok()
    }

    /// The proxy took this one.
    pub(super) fn take(&self, way: Way) {
        *self.lock() = Known::Taken { way, at: Instant::now() };
    }

    /// It does not take `way` any more.
    pub(super) fn forget(&self, way: Way) {
        let mut known = self.lock();
        if matches!(&*known, Known::Taken { way: taken, .. } if *taken == way) {
            *known = Known::Nothing;
        }
    }

    /// What `fault`, which came when it was asked in this way, tells of the login.
    pub(super) fn keep(&self, way: Way, fault: Fault) -> Fault {
        match fault.code {
            FaultCode::ProxyLogin => {
                let (mut known, at, fault) = (self.lock(), Instant::now(), fault.clone());
                let pause = match &*known {
                    Known::Taken { .. } => REFUSED_ONCE,
                    Known::Nothing | Known::Refused { .. } => REFUSED_PASSWORD,
                };
                *known = Known::Refused { fault, at, pause };
            }
            // It has looked at the target, so it knows who asks.
            FaultCode::ProxyRefused => self.take(way),
            _ => {}
        }
        fault
    }

    /// Lets a refused password be sent once more, where that was not just now.
    pub(in crate::network) fn pardon(&self) {
        if let Known::Refused { at, pause, .. } = &mut *self.lock()
            && at.elapsed() >= REFUSED_FOR_A_PERSON
        {
            *pause = Duration::ZERO;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
