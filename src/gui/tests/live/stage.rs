//! The window over its real backend, with a home of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::super::harness::{Desk, Opening, Window};
use crate::emulator::{Emulator, EmulatorConfig};
use crate::gui::backend::live::{Live, Places, Waker};
use crate::gui::state::State;
use crate::ipc::protocol::ServerMessage;
use crate::platform::Paths;
use crate::platform::local_socket::{Callers, Listener, Stream};
use crate::service::{LogTo, Service};

/// A limit that only a hanging test meets.
const LIMIT: Duration = Duration::from_secs(40);
/// The namespace of all hybrid connections.
pub(super) const NAMESPACE: &str = "contoso";

/// A person's machine: a home, what runs in the background, and the window.
pub(super) struct Stage {
    pub(super) window: Window,
    bell: Bell,
    pub(super) paths: Paths,
    // Dropped after the window, which may still be talking to them.
    pub(super) background: Runtime,
    home: TempDir,
}

impl Stage {
    /// A machine on which no service runs yet.
    pub(super) fn new() -> Self {
        Self::with(|_, _| ()).0
    }

    /// A machine on which `start` has started something before the window.
    pub(super) fn with<T>(start: impl FnOnce(&Runtime, &Paths) -> T) -> (Self, T) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(home.path()).unwrap();
        let background = runtime();
        let started = start(&background, &paths);
        let (window, bell) = open(&paths, home.path());
        (Self { window, bell, paths, background, home }, started)
    }

    /// Starts the service of this machine.
    pub(super) fn start_service(&self) -> Service {
        start_service(&self.background, &self.paths)
    }

    pub(super) fn stop(&self, service: Service) {
        self.background.block_on(service.stop(std::future::ready(())));
    }

    /// Draws the window whenever it wants to be drawn, until its state is as wanted;
    /// says how long that took.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, wanted: impl Fn(&State) -> bool) -> Duration {
        let begun = Instant::now();
        loop {
            self.window.step();
            if wanted(&self.window.state()) {
                return begun.elapsed();
            }
            let left = LIMIT.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let State { link, snapshot, dialog, .. } = &*self.window.state();
                panic!("not {what}: {link:?} {dialog:?} {snapshot:#?}");
            }
            self.bell.wait(self.window.next_frame_in().unwrap_or(left).min(left));
        }
    }

    /// Closes the window.
    pub(super) fn close(self) -> TempDir {
        drop(self.window);
        self.home
    }
}

/// The window of a person whose service is at `paths`.
fn open(paths: &Paths, home: &Path) -> (Window, Bell) {
    let places = Places {
        services: vec![paths.channels()],
        home: Some(home.to_owned()),
        again: Vec::new(),
        preferences_file: home.join("window.json"),
        open: super::azure::browser,
    };
    let (waker, bell) = (Waker::default(), Bell::default());
    let live = Live::start(runtime(), places, None, waker.clone());
    let rings = bell.clone();
    let opening = Opening { foreign_characters: true, ..Opening::new() };
    let window = opening.open_over(Box::new(live), Timestamp::now, Desk::nobody(), move |ctx| {
        ctx.set_request_repaint_callback(move |_| rings.ring());
        waker.wakes(ctx);
    });
    (window, bell)
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

pub(super) fn start_service(background: &Runtime, paths: &Paths) -> Service {
    let _inside = background.enter();
    Service::start(paths, LogTo::Nowhere).unwrap()
}

/// Azure, with the hybrid connection `name` that leads to an echo; and where that is.
pub(super) fn azure(background: &Runtime, state: &Path, name: &str) -> (Emulator, SocketAddr) {
    background.block_on(async {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = echo.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    if tokio::io::copy(&mut read, &mut write).await.is_ok() {
                        write.shutdown().await.ok();
                    }
                });
            }
        });
        let config = EmulatorConfig::new().port(0).state_folder(state);
        let config = config.hybrid_connection(NAMESPACE, name, &endpoint.to_string());
        (Emulator::start(config).await.unwrap(), endpoint)
    })
}

/// A program that listens where the service belongs, and serves every caller by `serve`.
pub(super) fn pretend<S>(
    background: &Runtime,
    paths: &Paths,
    serve: impl Fn(Stream) -> S + Send + 'static,
) where
    S: Future<Output = ()> + Send + 'static,
{
    let _inside = background.enter();
    let listener = Listener::bind(&paths.channel, Callers::Managers).unwrap();
    background.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
}

/// `message` as it goes over the local channel.
pub(super) fn framed(message: &ServerMessage) -> Vec<u8> {
    let json = serde_json::to_vec(message).unwrap();
    let mut bytes = u32::try_from(json.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(json);
    bytes
}

/// Rings when the window is to be drawn.
#[derive(Clone, Default)]
struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    fn ring(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Until it rings, or `limit` is over.
    fn wait(&self, limit: Duration) {
        let rung = self.0.0.lock().unwrap();
        let (mut rung, _) = self.0.1.wait_timeout_while(rung, limit, |rung| !*rung).unwrap();
        *rung = false;
    }
}
