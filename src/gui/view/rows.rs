//! What the lists of rows share: moving a cursor by keyboard, and keeping its row in sight.

use egui::{Id, Key, Ui};

use crate::gui::state::Move;
use crate::gui::theme::ROW_HEIGHT;

/// The keys that move the cursor of a list that is `height` points high.
pub(super) fn moves(height: f32) -> [(Key, Move); 6] {
    #[expect(clippy::cast_possible_truncation, reason = "a few dozen rows")]
    let page = ((height / ROW_HEIGHT) as isize - 1).max(1);
    [
        (Key::ArrowDown, Move::By(1)),
        (Key::ArrowUp, Move::By(-1)),
        (Key::PageDown, Move::By(page)),
        (Key::PageUp, Move::By(-page)),
        (Key::Home, Move::First),
        (Key::End, Move::Last),
    ]
}

/// Upper edge of the row at `place`, in points from that of the first.
#[expect(clippy::cast_precision_loss, reason = "rows are counted in thousands")]
pub(super) fn top_of(place: usize) -> f32 {
    place as f32 * ROW_HEIGHT
}

/// Where to scroll the list `id`, which is `height` points high, so that the row at `place`
/// can be seen; nothing where it can be.
pub(super) fn reveal(ui: &Ui, id: Id, place: usize, height: f32) -> Option<f32> {
    let top = top_of(place);
    let offset: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(0.0);
    if top < offset {
        Some(top)
    } else if top + ROW_HEIGHT > offset + height {
        Some(top + ROW_HEIGHT - height)
    } else {
        None
    }
}

/// Remembers how far the list `id` is scrolled, for [`reveal`].
pub(super) fn remember_offset(ui: &Ui, id: Id, offset: f32) {
    ui.data_mut(|data| data.insert_temp(id, offset));
}
