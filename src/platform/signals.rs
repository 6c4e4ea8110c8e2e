//! The wishes of a terminal, a service manager or a closing session that a
//! program end, and those of an administrator that it read its settings again.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows;

#[cfg(unix)]
use super::systemd::Notifier;

/// Waits until this program is asked to end, and names what asked: SIGINT or
/// SIGTERM on Unix; Ctrl-C, Ctrl-Break, a closing window or a shutdown on Windows.
///
/// From the first poll on such a signal no longer ends the program by itself. To
/// be ready before anything else starts, and to hear a second signal, use
/// [`StopSignals`].
///
/// # Errors
/// Those of the system when the handlers are set.
pub async fn stop_requested() -> io::Result<&'static str> {
    Ok(StopSignals::listen()?.next().await)
}

/// The signals that ask this program to end, heard from the moment it is made.
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(windows)]
    ctrl_c: windows::CtrlC,
    #[cfg(windows)]
    ctrl_break: windows::CtrlBreak,
    #[cfg(windows)]
    ctrl_close: windows::CtrlClose,
    #[cfg(windows)]
    ctrl_shutdown: windows::CtrlShutdown,
}

impl StopSignals {
    /// Sets the handlers. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Sets the handlers. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(windows)]
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            ctrl_close: windows::ctrl_close()?,
            ctrl_shutdown: windows::ctrl_shutdown()?,
        })
    }

    /// The next signal's name. May be called again; cancel-safe.
    #[cfg(unix)]
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// The next signal's name. May be called again; cancel-safe.
    #[cfg(windows)]
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.ctrl_c.recv() => "Ctrl-C",
            _ = self.ctrl_break.recv() => "Ctrl-Break",
            _ = self.ctrl_close.recv() => "close",
            _ = self.ctrl_shutdown.recv() => "shutdown",
        }
    }
}

/// The signals that ask a service to read its settings again: SIGHUP on Unix, none on Windows.
#[derive(Debug)]
pub struct ReloadSignals {
    #[cfg(unix)]
    hangup: Option<Signal>,
}

impl ReloadSignals {
    /// Sets the handler. Where a terminal controls this process and no service manager listens,
    /// SIGHUP says that the terminal has gone, and goes on ending the program. Must be called
    /// inside a Tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            let is_ours = Notifier::of_this_process().is_some() || !has_terminal();
            let hangup = is_ours.then(|| signal(SignalKind::hangup())).transpose()?;
            Ok(Self { hangup })
        }
        #[cfg(windows)]
        Ok(Self {})
    }

    /// Waits for the next one. May be called again; cancel-safe.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(hangup) = &mut self.hangup
            && hangup.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

/// Such a process can open its terminal by this name.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}
