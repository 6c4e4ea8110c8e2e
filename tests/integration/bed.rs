//! Everything that takes part in a stream, in one test: the emulator as Azure, services
//! as they run on machines in the private network, endpoints, and apps.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use hybrid_connection_manager::emulator::sender::{RelayStream, Sender, SenderConfig, SenderError};
use hybrid_connection_manager::emulator::{
    Emulator, EmulatorConfig, HybridConnectionState, InjectedFault, Scope,
};
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request, Response};
use hybrid_connection_manager::ipc::{Client, ClientError, Mirror};
use hybrid_connection_manager::model::{
    ConnectionSelector, ConnectionView, FaultCode, Secret, Snapshot, StatusLabel,
};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::policy::PolicyValues;
use hybrid_connection_manager::platform::seal::Sealer;
use hybrid_connection_manager::service::{LogTo, Service, Surroundings};
use hybrid_connection_manager::upgrade::TrustedKeys;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// The namespace of all hybrid connections.
pub(crate) const NAMESPACE: &str = "contoso";
/// The hybrid connection that every bed has.
pub(crate) const NAME: &str = "hc";

/// A limit that only a hanging test meets.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), future).await.expect("nothing came")
}

/// Lets `time` pass for every timer of this test, without waiting. The sockets notice
/// nothing. Only for tests with a runtime of one thread.
pub(crate) async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Lets time pass in steps until `event` happens.
pub(crate) async fn skip_until<T>(step: Duration, event: impl Future<Output = T>) -> T {
    let mut event = std::pin::pin!(event);
    for _ in 0..100 {
        // Real time, in which the sockets get on.
        match timeout(Duration::from_millis(200), &mut event).await {
            Ok(happened) => return happened,
            Err(_) => skip(step).await,
        }
    }
    panic!("nothing came in {:?}", 100 * step);
}

/// An emulator, an endpoint, and a service whose connection leads to it.
pub(crate) struct Bed {
    pub(crate) emulator: Emulator,
    pub(crate) endpoint: Endpoint,
    pub(crate) host: Host,
    /// Where Azure keeps its keys.
    pub(crate) azure: TempDir,
}

impl Bed {
    /// A bed whose connection is connected.
    pub(crate) async fn connected() -> Self {
        let mut bed = Self::start().await;
        bed.host.add(&bed.emulator, NAME).await;
        bed.host.until_connected(NAME).await;
        bed
    }

    /// A bed whose service has no connection yet.
    pub(crate) async fn start() -> Self {
        let endpoint = Endpoint::bind().await;
        let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &endpoint.address());
        Self::of(config, endpoint).await
    }

    /// The same with this configuration of Azure.
    pub(crate) async fn connected_to(config: EmulatorConfig) -> Self {
        let mut bed = Self::of(config, Endpoint::bind().await).await;
        bed.host.add(&bed.emulator, NAME).await;
        bed.host.until_connected(NAME).await;
        bed
    }

    /// A bed with this configuration of Azure.
    pub(crate) async fn of(config: EmulatorConfig, endpoint: Endpoint) -> Self {
        let azure = tempfile::tempdir().unwrap();
        let config = config.port(0).state_folder(azure.path());
        let emulator = Emulator::start(config).await.unwrap();
        let host = Host::start(&emulator).await;
        Self { emulator, endpoint, host, azure }
    }

    /// Azure is gone; what comes back brings it up again on the same port and with the
    /// same keys.
    pub(crate) async fn azure_goes_down(self) -> AwayFromAzure {
        let port = self.emulator.port();
        self.emulator.shutdown().await;
        AwayFromAzure { port, endpoint: self.endpoint, host: self.host, azure: self.azure }
    }

    /// A new stream as the app has it, if it gets one.
    pub(crate) async fn app(&self) -> Result<RelayStream, SenderError> {
        within(sender(&self.emulator, NAME).connect()).await
    }

    /// A new stream with both of its ends: the app's and the endpoint's.
    pub(crate) async fn stream(&self) -> (RelayStream, TcpStream) {
        let mut app = self.app().await.unwrap();
        let name = fastrand::u64(..).to_be_bytes();
        app.write_all(&name).await.unwrap();
        app.flush().await.unwrap();
        (app, self.endpoint.accept(name).await)
    }

    /// Does something wrong in Azure to every hybrid connection.
    pub(crate) fn inject(&self, fault: InjectedFault) -> usize {
        self.emulator.inject(Scope::All, fault).unwrap()
    }

    /// What Azure knows of the hybrid connection.
    pub(crate) fn azure(&self) -> HybridConnectionState {
        self.emulator.state().hybrid_connection(NAMESPACE, NAME).unwrap().clone()
    }

    /// Waits until Azure's state of the hybrid connection is as wanted.
    pub(crate) async fn azure_until(&self, wanted: impl Fn(&HybridConnectionState) -> bool) {
        within(
            self.emulator
                .wait_until(|state| state.hybrid_connection(NAMESPACE, NAME).is_some_and(&wanted)),
        )
        .await;
    }

    /// The name under which the one listener is known to Azure, without the gateway's
    /// suffix.
    pub(crate) fn tracking_id(&self) -> String {
        let azure = self.azure();
        let [listener] = &azure.listeners[..] else { panic!("{:?}", azure.listeners) };
        listener.tracking_id.split('_').next().unwrap().to_owned()
    }

    /// Ends all, the service first.
    pub(crate) async fn end(self) {
        self.host.stop().await;
        within(self.emulator.shutdown()).await;
    }
}

/// A bed without Azure.
pub(crate) struct AwayFromAzure {
    port: u16,
    endpoint: Endpoint,
    pub(crate) host: Host,
    azure: TempDir,
}

impl AwayFromAzure {
    /// Azure is there again, with the hybrid connection as it was.
    pub(crate) async fn azure_comes_back(self) -> Bed {
        let Self { port, endpoint, host, azure } = self;
        let config = EmulatorConfig::new().port(port).state_folder(azure.path()).hybrid_connection(
            NAMESPACE,
            NAME,
            &endpoint.address(),
        );
        let emulator = Emulator::start(config).await.unwrap();
        Bed { emulator, endpoint, host, azure }
    }
}

/// A sender to a hybrid connection.
pub(crate) fn sender(emulator: &Emulator, name: &str) -> Sender {
    let text = emulator.connection_string(NAMESPACE, name, "defaultSender").unwrap();
    let config = SenderConfig::from_connection_string(text.expose()).unwrap();
    config.trust(emulator.ca_pem()).build().unwrap()
}

/// What a listener of a hybrid connection is configured with.
pub(crate) fn listener_string(emulator: &Emulator, name: &str) -> Secret {
    emulator.connection_string(NAMESPACE, name, "defaultListener").unwrap()
}

/// An endpoint that refuses, and keeps its port to itself.
pub(crate) struct DownEndpoint(TcpSocket);

impl DownEndpoint {
    pub(crate) fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub(crate) fn up(self) -> Endpoint {
        Endpoint(self.0.listen(128).unwrap())
    }
}

/// A TCP server that the test plays.
pub(crate) struct Endpoint(TcpListener);

impl Endpoint {
    pub(crate) async fn bind() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// The connection that begins with `name`. Others carry nothing: the service dials
    /// once to see whether the endpoint is there.
    pub(crate) async fn accept(&self, name: [u8; 8]) -> TcpStream {
        let accepting = async {
            loop {
                let (mut stream, _) = self.0.accept().await.unwrap();
                let mut begin = [0; 8];
                match stream.read_exact(&mut begin).await {
                    Ok(_) => assert_eq!(begin, name, "another stream"),
                    Err(_) => continue,
                }
                return stream;
            }
        };
        within(accepting).await
    }

    /// Whether nobody has dialled it.
    pub(crate) async fn is_untouched(&self) -> bool {
        // What was dialled before waits in its queue.
        timeout(Duration::from_millis(100), self.0.accept()).await.is_err()
    }

    /// Serves every connection by `serve` from now on.
    pub(crate) fn serve<S>(self, serve: impl Fn(TcpStream) -> S + Send + 'static)
    where
        S: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.0.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    }

    /// Sends every connection its own bytes back.
    pub(crate) fn echo(self) {
        self.serve(|mut stream| async move {
            let (mut read, mut write) = stream.split();
            if tokio::io::copy(&mut read, &mut write).await.is_ok() {
                write.shutdown().await.ok();
            }
        });
    }
}

/// A program that talks to a service and watches it.
pub(crate) struct Watcher {
    client: Client,
    mirror: Mirror,
}

impl Watcher {
    pub(crate) async fn attach(paths: &Paths) -> Self {
        let mut client = Client::connect(&paths.channel, "test").await.unwrap();
        client.request(Request::Subscribe).await.unwrap();
        Self { client, mirror: Mirror::default() }
    }

    pub(crate) async fn request(&mut self, request: Request) -> Result<Response, ClientError> {
        self.client.request(request).await
    }

    /// The same for a request that is refused.
    pub(crate) async fn refused(&mut self, request: Request) -> ErrorCode {
        match self.request(request).await.unwrap_err() {
            ClientError::Refused(error) => error.code,
            other => panic!("{other}"),
        }
    }

    pub(crate) async fn set(&mut self, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.request(Request::SetSetting { name, value }).await.unwrap();
    }

    /// Adds a hybrid connection of the emulator.
    pub(crate) async fn add(&mut self, emulator: &Emulator, name: &str) {
        let request = add(listener_string(emulator, name), false);
        self.request(request).await.unwrap();
    }

    /// Waits until the service's state is as wanted. No change of it is passed over.
    pub(crate) async fn until_all<T>(&mut self, wanted: impl Fn(&Snapshot) -> Option<T>) -> T {
        let watching = async {
            loop {
                if let Some(found) = self.mirror.snapshot().and_then(&wanted) {
                    return found;
                }
                let push = self.client.next().await.unwrap();
                self.mirror.apply(push).unwrap();
            }
        };
        let waited = timeout(Duration::from_secs(60), watching).await;
        waited.unwrap_or_else(|_| panic!("still: {:#?}", self.mirror.snapshot()))
    }

    /// Waits until a connection is as wanted.
    pub(crate) async fn until(
        &mut self,
        name: &str,
        wanted: impl Fn(&ConnectionView) -> bool,
    ) -> ConnectionView {
        self.until_all(|snapshot| find(snapshot, name).filter(|view| wanted(view)).cloned()).await
    }

    pub(crate) async fn until_label(&mut self, name: &str, label: StatusLabel) -> ConnectionView {
        self.until(name, |view| view.status.label() == label).await
    }

    pub(crate) async fn until_connected(&mut self, name: &str) -> ConnectionView {
        self.until_label(name, StatusLabel::Connected).await
    }

    /// Waits until a fault keeps the connection from listening.
    pub(crate) async fn until_fault(&mut self, name: &str, code: FaultCode) -> ConnectionView {
        self.until(name, |view| view.status.fault().is_some_and(|fault| fault.code == code)).await
    }

    /// Waits until the service hangs up.
    pub(crate) async fn until_gone(mut self) {
        within(async { while self.client.next().await.is_ok() {} }).await;
    }

    /// The service's state at this moment.
    pub(crate) async fn snapshot(&mut self) -> Snapshot {
        match self.request(Request::Snapshot).await.unwrap() {
            Response::Snapshot { snapshot } => *snapshot,
            other => panic!("{other:?}"),
        }
    }

    /// A connection at this moment.
    pub(crate) async fn view(&mut self, name: &str) -> ConnectionView {
        find(&self.snapshot().await, name).unwrap().clone()
    }
}

/// A machine in the private network: a service with a home of its own, and a program
/// that watches it.
pub(crate) struct Host {
    pub(crate) service: Service,
    pub(crate) watcher: Watcher,
    pub(crate) home: TempDir,
}

impl Host {
    /// A new machine that trusts the emulator.
    pub(crate) async fn start(emulator: &Emulator) -> Self {
        let mut host = Self::start_in(tempfile::tempdir().unwrap()).await;
        host.trust(emulator).await;
        host
    }

    /// Trusts the emulator.
    pub(crate) async fn trust(&mut self, emulator: &Emulator) {
        let ca = self.home.path().join("ca.pem");
        tokio::fs::write(&ca, emulator.ca_pem()).await.unwrap();
        self.set("network.extra_ca_certificates", ca.to_str().unwrap()).await;
    }

    /// A machine whose service finds its files in `home`.
    pub(crate) async fn start_in(home: TempDir) -> Self {
        Self::start_sealing(home, None).await
    }

    /// The same, with keys sealed by `sealer`.
    pub(crate) async fn start_sealing(home: TempDir, sealer: Option<Box<dyn Sealer>>) -> Self {
        let (_, no_policy) = watch::channel(PolicyValues::default());
        let policies = Some(no_policy);
        Self::start_as(home, Surroundings { sealer, policies, ..Surroundings::default() }).await
    }

    /// The same under a policy.
    pub(crate) async fn start_under(home: TempDir, policy: watch::Receiver<PolicyValues>) -> Self {
        let policies = Some(policy);
        Self::start_as(home, Surroundings { policies, ..Surroundings::default() }).await
    }

    /// The same, trusting releases that `keys` have signed.
    pub(crate) async fn start_trusting(home: TempDir, keys: TrustedKeys) -> Self {
        let (_, no_policy) = watch::channel(PolicyValues::default());
        let (policies, release_keys) = (Some(no_policy), Some(keys));
        Self::start_as(home, Surroundings { policies, release_keys, ..Surroundings::default() })
            .await
    }

    async fn start_as(home: TempDir, surroundings: Surroundings) -> Self {
        let paths = Paths::in_home(home.path()).unwrap();
        let service = Service::start_in(&paths, LogTo::Nowhere, surroundings).unwrap();
        Self { service, watcher: Watcher::attach(&paths).await, home }
    }

    /// Ends the service without waiting for its streams; gives its home back.
    pub(crate) async fn stop(self) -> TempDir {
        drop(self.watcher);
        within(self.service.stop(std::future::ready(()))).await;
        self.home
    }
}

impl Deref for Host {
    type Target = Watcher;
    fn deref(&self) -> &Watcher {
        &self.watcher
    }
}

impl DerefMut for Host {
    fn deref_mut(&mut self) -> &mut Watcher {
        &mut self.watcher
    }
}

/// The request that adds a connection.
pub(crate) fn add(connection_string: Secret, replace: bool) -> Request {
    Request::AddConnection { connection_string, replace, resource: None }
}

/// What names a connection of the emulator in a request.
pub(crate) fn named(name: &str) -> ConnectionSelector {
    format!("{NAMESPACE}/{name}").parse().unwrap()
}

fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a ConnectionView> {
    snapshot.connections.iter().find(|view| view.id.name() == name)
}
