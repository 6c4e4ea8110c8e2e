//! What can be wrong with a file of Microsoft's managers, and with one entry of it. No text
//! here repeats a value of the file: any of them may be a key.

use crate::model::ConnectionStringError;

/// Why nothing of a file can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    /// Neither JSON nor XML, or XML of something else.
    #[error(
        "this is neither the connections.json nor the Microsoft.HybridConnectionManager.Listener.exe.config of Microsoft's managers; for connection strings: hcm add --file"
    )]
    Foreign,
    /// The connections of this product.
    #[error(
        "this is the file of a service of this product, which keeps it for itself; Microsoft's manager has one with the same name, on Windows in %ProgramData%\\HybridConnectionManager"
    )]
    Own,
    /// JSON, and no list.
    #[error("this is JSON, but not the list of hybrid connections that Microsoft's manager writes")]
    NoList,
    /// Broken JSON.
    #[error("line {line}, column {column}: this is no valid JSON; {MEND}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Broken XML.
    #[error("line {line}, column {column}: {problem}; {MEND}")]
    Xml {
        /// From 1.
        line: u32,
        /// From 1.
        column: u32,
        /// In words.
        problem: &'static str,
    },
    /// A section that the system has encrypted for the account of the service.
    #[error(
        "line {line}: the section hybridConnections is encrypted; it can be decrypted on its machine alone. Add the connection strings instead: hcm add"
    )]
    Encrypted {
        /// From 1.
        line: usize,
    },
    /// A section that stands in another file.
    #[error(
        "line {line}: the section hybridConnections stands in another file, which configSource names; put it into a copy of this one"
    )]
    Elsewhere {
        /// From 1.
        line: usize,
    },
}

const MEND: &str = "mend a copy of the file, or add its connection strings: hcm add";

/// Why an entry cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// A value is not there, or is empty.
    #[error("it has no {0}{hint}", hint = hint(.0))]
    Missing(&'static str),
    /// A value of another kind.
    #[error(
        "in line {line} there is something else than Microsoft's manager writes; add it with its connection string: hcm add"
    )]
    OtherKind {
        /// Line of the file, from 1.
        line: usize,
    },
    /// Two values that have to agree.
    #[error(
        "its {0} and its Uri name different things; add it with its connection string: hcm add"
    )]
    Differs(&'static str),
    /// A value that no connection string has.
    #[error("{}{error}", prefix(*.field))]
    Wrong {
        /// The value's name in the file, where that is not the part's own.
        field: Option<&'static str>,
        /// What is wrong.
        error: ConnectionStringError,
    },
}

impl EntryError {
    /// The value that is wrong.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing(field) | Self::Differs(field) => Some(field),
            Self::Wrong { field, error } => field.or_else(|| error.part()),
            Self::OtherKind { .. } => None,
        }
    }
}

fn hint(field: &str) -> &'static str {
    match field {
        "KeyValue" => {
            ", so there is no key to listen with; add it with its connection string: hcm add"
        }
        _ => "; add it with its connection string: hcm add",
    }
}

fn prefix(field: Option<&str>) -> String {
    field.map_or_else(String::new, |field| format!("{field}: "))
}
