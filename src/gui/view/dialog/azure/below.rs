//! Around the list: how far it is, what could not be read, and what was not added.

use egui::{Rect, Sense, Ui, WidgetInfo, vec2};
use jiff::SignedDuration;

use super::super::super::Cx;
use super::super::paste;
use super::{act, error, is_there};
use crate::azure::{AzureError, FoundConnection, Unread};
use crate::gui::state::{AzureForm, Listing, NotAdded, Reading, Reads, wants_tenant};
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::{Action, AzureAction};
use crate::gui::widget::{self, Icon};

/// Failures that are told one by one.
const MOST: usize = 3;
const BAR: egui::Vec2 = vec2(220.0, 6.0);

/// How far the reading is, or what came of it.
pub(super) fn progress(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let (read, total) = listing.namespaces;
        let values = [("read", read.into()), ("total", total.into())];
        match &listing.reading {
            Reading::Running { pause_until } => {
                let pause = pause_until.and_then(|until| cx.texts.until(until, cx.now));
                let text = match (pause, total) {
                    (Some(left), _) => cx.texts.with("azure-pause", &[("left", left.into())]),
                    (None, 0) => cx.texts.get("azure-looking").to_string(),
                    (None, _) => cx.texts.with("azure-reading", &values),
                };
                if let Some(until) = pause_until.filter(|until| *until > cx.now) {
                    let into_second = until.duration_since(cx.now).subsec_nanos().max(1);
                    cx.again_at(cx.now + SignedDuration::from_nanos(i64::from(into_second)));
                }
                if total == 0 {
                    widget::spinner(ui, cx.palette.dim);
                } else {
                    bar(ui, cx, listing, &text);
                }
                widget::label(ui, &text, regular(TEXT), cx.palette.dim);
                if widget::link(ui, &cx.texts.get("azure-stop-reading")).clicked() {
                    act(cx, AzureAction::StopReading);
                }
            }
            Reading::Stopped => {
                told(ui, cx, &cx.texts.with("azure-stopped", &values));
                again(ui, cx, listing);
            }
            Reading::Done => {
                let count = [("count", listing.found.len().into())];
                let mut text = cx.texts.with("azure-read", &count);
                let chosen = listing.chosen(|id| is_there(cx, id)).count();
                if chosen > 0 {
                    text.push_str(" · ");
                    text += &cx.texts.with("azure-selected", &[("count", chosen.into())]);
                }
                told(ui, cx, &text);
                again(ui, cx, listing);
            }
            Reading::Failed(_) => {}
        }
    });
}

fn told(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    let label = widget::label(ui, text, regular(TEXT), cx.palette.dim);
    widget::speak(&label);
}

fn again(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing) {
    ui.add_enabled_ui(!listing.is_creating(), |ui| {
        if widget::link(ui, &cx.texts.get("azure-read-again")).clicked() {
            act(cx, AzureAction::ReadAgain);
        }
    });
}

fn bar(ui: &mut Ui, cx: &Cx<'_>, listing: &Listing, text: &str) {
    let (rect, response) = ui.allocate_exact_size(BAR, Sense::hover());
    let (read, total) = listing.namespaces;
    #[expect(clippy::cast_precision_loss, reason = "namespaces are counted in hundreds")]
    let part = (read as f32 / total.max(1) as f32).clamp(0.0, 1.0);
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from(part)),
        ..WidgetInfo::labeled(egui::Role::ProgressIndicator, true, text)
    });
    ui.painter().rect_filled(rect, 3.0, cx.palette.hover);
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * part, rect.height()));
    ui.painter().rect_filled(done, 3.0, cx.palette.accent);
}

/// Tenants and namespaces that could not be read: a line that opens.
pub(super) fn problems(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm) {
    let tenants = match &form.subscriptions {
        Reads::Done(all) => all.problems.as_slice(),
        _ => &[],
    };
    let namespaces = form.listing.as_ref().map_or(&[][..], |listing| &listing.problems);
    let count = tenants.len() + namespaces.len();
    if count == 0 {
        return;
    }
    ui.horizontal(|ui| {
        let side = vec2(14.0, 17.0);
        let (rect, _) = ui.allocate_exact_size(side, Sense::hover());
        let color = cx.palette.strong(Tone::Warn);
        widget::paint_icon(ui.painter(), Icon::Warning, rect.center(), 13.0, color);
        let text = cx.texts.with("azure-not-read", &[("count", count.into())]);
        let label = widget::label(ui, &text, regular(TEXT), color);
        widget::speak(&label);
        let key = if form.problems_open { "azure-not-read-hide" } else { "azure-not-read-show" };
        if widget::link(ui, &cx.texts.get(key)).clicked() {
            act(cx, AzureAction::ShowProblems(!form.problems_open));
        }
    });
    if !form.problems_open {
        return;
    }
    for (what, error) in tenants {
        let name = match what {
            Unread::Tenants => cx.texts.get("azure-not-read-tenants").to_string(),
            Unread::Tenant { name, .. } => {
                cx.texts.with("azure-not-read-tenant", &[("name", name.as_str().into())])
            }
        };
        let tenant = match what {
            Unread::Tenant { id, .. } => id.as_deref().filter(|_| wants_tenant(error)),
            Unread::Tenants => None,
        };
        problem(ui, cx, &name, error, tenant);
    }
    for (namespace, error) in namespaces {
        let name = [("name", namespace.name.as_str().into())];
        problem(ui, cx, &cx.texts.with("azure-not-read-namespace", &name), error, None);
    }
}

/// One of them. A sign-in to `tenant` mends it.
fn problem(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, error: &AzureError, tenant: Option<&str>) {
    paste::found(ui, cx, Tone::Warn, |ui, cx| {
        widget::wrapped(ui, name, semibold(TEXT), cx.palette.strong(Tone::Warn));
        let text = cx.texts.azure_error(error);
        widget::selectable(ui, &text, regular(SMALL), cx.palette.text);
        ui.horizontal(|ui| {
            if let Some(tenant) = tenant {
                error::sign_in_to(ui, cx, tenant.to_owned());
            }
            error::copy(ui, cx, &cx.texts.more_about(name, &text));
        });
    });
}

/// What was not added, each with its reason.
pub(super) fn failures(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing) {
    let failed: Vec<_> = listing.failed().collect();
    if failed.is_empty() || listing.is_creating() {
        return;
    }
    let told = |(one, why): &(&FoundConnection, &NotAdded), cx: &Cx<'_>| {
        cx.texts.more_about(&one.name, &cx.texts.not_added_long(why))
    };
    paste::found(ui, cx, Tone::Bad, |ui, cx| {
        let color = cx.palette.strong(Tone::Bad);
        let text = cx.texts.with("azure-not-added", &[("count", failed.len().into())]);
        let label = widget::wrapped(ui, &text, semibold(TEXT), color);
        widget::speak(&label);
        // There may be hundreds, and each has a long text.
        for one in failed.iter().take(MOST) {
            widget::selectable(ui, &told(one, cx), regular(SMALL), cx.palette.text);
        }
        if failed.len() > MOST {
            let more = [("count", (failed.len() - MOST).into())];
            let text = cx.texts.with("azure-not-added-more", &more);
            widget::label(ui, &text, regular(SMALL), cx.palette.text);
        }
        ui.horizontal(|ui| {
            let of_azure = failed.iter().filter_map(|(_, why)| match why {
                NotAdded::Azure(error) => Some(error),
                _ => None,
            });
            error::sign_in_again(ui, cx, &of_azure.collect::<Vec<_>>());
            if widget::button(ui, widget::Kind::Plain, &cx.texts.get("azure-copy-error"), true)
                .clicked()
            {
                let all: Vec<String> = failed.iter().map(|one| told(one, cx)).collect();
                cx.act(Action::Copy(all.join("\n")));
            }
        });
    });
}
