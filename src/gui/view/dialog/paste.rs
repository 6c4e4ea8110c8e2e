//! The field for connection strings, in which keys cannot be seen, and what was found.

use std::sync::Arc;

use egui::text_edit::TextEditState;
use egui::{Frame, Galley, Id, Margin, ScrollArea, TextBuffer, TextEdit, Ui, WidgetInfo};
use zeroize::Zeroizing;

use super::super::Cx;
use crate::gui::effect::Target;
use crate::gui::state::PastedText;
use crate::gui::theme::{CONTROL_RADIUS, SMALL, TEXT, Tone, mono, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};

/// Shown for each character of a key.
const HIDDEN: char = '•';
/// Runs of Base64 that are this long are taken for a key, wherever they stand.
const KEY_LIKE: usize = 40;
/// Height of the field in points; longer texts scroll in it.
const MOST_HEIGHT: f32 = 132.0;

/// The field, under its label.
pub(super) fn field(ui: &mut Ui, cx: &mut Cx<'_>, text: &PastedText, enabled: bool, rows: usize) {
    let name = cx.texts.get("paste-field");
    widget::field_label(ui, &name);
    let mut edited = Zeroizing::new(text.0.to_string());
    if edited.is_empty() {
        forget(ui, Target::DialogField.id());
    }
    let color = cx.palette.text;
    let mut masked = |ui: &Ui, text: &dyn TextBuffer, width: f32| -> Arc<Galley> {
        ui.painter().layout(mask(text.as_str()), mono(SMALL), color, width)
    };
    // A password field: neither the clipboard nor a screen reader gets what it holds.
    let edit = TextEdit::multiline(&mut *edited)
        .password(true)
        .char_limit(PastedText::LONGEST)
        .layouter(&mut masked)
        .id(Target::DialogField.id())
        .desired_width(f32::INFINITY)
        .desired_rows(rows)
        .margin(Margin::same(10));
    // What was found in many strings is to be seen beside them.
    let area = ScrollArea::vertical().id_salt("paste").max_height(MOST_HEIGHT);
    let shown = area.auto_shrink([false, true]).show(ui, |ui| ui.add_enabled(enabled, edit));
    let response = shown.inner.accessible_name(name.to_string());
    // Whoever opens the dialog wants to paste.
    if enabled && ui.memory(|memory| memory.focused()).is_none() {
        response.request_focus();
    }
    if response.changed() {
        cx.act(Action::Paste(PastedText(edited)));
    }
}

/// Forgets what a field has held: what was undone to would show an earlier text.
pub(super) fn forget(ui: &Ui, field: Id) {
    ui.data_mut(|data| data.remove::<TextEditState>(field));
}

/// `text` with each character of a key hidden; as many characters as before.
pub(super) fn mask(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut hidden = vec![false; text.len()];
    for part in ["sharedaccesskey", "sharedaccesssignature", "sig"] {
        for (at, _) in lower.match_indices(part) {
            // The name of a key is no key, and spaces around the sign are allowed.
            let after = lower[at + part.len()..].trim_start();
            let Some(rest) = after.strip_prefix('=') else { continue };
            let start = lower.len() - rest.len();
            let end = rest.find([';', '"', '\'']).unwrap_or(rest.len());
            let end = rest.find("endpoint=").map_or(end, |next| end.min(next));
            hidden[start..start + end].fill(true);
        }
    }
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut start = 0;
    for run in text.as_bytes().split(|byte| !is_base64(byte)) {
        if run.len() >= KEY_LIKE {
            hidden[start..start + run.len()].fill(true);
        }
        start += run.len() + 1;
    }
    text.char_indices()
        .map(|(at, c)| if hidden[at] && !c.is_whitespace() { HIDDEN } else { c })
        .collect()
}

/// A box with what was found.
pub(super) fn found(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    tone: Tone,
    content: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let frame = Frame::new()
        .fill(cx.palette.soft(tone))
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(12, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        content(ui, cx);
    });
}

/// A line of such a box: a label, and something that is being found out.
pub(super) fn pending_fact(ui: &mut Ui, cx: &Cx<'_>, key: &'static str, value: &str) {
    ui.horizontal_top(|ui| {
        fact_label(ui, cx, key);
        widget::spinner(ui, cx.palette.dim);
        widget::wrapped(ui, value, regular(TEXT), cx.palette.dim);
    });
}

fn fact_label(ui: &mut Ui, cx: &Cx<'_>, key: &'static str) {
    const LABEL: f32 = 144.0;
    ui.spacing_mut().item_spacing.x = 6.0;
    let label = cx.texts.get(key);
    let size = egui::vec2(LABEL, 17.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, label.to_string()));
    widget::cell(ui.painter(), rect, &label, regular(TEXT), cx.palette.dim, egui::Align::Min);
}

/// A line of such a box: a label, and a value that is good, bad or neither.
pub(super) fn fact(ui: &mut Ui, cx: &Cx<'_>, key: &'static str, tone: Option<Tone>, value: &str) {
    ui.horizontal_top(|ui| {
        fact_label(ui, cx, key);
        let color = tone.map_or(cx.palette.text, |tone| cx.palette.strong(tone));
        if let Some(tone) = tone {
            let icon = match tone {
                Tone::Ok => Some(Icon::Check),
                Tone::Warn | Tone::Bad => Some(Icon::Warning),
                Tone::Neutral => None,
            };
            if let Some(icon) = icon {
                let side = egui::vec2(14.0, 17.0);
                let (rect, _) = ui.allocate_exact_size(side, egui::Sense::hover());
                widget::paint_icon(ui.painter(), icon, rect.center(), 12.0, color);
            }
        }
        widget::wrapped(ui, value, regular(TEXT), color);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_key_is_shown_and_none_is_lost() {
        let key = "aB3/".repeat(10) + "xyz=";
        let whole =
            format!("Endpoint=sb://a.b/;SharedAccessKeyName=n;SharedAccessKey={key};EntityPath=é");
        let bare = format!("my key is {key}");
        let quoted = format!("\"Endpoint=sb://a.b/;sharedaccesskey={key}\"\nEndpoint=sb://c.d/");
        let wrapped = format!("SharedAccessKey={}\n{};EntityPath=x", &key[..20], &key[20..]);
        for text in [&whole, &bare, &quoted, &wrapped] {
            let shown = mask(text);
            assert_eq!(shown.chars().count(), text.chars().count());
            for piece in [&key[..8], &key[24..32], &key[key.len() - 8..]] {
                assert!(!shown.contains(piece), "{shown}");
            }
        }
        assert!(mask(&whole).contains(";SharedAccessKey=•"));
        assert!(mask(&whole).ends_with(";EntityPath=é"));
        assert!(mask(&quoted).contains("Endpoint=sb://c.d/"));
        assert_eq!(mask("SharedAccessKey=short"), "SharedAccessKey=•••••");
        assert_eq!(mask("SharedAccessKey = short"), "SharedAccessKey = •••••");
        let token = "SharedAccessSignature sr=a&sig=Ab%2Fc%3D&se=1&skn=n";
        assert!(!mask(token).contains("Ab"), "{}", mask(token));
        assert_eq!(mask(&key[..43]), "•".repeat(43));
    }
}
