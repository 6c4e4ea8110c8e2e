//! Where the service is, how to call it, and how to start one.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use crate::ipc::{Channels, Client, ClientError, ConnectError};
use crate::platform::Paths;
use crate::platform::service_program::MANAGED_START;

/// Name that this program calls itself on the local channel.
const PROGRAM: &str = "hcm";

/// Where the service may be reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    services: Vec<Channels>,
    home: Option<PathBuf>,
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
                let start = start_hint(std::env::consts::OS, self.home.as_deref());
                let places = places.join(" or ");
                let text =
                    format!("the service does not run: nothing listens at {places}. {start}");
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

/// How to start a service on `os`. One with a `home` is never the installed one.
fn start_hint(os: &str, home: Option<&Path>) -> String {
    const IN_FRONT: &str = "hybrid-connection-manager-service run";
    let installed = match os {
        "windows" => format!("{MANAGED_START} (as administrator)"),
        _ => "systemctl start hybrid-connection-manager".to_owned(),
    };
    match home {
        Some(home) => format!("Start it: {IN_FRONT} --home \"{}\"", home.display()),
        None => format!("Start it: {installed}; or in the foreground: {IN_FRONT}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ipc::Peer;

    #[test]
    fn the_hint_fits_the_system_and_the_home() {
        assert_eq!(
            start_hint("linux", None),
            "Start it: systemctl start hybrid-connection-manager; or in the foreground: \
             hybrid-connection-manager-service run"
        );
        assert_eq!(
            start_hint("windows", None),
            "Start it: net start hybrid-connection-manager (as administrator); or in the foreground: \
             hybrid-connection-manager-service run"
        );
        assert_eq!(
            start_hint("linux", Some(Path::new("/tmp/my home"))),
            "Start it: hybrid-connection-manager-service run --home \"/tmp/my home\""
        );
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
