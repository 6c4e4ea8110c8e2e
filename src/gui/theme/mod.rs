//! How the window looks: colours and spacing by role, the fonts, and egui's style made of them.
//!
//! The only place with raw colours. Contrast of text is at least 4.5 : 1 in both themes;
//! a test measures it.

mod fonts;
mod palette;
mod style;
pub(crate) mod system_fonts;

pub(crate) use fonts::{medium, mono, regular, semibold};
pub(crate) use palette::{Palette, Tone};

/// Half of the grid on which everything stands, in points.
pub(crate) const GRID: f32 = 8.0;
/// Height of a table row in points.
pub(crate) const ROW_HEIGHT: f32 = 40.0;
/// Corner radius of controls in points.
pub(crate) const CONTROL_RADIUS: u8 = 6;
/// Corner radius of dialogs in points.
pub(crate) const DIALOG_RADIUS: u8 = 10;
/// Height of buttons and fields in points.
pub(crate) const CONTROL_HEIGHT: f32 = 32.0;
/// Size of ordinary text in points.
pub(crate) const TEXT: f32 = 13.0;
/// Size of labels and side notes in points.
pub(crate) const SMALL: f32 = 12.0;

/// Gives `ctx` the fonts and both themes. Once, before the first frame.
pub(crate) fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    style::install(ctx);
}
