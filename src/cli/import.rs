//! What becomes of each hybrid connection of the files: first as it is planned, then as it
//! went.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::ipc::protocol::{ErrorCode, RequestError};
use crate::managers::{Contents, Entry, Importable};
use crate::model::{AzureResource, ConnectionId, ConnectionView, Credential};

/// A file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) contents: Contents,
}

/// One hybrid connection of a file, and what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The file.
    pub(crate) path: PathBuf,
    /// Line of the file, from 1.
    pub(crate) line: usize,
    /// What the file calls it.
    pub(crate) name: Option<String>,
    /// What it is, and where in Azure, if it can be added at all.
    pub(crate) importable: Option<Importable>,
    /// What becomes of it.
    pub(crate) step: Step,
    /// Why it is not added.
    pub(crate) failure: Option<Failure>,
}

/// What becomes of a hybrid connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is to be added.
    Add,
    /// It is here, and is to get the key of the file.
    Replace,
    /// It is here, and stays as it is.
    AlreadyThere,
    /// The same stands further up.
    Repeated,
    /// It cannot be added.
    Skipped,
    /// It was added.
    Added,
    /// It has the key of the file now.
    Replaced,
    /// The service refused it.
    Failed,
}

impl Step {
    /// The stable text for programs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::AlreadyThere => "already-there",
            Self::Repeated => "repeated",
            Self::Skipped => "skipped",
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
        }
    }
}

impl Row {
    /// Which hybrid connection it is.
    pub(crate) fn id(&self) -> Option<&ConnectionId> {
        self.importable.as_ref().map(|importable| &importable.string.id)
    }

    /// The first label of its namespace and its name, also of one that cannot be added if
    /// the file tells them.
    pub(crate) fn names(&self) -> Option<(&str, &str)> {
        match self.id() {
            Some(id) => Some((id.namespace().label(), id.name())),
            None => self.name.as_deref()?.split_once('/'),
        }
    }

    /// The name of its authorization rule.
    pub(crate) fn key_name(&self) -> Option<&str> {
        self.importable.as_ref().map(|importable| importable.string.credential.key_name())
    }

    /// Notes that the service has taken it.
    pub(crate) fn done(&mut self) {
        self.step = if self.step == Step::Replace { Step::Replaced } else { Step::Added };
    }

    /// Notes that the service has refused it.
    pub(crate) fn refused(&mut self, failure: Failure) {
        self.failure = Some(of(&self.path, self.line, self.name.as_deref(), failure));
        self.step = Step::Failed;
    }
}

/// What is to become of every entry of `sources`, where `here` is what the service has.
///
/// With `replace`, what is here gets the key of the file. Of two entries for one hybrid
/// connection the first is taken.
pub(crate) fn plan(sources: &[Source], here: &[ConnectionView], replace: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for Source { path, contents } in sources {
        for entry in &contents.entries {
            let Entry { line, name, value, .. } = entry;
            let mut row = Row {
                path: path.clone(),
                line: *line,
                name: name.clone(),
                importable: value.clone().ok(),
                step: Step::Skipped,
                failure: None,
            };
            let decided = match value {
                Ok(importable) => decide(importable, &rows, here, replace),
                Err(error) => {
                    let refusal =
                        RequestError::new(ErrorCode::InvalidConnectionString, error.to_string());
                    Err(refusal.about(error.field()).into())
                }
            };
            match decided {
                Ok(step) => row.step = step,
                Err(failure) if failure.exit == Exit::AlreadyExists => {
                    row.step = Step::AlreadyThere;
                    row.failure = Some(failure);
                }
                Err(failure) => {
                    row.failure = Some(of(path, *line, name.as_deref(), failure));
                }
            }
            if let Some(importable) = &mut row.importable {
                keep_known(&mut importable.resource, here, &importable.string.id);
            }
            rows.push(row);
        }
    }
    rows
}

fn decide(
    importable: &Importable,
    before: &[Row],
    here: &[ConnectionView],
    replace: bool,
) -> Result<Step, Failure> {
    let id = &importable.string.id;
    let first = before.iter().filter_map(|row| row.importable.as_ref());
    if let Some(first) = first.map(|first| &first.string).find(|first| first.id == *id) {
        let credential: &Credential = &importable.string.credential;
        return match first.credential == *credential {
            true => Ok(Step::Repeated),
            false => Err(Failure::new(
                Exit::InvalidInput,
                "it stands further up with another key, and that one is taken; for this one: hcm add --replace",
            )),
        };
    }
    match (here.iter().any(|view| view.id == *id), replace) {
        (false, _) => Ok(Step::Add),
        (true, true) => Ok(Step::Replace),
        (true, false) => {
            let text = format!("{id} is here already; hcm import --replace updates its key");
            Err(RequestError::new(ErrorCode::AlreadyExists, text).into())
        }
    }
}

/// What Azure told of `id` is more than any file knows.
fn keep_known(resource: &mut Option<AzureResource>, here: &[ConnectionView], id: &ConnectionId) {
    if here.iter().any(|view| view.id == *id && view.resource.is_some()) {
        *resource = None;
    }
}

fn of(path: &Path, line: usize, name: Option<&str>, failure: Failure) -> Failure {
    let failure = failure.at_line(Some(line)).in_file(path.display().to_string());
    match name {
        Some(name) => failure.of_connection(name),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;
    use crate::managers::read;

    const KEY: &str = "dGVzdC1rZXktbm90LXJlYWw=";

    fn item(name: &str, key: &str) -> String {
        format!(
            r#"{{"Namespace":"contoso","Name":"{name}","KeyName":"k","KeyValue":"{key}","SubscriptionId":"1-2","ResourceGroup":"rg"}}"#
        )
    }

    fn source(path: &str, items: &[String]) -> Source {
        let contents = read(&format!("[{}]", items.join(",\n"))).unwrap();
        Source { path: path.into(), contents }
    }

    fn steps(rows: &[Row]) -> Vec<Step> {
        rows.iter().map(|row| row.step).collect()
    }

    #[test]
    fn what_is_here_stays_unless_its_key_is_to_be_replaced() {
        let mut here = vec![sample::view("contoso", "sql", sample::connected())];
        let files = [source("a.json", &[item("SQL", KEY), item("web", KEY)])];
        let rows = plan(&files, &here, false);
        assert_eq!(steps(&rows), [Step::AlreadyThere, Step::Add]);
        let failure = rows[0].failure.as_ref().unwrap();
        assert_eq!(failure.exit, Exit::AlreadyExists);
        assert_eq!(
            failure.to_string(),
            "contoso/SQL is here already; hcm import --replace updates its key"
        );
        let rows = plan(&files, &here, true);
        assert_eq!(steps(&rows), [Step::Replace, Step::Add]);
        assert!(rows.iter().all(|row| row.failure.is_none()));
        assert!(rows.iter().all(|row| row.importable.as_ref().unwrap().resource.is_some()));
        here[0].resource = Some(sample::resource());
        let rows = plan(&files, &here, true);
        assert_eq!(rows[0].importable.as_ref().unwrap().resource, None);
    }

    #[test]
    fn of_two_of_a_name_the_first_is_taken() {
        let files = [
            source("a.json", &[item("sql", KEY)]),
            source("b.json", &[item("Sql", KEY), "{}".to_owned(), item("sql", "b3RoZXI=")]),
        ];
        let rows = plan(&files, &[], true);
        assert_eq!(steps(&rows), [Step::Add, Step::Repeated, Step::Skipped, Step::Skipped]);
        let said: Vec<String> =
            rows.iter().filter_map(|row| row.failure.as_ref()).map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "b.json, line 2: it has no Namespace; add it with its connection string: hcm add",
                "b.json, line 3: contoso/sql: it stands further up with another key, and that one is taken; for this one: hcm add --replace",
            ]
        );
    }

    #[test]
    fn a_refusal_is_noted_with_its_place() {
        let mut rows = plan(&[source("a.json", &[item("sql", KEY)])], &[], false);
        rows[0].refused(Failure::new(Exit::Failure, "the disk is full"));
        assert_eq!(rows[0].step, Step::Failed);
        let failure = rows[0].failure.as_ref().unwrap();
        assert_eq!(failure.to_string(), "a.json, line 1: contoso/sql: the disk is full");
        rows[0].done();
        assert_eq!(rows[0].step, Step::Added);
    }
}
