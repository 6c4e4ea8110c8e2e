//! Other software on this machine that gets in the way.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::board::Board;
use crate::managers;
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport, ConnectionId};
use crate::platform::microsoft_managers::{self, Neighbour};

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
    for (neighbour, name) in microsoft_managers::neighbours() {
        let code = match neighbour {
            Neighbour::BizTalk => NoteCode::BizTalkManager,
            Neighbour::ServiceBusServer => NoteCode::ServiceBusServer,
        };
        report = report.warning(code, "").with(FactName::Program, name);
    }
    for file in microsoft_managers::files() {
        report = match (holds(&file, id), id) {
            (Ok(None), _) => report,
            (Ok(Some(true)), Some(_)) => report
                .warning(NoteCode::MicrosoftManagerSame, "")
                .with(FactName::File, file.display()),
            (Ok(Some(_)), _) => report
                .noting(NoteCode::MicrosoftManagerHere, "")
                .with(FactName::File, file.display()),
            (Err(error), _) => report
                .noting(NoteCode::MicrosoftManagerUnread, error)
                .with(FactName::File, file.display()),
        };
    }
    report
}

/// Whether the manager's `file` has the connection `id`; nothing where there is no such file.
fn holds(file: &Path, id: Option<&ConnectionId>) -> Result<Option<bool>, String> {
    let text = match text_of(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| error.to_string())?,
    };
    let contents = managers::read(&text).map_err(|error| error.to_string())?;
    let has = |id| contents.entries.iter().any(|entry| entry.is(id));
    Ok(Some(id.is_some_and(has)))
}

fn text_of(file: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(file)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::model::NamespaceAddress;

    fn id(name: &str) -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new("contoso.servicebus.windows.net", 443), name)
    }

    /// Whether a file with `text` has the connection.
    fn has(text: &str, id: &ConnectionId) -> bool {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        holds(file.path(), Some(id)).unwrap().unwrap()
    }

    fn classic(strings: &[&str]) -> String {
        let items = strings
            .iter()
            .map(|string| format!("<hybridConnection connectionString=\"{string}\"/>"));
        format!(
            "<configuration><hybridConnections><connectionStrings>{}</connectionStrings></hybridConnections></configuration>",
            items.collect::<String>()
        )
    }

    #[test]
    fn a_connection_is_found_in_the_files_of_both_managers() {
        let current = r#"[{"Namespace": "contoso", "Name":"SQL", "KeyName":"x", "KeyValue":"c2Vj",
            "Uri":"sb://contoso.servicebus.windows.net/SQL"}]"#;
        let keyless =
            r#"[{"Namespace": "contoso", "Uri":"sb://Contoso.servicebus.windows.net/sql"}]"#;
        let bare = r#"[{"Namespace" : "contoso", "Name" : "sql"}]"#;
        let path = classic(&[
            "Endpoint=sb://Contoso.servicebus.windows.net/sql;SharedAccessKeyName=x;SharedAccessKey=x",
        ]);
        let keyless_path =
            classic(&["Endpoint=sb://contoso.servicebus.windows.net/sql;SharedAccessKey=x"]);
        let entity = classic(&["Endpoint=sb://contoso.servicebus.windows.net/;EntityPath=sql"]);
        for text in [current, keyless, bare, &path, &keyless_path, &entity] {
            assert!(has(text, &id("sql")), "{text}");
            for other in ["sq", "sql2", "web"] {
                assert!(!has(text, &id(other)), "{text}");
            }
            let fabrikam = NamespaceAddress::new("fabrikam.servicebus.windows.net", 443);
            assert!(!has(text, &ConnectionId::new(fabrikam, "sql")), "{text}");
        }
        let china = ConnectionId::new(
            NamespaceAddress::new("contoso.servicebus.chinacloudapi.cn", 443),
            "sql",
        );
        assert!(has(bare, &china), "without an address it may be of any cloud");
        assert!(!has(current, &china) && !has(&path, &china));
    }

    #[test]
    fn halves_of_several_entries_make_no_connection() {
        let current =
            r#"[{"Namespace":"contoso","Name":"sql"},{"Namespace":"fabrikam","Name":"web"}]"#;
        let classic = classic(&[
            "Endpoint=sb://contoso.servicebus.windows.net/;EntityPath=sql",
            "Endpoint=sb://fabrikam.servicebus.windows.net/;EntityPath=web",
        ]);
        for text in [current, &classic] {
            assert!(has(text, &id("sql")), "{text}");
            assert!(!has(text, &id("web")), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_cannot_be_read_is_told_apart() {
        assert_eq!(holds(Path::new("/no/such/file"), None), Ok(None));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(holds(file.path(), Some(&id("sql"))), Ok(Some(false)));
        file.write_all(b"[{]").unwrap();
        let error = holds(file.path(), None).unwrap_err();
        assert!(error.starts_with("line 1, column 3: this is no valid JSON"), "{error}");
    }
}
