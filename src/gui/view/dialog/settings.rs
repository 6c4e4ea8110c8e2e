//! The settings of the window, which change at once, and those of the service.

use egui::{ComboBox, Id, Ui};

use super::super::Cx;
use super::{frame, paste};
use crate::gui::state::{SettingsForm, SettingsLoad, ThemeChoice};
use crate::gui::text::{Language, LanguageChoice};
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::{Action, CA_SETTING};
use crate::gui::widget::{self, Kind};
use crate::model::CloudName;
use crate::model::proxies::ProxySource;

const WIDTH: f32 = 620.0;
const FIELD: f32 = 340.0;
/// The setting with the proxy.
const PROXY_SETTING: &str = "network.proxy";
/// The setting that names the cloud.
const CLOUD_SETTING: &str = "azure.cloud";
/// The setting that lets every account read the status, and its values.
const STATUS_SETTING: &str = "service.status_for_all";
const ON: &str = "on";
const OFF: &str = "off";
/// The setting that says which releases are wanted, and its values.
const CHANNEL_SETTING: &str = "upgrade.channel";
const CHANNELS: [&str; 2] = ["stable", "preview"];
/// The setting with the form of the log's lines, and its values.
const FORMAT_SETTING: &str = "log.format";
const FORMATS: [&str; 2] = ["text", "json"];
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    let title = cx.texts.get("settings");
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, form), |ui, cx| buttons(ui, cx, form));
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    heading(ui, cx, "settings-window");
    language(ui, cx);
    theme(ui, cx);
    autostart(ui, cx, form);
    ui.add_space(10.0);
    heading(ui, cx, "settings-service");
    match &form.load {
        _ if cx.state.reads_only() => {
            widget::wrapped(
                ui,
                &cx.texts.read_only(cx.state.standing),
                regular(TEXT),
                cx.palette.dim,
            );
        }
        SettingsLoad::Loading => {
            let key = if cx.state.is_attached() { "settings-loading" } else { "needs-service" };
            widget::label(ui, &cx.texts.get(key), regular(TEXT), cx.palette.dim);
        }
        SettingsLoad::Failed(reason) => paste::found(ui, cx, Tone::Bad, |ui, cx| {
            widget::wrapped(ui, reason, regular(TEXT), cx.palette.strong(Tone::Bad));
            let again = cx.texts.get("azure-settings-again");
            if widget::button(ui, Kind::Plain, &again, cx.state.is_attached()).clicked() {
                cx.act(Action::OpenSettings);
            }
        }),
        SettingsLoad::Loaded => {
            service(ui, cx, form);
            // An older service does not know them.
            if form.saved.contains_key(CLOUD_SETTING) {
                ui.add_space(10.0);
                heading(ui, cx, "settings-azure");
                sign_in(ui, cx, form);
            }
        }
    }
}

fn heading(ui: &mut Ui, cx: &Cx<'_>, key: &'static str) {
    widget::label(ui, &cx.texts.get(key), semibold(TEXT), cx.palette.text);
}

/// A label at the left, and what is chosen at the right.
fn row(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    key: &'static str,
    content: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    const LABEL: f32 = 190.0;
    ui.horizontal(|ui| {
        let size = egui::vec2(LABEL, 32.0);
        let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let label = cx.texts.get(key);
        widget::cell(ui.painter(), rect, &label, regular(TEXT), cx.palette.text, egui::Align::Min);
        content(ui, cx);
    });
}

fn language(ui: &mut Ui, cx: &mut Cx<'_>) {
    row(ui, cx, "settings-language", |ui, cx| {
        let chosen = cx.state.preferences.language;
        let name = |choice: LanguageChoice| match choice {
            LanguageChoice::System => cx.texts.get("as-system").to_string(),
            LanguageChoice::English => Language::English.own_name().to_owned(),
            // Without a font for it, its own name is a row of boxes.
            LanguageChoice::Chinese if !cx.state.has_chinese_font() => {
                cx.texts.get("language-chinese").to_string()
            }
            LanguageChoice::Chinese => Language::Chinese.own_name().to_owned(),
        };
        let choices = [LanguageChoice::System, LanguageChoice::English, LanguageChoice::Chinese];
        let names = choices.map(name);
        let label = cx.texts.get("settings-language");
        let place = choices.iter().position(|choice| *choice == chosen).unwrap_or(0);
        if let Some(place) = combo(ui, "language", &label, &names, place) {
            cx.act(Action::Language(choices[place]));
        }
    });
    let wants_chinese = cx.state.preferences.language == LanguageChoice::Chinese;
    if wants_chinese && !cx.state.has_chinese_font() {
        let text = cx.texts.get("no-chinese-font");
        widget::wrapped(ui, &text, regular(SMALL), cx.palette.strong(Tone::Warn));
    }
}

fn theme(ui: &mut Ui, cx: &mut Cx<'_>) {
    row(ui, cx, "settings-theme", |ui, cx| {
        let choices = [ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark];
        let names = ["as-system", "theme-light", "theme-dark"].map(|key| cx.texts.get(key));
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let chosen = cx.state.preferences.theme;
        let place = choices.iter().position(|choice| *choice == chosen).unwrap_or(0);
        if let Some(place) = widget::segmented(ui, "theme", &names, place) {
            cx.act(Action::Theme(choices[place]));
        }
    });
}

fn autostart(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    let Some(mut on) = form.autostart else { return };
    if ui.checkbox(&mut on, &*cx.texts.get("settings-autostart")).changed() {
        cx.act(Action::Autostart(on));
    }
}

fn service(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    text_setting(ui, cx, form, PROXY_SETTING, "settings-proxy", "settings-proxy-hint");
    proxy_in_use(ui, cx, form);
    ca_setting(ui, cx, form);
    row(ui, cx, "settings-log-level", |ui, cx| {
        let names = LEVELS.map(str::to_owned);
        let chosen = form.field("log.level");
        let place = LEVELS.iter().position(|level| *level == chosen).unwrap_or(2);
        let label = cx.texts.get("settings-log-level");
        if let Some(place) = combo(ui, "log-level", &label, &names, place) {
            cx.act(Action::SettingField("log.level".to_owned(), LEVELS[place].to_owned()));
        }
    });
    error(ui, cx, form, "log.level");
    let levels = ["settings-log-connections", "settings-log-connections-hint"];
    text_setting(ui, cx, form, "log.connections", levels[0], levels[1]);
    two_values(ui, cx, form, FORMAT_SETTING, "settings-log-json", FORMATS);
    text_setting(ui, cx, form, "log.keep_files", "settings-keep-files", "");
    text_setting(ui, cx, form, "service.drain_seconds", "settings-drain", "");
    two_values(ui, cx, form, STATUS_SETTING, "settings-status-for-all", [OFF, ON]);
    text_setting(ui, cx, form, "metrics.listen", "settings-metrics", "settings-metrics-hint");
    text_setting(ui, cx, form, "upgrade.feed", "settings-feed", "settings-feed-hint");
    two_values(ui, cx, form, CHANNEL_SETTING, "settings-preview", CHANNELS);
}

/// Which proxy is used where none is set here, and who names it.
fn proxy_in_use(ui: &mut Ui, cx: &Cx<'_>, form: &SettingsForm) {
    let service = cx.state.snapshot.as_ref().map(|snapshot| &snapshot.service);
    let Some(used) = service.and_then(|service| service.proxy.as_deref()) else { return };
    let key = match used.source {
        ProxySource::Environment => "settings-proxy-of-environment",
        ProxySource::System => "settings-proxy-of-system",
        ProxySource::Setting | ProxySource::Nobody => return,
    };
    if let (Some(proxy), "") = (&used.proxy, form.field(PROXY_SETTING).trim()) {
        let values = [("proxy", proxy.as_str().into()), ("place", used.place.as_str().into())];
        widget::wrapped(ui, &cx.texts.with(key, &values), regular(SMALL), cx.palette.dim);
    }
}

/// A setting that has the first of two values or, where the box is checked, the second.
fn two_values(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &SettingsForm,
    name: &'static str,
    label: &'static str,
    [no, yes]: [&str; 2],
) {
    // An older service does not know every setting.
    if form.saved.contains_key(name) {
        let mut on = form.field(name) == yes;
        if ui.checkbox(&mut on, &*cx.texts.get(label)).changed() {
            let value = if on { yes } else { no };
            cx.act(Action::SettingField(name.to_owned(), value.to_owned()));
        }
        error(ui, cx, form, name);
    }
}

/// How people sign in to Azure.
fn sign_in(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    let clouds = CloudName::ALL;
    let chosen = form.field(CLOUD_SETTING);
    let place = clouds.iter().position(|cloud| cloud.as_str() == chosen).unwrap_or(0);
    row(ui, cx, "azure-cloud", |ui, cx| {
        let names = clouds.map(|cloud| cx.texts.cloud(cloud, ""));
        let label = cx.texts.get("azure-cloud");
        if let Some(place) = combo(ui, "cloud", &label, &names, place) {
            let value = clouds[place].as_str().to_owned();
            cx.act(Action::SettingField(CLOUD_SETTING.to_owned(), value));
        }
    });
    error(ui, cx, form, CLOUD_SETTING);
    if form.is_custom_cloud() {
        let hint = "settings-address-hint";
        text_setting(ui, cx, form, "azure.authority", "settings-authority", hint);
        let label = "settings-resource-manager";
        text_setting(ui, cx, form, "azure.resource_manager", label, hint);
        let audience = ["settings-audience", "settings-audience-hint"];
        text_setting(ui, cx, form, "azure.audience", audience[0], audience[1]);
        text_setting(ui, cx, form, "azure.portal", "settings-portal", hint);
    }
    let client_id = ["settings-client-id", "settings-client-id-hint"];
    text_setting(ui, cx, form, "azure.client_id", client_id[0], client_id[1]);
    let tenant = ["settings-tenant", "settings-tenant-hint"];
    text_setting(ui, cx, form, "azure.tenant", tenant[0], tenant[1]);
}

fn ca_setting(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    row(ui, cx, "settings-ca", |ui, cx| {
        let choose = cx.texts.get("choose-file");
        field(ui, cx, form, CA_SETTING, "settings-ca", "settings-ca-hint", FIELD - 90.0);
        if widget::button(ui, Kind::Plain, &choose, true).clicked() {
            cx.act(Action::ChooseCaFile);
        }
    });
    error(ui, cx, form, CA_SETTING);
}

fn text_setting(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &SettingsForm,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
) {
    // An older service does not know every setting.
    if form.saved.contains_key(name) {
        row(ui, cx, label, |ui, cx| field(ui, cx, form, name, label, hint, FIELD));
        error(ui, cx, form, name);
    }
}

fn field(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &SettingsForm,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    width: f32,
) {
    let mut text = form.field(name).to_owned();
    let hint = if hint.is_empty() { "".into() } else { cx.texts.get(hint) };
    let id = Id::unique(("setting", name));
    let response = ui.scope(|ui| widget::text_field(ui, &mut text, id, &hint, width)).inner;
    let response = response.accessible_name(cx.texts.get(label).to_string());
    if response.changed() {
        cx.act(Action::SettingField(name.to_owned(), text));
    }
}

fn error(ui: &mut Ui, cx: &Cx<'_>, form: &SettingsForm, name: &str) {
    if let Some(error) = form.errors.get(name) {
        widget::wrapped(ui, error, regular(SMALL), cx.palette.strong(Tone::Bad));
    }
}

/// A list to choose from; the place of what was chosen.
fn combo(ui: &mut Ui, id: &str, label: &str, names: &[String], chosen: usize) -> Option<usize> {
    let mut clicked = None;
    let shown =
        ComboBox::from_id_salt(id).selected_text(names[chosen].as_str()).show_ui(ui, |ui| {
            for (place, name) in names.iter().enumerate() {
                if ui.selectable_label(place == chosen, name.as_str()).clicked() {
                    clicked = Some(place);
                }
            }
        });
    shown.response.accessible_name(label);
    clicked
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, form: &SettingsForm) {
    if widget::link(ui, &cx.texts.get("about-open")).clicked() {
        cx.act(Action::OpenAbout);
    }
    widget::at_right(ui, "dialog-buttons", |ui| {
        let is_changed = !form.changes().is_empty();
        let key = if is_changed { "cancel" } else { "close" };
        if widget::button(ui, Kind::Plain, &cx.texts.get(key), true).clicked() {
            cx.act(Action::CloseDialog);
        }
        let enabled = is_changed && form.saving == 0 && cx.state.may_manage();
        if widget::button(ui, Kind::Primary, &cx.texts.get("save"), enabled).clicked() {
            cx.act(Action::SaveSettings);
        }
    });
}
