//! The lower edge: totals and versions.

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Ui};

use super::Cx;
use super::dialog::version_of;
use crate::gui::theme::{SMALL, regular};
use crate::gui::update::Action;
use crate::gui::widget;
use crate::model::{StatusLabel, VERSION};

const HEIGHT: f32 = 28.0;
/// Width in points that the totals need beside a long link.
const ROOM: f32 = 860.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let frame = Frame::new().fill(cx.palette.panel).inner_margin(Margin::symmetric(16, 4));
    Panel::bottom("footer").exact_size(HEIGHT).resizable(false).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            ui.spacing_mut().interact_size.y = 18.0;
            let news = news(cx);
            let is_long = matches!(news, Some((_, Action::RestartWindow)));
            if !is_long || ui.available_width() >= ROOM {
                for text in totals(cx) {
                    widget::label(ui, &text, regular(SMALL), cx.palette.dim);
                }
            }
            widget::at_right(ui, "footer-right", |ui| version(ui, cx, news));
        });
    });
}

fn totals(cx: &Cx<'_>) -> Vec<String> {
    let connections = cx.state.connections();
    let count = [("count", connections.len().into())];
    let mut first = cx.texts.with("footer-connections", &count);
    if connections.is_empty() {
        return vec![first];
    }
    let is_connected =
        |view: &&crate::model::ConnectionView| view.status.label() == StatusLabel::Connected;
    let connected = connections.iter().filter(is_connected).count();
    first.push_str(" · ");
    first.push_str(&cx.texts.with("footer-connected", &[("count", connected.into())]));
    let streams: u64 = connections.iter().map(|view| view.traffic.active_streams).sum();
    let streams = cx.texts.with("footer-streams", &[("count", streams.into())]);
    let rate = cx.state.traffic.total();
    let rates = [
        ("in", cx.texts.rate(rate.to_endpoint).into()),
        ("out", cx.texts.rate(rate.to_azure).into()),
    ];
    vec![first, streams, cx.texts.with("footer-rates", &rates)]
}

fn version(ui: &mut Ui, cx: &mut Cx<'_>, news: Option<(String, Action)>) {
    if let Some((name, action)) = news
        && widget::link(ui, &name).clicked()
    {
        cx.act(action);
    }
    let text = RichText::new(VERSION).font(regular(SMALL)).color(cx.palette.dim);
    let button = egui::Button::new(text).frame(false);
    let name = cx.texts.with("about-version", &[("version", VERSION.into())]);
    if ui.add(button).on_hover_text(name.as_str()).accessible_name(name).clicked() {
        cx.act(Action::OpenAbout);
    }
}

/// What there is to say of versions, and where it leads.
fn news(cx: &Cx<'_>) -> Option<(String, Action)> {
    if let Some(version) = cx.state.upgrading_to() {
        let version = [("version", version.to_string().into())];
        return Some((cx.texts.with("footer-upgrading", &version), Action::OpenUpgrade));
    }
    if let Some(version) = cx.state.newer_service() {
        let values = [("version", version.into()), ("other", VERSION.into())];
        return Some((cx.texts.with("footer-window-old", &values), Action::RestartWindow));
    }
    let release = cx.state.wanted_release()?;
    Some((cx.texts.with("upgrade-available", &version_of(release)), Action::OpenUpgrade))
}
