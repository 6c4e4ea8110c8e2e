//! In which line something stands.

/// Counts lines from one place to the next, so that a long file is gone through once.
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of the byte `at`, from 1; no place may stand before the one asked for last.
    pub(super) fn line_of(&mut self, at: usize) -> usize {
        let passed = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.at = at.max(self.at);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_once() {
        let mut lines = Lines::of("a\r\nb\n\nc");
        assert_eq!([0, 1, 3, 6, 6, 99].map(|at| lines.line_of(at)), [1, 1, 2, 4, 4, 4]);
    }
}
