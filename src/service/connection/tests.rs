//! Connections against a namespace on this machine.

use std::sync::Mutex;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::*;
use crate::model::metadata::EndpointMetadata;
use crate::model::{StatusLabel, sample};
use crate::relay::control::Accept;
use crate::relay::testing::{
    Asked, Azure, PATIENCE, ServerSocket, asked_over, closed_port, credential, network,
};

/// What the namespace says of the hybrid connection: its endpoint, or nothing (503).
type Described = Arc<Mutex<Option<String>>>;

/// A namespace, and a connection to it.
struct World {
    connection: Connection,
    context: Context,
    described: Described,
    /// Channels that were opened.
    channels: mpsc::Receiver<ServerSocket>,
    /// Rendezvous that were asked for.
    rendezvous: mpsc::Receiver<Asked>,
    learned: mpsc::Receiver<Learned>,
    network: watch::Sender<Network>,
    address: String,
    id: ConnectionId,
}

fn configured(id: &ConnectionId, last_endpoint: Option<Endpoint>) -> HybridConnection {
    HybridConnection {
        id: id.clone(),
        credential: credential(),
        desired: Desired::Enabled,
        last_endpoint,
        resource: None,
    }
}

fn no_limit() -> Arc<Places> {
    Arc::new(Places::new(None, hub()))
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(sample::service()))
}

impl World {
    async fn start(endpoint: Option<String>, last_endpoint: Option<Endpoint>) -> Self {
        let azure = Azure::start().await;
        let (address, id) = (azure.address(), azure.id());
        let described: Described = Arc::new(Mutex::new(endpoint));
        let (opened, channels) = mpsc::channel(16);
        let (asked, rendezvous) = mpsc::channel(16);
        tokio::spawn(answer_all(azure, described.clone(), opened, asked));
        Self::with(id, address, last_endpoint, described, channels, rendezvous)
    }

    fn with(
        id: ConnectionId,
        address: String,
        last_endpoint: Option<Endpoint>,
        described: Described,
        channels: mpsc::Receiver<ServerSocket>,
        rendezvous: mpsc::Receiver<Asked>,
    ) -> Self {
        let (network, receiver) = watch::channel(network());
        let (learns, learned) = mpsc::channel(16);
        let tracker = TaskTracker::new();
        tracker.close();
        let (_, policy) = watch::channel(Arc::default());
        let context = Context {
            hub: hub(),
            network: receiver,
            policy,
            learned: learns,
            meters: Arc::default(),
            past: Past::none(),
            places: no_limit(),
            channels: tracker,
        };
        let connection = Connection::start(configured(&id, last_endpoint), context.clone());
        Self { connection, context, described, channels, rendezvous, learned, network, address, id }
    }

    /// A connection to a namespace that takes TCP connections and says nothing.
    async fn silent() -> (Self, Azure) {
        let azure = Azure::start().await;
        let (_, channels) = mpsc::channel(1);
        let (_, rendezvous) = mpsc::channel(1);
        let last = Some(Endpoint::new("127.0.0.1", 9));
        let (id, address) = (azure.id(), azure.address());
        (Self::with(id, address, last, Described::default(), channels, rendezvous), azure)
    }

    fn view(&self) -> Option<ConnectionView> {
        self.context.hub.snapshot().connections.into_iter().next()
    }

    /// Waits until the published view is as `wanted`.
    async fn until(&self, what: &str, wanted: impl Fn(&ConnectionView) -> bool) -> ConnectionView {
        let waiting = async {
            let (_, mut changes) = self.context.hub.subscribe();
            loop {
                if let Some(view) = self.view().filter(&wanted) {
                    return view;
                }
                changes.recv().await.unwrap();
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(view) => view,
            Err(_) => panic!("not {what}: {:?}", self.view()),
        }
    }

    async fn until_label(&self, label: StatusLabel) -> ConnectionView {
        self.until(&label.to_string(), |view| view.status.label() == label).await
    }

    async fn channel(&mut self) -> ServerSocket {
        timeout(PATIENCE, self.channels.recv()).await.expect("no channel").unwrap()
    }

    /// Opens a stream through `channel`: Azure's end, and the endpoint's.
    async fn stream(
        &mut self,
        channel: &mut ServerSocket,
        endpoint: &TcpListener,
    ) -> (ServerSocket, TcpStream) {
        let accept = format!(r#"{{"accept":{{"address":"{}","id":"a_G1"}}}}"#, self.address);
        channel.send(Message::text(accept)).await.unwrap();
        // The first connection may be the check whether it answers.
        loop {
            let accepted = timeout(PATIENCE, endpoint.accept()).await.expect("no stream");
            let (mut near, _) = accepted.unwrap();
            let mut nothing = [0];
            tokio::select! {
                asked = self.rendezvous.recv() => {
                    return (asked.unwrap().upgrade().await, near);
                }
                read = near.read(&mut nothing) => assert_eq!(read.unwrap(), 0, "only a check"),
            }
        }
    }

    async fn remove(&self) {
        let (done, removed) = oneshot::channel();
        self.connection.send(Command::Remove(done)).await;
        timeout(PATIENCE, removed).await.unwrap().unwrap();
        assert!(self.view().is_none());
    }

    /// Waits until no task of any channel is left, and the connection's own has ended.
    async fn nothing_is_left(mut self) {
        timeout(PATIENCE, self.connection.ended()).await.expect("the task ends");
        timeout(PATIENCE, self.context.channels.wait()).await.expect("the channels end");
        assert!(self.view().is_none(), "a removed connection stays removed");
    }
}

/// Takes every connection: describes, opens channels, and leaves rendezvous to the test.
async fn answer_all(
    azure: Azure,
    described: Described,
    opened: mpsc::Sender<ServerSocket>,
    rendezvous: mpsc::Sender<Asked>,
) {
    let listener = azure.into_listener();
    while let Ok((tcp, _)) = listener.accept().await {
        let (described, opened, rendezvous) =
            (described.clone(), opened.clone(), rendezvous.clone());
        tokio::spawn(async move {
            let asked = asked_over(tcp).await;
            if !asked.is_websocket() {
                let endpoint = described.lock().unwrap().clone();
                match endpoint {
                    Some(endpoint) => asked.describe(&endpoint).await,
                    None => asked.answer("503 Busy", "", "").await,
                }
            } else if asked.target().contains("sb-hc-action=listen") {
                opened.send(asked.upgrade().await).await.unwrap_or_default();
            } else {
                rendezvous.send(asked).await.unwrap_or_default();
            }
        });
    }
}

async fn endpoint() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Endpoint::new("127.0.0.1", port))
}

async fn carries(azure: &mut ServerSocket, near: &mut TcpStream) {
    azure.send(Message::binary("to")).await.unwrap();
    let mut heard = [0; 2];
    timeout(PATIENCE, near.read_exact(&mut heard)).await.unwrap().unwrap();
    near.write_all(b"fro").await.unwrap();
    assert_eq!(azure.next().await.unwrap().unwrap(), Message::binary("fro"));
}

#[tokio::test]
async fn the_endpoint_is_read_kept_and_checked() {
    let (listener, at) = endpoint().await;
    let mut world = World::start(Some(at.to_string()), None).await;
    let mut channel = world.channel().await;
    let view = world.until("checked", |view| view.reachability.is_some()).await;
    assert_eq!(view.endpoint, Some(at.clone()));
    assert_eq!(world.learned.recv().await.unwrap().endpoint, at);
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    carries(&mut azure, &mut near).await;
    let view = world.until("counted", |view| view.traffic.bytes_to_azure == 3).await;
    assert_eq!((view.traffic.active_streams, view.traffic.bytes_to_endpoint), (1, 2));
    assert_eq!(view.azure.unwrap().listener_count, Some(1));
}

#[tokio::test]
async fn the_last_known_endpoint_serves_while_azure_does_not_tell() {
    let (listener, at) = endpoint().await;
    let mut world = World::start(None, Some(at)).await;
    let mut channel = world.channel().await;
    world.until_label(StatusLabel::Connected).await;
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    carries(&mut azure, &mut near).await;
    let view = world.until("told", |view| view.events.len() > 1).await;
    let told = view.events.iter().any(|event| event.text.contains("not read anew"));
    assert!(told, "{:?}", view.events);
}

#[tokio::test]
async fn a_stream_that_comes_although_the_policy_denies_it_is_refused_without_a_dial() {
    let (azure, (listener, at)) = (Azure::start().await, endpoint().await);
    let (_network, network) = watch::channel(network());
    let mut policy = Policy::at("the policy");
    policy.restrict();
    let (_policy, policy) = watch::channel(Arc::new(policy));
    let (notes, _inbox) = mpsc::channel(1);
    let streams = Arc::new(Streams::new(azure.id(), Some(at), network, policy, notes, no_limit()));
    streams.admit();
    let address = azure.address();
    let accept = Accept { address, id: "a_G1".into(), protocols: None, remote: None };
    streams.serve(accept);
    let asked = azure.asked().await;
    assert!(asked.target().contains("sb-hc-statusCode=403"), "{}", asked.target());
    asked.answer("410 Gone", "", "").await;
    assert!(timeout(Duration::from_millis(100), listener.accept()).await.is_err());
    assert_eq!(streams.counters.read().refused_streams, 1);
}

#[tokio::test]
async fn without_any_endpoint_it_does_not_listen_until_azure_tells() {
    let mut world = World::start(None, None).await;
    let view = world.until("waiting", |view| view.status.fault().is_some()).await;
    assert_eq!(view.status.fault().unwrap().code, FaultCode::ServiceUnavailable);
    assert!(world.channels.try_recv().is_err(), "it would take streams from others");
    *world.described.lock().unwrap() = Some("127.0.0.1:9".into());
    world.connection.send(Command::TryNow).await;
    world.until_label(StatusLabel::Connected).await;
}

#[tokio::test]
async fn another_endpoint_is_taken_up_and_the_old_ones_state_is_forgotten() {
    let closed = Endpoint::new("127.0.0.1", closed_port().await);
    let mut world = World::start(Some(closed.to_string()), Some(closed.clone())).await;
    let _first = world.channel().await;
    let refused = |view: &ConnectionView| {
        view.reachability.as_ref().is_some_and(|reach| reach.fault.is_some())
    };
    world.until("refused", refused).await;
    let (listener, at) = endpoint().await;
    *world.described.lock().unwrap() = Some(at.to_string());
    world.connection.send(Command::Restart).await;
    let mut channel = world.channel().await;
    let view = world.until("changed", |view| view.endpoint.as_ref() == Some(&at)).await;
    assert!(!refused(&view), "{:?}", view.reachability);
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    carries(&mut azure, &mut near).await;
    assert_eq!(world.learned.recv().await.unwrap().endpoint, at);
}

#[tokio::test]
async fn removing_it_in_any_state_leaves_nothing_behind() {
    // While the handshake is silent.
    let (world, azure) = World::silent().await;
    let mut tcp = azure.accept().await;
    world.remove().await;
    let mut rest = Vec::new();
    tcp.read_to_end(&mut rest).await.unwrap_or_default();
    world.nothing_is_left().await;
    // While it waits.
    let world = World::start(None, None).await;
    world.until_label(StatusLabel::NotConnected).await;
    world.remove().await;
    world.nothing_is_left().await;
    // While a stream is open and another is being connected.
    let (listener, at) = endpoint().await;
    let mut world = World::start(Some(at.to_string()), None).await;
    let mut channel = world.channel().await;
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    carries(&mut azure, &mut near).await;
    let accept = format!(r#"{{"accept":{{"address":"{}"}}}}"#, world.address);
    channel.send(Message::text(accept)).await.unwrap();
    let connecting = world.rendezvous.recv().await.unwrap();
    world.remove().await;
    assert_eq!(near.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(azure.next().await.is_none_or(|end| end.is_err()), "no Close frame");
    while let Some(Ok(_)) = channel.next().await {}
    drop((channel, connecting));
    world.nothing_is_left().await;
}

#[tokio::test]
async fn a_restart_gives_up_the_attempt_that_is_under_way() {
    let (mut world, azure) = World::silent().await;
    for _ in 0..5 {
        let mut tcp = azure.accept().await;
        world.connection.send(Command::Restart).await;
        let mut rest = Vec::new();
        tcp.read_to_end(&mut rest).await.unwrap_or_default();
    }
    let _last = azure.accept().await;
    assert_eq!(world.context.channels.len(), 1);
    world.connection.send(Command::Disable(Duration::ZERO)).await;
    world.until_label(StatusLabel::Disabled).await;
    world.context.channels.wait().await;
    world.connection.send(Command::Shutdown(Duration::ZERO)).await;
    world.connection.ended().await;
}

#[tokio::test]
async fn disabling_lets_streams_end_and_enabling_again_calls_that_off() {
    let (listener, at) = endpoint().await;
    let mut world = World::start(Some(at.to_string()), None).await;
    let mut channel = world.channel().await;
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    let limit = Duration::from_millis(200);
    world.connection.send(Command::Disable(limit)).await;
    world.until_label(StatusLabel::Stopping).await;
    carries(&mut azure, &mut near).await;
    world.connection.send(Command::Enable).await;
    let _second = world.channel().await;
    let cut = timeout(limit * 2, near.read_u8()).await;
    cut.expect_err("the stream goes on beyond the drain that was called off");
    carries(&mut azure, &mut near).await;
    // A drain that is not called off ends the streams.
    world.connection.send(Command::Disable(limit)).await;
    let error = timeout(PATIENCE, near.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    world.until_label(StatusLabel::Disabled).await;
}

#[tokio::test]
async fn a_shutdown_waits_for_the_streams_and_no_longer_than_allowed() {
    for limit in [PATIENCE, Duration::ZERO] {
        let (listener, at) = endpoint().await;
        let mut world = World::start(Some(at.to_string()), None).await;
        let mut channel = world.channel().await;
        let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
        world.connection.send(Command::Shutdown(limit)).await;
        if limit > Duration::ZERO {
            let ended = timeout(Duration::from_millis(100), world.connection.ended()).await;
            ended.expect_err("a stream is open");
            carries(&mut azure, &mut near).await;
            near.shutdown().await.unwrap();
            azure.close(None).await.unwrap();
            while let Some(Ok(_)) = azure.next().await {}
            drop(azure);
        } else {
            let error = near.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        timeout(PATIENCE / 2, world.connection.ended()).await.expect("the task ends");
    }
}

#[tokio::test]
async fn a_stream_that_is_announced_while_the_listener_leaves_is_served() {
    for command in [Command::Shutdown(PATIENCE), Command::Disable(PATIENCE)] {
        let shuts_down = matches!(command, Command::Shutdown(_));
        let (listener, at) = endpoint().await;
        let mut world = World::start(Some(at.to_string()), None).await;
        let mut channel = world.channel().await;
        world.until_label(StatusLabel::Connected).await;
        world.connection.send(command).await;
        // Azure has chosen this listener before it heard that it leaves.
        let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
        let closed = channel.next().await.unwrap().unwrap();
        assert!(closed.is_close(), "{closed:?}");
        while let Some(Ok(_)) = channel.next().await {}
        drop(channel);
        carries(&mut azure, &mut near).await;
        near.shutdown().await.unwrap();
        azure.close(None).await.unwrap();
        while let Some(Ok(_)) = azure.next().await {}
        drop(azure);
        match shuts_down {
            true => timeout(PATIENCE, world.connection.ended()).await.expect("the task ends"),
            false => drop(world.until_label(StatusLabel::Disabled).await),
        }
    }
}

#[tokio::test]
async fn a_lost_channel_comes_back_and_its_streams_do_not_notice() {
    let (listener, at) = endpoint().await;
    let mut world = World::start(Some(at.to_string()), None).await;
    let mut channel = world.channel().await;
    let (mut azure, mut near) = world.stream(&mut channel, &listener).await;
    let recycled = CloseFrame {
        code: CloseCode::Error,
        reason: "InternalServerError: NameRenewalFailed TrackingId:x_G1".into(),
    };
    channel.close(Some(recycled)).await.unwrap();
    let _again = world.channel().await;
    carries(&mut azure, &mut near).await;
    world.until_label(StatusLabel::Connected).await;
}

#[tokio::test]
async fn another_network_is_used_by_the_attempt_that_is_under_way() {
    let (world, azure) = World::silent().await;
    let mut tcp = azure.accept().await;
    world.network.send_replace(network());
    let mut rest = Vec::new();
    tcp.read_to_end(&mut rest).await.unwrap_or_default();
    azure.accept().await;
    assert_eq!(world.view().unwrap().id, world.id);
}

#[tokio::test]
async fn a_changed_system_lets_a_young_attempt_go_on() {
    let (world, azure) = World::silent().await;
    let mut tcp = azure.accept().await;
    let mut hello = [0; 1024];
    assert!(tcp.read(&mut hello).await.unwrap() > 0);
    assert!(world.connection.send(Command::SystemChanged).await);
    let given_up = timeout(Duration::from_millis(200), tcp.read(&mut hello)).await;
    given_up.expect_err("the attempt goes on");
}

#[tokio::test]
async fn a_young_attempt_that_hangs_is_given_up_later_for_a_changed_system() {
    let (world, _azure) = World::silent().await;
    let mut actor = Actor::new(configured(&world.id, None), world.context.clone());
    actor.step(Event::SystemChanged);
    let soon = Instant::now() + Duration::from_secs(5);
    assert!(actor.wake_at.is_some_and(|at| at <= soon));
    let before = actor.generation;
    actor.wake_at = Some(Instant::now());
    actor.on_time();
    assert!(actor.generation > before, "what the old one says is void");
    assert!(matches!(actor.machine.status(), ConnectionStatus::Connecting { .. }));
    assert!(actor.channel.is_some() && actor.wake_at.is_none());
}

#[tokio::test]
async fn a_channel_whose_listener_azure_has_forgotten_is_opened_anew() {
    let (world, _azure) = World::silent().await;
    let endpoint = Endpoint::new("127.0.0.1", 9);
    let last = Some(endpoint.clone());
    let mut actor = Actor::new(configured(&world.id, last), world.context.clone());
    let long_ago = Timestamp::now() - Duration::from_secs(120);
    actor.machine.on(Event::Opened { gateway: None }, long_ago, 0.0);
    let counted = |listeners| Description {
        endpoint: Ok(EndpointMetadata { endpoint: endpoint.clone(), mended: false }),
        listener_count: Some(listeners),
        created_at: None,
        updated_at: None,
    };
    actor.on_described(Ok(counted(1)));
    actor.on_described(Ok(counted(0)));
    assert!(matches!(actor.machine.status(), ConnectionStatus::Connected { .. }));
    let soon = Instant::now() + Duration::from_secs(61);
    assert!(actor.describe_at.is_some_and(|at| at <= soon), "it is asked again soon");
    actor.on_described(Ok(counted(0)));
    let fault = actor.machine.status().fault().expect("it is lost");
    assert_eq!(fault.code, FaultCode::ChannelLost);
    assert!(fault.detail.contains("Azure knows no listener"), "{fault}");
    assert!(actor.channel.is_none(), "the channel is closed");
    assert_eq!(actor.streams.counters.meters().lost.read(), [(FaultCode::ChannelLost, 1)].into());
    actor.step(Event::TimeUp);
    assert!(matches!(actor.machine.status(), ConnectionStatus::Connecting { .. }));
    assert!(actor.channel.is_some());
}
