//! Where the service is, how to call it, and how to start one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::exit::Exit;
use super::failure::Failure;
use crate::ipc::{Channels, Client, ClientError, ConnectError};
use crate::platform::Paths;
use crate::platform::service_program::{in_front, start_by_hand};

/// Name that this program calls itself on the local channel.
const PROGRAM: &str = "hcm";

/// Where the service may be reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    services: Vec<Channels>,
    home: Option<PathBuf>,
    /// How to start one. Looked up once: a watch calls twice a second.
    start: Arc<OnceLock<String>>,
}

impl Reach {
    /// Where a service with this `home` is, or where any is looked for.
    ///
    /// # Errors
    /// A folder that cannot be used.
    pub(crate) fn new(home: Option<&Path>) -> Result<Self, Failure> {
        let services = match home {
            Some(home) => Paths::in_home(home).map(|paths| vec![paths.channels()]),
            None => Paths::for_client(),
        };
        let services =
            services.map_err(|error| Failure::new(Exit::InvalidInput, error.to_string()))?;
        Ok(Self {
            services,
            home: home.map(|home| std::path::absolute(home).unwrap_or(home.into())),
            start: Arc::default(),
        })
    }

    /// Calls the service.
    ///
    /// # Errors
    /// [`Failure`] says why not, and how to start a service where none runs.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let reached = Client::connect_first(&self.services, PROGRAM).await;
        reached.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &ConnectError) -> Failure {
        match error {
            ConnectError::NoService(addresses) => {
                let places: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let start = self.start.get_or_init(|| match &self.home {
                    // One with a home of its own is never the installed one.
                    Some(home) => in_front(Some(home)),
                    None => start_by_hand(),
                });
                let places = places.join(" or ");
                let text = format!(
                    "the service does not run: nothing listens at {places}. Start it: {start}"
                );
                Failure::new(Exit::ServiceNotReachable, text)
            }
            ConnectError::NotAllowed { .. } => Failure::new(Exit::Denied, error.to_string()),
            ConnectError::VersionMismatch(_) => {
                Failure::new(Exit::VersionMismatch, error.to_string())
            }
            ConnectError::NoAnswer { .. }
            | ConnectError::NotOurs { .. }
            | ConnectError::SomethingElse { .. }
            | ConnectError::Io { .. } => Failure::new(Exit::ServiceNotReachable, error.to_string()),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refusal) => refusal.into(),
            ClientError::Lost(_) | ClientError::NotUnderstood(_) => {
                Self::new(Exit::ServiceNotReachable, error.to_string())
            }
            ClientError::TimedOut(_) => Self::new(Exit::TimedOut, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ipc::Peer;

    #[test]
    fn one_with_a_home_of_its_own_is_started_for_it() {
        let reach = Reach::new(Some(Path::new("/tmp/my home"))).unwrap();
        let error = ConnectError::NoService(vec![reach.services[0].manage.clone()]);
        let start = "Start it: hybrid-connection-manager-service run --home \"/tmp/my home\"";
        assert!(reach.failure(&error).to_string().ends_with(start));
    }

    #[test]
    fn every_way_not_to_reach_it_has_its_number() {
        let reach = Reach::new(Some(Path::new("/tmp/x"))).unwrap();
        let address = || reach.services[0].manage.clone();
        let detail = || "x".to_owned();
        for (error, exit) in [
            (ConnectError::NoService(vec![address()]), Exit::ServiceNotReachable),
            (
                ConnectError::NotOurs { address: address(), peer: Peer::default() },
                Exit::ServiceNotReachable,
            ),
            (ConnectError::NotAllowed { address: address(), reason: detail() }, Exit::Denied),
            (ConnectError::VersionMismatch(detail()), Exit::VersionMismatch),
            (
                ConnectError::NoAnswer { address: address(), limit: Duration::from_secs(5) },
                Exit::ServiceNotReachable,
            ),
            (
                ConnectError::SomethingElse { address: address(), detail: detail() },
                Exit::ServiceNotReachable,
            ),
        ] {
            assert_eq!(reach.failure(&error).exit, exit);
        }
    }
}
