//! Windows asks for no such right.

use raw_window_handle::{RawDisplayHandle, RawWindowHandle};

/// There is none.
#[derive(Debug)]
pub(super) enum Activation {}

impl Activation {
    pub(super) fn of(_display: RawDisplayHandle, _window: RawWindowHandle) -> Option<Self> {
        None
    }

    pub(super) fn bring_to_front(&self, _token: &str) {
        match *self {}
    }
}
