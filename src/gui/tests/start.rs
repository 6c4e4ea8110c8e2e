//! The first sight: with connections, without any, and without a service.

use super::harness::{Opening, Window, now};
use crate::gui::backend::News;
use crate::gui::sample;
use crate::gui::state::{Demo, Dialog, Link, LinkProblem, NewTab};

/// The window over a service without connections.
fn empty() -> Window {
    let mut snapshot = sample::snapshot(now());
    snapshot.connections.clear();
    Opening { snapshot, ..Opening::new() }.open()
}

#[test]
fn it_begins_with_the_state_of_the_service() {
    let window = Window::open();
    let names = [
        "erp-sql",
        "file-drop",
        "legacy-soap",
        "mail-relay",
        "metrics",
        "orders-api",
        "warehouse-mq",
    ];
    assert_eq!(window.rows(), names);
    assert!(window.says(&window.text("service-running")));
    assert!(window.tells("footer-connections", &[("count", 7_u32.into())]));
    assert!(window.tells("footer-connected", &[("count", 5_u32.into())]));
    assert!(window.tells("footer-streams", &[("count", 55_u32.into())]));
    let table = window.thing(&window.text("table"));
    assert!(table.focused, "the keyboard begins in the table");
    assert!(window.selected().is_empty());
    assert!(!window.has(&window.text("details-close")), "nothing is selected, and nothing shown");
}

#[test]
fn what_is_at_rest_is_not_drawn_again() {
    let window = Window::open();
    assert_eq!(window.next_frame_in(), None);
}

#[test]
fn without_connections_it_says_what_they_are_and_how_to_begin() {
    let mut window = empty();
    assert!(window.says(&window.text("empty-title")));
    for (key, tab) in
        [("select-with-azure", NewTab::Azure), ("use-connection-string", NewTab::ConnectionString)]
    {
        window.click(&window.text(key));
        let is_open = matches!(&window.state().dialog, Some(Dialog::New(form)) if form.tab == tab);
        assert!(is_open, "{key}");
        window.key(egui::Key::Escape);
    }
}

#[cfg(feature = "emulator")]
#[test]
fn the_demo_is_one_click_away_and_one_click_back() {
    let mut window = empty();
    window.click(&window.text("empty-demo"));
    assert_eq!(window.state().demo, Demo::On);
    assert!(window.says(&window.text("demo-title")));
    assert_eq!(window.rows().len(), 7);
    window.click(&window.text("demo-leave"));
    assert_eq!(window.state().demo, Demo::Off);
    assert_eq!(window.desk.asked().last().unwrap(), "StopDemo");
    assert!(window.state().snapshot.is_none(), "what the demo showed is gone");
}

#[test]
fn a_demo_that_does_not_start_says_why() {
    let mut window = empty();
    window.tell(News::DemoFailed("no port is free".to_owned()));
    assert_eq!(window.state().demo, Demo::Off);
    assert!(window.tells("demo-failed", &[("reason", "no port is free".into())]));
    window.click(&window.text("close-message"));
    assert!(!window.says("no port is free"));
}

#[test]
fn a_service_of_another_version_is_named() {
    let mut window = Window::open();
    window.tell(News::Link(Link::managed("9.8.7")));
    assert!(window.tells("service-running-version", &[("version", "9.8.7".into())]));
    let problem = LinkProblem::OtherVersion("The service speaks version 99".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    assert!(window.says(&window.text("banner-other-version")));
    assert!(window.says("The service speaks version 99"));
    assert!(!window.has(&window.text("service-start")), "it runs already");
}
