//! The window as it is drawn: reads the state, returns what the user did.

mod banner;
mod details;
mod dialog;
mod empty;
mod explain;
mod footer;
mod header;
mod keys;
mod manage;
mod notices;
mod rows;
mod table;

use egui::{CentralPanel, Frame, Ui};
use jiff::Timestamp;

use super::state::{Demo, Link, State};
use super::text::Texts;
use super::theme::{Palette, SMALL, regular};
use super::update::Action;
use super::widget;

/// What a view needs, and where it puts what the user did.
pub(crate) struct Cx<'a> {
    /// What is shown.
    pub state: &'a State,
    /// In which words.
    pub texts: &'a Texts,
    /// In which colours.
    pub palette: &'static Palette,
    /// Now.
    pub now: Timestamp,
    /// What the user did.
    pub actions: Vec<Action>,
    /// When this picture is to be drawn again although nothing happens.
    pub again_at: Option<Timestamp>,
}

impl Cx<'_> {
    /// The user did `action`.
    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// What is shown changes at `at` by itself.
    pub(crate) fn again_at(&mut self, at: Timestamp) {
        self.again_at = Some(self.again_at.map_or(at, |known| known.min(at)));
    }
}

/// Draws the whole window.
pub(crate) fn window(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Read aloud when the window gets the keyboard; the title bar's text is not.
    let name = cx.texts.get("product-gui");
    ui.ctx().accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(&*name));
    if !cx.state.has_dialog() {
        keys::take(ui, cx);
    }
    header::show(ui, cx);
    footer::show(ui, cx);
    let has_details = cx.state.preferences.details_open && !cx.state.table.selected.is_empty();
    if has_details {
        details::show(ui, cx);
    }
    CentralPanel::default().frame(Frame::new().fill(cx.palette.background)).show(ui, |ui| {
        banner::show(ui, cx);
        middle(ui, cx);
    });
    notices::show(ui, cx);
    dialog::show(ui, cx);
    keys::after_click(ui, cx);
}

/// The table, or what stands in its place.
fn middle(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.demo == Demo::Starting {
        return demo_starts(ui, cx);
    }
    match (&cx.state.snapshot, &cx.state.link) {
        (Some(snapshot), _) if !snapshot.connections.is_empty() => table::show(ui, cx),
        (Some(_), _) => empty::show(ui, cx),
        (None, Link::Down { .. }) => {}
        (None, link) => {
            let is_starting = *link == Link::Starting;
            let key = if is_starting { "service-starting-long" } else { "service-calling-long" };
            ui.vertical_centered(|ui| under_way(ui, cx, key));
        }
    }
}

fn demo_starts(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.vertical_centered(|ui| {
        under_way(ui, cx, "demo-starting");
        if widget::button(ui, widget::Kind::Plain, &cx.texts.get("cancel"), true).clicked() {
            cx.act(Action::LeaveDemo);
        }
    });
}

/// Something is waited for, in the middle of the window.
fn under_way(ui: &mut Ui, cx: &Cx<'_>, key: &'static str) {
    ui.add_space((ui.available_height() / 2.0 - 48.0).max(16.0));
    widget::spinner(ui, cx.palette.dim);
    widget::label(ui, &cx.texts.get(key), regular(SMALL), cx.palette.dim);
}
