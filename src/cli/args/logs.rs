//! Arguments of `logs`.

mod since;

use clap::Args;
use jiff::Timestamp;

use crate::model::ConnectionSelector;
use crate::model::settings::LogLevel;

/// Arguments of `logs`.
#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// Go on showing new lines until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many of the last lines; 100, or all of them with --since
    #[arg(
        short = 'n',
        long,
        value_name = "LINES",
        value_parser = clap::value_parser!(u32).range(..=10_000)
    )]
    pub(crate) lines: Option<u32>,
    /// Those about this hybrid connection alone
    #[arg(short, long, value_name = "NAMESPACE/NAME")]
    pub(crate) connection: Option<ConnectionSelector>,
    /// Those of this level and of more urgent ones: error, warn, info, debug or trace
    #[arg(short, long, value_name = "LEVEL", value_parser = level, hide_possible_values = true)]
    pub(crate) level: Option<LogLevel>,
    /// Those since then: 90s, 10m, 2h, 1d, a time of today (14:30), or a date and time
    #[arg(long, value_name = "TIME", value_parser = since::parse, allow_hyphen_values = true)]
    pub(crate) since: Option<Timestamp>,
}

fn level(text: &str) -> Result<LogLevel, String> {
    text.parse().map_err(|()| "it is error, warn, info, debug or trace".to_owned())
}
