//! Services that come, go, hang, and are not what they should be.

use std::time::Duration;

use egui::{Key, Modifiers};
use tokio::io::AsyncWriteExt as _;

use super::stage::{Stage, framed, pretend, start_service};
use crate::gui::start::preferences;
use crate::gui::state::{Link, LinkProblem, State, ThemeChoice};
use crate::ipc::protocol::{Hello, ServerMessage};

fn is_up(state: &State) -> bool {
    state.is_attached() && state.snapshot.is_some()
}

fn problem(state: &State) -> Option<&LinkProblem> {
    match &state.link {
        Link::Down { problem, .. } => Some(problem),
        _ => None,
    }
}

#[test]
fn a_service_that_stops_is_missed_at_once_and_found_again() {
    let mut stage = Stage::new();
    stage.until("without a service", |state| problem(state) == Some(&LinkProblem::NotRunning));
    assert!(stage.window.says(&stage.window.text("banner-not-running")));
    let service = stage.start_service();
    stage.until("up", is_up);
    assert!(stage.window.says(&stage.window.text("empty-title")));
    stage.stop(service);
    let took = stage.until("down", |state| problem(state).is_some());
    assert!(took < Duration::from_secs(1), "{took:?}");
    let service = stage.start_service();
    stage.until("up again", is_up);
    stage.stop(service);
}

#[test]
fn a_service_that_is_there_is_attached_to_at_once() {
    let (mut stage, service) = Stage::with(start_service);
    let took = stage.until("up", is_up);
    assert!(took < Duration::from_secs(2), "{took:?}");
    stage.stop(service);
}

#[test]
fn who_does_not_say_hello_hangs() {
    let (mut stage, ()) = Stage::with(|background, paths| {
        pretend(background, paths, |stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        });
    });
    let took = stage.until("hung", |state| problem(state) == Some(&LinkProblem::Hung));
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(stage.window.says(&stage.window.text("banner-hung")));
    // The window stays usable meanwhile.
    stage.window.chord(Modifiers::COMMAND, Key::N);
    stage.window.key(Key::Escape);
    assert!(stage.window.state().dialog.is_none());
}

#[test]
fn who_says_hello_and_nothing_more_hangs_too() {
    let (mut stage, ()) = Stage::with(|background, paths| {
        pretend(background, paths, |mut stream| async move {
            let hello = framed(&ServerMessage::Hello(Hello::of("hcm-service")));
            stream.write_all(&hello).await.ok();
            std::future::pending::<()>().await;
        });
    });
    stage.until("attached", State::is_attached);
    let took = stage.until("hung", |state| problem(state) == Some(&LinkProblem::Hung));
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn who_answers_garbage_is_not_the_service() {
    let (mut stage, ()) = Stage::with(|background, paths| {
        pretend(background, paths, |mut stream| async move {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        });
    });
    stage.until("something else", |state| {
        matches!(problem(state), Some(LinkProblem::SomethingElse(_)))
    });
    assert!(stage.window.says(&stage.window.text("banner-something-else")));
}

#[test]
fn who_breaks_off_in_the_middle_is_called_again() {
    let (mut stage, ()) = Stage::with(|background, paths| {
        pretend(background, paths, |mut stream| async move {
            let mut bytes = framed(&ServerMessage::Hello(Hello::of("hcm-service")));
            bytes.extend([200, 1, 0, 0, b'{', b'"']);
            stream.write_all(&bytes).await.ok();
        });
    });
    stage.until("attached", State::is_attached);
    stage.until("lost", |state| problem(state).is_some());
    stage.until("attached again", State::is_attached);
}

#[test]
fn one_of_another_version_is_told_so() {
    let (mut stage, ()) = Stage::with(|background, paths| {
        pretend(background, paths, |mut stream| async move {
            let hello = Hello {
                protocol: 99,
                oldest_protocol: 99,
                version: "9.8.7".to_owned(),
                ..Hello::of("hcm-service")
            };
            stream.write_all(&framed(&ServerMessage::Hello(hello))).await.ok();
            std::future::pending::<()>().await;
        });
    });
    stage.until("of another version", |state| {
        matches!(problem(state), Some(LinkProblem::OtherVersion(_)))
    });
    assert!(stage.window.says(&stage.window.text("banner-other-version")));
    assert!(stage.window.says("9.8.7"), "{}", stage.window.dump());
}

#[test]
fn preferences_are_on_disk_when_the_window_has_closed() {
    let mut stage = Stage::new();
    stage.window.chord(Modifiers::COMMAND, Key::Comma);
    let dark = stage.window.text("theme-dark");
    stage.window.click(&dark);
    let home = stage.close();
    let (kept, problem) = preferences::read(&home.path().join("window.json"));
    assert_eq!((kept.theme, problem), (ThemeChoice::Dark, None));
}

#[test]
fn preferences_that_cannot_be_kept_are_told_once() {
    let mut stage = Stage::new();
    // A folder where the file belongs.
    std::fs::create_dir_all(stage.paths.home.join("window.json").join("in the way")).unwrap();
    stage.window.chord(Modifiers::COMMAND, Key::Comma);
    for key in ["theme-dark", "theme-light"] {
        let name = stage.window.text(key);
        stage.window.click(&name);
        stage.until("told", |state| state.notices.shown().next().is_some());
    }
    assert_eq!(stage.window.state().notices.shown().count(), 1);
}
