//! Whether a browser can show itself to a person here.

use std::ffi::{OsStr, OsString};

/// Whether a browser that is opened here is likely to be seen: there is a desktop that the
/// person sits at, or the environment names a browser with a window of its own.
pub fn can_show() -> bool {
    can_show_with(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

/// Whether the browser that is opened here is known to share the terminal with this program.
pub fn is_text() -> bool {
    is_text_with(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn can_show_with(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    if let Some(browser) = named(&variable) {
        return !is_text_browser(&browser);
    }
    // The desktop of this machine is not the one that a person on another machine looks at.
    let is_remote = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|name| variable(name).is_some());
    !is_remote && has_desktop(variable)
}

fn is_text_with(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    named(&variable).is_some_and(|browser| is_text_browser(&browser))
}

/// What `$BROWSER` names; only these systems heed it.
#[cfg(all(unix, not(target_os = "macos")))]
fn named(variable: &impl Fn(&str) -> Option<OsString>) -> Option<OsString> {
    variable("BROWSER")
}

#[cfg(any(windows, target_os = "macos"))]
fn named(_variable: &impl Fn(&str) -> Option<OsString>) -> Option<OsString> {
    None
}

#[cfg(all(unix, not(target_os = "macos")))]
fn has_desktop(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| variable(name).is_some())
}

#[cfg(any(windows, target_os = "macos"))]
fn has_desktop(_variable: impl Fn(&str) -> Option<OsString>) -> bool {
    true
}

/// Whether a value of `$BROWSER` (command lines with colons between them, of which the first
/// that exists is used) begins with a browser that draws in the terminal.
fn is_text_browser(value: &OsStr) -> bool {
    const TEXT_BROWSERS: [&str; 13] = [
        "browsh",
        "curl",
        "edbrowse",
        "elinks",
        "eww",
        "links",
        "links2",
        "lynx",
        "netrik",
        "retawq",
        "w3m",
        "wget",
        "www-browser",
    ];
    let value = value.to_string_lossy();
    let first = value.split(':').find(|line| !line.trim().is_empty()).unwrap_or_default();
    let program = first.split_whitespace().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    TEXT_BROWSERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment with these variables.
    fn with(set: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            let found = set.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).into())
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_desktop_or_a_named_browser_is_needed() {
        assert!(can_show_with(with(&[("DISPLAY", ":0")])));
        assert!(can_show_with(with(&[("WAYLAND_DISPLAY", "wayland-0")])));
        assert!(can_show_with(with(&[("BROWSER", "firefox")])));
        assert!(!can_show_with(with(&[("TERM", "xterm")])));
    }

    #[test]
    fn a_desktop_elsewhere_is_seen_by_nobody() {
        let ssh = ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        for remote in [ssh, ("SSH_TTY", "/dev/pts/1")] {
            assert!(!can_show_with(with(&[("DISPLAY", ":0"), remote])));
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_browser_that_is_named_is_seen_from_elsewhere() {
        let ssh = ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        assert!(can_show_with(with(&[ssh, ("BROWSER", "/opt/editor/bin/browser.sh")])));
        assert!(!can_show_with(with(&[ssh, ("BROWSER", "w3m")])));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_text_browser_is_none_that_shows_itself() {
        for browser in
            ["w3m", "/usr/bin/lynx", "links -g %s", ":elinks:firefox", "/usr/bin/www-browser"]
        {
            let set = [("DISPLAY", ":0"), ("BROWSER", browser)];
            assert!(is_text_with(with(&set)) && !can_show_with(with(&set)), "{browser}");
        }
        for browser in ["firefox", "firefox:w3m", "/opt/w3m/firefox"] {
            let set = [("BROWSER", browser)];
            assert!(!is_text_with(with(&set)) && can_show_with(with(&set)), "{browser}");
        }
    }
}
