//! Arguments of `doctor`.

use std::path::PathBuf;

use clap::Args;

use super::ByOptions;
use crate::model::ConnectionSelector;

/// What `hcm help doctor` says.
pub(super) const ABOUT: &str = "Find what is wrong, and what to do about it.\n\n\
    The service looks, where the streams run: at itself, the clock, the names, the proxy, TCP and\n\
    TLS to the namespace, at what Azure says of the hybrid connection and to the listener, at the\n\
    gateways, the endpoint, other listeners and other software. The first line names the cause;\n\
    below it is all that was seen. A connected listener is left alone; one that waits is tried\n\
    now. Without a name, all hybrid connections are looked at. It takes seconds, and at most 15.\n\n\
    Where the service does not run, hcm says so and looks itself at what needs no key; name the\n\
    hybrid connection for that, with the whole host of its namespace in another cloud.\n\n\
    With --report everything is written into one file to send on, with the settings and the end of\n\
    the log. Names and addresses of this network are in it; keys and passwords are not.\n\n\
    Ends with 0 when nothing has failed, with 17 when something has, and with 3 when the service\n\
    does not run.";

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Which hybrid connection; all without
    #[arg(value_name = "NAMESPACE/NAME", conflicts_with_all = ["namespace", "name"])]
    pub(crate) connection: Option<ConnectionSelector>,
    #[command(flatten)]
    pub(crate) by_options: ByOptions,
    /// Try all 256 gateways and not a few of them
    #[arg(long, visible_alias = "all")]
    pub(crate) all_gateways: bool,
    /// Write all that was found into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}
