//! "New hybrid connections": the two ways to add some.

use egui::{RichText, Ui};

use super::super::Cx;
use super::{azure, cancel_button, check, frame, needs_service, paste, send_buttons};
use crate::gui::state::{Entry, Listing, NewForm, NewTab, Phase};
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};

const WIDTH: f32 = 800.0;
/// Where there is less room, the buttons have a line of their own.
const NARROW: f32 = 700.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, form: &NewForm) {
    let title = cx.texts.get("new-title");
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, form), |ui, cx| buttons(ui, cx, form));
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, form: &NewForm) {
    let names = [cx.texts.get("select-with-azure"), cx.texts.get("use-connection-string")];
    let chosen = usize::from(form.tab == NewTab::ConnectionString);
    // What comes of it is told in the tab that has sent it.
    let tabs = ui.add_enabled_ui(!form.is_sent(), |ui| {
        widget::segmented(ui, "new-tabs", &[&names[0], &names[1]], chosen)
    });
    if let Some(place) = tabs.inner {
        let tab = if place == 0 { NewTab::Azure } else { NewTab::ConnectionString };
        cx.act(Action::New(tab));
    }
    ui.add_space(2.0);
    match form.tab {
        NewTab::Azure => azure::body(ui, cx, &form.azure),
        NewTab::ConnectionString => connection_string(ui, cx, form),
    }
}

fn connection_string(ui: &mut Ui, cx: &mut Cx<'_>, form: &NewForm) {
    paste::field(ui, cx, &form.text, form.phase == Phase::Editing, 4);
    ui.add_space(2.0);
    if form.entries.len() > 1 {
        summary(ui, cx, form);
    }
    // What is to be mended comes first, however many are in order.
    let mut places: Vec<usize> = (0..form.entries.len()).collect();
    places.sort_by_key(|place| form.entries[*place].parsed.is_ok());
    for place in places {
        entry(ui, cx, form, place);
    }
    let help = cx.texts.get("new-help");
    widget::wrapped(ui, &help, regular(TEXT), cx.palette.dim);
    let help = cx.texts.get("new-help-several");
    widget::wrapped(ui, &help, regular(TEXT), cx.palette.dim);
}

fn summary(ui: &mut Ui, cx: &Cx<'_>, form: &NewForm) {
    let bad = form.entries.iter().filter(|entry| entry.parsed.is_err()).count();
    let good = form.entries.len() - bad;
    let mut text = cx.texts.with("new-found", &[("count", good.into())]);
    if bad > 0 {
        text.push_str(" · ");
        text.push_str(&cx.texts.with("new-found-bad", &[("count", bad.into())]));
    }
    widget::label(ui, &text, semibold(TEXT), cx.palette.text);
}

fn entry(ui: &mut Ui, cx: &mut Cx<'_>, form: &NewForm, place: usize) {
    let Entry { line, parsed } = &form.entries[place];
    let several = form.entries.len() > 1;
    let at_line = cx.texts.with("new-line", &[("line", (*line).into())]);
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let text = cx.texts.paste_error(error);
            return paste::found(ui, cx, Tone::Bad, |ui, cx| {
                let text = if several { cx.texts.more_about(&at_line, &text) } else { text };
                widget::wrapped(ui, &text, regular(TEXT), cx.palette.strong(Tone::Bad));
            });
        }
    };
    let is_there = cx.state.connection(&parsed.string.id).is_some();
    let already = is_there && parsed.added.is_none();
    let repeated = form.is_repeated(place);
    let tone = if already || repeated { Tone::Warn } else { check::tone(parsed) };
    paste::found(ui, cx, tone, |ui, cx| {
        if several {
            let text = RichText::new(&at_line).font(regular(SMALL)).color(cx.palette.dim);
            ui.label(text);
        }
        check::lines(ui, cx, parsed);
        let note = |ui: &mut Ui, tone, text: &str| {
            widget::wrapped(ui, text, semibold(TEXT), cx.palette.strong(tone));
        };
        match &parsed.added {
            Some(Ok(())) => note(ui, Tone::Ok, &cx.texts.get("new-added")),
            Some(Err(failure)) => note(ui, Tone::Bad, &failure.0),
            None if repeated => note(ui, Tone::Warn, &cx.texts.get("new-repeated")),
            None if already => note(ui, Tone::Warn, &cx.texts.get("new-already")),
            None => {}
        }
        if already && parsed.added.is_none() && !several {
            let name = cx.texts.get("update");
            if widget::button(ui, Kind::Plain, &name, true).clicked() {
                cx.act(Action::AskUpdate(parsed.string.id.clone()));
            }
        }
    });
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, form: &NewForm) {
    if ui.available_width() >= NARROW {
        note(ui, cx, form);
        return send(ui, cx, form);
    }
    ui.vertical(|ui| {
        note(ui, cx, form);
        ui.horizontal(|ui| send(ui, cx, form));
    });
}

/// What is to be known before something is sent.
fn note(ui: &mut Ui, cx: &Cx<'_>, form: &NewForm) {
    needs_service(ui, cx);
    if cx.state.may_manage() && form.tab == NewTab::Azure {
        let text = cx.texts.get("azure-not-stored");
        widget::label(ui, &text, regular(TEXT), cx.palette.dim);
    }
}

fn send(ui: &mut Ui, cx: &mut Cx<'_>, form: &NewForm) {
    let is_azure = form.tab == NewTab::Azure;
    // Signing in comes first, and has the one accent of the dialog.
    if is_azure && form.azure.account().is_none() {
        return cancel_button(ui, cx);
    }
    let count = if is_azure {
        azure::count(cx, &form.azure)
    } else {
        form.creatable(|id| cx.state.connection(id).is_some()).len()
    };
    let is_sent = form.is_sent();
    let progress = form.azure.listing.as_ref().map(Listing::progress);
    let name = match (is_sent, count) {
        (true, _) => match progress.filter(|(_, total)| is_azure && *total > 1) {
            Some((done, total)) => {
                let values = [("done", done.into()), ("total", total.into())];
                cx.texts.with("azure-creating", &values)
            }
            None => cx.texts.get("creating").to_string(),
        },
        (false, 0 | 1) => cx.texts.get("create").to_string(),
        (false, _) => cx.texts.with("create-several", &[("count", count.into())]),
    };
    send_buttons(ui, cx, is_sent, &name, count > 0, Action::Create);
}
