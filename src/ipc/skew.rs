//! What a service of another version does not know, in words that say which of the two is behind.

use semver::Version;

use super::protocol::{ErrorCode, Hello, RequestError};
use crate::model::VERSION;

/// `error` as the service of `server` has said it; one that it gives because it is of another
/// version says so, and what to do.
pub(super) fn explained(error: RequestError, server: &Hello) -> RequestError {
    if error.code != ErrorCode::BadMessage || server.version == VERSION {
        return error;
    }
    let theirs = &server.version;
    let text = match is_newer(theirs, VERSION) {
        false => format!(
            "the service (version {theirs}) does not know this yet; it needs a service of version {VERSION} or newer: upgrade the service"
        ),
        true => format!(
            "the service (version {theirs}) does not know this any more; it needs a newer version than {VERSION} of this program: upgrade this program"
        ),
    };
    RequestError::new(ErrorCode::VersionMismatch, text)
}

/// Whether `theirs` is a newer version than `own`; not, where either is none.
fn is_newer(theirs: &str, own: &str) -> bool {
    match (Version::parse(theirs), Version::parse(own)) {
        (Ok(theirs), Ok(own)) => theirs > own,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: ErrorCode, version: &str) -> RequestError {
        let server = Hello { version: version.to_owned(), ..Hello::of("test") };
        explained(RequestError::new(code, "as the service said it"), &server)
    }

    #[test]
    fn who_is_behind_is_said_and_what_to_do() {
        for version in ["0.0.9", "0.0.9-rc.1", "none at all"] {
            let error = said(ErrorCode::BadMessage, version);
            assert_eq!(error.code, ErrorCode::VersionMismatch);
            let words = format!("the service (version {version}) does not know this yet");
            assert!(error.message.starts_with(&words), "{error}");
            assert!(error.message.contains(&format!("of version {VERSION} or newer")), "{error}");
        }
        let error = said(ErrorCode::BadMessage, "99.1.0");
        assert_eq!(error.code, ErrorCode::VersionMismatch);
        assert!(error.message.contains("does not know this any more"), "{error}");
        assert!(error.message.ends_with("upgrade this program"), "{error}");
    }

    #[test]
    fn what_has_nothing_to_do_with_versions_stays_as_it_was_said() {
        for (code, version) in [(ErrorCode::NotFound, "0.0.9"), (ErrorCode::BadMessage, VERSION)] {
            let error = said(code, version);
            assert_eq!((error.code, error.message.as_str()), (code, "as the service said it"));
        }
    }
}
