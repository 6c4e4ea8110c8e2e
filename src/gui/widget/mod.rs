//! The few widgets of which the window is made. Each has an accessible name.

mod button;
mod icon;
mod layout;
mod pill;
mod progress;
mod segmented;
mod sparkline;
mod spinner;
mod text;

pub(crate) use button::{Kind, button, icon_button, link};
pub(crate) use icon::{Icon, paint_icon};
pub(crate) use layout::{at_right, field_label, text_field};
pub(crate) use pill::{pill, pill_at, quiet_pill};
pub(crate) use progress::progress;
pub(crate) use segmented::segmented;
pub(crate) use sparkline::sparkline;
pub(crate) use spinner::spinner;
pub(crate) use text::{cell, label, selectable, speak, wrapped};
