//! The outer form of both files: a JSON object with a `version`, and the steps that
//! bring an older version to the newest one. Steps work on untyped JSON, so that
//! they stay right when the types change.
//!
//! No error here shows a value out of a file: it may be a key.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Brings an object of one version to the next. Says in words what it cannot do.
pub(super) type Migration = fn(&mut Object) -> Result<(), String>;

/// The versions of a file: the first is 1, and each migration makes the next.
pub(super) struct Schema {
    pub(super) migrations: &'static [Migration],
}

/// Why a file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is not what it should be; in words that follow the file's name.
    Damaged(String),
    /// It must be left alone: a newer version wrote it, or the system refuses it; in
    /// words that follow the file's name.
    Unusable(String),
}

impl Schema {
    /// The version that this program writes.
    pub(super) fn version(&self) -> u64 {
        self.migrations.len() as u64 + 1
    }

    /// Reads a file's bytes into an object of the newest version, without its
    /// `version`. A file that has none is of the first.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Object, Problem> {
        let mut object = parse(bytes).map_err(Problem::Damaged)?;
        let newest = self.version();
        let version = match object.remove("version") {
            None => 1,
            Some(value) => value.as_u64().filter(|&version| version > 0).ok_or_else(|| {
                Problem::Damaged("has a \"version\" that is no whole number from 1".to_owned())
            })?,
        };
        if version > newest {
            return Err(Problem::Unusable(format!(
                "was written by a newer version of this program (format {version}; this one knows up to {newest})"
            )));
        }
        let done = usize::try_from(version - 1).unwrap_or(usize::MAX);
        for (from, migrate) in (version..).zip(self.migrations.iter().skip(done)) {
            migrate(&mut object).map_err(|words| {
                Problem::Damaged(format!(
                    "cannot be brought from format {from} to {}: {words}",
                    from + 1
                ))
            })?;
        }
        Ok(object)
    }
}

fn parse(bytes: &[u8]) -> Result<Object, String> {
    // Editors on Windows like to put a byte order mark before UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        format!("is not UTF-8 text (line {line}, column {column})")
    })?;
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("is not a JSON object: it must begin with {".to_owned()),
        Err(error) => {
            let what = if error.is_eof() { "ends too early" } else { "is not valid JSON" };
            Err(format!("{what} (line {}, column {})", error.line(), error.column()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Schema = Schema { migrations: &[] };
    const THIRD: Schema = Schema {
        migrations: &[
            |object| {
                let name = object.remove("naem").ok_or("there is no \"naem\"")?;
                object.insert("name".to_owned(), name);
                Ok(())
            },
            |object| {
                let names = vec![object.remove("name").unwrap_or_default()];
                object.insert("names".to_owned(), names.into());
                Ok(())
            },
        ],
    };

    fn damaged(bytes: &[u8]) -> String {
        match FIRST.read(bytes) {
            Err(Problem::Damaged(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_older_file_is_brought_forward_step_by_step() {
        let newest = |text: &str| Value::from(THIRD.read(text.as_bytes()).unwrap()).to_string();
        assert_eq!(THIRD.version(), 3);
        for text in [
            r#"{"naem":"x","kept":1}"#,
            r#"{"version":1,"naem":"x","kept":1}"#,
            r#"{"version":2,"name":"x","kept":1}"#,
            r#"{"version":3,"names":["x"],"kept":1}"#,
        ] {
            assert_eq!(newest(text), r#"{"kept":1,"names":["x"]}"#, "{text}");
        }
        let error = THIRD.read(br#"{"version":1}"#).unwrap_err();
        let words = "cannot be brought from format 1 to 2: there is no \"naem\"";
        assert_eq!(error, Problem::Damaged(words.to_owned()));
    }

    #[test]
    fn a_newer_file_is_told_from_a_damaged_one() {
        for version in ["2", "18446744073709551615"] {
            let error = FIRST.read(format!(r#"{{"version":{version}}}"#).as_bytes()).unwrap_err();
            assert!(matches!(&error, Problem::Unusable(words) if words.contains(version)));
        }
        for version in ["0", "-1", "1.5", "\"1\"", "null", "1e30"] {
            let words = damaged(format!(r#"{{"version":{version}}}"#).as_bytes());
            assert!(words.contains("whole number"), "{words}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(damaged(b""), "is empty");
        assert_eq!(damaged(b"\xef\xbb\xbf \r\n"), "is empty");
        assert_eq!(damaged(b"{\n  \"a\": 1,"), "ends too early (line 2, column 9)");
        assert_eq!(damaged(b"{\n  \"a\" 1}"), "is not valid JSON (line 2, column 7)");
        assert_eq!(damaged(b"{\n\"a\xff\"}"), "is not UTF-8 text (line 2, column 3)");
        assert_eq!(damaged(b"\0\0\0"), "is not valid JSON (line 1, column 1)");
        assert!(damaged(b"[]").contains("must begin with {"));
        let deep = "[".repeat(100_000);
        assert!(damaged(deep.as_bytes()).contains("line 1"));
        assert!(!damaged(br#"{"key":"c2VjcmV0"x"#).contains("c2Vj"));
    }

    #[test]
    fn a_byte_order_mark_does_no_harm() {
        assert!(FIRST.read(b"\xef\xbb\xbf{}").unwrap().is_empty());
    }
}
