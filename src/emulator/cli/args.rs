//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, value_parser};

use super::fault::FaultArguments;
use crate::model::{ConnectionSelector, Endpoint, VERSION};

/// How `hcm` reaches the emulator's Azure.
const AZURE: &str = "\
To sign in to it with hcm and to choose from its hybrid connections (`run` prints the
addresses and the file):
  hcm settings set azure.cloud custom
  hcm settings set azure.authority http://localhost:10443
  hcm settings set azure.resource_manager https://localhost:10443
  hcm settings set network.extra_ca_certificates FOLDER/ca.pem";

/// Azure Relay Hybrid Connections on this machine, for tests and for trying things; with
/// Microsoft Entra to sign in and Azure Resource Manager to choose from.
#[derive(Debug, Parser)]
#[command(name = "relay-emulator", version = VERSION, arg_required_else_help = true, after_help = AZURE)]
pub(super) struct Arguments {
    /// Folder with the CA, the keys, and where the emulator runs [default: a folder of the user]
    #[arg(long, global = true, value_name = "FOLDER", env = "RELAY_EMULATOR_STATE")]
    pub(super) state: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs the emulator until Ctrl-C.
    Run(RunArguments),
    /// Opens a local port, each connection to which becomes a stream to the listener.
    Send(SendArguments),
    /// Serves the releases in a folder until Ctrl-C, for the setting upgrade.feed: the folder has a
    /// folder stable, and perhaps one preview, with the files of a release each.
    Feed(FeedArguments),
    /// Lets something go wrong in the running emulator.
    Fault {
        /// Only for this hybrid connection, NAMESPACE/NAME.
        #[arg(long, value_name = "NS/NAME")]
        on: Option<ConnectionSelector>,
        #[command(subcommand)]
        fault: FaultArguments,
    },
    /// Ends all faults that last.
    Clear,
    /// Shows hybrid connections, listeners, streams and faults.
    State {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints the connection string of a hybrid connection.
    ConnectionString {
        /// NAMESPACE/NAME.
        connection: ConnectionSelector,
        /// The rule; without it, the first one that may listen.
        #[arg(long)]
        rule: Option<String>,
    },
    /// Changes a hybrid connection.
    Set {
        /// NAMESPACE/NAME.
        connection: Hybrid,
        /// The endpoint that its metadata names.
        #[arg(long, value_name = "HOST:PORT")]
        endpoint: Option<Endpoint>,
        /// Its metadata as it stands; empty takes it away.
        #[arg(long, value_name = "TEXT", conflicts_with = "endpoint")]
        user_metadata: Option<String>,
        /// Whether senders have to show a token.
        #[arg(long, value_name = "true|false")]
        requires_client_authorization: Option<bool>,
    },
    /// Adds a hybrid connection, or brings a removed one back.
    Create {
        /// NAMESPACE/NAME.
        connection: Hybrid,
        /// The endpoint that its metadata names.
        #[arg(long, value_name = "HOST:PORT")]
        endpoint: Option<Endpoint>,
    },
    /// Removes a hybrid connection; its control channels are closed.
    Remove {
        /// NAMESPACE/NAME.
        connection: Hybrid,
    },
    /// Gives a rule of a hybrid connection new keys.
    RegenerateKeys {
        /// NAMESPACE/NAME.
        connection: Hybrid,
        /// The rule.
        #[arg(default_value = "defaultListener")]
        rule: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// What to emulate, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// TCP port on 127.0.0.1; 0 means any [default: 10443, or what the file says]
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// A hybrid connection and its endpoint; may be given several times.
    #[arg(long, value_name = "NS/NAME=HOST:PORT")]
    pub(super) hybrid_connection: Vec<HybridWithEndpoint>,
    /// What to log: error, warn, info, debug, trace, or a filter.
    #[arg(long, default_value = "info")]
    pub(super) log: String,
}

#[derive(Debug, Args)]
pub(super) struct SendArguments {
    /// NAMESPACE/NAME.
    pub(super) connection: ConnectionSelector,
    /// Port on 127.0.0.1; 0 means any.
    #[arg(long)]
    pub(super) local: u16,
    /// The rule; without it, the first one that may send.
    #[arg(long)]
    pub(super) rule: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct FeedArguments {
    /// Where the files are; nothing outside is served.
    pub(super) folder: PathBuf,
    /// TCP port on 127.0.0.1; 0 means any.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// Lets the first answer of each file break off after so many bytes, where it is longer.
    #[arg(long, value_name = "BYTES")]
    pub(super) break_after: Option<u64>,
    /// Sends so many bytes a second to each client.
    #[arg(long, value_name = "BYTES_PER_SECOND", value_parser = value_parser!(u32).range(1..))]
    pub(super) slow: Option<u32>,
    /// What to log: error, warn, info, debug, trace, or a filter.
    #[arg(long, default_value = "info")]
    pub(super) log: String,
}

/// `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hybrid {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Hybrid {
    /// Its path below the control address.
    pub(super) fn path(&self) -> String {
        let name = crate::emulator::encoding::url_encode(&self.name);
        format!("hybrid-connections/{}/{name}", self.namespace)
    }
}

impl FromStr for Hybrid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err("write NAMESPACE/NAME, contoso/sql for example".to_owned()),
        }
    }
}

/// `NAMESPACE/NAME=HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HybridWithEndpoint {
    pub(super) hybrid: Hybrid,
    pub(super) endpoint: Endpoint,
}

impl FromStr for HybridWithEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (hybrid, endpoint) = text
            .split_once('=')
            .ok_or("write NAMESPACE/NAME=HOST:PORT, contoso/sql=127.0.0.1:1433 for example")?;
        let endpoint = endpoint.parse::<Endpoint>().map_err(|error| error.to_string())?;
        Ok(Self { hybrid: hybrid.parse()?, endpoint })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_hybrid_connection_with_its_endpoint_is_read() {
        let read: HybridWithEndpoint = "contoso/team/sql=db:1433".parse().unwrap();
        assert_eq!((read.hybrid.namespace.as_str(), read.hybrid.name.as_str()), {
            ("contoso", "team/sql")
        });
        for wrong in ["contoso/sql", "contoso=db:1", "contoso/sql=db"] {
            assert!(wrong.parse::<HybridWithEndpoint>().is_err(), "{wrong}");
        }
    }
}
