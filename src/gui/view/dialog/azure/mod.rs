//! "Select with Azure": signing in, and choosing from what the account sees.

mod account;
mod below;
mod error;
mod list;
mod row;
mod sign_in;
mod waiting;

use egui::{Align, Layout, Ui};

pub(super) use sign_in::{asks_proxy_password, proxy_password_id};

use super::super::Cx;
use crate::gui::state::{AzureForm, Listing, Reading, Reads, SignIn};
use crate::gui::theme::{SMALL, TEXT, regular, semibold};
use crate::gui::update::{Action, AzureAction};
use crate::gui::widget;
use crate::model::ConnectionId;

pub(super) fn body(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm) {
    match &form.sign_in {
        SignIn::Out(problem) => sign_in::show(ui, cx, form, problem.as_ref()),
        SignIn::Running(running) => waiting::show(ui, cx, running),
        SignIn::In(account) => {
            account::show(ui, cx, form, account);
            signed_in(ui, cx, form);
        }
    }
}

fn signed_in(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm) {
    match (&form.subscriptions, &form.listing) {
        (Reads::Not | Reads::Running(_), _) => {
            middle(ui, |ui| under_way(ui, cx, "azure-subscriptions-reading"));
        }
        (Reads::Failed(error), _) => {
            error::show(ui, cx, error, Some(("azure-read-again", AzureAction::ReadSubscriptions)));
        }
        (Reads::Done(all), None) if all.list.is_empty() => {
            below::problems(ui, cx, form);
            let text = ["azure-no-subscriptions", "azure-no-subscriptions-text"];
            middle(ui, |ui| {
                said(ui, cx, text[0], Some(text[1]));
                if widget::link(ui, &cx.texts.get("azure-read-again")).clicked() {
                    act(cx, AzureAction::ReadSubscriptions);
                }
            });
        }
        (Reads::Done(_), None) => {
            below::problems(ui, cx, form);
            middle(ui, |ui| said(ui, cx, "azure-choose-text", None));
        }
        (Reads::Done(_), Some(listing)) => listed(ui, cx, form, listing),
    }
}

fn listed(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm, listing: &Listing) {
    if let Reading::Failed(error) = &listing.reading {
        error::show(ui, cx, error, Some(("azure-read-again", AzureAction::ReadAgain)));
        if listing.found.is_empty() {
            return;
        }
    }
    let is_done = matches!(listing.reading, Reading::Done | Reading::Stopped);
    if is_done && listing.found.is_empty() {
        below::problems(ui, cx, form);
        let (title, text) = match listing.reading {
            Reading::Stopped => ("azure-nothing-yet", None),
            _ if !listing.problems.is_empty() => ("azure-nothing-read", None),
            _ => ("azure-empty", Some("azure-empty-text")),
        };
        middle(ui, |ui| said(ui, cx, title, text));
        return below::progress(ui, cx, listing);
    }
    below::failures(ui, cx, listing);
    list::filter(ui, cx, listing);
    let needs_room = form.problems_open || listing.failed().next().is_some();
    list::show(ui, cx, listing, needs_room);
    below::progress(ui, cx, listing);
    below::problems(ui, cx, form);
}

/// How many Create adds.
pub(super) fn count(cx: &Cx<'_>, form: &AzureForm) -> usize {
    let listing = form.account().and(form.listing.as_ref());
    listing.map_or(0, |listing| listing.chosen(|id| is_there(cx, id)).count())
}

fn is_there(cx: &Cx<'_>, id: &ConnectionId) -> bool {
    cx.state.connection(id).is_some()
}

fn act(cx: &mut Cx<'_>, action: AzureAction) {
    cx.act(Action::Azure(action));
}

/// Something in the middle of the room that the list takes otherwise.
fn middle(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space(72.0);
        ui.spacing_mut().item_spacing.y = 6.0;
        content(ui);
        ui.add_space(72.0);
    });
}

fn under_way(ui: &mut Ui, cx: &Cx<'_>, key: &'static str) {
    widget::spinner(ui, cx.palette.dim);
    let label = widget::label(ui, &cx.texts.get(key), regular(TEXT), cx.palette.dim);
    widget::speak(&label);
}

fn said(ui: &mut Ui, cx: &Cx<'_>, title: &'static str, text: Option<&'static str>) {
    let label = widget::label(ui, &cx.texts.get(title), semibold(TEXT), cx.palette.text);
    widget::speak(&label);
    if let Some(text) = text {
        ui.set_max_width(ui.available_width().min(460.0));
        widget::wrapped(ui, &cx.texts.get(text), regular(SMALL), cx.palette.dim);
    }
}
