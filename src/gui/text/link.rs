//! How it stands with the service, in words.

use super::Texts;
use crate::gui::state::{Link, LinkProblem};
use crate::gui::theme::Tone;
use crate::ipc::protocol::Access;
use crate::platform::permissions::{self, ManagersGroup};

/// The service in the header: a tone and a word.
pub(crate) fn service_pill(texts: &Texts, link: &Link) -> (Tone, String) {
    let (tone, key) = match link {
        Link::Up { version, access } if version == env!("CARGO_PKG_VERSION") => match access {
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
    /// Why this account changes nothing: who manages the service, and how to become one.
    pub(crate) fn read_only(&self) -> String {
        self.read_only_beside(permissions::managers_group())
    }

    /// The same where members of `group` manage it, if there is such a group.
    pub(crate) fn read_only_beside(&self, group: Option<ManagersGroup>) -> String {
        match group {
            Some(ManagersGroup { name, join: None }) => {
                self.with("read-only-group", &[("group", name.into())])
            }
            Some(ManagersGroup { name, join: Some(command) }) => {
                let values = [("group", name.into()), ("command", command.into())];
                self.with("read-only-join", &values)
            }
            None => self.get("read-only-account").to_string(),
        }
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
