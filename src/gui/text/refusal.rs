//! Why a request was not done, in words.

use super::{Language, Texts};
use crate::gui::backend::Refusal;
use crate::ipc::protocol::ErrorCode;

impl Texts {
    /// Why, and what to do.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> String {
        let error = match refusal {
            Refusal::Lost => return self.get("answer-lost").to_string(),
            Refusal::TimedOut => return self.get("answer-timed-out").to_string(),
            Refusal::Said(error) => error,
        };
        if self.language == Language::English {
            return error.message.clone();
        }
        let key = match error.code {
            ErrorCode::AlreadyExists => "refused-already-exists",
            ErrorCode::NotFound => "refused-not-found",
            ErrorCode::ReadOnly => return self.get("read-only").to_string(),
            ErrorCode::Denied => "refused-denied",
            ErrorCode::Stopping => "refused-stopping",
            ErrorCode::NotSaved => "refused-not-saved",
            ErrorCode::NotUpgraded => "refused-not-upgraded",
            ErrorCode::InvalidConnectionString => "refused-invalid-connection-string",
            ErrorCode::InvalidSetting => "refused-invalid-setting",
            ErrorCode::VersionMismatch => "refused-version-mismatch",
            ErrorCode::BadMessage | ErrorCode::Ambiguous | ErrorCode::Other => "refused",
        };
        let setting = error.field.as_deref().unwrap_or_default().replace('.', "-");
        // What exactly is wrong only the service knows, unless the setting says it.
        let values = [("message", error.message.as_str().into()), ("setting", setting.into())];
        self.with(key, &values)
    }
}
