//! "Select with Azure" as a person does it, by mouse and by keyboard.

use egui::{Event, Key, Modifiers};
use jiff::SignedDuration;

use super::harness::{Opening, Window, now};
use super::strings::KEY;
use crate::azure::{
    AzureError, AzureErrorKind, BrowseEvent, DeviceCode, Subscription, Subscriptions, Unread,
};
use crate::gui::backend::{AzureNews, News, Refusal};
use crate::gui::state::{Link, LinkProblem, Reads, SignIn, Ticket};
use crate::ipc::protocol::Request;
use crate::model::VERSION;

const PRODUCTION: &str = "Contoso Production";

/// The tab, just opened.
fn open() -> Window {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
    window
}

/// Signed in, with the subscriptions there.
fn signed_in() -> Window {
    let mut window = open();
    let sign_in = window.text("azure-sign-in");
    window.click(&sign_in);
    window
}

/// The hybrid connections of the production are there.
fn listed() -> Window {
    let mut window = signed_in();
    subscribe(&mut window, PRODUCTION);
    window
}

fn subscribe(window: &mut Window, name: &str) {
    let subscriptions = window.text("azure-subscription");
    window.click(&subscriptions);
    window.click(name);
}

/// The button that creates `count` connections.
fn create(window: &Window, count: u32) -> String {
    match count {
        1 => window.text("create"),
        _ => window.texts().with("create-several", &[("count", count.into())]),
    }
}

/// The number of what is waited for.
fn run(window: &Window) -> Ticket {
    let state = window.state();
    let form = state.azure().unwrap();
    match (&form.sign_in, &form.listing) {
        (SignIn::Running(running), _) => running.run,
        (_, Some(listing)) => listing.run,
        other => panic!("{other:?}"),
    }
}

/// Goes on with Tab until `name` has the keyboard.
#[track_caller]
fn tab_to(window: &mut Window, name: &str) {
    for _ in 0..20 {
        if window.thing(name).focused {
            return;
        }
        window.key(Key::Tab);
    }
    panic!("{name:?} is not reached:\n{}", window.dump());
}

#[track_caller]
fn tab_to_text(window: &mut Window, key: &'static str) {
    let name = window.text(key);
    tab_to(window, &name);
}

fn refused(kind: AzureErrorKind) -> AzureError {
    AzureError::new(kind, "what was seen")
        .with_azure(Some("AADSTS50076".to_owned()), Some("c0ffee".to_owned()))
}

#[test]
fn somebody_signs_in_chooses_and_creates() {
    let mut window = listed();
    assert!(window.says("you@contoso.com") && window.says(&window.text("azure-not-stored")));
    window.choose("crm-sql");
    window.choose("print-server");
    assert!(window.find_choice("crm-sql").selected);
    assert!(window.tells("azure-selected", &[("count", 2_u32.into())]));
    window.desk.forget();
    window.click(&create(&window, 2));
    assert!(window.state().dialog.is_none());
    assert_eq!(window.selected(), ["crm-sql", "print-server"]);
    assert!(window.tells("added", &[("count", 2_u32.into())]));
    assert!(window.thing(&window.text("table")).focused);
    let asked = window.desk.asked().join("\n");
    assert!(asked.contains("resource: Some") && asked.contains("Forget"), "{asked}");
}

#[test]
fn the_whole_of_it_needs_no_mouse() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    tab_to_text(&mut window, "select-with-azure");
    window.key(Key::Space);
    tab_to_text(&mut window, "azure-sign-in");
    window.key(Key::Enter);
    tab_to_text(&mut window, "azure-subscription");
    window.key(Key::Enter);
    tab_to(&mut window, PRODUCTION);
    window.key(Key::Enter);
    tab_to_text(&mut window, "azure-filter");
    window.type_text("corp");
    window.key(Key::ArrowDown);
    // A screen reader is on the row, though the list has the keyboard.
    assert!(window.choice("crm-sql").focused);
    window.key(Key::Space);
    assert!(window.choice("crm-sql").selected);
    window.key(Key::End);
    window.key(Key::Space);
    assert!(window.choice("print-server").selected);
    let create = create(&window, 2);
    tab_to(&mut window, &create);
    window.key(Key::Enter);
    assert_eq!(window.selected(), ["crm-sql", "print-server"]);
}

#[test]
fn escape_closes_the_list_of_subscriptions_first() {
    let mut window = signed_in();
    let subscriptions = window.text("azure-subscription");
    window.click(&subscriptions);
    assert!(window.has(PRODUCTION));
    window.key(Key::Escape);
    assert!(!window.has(PRODUCTION) && window.state().dialog.is_some());
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());
    assert!(window.desk.asked().contains(&"Forget".to_owned()));
}

#[test]
fn rows_say_why_they_cannot_be_chosen() {
    let mut window = listed();
    for (name, reason) in [
        ("erp-sql", window.text("azure-already-added")),
        ("no-metadata", window.text("unusable-no-metadata")),
    ] {
        let row = window.choice(name);
        assert!(!row.enabled && row.name.contains(&reason), "{}", row.name);
        window.choose(name);
        assert!(!window.choice(name).selected);
    }
    let mended = window.choice("from-bicep");
    assert!(mended.enabled && mended.name.contains(&window.text("event-metadata-mended")));
    let all = window.text("azure-check-all");
    window.click(&all);
    assert!(window.thing(&all).selected);
    window.click(&create(&window, 37));
}

#[test]
fn the_filter_finds_by_name_endpoint_namespace_and_group() {
    let mut window = listed();
    let filter = window.text("azure-filter");
    for (text, first, count) in [
        ("CRM", "crm-sql", 1),
        ("plc07", "plant-07-scada", 1),
        ("contoso-neu", "edi-gateway", 1),
        ("rg-integration", "crm-sql", 6),
    ] {
        window.click(&filter);
        window.chord(Modifiers::COMMAND, Key::A);
        window.type_text(text);
        assert_eq!(
            (window.choices()[0].as_str(), window.choices().len()),
            (first, count),
            "{text}"
        );
    }
    window.type_text("nothing is called so");
    assert!(window.tells("filter-nothing", &[]) || window.says("nothing is called so"));
    window.click(&window.text("azure-filter-clear"));
    assert!(window.choices().len() > 6);
}

#[test]
fn only_the_rows_in_sight_are_there() {
    let mut window = listed();
    let in_sight = window.choices().len();
    assert!((5..14).contains(&in_sight), "{in_sight}");
    let list = window.text("azure-list");
    tab_to(&mut window, &list);
    window.key(Key::End);
    let last = window.choice("print-server").rect;
    let list = window.thing(&list).rect;
    assert!(last.bottom() <= list.bottom() + 0.5 && last.top() >= list.top(), "{last} {list}");
    window.key(Key::Home);
    window.choice("crm-sql");
}

#[test]
fn a_thousand_are_scrolled_and_filtered_like_ten() {
    let mut window = listed();
    let found = |window: &Window| {
        let state = window.state();
        let listing = state.azure().unwrap().listing.as_ref().unwrap();
        let one = listing.found[0].clone();
        (0..1000)
            .map(|number| {
                let mut one = one.clone();
                one.name = format!("hc-{number:04}");
                one.resource_id = format!("/hybridConnections/{number:04}");
                one
            })
            .collect()
    };
    let news = AzureNews::Browsed(vec![BrowseEvent::Found(found(&window))]);
    window.tell(News::Azure { run: run(&window), news });
    assert!((5..14).contains(&window.choices().len()));
    let list = window.text("azure-list");
    tab_to(&mut window, &list);
    for _ in 0..50 {
        window.key(Key::PageDown);
    }
    let cursor = window.state().azure().unwrap().listing.as_ref().unwrap().cursor.clone().unwrap();
    assert!(window.choices().iter().any(|name| cursor.ends_with(&name[3..])), "{cursor}");
    window.click(&window.text("azure-filter"));
    window.type_text("hc-0777");
    assert_eq!(window.choices(), ["hc-0777"]);
}

#[test]
fn one_that_fails_says_why_and_the_rest_is_there() {
    let mut window = listed();
    for name in ["crm-sql", "payroll-locked"] {
        window.choose(name);
    }
    window.click(&create(&window, 2));
    assert!(window.tells("azure-not-added", &[("count", 1_u32.into())]));
    for text in ["listKeys/action", "AuthorizationFailed", "Azure Relay Owner"] {
        assert!(window.says(text), "{text} in:\n{}", window.dump());
    }
    let added = window.find_choice("crm-sql");
    assert!(!added.enabled && added.name.contains(&window.text("azure-added")), "{}", added.name);
    let failed = window.find_choice("payroll-locked");
    assert!(failed.selected && failed.name.contains("403"), "{}", failed.name);
    window.click(&window.text("azure-copy-error"));
    let copied = window.copied.clone().unwrap();
    assert!(copied.contains("payroll-locked") && copied.contains("51c3a7be"), "{copied}");
    window.choose("payroll-locked");
    window.choose("print-server");
    window.click(&create(&window, 1));
    assert!(window.state().dialog.is_none(), "{}", window.dump());
    assert_eq!(window.selected(), ["crm-sql", "print-server"]);
}

#[test]
fn what_the_service_does_not_take_is_told_at_its_row() {
    let mut window = listed();
    window.desk.refuse(|request| {
        matches!(request, Request::AddConnection { .. }).then_some(Refusal::TimedOut)
    });
    window.choose("crm-sql");
    window.click(&create(&window, 1));
    assert!(window.choice("crm-sql").name.contains(&window.text("answer-timed-out")));
    window.desk.refuse(|_| None);
    window.click(&create(&window, 1));
    assert_eq!(window.selected(), ["crm-sql"]);
}

#[test]
fn a_namespace_that_cannot_be_read_is_named_with_its_reason() {
    let mut window = listed();
    assert!(window.tells("azure-not-read", &[("count", 1_u32.into())]));
    assert!(!window.says("contoso-hr"));
    window.click(&window.text("azure-not-read-show"));
    assert!(window.tells("azure-not-read-namespace", &[("name", "contoso-hr".into())]));
    assert!(window.says("hybridConnections/read"));
    window.click(&window.text("azure-not-read-hide"));
    assert!(!window.says("contoso-hr"));
}

#[test]
fn an_empty_subscription_says_so() {
    let mut window = signed_in();
    assert!(window.says(&window.text("azure-choose-text")));
    subscribe(&mut window, "Contoso Test");
    assert!(window.says(&window.text("azure-empty")));
    assert!(!window.thing(&window.text("create")).enabled);
    subscribe(&mut window, PRODUCTION);
    window.choice("crm-sql");
}

#[test]
fn a_sign_in_in_the_browser_is_waited_for_and_can_be_given_up() {
    let mut window = open();
    window.desk.fall_silent();
    window.click(&window.text("azure-sign-in"));
    assert!(window.says(&window.text("azure-waiting-browser")));
    assert!(window.tells("azure-waiting-left", &[("left", "5 min 0 s".into())]));
    window.pass(SignedDuration::from_secs(8));
    assert!(window.tells("azure-waiting-left", &[("left", "4 min 52 s".into())]));
    window.click(&window.text("azure-page-again"));
    assert_eq!(
        window.desk.asked().last().unwrap(),
        &format!("Azure {{ run: {}, work: OpenPage }}", run(&window))
    );
    let news = AzureNews::NotOpened("no browser".to_owned());
    window.tell(News::Azure { run: run(&window), news });
    assert!(window.says("no browser"));
    window.click(&window.text("azure-stop-sign-in"));
    assert!(window.has(&window.text("azure-sign-in")));
}

#[test]
fn a_device_code_is_shown_copied_and_opened() {
    let mut window = open();
    window.desk.fall_silent();
    window.click(&window.text("azure-sign-in-code"));
    assert!(window.says(&window.text("azure-waiting-code")));
    let code = DeviceCode {
        address: "https://login.example/device".to_owned(),
        code: "FQX7KP2ND".to_owned(),
        expires_at: now() + SignedDuration::from_secs(90),
    };
    window.tell(News::Azure { run: run(&window), news: AzureNews::Code(code) });
    assert!(
        window.says("FQX7KP2ND") && window.tells("azure-waiting-left", &[("left", "90 s".into())])
    );
    window.click(&window.text("azure-copy-code"));
    assert_eq!(window.copied.as_deref(), Some("FQX7KP2ND"));
    window.click(&window.text("azure-copy-address"));
    assert_eq!(window.copied.as_deref(), Some("https://login.example/device"));
    assert!(window.has(&window.text("azure-device-open")));
    let error = refused(AzureErrorKind::CodeExpired);
    window.tell(News::Azure { run: run(&window), news: AzureNews::SignedIn(Err(error)) });
    assert!(window.says(&window.texts().azure_summary(AzureErrorKind::CodeExpired)));
}

#[test]
fn a_sign_in_that_fails_says_why_and_offers_the_other_ways() {
    for kind in AzureErrorKind::ALL.iter().copied() {
        let mut window = open();
        window.desk.fall_silent();
        window.click(&window.text("azure-sign-in"));
        let news = AzureNews::SignedIn(Err(refused(kind)));
        window.tell(News::Azure { run: run(&window), news });
        let texts = window.texts();
        for text in [
            texts.azure_summary(kind).as_str(),
            &texts.azure_advice(kind),
            "what was seen",
            "AADSTS50076",
            "c0ffee",
        ] {
            assert!(window.says(text), "{text} in:\n{}", window.dump());
        }
        for key in ["azure-sign-in", "azure-sign-in-code", "azure-sign-in-cli"] {
            assert!(window.thing(&window.text(key)).enabled, "{kind:?}: {key}");
        }
        if kind == AzureErrorKind::NoBrowser {
            window.click(&window.text("azure-copy-error"));
            assert!(window.copied.as_ref().unwrap().contains("c0ffee"));
            window.desk.speak();
            window.click(&window.text("azure-sign-in-code"));
            assert!(window.says("you@contoso.com"));
        }
    }
}

/// Signed in, while the subscriptions are read; the number of the reading.
fn reading_subscriptions() -> (Window, Ticket) {
    let mut window = Opening { slow_azure: true, ..Opening::new() }.open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
    window.click(&window.text("azure-sign-in"));
    window.pass(SignedDuration::from_secs(4));
    let reads = window.state().azure().unwrap().subscriptions.clone();
    let Reads::Running(run) = reads else { panic!("{reads:?}") };
    (window, run)
}

#[test]
fn an_account_without_subscriptions_is_told_so() {
    let (mut window, run) = reading_subscriptions();
    let news = AzureNews::Subscriptions(Ok(Subscriptions::default()));
    window.tell(News::Azure { run, news });
    assert!(window.says(&window.text("azure-no-subscriptions")));
    assert!(!window.has(&window.text("azure-subscription")));
    window.desk.forget();
    window.click(&window.text("azure-read-again"));
    assert!(window.desk.asked()[0].contains("Subscriptions"), "{:?}", window.desk.asked());
    window.click(&window.text("azure-another-account"));
    assert!(window.desk.asked().iter().any(|it| it == "Forget"));
    assert!(window.has(&window.text("azure-sign-in")), "one can sign in as somebody else");
}

#[test]
fn escape_in_the_filter_clears_it_first() {
    let mut window = listed();
    window.click(&window.text("azure-filter"));
    window.type_text("crm");
    assert_eq!(window.choices(), ["crm-sql"]);
    window.key(Key::Escape);
    assert!(window.choices().len() > 1);
    assert!(window.thing(&window.text("azure-filter")).focused);
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());
}

#[test]
fn many_subscriptions_are_found_by_typing() {
    let (mut window, run) = reading_subscriptions();
    let list = (0..30).map(|number| Subscription {
        id: format!("id-{number}"),
        name: format!("Plant {number:02}"),
        tenant_id: "t".to_owned(),
        tenant: (number == 7).then(|| "Fabrikam".to_owned()),
        state: (number == 8).then(|| "Disabled".to_owned()),
        reached_by: None,
    });
    let error = refused(AzureErrorKind::ConditionalAccess);
    let northwind = Unread::Tenant { name: "Northwind".to_owned(), id: Some("n".to_owned()) };
    let problems = vec![(Unread::Tenants, error.clone()), (northwind, error)];
    let news = AzureNews::Subscriptions(Ok(Subscriptions { list: list.collect(), problems }));
    window.tell(News::Azure { run, news });
    window.click(&window.text("azure-not-read-show"));
    assert!(window.says(&window.text("azure-not-read-tenants")));
    assert!(window.tells("azure-not-read-tenant", &[("name", "Northwind".into())]));
    assert!(window.has(&window.text("azure-sign-in-tenant")));
    window.click(&window.text("azure-subscription"));
    window.click(&window.text("azure-subscription-filter"));
    window.type_text("fabri");
    assert!(!window.has("Plant 01"));
    window.click("Plant 07 · Fabrikam");
    assert!(window.says(&window.text("azure-looking")));
    window.click(&window.text("azure-stop-reading"));
    assert!(window.tells("azure-stopped", &[("read", 0_usize.into()), ("total", 0_usize.into())]));
}

#[test]
fn the_list_fills_while_it_is_read() {
    let mut window = Opening { slow_azure: true, ..Opening::new() }.open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
    window.click(&window.text("azure-sign-in"));
    let moment = SignedDuration::from_millis(600);
    (0..7).for_each(|_| window.pass(moment));
    subscribe(&mut window, PRODUCTION);
    window.pass(moment);
    let progress = |window: &Window, read: usize| {
        window.tells("azure-reading", &[("read", read.into()), ("total", 4_usize.into())])
    };
    assert!(progress(&window, 1), "{}", window.dump());
    window.choose("crm-sql");
    window.pass(moment);
    assert!(progress(&window, 2));
    assert!(window.choice("crm-sql").selected && window.choice("edi-gateway").enabled);
    window.click(&window.text("azure-stop-reading"));
    window.pass(moment * 5);
    assert_eq!(window.choices().len(), 7, "what is there stays");
    window.click(&window.text("azure-read-again"));
    window.pass(moment * 5);
    assert!(window.choice("crm-sql").selected);
    assert!(window.tells("azure-read", &[("count", 39_usize.into())]));
}

#[test]
fn without_the_service_nothing_can_be_created() {
    let mut window = listed();
    window.choose("crm-sql");
    let problem = LinkProblem::Hung;
    window.tell(News::Link(Link::Down { since: now(), problem }));
    assert!(window.says(&window.text("needs-service")));
    assert!(!window.thing(&window.text("create")).enabled);
    window.tell(News::Link(Link::managed(VERSION)));
    window.click(&window.text("create"));
    assert_eq!(window.selected(), ["crm-sql"]);
}

#[test]
fn where_it_is_in_azure_is_shown_and_opened() {
    let mut window = listed();
    window.choose("crm-sql");
    window.click(&create(&window, 1));
    for text in [PRODUCTION, "rg-integration", "West Europe"] {
        assert!(window.says(text), "{text} in:\n{}", window.dump());
    }
    let portal = window.text("azure-portal");
    assert!(window.has(&portal));
    window.chord(Modifiers::SHIFT, Key::F10);
    window.last(&portal);
    window.key(Key::Escape);
    window.send(Event::Copy);
    window.settle();
    assert!(window.copied.as_ref().unwrap().contains("rg-integration"));
    window.click_row("file-drop", Modifiers::NONE);
    assert!(!window.has(&portal), "nobody knows where that one is");
}

#[test]
fn no_key_is_seen_anywhere() {
    let mut window = listed();
    for name in ["crm-sql", "payroll-locked"] {
        window.choose(name);
    }
    window.click(&create(&window, 2));
    window.click(&window.text("azure-copy-error"));
    let told = [
        format!("{:?}", *window.state()),
        window.dump(),
        window.desk.asked().join("\n"),
        window.copied.clone().unwrap(),
    ];
    for told in told {
        for start in 0..=KEY.len() - 8 {
            assert!(!told.contains(&KEY[start..start + 8]), "{told}");
        }
    }
}
