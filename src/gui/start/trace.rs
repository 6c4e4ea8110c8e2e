//! How long the start takes, step by step.

use std::cell::Cell;
use std::time::Instant;

/// Measures from the program's first line to its first useful frame.
#[derive(Debug)]
pub(crate) struct Trace {
    begun: Instant,
    prints: bool,
    first_frame: Cell<bool>,
    first_useful: Cell<bool>,
}

impl Trace {
    /// Begins to measure.
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            prints: false,
            first_frame: Cell::new(false),
            first_useful: Cell::new(false),
        }
    }

    /// The same, printing or not.
    pub(super) fn print(self, prints: bool) -> Self {
        Self { prints, ..self }
    }

    /// `step` is done.
    #[expect(clippy::print_stderr, reason = "the user asked for it")]
    pub(crate) fn mark(&self, step: &str) {
        if self.prints {
            eprintln!("{:>6.1} ms  {step}", self.begun.elapsed().as_secs_f64() * 1000.0);
        }
    }

    /// A frame has been drawn; one with the service's state in it is useful.
    pub(crate) fn frame(&self, is_useful: bool) {
        if !self.first_frame.replace(true) {
            self.mark("first frame");
        }
        if is_useful && !self.first_useful.replace(true) {
            self.mark("first useful frame");
        }
    }
}
