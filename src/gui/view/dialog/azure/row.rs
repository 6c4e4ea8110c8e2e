//! One row of the list: a hybrid connection in Azure.

use egui::{
    Align, Color32, FontId, Id, Pos2, Rangef, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
};
use egui::{pos2, vec2};

use super::super::super::Cx;
use super::{act, is_there};
use crate::azure::FoundConnection;
use crate::gui::state::{Added, Checked, Listing, NotAdded};
use crate::gui::theme::{TEXT, Tone, regular, semibold};
use crate::gui::update::AzureAction;
use crate::gui::widget::{self, Icon};

/// Where the columns of a row are.
pub(super) struct Cells {
    pub(super) check: Rect,
    pub(super) name: Rect,
    pub(super) endpoint: Rect,
    pub(super) namespace: Rect,
    pub(super) group: Rect,
    pub(super) listeners: Rect,
}

impl Cells {
    pub(super) fn of(row: Rect) -> Self {
        const CHECK: f32 = 36.0;
        const LISTENERS: f32 = 74.0;
        const GAP: f32 = 12.0;
        let rest = (row.width() - CHECK - LISTENERS).max(0.0);
        let mut left = row.left();
        let mut cell = |width: f32, gap: f32| {
            let x = Rangef::new(left, left + (width - gap).max(0.0));
            left += width;
            Rect::from_x_y_ranges(x, row.y_range())
        };
        Self {
            check: cell(CHECK, 0.0),
            name: cell(rest * 0.28, GAP),
            endpoint: cell(rest * 0.34, GAP),
            namespace: cell(rest * 0.19, GAP),
            group: cell(rest * 0.19, GAP),
            // The scroll bar has the right edge.
            listeners: cell(LISTENERS, 14.0),
        }
    }
}

/// The widget's id.
pub(super) fn id(one: &FoundConnection) -> Id {
    Id::unique("azure-row").with(&one.resource_id)
}

/// What a row tells besides its columns.
struct Told {
    can_choose: bool,
    /// After the name.
    note: Option<String>,
    /// In the place of the endpoint.
    instead: Option<(Tone, String)>,
    /// All of it, for a tooltip and a screen reader.
    long: Option<String>,
}

fn told(cx: &Cx<'_>, listing: &Listing, one: &FoundConnection) -> Told {
    let mut told = Told { can_choose: false, note: None, instead: None, long: None };
    let usable = match &one.usable {
        Ok(usable) => usable,
        Err(why) => {
            told.instead = Some((Tone::Neutral, cx.texts.unusable(why)));
            told.long = Some(cx.texts.unusable_long(why));
            return told;
        }
    };
    if usable.mended {
        told.long = Some(cx.texts.get("event-metadata-mended").to_string());
    }
    match listing.added.get(&one.resource_id) {
        Some(Added::Yes) => told.note = Some(cx.texts.get("azure-added").to_string()),
        Some(Added::Waiting) => {
            told.instead = Some((Tone::Neutral, cx.texts.get("azure-adding").to_string()));
        }
        Some(Added::No(why)) => {
            told.can_choose = true;
            let tone = if *why == NotAdded::Stopped { Tone::Neutral } else { Tone::Bad };
            told.instead = Some((tone, cx.texts.not_added(why)));
            told.long = Some(cx.texts.not_added_long(why));
        }
        None if is_there(cx, &usable.id) => {
            told.note = Some(cx.texts.get("azure-already-added").to_string());
        }
        None => told.can_choose = true,
    }
    told
}

pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    listing: &Listing,
    one: &FoundConnection,
    rect: Rect,
    list_has_focus: bool,
) {
    let told = told(cx, listing, one);
    let enabled = told.can_choose && !listing.is_creating();
    let is_checked = listing.checked.contains(&one.resource_id) && told.can_choose;
    let is_added = listing.added.get(&one.resource_id) == Some(&Added::Yes);
    // A row is no stop of the Tab key: the list is one.
    let sense = if enabled { Sense::CLICK } else { Sense::HOVER };
    let response = ui.interact(rect, id(one), sense);
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::CheckBox, enabled, is_checked, spoken(cx, one, &told))
    });
    ui.advance_cursor_after_rect(rect);
    if enabled && response.hovered() {
        ui.painter().rect_filled(rect, 0.0, cx.palette.hover);
    }
    let line = Stroke::new(1.0, cx.palette.line);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
    if list_has_focus && listing.cursor.as_ref() == Some(&one.resource_id) {
        let ring = Stroke::new(2.0, cx.palette.accent);
        ui.painter().rect_stroke(rect.shrink(1.0), 6.0, ring, StrokeKind::Inside);
    }
    let cells = Cells::of(rect);
    match (listing.added.get(&one.resource_id), is_added) {
        (Some(Added::Waiting), _) => {
            let side = Rect::from_center_size(cells.check.center(), vec2(14.0, 17.0));
            ui.place(side, |ui: &mut Ui| widget::spinner(ui, cx.palette.dim));
        }
        (_, true) => {
            let color = cx.palette.strong(Tone::Ok);
            widget::paint_icon(ui.painter(), Icon::Check, cells.check.center(), 14.0, color);
        }
        _ => {
            let checked = if is_checked { Checked::All } else { Checked::None };
            check(ui, cx, cells.check.center(), checked, enabled);
        }
    }
    let cut = columns(ui, cx, one, &told, &cells);
    let tip = told.long.clone().or_else(|| cut.then(|| spoken(cx, one, &told)));
    let response = match tip {
        Some(tip) => response.on_hover_text(tip),
        None => response,
    };
    if response.clicked() {
        ui.memory_mut(|memory| memory.request_focus(Id::unique("azure-list")));
        act(cx, AzureAction::Toggle(one.resource_id.clone()));
    }
}

/// Paints the texts; whether one had to be cut.
fn columns(ui: &Ui, cx: &Cx<'_>, one: &FoundConnection, told: &Told, cells: &Cells) -> bool {
    let (painter, palette) = (ui.painter(), cx.palette);
    let is_dim = !told.can_choose;
    let ink = |color: Color32| if is_dim { palette.dim } else { color };
    let text = |room, text: &str, color, align| {
        widget::cell(painter, room, text, regular(TEXT), color, align)
    };
    let mut cut = name(ui, one, told, cells.name, ink(palette.text));
    match (&told.instead, &one.usable) {
        (Some((tone, instead)), _) => {
            let mut room = cells.endpoint;
            let color = match tone {
                Tone::Bad => palette.strong(Tone::Bad),
                _ => palette.dim,
            };
            if *tone == Tone::Bad {
                // What went wrong has the room of what is known anyway.
                room.max.x = cells.listeners.right();
                let at = pos2(room.left() + 7.0, room.center().y);
                widget::paint_icon(painter, Icon::Warning, at, 13.0, color);
                room.min.x += 20.0;
                return text(room, instead, color, Align::Min) | cut;
            }
            if width(ui, instead, regular(TEXT)) > room.width() {
                room.max.x = cells.listeners.right();
                return text(room, instead, color, Align::Min) | cut;
            }
            cut |= text(room, instead, color, Align::Min);
        }
        (None, Ok(usable)) => {
            let mut room = cells.endpoint;
            if usable.mended {
                let at = pos2(room.left() + 7.0, room.center().y);
                let color = palette.strong(Tone::Warn);
                widget::paint_icon(painter, Icon::Warning, at, 13.0, color);
                room.min.x += 20.0;
            }
            let endpoint = usable.endpoint.to_string();
            cut |= text(room, &endpoint, ink(palette.text), Align::Min);
        }
        (None, Err(_)) => {}
    }
    cut |= text(cells.namespace, &one.namespace.name, palette.dim, Align::Min);
    cut |= text(cells.group, &one.namespace.resource_group, palette.dim, Align::Min);
    let listeners = one.listeners.map_or_else(|| "–".to_owned(), |count| count.to_string());
    text(cells.listeners, &listeners, ink(palette.text), Align::Max);
    cut
}

/// Paints the name, which is cut where the note has no room beside it.
fn name(ui: &Ui, one: &FoundConnection, told: &Told, room: Rect, color: Color32) -> bool {
    let paint = |left: f32, right: f32, text: &str| {
        let room = Rect::from_x_y_ranges(left..=right, room.y_range());
        widget::cell(ui.painter(), room, text, semibold(TEXT), color, Align::Min)
    };
    let note = told.note.as_ref().map_or_else(String::new, |note| format!(" · {note}"));
    let whole = format!("{}{note}", one.name);
    if note.is_empty() || width(ui, &whole, semibold(TEXT)) <= room.width() {
        return paint(room.left(), room.right(), &whole);
    }
    let left = room.width() - width(ui, &note, semibold(TEXT));
    let at = room.left() + left.max(room.width() * 0.3);
    paint(at, room.right(), &note) | paint(room.left(), at, &one.name)
}

fn width(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// The row in words.
fn spoken(cx: &Cx<'_>, one: &FoundConnection, told: &Told) -> String {
    let mut parts = vec![one.name.clone()];
    parts.extend(told.note.clone());
    parts.extend(told.instead.as_ref().map(|(_, instead)| instead.clone()));
    if let (None, Ok(usable)) = (&told.instead, &one.usable) {
        parts.push(usable.endpoint.to_string());
    }
    parts.push(one.namespace.name.clone());
    parts.push(one.namespace.resource_group.clone());
    if let Some(count) = one.listeners {
        parts.push(cx.texts.with("spoken-listeners", &[("count", count.into())]));
    }
    parts.extend(told.long.as_ref().map(|long| long.replace('\n', " ")));
    parts.join(", ")
}

/// Paints a check box.
pub(super) fn check(ui: &Ui, cx: &Cx<'_>, center: Pos2, checked: Checked, enabled: bool) {
    const SIDE: f32 = 16.0;
    let rect = Rect::from_center_size(center, vec2(SIDE, SIDE));
    let (painter, palette) = (ui.painter(), cx.palette);
    let is_set = checked != Checked::None;
    let accent = if enabled { palette.accent } else { palette.dim };
    let (fill, edge) = if is_set {
        (accent, accent)
    } else if enabled {
        (palette.panel, palette.dim)
    } else {
        (palette.hover, palette.line)
    };
    painter.rect(rect, 4.0, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    match checked {
        Checked::All => {
            widget::paint_icon(painter, Icon::Check, center, 10.0, palette.on_accent);
        }
        Checked::Some => {
            let bar = Rect::from_center_size(center, vec2(8.0, 2.0));
            painter.rect_filled(bar, 1.0, palette.on_accent);
        }
        Checked::None => {}
    }
}
