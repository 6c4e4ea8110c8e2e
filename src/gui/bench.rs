//! The window without a display, for `cargo bench --bench window`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};

use egui::{Context, Pos2, RawInput, Rect, UiBuilder, vec2};
use jiff::Timestamp;

use super::app::App;
use super::backend::{Backend, News};
use super::effect::Effect;
use super::sample;
use super::start::Trace;
use super::state::{Link, Preferences, State};
use super::text::Language;
use crate::ipc::Push;
use crate::ipc::protocol::Event;
use crate::model::Snapshot;

/// Time between two frames in milliseconds.
const STEP: i64 = 25;
/// Bytes that a connection which changes has carried since it was told last.
const BYTES: u64 = 40_000;

/// What the bench's clock shows, in milliseconds.
static NOW: AtomicI64 = AtomicI64::new(1_770_000_000_000);

fn now() -> Timestamp {
    Timestamp::from_millisecond(NOW.load(Ordering::Relaxed)).unwrap_or_default()
}

/// A window over a service whose connections carry traffic.
pub struct Bench {
    ctx: Context,
    app: App,
    feed: Feed,
    told: Snapshot,
    next: usize,
}

impl Bench {
    /// A window over so many connections, drawn once.
    pub fn new(connections: usize) -> Self {
        let (ctx, feed) = (Context::default(), Feed::default());
        let told = sample::many(connections, now());
        feed.tell(News::Link(Link::managed(told.service.version.clone())));
        feed.tell(News::Push(Push::Snapshot(Box::new(told.clone()))));
        let state = State::new(Preferences::default(), Language::English);
        let app = App::new(&ctx, state, Box::new(feed.clone()), now, Trace::begin());
        let mut bench = Self { ctx, app, feed, told, next: 0 };
        bench.frame();
        bench
    }

    /// The service tells that so many connections have carried more, one after the other.
    pub fn change(&mut self, count: usize) {
        for _ in 0..count {
            self.next = (self.next + 7) % self.told.connections.len();
            let view = &mut self.told.connections[self.next];
            view.traffic.bytes_to_azure += BYTES;
            view.traffic.bytes_to_endpoint += BYTES / 9;
            self.told.revision += 1;
            let event = Event::Connection { connection: Box::new(view.clone()) };
            self.feed.tell(News::Push(Push::Event { revision: self.told.revision, event }));
        }
    }

    /// Takes what was told, and settles what follows from it.
    pub fn take(&mut self) {
        self.app.drain(&self.ctx);
    }

    /// Takes what was told and draws the window, as far as the graphics card's share.
    /// Returns how many triangles it has got.
    pub fn frame(&mut self) -> usize {
        NOW.fetch_add(STEP, Ordering::Relaxed);
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(1180.0, 720.0));
        let input = RawInput { screen_rect: Some(screen), ..RawInput::default() };
        self.app.drain(&self.ctx);
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| {
            ui.scope_builder(UiBuilder::new().max_rect(screen), |ui| app.draw(ui));
        });
        output.textures_delta.clear();
        let meshes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let indices = meshes.iter().map(|clipped| match &clipped.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        });
        indices.sum::<usize>() / 3
    }
}

/// News that the bench tells.
#[derive(Clone, Default)]
struct Feed(Rc<RefCell<VecDeque<News>>>);

impl Feed {
    fn tell(&self, news: News) {
        self.0.borrow_mut().push_back(news);
    }
}

impl Backend for Feed {
    fn begin(&mut self, _effect: Effect) {}

    fn next(&mut self) -> Option<News> {
        self.0.borrow_mut().pop_front()
    }
}
