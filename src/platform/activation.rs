//! Bringing the window to the front by the right that a desktop gave another program of this
//! person: Wayland lets no window do so by itself. Elsewhere the window needs no right.

use raw_window_handle::{HasDisplayHandle, HasWindowHandle};

use super::front::ActivationToken;

#[cfg(unix)]
#[path = "activation/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "activation/windows.rs"]
mod os;

/// The desktop's ear for one window. Dropped before the window is.
#[derive(Debug)]
pub struct Activation(os::Activation);

impl Activation {
    /// For `window`, where its desktop asks for such a right. Asks the desktop once.
    pub fn of(window: &(impl HasWindowHandle + HasDisplayHandle)) -> Option<Self> {
        let display = window.display_handle().ok()?.as_raw();
        os::Activation::of(display, window.window_handle().ok()?.as_raw()).map(Self)
    }

    /// Brings the window to the front, if the desktop has given `token` to one who may say so.
    /// Does not wait for it.
    pub fn bring_to_front(&self, token: &ActivationToken) {
        self.0.bring_to_front(token.as_str());
    }
}
