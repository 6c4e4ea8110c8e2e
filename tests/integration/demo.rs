//! The demo as the window uses it: several hybrid connections, a sample app, and faults.

use std::process::Stdio;
use std::time::Duration;

use hybrid_connection_manager::demo::{Demo, DemoError, Sample, Traffic};
use hybrid_connection_manager::emulator::{InjectedFault, Scope};
use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::ipc::{Client, Mirror};
use hybrid_connection_manager::model::{ConnectionView, Snapshot, StatusLabel};
use tokio::process::Command;

/// Nothing here takes as long, unless it hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Follows the state of the demo's service until it is as `wanted`.
async fn follow(demo: &Demo, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let reached = async {
        let mut client = Client::connect(demo.channel(), "test").await.unwrap();
        client.request(Request::Subscribe).await.unwrap();
        let mut mirror = Mirror::default();
        loop {
            mirror.apply(client.next().await.unwrap()).unwrap();
            if let Some(snapshot) = mirror.snapshot().filter(|snapshot| wanted(snapshot)) {
                return snapshot.clone();
            }
        }
    };
    tokio::time::timeout(LIMIT, reached).await.expect("the state is never as wanted")
}

fn is_connected(view: &ConnectionView) -> bool {
    view.status.label() == StatusLabel::Connected
}

#[tokio::test]
async fn the_sample_app_uses_every_connection_until_it_is_stopped() {
    let demo = Demo::start(None).await.unwrap();
    let home = demo.home().to_owned();
    let traffic = Traffic::start(&demo).unwrap();
    let snapshot = follow(&demo, |snapshot| {
        snapshot.connections.iter().all(|view| {
            let traffic = view.traffic;
            is_connected(view) && traffic.bytes_to_endpoint > 0 && traffic.bytes_to_azure > 0
        })
    })
    .await;
    let ids: Vec<_> = snapshot.connections.iter().map(|view| view.id.short()).collect();
    assert_eq!(ids, ["demo/erp-sql", "demo/hello", "demo/orders-api"]);
    for sample in Sample::ALL {
        let view = snapshot.connections.iter().find(|view| view.id == demo.id(sample)).unwrap();
        assert_eq!(view.endpoint.as_ref().unwrap().port(), demo.endpoint_port(sample).unwrap());
    }
    assert!(traffic.answered() >= 3);
    traffic.stop().await;
    let is_silent = |view: &ConnectionView| view.traffic.active_streams == 0;
    follow(&demo, |snapshot| snapshot.connections.iter().all(is_silent)).await;
    demo.stop().await;
    assert!(!home.exists());
}

#[tokio::test]
async fn a_demo_can_be_started_again_in_the_same_home() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let demo = Demo::start(Some(home.path())).await.unwrap();
        let again = Demo::start(Some(home.path())).await.unwrap_err();
        assert!(again.to_string().contains("runs"), "{again}");
        let ids = Sample::ALL.map(|sample| demo.id(sample));
        follow(&demo, |snapshot| {
            ids.iter().all(|id| {
                snapshot.connections.iter().any(|view| view.id == *id && is_connected(view))
            })
        })
        .await;
        demo.stop().await;
    }
    assert!(home.path().exists());
}

#[tokio::test]
async fn a_fault_of_one_connection_is_seen_and_ends() {
    let demo = Demo::start(None).await.unwrap();
    let hurt = demo.id(Sample::OrdersApi);
    let all = |snapshot: &Snapshot| snapshot.connections.iter().all(is_connected);
    follow(&demo, all).await;
    let on = || Scope::One("demo/orders-api".parse().unwrap());
    let refuse = InjectedFault::RefuseListens { status: 503, reason: "Busy".into(), times: None };
    demo.emulator().inject(on(), refuse).unwrap();
    demo.emulator().inject(on(), InjectedFault::Drop { streams: true }).unwrap();
    follow(&demo, |snapshot| {
        snapshot.connections.iter().all(|view| is_connected(view) != (view.id == hurt))
    })
    .await;
    demo.emulator().clear_faults();
    let mut client = Client::connect(demo.channel(), "test").await.unwrap();
    let connection = "demo/orders-api".parse().unwrap();
    client.request(Request::RestartConnection { connection }).await.unwrap();
    follow(&demo, all).await;
    demo.stop().await;
}

#[tokio::test]
async fn a_terminal_finds_the_emulator_of_a_demo() {
    let demo = Demo::start(None).await.unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_relay-emulator"));
    program.arg("--state").arg(demo.home().join("emulator")).arg("state");
    let ran = program.stdin(Stdio::null()).kill_on_drop(true).output();
    let ran = tokio::time::timeout(LIMIT, ran).await.expect("it hangs").unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && said.contains("orders-api"), "{said}");
    demo.stop().await;
}

#[tokio::test]
async fn a_demo_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    drop(std::fs::File::create(&file).unwrap());
    let error = Demo::start(Some(&file)).await.unwrap_err();
    assert!(matches!(error, DemoError::Folder(_)), "{error}");
    assert!(error.to_string().contains("is not a folder"), "{error}");
}
