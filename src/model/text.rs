//! Texts of others.

/// Longest line, in characters.
const LONGEST: usize = 300;

/// `text` of somebody else as it may stand in a table, a log or a terminal: one line, of bounded
/// length, without control characters.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

/// The name of the field whose lack a deserializer tells in `words`: it comes out of our own
/// types. All else that such words say may come out of the values.
pub fn missing_field(words: &str) -> Option<&str> {
    let (name, _) = words.strip_prefix("missing field `")?.split_once('`')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shortened_and_controls_nothing() {
        let line = one_line(&"ä\u{1b}\n".repeat(1000));
        assert_eq!(line.chars().count(), LONGEST + 1);
        assert!(line.ends_with('…') && !line.contains('\u{1b}'));
        assert_eq!(one_line(" a\r\n\tb "), "a b");
    }

    #[test]
    fn a_field_is_named_only_where_it_is_missing() {
        #[derive(Debug, serde::Deserialize)]
        struct Named {
            #[serde(rename = "id")]
            _id: u8,
        }
        let words = |json| serde_json::from_str::<Named>(json).unwrap_err().to_string();
        assert_eq!(missing_field(&words("{}")), Some("id"));
        assert_eq!(missing_field(&words(r#"{"id": "missing field `key`"}"#)), None);
    }
}
