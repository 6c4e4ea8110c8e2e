//! What is wrong with a connection string, in words.

use super::{Language, Texts};
use crate::gui::state::UpdateProblem;
use crate::model::{ConnectionStringError, PartProblem};

impl Texts {
    /// Why a connection string cannot be read.
    pub(crate) fn paste_error(&self, error: &ConnectionStringError) -> String {
        if self.language == Language::English {
            return capitalised(&error.to_string());
        }
        match error {
            ConnectionStringError::Empty => self.get("paste-empty").to_string(),
            ConnectionStringError::Several(count) => {
                self.with("paste-several", &[("count", (*count).into())])
            }
            ConnectionStringError::Missing("EntityPath") => {
                self.get("paste-missing-entity-path").to_string()
            }
            ConnectionStringError::Missing(part) if part.contains(' ') => {
                self.get("paste-missing-key").to_string()
            }
            ConnectionStringError::Missing(part) => {
                self.with("paste-missing", &[("part", (*part).into())])
            }
            ConnectionStringError::NoValue(part) => {
                self.with("paste-no-value", &[("part", (*part).into())])
            }
            ConnectionStringError::Twice(part) => {
                self.with("paste-twice", &[("part", (*part).into())])
            }
            ConnectionStringError::Unknown(None) => self.get("paste-unknown").to_string(),
            ConnectionStringError::Unknown(Some(name)) => {
                self.with("paste-unknown-name", &[("name", name.as_str().into())])
            }
            ConnectionStringError::Wrong { part, problem } => self.with(
                "paste-wrong",
                &[("part", (*part).into()), ("problem", self.part_problem(problem).into())],
            ),
            ConnectionStringError::Together(one, other) => {
                self.with("paste-together", &[("one", (*one).into()), ("other", (*other).into())])
            }
        }
    }

    fn part_problem(&self, problem: &PartProblem) -> String {
        let key = match problem {
            PartProblem::DiffersFromPath => "part-differs-from-path",
            PartProblem::AzureIdentity => "part-azure-identity",
            PartProblem::TooLong(most) => {
                return self.with("part-too-long", &[("most", (*most).into())]);
            }
            PartProblem::WhiteSpace => "part-white-space",
            PartProblem::NoAddress => "part-no-address",
            PartProblem::OtherScheme => "part-other-scheme",
            PartProblem::BadPort => "part-bad-port",
            PartProblem::NoHost => "part-no-host",
            PartProblem::BadHost => "part-bad-host",
            PartProblem::BadCharacter(character) => {
                let character = character.escape_debug().to_string();
                return self.with("part-bad-character", &[("character", character.into())]);
            }
            PartProblem::NoTimeout => "part-no-timeout",
            PartProblem::NoSignature => "part-no-signature",
            PartProblem::NoField(field) => {
                return self.with("part-no-field", &[("field", (*field).into())]);
            }
        };
        self.get(key).to_string()
    }

    /// Why a connection string cannot be the new one of a connection.
    pub(crate) fn update_problem(&self, problem: &UpdateProblem) -> String {
        match problem {
            UpdateProblem::Unreadable(error) => self.paste_error(error),
            UpdateProblem::OtherConnection(id) => {
                self.with("update-other-connection", &[("name", id.full().into())])
            }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}
