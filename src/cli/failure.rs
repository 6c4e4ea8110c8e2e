//! Why a command did not do what it was asked for.

use std::fmt;

use super::exit::Exit;
use crate::azure::AzureError;
use crate::display::text::plain;
use crate::ipc::protocol::{ErrorCode, RequestError};

/// What went wrong: the exit code, and words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// The stable text of the kind: that of the service's refusal, or of `exit`.
    pub code: String,
    /// In words, with what to do; never a key.
    pub message: String,
    /// The setting, or part of a connection string, that is wrong.
    pub field: Option<String>,
    /// The line of the input that it concerns, from 1.
    pub line: Option<usize>,
    /// What else programs may want to know.
    pub(super) details: Option<Box<Details>>,
}

/// What few failures have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// The column of the line, from 1.
    pub(super) column: Option<usize>,
    /// The file that it concerns, where there may be several.
    pub(super) file: Option<String>,
    /// The hybrid connection that it concerns, where there are several.
    pub(super) connection: Option<String>,
    /// Azure's own code, which the message has too.
    pub(super) azure_code: Option<String>,
    /// Azure's correlation id, which the message has too.
    pub(super) correlation_id: Option<String>,
}

impl Failure {
    /// A failure of the kind `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: exit.as_str().to_owned(),
            message: message.into(),
            field: None,
            line: None,
            details: None,
        }
    }

    /// The end of a process whose reader has closed the pipe: no failure at all.
    pub(super) fn reader_gone() -> Self {
        Self::new(Exit::Ok, "")
    }

    /// The same, at `line` of the input.
    pub(super) fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    /// The same, at `column` of the line.
    pub(super) fn at_column(mut self, column: usize) -> Self {
        self.details.get_or_insert_default().column = Some(column);
        self
    }

    /// The same, in one file of several.
    pub(super) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.details.get_or_insert_default().file = Some(file.into());
        self
    }

    /// The same, of one hybrid connection of several.
    pub(super) fn of_connection(mut self, connection: impl Into<String>) -> Self {
        self.details.get_or_insert_default().connection = Some(connection.into());
        self
    }

    /// The same kind with another text form.
    pub(super) fn with_code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.details.as_ref().and_then(|more| more.file.as_ref());
        let column = self.details.as_ref().and_then(|more| more.column);
        let column = column.map_or_else(String::new, |column| format!(", column {column}"));
        match (file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}, line {line}{column}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some(line)) => write!(f, "line {line}{column}: ")?,
            (None, None) => {}
        }
        if let Some(connection) = self.details.as_ref().and_then(|more| more.connection.as_ref()) {
            write!(f, "{connection}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let exit = Exit::of(error.code);
        Self {
            exit,
            code: code_text(error.code),
            message: error.message,
            field: error.field,
            line: None,
            details: None,
        }
    }
}

impl From<AzureError> for Failure {
    fn from(error: AzureError) -> Self {
        let message = plain(&error.to_string()).into_owned();
        let failure = Self::new(Exit::of_azure(error.kind), message);
        let AzureError { kind, code, correlation_id, .. } = error;
        let has_details = code.is_some() || correlation_id.is_some();
        let details = Details { azure_code: code, correlation_id, ..Details::default() };
        Self { details: has_details.then(|| Box::new(details)), ..failure.with_code(kind.as_str()) }
    }
}

/// The wire's own text of the kind, so that JSON errors name it exactly.
fn code_text(code: ErrorCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        _ => Exit::of(code).as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::AzureErrorKind;

    #[test]
    fn a_refusal_keeps_its_kind_and_field() {
        let refusal = RequestError::new(ErrorCode::InvalidConnectionString, "no key")
            .about(Some("SharedAccessKey"));
        let failure = Failure::from(refusal).at_line(Some(3));
        assert_eq!(failure.exit, Exit::InvalidInput);
        assert_eq!(failure.code, "invalid-connection-string");
        assert_eq!(failure.field.as_deref(), Some("SharedAccessKey"));
        assert_eq!(failure.to_string(), "line 3: no key");
    }

    #[test]
    fn an_error_of_azure_keeps_its_ids() {
        let error = AzureError::new(AzureErrorKind::Forbidden, "no listKeys")
            .with_azure(Some("AuthorizationFailed".into()), Some("c-1".into()));
        let failure = Failure::from(error).of_connection("contoso/sql");
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::AzureForbidden, "forbidden"));
        assert!(failure.to_string().starts_with("contoso/sql: The account may not"), "{failure}");
        let details = failure.details.unwrap();
        assert_eq!(details.azure_code.as_deref(), Some("AuthorizationFailed"));
        assert_eq!(details.correlation_id.as_deref(), Some("c-1"));
    }
}
