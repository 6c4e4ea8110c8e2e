//! What `hcm apply` changes: first as it is planned, then as it went.

use super::failure::Failure;
use crate::declared::Place;
use crate::declared::plan::{Row, Step};

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It is to be done, if there is anything to do.
    Planned,
    /// It was done.
    Done,
    /// The service refused it.
    Failed(Box<Failure>),
}

/// All that is declared, and what is here besides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// The settings that are declared.
    pub(crate) settings: Vec<Setting>,
    /// The hybrid connections: those that are declared, then the others.
    pub(crate) connections: Vec<Connection>,
}

/// A declared setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it is declared.
    pub(crate) place: Place,
    /// Its value until then, without a password.
    pub(crate) before: String,
    /// Its value from then on, without a password.
    pub(crate) after: String,
    /// Whether it changes.
    pub(crate) changes: bool,
    /// How far it is.
    pub(crate) progress: Progress,
}

/// A hybrid connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// What is done to it.
    pub(crate) row: Row,
    /// How far it is.
    pub(crate) progress: Progress,
}

impl Changes {
    /// How many settings and connections change.
    pub(crate) fn count(&self) -> usize {
        let settings = self.settings.iter().filter(|one| one.changes).count();
        settings + self.connections.iter().filter(|one| one.changes()).count()
    }

    /// What the service has refused.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        let settings = self.settings.iter().map(|one| &one.progress);
        let all = settings.chain(self.connections.iter().map(|one| &one.progress));
        all.filter_map(|progress| match progress {
            Progress::Failed(failure) => Some(&**failure),
            Progress::Planned | Progress::Done => None,
        })
    }

    /// Those that are to be removed.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().filter(|one| one.row.steps == [Step::Remove])
    }
}

impl Connection {
    /// Whether anything is done to it.
    pub(crate) fn changes(&self) -> bool {
        !self.row.steps.is_empty()
    }
}

/// The stable text of `step` for programs.
pub(crate) fn step_text(step: Step) -> &'static str {
    match step {
        Step::Add => "add",
        Step::ReplaceKey => "replace-key",
        Step::Enable => "enable",
        Step::Disable => "disable",
        Step::Remove => "remove",
    }
}
