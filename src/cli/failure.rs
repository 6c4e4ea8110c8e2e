//! Why a command did not do what it was asked for.

use std::fmt;

use super::exit::Exit;
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
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
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
        }
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
}
