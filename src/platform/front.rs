//! One window for each account and home: a second start brings the window that is open to
//! the front and ends.
//!
//! The window that is open listens at an address of its own ([`WindowPaths::front`]); one
//! line is asked and one is answered. The answer comes from the window and not from this
//! module, so a window that hangs gives none. A second start waits two seconds for it and
//! then opens at the next of a few addresses, beside the one that hangs: a hung window must
//! not keep people out. Later starts ask at all of these addresses and find the window that
//! answers. Nothing of the hung window is taken away, so nothing breaks when it wakes up.
//!
//! [`WindowPaths::front`]: super::paths::WindowPaths::front

mod line;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

pub(super) use self::line::ACTIVATION_VARIABLES;
pub use self::line::ActivationToken;
use super::local_socket::{Address, BindError, Callers, Listener, Stream};
use super::permissions;

/// Windows that may be open beside each other, all but the last of them hung.
const PLACES: usize = 4;
/// Requests that a window may leave lying.
const WAITING: usize = 8;
/// Pause before an address is asked again whose owner is just starting or ending.
const PAUSE: Duration = Duration::from_millis(20);

/// How long things may take; shorter in tests.
#[derive(Clone, Copy)]
struct Limits {
    /// The answer of a window.
    answer: Duration,
    /// The start of a window: until then it is believed to come up.
    start: Duration,
}

const LIMITS: Limits = Limits { answer: Duration::from_secs(2), start: Duration::from_secs(15) };

/// What a start of the program has found.
#[derive(Debug)]
pub enum Claim {
    /// No window that answers: this program opens one.
    Open(Front),
    /// A window was open and has come to the front: this program ends.
    Shown,
}

/// Why it cannot be known whether a window is open. The program opens one all the same; a
/// later start does not find it.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There are as many hung windows as there are addresses.
    #[error("{PLACES} windows are open and none of them answers; end them")]
    NoneAnswers,
    /// There is no place for the socket.
    #[error("a later start will not find this window: {0}")]
    NoPlace(BindError),
}

/// Asks the window that listens at `address` to come to the front, or listens there.
/// `activation` is what the desktop gave this program so that it may do so.
///
/// Takes two seconds where a window hangs, and a moment otherwise. Must be called inside a
/// Tokio runtime that runs as long as the [`Front`].
///
/// # Errors
/// [`ClaimError`]; they are no reason not to open the window.
pub async fn claim(
    address: &Address,
    activation: Option<&ActivationToken>,
) -> Result<Claim, ClaimError> {
    claim_within(address, activation, LIMITS).await
}

async fn claim_within(
    address: &Address,
    activation: Option<&ActivationToken>,
    limits: Limits,
) -> Result<Claim, ClaimError> {
    let mut places: Vec<Place> = (1..=PLACES).map(|n| Place::new(address, n)).collect();
    let call = line::call(activation);
    while !ask_all(&mut places, &call, limits.answer).await {
        match listen(&mut places, limits)? {
            Some(front) => return Ok(Claim::Open(front)),
            None => sleep(PAUSE).await,
        }
    }
    Ok(Claim::Shown)
}

/// One address at which a window may be.
struct Place {
    address: Address,
    /// The window there gave no answer.
    silent: bool,
    /// Since when a program has the address that does not listen there.
    taken: Option<Instant>,
}

impl Place {
    /// The first is the address itself; the others have a number in their names.
    fn new(address: &Address, number: usize) -> Self {
        let path = address.as_path();
        let address = if number == 1 {
            address.clone()
        } else {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
            let ending = ending.unwrap_or_default();
            Address::new(path.with_file_name(format!("{stem}-{number}{ending}")))
        };
        Self { address, silent: false, taken: None }
    }
}

/// Whether a window has come to the front.
async fn ask_all(places: &mut [Place], call: &str, limit: Duration) -> bool {
    let mut asked: FuturesUnordered<_> = places
        .iter_mut()
        .filter(|place| !place.silent)
        .map(|place| async move {
            let answer = timeout(limit, ask(&place.address, call)).await;
            (place, answer)
        })
        .collect();
    while let Some((place, answer)) = asked.next().await {
        match answer {
            Ok(Ok(true)) => return true,
            // Too late, or nothing that a window says.
            Err(_) | Ok(Ok(false)) => place.silent = true,
            // Nobody is there, or somebody is just going.
            Ok(Err(error)) => tracing::debug!(address = %place.address, %error, "no window"),
        }
    }
    false
}

async fn ask(address: &Address, call: &str) -> io::Result<bool> {
    let mut stream = Stream::connect(address).await?;
    if !stream.server_is_ours()? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is another account's"));
    }
    stream.write_all(call.as_bytes()).await?;
    stream.flush().await?;
    Ok(line::is_shown(&line::read(&mut stream).await?))
}

/// Listens at the first address that is free. `None` where it belongs to a program that
/// has not been asked yet.
fn listen(places: &mut [Place], limits: Limits) -> Result<Option<Front>, ClaimError> {
    for (hung, place) in places.iter_mut().enumerate() {
        match Listener::bind(&place.address, Callers::Managers) {
            Ok(listener) => return Ok(Some(Front::new(listener, hung, limits))),
            Err(BindError::Taken { .. }) if place.silent => {}
            Err(BindError::Taken { .. }) => {
                // Just starting or ending; or it hangs in that.
                let since = *place.taken.get_or_insert_with(Instant::now);
                place.silent = since.elapsed() >= limits.answer;
                return Ok(None);
            }
            Err(error) => return Err(ClaimError::NoPlace(error)),
        }
    }
    Err(ClaimError::NoneAnswers)
}

/// The window's own end: hears of later starts. They are no longer heard when it is dropped.
#[derive(Debug)]
pub struct Front {
    requests: mpsc::Receiver<ShowRequest>,
    hung: usize,
    listening: AbortHandle,
}

impl Front {
    fn new(listener: Listener, hung: usize, limits: Limits) -> Self {
        let (sender, requests) = mpsc::channel(WAITING);
        let starting = Starting { until: Instant::now() + limits.start, over: Arc::default() };
        let calls = Calls { requests: sender, starting, limit: limits.answer };
        let listening = tokio::spawn(calls.take(listener)).abort_handle();
        Self { requests, hung, listening }
    }

    /// How many windows hang beside this one.
    pub fn hung(&self) -> usize {
        self.hung
    }

    /// The next start that wants to see the window. `None` when no more can be heard.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<ShowRequest> {
        self.requests.recv().await
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Another start wants to see the window. Dropped without [`ShowRequest::shown`], it gets no
/// answer.
#[derive(Debug)]
pub struct ShowRequest {
    activation: Option<ActivationToken>,
    shown: oneshot::Sender<()>,
    started: Arc<AtomicBool>,
}

impl ShowRequest {
    /// With this the window may come to the front, where the desktop asks for it (Wayland).
    pub fn activation(&self) -> Option<&ActivationToken> {
        self.activation.as_ref()
    }

    /// Tells the other program that the window is in front. Called by what draws the
    /// window, so that a window that hangs does not say it.
    pub fn shown(self) {
        self.started.store(true, Ordering::Relaxed);
        self.shown.send(()).unwrap_or_default();
    }
}

/// A window that is just starting cannot answer for itself yet, and is about to be seen.
#[derive(Clone)]
struct Starting {
    until: Instant,
    over: Arc<AtomicBool>,
}

impl Starting {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || Instant::now() >= self.until
    }
}

/// Takes the calls of later starts.
#[derive(Clone)]
struct Calls {
    requests: mpsc::Sender<ShowRequest>,
    starting: Starting,
    limit: Duration,
}

impl Calls {
    async fn take(self, listener: Listener) {
        loop {
            match listener.accept().await {
                Ok(stream) => {
                    let calls = self.clone();
                    tokio::spawn(async move {
                        if let Err(error) = calls.answer(stream).await {
                            tracing::debug!(%error, "a start of the window gets no answer");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "later starts of the window are no longer heard");
                    return;
                }
            }
        }
    }

    async fn answer(self, mut stream: Stream) -> io::Result<()> {
        let peer = stream.peer()?;
        if !permissions::may_control_service(peer.uid) {
            let text = format!("{peer} may not show the window");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        let said = timeout(self.limit, line::read(&mut stream)).await??;
        let Some(activation) = line::parse_call(&said) else {
            return stream.write_all(line::UNKNOWN.as_bytes()).await;
        };
        let (shown, done) = oneshot::channel();
        let started = Arc::clone(&self.starting.over);
        let request = ShowRequest { activation, shown, started };
        self.requests.try_send(request).map_err(io::Error::other)?;
        if self.starting.is_over() {
            tokio::select! {
                done = done => done.map_err(io::Error::other)?,
                // Whoever asks has gone.
                gone = stream.read_u8() => return gone.map(drop),
            }
        }
        stream.write_all(line::SHOWN.as_bytes()).await?;
        stream.flush().await
    }
}

#[cfg(test)]
mod tests;
