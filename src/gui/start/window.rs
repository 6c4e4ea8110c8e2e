//! Opens the window, with the renderer that works.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use egui::{IconData, Rect, ViewportBuilder, pos2, vec2};
use jiff::Timestamp;

use super::options::{Options, Renderer};
use super::{Trace, renderer};
use crate::gui::app::App;
use crate::gui::backend::Backend;
use crate::gui::backend::live::Waker;
use crate::gui::effect::Effect;
use crate::gui::state::{Demo, State, WindowPlace};
use crate::gui::text::{Language, LanguageChoice};
use crate::gui::theme::system_fonts;
use crate::platform::activation::Activation;
use crate::platform::front::ActivationToken;

/// As the desktop knows the window; the desktop entry has the same name.
const APP_ID: &str = "hybrid-connection-manager-gui";
const TITLE: &str = "Hybrid Connection Manager GUI";
const SIZE: egui::Vec2 = vec2(1180.0, 720.0);
const LEAST_SIZE: egui::Vec2 = vec2(640.0, 400.0);

/// Opens the window and returns when it is closed.
///
/// # Errors
/// Why no renderer works, in words.
pub(super) fn open(
    options: &Options,
    mut state: State,
    mut backend: Box<dyn Backend>,
    waker: Waker,
    trace: Trace,
) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let Some(chosen) = renderer::choice(options) else {
        return Err(none_works(options).into());
    };
    if options.demo {
        state.demo = Demo::Starting;
        backend.begin(Effect::StartDemo);
    }
    let native = native_options(options, chosen, state.preferences.window);
    let (is_simplified, minimized) = (wants_simplified(&state), options.minimized);
    let is_created = Rc::new(Cell::new(false));
    let created = is_created.clone();
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        trace.mark("renderer");
        renderer::note(chosen, creation);
        let ctx = &creation.egui_ctx;
        if let Some(window) = creation.winit_window() {
            let screens: Vec<Rect> = window
                .available_monitors()
                .map(|monitor| {
                    let (at, size) = (monitor.position(), monitor.size());
                    Rect::from_min_size(
                        pos2(at.x as f32, at.y as f32),
                        vec2(size.width as f32, size.height as f32),
                    )
                })
                .collect();
            // A window that was on a screen that is gone comes to one that is there.
            if let (Ok(at), Some(monitor)) =
                (window.outer_position(), window.available_monitors().next())
                && !is_in_sight(pos2(at.x as f32, at.y as f32), &screens)
            {
                window.set_outer_position(monitor.position());
            }
            if minimized {
                window.set_minimized(true);
            }
        }
        system_fonts::add(ctx, is_simplified);
        waker.wakes(ctx);
        let activation = Activation::of(creation);
        if let (Some(activation), Some(token), false) =
            (&activation, ActivationToken::from_environment(), minimized)
        {
            activation.bring_to_front(&token);
        }
        let app = App::new(ctx, state, backend, Timestamp::now, trace);
        let app = app.with_activation(activation);
        created.set(true);
        Ok(Box::new(app))
    });
    let run = catch_unwind(AssertUnwindSafe(|| eframe::run_native(APP_ID, native, create)));
    let problem = match run {
        Ok(Ok(())) => return Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it panicked".to_owned(),
    };
    let renderer = chosen.name();
    if is_created.get() {
        return Err(format!("the window was lost ({renderer}: {problem}); start it again").into());
    }
    tracing::warn!(renderer, problem, "this renderer does not work here");
    Ok(renderer::start_without(options, chosen)?)
}

/// Whether enough of a window at `position` can be seen to take hold of it.
fn is_in_sight(position: egui::Pos2, screens: &[Rect]) -> bool {
    let handle = Rect::from_min_size(position, vec2(200.0, 30.0));
    screens.iter().any(|screen| {
        let seen = screen.intersect(handle);
        seen.width() >= 60.0 && seen.height() >= 10.0
    })
}

fn native_options(
    options: &Options,
    chosen: Renderer,
    place: Option<WindowPlace>,
) -> eframe::NativeOptions {
    let mut viewport = ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title(TITLE)
        .with_icon(icon())
        .with_min_inner_size(LEAST_SIZE)
        .with_inner_size(place.map_or(SIZE, |place| vec2(place.width, place.height)));
    if let Some(WindowPlace { x: Some(x), y: Some(y), .. }) = place {
        viewport = viewport.with_position([x, y]);
    }
    viewport = viewport.with_maximized(place.is_some_and(|place| place.maximized));
    if options.minimized {
        viewport = viewport.with_active(false);
    }
    eframe::NativeOptions {
        viewport,
        renderer: match chosen {
            Renderer::Wgpu => eframe::Renderer::Wgpu,
            Renderer::Glow => eframe::Renderer::Glow,
        },
        // One of our own prefers the characters of the language that is shown.
        system_font_fallback: false,
        centered: place.is_none(),
        ..eframe::NativeOptions::default()
    }
}

/// Han characters are simplified Chinese, unless the window is in English on a system whose
/// language has Han characters of its own.
fn wants_simplified(state: &State) -> bool {
    let choice: LanguageChoice = state.preferences.language;
    let locale = sys_locale::get_locale().unwrap_or_default().to_ascii_lowercase();
    let has_own = ["ja", "ko", "zh"].iter().any(|language| locale.starts_with(language));
    choice.resolve(state.system_language) == Language::Chinese || !has_own
}

fn icon() -> Arc<IconData> {
    let bytes = include_bytes!("../../../assets/icon/icon-128.png");
    let icon = eframe::icon_data::from_png_bytes(bytes);
    Arc::new(icon.unwrap_or_else(|error| {
        tracing::warn!(%error, "the window has no icon");
        IconData::default()
    }))
}

fn none_works(options: &Options) -> String {
    let tried: Vec<&str> = options.tried.iter().map(|renderer| renderer.name()).collect();
    format!(
        "The window cannot be drawn on this machine: none of its renderers works (tried: {}).\n\
         Everything can be done from a terminal as well: run \"hcm --help\", for example \"hcm list --watch\".\n\
         What exactly failed is in the window's log.",
        tried.join(", ")
    )
}

/// Says `text` where there is no window to say it in.
#[expect(clippy::print_stderr, reason = "there is no window")]
pub(super) fn say_plainly(text: &str) {
    eprintln!("hybrid-connection-manager-gui: {text}");
    if cfg!(windows) {
        // Started from the menu, the program has no terminal.
        rfd::MessageDialog::new()
            .set_level(rfd::MessageLevel::Error)
            .set_title(TITLE)
            .set_description(text)
            .show();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desktop_finds_the_menu_entry_of_the_window() {
        let menu = include_str!("../../../assets/linux/hybrid-connection-manager-gui.desktop");
        let has =
            |key: &str, value: &str| menu.lines().any(|line| line == format!("{key}={value}"));
        assert!(has("StartupWMClass", APP_ID) && has("Exec", APP_ID) && has("TryExec", APP_ID));
        assert!(
            has("Name", TITLE) && !menu.contains("\nName["),
            "the title is the same everywhere"
        );
    }

    #[test]
    fn a_window_off_the_screens_is_noticed() {
        let screens = [(0.0, 0.0), (1920.0, 0.0)]
            .map(|(x, y)| Rect::from_min_size(pos2(x, y), vec2(1920.0, 1080.0)));
        for (x, y, seen) in [
            (100.0, 100.0, true),
            (3700.0, 1050.0, true),
            (-150.0, -5.0, false),
            (-100.0, 0.0, true),
            (3830.0, 10.0, false),
            (10.0, 1079.0, false),
            (5000.0, 10.0, false),
        ] {
            assert_eq!(is_in_sight(pos2(x, y), &screens), seen, "{x}, {y}");
        }
    }
}
