//! Streams without a connection around them.

use std::future::ready;
use std::pin::Pin;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use super::super::super::hub::Hub;
use super::*;
use crate::model::sample;
use crate::relay::testing::{Azure, network};

/// Streams of which `open_files` leave some a place, and what they need to live.
struct World {
    azure: Azure,
    streams: Arc<Streams>,
    _network: watch::Sender<Network>,
    _policy: watch::Sender<Arc<Policy>>,
    _inbox: mpsc::Receiver<Note>,
}

impl World {
    /// At a namespace that takes connections and says nothing.
    async fn start(open_files: Option<u64>) -> Self {
        let azure = Azure::start().await;
        let (network_sender, network) = watch::channel(network());
        let (policy_sender, policy) = watch::channel(Arc::default());
        let (notes, inbox) = mpsc::channel(8);
        let places = Places::new(open_files, Arc::new(Hub::new(sample::service())));
        let endpoint = Some(Endpoint::new("127.0.0.1", 9));
        let streams = Streams::new(azure.id(), endpoint, network, policy, notes, places.into());
        streams.admit();
        Self {
            azure,
            streams: Arc::new(streams),
            _network: network_sender,
            _policy: policy_sender,
            _inbox: inbox,
        }
    }

    fn announce(&self) {
        self.streams.serve(self.accept());
    }

    fn accept(&self) -> Accept {
        let address = self.azure.address();
        Accept { address, id: "a_G1".into(), protocols: None, remote: None }
    }

    /// Waits until no stream is left, and returns how long that took.
    async fn drained(&self) -> Duration {
        let start = Instant::now();
        self.streams.tasks.wait().await;
        start.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_end_while_azure_still_knows_the_address_however_many_there_are() {
    let world = World::start(Some(0)).await;
    for _ in 0..2000 {
        world.announce();
    }
    let left = world.streams.tasks.len();
    assert!(left < 2000, "{left} refusals wait");
    let took = world.drained().await;
    assert!(took <= rendezvous::LIMIT + Duration::from_secs(1), "{took:?}");
    assert_eq!(world.streams.counters.read().refused_streams, 2000);
}

#[tokio::test(start_paused = true)]
async fn http_requests_are_refused_as_streams_are() {
    let world = World::start(None).await;
    for _ in 0..2000 {
        world.streams.refuse_http(world.azure.address());
    }
    let left = world.streams.tasks.len();
    assert!((1..2000).contains(&left), "{left} refusals wait");
    let took = world.drained().await;
    assert!(took <= rendezvous::LIMIT + Duration::from_secs(1), "{took:?}");

    world.streams.refuse_http(world.azure.address());
    world.streams.cut().await;
    assert!(world.streams.tasks.is_empty(), "a cut ends them too");
    world.streams.refuse_http(world.azure.address());
    assert!(world.streams.tasks.is_empty(), "none is answered behind a shut gate");
}

/// Polls once; returns whether it is ready.
fn poll(drain: Pin<&mut impl Future<Output = ()>>) -> bool {
    drain.now_or_never().is_some()
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_was_called_off_shuts_no_gate_and_cuts_nothing() {
    let world = World::start(None).await;
    world.announce();
    let limit = Duration::from_secs(5);
    let is_whole = || {
        let gate = world.streams.gate();
        gate.open && !gate.cut.is_cancelled()
    };
    // Azure has still to say which stream is the last.
    let (says, said) = oneshot::channel::<()>();
    let drain = world.streams.clone().drain(said.map(drop), limit);
    let mut drain = pin!(drain);
    assert!(!poll(drain.as_mut()) && is_whole());
    world.streams.admit();
    says.send(()).unwrap();
    poll(drain.as_mut());
    assert!(is_whole());
    // It waits for the streams that are open.
    let drain = world.streams.clone().drain(ready(()), limit);
    let mut drain = pin!(drain);
    assert!(!poll(drain.as_mut()) && !is_whole());
    world.streams.admit();
    let cut = world.streams.gate().cut.clone();
    tokio::time::advance(limit * 2).await;
    poll(drain.as_mut());
    assert!(is_whole() && !cut.is_cancelled());
    // It has not begun.
    let drain = world.streams.clone().drain(ready(()), limit);
    world.streams.admit();
    poll(pin!(drain));
    assert!(is_whole());
}

#[tokio::test]
async fn the_lines_of_a_stream_name_its_connection_whatever_was_logged_when_it_began() {
    let world = World::start(None).await;
    let of_errors = tracing_subscriber::registry().with(LevelFilter::ERROR);
    tracing::subscriber::with_default(of_errors, || {
        assert!(!world.streams.span(&world.accept()).is_disabled());
    });
}
