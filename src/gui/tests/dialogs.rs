//! Every dialog opens where a person looks for it, and closes by Esc.

use egui::{Key, Modifiers};

use super::harness::{Opening, Window};
use crate::gui::backend::{GatewayNews, News};
use crate::gui::state::Dialog;
use crate::model::{FaultCode, Proxies, ProxyChoice, VERSION};
use crate::reach::firewall::{FirewallList, Found, Home};

type Open = fn(&mut Window);
type Is = fn(&Dialog) -> bool;

const DIALOGS: [(Open, Is); 10] = [
    (|window| window.click(&window.text("new")), |dialog| matches!(dialog, Dialog::New(_))),
    (
        |window| window.click(&window.text("settings")),
        |dialog| matches!(dialog, Dialog::Settings(_)),
    ),
    (
        |window| {
            window.click(&window.texts().with("about-version", &[("version", VERSION.into())]))
        },
        |dialog| matches!(dialog, Dialog::About),
    ),
    (|window| window.key(Key::F1), |dialog| matches!(dialog, Dialog::Shortcuts)),
    (
        |window| {
            window.key(Key::Escape);
            window.click(&window.text("diagnose"));
        },
        |dialog| matches!(dialog, Dialog::Diagnose(look) if look.connection.is_none()),
    ),
    (
        |window| {
            window.click_row("legacy-soap", Modifiers::NONE);
            window.click_last(&window.text("diagnose"));
        },
        |dialog| match dialog {
            Dialog::Diagnose(look) => {
                look.connection.as_ref().is_some_and(|id| id.name() == "legacy-soap")
            }
            _ => false,
        },
    ),
    (
        |window| {
            window.click_row("metrics", Modifiers::NONE);
            window.click(&window.text("firewall"));
        },
        |dialog| matches!(dialog, Dialog::Firewall(form) if form.id.name() == "metrics"),
    ),
    (
        |window| {
            window.click_row("legacy-soap", Modifiers::NONE);
            window.click(&window.text("update"));
        },
        |dialog| matches!(dialog, Dialog::Update(form) if form.id.name() == "legacy-soap"),
    ),
    (
        |window| {
            window.click_row("metrics", Modifiers::NONE);
            window.click(&window.text("remove"));
        },
        |dialog| matches!(dialog, Dialog::Remove(_)),
    ),
    (
        |window| {
            window.key(Key::F1);
            window.key(Key::Escape);
            window.click(&window.text("settings"));
            window.click(&window.text("about-open"));
            window.click(&window.text("upgrade-title"));
        },
        |dialog| matches!(dialog, Dialog::Upgrade),
    ),
];

#[test]
fn every_dialog_opens_and_closes_by_esc() {
    let mut window = Opening { foreign_characters: true, ..Opening::new() }.open();
    for (place, (open, is)) in DIALOGS.into_iter().enumerate() {
        open(&mut window);
        assert!(
            window.state().dialog.as_ref().is_some_and(is),
            "{place}: {:?}",
            window.state().dialog
        );
        window.key(Key::Escape);
        assert!(window.state().dialog.is_none(), "{place}");
        assert!(window.thing(&window.text("table")).focused, "{place}: the keyboard is back");
    }
}

#[test]
fn the_keyboard_stays_in_the_dialog() {
    let mut window = Opening { foreign_characters: true, ..Opening::new() }.open();
    for (place, (open, _)) in DIALOGS.into_iter().enumerate() {
        open(&mut window);
        let behind = [window.text("filter"), window.text("new"), window.text("table")];
        for _ in 0..14 {
            window.key(Key::Tab);
            let focused = window.things().into_iter().find(|thing| thing.focused);
            let focused = focused.map(|thing| thing.name).unwrap_or_default();
            assert!(!behind.contains(&focused), "{place}: {focused}");
        }
        window.key(Key::Escape);
        window.key(Key::Escape);
    }
}

#[test]
fn a_click_beside_a_dialog_does_not_lose_what_was_typed() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.type_text("Endpoint=");
    window.click_at(egui::pos2(20.0, 300.0), egui::PointerButton::Primary, Modifiers::NONE);
    assert!(matches!(&window.state().dialog, Some(Dialog::New(form)) if form.text.0.len() == 9));
}

/// The dialog with the list for firewalls, all of it known.
fn firewall() -> Window {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("firewall"));
    window
}

#[test]
fn the_firewall_list_has_every_gateway_and_can_be_copied_for_each_firewall() {
    let mut window = firewall();
    let counts = [
        ("stamp", "prod-am3-010".into()),
        ("total", 256_u64.into()),
        ("resolved", 128_u64.into()),
        ("unknown", 128_u64.into()),
        ("failed", 0_u64.into()),
        ("waiting", 0_u64.into()),
    ];
    assert!(window.tells("firewall-stamp", &counts), "{}", window.dump());
    assert!(window.tells("firewall-by-name", &[("wildcard", "*.servicebus.windows.net".into())]));
    for (name, part) in [
        ("CSV", "contoso-weu.servicebus.windows.net,namespace,TCP,443,203.0.113.200,resolved"),
        ("Windows Firewall", "New-NetFirewallRule -Name 'hybrid-connection-manager-contoso-weu'"),
        ("nftables", "add element inet filter hcm_contoso_weu_v4 {"),
        ("Azure Firewall", "\"gv127-prod-am3-010-sb.servicebus.windows.net\""),
        ("Text", "g127-prod-am3-010-sb.servicebus.windows.net"),
    ] {
        window.click(name);
        assert!(window.says(part), "{name}: {}", window.dump());
        window.click(&window.text("copy"));
        assert!(window.copied.as_deref().unwrap().contains(part), "{name}");
    }
}

#[test]
fn the_firewall_list_is_shown_as_it_becomes_known() {
    let mut window = firewall();
    let (run, list) = match &window.state().dialog {
        Some(Dialog::Firewall(form)) => (form.run, form.list.clone()),
        other => panic!("{other:?}"),
    };
    let tell = |window: &mut Window, run, news| {
        window.desk.tell(News::Gateways { run, news });
        window.settle();
    };
    // What an earlier search tells is not of this one.
    let nothing = FirewallList { home: Home::Unresolved, ..list };
    tell(&mut window, run - 1, GatewayNews::Begun(Box::new(nothing.clone())));
    assert!(window.says("prod-am3-010"));
    let failed = vec![(7, Found::TimedOut), (9, Found::Failed("server failure".to_owned()))];
    tell(&mut window, run, GatewayNews::Found(failed));
    let values =
        [("stamp", "prod-am3-010".into()), ("total", 256_u64.into()), ("failed", 2_u64.into())];
    assert!(window.tells("firewall-stamp-failed", &values), "{}", window.dump());
    assert!(window.says("(DNS did not answer in time)"));
    let unknown = (1..=256).map(|place| (place, Found::Unknown)).collect();
    tell(&mut window, run, GatewayNews::Found(unknown));
    let values = [("stamp", "prod-am3-010".into()), ("total", 256_u64.into())];
    assert!(window.tells("firewall-stamp-unknown", &values), "{}", window.dump());

    let mut nothing = nothing;
    nothing.hosts.truncate(1);
    nothing.take(0, Found::Unknown);
    let namespace = [("namespace", "contoso-weu.servicebus.windows.net".into())];
    tell(&mut window, run, GatewayNews::Begun(Box::new(nothing.clone())));
    assert!(window.tells("firewall-unknown", &namespace));
    window.click("nftables");
    assert!(window.says(&window.text("firewall-no-address")));
    nothing.take(0, Found::TimedOut);
    tell(&mut window, run, GatewayNews::Begun(Box::new(nothing)));
    assert!(window.tells("firewall-no-dns", &namespace));
}

#[test]
fn behind_a_proxy_the_firewall_list_says_who_needs_it() {
    let mut opening = Opening::new();
    let proxies = Proxies::of(&ProxyChoice::Through("proxy.corp:3128".parse().unwrap()));
    opening.snapshot.service.proxy = Some(Box::new(proxies.in_use()));
    let mut window = opening.open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("firewall"));
    let proxy = [("proxy", "http://proxy.corp:3128".into())];
    assert!(window.tells("firewall-proxy", &proxy), "{}", window.dump());
}

#[test]
fn a_firewall_list_is_saved_under_a_name_of_its_own() {
    let mut window = firewall();
    window.click("Azure Firewall");
    window.desk.forget();
    window.click(&window.text("save-as"));
    let asked = window.desk.asked();
    assert!(asked[0].starts_with("SaveText { name: \"firewall-contoso-weu.json\""), "{asked:?}");
    let told = |window: &mut Window, outcome| {
        window.desk.tell(News::Saved(outcome));
        window.settle();
    };
    told(&mut window, Ok(None));
    told(&mut window, Ok(Some("/tmp/firewall.json".into())));
    assert!(window.tells("file-saved", &[("path", "/tmp/firewall.json".into())]));
    told(&mut window, Err("disk full".to_owned()));
    assert!(window.tells("file-not-saved", &[("reason", "disk full".into())]));
}

#[test]
fn a_fault_is_explained_and_can_be_copied() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("explain-open"));
    let (code, texts) = (FaultCode::Unauthorized, window.texts());
    assert!(window.says(code.as_str()));
    for text in [texts.fault_cause(code), texts.fault_by_itself(code)] {
        assert!(window.says(&text), "{}", window.dump());
    }
    window.click(&window.text("copy"));
    assert_eq!(window.copied.as_deref(), Some(texts.fault_explained(code).as_str()));
    for _ in 0..6 {
        window.key(Key::Tab);
        assert!(!window.thing(&window.text("table")).focused, "the keyboard stays in it");
    }
    window.click(&window.text("close"));
    assert_eq!(window.state().explained, None);
    assert!(window.thing(&window.text("table")).focused, "the keyboard is back");
}
