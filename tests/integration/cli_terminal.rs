//! `hcm` at a terminal: questions, hidden typing, and a table redrawn in place.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hybrid_connection_manager::model::{ConnectionStatus, Fault, FaultCode};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cli_support::{Home, KEY, LIMIT, connected, string, view};

/// `hcm` at a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    /// Everything that was written to the terminal.
    written: Arc<Mutex<Vec<u8>>>,
    more: Arc<Notify>,
    reading: JoinHandle<()>,
}

impl Terminal {
    fn start(home: &Home, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let name = name.to_str().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        let mut command = home.command(arguments);
        let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        let keyboard = File::from(master);
        let (written, more) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let mut screen = keyboard.try_clone().unwrap();
        let (to, tell) = (Arc::clone(&written), Arc::clone(&more));
        let reading = tokio::task::spawn_blocking(move || {
            let mut chunk = [0_u8; 4096];
            // Ends with an error when the last holder of the other side is gone.
            while let Ok(length @ 1..) = screen.read(&mut chunk) {
                to.lock().unwrap().extend_from_slice(&chunk[..length]);
                tell.notify_one();
            }
        });
        Self { child, keyboard, written, more, reading }
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Waits until what stands on the screen is as `wanted` says.
    async fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
        let seen = tokio::time::timeout(LIMIT, async {
            loop {
                let raw = self.raw();
                // Half a frame is nothing to judge by.
                let whole = raw.rfind("\u{1b}[?2026l").filter(|_| raw.contains("\u{1b}[?2026h"));
                let screen = screen(&raw[..whole.unwrap_or(raw.len())]);
                if wanted(&screen) {
                    return screen;
                }
                self.more.notified().await;
            }
        });
        seen.await.unwrap_or_else(|_| panic!("the screen stays:\n{}", screen(&self.raw())))
    }

    async fn end(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        let code = status.expect("hcm does not end").unwrap().code();
        let read = tokio::time::timeout(LIMIT, &mut self.reading).await;
        read.expect("somebody else holds the terminal").unwrap();
        (code, self.raw())
    }

    fn interrupt(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    }
}

/// What stands on the screen after `raw` was written to it, without colours: just
/// enough of a terminal for what `hcm` writes.
fn screen(raw: &str) -> String {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "an escape sequence that is not known");
                let mut numbers = String::new();
                let end = loop {
                    match rest.next() {
                        Some(c @ ('0'..='9' | ';' | '?')) => numbers.push(c),
                        Some(end) => break end,
                        None => return String::new(),
                    }
                };
                match end {
                    'A' => row -= numbers.parse::<usize>().unwrap(),
                    'K' => lines[row].truncate(column),
                    'J' => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    'm' | 'h' | 'l' => {}
                    other => panic!("an escape sequence that is not known: {numbers}{other}"),
                }
            }
            c => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    let texts = lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_pasted_connection_string_is_not_shown() {
    let home = Home::new();
    let service = home.serve(vec![]);
    for arguments in [&["add"][..], &["add", "-"]] {
        let name = format!("sql{}", arguments.len());
        let mut terminal = Terminal::start(&home, arguments, 80, 24);
        terminal.until(|screen| screen.contains("Paste the connection string")).await;
        terminal.type_in(&format!("{}\r", string(&name)));
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
    let mut terminal = Terminal::start(&home, &["add"], 80, 24);
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
    let mut terminal = Terminal::start(&home, &["add"], 80, 24);
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
