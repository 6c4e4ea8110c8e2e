//! The metrics of a real service, with a real emulator and real streams, read over HTTP.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use hybrid_connection_manager::ipc::protocol::ErrorCode;
use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::model::{FaultCode, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::bed::{Bed, Host, NAME, add, listener_string, skip, within};

const LISTEN: &str = "metrics.listen";

/// An answer of the service.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// The value of the one sample that begins with `name` and has all `labels`.
    #[track_caller]
    fn value(&self, name: &str, labels: &[&str]) -> f64 {
        let is_it = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        };
        let found: Vec<_> = self.body.lines().filter(is_it).collect();
        let [line] = found[..] else { panic!("{name} {labels:?}: {found:?} in {}", self.body) };
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// A port that is free at this moment.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// What comes back for these bytes.
async fn say(at: SocketAddr, request: &str) -> String {
    let mut tcp = within(TcpStream::connect(at)).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within(tcp.read_to_string(&mut text)).await.unwrap();
    text
}

async fn get(at: SocketAddr, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n");
    Answer::of(&say(at, &request).await)
}

/// Has the service listen at a free port.
async fn listening(host: &mut Host) -> SocketAddr {
    let at = free().await;
    host.set(LISTEN, &at.to_string()).await;
    until_open(at).await;
    at
}

/// Waits until somebody listens at `at`: the setting counts at once, but not before its answer.
async fn until_open(at: SocketAddr) {
    within(async {
        while TcpStream::connect(at).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn until_closed(at: SocketAddr) {
    within(async {
        while TcpStream::connect(at).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn streams_bytes_and_times_are_counted() {
    let mut bed = Bed::connected().await;
    let at = listening(&mut bed.host).await;
    let before = get(at, "/metrics").await;
    assert_eq!(before.status, 200);
    assert!(before.head.contains("content-type: text/plain; version=0.0.4"), "{}", before.head);
    assert_eq!(before.value("hcm_connection_streams", &[]), 0.0);
    assert_eq!(before.value("hcm_connection_dial_seconds_count", &[]), 0.0);
    assert_eq!(before.value("hcm_connection_up", &["name=\"hc\""]), 1.0);
    assert_eq!(before.value("hcm_connection_channels_opened_total", &[]), 1.0);
    assert_eq!(before.value("hcm_ready", &[]), 1.0);

    let (app, endpoint) = bed.stream().await;
    let open = get(at, "/metrics").await;
    assert_eq!(open.value("hcm_connection_streams", &[]), 1.0);
    assert_eq!(open.value("hcm_connection_streams_opened_total", &[]), 1.0);
    assert_eq!(open.value("hcm_connection_carried_bytes_total", &["to-endpoint"]), 8.0);
    for name in ["dial", "rendezvous"] {
        let name = format!("hcm_connection_{name}_seconds");
        assert_eq!(open.value(&format!("{name}_count"), &[]), 1.0);
        assert_eq!(open.value(&format!("{name}_bucket"), &["le=\"20.0\""]), 1.0);
        assert!(open.value(&format!("{name}_sum"), &[]) > 0.0);
    }
    drop((app, endpoint));

    let key = listener_string(&bed.emulator, NAME);
    let key = key.expose().split("SharedAccessKey=").nth(1).unwrap().split(';').next().unwrap();
    assert!(key.len() > 20 && !open.body.contains(key), "{}", open.body);
    bed.end().await;
}

#[tokio::test]
async fn a_refused_stream_and_a_lost_channel_are_counted_by_cause() {
    let mut bed = Bed::connected().await;
    let at = listening(&mut bed.host).await;
    let causes = ["endpoint-refused", "code"];
    let refused = "hcm_connection_streams_refused_total";
    assert_eq!(get(at, "/metrics").await.value(refused, &causes), 0.0);
    let Bed { emulator, endpoint, mut host, azure } = bed;
    drop(endpoint);
    within(crate::bed::sender(&emulator, NAME).connect()).await.unwrap_err();
    assert_eq!(get(at, "/metrics").await.value(refused, &causes), 1.0);

    emulator.shutdown().await;
    host.until(NAME, |view| view.status.fault().is_some()).await;
    let away = get(at, "/metrics").await;
    assert_eq!(away.value("hcm_connection_up", &[]), 0.0);
    assert_eq!(away.value("hcm_connection_fault", &[]), 1.0);
    let lost: f64 = away
        .body
        .lines()
        .filter(|line| line.starts_with("hcm_connection_reconnects_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert_eq!(lost, 1.0, "{}", away.body);
    host.stop().await;
    drop(azure);
}

#[tokio::test]
async fn open_metrics_are_told_to_whom_asks_for_them() {
    let mut bed = Bed::connected().await;
    let at = listening(&mut bed.host).await;
    let accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5";
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {at}\r\nAccept: {accept}\r\n\r\n");
    let answer = Answer::of(&say(at, &request).await);
    let kind = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(answer.head.contains(kind), "{}", answer.head);
    assert!(answer.body.ends_with("\n# EOF\n"), "{}", answer.body);
    assert!(answer.body.contains("# TYPE hcm_connection_streams_opened counter\n"));
    assert_eq!(answer.value("hcm_connection_streams_opened_total", &[]), 0.0);
    bed.end().await;
}

#[tokio::test]
async fn ready_and_live_say_what_the_command_line_says() {
    let mut bed = Bed::connected().await;
    let at = listening(&mut bed.host).await;
    for path in ["/ready", "/live"] {
        let answer = get(at, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{path}");
    }
    let missing = listener_string(&bed.emulator, NAME);
    let missing = missing.expose().replace("EntityPath=hc", "EntityPath=missing");
    bed.host.request(add(Secret::new(missing), false)).await.unwrap();
    bed.host.until("missing", |view| view.status.fault().is_some()).await;
    let answer = get(at, "/ready").await;
    assert_eq!((answer.status, answer.body.lines().count()), (503, 1), "{answer:?}");
    assert!(answer.body.contains("contoso/missing is not connected: "), "{answer:?}");
    assert_eq!(get(at, "/live").await.status, 200);
    assert_eq!(get(at, "/metrics").await.value("hcm_ready", &[]), 0.0);
    bed.end().await;
}

#[tokio::test]
async fn one_that_stops_is_told_until_its_end() {
    let mut bed = Bed::connected().await;
    let at = listening(&mut bed.host).await;
    let (mut app, mut endpoint) = bed.stream().await;
    let Bed { emulator, mut host, .. } = bed;
    let ended = tokio::spawn(host.service.stop(pending()));
    host.watcher.until_all(|snapshot| snapshot.service.draining).await;
    let answer = get(at, "/ready").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "the service is stopping\n"));
    assert_eq!(get(at, "/live").await.status, 200);
    let metrics = get(at, "/metrics").await;
    assert_eq!(metrics.value("hcm_draining", &[]), 1.0);
    assert_eq!(metrics.value("hcm_connection_streams", &[]), 1.0);

    app.shutdown().await.unwrap();
    endpoint.shutdown().await.unwrap();
    let mut nothing = Vec::new();
    within(app.read_to_end(&mut nothing)).await.unwrap();
    within(ended).await.unwrap();
    TcpStream::connect(at).await.expect_err("nobody listens any more");
    emulator.shutdown().await;
}

#[tokio::test]
async fn there_is_no_other_path_method_or_name() {
    let mut bed = Bed::start().await;
    let at = listening(&mut bed.host).await;
    for path in ["/", "/metrics/", "/ready/x", "/settings", "/../metrics"] {
        let answer = get(at, path).await;
        assert_eq!((answer.status, answer.body.lines().count()), (404, 1), "{path}");
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{answer:?}");
    }
    for method in ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = Answer::of(
            &say(at, &format!("{method} /metrics HTTP/1.1\r\nHost: {at}\r\n\r\n")).await,
        );
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("allow: get"), "{answer:?}");
    }
    for (host, status) in [
        ("localhost:9464", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:9464", 200),
        ("rebound.example:9464", 421),
        ("127.0.0.1.rebound.example", 421),
        ("", 421),
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = Answer::of(&say(at, &request).await);
        assert_eq!(answer.status, status, "{host}: {answer:?}");
        assert_eq!(answer.body.contains("hcm_ready"), status == 200);
    }
    let old = say(at, "GET /live HTTP/1.0\r\n\r\n").await;
    assert_eq!(Answer::of(&old).body, "ok\n");
    let wrong = say(at, "SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
    assert!(wrong.starts_with("HTTP/1.1 400 "), "{wrong}");
    bed.end().await;
}

#[tokio::test]
async fn clients_that_say_nothing_or_too_much_keep_nobody_out_for_long() {
    let mut bed = Bed::start().await;
    let at = listening(&mut bed.host).await;
    let long = format!("GET /metrics HTTP/1.1\r\nHost: {at}\r\nX: {}\r\n\r\n", "x".repeat(7000));
    assert_eq!(Answer::of(&say(at, &long).await).status, 200);
    let mut tcp = TcpStream::connect(at).await.unwrap();
    let much = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    // It may be reset before all of it is there.
    tcp.write_all(much.as_bytes()).await.unwrap_or_default();
    let mut answer = Vec::new();
    within(tcp.read_to_end(&mut answer)).await.unwrap_or_default();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");

    let mut silent = Vec::new();
    for _ in 0..16 {
        let mut tcp = TcpStream::connect(at).await.unwrap();
        tcp.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
        silent.push(tcp);
    }
    let next = tokio::spawn(async move { get(at, "/live").await });
    let mut first = [0; 1];
    let waiting = tokio::time::timeout(Duration::from_millis(300), silent[0].read(&mut first));
    waiting.await.expect_err("it is given its time");
    assert!(!next.is_finished(), "there is no place");
    skip(Duration::from_secs(6)).await;
    assert_eq!(within(next).await.unwrap().status, 200);
    bed.end().await;
}

#[tokio::test]
async fn another_address_counts_at_once_and_none_closes_it() {
    let mut bed = Bed::start().await;
    let first = listening(&mut bed.host).await;
    let second = listening(&mut bed.host).await;
    until_closed(first).await;
    assert_eq!(get(second, "/live").await.status, 200);
    // Another setting leaves it alone.
    let held = TcpStream::connect(second).await.unwrap();
    bed.host.set("log.level", "debug").await;
    assert_eq!(get(second, "/live").await.status, 200);
    drop(held);
    bed.host.set(LISTEN, "").await;
    until_closed(second).await;

    for value in ["0.0.0.0:9464", "192.0.2.1:9464", "9464"] {
        let (name, value) = (LISTEN.to_owned(), value.to_owned());
        let code = bed.host.refused(Request::SetSetting { name, value }).await;
        assert_eq!(code, ErrorCode::InvalidSetting);
    }
    let remote = SocketAddr::from(([0, 0, 0, 0], free().await.port()));
    bed.host.set(LISTEN, &format!("{remote} remote")).await;
    let here = SocketAddr::from(([127, 0, 0, 1], remote.port()));
    until_open(here).await;
    // From elsewhere it has whatever name it has there.
    let request = "GET /live HTTP/1.1\r\nHost: hybrid-connection-manager.default.svc:9464\r\n\r\n";
    assert_eq!(Answer::of(&say(here, request).await).status, 200);
    bed.end().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_fault_that_goes_by_itself() {
    let mut bed = Bed::start().await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = other.local_addr().unwrap();
    bed.host.set(LISTEN, &at.to_string()).await;
    let is_closed = |code: FaultCode| code == FaultCode::MetricsClosed;
    let fault = bed
        .host
        .until_all(|snapshot| {
            snapshot.service.faults.iter().find(|fault| is_closed(fault.code)).cloned()
        })
        .await;
    assert_eq!(fault.detail, format!("another program listens at {at}"));
    drop(other);
    skip(Duration::from_secs(11)).await;
    bed.host
        .until_all(|snapshot| {
            let faults = &snapshot.service.faults;
            (!faults.iter().any(|fault| is_closed(fault.code))).then_some(())
        })
        .await;
    assert_eq!(get(at, "/live").await.status, 200);

    // What is wrong with an address that is not wanted any more is of no interest.
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bed.host.set(LISTEN, &other.local_addr().unwrap().to_string()).await;
    let count = |snapshot: &hybrid_connection_manager::model::Snapshot, wanted: usize| {
        let faults = snapshot.service.faults.iter();
        (faults.filter(|fault| is_closed(fault.code)).count() == wanted).then_some(())
    };
    bed.host.until_all(|snapshot| count(snapshot, 1)).await;
    bed.host.set(LISTEN, "").await;
    bed.host.until_all(|snapshot| count(snapshot, 0)).await;
    bed.end().await;
}
