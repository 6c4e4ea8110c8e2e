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
}
