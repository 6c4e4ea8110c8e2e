//! The real world, on threads of its own.

mod azure;
#[cfg(feature = "emulator")]
mod demo;
mod files;
mod gateways;
mod known;
mod link;
mod program;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use self::azure::Opener;
use super::{Backend, News, Refusal};
use crate::gui::effect::Effect;
use crate::gui::state::Ticket;
use crate::ipc::protocol::Request;
use crate::ipc::{Channels, ClientError};
use crate::platform::appearance::Appearances;
use crate::platform::front::Front;
use crate::platform::{elevation, graphics};

/// News that the window may be behind; then the service is read no further.
const MOST_NEWS: usize = 1024;
/// Effects that may wait to be begun before they are kept on the window's side.
const MOST_EFFECTS: usize = 256;
/// How long the end of the window waits for what is under way: the demo, the preferences.
const END_LIMIT: Duration = Duration::from_secs(3);
/// Changes that come within this time are one picture: the service tells the traffic of all
/// connections at the same moments, and a person notices nothing of so short a wait.
const TOGETHER: Duration = Duration::from_millis(35);

/// The same for counters, where the processor draws: a picture takes it longer than all else.
const SELDOM: Duration = Duration::from_millis(2900);

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where a service may be reached, the first that answers is meant.
    pub services: Vec<Channels>,
    /// The home that was named, for a service that is started.
    pub home: Option<PathBuf>,
    /// The arguments of a window that takes the place of this one.
    pub again: Vec<OsString>,
    /// The window's own file.
    pub preferences_file: PathBuf,
    /// What opens the page of a sign-in.
    pub open: Opener,
}

/// The backend of the real window.
pub(crate) struct Live {
    runtime: Option<Runtime>,
    effects: Option<mpsc::Sender<Effect>>,
    /// What did not fit.
    waiting: VecDeque<Effect>,
    news: mpsc::Receiver<News>,
    ended: std::sync::mpsc::Receiver<()>,
}

/// Makes the window draw again, once there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waker(Arc<OnceLock<egui::Context>>);

impl Waker {
    /// The window that is woken.
    pub(crate) fn wakes(&self, ctx: &egui::Context) {
        self.0.get_or_init(|| ctx.clone());
        ctx.request_repaint();
    }

    /// Has it drawn within this time.
    pub(crate) fn wake(&self, within: Duration) {
        if let Some(ctx) = self.0.get() {
            ctx.request_repaint_after(within);
        }
    }
}

/// Where news go.
#[derive(Clone, Debug)]
struct Outbox {
    news: mpsc::Sender<News>,
    waker: Waker,
    /// How long counters that run on may wait for their picture.
    in_passing: Duration,
}

impl Outbox {
    async fn tell(&self, news: News) {
        // A window that has gone needs no news.
        if self.news.send(news).await.is_ok() {
            self.waker.wake(TOGETHER);
        }
    }

    /// Tells what is seen with the next picture, and need not make one of its own at once.
    async fn tell_in_passing(&self, news: News) {
        if self.news.send(news).await.is_ok() {
            self.waker.wake(self.in_passing);
        }
    }

    /// The window takes nothing at the moment.
    fn is_full(&self) -> bool {
        self.news.capacity() == 0
    }
}

impl Live {
    /// Begins to call the service at once, before there is a window.
    pub(crate) fn start(
        runtime: Runtime,
        places: Places,
        front: Option<Front>,
        waker: Waker,
    ) -> Self {
        let (effects, begun) = mpsc::channel(MOST_EFFECTS);
        let (sender, news) = mpsc::channel(MOST_NEWS);
        let (end, ended) = std::sync::mpsc::sync_channel(1);
        let in_passing = if graphics::has_device() { TOGETHER } else { SELDOM };
        let outbox = Outbox { news: sender, waker, in_passing };
        runtime.spawn(async move {
            Hub::new(places, outbox, front).run(begun).await;
            end.try_send(()).unwrap_or_default();
        });
        Self {
            runtime: Some(runtime),
            effects: Some(effects),
            waiting: VecDeque::new(),
            news,
            ended,
        }
    }

    /// Begins what has waited, as far as there is room.
    fn flush(&mut self) {
        let Some(effects) = &self.effects else { return };
        while let Some(effect) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(effect)) = effects.try_send(effect) {
                self.waiting.push_front(effect);
                return;
            }
        }
    }
}

impl Backend for Live {
    fn begin(&mut self, effect: Effect) {
        self.waiting.push_back(effect);
        self.flush();
    }

    fn next(&mut self) -> Option<News> {
        self.flush();
        self.news.try_recv().ok()
    }
}

impl Drop for Live {
    /// Lets what is under way come to its end, for a short while.
    fn drop(&mut self) {
        self.flush();
        self.effects = None;
        self.news.close();
        if self.ended.recv_timeout(END_LIMIT).is_err() {
            tracing::warn!("the window ends before everything of it has ended");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Carries effects out.
struct Hub {
    places: Places,
    outbox: Outbox,
    link: link::Handle,
    saver: files::Saver,
    azure: azure::Desk,
    finder: gateways::Finder,
    #[cfg(feature = "emulator")]
    demo: demo::Handle,
}

impl Hub {
    fn new(places: Places, outbox: Outbox, front: Option<Front>) -> Self {
        let link = link::keep(places.services.clone(), outbox.clone());
        tokio::spawn(follow_appearance(outbox.clone()));
        if let Some(front) = front {
            tokio::spawn(hear_starts(front, outbox.clone()));
        }
        Self {
            saver: files::Saver::start(places.preferences_file.clone(), outbox.clone()),
            finder: gateways::Finder::new(outbox.clone()),
            azure: azure::Desk::new(outbox.clone(), places.open),
            #[cfg(feature = "emulator")]
            demo: demo::Handle::start(link.clone(), outbox.clone()),
            link,
            outbox,
            places,
        }
    }

    /// Until the window is gone.
    async fn run(mut self, mut begun: mpsc::Receiver<Effect>) {
        if elevation::is_offered() {
            self.outbox.tell(News::CanElevate).await;
        }
        while let Some(effect) = begun.recv().await {
            self.begin(effect);
        }
        #[cfg(feature = "emulator")]
        self.demo.end().await;
        self.saver.end().await;
    }

    fn begin(&mut self, effect: Effect) {
        let outbox = self.outbox.clone();
        match effect {
            Effect::Ask { ticket, request } => {
                tokio::spawn(ask(self.link.clone(), outbox, ticket, request));
            }
            Effect::CallNow => self.link.call_now(),
            Effect::StartService => {
                let home = self.places.home.clone();
                tokio::spawn(program::start(home, self.link.clone(), outbox));
            }
            Effect::Elevate => {
                tokio::spawn(program::elevate(self.places.again.clone(), outbox));
            }
            Effect::RestartWindow => {
                tokio::spawn(program::start_again(self.places.again.clone(), outbox));
            }
            Effect::SavePreferences(preferences) => self.saver.save(*preferences),
            Effect::AskAutostart => {
                tokio::spawn(files::autostart(self.places.home.clone(), None, outbox));
            }
            Effect::SetAutostart(on) => {
                tokio::spawn(files::autostart(self.places.home.clone(), Some(on), outbox));
            }
            Effect::FindGateways { run, list } => self.finder.begin(run, *list),
            Effect::SaveText { name, text } => {
                tokio::spawn(files::save_text(name, text, outbox));
            }
            Effect::ChooseCaFile => {
                tokio::spawn(files::choose_ca(outbox));
            }
            #[cfg(feature = "emulator")]
            Effect::StartDemo => self.demo.begin(),
            #[cfg(feature = "emulator")]
            Effect::StopDemo => self.demo.leave(),
            #[cfg(not(feature = "emulator"))]
            Effect::StartDemo | Effect::StopDemo => {}
            Effect::Azure { run, work } => self.azure.begin(run, work),
            // The window's own.
            Effect::Copy(_)
            | Effect::Open(_)
            | Effect::Focus(_)
            | Effect::Raise(_)
            | Effect::Attention
            | Effect::Close => {}
        }
    }
}

async fn ask(link: link::Handle, outbox: Outbox, ticket: Ticket, request: Request) {
    let outcome = match link.requester() {
        Some(requester) => requester.request(request).await.map_err(|error| match error {
            ClientError::Refused(error) => Refusal::Said(error),
            ClientError::TimedOut(_) => Refusal::TimedOut,
            ClientError::Lost(_) | ClientError::NotUnderstood(_) => Refusal::Lost,
        }),
        None => Err(Refusal::Lost),
    };
    outbox.tell(News::Answer { ticket, outcome }).await;
}

/// Light or dark, as the desktop wants it.
async fn follow_appearance(outbox: Outbox) {
    let Some(mut appearances) = Appearances::follow().await else { return };
    while let Some(appearance) = appearances.next().await {
        outbox.tell(News::Appearance(appearance)).await;
    }
}

/// Later starts of the window bring this one to the front.
async fn hear_starts(mut front: Front, outbox: Outbox) {
    while let Some(request) = front.next().await {
        outbox.tell(News::Show(request)).await;
    }
}
