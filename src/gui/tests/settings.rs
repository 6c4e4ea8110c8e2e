//! The settings: those of the window, which change at once, and those of the service.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Key, Modifiers};

use super::chinese;
use super::harness::{Opening, Window, now};
use crate::gui::backend::{News, Refusal};
use crate::gui::state::{Link, LinkProblem, ThemeChoice};
use crate::ipc::protocol::Request;
use crate::model::proxies::ProxySource;
use crate::model::{CloudName, ProxyUse, VERSION};

fn open() -> Window {
    open_settings(Opening { foreign_characters: true, ..Opening::new() })
}

fn open_settings(opening: Opening) -> Window {
    let mut window = opening.open();
    window.chord(Modifiers::COMMAND, Key::Comma);
    window
}

fn choose_chinese(window: &mut Window) {
    window.click(&window.text("settings-language"));
    window.click_last("简体中文");
}

/// Puts `text` into the field called `name`.
fn fill(window: &mut Window, name: &str, text: &str) {
    window.click(name);
    window.chord(Modifiers::COMMAND, Key::A);
    window.paste(text);
}

#[test]
fn another_language_is_shown_at_once_and_remembered() {
    let mut window = open();
    chinese::install(window.ctx());
    choose_chinese(&mut window);
    let chosen = window.thing(&window.text("settings-language")).value;
    assert_eq!(chosen.as_deref(), Some("简体中文"));
    assert_eq!(window.texts().language(), crate::gui::text::Language::Chinese);
    assert!(window.has(&window.text("close")));
    assert!(window.desk.asked().last().unwrap().contains("language: Chinese"));
    assert!(!window.says(&window.text("no-chinese-font")));
}

#[test]
fn without_a_font_for_it_chinese_is_explained_and_not_shown_as_boxes() {
    let mut window = open();
    choose_chinese(&mut window);
    assert!(window.says(&window.text("no-chinese-font")));
    assert_eq!(window.texts().language(), crate::gui::text::Language::English);
}

#[test]
fn light_and_dark_change_at_once() {
    let mut window = open();
    for (key, choice, is_dark) in
        [("theme-dark", ThemeChoice::Dark, true), ("theme-light", ThemeChoice::Light, false)]
    {
        window.click(&window.text(key));
        assert_eq!(window.state().preferences.theme, choice);
        assert_eq!(window.ctx().theme() == egui::Theme::Dark, is_dark);
        assert!(window.thing(&window.text(key)).selected);
    }
    assert!(window.desk.asked().last().unwrap().contains("theme: Light"));
}

#[test]
fn the_start_at_login_is_asked_and_set() {
    let mut window = open();
    let name = window.text("settings-autostart");
    assert!(!window.thing(&name).selected);
    window.click(&name);
    assert!(window.thing(&name).selected);
    window.tell(News::Autostart(Err("the folder is read-only".to_owned())));
    assert!(window.says("the folder is read-only"));
}

#[test]
fn a_value_that_is_refused_is_explained_at_its_field() {
    let mut window = open();
    let (proxy, save) = (window.text("settings-proxy"), window.text("save"));
    assert!(!window.thing(&save).enabled, "nothing is changed yet");
    fill(&mut window, &proxy, "ftp://proxy.example.com");
    window.click(&save);
    let explained = window.things().into_iter().find(|thing| {
        thing.role == Role::Label && thing.name.to_lowercase().contains("proxy must")
            || thing.name.contains("http://")
    });
    let explained = explained.unwrap_or_else(|| panic!("no reason in:\n{}", window.dump()));
    let field = window.thing(&proxy);
    assert_eq!(field.value.as_deref(), Some("ftp://proxy.example.com"), "it can be mended");
    let below = explained.rect.top() - field.rect.bottom();
    assert!((-8.0..40.0).contains(&below), "{below} below its field");
    fill(&mut window, &proxy, "http://proxy.example.com:8080");
    assert!(!window.says(&explained.name), "what is being mended is no longer wrong");
    window.click(&save);
    assert!(window.state().dialog.is_none());
    assert!(window.says(&window.text("settings-saved")));
    assert!(window.thing(&window.text("table")).focused);
    window.chord(Modifiers::COMMAND, Key::Comma);
    assert_eq!(window.thing(&proxy).value.as_deref(), Some("http://proxy.example.com:8080"));
}

#[test]
fn one_that_is_refused_does_not_take_back_the_others() {
    let mut window = open();
    window.desk.refuse(|request| match request {
        Request::SetSetting { name, .. } if name == "network.extra_ca_certificates" => {
            Some(Refusal::TimedOut)
        }
        _ => None,
    });
    window.tell(News::CaFile(Some(PathBuf::from("/etc/ssl/corp.pem"))));
    assert_eq!(
        window.thing(&window.text("settings-ca")).value.as_deref(),
        Some("/etc/ssl/corp.pem")
    );
    let drain = window.text("settings-drain");
    fill(&mut window, &drain, "45");
    window.click(&window.text("save"));
    assert!(window.says(&window.text("answer-timed-out")));
    window.desk.refuse(|_| None);
    window.desk.forget();
    window.click(&window.text("save"));
    let asked = window.desk.asked();
    assert!(asked.len() == 1 && asked[0].contains("extra_ca"), "{asked:?}");
    assert!(window.state().dialog.is_none());
}

#[test]
fn the_log_level_is_chosen_from_a_list() {
    let mut window = open();
    window.click(&window.text("settings-log-level"));
    window.click("debug");
    window.click(&window.text("save"));
    let asked = window.desk.asked();
    assert!(asked.iter().any(|it| it.contains("SetSetting") && it.contains("debug")), "{asked:?}");
}

#[test]
fn single_connections_log_at_levels_of_their_own_and_for_programs() {
    let mut window = open();
    let levels = window.text("settings-log-connections");
    fill(&mut window, &levels, "contoso/sql=debug");
    window.click(&window.text("settings-log-json"));
    window.click(&window.text("save"));
    let asked = window.desk.asked();
    for (name, value) in [("log.connections", "contoso/sql=debug"), ("log.format", "json")] {
        assert!(asked.iter().any(|it| it.contains(name) && it.contains(value)), "{asked:?}");
    }
}

#[test]
fn a_file_that_was_not_chosen_changes_nothing() {
    let mut window = open();
    window.click(&window.text("choose-file"));
    assert_eq!(window.desk.asked().last().unwrap(), "ChooseCaFile");
    window.tell(News::CaFile(None));
    assert!(!window.thing(&window.text("save")).enabled);
}

#[test]
fn without_the_service_its_settings_wait_for_it() {
    let mut window = Opening { foreign_characters: true, ..Opening::new() }.open();
    let problem = LinkProblem::NotRunning;
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.desk.refuse(|_| Some(Refusal::Lost));
    window.chord(Modifiers::COMMAND, Key::Comma);
    assert!(window.has(&window.text("theme-dark")), "the window's own are there");
    assert!(!window.has(&window.text("settings-proxy")));
    window.desk.refuse(|_| None);
    window.tell(News::Link(Link::managed(VERSION)));
    assert!(window.has(&window.text("settings-proxy")));
}

#[test]
fn the_proxy_that_is_in_use_is_told_while_none_is_set_here() {
    let mut opening = Opening::new();
    opening.snapshot.service.proxy = Some(Box::new(ProxyUse {
        proxy: Some("http://me:***@proxy.corp:3128".to_owned()),
        source: ProxySource::Environment,
        place: "HTTPS_PROXY".to_owned(),
        exceptions: Vec::new(),
    }));
    let mut window = opening.open();
    window.chord(Modifiers::COMMAND, Key::Comma);
    let told = "In use: http://me:***@proxy.corp:3128, from HTTPS_PROXY in the environment";
    assert!(window.says(told), "{}", window.dump());
    let proxy = window.text("settings-proxy");
    fill(&mut window, &proxy, "none");
    assert!(!window.says(told), "{}", window.dump());
}

#[test]
fn what_is_typed_survives_news_of_the_service() {
    let mut window = open();
    let proxy = window.text("settings-proxy");
    fill(&mut window, &proxy, "http://half.typed");
    let snapshot = Box::new(crate::gui::sample::snapshot(now()));
    window.tell(News::Push(crate::ipc::Push::Snapshot(snapshot)));
    assert_eq!(window.thing(&proxy).value.as_deref(), Some("http://half.typed"));
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());
}

#[test]
fn a_cloud_of_one_s_own_has_its_addresses() {
    let mut window = open();
    let authority = window.text("settings-authority");
    assert!(!window.has(&authority), "a named cloud has its own");
    window.click(&window.text("azure-cloud"));
    window.click(&window.text("cloud-custom"));
    window.desk.forget();
    window.click(&window.text("save"));
    assert!(window.says(&window.text("settings-needed")));
    assert!(window.desk.asked().is_empty(), "nothing is sent by half");
    fill(&mut window, &authority, "https://login.contoso.local");
    let manager = window.text("settings-resource-manager");
    fill(&mut window, &manager, "ftp://management.contoso.local");
    window.click(&window.text("save"));
    assert!(window.says("https:// address"), "{}", window.dump());
    fill(&mut window, &manager, "https://management.contoso.local");
    window.click(&window.text("save"));
    assert!(window.state().dialog.is_none());
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
    let cloud = window.texts().cloud(CloudName::Custom, "https://login.contoso.local");
    assert_eq!(window.thing(&window.text("azure-cloud")).value, Some(cloud));
}

#[test]
fn what_nobody_sees_is_not_sent() {
    let mut window = open();
    window.click(&window.text("azure-cloud"));
    window.click(&window.text("cloud-custom"));
    let authority = window.text("settings-authority");
    fill(&mut window, &authority, "ftp://login.contoso.local");
    window.click(&window.text("azure-cloud"));
    window.click_last(&window.text("cloud-public"));
    assert!(!window.thing(&window.text("save")).enabled, "nothing is changed");
    let drain = window.text("settings-drain");
    fill(&mut window, &drain, "46");
    window.desk.forget();
    window.click(&window.text("save"));
    let asked = window.desk.asked().join("\n");
    assert!(asked.contains("drain") && !asked.contains("authority"), "{asked}");
    assert!(window.state().dialog.is_none());
}
