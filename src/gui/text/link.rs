//! How it stands with the service, in words.

use super::Texts;
use crate::gui::state::{Link, LinkProblem};
use crate::gui::theme::Tone;
use crate::ipc::protocol::Access;
use crate::model::VERSION;
use crate::platform::permissions::{Membership, Standing};

/// The service in the header: a tone and a word.
pub(crate) fn service_pill(texts: &Texts, link: &Link) -> (Tone, String) {
    let (tone, key) = match link {
        Link::Up { version, access } if version == VERSION => match access {
            Access::Manage => (Tone::Ok, "service-running"),
            Access::ReadStatus => (Tone::Neutral, "service-read-only"),
        },
        Link::Up { version, .. } => {
            let text =
                texts.with("service-running-version", &[("version", version.as_str().into())]);
            return (Tone::Warn, text);
        }
        Link::Connecting => (Tone::Neutral, "service-calling"),
        Link::Starting => (Tone::Warn, "service-starting"),
        Link::Down { problem, .. } => match problem {
            LinkProblem::NotRunning | LinkProblem::Lost(_) | LinkProblem::DidNotStart(_) => {
                (Tone::Bad, "service-not-running")
            }
            LinkProblem::Hung | LinkProblem::SomethingElse(_) => (Tone::Bad, "service-hung"),
            LinkProblem::NotAllowed(_) => (Tone::Bad, "service-not-allowed"),
            LinkProblem::OtherVersion(_) => (Tone::Bad, "service-other-version"),
        },
    };
    (tone, texts.get(key).to_string())
}

impl Texts {
    /// Why this window changes nothing: who manages the service, and how to become one.
    pub(crate) fn read_only(&self, standing: Standing) -> String {
        let key = match (standing.membership, standing.command) {
            (Membership::Outside, None) => "read-only-group",
            (Membership::Outside, Some(_)) => "read-only-join",
            (Membership::NoGroup, _) => "read-only-no-group",
            (Membership::NotYet, _) => "read-only-not-yet",
            (Membership::Inside, _) => "read-only-inside",
        };
        let command = standing.command.unwrap_or_default();
        self.with(key, &[("group", standing.group.into()), ("command", command.into())])
    }
}

/// The banner over the table while the service is away: what happened, and what to do.
pub(crate) fn banner(texts: &Texts, problem: &LinkProblem) -> (String, String) {
    let (key, detail) = match problem {
        LinkProblem::NotRunning => ("banner-not-running", ""),
        LinkProblem::Lost(detail) => ("banner-lost", detail.as_str()),
        LinkProblem::Hung => ("banner-hung", ""),
        LinkProblem::NotAllowed(detail) => ("banner-not-allowed", detail.as_str()),
        LinkProblem::OtherVersion(detail) => ("banner-other-version", detail.as_str()),
        LinkProblem::SomethingElse(detail) => ("banner-something-else", detail.as_str()),
        LinkProblem::DidNotStart(detail) => ("banner-did-not-start", detail.as_str()),
    };
    let text = texts.with(&format!("{key}-text"), &[("detail", detail.into())]);
    (texts.format(key, None), text)
}
