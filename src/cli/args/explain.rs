//! Arguments of `explain`.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, Command};

use crate::cli::explain;

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The code, or the number of an exit code; without it, all are listed
    #[arg(value_name = "CODE", value_parser = Codes, hide_possible_values = true)]
    pub(crate) code: Option<String>,
}

/// Takes every text, and knows the codes that a shell may offer.
#[derive(Clone, Debug)]
struct Codes;

impl TypedValueParser for Codes {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(explain::codes().into_iter().map(PossibleValue::new)))
    }
}
