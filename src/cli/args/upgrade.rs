//! What `hcm upgrade` takes.

use clap::Args;

/// Arguments of `upgrade`.
#[derive(Args, Debug)]
pub(crate) struct Upgrade {
    /// Only say whether there is a newer version; ends with 16 where there is one
    #[arg(long, conflicts_with = "yes")]
    pub(crate) check: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}
