//! Keys that stand on the command line by mistake never come back in a message.

use std::ffi::OsString;

/// Shown instead of a text that may be a key.
const HIDDEN: &str = "(not shown)";
/// Base64 of a key's 32 bytes has 44 characters, one or more of which may be cut off.
const KEY_LIKE: usize = 40;

/// The arguments of this process that may hold a key.
#[derive(Default)]
pub(super) struct Redactor(Vec<String>);

impl Redactor {
    /// Remembers which of `arguments` may hold a key.
    pub(super) fn of(arguments: &[OsString]) -> Self {
        let mut texts: Vec<String> = arguments
            .iter()
            .map(|argument| argument.to_string_lossy())
            .flat_map(|text| {
                let value = text.split_once('=').map(|(_, value)| value.to_owned());
                [Some(text.into_owned()), value]
            })
            .flatten()
            .filter(|text| may_hold_a_key(text))
            .flat_map(|text| [text.trim().to_owned(), text])
            .collect();
        // The longest first: a part of it must not be replaced before the whole.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts)
    }

    /// `message` without any of them.
    pub(super) fn clean(&self, message: &str) -> String {
        self.0.iter().fold(message.to_owned(), |message, text| message.replace(text, HIDDEN))
    }
}

/// Whether `text` is part of a connection string, as far as a key may be in it.
pub(super) fn is_connection_string_part(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["sharedaccess", "sb://", "entitypath="].iter().any(|part| text.contains(part))
}

fn may_hold_a_key(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["sharedaccess", "sig=", "key="].iter().any(|part| lower.contains(part))
        || text
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
            .any(is_like_a_key)
}

/// Long and mixed as base64 is; the path of a file has more slashes.
fn is_like_a_key(piece: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| piece.as_bytes().iter().any(kind);
    piece.len() >= KEY_LIKE
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && piece.matches('/').count() < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(arguments: &[&str], message: &str) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        Redactor::of(&arguments).clean(message)
    }

    #[test]
    fn a_key_is_hidden_and_a_name_is_not() {
        let string =
            "Endpoint=sb://a.b/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0;EntityPath=x";
        let message = format!("\"{string}\" does not name a hybrid connection");
        assert_eq!(
            clean(&["show", string], &message),
            "\"(not shown)\" does not name a hybrid connection"
        );
        let key = "q2hJ8sKx0P4tV9zYb1LmN3oR5uW7eA6cDfGhJkLmNoP=";
        assert_eq!(clean(&["add", key], &format!("unexpected {key}")), "unexpected (not shown)");
        let option = format!("--file={key}");
        assert_eq!(clean(&[&option], &format!("cannot read {key}")), "cannot read (not shown)");
        assert_eq!(clean(&["show", "contoso/sql"], "no contoso/sql here"), "no contoso/sql here");
        let path = "/home/someone/a-rather-long-folder-name/connection-strings.txt";
        assert_eq!(clean(&["--file", path], &format!("no {path}")), format!("no {path}"));
    }
}
