//! `relay-emulator feed`.

use super::args::FeedArguments;
use super::run::{set_up_logging, stopped};
use super::{CliError, render};
use crate::emulator::feed::{Feed, FeedConfig};

/// Serves the files of a folder until Ctrl-C or SIGTERM.
pub(super) async fn feed(options: FeedArguments) -> Result<(), CliError> {
    let FeedArguments { folder, port, break_after, slow, log } = options;
    set_up_logging(&log)?;
    let config = FeedConfig { port, break_after, bytes_per_second: slow };
    let feed = Feed::start(&folder, config).await?;
    let address = feed.address();
    render::lines(&[
        format!("The feed is {address}"),
        format!("A service asks it after: hcm settings set upgrade.feed {address}"),
    ])?;
    stopped().await?;
    feed.shutdown().await;
    Ok(())
}
