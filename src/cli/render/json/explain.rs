//! The shape of `hcm explain`.

use serde::Serialize;

use crate::cli::explain::Entry;
use crate::model::Retry;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ExplainedShape {
    code: &'static str,
    about: &'static str,
    exit_code: Option<u8>,
    summary: &'static str,
    cause: Option<&'static str>,
    advice: Option<&'static str>,
    retry: Option<&'static str>,
    by_itself: Option<String>,
}

impl ExplainedShape {
    pub(super) fn of(entry: Entry) -> Self {
        let exit_code = match entry {
            Entry::Exit(exit) => Some(exit.code()),
            Entry::Fault(_) | Entry::Note(_) | Entry::Azure(_) => None,
        };
        let retry = match entry {
            Entry::Fault(code) => Some(match code.retry() {
                Retry::Soon => "soon",
                Retry::Slowly => "slowly",
                Retry::Never => "never",
            }),
            Entry::Note(_) | Entry::Azure(_) | Entry::Exit(_) => None,
        };
        Self {
            code: entry.code(),
            about: entry.about(),
            exit_code,
            summary: entry.summary(),
            cause: entry.cause(),
            advice: entry.advice(),
            retry,
            by_itself: entry.by_itself(),
        }
    }
}
