//! What is known of how the one proxy takes a login: it is asked once, and a password that it has refused
//! is not sent again and again by all who want a way, since that locks the account in many networks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turns;
use tokio::time::Instant;

use super::ntlm::Scheme;
use crate::model::by_itself::REFUSED_PASSWORD;
use crate::model::{Fault, FaultCode};

/// How long a refused password is not sent again where a person asks for it, who may ask for many
/// connections at once.
const REFUSED_FOR_A_PERSON: Duration = Duration::from_secs(30);

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
    Taken(Way),
    Refused {
        fault: Fault,
        at: Instant,
    },
}

impl KnownLogin {
    /// The way that the proxy took last.
    ///
    /// # Errors
    /// What it said when it refused the password, not long ago.
    pub(super) fn way(&self) -> Result<Option<Way>, Fault> {
        match &*self.lock() {
            Known::Refused { fault, at } if at.elapsed() < REFUSED_PASSWORD => Err(fault.clone()),
            Known::Taken(way) => Ok(Some(*way)),
            Known::Refused { .. } | Known::Nothing => Ok(None),
        }
    }

    /// Waits until nobody else finds out which way is taken: each would send the password.
    pub(super) async fn turn(&self) -> impl Drop {
        self.0.turns.lock().await
    }

    /// The proxy took this one.
    pub(super) fn take(&self, way: Way) {
        *self.lock() = Known::Taken(way);
    }

    /// It takes something else by now.
    pub(super) fn forget(&self) {
        *self.lock() = Known::Nothing;
    }

    /// What `fault`, which came when it was asked in this way, tells of the login.
    pub(super) fn keep(&self, way: Way, fault: Fault) -> Fault {
        match fault.code {
            FaultCode::ProxyLogin => {
                *self.lock() = Known::Refused { fault: fault.clone(), at: Instant::now() };
            }
            // It has looked at the target, so it knows who asks.
            FaultCode::ProxyRefused => self.take(way),
            _ => {}
        }
        fault
    }

    /// Lets a refused password be sent once more, where that was not just now.
    pub(in crate::network) fn pardon(&self) {
        let mut known = self.lock();
        if matches!(&*known, Known::Refused { at, .. } if at.elapsed() >= REFUSED_FOR_A_PERSON) {
            *known = Known::Nothing;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
