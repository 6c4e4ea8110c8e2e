//! Joins state, view and backend to egui: drains the news, draws, carries effects out.

use std::time::Duration;

use egui::{Context, Theme, ThemePreference, Ui, UserAttentionType, ViewportCommand};
use jiff::Timestamp;

use super::backend::Backend;
use super::effect::{Effect, Target};
use super::start::Trace;
use super::state::{State, ThemeChoice, WindowPlace};
use super::text::{Language, LanguageChoice};
use super::theme::{Palette, TEXT, regular};
use super::update::{Action, Message, settle, update};
use super::view::{self, Cx};
use crate::platform::activation::Activation;
use crate::platform::appearance::Appearance;

/// News of one frame, at most: the rest waits for the next one, so that no flood of news
/// keeps the window from drawing.
const MOST_NEWS: usize = 2_000;

/// How often the keyboard is given to a widget that does not get it.
const MOST_TRIES: u8 = 3;

/// The window.
pub(crate) struct App {
    state: State,
    backend: Box<dyn Backend>,
    /// Tells the time; the tests have their own.
    clock: fn() -> Timestamp,
    trace: Trace,
    /// What lets the window come to the front, where the desktop asks for a right to do so.
    activation: Option<Activation>,
    shown_theme: Option<ThemePreference>,
    /// This machine has a font for Chinese; nothing until one was looked for.
    has_chinese_font: Option<bool>,
    /// The widget that is to have the keyboard, and how often that is tried again.
    focus: Option<(Target, u8)>,
}

impl App {
    /// A window over `state`, told and served by `backend`.
    pub(crate) fn new(
        ctx: &Context,
        state: State,
        backend: Box<dyn Backend>,
        clock: fn() -> Timestamp,
        trace: Trace,
    ) -> Self {
        super::theme::install(ctx);
        Self {
            state,
            backend,
            clock,
            trace,
            activation: None,
            shown_theme: None,
            has_chinese_font: None,
            focus: None,
        }
    }

    /// Comes to the front with `activation`.
    pub(crate) fn with_activation(self, activation: Option<Activation>) -> Self {
        Self { activation, ..self }
    }

    /// What the window knows.
    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Takes what the backend tells, also while the window is hidden.
    pub(crate) fn drain(&mut self, ctx: &Context) {
        let now = (self.clock)();
        let mut effects = Vec::new();
        let mut taken = 0;
        while taken < MOST_NEWS
            && let Some(news) = self.backend.next()
        {
            effects.extend(update(&mut self.state, Message::Told(news), now));
            taken += 1;
        }
        if taken == MOST_NEWS {
            ctx.request_repaint();
        }
        effects.extend(settle(&mut self.state, now));
        self.carry_out(ctx, effects);
    }

    /// Draws the window and takes what the user did.
    pub(crate) fn draw(&mut self, ui: &mut Ui) {
        let now = (self.clock)();
        let ctx = ui.ctx().clone();
        self.follow_preferences(&ctx);
        let texts = self.state.texts();
        let mut cx = Cx {
            state: &self.state,
            texts: &texts,
            palette: Palette::of(&ctx),
            now,
            actions: Vec::new(),
            again_at: self.state.changes_at(now),
        };
        view::window(ui, &mut cx);
        let (mut actions, again_at) = (cx.actions, cx.again_at);
        self.hold_focus(&ctx);
        actions.extend(self.placed(&ctx));
        self.state.revealed();
        self.trace.frame(self.state.snapshot.is_some());
        let mut effects = Vec::new();
        let acted = !actions.is_empty();
        for action in actions {
            effects.extend(update(&mut self.state, Message::Act(action), now));
        }
        if acted {
            effects.extend(settle(&mut self.state, now));
            ctx.request_repaint();
        }
        if let Some(at) = again_at {
            let wait = at.duration_since(now);
            ctx.request_repaint_after(Duration::try_from(wait).unwrap_or_default());
        }
        self.carry_out(&ctx, effects);
    }

    fn follow_preferences(&mut self, ctx: &Context) {
        let theme = match (self.state.preferences.theme, self.state.desktop) {
            (ThemeChoice::Light, _) | (ThemeChoice::System, Some(Appearance::Light)) => {
                ThemePreference::Light
            }
            (ThemeChoice::Dark, _) | (ThemeChoice::System, Some(Appearance::Dark)) => {
                ThemePreference::Dark
            }
            (ThemeChoice::System, None) => ThemePreference::System,
        };
        if self.shown_theme != Some(theme) {
            self.shown_theme = Some(theme);
            ctx.set_theme(theme);
        }
        // Before its first frame, egui has no fonts to look into.
        let has_font = !wants_chinese(&self.state)
            || *self.has_chinese_font.get_or_insert_with(|| has_chinese(ctx));
        self.state.follow_language(has_font);
    }

    /// Looks whether the widget that was given the keyboard has it. Behind a dialog that has
    /// just closed, egui takes it away again for a frame.
    fn hold_focus(&mut self, ctx: &Context) {
        let Some((target, tries)) = self.focus else { return };
        let is_behind = self.state.has_dialog() && target != Target::DialogField;
        if tries == 0 || is_behind || ctx.memory(|memory| memory.has_focus(target.id())) {
            self.focus = None;
        } else {
            self.focus = Some((target, tries - 1));
            ctx.memory_mut(|memory| memory.request_focus(target.id()));
            ctx.request_repaint();
        }
    }

    /// Where the window is, once it rests.
    fn placed(&self, ctx: &Context) -> Option<Action> {
        let place = ctx.input(|input| {
            let viewport = input.viewport();
            let maximized = viewport.maximized?;
            // On Wayland no window knows where it is, only how large.
            let size = viewport.inner_rect.unwrap_or_else(|| input.viewport_rect()).size();
            let outer = viewport.outer_rect;
            let rests = !input.pointer.any_down() && viewport.minimized != Some(true);
            rests.then(|| WindowPlace {
                x: outer.map(|outer| outer.left().round()),
                y: outer.map(|outer| outer.top().round()),
                width: size.x.round(),
                height: size.y.round(),
                maximized,
            })
        })?;
        let known = self.state.preferences.window;
        // A window that fills the screen keeps the size that it has when it does not.
        let place = match known {
            Some(known) if place.maximized => WindowPlace { maximized: true, ..known },
            _ => place,
        };
        (known != Some(place)).then_some(Action::Placed(place))
    }

    fn carry_out(&mut self, ctx: &Context, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Copy(text) => ctx.copy_text(text),
                Effect::Open(address) => ctx.open_url(egui::OpenUrl::new_tab(address)),
                Effect::Focus(target) => {
                    self.focus = Some((target, MOST_TRIES));
                    ctx.memory_mut(|memory| memory.request_focus(target.id()));
                    ctx.request_repaint();
                }
                Effect::Raise(request) => {
                    ctx.send_viewport_cmd(ViewportCommand::Visible(true));
                    ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
                    ctx.send_viewport_cmd(ViewportCommand::Focus);
                    if let (Some(activation), Some(token)) =
                        (&self.activation, request.activation())
                    {
                        activation.bring_to_front(token);
                    }
                    // Where the system does not give the focus away, it may say so at least.
                    let attention = UserAttentionType::Informational;
                    ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(attention));
                    request.shown();
                }
                Effect::Attention => {
                    if ctx.input(|input| input.viewport().focused == Some(false)) {
                        let attention = UserAttentionType::Informational;
                        ctx.send_viewport_cmd(ViewportCommand::Focus);
                        ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(attention));
                    }
                }
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
                Effect::Ask { .. }
                | Effect::StartService
                | Effect::Elevate
                | Effect::RestartWindow
                | Effect::CallNow
                | Effect::StartDemo
                | Effect::StopDemo
                | Effect::SavePreferences(_)
                | Effect::AskAutostart
                | Effect::SetAutostart(_)
                | Effect::ChooseCaFile
                | Effect::FindGateways { .. }
                | Effect::SaveText { .. }
                | Effect::Azure { .. } => self.backend.begin(effect),
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // Its window goes after this.
        self.activation = None;
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        let theme = if visuals.dark_mode { Theme::Dark } else { Theme::Light };
        Palette::of_theme(theme).background.to_normalized_gamma_f32()
    }
}

fn wants_chinese(state: &State) -> bool {
    state.preferences.language != LanguageChoice::English
        && state.preferences.language.resolve(state.system_language) == Language::Chinese
}

fn has_chinese(ctx: &Context) -> bool {
    ctx.fonts_mut(|fonts| fonts.has_glyphs(&regular(TEXT), "混合连接"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::backend::mock::Mock;
    use crate::gui::state::Preferences;

    fn language_of_first_frame(choice: LanguageChoice, system: Language) -> (Language, bool) {
        let ctx = Context::default();
        let preferences = Preferences { language: choice, ..Preferences::default() };
        let state = State::new(preferences, system);
        let backend = Box::new(Mock::sample(Default::default()));
        let mut app = App::new(&ctx, state, backend, Timestamp::now, Trace::begin());
        app.drain(&ctx);
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| app.draw(ui));
        output.textures_delta.clear();
        (app.state.texts().language(), app.state.has_chinese_font())
    }

    #[test]
    fn a_window_that_does_not_know_where_it_is_keeps_its_size() {
        let ctx = Context::default();
        let state = State::new(Preferences::default(), Language::English);
        let backend = Box::new(Mock::sample(Default::default()));
        let mut app = App::new(&ctx, state, backend, Timestamp::now, Trace::begin());
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(900.0, 560.0));
        let mut input = egui::RawInput { screen_rect: Some(screen), ..Default::default() };
        let viewport = input.viewports.entry(egui::ViewportId::ROOT).or_default();
        viewport.maximized = Some(false);
        let mut output = ctx.run_ui(input, |ui| app.draw(ui));
        output.textures_delta.clear();
        let (x, y, maximized) = (None, None, false);
        let kept = WindowPlace { x, y, width: 900.0, height: 560.0, maximized };
        assert_eq!(app.state.preferences.window, Some(kept));
    }

    #[test]
    fn without_a_font_for_chinese_the_window_opens_in_english() {
        // None of the embedded fonts has Chinese, and no other is looked for here.
        for choice in [LanguageChoice::Chinese, LanguageChoice::System] {
            let shown = language_of_first_frame(choice, Language::Chinese);
            assert_eq!(shown, (Language::English, false));
        }
        for choice in [LanguageChoice::English, LanguageChoice::System] {
            let shown = language_of_first_frame(choice, Language::English);
            assert_eq!(shown.0, Language::English);
        }
    }
}
