//! The hybrid connections that Microsoft's managers keep in their files: reading alone, from
//! a text to values. No file is opened here, and none of theirs is written anywhere.

mod classic;
mod current;
mod error;
mod lines;
mod proxy;
mod resource;

pub(crate) use self::error::{EntryError, FileError};
pub(crate) use self::proxy::FoundProxy;
use crate::model::{AzureResource, ConnectionId, ConnectionString};

/// Which of Microsoft's managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manager {
    /// Version 1.x, which keeps a `connections.json`.
    Current,
    /// Version 0.7.x, which keeps the `.config` of a .NET program.
    Classic,
}

impl Manager {
    /// Its version, as people and programs read it.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Current => "1.x",
            Self::Classic => "0.7.x",
        }
    }

    /// How to stop its service, for people.
    pub(crate) fn how_to_stop(self) -> &'static str {
        match self {
            Self::Current => {
                "on Windows the service \"Hybrid Connection Manager Service\" (sc stop HybridConnectionManagerService), on Linux systemctl stop hybridconnectionmanager"
            }
            Self::Classic => {
                "the service \"Azure Hybrid Connection Manager Service\" (sc stop HybridConnectionManager)"
            }
        }
    }
}

/// What a file of one of the managers holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Whose file it is.
    pub(crate) manager: Manager,
    /// Its hybrid connections, in its order.
    pub(crate) entries: Vec<Entry>,
    /// The proxy that its manager goes through, if it says so.
    pub(crate) proxy: Option<FoundProxy>,
}

/// One hybrid connection of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Line of the file where it begins, from 1.
    pub(crate) line: usize,
    /// `NAMESPACE/NAME` as the file has it, where it has both.
    pub(crate) name: Option<String>,
    /// The address that the file has for it, also of one that cannot be added.
    pub(crate) id: Option<ConnectionId>,
    /// What can be added, or why nothing can.
    pub(crate) value: Result<Importable, EntryError>,
}

impl Entry {
    /// Whether it is the hybrid connection `id`, as far as the file tells: one without an
    /// address may be of any cloud.
    pub(crate) fn is(&self, id: &ConnectionId) -> bool {
        let (host, label) = (id.namespace().host(), id.namespace().label());
        let names = |namespace: &str, name: &str| {
            let is_namespace = [host, label].iter().any(|one| one.eq_ignore_ascii_case(namespace));
            is_namespace && name.eq_ignore_ascii_case(id.name())
        };
        match (&self.id, &self.name) {
            (Some(own), _) => names(own.namespace().host(), own.name()),
            (None, Some(name)) => name.split_once('/').is_some_and(|(of, name)| names(of, name)),
            (None, None) => false,
        }
    }
}

/// A hybrid connection that can be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Importable {
    /// What it is, with its key.
    pub(crate) string: ConnectionString,
    /// Where it is in Azure, if the file says so.
    pub(crate) resource: Option<AzureResource>,
}

/// Reads the text of a file, whichever of the managers it is of.
///
/// # Errors
/// [`FileError`] for a file of which nothing can be read; what is wrong with one entry
/// stands in its place.
pub(crate) fn read(text: &str) -> Result<Contents, FileError> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        // The manager takes an empty file for an empty list.
        None => Ok(Contents { manager: Manager::Current, entries: Vec::new(), proxy: None }),
        Some('<') => classic::read(text),
        Some('[' | '{') => current::read(text),
        Some(_) => Err(FileError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "q2hJ8sKx0P4tV9zYb1LmN3oR5uW7eA6cDfGhJkLmNoP=";

    #[test]
    fn what_a_file_begins_with_tells_whose_it_is() {
        assert_eq!(read("\u{feff} []").unwrap().manager, Manager::Current);
        assert_eq!(read("\u{feff}<configuration/>").unwrap().manager, Manager::Classic);
        assert_eq!(read(" \n").unwrap().entries, []);
        for text in ["Endpoint=sb://a.b/;EntityPath=x", "3", "null"] {
            assert_eq!(read(text), Err(FileError::Foreign), "{text}");
        }
    }

    /// All that may be shown of what was read.
    fn said(text: &str) -> String {
        match read(text) {
            Err(error) => error.to_string(),
            Ok(contents) => {
                let entries = contents.entries.iter().map(|entry| match &entry.value {
                    Ok(taken) => format!("{:?} {:?}", taken, entry.name),
                    Err(error) => format!("{error} {:?}", entry.name),
                });
                entries.collect::<Vec<_>>().join("\n")
            }
        }
    }

    #[test]
    fn very_deep_files_are_an_error_and_no_crash() {
        for (open, close) in [("<a>", "</a>"), ("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}0{}", open.repeat(200_000), close.repeat(200_000));
            said(&deep);
            said(&open.repeat(200_000));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", list in "[\\[\\]{}\",:\\\\a1 \n]{0,80}") {
            said(&text);
            said(&format!("[{list}]"));
            said(&format!("<configuration>{text}</configuration>"));
        }

        #[test]
        fn a_damaged_file_shows_no_key(at in 0_usize..700, removed in 0_usize..5, put in "[\"<>&;=:,{}\\[\\] x1]{0,3}") {
            let files = [
                format!(
                    r#"[{{"Namespace":"contoso","Name":"sql","Uri":"sb://contoso.servicebus.windows.net/sql","KeyName":"listen","KeyValue":"{KEY}","EndpointPort":1433}}]"#
                ),
                format!(
                    r#"<configuration><hybridConnections><connectionStrings><hybridConnection connectionString="Endpoint=sb://contoso.servicebus.windows.net/sql;SharedAccessKeyName=listen;SharedAccessKey={KEY}"/></connectionStrings></hybridConnections></configuration>"#
                ),
            ];
            for file in files {
                let at = at % file.len();
                let end = (at + removed).min(file.len());
                let damaged = format!("{}{put}{}", &file[..at], &file[end..]);
                let said = said(&damaged);
                for piece in [&KEY[..9], &KEY[17..26], &KEY[34..43]] {
                    prop_assert!(!said.contains(piece), "{said}");
                }
            }
        }
    }
}
