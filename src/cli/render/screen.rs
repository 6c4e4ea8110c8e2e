//! Lines that are redrawn in place, without the alternate screen and without
//! flicker. Everything here only makes the bytes for the terminal.

use super::text;

const HIDE_CURSOR: &str = "\u{1b}[?25l";
/// Terminals that know synchronised output (DEC mode 2026) show a frame at once.
const BEGIN_FRAME: &str = "\u{1b}[?2026h";
const END_FRAME: &str = "\u{1b}[?2026l";
const CLEAR_TO_LINE_END: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// Width and height of a terminal in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The part of the terminal that is redrawn; the cursor stands below it.
#[derive(Default)]
pub(crate) struct Screen {
    /// Widths of the lines that stand there.
    drawn: Vec<usize>,
    started: bool,
}

impl Screen {
    /// The bytes that put `lines` in the place of those drawn before. Lines beyond
    /// the height are left out: what has scrolled away cannot be redrawn.
    pub(crate) fn draw(&mut self, lines: &[String], size: Size) -> String {
        let mut frame = BEGIN_FRAME.to_owned();
        if !self.started {
            frame.push_str(HIDE_CURSOR);
            self.started = true;
        }
        frame.push_str(&self.to_top(size));
        self.drawn.clear();
        let room = size.rows.saturating_sub(1).max(1);
        let shown = if lines.len() > room { room - 1 } else { lines.len() };
        let left_out = lines.len() - shown;
        let more = format!("… {left_out} more lines; the window is too small");
        let more = text::cut(&more, size.columns.saturating_sub(1));
        let lines = lines[..shown].iter().map(String::as_str);
        for line in lines.chain((left_out > 0).then_some(&*more)) {
            frame.push_str(line);
            frame.push_str(CLEAR_TO_LINE_END);
            frame.push_str("\r\n");
            self.drawn.push(visible_width(line));
        }
        frame.push_str(CLEAR_BELOW);
        frame.push_str(END_FRAME);
        frame
    }

    /// The bytes that give the terminal back, below what was drawn last.
    pub(crate) fn finish(self) -> &'static str {
        // A terminal echoes Ctrl-C where the cursor stands.
        if self.started { "\r\u{1b}[J\u{1b}[?25h" } else { "" }
    }

    /// Back to the first line. A terminal that became narrower has wrapped them.
    fn to_top(&self, size: Size) -> String {
        let columns = size.columns.max(1);
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns).max(1)).sum();
        match rows.min(size.rows.saturating_sub(1)) {
            0 => "\r".to_owned(),
            rows => format!("\r\u{1b}[{rows}A"),
        }
    }
}

/// Cells of `line` without the colours of [`super::style`].
fn visible_width(line: &str) -> usize {
    let mut pieces = line.split("\u{1b}[");
    let first = pieces.next().map_or(0, text::width);
    first
        + pieces
            .map(|piece| piece.split_once('m').map_or(0, |(_, rest)| text::width(rest)))
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    const SIZE: Size = Size { columns: 20, rows: 10 };

    #[test]
    fn a_frame_replaces_the_one_before() {
        let mut screen = Screen::default();
        assert_eq!(
            screen.draw(&lines(&["one", "two"]), SIZE),
            "\u{1b}[?2026h\u{1b}[?25l\rone\u{1b}[K\r\ntwo\u{1b}[K\r\n\u{1b}[J\u{1b}[?2026l"
        );
        assert_eq!(
            screen.draw(&lines(&["three"]), SIZE),
            "\u{1b}[?2026h\r\u{1b}[2Athree\u{1b}[K\r\n\u{1b}[J\u{1b}[?2026l"
        );
        assert_eq!(screen.finish(), "\r\u{1b}[J\u{1b}[?25h");
        assert_eq!(Screen::default().finish(), "");
    }

    #[test]
    fn a_narrower_terminal_has_wrapped_the_old_lines() {
        let mut screen = Screen::default();
        screen.draw(&lines(&["\u{1b}[32m0123456789012345678\u{1b}[0m", "x"]), SIZE);
        let frame = screen.draw(&lines(&["y"]), Size { columns: 10, rows: 10 });
        assert!(frame.contains("\r\u{1b}[3A"), "{frame:?}");
    }

    #[test]
    fn lines_beyond_the_height_are_left_out() {
        let mut screen = Screen::default();
        let frame = screen.draw(&lines(&["a", "b", "c", "d", "e"]), Size { columns: 60, rows: 4 });
        assert!(frame.contains("\ra\u{1b}[K\r\nb\u{1b}[K\r\n…"), "{frame:?}");
        assert!(frame.contains("… 3 more lines"));
        let frame = screen.draw(&lines(&["a"]), Size { columns: 60, rows: 4 });
        assert!(frame.contains("\u{1b}[3A"));
    }
}
