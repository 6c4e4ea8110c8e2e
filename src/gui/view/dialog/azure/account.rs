//! Who is signed in, and which subscription is looked at.

use egui::{ComboBox, Id, PopupCloseBehavior, ScrollArea, Ui};

use super::super::super::Cx;
use super::act;
use crate::azure::{Account, Subscription};
use crate::gui::state::{AzureForm, Reads};
use crate::gui::theme::{TEXT, Tone, regular};
use crate::gui::update::AzureAction;
use crate::gui::widget;

/// Width of the list of subscriptions.
const WIDTH: f32 = 300.0;
/// Room for the way to another account, and what part of the rest a long name may take.
const LINK: f32 = 170.0;
const PILL: f32 = 0.45;
/// From so many on, subscriptions are found by typing.
const MANY: usize = 10;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm, account: &Account) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let spoken = cx.texts.with("azure-account", &[("name", account.name.as_str().into())]);
        let most = (ui.available_width() - LINK) * PILL;
        let pill = widget::quiet_pill(ui, Tone::Ok, &account.name, most).on_hover_text(&spoken);
        ui.ctx().accesskit_node_builder(pill.id, |node| node.set_value(spoken));
        widget::speak(&pill);
        let is_free = !form.is_creating();
        ui.add_enabled_ui(is_free, |ui| {
            if widget::link(ui, &cx.texts.get("azure-another-account")).clicked() {
                act(cx, AzureAction::AnotherAccount);
            }
        });
        if let Reads::Done(all) = &form.subscriptions
            && !all.list.is_empty()
        {
            let width = ui.available_width().min(WIDTH);
            widget::at_right(ui, "azure-subscription", |ui| {
                ui.add_enabled_ui(is_free, |ui| subscriptions(ui, cx, form, &all.list, width));
            });
        }
    });
}

fn subscriptions(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm, all: &[Subscription], width: f32) {
    let label = cx.texts.get("azure-subscription");
    let shown = match form.subscription() {
        Some(chosen) => cx.texts.more_about(&label, &name(chosen)),
        None => cx.texts.get("azure-subscription-choose").to_string(),
    };
    let id = Id::unique("azure-subscription");
    let filter = id.with("filter");
    let combo = ComboBox::from_id_salt(id)
        .width(width)
        .height(320.0)
        .truncate()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .selected_text(shown);
    let shown = combo.show_ui(ui, |ui| choices(ui, cx, form, all, filter));
    // What was typed is gone when it opens the next time.
    if shown.inner.is_none() {
        ui.data_mut(|data| data.remove::<String>(filter));
    }
    let response = shown.response;
    // Nothing else can be done yet.
    if form.chosen.is_none() && ui.memory(|memory| memory.focused()).is_none() {
        response.request_focus();
    }
    response.accessible_name(&*label);
}

fn choices(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm, all: &[Subscription], typed: Id) {
    let mut filter: String = String::new();
    if all.len() > MANY {
        filter = ui.data(|data| data.get_temp(typed)).unwrap_or_default();
        let hint = cx.texts.get("azure-subscription-filter");
        let field = typed.with("field");
        let field = ui
            .scope(|ui| widget::text_field(ui, &mut filter, field, &hint, WIDTH))
            .inner
            .accessible_name(hint.to_string());
        if field.changed() {
            ui.data_mut(|data| data.insert_temp(typed, filter.clone()));
        }
    }
    let wanted = filter.trim().to_lowercase();
    ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
        for one in all {
            if !is_match(one, &wanted) {
                continue;
            }
            let text = name(one);
            let is_chosen = form.chosen.as_ref() == Some(&one.id);
            if ui.selectable_label(is_chosen, text).on_hover_text(&one.id).clicked() {
                act(cx, AzureAction::Choose(one.id.clone()));
                ui.close();
            }
        }
    });
    if !all.iter().any(|one| is_match(one, &wanted)) {
        let text = cx.texts.with("azure-subscription-none", &[("filter", wanted.as_str().into())]);
        widget::label(ui, &text, regular(TEXT), cx.palette.dim);
    }
}

/// Whether the filter lets it through: by its name or its id.
fn is_match(one: &Subscription, wanted: &str) -> bool {
    name(one).to_lowercase().contains(wanted) || one.id.to_lowercase().contains(wanted)
}

/// The name of a subscription, with what makes it another than those of the account's own
/// tenant.
fn name(one: &Subscription) -> String {
    let more = [one.tenant.as_deref(), one.state.as_deref().filter(|state| *state != "Enabled")];
    let parts = std::iter::once(one.name.as_str()).chain(more.into_iter().flatten());
    parts.collect::<Vec<_>>().join(" · ")
}
