//! The object of `apply`.

use serde::Serialize;

use crate::cli::apply::{Changes, Connection, Progress, Setting, step_text};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ApplyShape<'a> {
    dry_run: bool,
    changes: usize,
    settings: Vec<SettingShape<'a>>,
    connections: Vec<ConnectionShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SettingShape<'a> {
    name: &'a str,
    before: &'a str,
    after: &'a str,
    path: &'a str,
    line: Option<usize>,
    result: &'static str,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConnectionShape<'a> {
    namespace: &'a str,
    name: &'a str,
    id: String,
    steps: Vec<&'static str>,
    path: Option<&'a str>,
    line: Option<usize>,
    result: &'static str,
    reason: Option<&'a str>,
}

impl<'a> ApplyShape<'a> {
    pub(super) fn of(changes: &'a Changes, dry_run: bool) -> Self {
        Self {
            dry_run,
            changes: changes.count(),
            settings: changes.settings.iter().map(SettingShape::of).collect(),
            connections: changes.connections.iter().map(ConnectionShape::of).collect(),
        }
    }
}

impl<'a> SettingShape<'a> {
    fn of(one: &'a Setting) -> Self {
        Self {
            name: one.name,
            before: &one.before,
            after: &one.after,
            path: &one.place.source,
            line: one.place.mark.map(|mark| mark.line),
            result: result(one.changes, true, &one.progress),
            reason: reason(&one.progress),
        }
    }
}

impl<'a> ConnectionShape<'a> {
    fn of(one: &'a Connection) -> Self {
        let (id, place) = (&one.row.id, one.row.place.as_ref());
        Self {
            namespace: id.namespace().label(),
            name: id.name(),
            id: id.full(),
            steps: one.row.steps.iter().copied().map(step_text).collect(),
            path: place.map(|place| &*place.source),
            line: place.and_then(|place| place.mark).map(|mark| mark.line),
            result: result(one.changes(), place.is_some(), &one.progress),
            reason: reason(&one.progress),
        }
    }
}

fn result(changes: bool, is_declared: bool, progress: &Progress) -> &'static str {
    match progress {
        Progress::Planned if changes => "planned",
        Progress::Planned if is_declared => "unchanged",
        Progress::Planned => "not-declared",
        Progress::Done => "changed",
        Progress::Failed(_) => "failed",
    }
}

fn reason(progress: &Progress) -> Option<&str> {
    match progress {
        Progress::Failed(failure) => Some(&failure.message),
        Progress::Planned | Progress::Done => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{HELP, apply};
    use crate::cli::render::apply::tests::changes;

    #[test]
    fn every_setting_and_connection_is_an_object() {
        let shown: Value = serde_json::from_str(&apply(&changes(), true)).unwrap();
        assert_eq!((&shown["DryRun"], &shown["Changes"]), (&json!(true), &json!(5)));
        assert_eq!(
            shown["Settings"],
            json!([{
                "Name": "log.level", "Before": "info", "After": "debug",
                "Path": "/etc/hcm/c.yaml", "Line": 2, "Result": "changed", "Reason": null,
            }])
        );
        assert_eq!(
            shown["Connections"][0],
            json!({
                "Namespace": "contoso", "Name": "sql", "Id": "contoso.servicebus.windows.net/sql",
                "Steps": ["add", "disable"], "Path": "/etc/hcm/c.yaml", "Line": 4,
                "Result": "planned", "Reason": null,
            })
        );
        let results = shown["Connections"].as_array().unwrap().iter();
        let results: Vec<_> = results.map(|one| one["Result"].as_str().unwrap()).collect();
        let expected = ["planned", "planned", "unchanged", "failed", "not-declared", "planned"];
        assert_eq!(results, expected);
        assert_eq!(shown["Connections"][3]["Reason"], "the disk is full");
        for object in [&shown, &shown["Settings"][0], &shown["Connections"][0]] {
            for key in object.as_object().unwrap().keys() {
                assert!(HELP.contains(key.as_str()), "{key}");
            }
        }
    }
}
