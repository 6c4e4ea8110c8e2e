//! `hcm` at a terminal: questions, hidden typing, and a table redrawn in place.

use std::time::{Duration, Instant};

use hybrid_connection_manager::model::{ConnectionStatus, Fault, FaultCode};
use jiff::{SignedDuration, Timestamp};

use crate::cli_pty::{Terminal, screen};
use crate::cli_support::{Home, KEY, connected, string, view};

#[tokio::test]
async fn a_pasted_connection_string_is_not_shown() {
    let home = Home::new();
    let service = home.serve(vec![]);
    for (name, arguments) in [("one", &["add", "-"][..]), ("two", &["add", "-", "--replace"])] {
        let mut terminal = Terminal::start(&home, arguments, 80, 24);
        terminal.until(|screen| screen.contains("Paste the connection string")).await;
        terminal.type_in(&format!("{}\r", string(name)));
        let (code, raw) = terminal.end().await;
        assert_eq!(code, Some(0), "{raw}");
        assert!(!raw.contains("SharedAccess") && !raw.contains(&KEY[..8]), "{raw}");
        let last = format!("Added contoso/{name}: Connecting");
        assert!(screen(&raw).trim_end().ends_with(&last), "{raw:?}");
    }
    assert_eq!(service.strings().len(), 2);
}

#[tokio::test]
async fn a_paste_may_have_several_lines() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let mut terminal = Terminal::start(&home, &["add", "-"], 80, 24);
    terminal.until(|screen| screen.contains("Paste the connection string")).await;
    let names = ["one", "two", "three"];
    let text: String = names.iter().map(|name| format!("{}\r", string(name))).collect();
    terminal.type_in(&text);
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(0), "{raw}");
    assert!(!raw.contains("SharedAccess") && !raw.contains(&KEY[..8]), "{raw}");
    assert_eq!(service.strings().len(), 3);
}

#[tokio::test]
async fn ctrl_c_leaves_the_question() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let mut terminal = Terminal::start(&home, &["add", "-"], 80, 24);
    terminal.until(|screen| screen.contains("Paste the connection string")).await;
    terminal.type_in("Endpoint=\u{3}");
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(130), "{raw}");
    assert!(screen(&raw).contains("interrupted; nothing was done"), "{raw}");
    assert!(service.strings().is_empty());
}

#[tokio::test]
async fn a_person_is_asked_before_removing() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", connected())]);
    for (answer, code) in [("\n", 1), ("n\n", 1), ("y\n", 0)] {
        let mut terminal = Terminal::start(&home, &["remove", "contoso/sql"], 80, 24);
        terminal.until(|screen| screen.contains("Remove contoso/sql? [y/N]")).await;
        assert!(service.changes().is_empty());
        terminal.type_in(answer);
        assert_eq!(terminal.end().await.0, Some(code), "{answer:?}");
    }
    assert_eq!(service.changes().len(), 1);
    service.change(view("sql", connected()));
    let (code, raw) = Terminal::start(&home, &["remove", "-y", "contoso/sql"], 80, 24).end().await;
    assert_eq!((code, screen(&raw).trim_end()), (Some(0), "Removed contoso/sql"));
}

#[tokio::test]
async fn a_person_is_asked_before_what_is_not_declared_is_removed() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", connected()), view("web", connected())]);
    let file = home.path().join("declared.yaml");
    let text = "version: 1\nconnections:\n  - {namespace: contoso, name: web}\n";
    tokio::fs::write(&file, text).await.unwrap();
    let apply = ["apply", "--prune", "-f", file.to_str().unwrap()];
    for (answer, code) in [("\n", 1), ("n\n", 1), ("y\n", 0)] {
        let mut terminal = Terminal::start(&home, &apply, 80, 24);
        let asked = terminal.until(|screen| screen.contains("Go on? [y/N]")).await;
        let words = "1 hybrid connection is not declared and will be removed: contoso/sql.";
        assert!(asked.contains(words), "{asked}");
        assert!(service.changes().is_empty());
        terminal.type_in(answer);
        assert_eq!(terminal.end().await.0, Some(code), "{answer:?}");
    }
    assert_eq!(service.changes().len(), 1);
    service.change(view("sql", connected()));
    let terminal = Terminal::start(&home, &[&apply[..], &["--yes"]].concat(), 80, 24);
    assert_eq!(terminal.end().await.0, Some(0));
    assert_eq!(service.changes().len(), 2);
}

#[tokio::test]
async fn keys_are_not_exported_to_a_terminal_unasked() {
    let home = Home::new();
    let _service = home.serve(vec![view("sql", connected())]);
    let (code, raw) = Terminal::start(&home, &["export", "--with-keys"], 80, 24).end().await;
    assert_eq!(code, Some(2), "{raw}");
    assert!(screen(&raw).contains("write them into a file"), "{raw}");
    assert!(!raw.contains("version:"), "{raw}");
}

#[tokio::test]
async fn the_table_is_redrawn_in_place() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", ConnectionStatus::Starting)]);
    let terminal = Terminal::start(&home, &["list", "--watch"], 72, 24);
    terminal.until(|screen| screen.contains("Connecting  sql   sql.corp:1433")).await;

    let start = Instant::now();
    service.change(view("sql", connected()));
    let screen_now = terminal.until(|screen| screen.contains("Connected  sql")).await;
    let delay = start.elapsed();
    assert!(delay < Duration::from_secs(2), "{delay:?}");
    assert_eq!(screen_now.matches("sql.corp").count(), 1, "drawn anew below:\n{screen_now}");

    // A countdown goes on by itself.
    let until = Timestamp::now() + SignedDuration::from_secs(60);
    let fault = Fault::new(FaultCode::ChannelLost, "");
    service.change(view("sql", ConnectionStatus::Waiting { until, attempt: 2, fault }));
    let first = terminal.until(|screen| screen.contains("retry in ")).await;
    let count = |screen: &str| -> u32 {
        let rest = screen.split_once("retry in ").unwrap().1;
        rest.split_once(' ').unwrap().0.parse().unwrap()
    };
    let now = count(&first.replace("1 min", "60 s"));
    terminal
        .until(|screen| {
            screen.contains("retry in ") && count(&screen.replace("1 min", "60 s")) < now
        })
        .await;

    service.stop().await;
    terminal.until(|screen| screen.starts_with("The service is gone since ")).await;
    let _service = home.serve(vec![view("new", connected())]);
    let back = terminal.until(|screen| screen.contains("Connected  new")).await;
    assert!(!back.contains("sql") && back.contains("Service back at "), "{back}");

    terminal.interrupt();
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(0));
    assert!(raw.ends_with("\u{1b}[?25h"), "the cursor stays hidden");
    assert!(screen(&raw).ends_with('\n'), "the cursor stands in the table");
    assert!(!raw.contains("\u{1b}[?1049h"), "the alternate screen");
}

#[tokio::test]
async fn colours_are_for_terminals_that_want_them() {
    let home = Home::new();
    let _service = home.serve(vec![view("sql", connected())]);
    let (_, raw) = Terminal::start(&home, &["list"], 80, 24).end().await;
    assert!(raw.contains("\u{1b}[32mConnected\u{1b}[0m"), "{raw:?}");
    let (_, raw) = Terminal::start(&home, &["list", "--color", "never"], 80, 24).end().await;
    assert!(!raw.contains('\u{1b}'), "{raw:?}");
}
