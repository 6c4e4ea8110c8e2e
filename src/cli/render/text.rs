//! Texts in the cells of a terminal, and those that any program shows.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) use crate::display::text::{ago, bytes, clock, count, millis, plain, span, until, when};

/// [`plain`], but with the spaces that `text` begins with.
pub(crate) fn plain_line(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{}{}", &text[..indent], plain(text))
}

/// Cells that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in at most `cells` cells, with an ellipsis where it was cut.
pub(crate) fn cut(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return text.into();
    }
    let mut kept = String::new();
    let mut used = 1; // the ellipsis
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > cells {
            break;
        }
        kept.push(c);
    }
    if cells > 0 {
        kept.push('…');
    }
    kept.into()
}

/// `text` in lines of at most `cells` cells, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(8);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        if !line.is_empty() && width(&line) + 1 + width(&word) > cells {
            lines.push(std::mem::take(&mut line));
        }
        while width(&word) > cells {
            let rest = word.split_off(byte_at(&word, cells));
            lines.push(std::mem::replace(&mut word, rest));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Where the part of `text` ends that takes at most `cells` cells.
fn byte_at(text: &str, cells: usize) -> usize {
    let mut used = 0;
    text.char_indices()
        .find(|(_, c)| {
            used += c.width().unwrap_or(0);
            used > cells
        })
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_indent() {
        assert_eq!(plain_line("  contoso/c0: a\u{1b}[2J\nb"), "  contoso/c0: a [2J b");
        assert_eq!(plain_line("\u{7}a "), "a");
    }

    #[test]
    fn texts_are_cut_and_wrapped_by_cells() {
        assert_eq!(cut("contoso", 7), "contoso");
        assert_eq!(cut("contoso", 5), "cont…");
        assert_eq!(cut("你好世界", 5), "你好…");
        assert_eq!(wrap("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("sb://a-very-long-word x", 8), ["sb://a-v", "ery-long", "-word x"]);
        assert_eq!(wrap("", 9), Vec::<String>::new());
    }
}
