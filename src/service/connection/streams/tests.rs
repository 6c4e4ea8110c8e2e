//! Streams without a connection around them.

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
        let address = self.azure.address();
        self.streams.serve(Accept { address, id: "a_G1".into(), protocols: None, remote: None });
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
