//! Whether a browser can show itself to a person here.

use std::ffi::OsString;

/// Whether a browser that is opened here is likely to be seen: there is a desktop, or the
/// environment names a browser.
pub fn can_show() -> bool {
    can_show_with(|name| std::env::var_os(name))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn can_show_with(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"]
        .into_iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(any(windows, target_os = "macos"))]
fn can_show_with(_variable: impl Fn(&str) -> Option<OsString>) -> bool {
    true
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn a_desktop_or_a_named_browser_is_needed() {
        let with = |set: &'static str, value: &'static str| {
            can_show_with(move |name| (name == set).then(|| value.into()))
        };
        assert!(with("DISPLAY", ":0") && with("WAYLAND_DISPLAY", "wayland-0"));
        assert!(with("BROWSER", "w3m"));
        assert!(!with("DISPLAY", "") && !with("TERM", "xterm"));
    }
}
