//! Short messages at the lower edge, over everything else.

use egui::{Align2, Area, Frame, Margin, Order, Stroke, Ui, vec2};

use super::Cx;
use crate::gui::theme::{CONTROL_RADIUS, TEXT, Tone, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};

const MOST_WIDTH: f32 = 460.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let notices: Vec<_> = cx.state.notices.shown().cloned().collect();
    if notices.is_empty() {
        return;
    }
    let area = Area::new(egui::Id::unique("notices"))
        .order(Order::Tooltip)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -40.0));
    area.show(ui.ctx(), |ui| {
        for notice in notices {
            let frame = Frame::new()
                .fill(cx.palette.panel)
                .stroke(Stroke::new(1.0, cx.palette.line))
                .corner_radius(CONTROL_RADIUS)
                .shadow(ui.visuals().popup_shadow)
                .inner_margin(Margin::symmetric(14, 8));
            frame.show(ui, |ui| {
                ui.horizontal(|ui| {
                    let icon = if notice.tone == Tone::Ok { Icon::Check } else { Icon::Warning };
                    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), egui::Sense::hover());
                    let color = cx.palette.strong(notice.tone);
                    widget::paint_icon(ui.painter(), icon, rect.center(), 13.0, color);
                    ui.scope(|ui| {
                        ui.set_max_width(MOST_WIDTH);
                        let said =
                            widget::wrapped(ui, &notice.text, regular(TEXT), cx.palette.text);
                        widget::speak(&said);
                    });
                    let close = cx.texts.get("close-message");
                    if widget::icon_button(ui, Icon::Close, &close, false).clicked() {
                        cx.act(Action::CloseNotice(notice.id));
                    }
                });
            });
        }
    });
}
