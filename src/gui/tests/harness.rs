//! The window over a made-up service, at a time that only the test moves.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use egui::accesskit::{Action, ActionRequest, NodeId, Role, Toggled, TreeId};
use egui::{Context, Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, Rect, Vec2, vec2};
use egui::{UiBuilder, ViewportCommand, ViewportId};
use egui_kittest::kittest::NodeT as _;
use egui_kittest::{Harness, Node, SnapshotOptions};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use jiff::{SignedDuration, Timestamp};

use super::software::Software;
use crate::gui::app::App;
use crate::gui::backend::mock::{Ending, Mock};
use crate::gui::backend::{Backend, News, Refusal};
use crate::gui::effect::Effect;
use crate::gui::sample;
use crate::gui::start::Trace;
use crate::gui::state::{Preferences, State, ThemeChoice};
use crate::gui::text::{Language, Texts, Value};
use crate::ipc::protocol::Request;
use crate::model::Snapshot;
use crate::platform::permissions::{Membership, Standing};

/// The size in which the window opens for the first time.
pub(super) const SIZE: Vec2 = vec2(1180.0, 720.0);
/// Pictures until nothing changes any more, at the most.
const MOST_FRAMES: usize = 12;

thread_local! {
    /// What the clock of this test shows.
    static NOW: Cell<Timestamp> = Cell::new("2026-03-02T14:05:00Z".parse().unwrap());
}

/// What the clock of this test shows. Each test has a thread, and so a clock, of its own.
pub(super) fn now() -> Timestamp {
    NOW.get()
}

/// A window as it is opened.
pub(super) struct Opening {
    pub(super) snapshot: Snapshot,
    pub(super) preferences: Preferences,
    pub(super) size: Vec2,
    pub(super) scale: f32,
    /// Characters that none of the window's own fonts has are shown as boxes instead of
    /// failing the test.
    pub(super) foreign_characters: bool,
    /// Azure takes a moment for everything.
    pub(super) slow_azure: bool,
    /// How an upgrade of the service ends.
    pub(super) ending: Ending,
}

impl Opening {
    pub(super) fn new() -> Self {
        let preferences = Preferences { theme: ThemeChoice::Light, ..Preferences::default() };
        Self {
            snapshot: sample::snapshot(now()),
            preferences,
            size: SIZE,
            scale: 1.0,
            foreign_characters: false,
            slow_azure: false,
            ending: Ending::Well,
        }
    }

    /// Opens it over the made-up service.
    pub(super) fn open(self) -> Window {
        let mock = Mock::new(self.snapshot.clone(), now).with_ending(self.ending.clone());
        let desk = Desk::new(if self.slow_azure { mock.with_slow_azure() } else { mock });
        let (backend, waker) = (Box::new(desk.clone()), desk.clone());
        let mut window = self.open_over(backend, now, desk, move |ctx| waker.wakes(ctx));
        window.settle();
        window.desk.forget();
        window
    }

    /// Opens it over `backend`, after `prepare`.
    pub(super) fn open_over(
        self,
        backend: Box<dyn Backend>,
        clock: fn() -> Timestamp,
        desk: Desk,
        prepare: impl FnOnce(&Context) + 'static,
    ) -> Window {
        let app = Rc::new(RefCell::new(None));
        let mut state = State::new(self.preferences, Language::English);
        // Whatever the machine is like that this runs on.
        state.standing = Standing::with(Membership::Outside);
        let slot = app.clone();
        let mut builder = Harness::builder()
            .with_size(self.size)
            .with_pixels_per_point(self.scale)
            .with_theme(egui::Theme::Light)
            .with_render_cursor(false)
            .renderer(Software::default())
            .with_context_setup(move |ctx| {
                prepare(ctx);
                *slot.borrow_mut() = Some(App::new(ctx, state, backend, clock, Trace::begin()));
            });
        if self.foreign_characters {
            builder = builder.allow_missing_glyphs();
        }
        let slot = app.clone();
        let harness = builder.build_ui_state(
            move |ui, ()| {
                let mut app = slot.borrow_mut();
                let app = app.as_mut().unwrap();
                app.drain(ui.ctx());
                // The harness leaves a margin around what it shows.
                let all = ui.ctx().content_rect();
                ui.scope_builder(UiBuilder::new().max_rect(all), |ui| {
                    ui.set_clip_rect(all);
                    app.draw(ui);
                });
            },
            (),
        );
        Window { harness, app, desk, copied: None, commands: Vec::new() }
    }
}

/// The window, and what it does to the world.
pub(super) struct Window {
    harness: Harness<'static>,
    app: Rc<RefCell<Option<App>>>,
    pub(super) desk: Desk,
    /// What was put on the clipboard last.
    pub(super) copied: Option<String>,
    /// What the system was asked to do with the window.
    pub(super) commands: Vec<ViewportCommand>,
}

impl Window {
    /// The window in English and light, over the sample.
    pub(super) fn open() -> Self {
        Opening::new().open()
    }

    /// What the window knows.
    pub(super) fn state(&self) -> Ref<'_, State> {
        Ref::map(self.app.borrow(), |app| app.as_ref().unwrap().state())
    }

    /// The text `key` in the language that is shown.
    pub(super) fn text(&self, key: &'static str) -> String {
        self.texts().get(key).to_string()
    }

    pub(super) fn texts(&self) -> Rc<Texts> {
        self.state().texts()
    }

    // ---- what there is

    /// Everything in the window with its role and name.
    pub(super) fn things(&self) -> Vec<Thing> {
        self.harness.root().children_recursive().map(|node| Thing::of(&node)).collect()
    }

    /// The one thing called `name` with which something can be done.
    #[track_caller]
    pub(super) fn thing(&self, name: &str) -> Thing {
        self.one(name, |thing| thing.is_control() && thing.name == name)
    }

    /// The last of several things called `name`.
    #[track_caller]
    pub(super) fn last(&self, name: &str) -> Thing {
        let mut things = self.things().into_iter().rev();
        let thing = things.find(|thing| thing.is_control() && thing.name == name);
        thing.unwrap_or_else(|| panic!("no {name:?} in:\n{}", self.dump()))
    }

    /// Something with which something can be done is called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.things().iter().any(|thing| thing.is_control() && thing.name == name)
    }

    /// `text` is to be read somewhere.
    pub(super) fn says(&self, text: &str) -> bool {
        self.things().iter().any(|thing| thing.name.contains(text))
    }

    /// The text `key` with `values` in it is to be read somewhere.
    pub(super) fn tells(&self, key: &str, values: &[(&'static str, Value<'_>)]) -> bool {
        self.says(&self.texts().with(key, values))
    }

    /// Everything that is to be read, a line each, for a test that fails.
    pub(super) fn dump(&self) -> String {
        let lines = self.things().into_iter().filter(|thing| !thing.name.is_empty());
        let lines = lines.map(|thing| format!("{:?}: {}", thing.role, thing.name));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The row of the connection `name`.
    #[track_caller]
    pub(super) fn row(&self, name: &str) -> Thing {
        let start = format!("{name}, ");
        self.one(name, |thing| thing.role == Role::Row && thing.name.starts_with(&start))
    }

    /// The row of the hybrid connection `name` in the list of those in Azure.
    #[track_caller]
    pub(super) fn choice(&self, name: &str) -> Thing {
        let starts = [format!("{name}, "), format!("{name} · ")];
        self.one(name, |thing| {
            thing.role == Role::CheckBox && starts.iter().any(|start| thing.name.starts_with(start))
        })
    }

    /// Names of those whose rows there are, from top to bottom.
    pub(super) fn choices(&self) -> Vec<String> {
        let things = self.things();
        let rows =
            things.iter().filter(|thing| thing.role == Role::CheckBox && thing.name.contains(", "));
        rows.map(|row| row.name.split(", ").next().unwrap().to_owned()).collect()
    }

    /// Clicks such a row, after scrolling to it.
    #[track_caller]
    pub(super) fn choose(&mut self, name: &str) {
        let at = self.find_choice(name).rect.center();
        self.click_at(at, PointerButton::Primary, Modifiers::NONE);
    }

    /// Such a row, after scrolling to it.
    #[track_caller]
    pub(super) fn find_choice(&mut self, name: &str) -> Thing {
        let list = self.thing(&self.text("azure-list")).rect;
        let is_in_sight = |window: &Self| {
            let starts = [format!("{name}, "), format!("{name} · ")];
            let things = window.things();
            let mut rows = things.iter().filter(|thing| thing.role == Role::CheckBox);
            rows.any(|row| {
                starts.iter().any(|start| row.name.starts_with(start))
                    && list.contains(row.rect.center())
            })
        };
        self.send(Event::PointerMoved(list.center()));
        for delta in [vec2(0.0, 9_000.0)].into_iter().chain([vec2(0.0, -80.0); 30]) {
            if is_in_sight(self) {
                break;
            }
            self.wheel(delta);
        }
        self.choice(name)
    }

    /// Names of the connections whose rows there are, from top to bottom.
    pub(super) fn rows(&self) -> Vec<String> {
        let things = self.things();
        let rows = things.iter().filter(|thing| thing.role == Role::Row);
        rows.map(|row| row.name.split(", ").next().unwrap().to_owned()).collect()
    }

    /// Names of the connections that are selected.
    pub(super) fn selected(&self) -> Vec<String> {
        self.state().table.selected.iter().map(|id| id.name().to_owned()).collect()
    }

    #[track_caller]
    fn one(&self, name: &str, is_meant: impl Fn(&Thing) -> bool) -> Thing {
        let mut found: Vec<_> = self.things().into_iter().filter(is_meant).collect();
        assert!(found.len() == 1, "{} are called {name:?} in:\n{}", found.len(), self.dump());
        found.remove(0)
    }

    // ---- what a person does

    /// Clicks the thing called `name`.
    #[track_caller]
    pub(super) fn click(&mut self, name: &str) {
        self.scroll_to(self.thing(name));
        let thing = self.thing(name);
        assert!(thing.enabled, "{name:?} cannot be clicked");
        self.click_at(thing.rect.center(), PointerButton::Primary, Modifiers::NONE);
    }

    /// Clicks the last of several things called `name`; the header comes first, dialogs last.
    #[track_caller]
    pub(super) fn click_last(&mut self, name: &str) {
        self.scroll_to(self.last(name));
        let thing = self.last(name);
        self.click_at(thing.rect.center(), PointerButton::Primary, Modifiers::NONE);
    }

    /// Brings a thing into sight, as the wheel does.
    fn scroll_to(&mut self, thing: Thing) {
        let scroll = ActionRequest {
            action: Action::ScrollIntoView,
            target_tree: TreeId::ROOT,
            target_node: thing.id,
            data: None,
        };
        self.send(Event::AccessKitActionRequest(scroll));
        self.settle();
    }

    /// Clicks the row of the connection `name`.
    #[track_caller]
    pub(super) fn click_row(&mut self, name: &str, modifiers: Modifiers) {
        let at = self.row(name).rect.center();
        self.click_at(at, PointerButton::Primary, modifiers);
    }

    pub(super) fn click_at(&mut self, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
        self.hold(modifiers);
        self.send(Event::PointerMoved(pos));
        for pressed in [true, false] {
            self.send(Event::PointerButton { pos, button, pressed, modifiers });
        }
        if modifiers.any() {
            self.hold(Modifiers::NONE);
        }
        self.settle();
    }

    /// Turns the wheel.
    pub(super) fn wheel(&mut self, delta: Vec2) {
        self.send(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        self.settle();
    }

    pub(super) fn key(&mut self, key: Key) {
        self.chord(Modifiers::NONE, key);
    }

    pub(super) fn chord(&mut self, modifiers: Modifiers, key: Key) {
        self.hold(modifiers);
        for pressed in [true, false] {
            self.send(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
        }
        if modifiers.any() {
            self.hold(Modifiers::NONE);
        }
        self.settle();
    }

    /// Holds these keys down from the next event on.
    fn hold(&mut self, modifiers: Modifiers) {
        self.queue(Event::ModifiersChanged(modifiers));
    }

    pub(super) fn type_text(&mut self, text: &str) {
        self.send(Event::Text(text.to_owned()));
        self.settle();
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.send(Event::Paste(text.to_owned()));
        self.settle();
    }

    pub(super) fn pointer_leaves(&mut self) {
        self.send(Event::PointerGone);
        self.settle();
    }

    // ---- what happens

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: SignedDuration) {
        NOW.set(NOW.get() + time);
        self.settle();
    }

    /// The backend tells something.
    pub(super) fn tell(&mut self, news: News) {
        self.desk.tell(news);
        self.settle();
    }

    pub(super) fn send(&mut self, event: Event) {
        self.harness.event(event);
        self.step();
    }

    /// Puts `event` beside others that come with the next picture.
    pub(super) fn queue(&mut self, event: Event) {
        self.harness.input_mut().events.push(event);
    }

    pub(super) fn drag(&mut self, from: Pos2, to: Pos2) {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        self.send(Event::PointerMoved(from));
        self.send(Event::PointerButton { pos: from, button, pressed: true, modifiers });
        self.send(Event::PointerMoved(from.lerp(to, 0.5)));
        self.send(Event::PointerMoved(to));
        self.send(Event::PointerButton { pos: to, button, pressed: false, modifiers });
        self.settle();
    }

    pub(super) fn step(&mut self) {
        self.harness.step();
        let output = self.harness.output();
        for command in &output.platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                self.copied = Some(text.clone());
            }
        }
        let viewport = &output.viewport_output[&ViewportId::ROOT];
        self.commands.extend(viewport.commands.iter().cloned());
    }

    /// Draws until nothing changes any more, and looks whether everything has a name.
    #[track_caller]
    pub(super) fn settle(&mut self) {
        for _ in 0..MOST_FRAMES {
            self.step();
            if self.next_frame_in().is_none_or(|delay| !delay.is_zero()) {
                self.harness.check_accessibility();
                return;
            }
        }
        panic!("it never rests: {:?}", self.harness.ctx.repaint_causes());
    }

    /// When the window wants to be drawn again by itself.
    pub(super) fn next_frame_in(&self) -> Option<std::time::Duration> {
        let delay = self.harness.output().viewport_output[&ViewportId::ROOT].repaint_delay;
        (delay != std::time::Duration::MAX).then_some(delay)
    }

    /// Everything in the window as the screen reader's tree has it.
    pub(super) fn root(&self) -> Node<'_> {
        self.harness.root()
    }

    /// What was drawn last.
    pub(super) fn output(&self) -> &egui::FullOutput {
        self.harness.output()
    }

    /// Where the rows are.
    #[track_caller]
    pub(super) fn table(&self) -> Rect {
        self.thing(&self.text("table")).rect
    }

    pub(super) fn ctx(&self) -> &Context {
        &self.harness.ctx
    }

    /// Compares the window with its picture in `tests/snapshots/window`.
    #[track_caller]
    pub(super) fn picture(&mut self, name: &str) {
        self.pointer_leaves();
        self.harness.snapshot(name);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            shrink(name);
        }
    }
}

/// Writes a picture anew in as few bytes as PNG allows; it has been written in a hurry.
fn shrink(name: &str) {
    let path = SnapshotOptions::default().output_path.join(format!("{name}.png"));
    let picture = image::open(&path).unwrap().to_rgb8();
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::NoFilter);
    picture.write_with_encoder(encoder).unwrap();
}

/// Something in the window, as a screen reader meets it.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    id: NodeId,
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) rect: Rect,
    pub(super) enabled: bool,
    pub(super) focused: bool,
    pub(super) selected: bool,
}

impl Thing {
    fn of(node: &Node<'_>) -> Self {
        let access = node.accesskit_node();
        let role = access.role();
        let name = if role == Role::Label { access.value() } else { access.label() };
        Self {
            id: access.locate().0,
            role,
            name: name.unwrap_or_default(),
            value: access.value(),
            rect: access.bounding_box().map_or(Rect::NOTHING, |_| node.rect()),
            enabled: !access.is_disabled(),
            focused: node.is_focused(),
            selected: access.is_selected() == Some(true) || access.toggled() == Some(Toggled::True),
        }
    }

    fn is_control(&self) -> bool {
        egui::accessibility::is_input(self.role)
            || matches!(self.role, Role::Row | Role::ColumnHeader | Role::Table)
    }
}

/// The made-up service, in the hands of the test too.
#[derive(Clone)]
pub(super) struct Desk(Rc<RefCell<Inside>>);

/// Why a request is refused, if it is.
type Refuse = Box<dyn Fn(&Request) -> Option<Refusal>>;

struct Inside {
    mock: Mock,
    refuse: Refuse,
    is_silent: bool,
    window: Option<Context>,
}

impl Desk {
    pub(super) fn new(mock: Mock) -> Self {
        let refuse = Box::new(|_: &Request| None);
        Self(Rc::new(RefCell::new(Inside { mock, refuse, is_silent: false, window: None })))
    }

    /// One whose service nobody asks.
    pub(super) fn nobody() -> Self {
        Self::new(Mock::new(sample::many(0, now()), now))
    }

    fn wakes(&self, ctx: &Context) {
        self.0.borrow_mut().window = Some(ctx.clone());
    }

    /// Refuses the requests for which `refuse` has a reason.
    pub(super) fn refuse(&self, refuse: impl Fn(&Request) -> Option<Refusal> + 'static) {
        self.0.borrow_mut().refuse = Box::new(refuse);
    }

    /// Hears requests, but does not answer them any more.
    pub(super) fn fall_silent(&self) {
        self.0.borrow_mut().is_silent = true;
    }

    /// What was begun, in the order in which it was.
    pub(super) fn asked(&self) -> Vec<String> {
        self.0.borrow().mock.asked.clone()
    }

    /// Forgets what was begun.
    pub(super) fn forget(&self) {
        self.0.borrow_mut().mock.asked.clear();
    }

    pub(super) fn tell(&self, news: News) {
        self.0.borrow_mut().mock.tell(news);
        self.wake();
    }

    /// Answers again.
    pub(super) fn speak(&self) {
        self.0.borrow_mut().is_silent = false;
    }

    fn wake(&self) {
        if let Some(window) = &self.0.borrow().window {
            window.request_repaint();
        }
    }

    fn inside(&self) -> RefMut<'_, Inside> {
        self.0.borrow_mut()
    }
}

impl Backend for Desk {
    fn begin(&mut self, effect: Effect) {
        let mut inside = self.inside();
        if inside.is_silent {
            return inside.mock.asked.push(format!("{effect:?}"));
        }
        if let Effect::Ask { ticket, request } = &effect
            && let Some(refusal) = (inside.refuse)(request)
        {
            let news = News::Answer { ticket: *ticket, outcome: Err(refusal) };
            inside.mock.asked.push(format!("{request:?}"));
            inside.mock.tell(news);
            drop(inside);
            return self.wake();
        }
        inside.mock.begin(effect);
        drop(inside);
        self.wake();
    }

    fn next(&mut self) -> Option<News> {
        self.inside().mock.next()
    }
}
