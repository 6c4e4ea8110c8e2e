//! Whether the desktop wants programs light or dark, where the windowing system itself does
//! not tell: on Linux the desktop portal does.

#[cfg(unix)]
#[path = "appearance/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "appearance/windows.rs"]
mod os;

/// What the desktop wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appearance {
    /// Dark on light, or nothing in particular.
    Light,
    /// Light on dark.
    Dark,
}

/// Follows what the desktop wants, for as long as it tells.
pub struct Appearances(os::Appearances);

impl Appearances {
    /// Asks the desktop. `None` where it does not tell, or the windowing system does.
    pub async fn follow() -> Option<Self> {
        os::Appearances::follow().await.map(Self)
    }

    /// What is wanted, at first at once and then when it changes. `None` when nothing more
    /// is told. Cancel-safe.
    pub async fn next(&mut self) -> Option<Appearance> {
        self.0.next().await
    }
}
