//! The service is away, hangs, is another, and comes back.

use egui::accesskit::Role;
use egui::{Key, Modifiers};

use super::harness::{Window, now};
use crate::gui::backend::{News, Refusal};
use crate::gui::sample;
use crate::gui::state::{Link, LinkProblem};
use crate::ipc::Push;
use crate::model::VERSION;

fn down(problem: LinkProblem) -> News {
    News::Link(Link::Down { since: now(), problem })
}

#[test]
fn while_the_service_is_away_its_last_state_is_seen_and_nothing_can_be_done() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    let actions = ["restart", "disable", "update", "remove", "try-now", "reach-check"];
    for key in actions {
        assert!(window.thing(&window.text(key)).enabled, "{key}");
    }
    window.tell(down(LinkProblem::Lost("the service ended".to_owned())));
    assert!(window.says(&window.text("banner-lost")));
    assert!(window.says("the service ended"));
    assert!(window.says(&window.text("service-not-running")));
    assert_eq!(window.rows().len(), 7, "the last known state stays");
    for key in actions {
        assert!(!window.thing(&window.text(key)).enabled, "{key}");
    }
    assert!(window.last(&window.text("copy-details")).enabled, "that needs no service");
    window.key(Key::Delete);
    assert!(!window.thing(&window.text("remove-do")).enabled);
    window.key(Key::Escape);
    window.click(&window.text("service-start"));
    assert!(window.says(&window.text("service-running")));
    assert!(!window.says(&window.text("banner-lost")));
    assert!(window.thing(&window.text("restart")).enabled);
}

#[test]
fn each_problem_says_what_happened_and_offers_what_helps() {
    let text = || "what was seen".to_owned();
    // The problem, the key of its banner, and whether starting the service helps.
    let cases = [
        (LinkProblem::NotRunning, "banner-not-running", true),
        (LinkProblem::Lost(text()), "banner-lost", true),
        (LinkProblem::Hung, "banner-hung", false),
        (LinkProblem::NotAllowed(text()), "banner-not-allowed", false),
        (LinkProblem::OtherVersion(text()), "banner-other-version", false),
        (LinkProblem::SomethingElse(text()), "banner-something-else", false),
        (LinkProblem::DidNotStart(text()), "banner-did-not-start", true),
    ];
    let mut window = Window::open();
    for (problem, key, starts) in cases {
        let tells = !matches!(problem, LinkProblem::NotRunning | LinkProblem::Hung);
        if matches!(problem, LinkProblem::DidNotStart(_)) {
            window.tell(News::Link(Link::Starting));
        }
        window.tell(down(problem));
        assert!(window.says(&window.text(key)), "{key}");
        assert_eq!(window.says("what was seen"), tells, "{key}");
        assert_eq!(window.has(&window.text("service-start")), starts, "{key}");
        window.desk.forget();
        let again = window.text("service-call");
        window.click(&again);
        assert!(!window.says(&window.text(key)), "{key}: the made-up service is there at once");
    }
}

#[test]
fn a_service_that_is_being_started_is_not_called_dead_meanwhile() {
    let mut window = Window::open();
    window.tell(down(LinkProblem::NotRunning));
    window.desk.fall_silent();
    window.click(&window.text("service-start"));
    assert!(window.says(&window.text("service-starting")));
    window.tell(down(LinkProblem::NotRunning));
    assert!(window.says(&window.text("service-starting")));
    window.tell(down(LinkProblem::DidNotStart("the port is taken".to_owned())));
    assert!(window.says(&window.text("banner-did-not-start")));
    assert!(window.says("the port is taken"));
}

#[test]
fn a_request_without_an_answer_is_told() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    for (refusal, key) in [(Refusal::TimedOut, "answer-timed-out"), (Refusal::Lost, "answer-lost")]
    {
        window.desk.refuse(move |_| Some(refusal.clone()));
        window.click(&window.text("restart"));
        assert!(window.says(&window.text(key)), "{key}");
    }
}

#[test]
fn a_service_that_comes_back_tells_its_new_state() {
    let mut window = Window::open();
    window.click_row("metrics", Modifiers::NONE);
    window.tell(down(LinkProblem::Lost(String::new())));
    let mut snapshot = sample::snapshot(now());
    snapshot.connections.retain(|view| view.id.name() != "erp-sql");
    window.tell(News::Link(Link::managed(VERSION)));
    window.tell(News::Push(Push::Snapshot(Box::new(snapshot))));
    assert_eq!(window.rows().len(), 6);
    assert_eq!(window.selected(), ["metrics"], "the selection survives");
}

#[test]
fn a_service_that_stops_says_for_what_it_waits() {
    let mut window = Window::open();
    let mut snapshot = sample::snapshot(now());
    snapshot.service.draining = Some(3);
    window.tell(News::Push(Push::Snapshot(Box::new(snapshot))));
    assert!(window.says(&window.text("banner-stopping")));
    assert!(window.tells("banner-stopping-text", &[("count", 3_u32.into())]));
}

#[test]
fn the_table_is_announced_with_its_rows() {
    let window = Window::open();
    let things = window.things();
    let rows = things.iter().filter(|thing| thing.role == Role::Row);
    for row in rows {
        assert!(row.name.matches(", ").count() >= 5, "{}", row.name);
    }
}

#[test]
fn a_start_in_vain_does_not_hide_the_service_that_serves() {
    let mut window = Window::open();
    window.tell(down(LinkProblem::DidNotStart("another one has this home".to_owned())));
    assert!(window.says(&window.text("service-running")));
    assert!(!window.says(&window.text("banner-did-not-start")));
}
