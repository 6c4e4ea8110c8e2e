//! The whole service, its local channel and a namespace on this machine.

use std::io::Write as _;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::ipc::{Client, ClientError, Push};

use crate::ipc::protocol::{Event, Request, Response};
use crate::model::{ConnectionSelector, Desired, Secret, StatusLabel};
use crate::relay::testing::{Azure, PATIENCE, ServerSocket, root_pem};

struct Running {
    service: Service,
    paths: Paths,
    home: tempfile::TempDir,
}

fn running() -> Running {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let service = Service::start(&paths, LogTo::Nowhere).unwrap();
    Running { service, paths, home }
}

impl Running {
    async fn client(&self) -> Client {
        Client::connect(&self.paths.channel, "test").await.unwrap()
    }

    /// Trusts the namespaces of the tests.
    async fn trust_tests(&self, client: &mut Client) {
        let path = self.home.path().join("ca.pem");
        std::fs::File::create(&path).unwrap().write_all(root_pem().as_bytes()).unwrap();
        let value = path.to_str().unwrap().to_owned();
        set(client, "network.extra_ca_certificates", &value).await.unwrap();
    }
}

async fn set(client: &mut Client, name: &str, value: &str) -> Result<Response, ClientError> {
    client.request(Request::SetSetting { name: name.into(), value: value.into() }).await
}

async fn add(client: &mut Client, azure: &Azure) {
    let text = format!(
        "Endpoint=sb://{}/;SharedAccessKeyName=listen;SharedAccessKey=dGVzdA==;EntityPath=hc1",
        azure.id().namespace()
    );
    let request = Request::AddConnection {
        connection_string: Secret::new(text),
        replace: false,
        resource: None,
    };
    client.request(request).await.unwrap();
}

/// Carries a stream to an endpoint that is known by now.
async fn stream(azure: &Azure) -> (ServerSocket, ServerSocket, TcpStream, TcpListener) {
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = endpoint.local_addr().unwrap().to_string();
    let mut channel = loop {
        let asked = azure.asked().await;
        if asked.is_websocket() {
            break asked.upgrade().await;
        }
        asked.describe(&at).await;
    };
    let accept = format!(r#"{{"accept":{{"address":"{}","id":"a_G1"}}}}"#, azure.address());
    channel.send(Message::text(accept)).await.unwrap();
    let mut gateway = loop {
        let asked = azure.asked().await;
        if asked.is_websocket() {
            break asked.upgrade().await;
        }
        asked.describe(&at).await;
    };
    gateway.send(Message::binary("x")).await.unwrap();
    loop {
        let (mut near, _) = endpoint.accept().await.unwrap();
        // A connection without a byte is the check whether the endpoint answers.
        if near.read(&mut [0]).await.unwrap() == 1 {
            return (channel, gateway, near, endpoint);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_waits_for_streams_and_tells_how_many_until_somebody_hurries() {
    let (running, azure) = (running(), Azure::start().await);
    let mut client = running.client().await;
    running.trust_tests(&mut client).await;
    add(&mut client, &azure).await;
    let (mut channel, mut gateway, mut near, endpoint) = stream(&azure).await;
    client.request(Request::Subscribe).await.unwrap();
    client.request(Request::Shutdown).await.unwrap();
    running.service.shutdown_requested().await;
    let (hurry, hurried) = tokio::sync::oneshot::channel::<()>();
    let Running { service, paths, home: _home } = running;
    let stopping = tokio::spawn(service.stop(async move {
        hurried.await.unwrap_or_default();
    }));
    assert!(matches!(channel.next().await, Some(Ok(Message::Close(_)))));
    // The close goes through, and the stream is still there.
    while let Some(Ok(_)) = channel.next().await {}
    drop(channel);
    loop {
        let push = timeout(PATIENCE, client.next()).await.unwrap().unwrap();
        if let Push::Event { event: Event::Service { service }, .. } = push
            && service.draining == Some(1)
        {
            break;
        }
    }
    near.write_all(b"y").await.unwrap();
    assert_eq!(gateway.next().await.unwrap().unwrap(), Message::binary("y"));
    hurry.send(()).unwrap();
    let error = timeout(PATIENCE, near.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no clean end");
    timeout(PATIENCE, stopping).await.unwrap().unwrap();
    let opened = Store::open(&paths, None).expect("the files are free again");
    let kept = opened.connections[0].last_endpoint.as_ref().map(ToString::to_string);
    assert_eq!(kept, Some(endpoint.local_addr().unwrap().to_string()));
}

#[tokio::test]
async fn a_program_hears_the_last_news_before_the_service_goes() {
    let (running, azure) = (running(), Azure::start().await);
    let mut client = running.client().await;
    client.request(Request::Subscribe).await.unwrap();
    add(&mut client, &azure).await;
    let supervisor = running.service.supervisor.clone();
    for number in 0..500 {
        supervisor.hub().update_service(|service| service.draining = Some(number));
    }
    let listening = tokio::spawn(async move {
        let mut last = 0;
        while let Ok(push) = client.next().await {
            last = match push {
                Push::Snapshot(snapshot) => snapshot.revision,
                Push::Event { revision, .. } => revision,
                Push::Log(_) | Push::Diagnosis { .. } => last,
            };
        }
        last
    });
    running.service.stop(std::future::pending()).await;
    let last = timeout(PATIENCE, listening).await.unwrap().unwrap();
    assert_eq!(last, supervisor.hub().snapshot().revision);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_unusable_ca_file_is_refused_at_once_and_blocks_nobody() {
    let running = running();
    let mut client = running.client().await;
    let fifo = running.home.path().join("fifo");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, mode, 0).unwrap();
    for (path, words) in [
        (fifo.to_str().unwrap(), "regular file"),
        ("/dev/zero", "regular file"),
        (running.home.path().to_str().unwrap(), "regular file"),
        ("/no/such/file", "No such file"),
    ] {
        let refused = set(&mut client, "network.extra_ca_certificates", path);
        let error = timeout(PATIENCE, refused).await.expect("it blocks").unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    running.service.stop(std::future::pending()).await;
}

#[tokio::test]
async fn a_silent_namespace_holds_no_request_up() {
    let (running, azure) = (running(), Azure::start().await);
    let mut client = running.client().await;
    add(&mut client, &azure).await;
    let _silent = azure.accept().await;
    let which: ConnectionSelector = azure.id().full().parse().unwrap();
    let start = std::time::Instant::now();
    for request in [
        Request::TryNow { connection: None },
        Request::RestartConnection { connection: which.clone() },
        Request::DisableConnection { connection: which.clone() },
        Request::EnableConnection { connection: which.clone() },
        Request::GetSettings,
        Request::RemoveConnection { connection: which.clone() },
    ] {
        client.request(request).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let Response::Snapshot { snapshot } = client.request(Request::Snapshot).await.unwrap() else {
        panic!("no snapshot");
    };
    assert!(snapshot.connections.is_empty());
    running.service.stop(std::future::pending()).await;
}

#[tokio::test]
async fn what_was_asked_is_done_although_the_program_is_gone() {
    let (running, azure) = (running(), Azure::start().await);
    let mut hasty = running.client().await;
    for name in ["a", "b", "c"] {
        let text = format!(
            "Endpoint=sb://{}/;SharedAccessKeyName=listen;SharedAccessKey=dGVzdA==;EntityPath={name}",
            azure.id().namespace()
        );
        let connection_string = Secret::new(text);
        let request = Request::AddConnection { connection_string, replace: false, resource: None };
        // It is sent and not waited for; on a busy machine the answer may be there already.
        hasty.request_within(request, Duration::ZERO).await.map(drop).unwrap_or_default();
    }
    drop(hasty);
    let hub = running.service.supervisor.clone();
    let (_, mut changes) = hub.hub().subscribe();
    let all_there = async {
        while hub.hub().snapshot().connections.len() < 3 {
            changes.recv().await.unwrap();
        }
    };
    timeout(PATIENCE, all_there).await.expect("some are missing");
    running.service.stop(std::future::pending()).await;
}

#[tokio::test]
async fn what_is_asked_of_a_connection_lasts_beyond_a_restart_of_the_service() {
    let (first, azure) = (running(), Azure::start().await);
    let mut client = first.client().await;
    add(&mut client, &azure).await;
    let which: ConnectionSelector = azure.id().full().parse().unwrap();
    client.request(Request::DisableConnection { connection: which }).await.unwrap();
    let Running { service, paths, home } = first;
    service.stop(std::future::pending()).await;
    let service = Service::start(&paths, LogTo::Nowhere).unwrap();
    let snapshot = service.supervisor.hub().snapshot();
    assert_eq!(snapshot.connections[0].desired, Desired::Disabled);
    assert_eq!(snapshot.connections[0].status.label(), StatusLabel::Disabled);
    service.stop(std::future::pending()).await;
    drop(home);
    let error = client.request(Request::Snapshot).await.unwrap_err();
    assert!(!error.to_string().is_empty());
}
