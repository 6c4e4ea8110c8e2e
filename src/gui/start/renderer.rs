//! Which renderer draws, and what follows when it cannot.

use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use super::options::{Options, Renderer};
use crate::platform::graphics;

/// What draws the window, for the log and the about box.
static IN_USE: OnceLock<String> = OnceLock::new();

/// What draws the window, once it does.
pub(crate) fn renderer_in_use() -> Option<&'static str> {
    IN_USE.get().map(String::as_str)
}

/// Notes and logs what draws the window.
pub(super) fn note(renderer: Renderer, creation: &eframe::CreationContext<'_>) {
    let device = match &creation.wgpu_render_state {
        Some(state) => {
            let info = state.adapter.get_info();
            format!("{} ({}, {:?})", renderer.name(), info.name, info.backend)
        }
        None => renderer.name().to_owned(),
    };
    tracing::info!(renderer = device, "the window is drawn");
    IN_USE.get_or_init(|| device);
}

/// The renderer to try now.
pub(super) fn choice(options: &Options) -> Option<Renderer> {
    match options.renderer {
        Some(renderer) => (!options.tried.contains(&renderer)).then_some(renderer),
        None => order().into_iter().find(|renderer| !options.tried.contains(renderer)),
    }
}

/// The renderers, the best first. Windows has a Direct3D device everywhere, in software if
/// need be, and OpenGL only where a graphics card's driver brings it. Elsewhere a machine
/// without a graphics card draws in software either way, and OpenGL takes a fraction of the
/// time and less memory (`benches/window/measure.sh`).
fn order() -> [Renderer; 2] {
    match graphics::has_device() {
        true => [Renderer::Wgpu, Renderer::Glow],
        false => [Renderer::Glow, Renderer::Wgpu],
    }
}

/// Starts this program anew without `failed`, in a process of its own: what a renderer
/// leaves behind when it fails would be in the way of the next one. Returns how that
/// program ended.
///
/// # Errors
/// Those of the system.
pub(super) fn start_without(options: &Options, failed: Renderer) -> std::io::Result<ExitCode> {
    let tried = options.tried.iter().chain([&failed]).map(|renderer| renderer.name());
    let tried = tried.collect::<Vec<_>>().join(",");
    let mut command = Command::new(std::env::current_exe()?);
    command.args(without_tried(std::env::args_os().skip(1))).arg("--tried").arg(tried);
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

/// The arguments of this start, less what an earlier failure added.
fn without_tried(arguments: impl Iterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let mut kept = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if argument == "--tried" {
            arguments.next();
        } else {
            kept.push(argument);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from(std::iter::once(&"gui").chain(arguments))
    }

    #[test]
    fn what_failed_is_not_tried_again() {
        let [first, second] = order();
        assert_eq!(choice(&options(&[])), Some(first));
        assert_eq!(choice(&options(&["--tried", first.name()])), Some(second));
        assert_eq!(choice(&options(&["--tried", "wgpu,glow"])), None);
        assert_eq!(choice(&options(&["--renderer", "glow"])), Some(Renderer::Glow));
        assert_eq!(choice(&options(&["--renderer", "glow", "--tried", "glow"])), None);
    }

    #[test]
    fn a_new_start_has_the_same_arguments() {
        let arguments = ["--tried", "wgpu", "--home", "/x"].map(Into::into);
        assert_eq!(without_tried(arguments.into_iter()), ["--home", "/x"]);
    }
}
