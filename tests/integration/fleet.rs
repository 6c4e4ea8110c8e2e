//! Five copies of the service on one hybrid connection, as a container platform runs them: how
//! a thousand streams spread over them, and what is lost when one is killed and one is ended.
//!
//! Azure gives each stream to one of its listeners by chance. One that is killed is no listener
//! any more as soon as the system has closed its channel; a stream that it was given in that very
//! moment is lost with it. One that leaves in order loses none: what Azure has announced to it
//! before it hears of that is served.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use hybrid_connection_manager::emulator::sender::{RelayStream, Sender, SenderConfig};
use hybrid_connection_manager::platform::limits;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use crate::bed::{Endpoint, NAME, NAMESPACE, within};

const COPIES: usize = 5;
const STREAMS: usize = 1000;
/// How far the streams of a copy may be from its share: five standard deviations, sqrt(n p q),
/// which chance goes beyond once in a few hundred thousand runs.
const FAR: usize = 63;
/// A stream that gets lost on its way is refused after half a minute. One on a busy machine is
/// there long before.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How often an app says something.
const PACE: Duration = Duration::from_secs(1);
/// Longest thing it says, in bytes.
const LONGEST: usize = 16 << 10;

/// The ports of the endpoint's callers, by the name that each stream begins with.
type Callers = Arc<Mutex<HashMap<u64, u16>>>;

/// `relay-emulator` as Azure, an endpoint that sends everything back, and the copies.
struct Fleet {
    azure: Child,
    _lines: BufReader<ChildStdout>,
    state: TempDir,
    copies: Vec<Copy>,
    sender: Sender,
    /// The port of the endpoint.
    endpoint: u16,
    callers: Callers,
}

/// A service with a home of its own.
struct Copy {
    process: Child,
    _home: TempDir,
}

impl Copy {
    /// One that takes up `declared`. As from a shell, it may open few files until it asks for more.
    fn start(declared: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let process = Command::new("sh")
            .args(["-c", "ulimit -Sn 64 && exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"))
            .args(["run", "--quiet", "--declared"])
            .arg(declared)
            .arg("--home")
            .arg(home.path())
            .env_remove("HCM_HOME")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { process, _home: home }
    }

    fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Asks it to end as a container platform does.
    fn terminate(&self) {
        let pid = Pid::from_raw(self.id().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits until it has ended in order.
    async fn ended(mut self) {
        let status = within(self.process.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Fleet {
    async fn start() -> Self {
        limits::raise_open_files(); // both ends of every stream are here
        let (endpoint, state) = (Endpoint::bind().await, tempfile::tempdir().unwrap());
        let address = endpoint.address();
        let hybrid = format!("{NAMESPACE}/{NAME}={address}");
        let port = address.parse::<SocketAddr>().unwrap().port();
        let callers = echo(endpoint);
        let mut azure = emulator(state.path())
            .args(["run", "--port", "0", "--hybrid-connection", &hybrid])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(azure.stdout.take().unwrap());
        within(lines.read_line(&mut String::new())).await.unwrap();
        let sender = SenderConfig::from_connection_string(&string(&state, "defaultSender").await);
        let ca = tokio::fs::read_to_string(state.path().join("ca.pem")).await.unwrap();
        let sender = sender.unwrap().trust(ca).build().unwrap();
        let declared = format!(
            "version: 1\nsettings: {{network.extra_ca_certificates: ca.pem, service.drain_seconds: 120}}\nconnections: [{{connectionString: \"{}\"}}]\n",
            string(&state, "defaultListener").await
        );
        let file = state.path().join("declared.yaml");
        tokio::fs::write(&file, declared).await.unwrap();
        let copies = (0..COPIES).map(|_| Copy::start(&file)).collect();
        let fleet = Self { azure, _lines: lines, state, copies, sender, endpoint: port, callers };
        fleet.until_listeners(COPIES).await;
        fleet
    }

    /// Waits until Azure has so many listeners.
    async fn until_listeners(&self, wanted: usize) {
        let asking = async {
            loop {
                let state = emulator(self.state.path()).args(["state", "--json"]).output().await;
                let state: Value = serde_json::from_slice(&state.unwrap().stdout).unwrap();
                let listeners = state["hybridConnections"][0]["listeners"].as_array().unwrap();
                if listeners.len() == wanted {
                    return;
                }
            }
        };
        within(asking).await;
    }

    /// Opens `count` streams, each at once.
    async fn open(&self, count: usize) -> Vec<App> {
        let opening = (0..count).map(|_| App::open(&self.sender));
        stream::iter(opening).buffer_unordered(16).collect().await
    }

    /// Which copy carries each of `apps`.
    fn carriers(&self, apps: &[App]) -> Vec<usize> {
        let ports = self.ports();
        let callers = self.callers.lock().unwrap();
        apps.iter().map(|app| ports[&callers[&app.name]]).collect()
    }

    /// The copies by the local ports of their connections to the endpoint.
    fn ports(&self) -> HashMap<u16, usize> {
        let mut sockets = HashMap::new();
        for (number, copy) in self.copies.iter().enumerate() {
            let open = std::fs::read_dir(format!("/proc/{}/fd", copy.id())).unwrap();
            // One that is closed meanwhile is none of the streams.
            let names = open.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
            sockets.extend(names.map(|name| (name.to_string_lossy().into_owned(), number)));
        }
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let port_and_copy = |line: &str| {
            let columns: Vec<_> = line.split_whitespace().collect();
            let copy = sockets.get(&format!("socket:[{}]", columns[9]))?;
            let port = |column: &str| u16::from_str_radix(column.split_once(':')?.1, 16).ok();
            // One to somewhere else may have the same local port.
            (port(columns[2]) == Some(self.endpoint)).then_some((port(columns[1])?, *copy))
        };
        table.lines().skip(1).filter_map(port_and_copy).collect()
    }
}

fn emulator(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-emulator"));
    command.arg("--state").arg(state).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The connection string of a rule.
async fn string(state: &TempDir, rule: &str) -> String {
    let hybrid = format!("{NAMESPACE}/{NAME}");
    let asked =
        emulator(state.path()).args(["connection-string", &hybrid, "--rule", rule]).output();
    let output = within(asked).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Has `endpoint` send everything back but the name of each stream.
fn echo(endpoint: Endpoint) -> Callers {
    let callers = Callers::default();
    let known = callers.clone();
    endpoint.serve(move |mut stream| {
        let known = known.clone();
        async move {
            // A service that only looks whether it is there says no name.
            let Ok(name) = stream.read_u64().await else { return };
            known.lock().unwrap().insert(name, stream.peer_addr().unwrap().port());
            let (mut read, mut write) = stream.split();
            if tokio::io::copy(&mut read, &mut write).await.is_ok() {
                write.shutdown().await.ok();
            }
        }
    });
    callers
}

/// An app and its stream, of which every byte is looked at.
struct App {
    name: u64,
    stream: RelayStream,
    words: fastrand::Rng,
}

impl App {
    /// One that gets its stream at once, and its first words back.
    async fn open(sender: &Sender) -> Self {
        let opening = async {
            let mut stream = sender.connect().await.unwrap();
            let name = fastrand::u64(..);
            stream.write_u64(name).await.unwrap();
            let mut app = Self { name, stream, words: fastrand::Rng::with_seed(name) };
            app.talk().await.unwrap();
            app
        };
        timeout(AT_ONCE, opening).await.expect("a new stream is delayed")
    }

    /// Says something, and hears the same.
    async fn talk(&mut self) -> std::io::Result<()> {
        let mut said = vec![0; self.words.usize(1..=LONGEST)];
        self.words.fill(&mut said);
        let mut heard = vec![0; said.len()];
        self.stream.write_all(&said).await?;
        self.stream.flush().await?;
        self.stream.read_exact(&mut heard).await?;
        assert!(said == heard, "the stream {:x} has other bytes", self.name);
        Ok(())
    }

    /// Ends in order, and hears that the other side does.
    async fn end(mut self) -> std::io::Result<()> {
        self.stream.shutdown().await?;
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await?;
        assert!(rest.is_empty(), "more came back than was sent");
        Ok(())
    }
}

/// A stream that carries something all the time.
struct Carried {
    copy: usize,
    rounds: watch::Receiver<u64>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Carried {
    /// Talks from now on, until `end`.
    fn start(mut app: App, copy: usize, end: watch::Receiver<bool>) -> Self {
        let (told, rounds) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut pace = interval(PACE);
            while !*end.borrow() {
                pace.tick().await;
                app.talk().await?;
                told.send_modify(|rounds| *rounds += 1);
            }
            app.end().await
        });
        Self { copy, rounds, task }
    }
}

/// Waits until each has carried something twice from now on: the first may be on its way.
async fn all_go_on<'a>(streams: impl IntoIterator<Item = &'a mut Carried>) {
    let with_goal = |one: &'a mut Carried| {
        let now = *one.rounds.borrow();
        (now + 2, one)
    };
    let streams: Vec<_> = streams.into_iter().map(with_goal).collect();
    for (enough, one) in streams {
        let on = within(one.rounds.wait_for(|rounds| *rounds >= enough)).await.is_ok();
        assert!(on, "a stream has ended: {:?}", (&mut one.task).await);
    }
}

/// Takes those that `copy` carries out of `carried`.
fn of(copy: usize, carried: &mut Vec<Carried>) -> Vec<Carried> {
    let (its, others) = carried.drain(..).partition(|one| one.copy == copy);
    *carried = others;
    its
}

/// Apps that come one after the other until they are told to stop: how many came.
fn come_and_go(
    sender: Sender,
    stop: watch::Receiver<bool>,
    came: watch::Sender<usize>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !*stop.borrow() {
            let app = App::open(&sender).await;
            app.end().await.expect("a stream is not whole");
            came.send_modify(|count| *count += 1);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_are_shared_and_only_those_of_a_killed_copy_are_lost() {
    let mut fleet = Fleet::start().await;
    let apps = fleet.open(STREAMS).await;
    let carriers = fleet.carriers(&apps);
    let shares: Vec<_> =
        (0..COPIES).map(|copy| carriers.iter().filter(|one| **one == copy).count()).collect();
    let far = shares.iter().any(|share| share.abs_diff(STREAMS / COPIES) > FAR);
    assert!(!far, "{shares:?}");

    let ends: Vec<_> = (0..COPIES).map(|_| watch::Sender::new(false)).collect();
    let apps = apps.into_iter().zip(carriers);
    let mut carried: Vec<_> =
        apps.map(|(app, copy)| Carried::start(app, copy, ends[copy].subscribe())).collect();
    all_go_on(&mut carried).await;

    // One is killed: its streams break, and no other.
    let killed = of(0, &mut carried);
    fleet.copies[0].process.kill().await.unwrap();
    for one in killed {
        within(one.task).await.unwrap().expect_err("a broken stream looks complete");
    }
    fleet.until_listeners(COPIES - 1).await;
    for app in fleet.open(100).await {
        app.end().await.unwrap();
    }
    all_go_on(&mut carried).await;

    // One is ended while apps come and go: none of them notices.
    let (stop, came) = (watch::Sender::new(false), watch::Sender::new(0));
    let comers: Vec<_> =
        (0..4).map(|_| come_and_go(fleet.sender.clone(), stop.subscribe(), came.clone())).collect();
    let mut coming = came.subscribe();
    within(coming.wait_for(|count| *count >= 20)).await.unwrap();
    let mut drained = of(1, &mut carried);
    fleet.copies[1].terminate();
    fleet.until_listeners(COPIES - 2).await;
    let before = *coming.borrow();
    within(coming.wait_for(|count| *count >= before + 50)).await.unwrap();
    stop.send_replace(true);
    for comer in comers {
        comer.await.unwrap();
    }
    // Its streams are carried as long as their apps like.
    all_go_on(drained.iter_mut().chain(&mut carried)).await;
    assert_eq!(fleet.copies[1].process.try_wait().unwrap(), None, "streams are open");
    ends[1].send_replace(true);
    for one in drained {
        within(one.task).await.unwrap().expect("a drained stream is not whole");
    }
    fleet.copies.remove(1).ended().await;

    // The others never noticed.
    let end = Instant::now();
    for app in fleet.open(50).await {
        app.end().await.unwrap();
    }
    assert!(end.elapsed() < AT_ONCE, "new streams are slow");
    for end in &ends {
        end.send_replace(true);
    }
    assert_eq!(carried.len(), shares[2..].iter().sum::<usize>());
    for one in carried {
        within(one.task).await.unwrap().expect("a stream is not whole");
    }
    for copy in fleet.copies.drain(1..) {
        copy.terminate();
        copy.ended().await;
    }
    fleet.azure.kill().await.unwrap();
}
