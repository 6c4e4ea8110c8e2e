//! Which versions these are, of the window and of the service, and whose fonts.

use egui::{Sense, Ui, vec2};

use super::super::Cx;
use super::paste::fact;
use super::{close_button, frame};
use crate::gui::state::Link;
use crate::gui::theme::{SMALL, TEXT, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};
use crate::model::VERSION;

const WIDTH: f32 = 520.0;
/// What hybrid connections are, in Azure's own words.
const DOCUMENTATION: &str =
    "https://learn.microsoft.com/azure/app-service/app-service-hybrid-connections";

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    let title = cx.texts.get("about-open");
    frame(ui, cx, WIDTH, &title, body, close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(44.0, 44.0), Sense::hover());
        widget::paint_icon(ui.painter(), Icon::Logo, rect.center(), 44.0, cx.palette.accent);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let name = cx.texts.get("product-gui");
            widget::label(ui, &name, semibold(15.0), cx.palette.text);
            let text = cx.texts.get("about-text");
            widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
        });
    });
    ui.add_space(8.0);
    fact(ui, cx, "about-window", None, VERSION);
    let service = match &cx.state.link {
        Link::Up { version, .. } => version.clone(),
        _ => cx.texts.get("about-service-away").to_string(),
    };
    fact(ui, cx, "about-service", None, &service);
    if let (Some(snapshot), true) = (&cx.state.snapshot, cx.state.is_attached()) {
        // Those who only read the status are not told it.
        if !snapshot.service.home.is_empty() {
            fact(ui, cx, "about-home", None, &snapshot.service.home);
        }
        let since = cx.texts.clock(snapshot.service.started, cx.now);
        fact(ui, cx, "about-since", None, &since);
    }
    if let Some(renderer) = crate::gui::start::renderer_in_use() {
        fact(ui, cx, "about-renderer", None, renderer);
    }
    ui.add_space(8.0);
    let text = cx.texts.get("about-licences");
    widget::wrapped(ui, &text, regular(SMALL), cx.palette.dim);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        if widget::link(ui, &cx.texts.get("shortcuts")).clicked() {
            cx.act(Action::OpenShortcuts);
        }
        if widget::link(ui, &cx.texts.get("about-documentation")).clicked() {
            cx.act(Action::Open(DOCUMENTATION.to_owned()));
        }
        if widget::link(ui, &cx.texts.get("upgrade-title")).clicked() {
            cx.act(Action::OpenUpgrade);
        }
    });
}
