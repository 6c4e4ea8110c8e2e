//! `hcm` at a terminal of its own, and what stands on its screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::cli_support::{Home, LIMIT};

/// `hcm` at a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    /// Everything that was written to the terminal.
    written: Arc<Mutex<Vec<u8>>>,
    more: Arc<Notify>,
    reading: JoinHandle<()>,
}

impl Terminal {
    pub(crate) fn start(home: &Home, arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::of(home.command(arguments), columns, rows)
    }

    /// A terminal for `command`.
    pub(crate) fn of(mut command: Command, columns: u16, rows: u16) -> Self {
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

    pub(crate) fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Waits until what stands on the screen is as `wanted` says.
    pub(crate) async fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
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

    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        let code = status.expect("hcm does not end").unwrap().code();
        let read = tokio::time::timeout(LIMIT, &mut self.reading).await;
        read.expect("somebody else holds the terminal").unwrap();
        (code, self.raw())
    }

    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    }
}

/// What stands on the screen after `raw` was written to it, without colours: just
/// enough of a terminal for what `hcm` writes.
pub(crate) fn screen(raw: &str) -> String {
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
                let number = || numbers.parse::<usize>().unwrap();
                match end {
                    'A' => row -= number(),
                    'B' => {
                        row += number();
                        lines.resize(lines.len().max(row + 1), Vec::new());
                    }
                    'C' => column += number(),
                    'D' => column -= number(),
                    'K' if numbers == "2" => lines[row].clear(),
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
