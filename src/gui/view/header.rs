//! The upper edge: the name, the service, the filter, and the ways in.

use egui::{Align, Frame, Layout, Margin, Panel, Sense, Ui, vec2};

use super::{Cx, manage};
use crate::gui::effect::Target;
use crate::gui::state::{Demo, NewTab};
use crate::gui::text;
use crate::gui::theme::{CONTROL_HEIGHT, GRID, Tone, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon, Kind};

const HEIGHT: f32 = 56.0;
const FILTER_WIDTH: f32 = 220.0;
/// The filter in a narrow window.
const LEAST_FILTER_WIDTH: f32 = 130.0;
/// What a window must have for the name of the product to fit beside all else.
const NARROW: f32 = 860.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let frame = Frame::new().fill(cx.palette.panel).inner_margin(Margin::symmetric(16, 12));
    Panel::top("header").exact_size(HEIGHT).resizable(false).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            left(ui, cx);
            widget::at_right(ui, "header-right", |ui| right(ui, cx));
        });
    });
}

fn left(ui: &mut Ui, cx: &Cx<'_>) {
    let is_narrow = ui.available_width() < NARROW;
    let (rect, _) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::hover());
    widget::paint_icon(ui.painter(), Icon::Logo, rect.center(), 24.0, cx.palette.accent);
    if !is_narrow {
        widget::label(ui, &cx.texts.get("product"), semibold(15.0), cx.palette.text);
    }
    let (tone, word) = text::service_pill(cx.texts, &cx.state.link);
    match tone {
        Tone::Ok | Tone::Neutral => widget::quiet_pill(ui, tone, &word, f32::INFINITY),
        Tone::Warn | Tone::Bad => widget::pill(ui, tone, &word),
    };
    if cx.state.demo == Demo::On {
        widget::pill(ui, Tone::Warn, &cx.texts.get("demo"));
    }
}

fn right(ui: &mut Ui, cx: &mut Cx<'_>) {
    if !cx.state.connections().is_empty() {
        let room = ui.ctx().content_rect().width();
        let width = if room < NARROW { LEAST_FILTER_WIDTH } else { FILTER_WIDTH };
        filter(ui, cx, width);
    }
    if widget::button(ui, Kind::Plain, &cx.texts.get("diagnose"), true).clicked() {
        let id = cx.state.shown_connection().map(|view| view.id.clone());
        cx.act(Action::Diagnose(id));
    }
    if widget::icon_button(ui, Icon::Gear, &cx.texts.get("settings"), true).clicked() {
        cx.act(Action::OpenSettings);
    }
    if manage::button(ui, cx, Kind::Primary, &cx.texts.get("new"), true) {
        cx.act(Action::New(NewTab::ConnectionString));
    }
}

fn filter(ui: &mut Ui, cx: &mut Cx<'_>, width: f32) {
    let mut text = cx.state.table.filter.clone();
    let hint = cx.texts.get("filter");
    let id = Target::Filter.id();
    let response = ui
        .scope(|ui| {
            let response = widget::text_field(ui, &mut text, id, "", width);
            if text.is_empty() {
                let rect = response.rect;
                let at = rect.left_center() + vec2(16.0, 0.0);
                widget::paint_icon(ui.painter(), Icon::Search, at, 13.0, cx.palette.dim);
                let room = egui::Rect::from_min_size(
                    rect.min + vec2(28.0, 0.0),
                    vec2(rect.width() - 28.0 - GRID, CONTROL_HEIGHT),
                );
                let font = crate::gui::theme::regular(crate::gui::theme::TEXT);
                widget::cell(ui.painter(), room, &hint, font, cx.palette.dim, Align::Min);
            }
            response
        })
        .inner
        .accessible_name(hint.to_string());
    if response.changed() {
        cx.act(Action::Filter(text));
    }
    if response.has_focus() {
        let leaves = ui.input(|input| {
            input.key_pressed(egui::Key::ArrowDown) || input.key_pressed(egui::Key::Enter)
        });
        if leaves {
            cx.act(Action::GoToTable);
        }
    }
}
