//! Other software on this machine that gets in the way.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::board::Board;
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport, ConnectionId};
use crate::platform::microsoft_managers::{self as managers, Neighbour};

/// Longest file of a manager that is read.
const LONGEST: u64 = 4 << 20;

/// Looks for software that gets in the way, of the connection `id` or of any.
pub(super) async fn check(id: Option<&ConnectionId>, board: &Board<'_>) {
    let (start, id) = (Instant::now(), id.cloned());
    let looked = spawn_blocking(move || look(id.as_ref()));
    let report = match board.within(board.left(), looked).await {
        Some(Ok(report)) => report,
        _ => {
            let note = Note::new(NoteCode::OutOfTime, "");
            CheckReport::skipped_as(CheckName::Conflicts, note)
        }
    };
    board.tell_since(report, start);
}

fn look(id: Option<&ConnectionId>) -> CheckReport {
    let mut report = CheckReport::ok(CheckName::Conflicts);
    for (neighbour, name) in managers::neighbours() {
        let code = match neighbour {
            Neighbour::BizTalk => NoteCode::BizTalkManager,
            Neighbour::ServiceBusServer => NoteCode::ServiceBusServer,
        };
        report = report.warning(code, "").with(FactName::Program, name);
    }
    for file in managers::files() {
        report = match (holds(&file, id), id) {
            (Ok(None), _) => report,
            (Ok(Some(true)), Some(_)) => report
                .warning(NoteCode::MicrosoftManagerSame, "")
                .with(FactName::File, file.display()),
            (Ok(Some(_)), _) => report
                .noting(NoteCode::MicrosoftManagerHere, "")
                .with(FactName::File, file.display()),
            (Err(error), _) => report
                .noting(NoteCode::MicrosoftManagerUnread, error.to_string())
                .with(FactName::File, file.display()),
        };
    }
    report
}

/// Whether the manager's `file` has the connection `id`; nothing where there is no such file.
fn holds(file: &Path, id: Option<&ConnectionId>) -> io::Result<Option<bool>> {
    let opened = match std::fs::File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = Zeroizing::new(String::new());
    opened.take(LONGEST).read_to_string(&mut text)?;
    Ok(Some(id.is_some_and(|id| names(&text, id))))
}

/// Whether a file of either manager names the connection: by its address, or as `Namespace` and
/// `Name` of an entry.
fn names(text: &str, id: &ConnectionId) -> bool {
    let text = Zeroizing::new(text.to_ascii_lowercase());
    let namespace = id.namespace();
    let address = format!("sb://{}/{}", namespace.host(), id.name().to_ascii_lowercase());
    let ends = |after: Option<char>| {
        after.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
    };
    let by_address = text
        .match_indices(&address)
        .any(|(at, found)| ends(text[at + found.len()..].trim_start_matches('/').chars().next()));
    let entity = format!("sb://{}/", namespace.host());
    let path = format!("entitypath={}", id.name().to_ascii_lowercase());
    let by_string = text.contains(&entity)
        && text
            .match_indices(&path)
            .any(|(at, found)| ends(text[at + found.len()..].chars().next()));
    let quoted = |key: &str, value: &str| {
        let (key, value) = (format!("\"{key}\""), format!("\"{}\"", value.to_ascii_lowercase()));
        text.match_indices(&key).any(|(at, found)| {
            let rest = text[at + found.len()..].trim_start();
            rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with(&value))
        })
    };
    by_address || by_string || quoted("namespace", namespace.label()) && quoted("name", id.name())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::model::NamespaceAddress;

    #[test]
    fn a_connection_is_found_in_the_files_of_both_managers() {
        let id = |name| {
            ConnectionId::new(NamespaceAddress::new("contoso.servicebus.windows.net", 443), name)
        };
        let current = r#"[{"Namespace": "contoso", "Name":"SQL", "KeyValue":"c2Vj",
            "Uri":"sb://contoso.servicebus.windows.net/SQL"}]"#;
        let bare = r#"[{"Namespace" : "contoso", "Name" : "sql"}]"#;
        let classic = r#"<hybridConnection connectionString="Endpoint=sb://Contoso.servicebus.windows.net/sql;SharedAccessKey=x"/>"#;
        let path = "Endpoint=sb://contoso.servicebus.windows.net/;EntityPath=sql;SharedAccessKey=x";
        for text in [current, bare, classic, path] {
            assert!(names(text, &id("sql")), "{text}");
            assert!(!names(text, &id("sq")), "{text}");
            assert!(!names(text, &id("sql2")), "{text}");
        }
        assert!(!names(classic, &ConnectionId::new(NamespaceAddress::new("x.y", 443), "sql")));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(current.as_bytes()).unwrap();
        assert_eq!(holds(file.path(), Some(&id("sql"))).unwrap(), Some(true));
        assert_eq!(holds(file.path(), Some(&id("web"))).unwrap(), Some(false));
        assert_eq!(holds(file.path(), None).unwrap(), Some(false));
        assert_eq!(holds(Path::new("/no/such/file"), None).unwrap(), None);
    }
}
