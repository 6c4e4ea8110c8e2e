//! The local channel, over real sockets.

use std::time::Duration;

use hybrid_connection_manager::ipc::codec::{MessageReader, MessageWriter, decode};
use hybrid_connection_manager::ipc::protocol::{
    ClientMessage, ErrorCode, Event, Hello, LogFilter, LogLine, MAX_ANSWER_BYTES,
    MAX_MESSAGE_BYTES, Request, RequestError, Response, ServerMessage,
};
use hybrid_connection_manager::ipc::{
    BindError, Changed, Channels, Client, ClientError, ConnectError, HandshakeError, Listener,
    Mirror, Push, RecvError, ServerChannel,
};
use hybrid_connection_manager::model::{Secret, ServiceInfo, Snapshot};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::local_socket::{self, Address, Callers, Stream};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

const SERVICE: &str = "test-service";

/// A home of its own for each test.
struct Home {
    _dir: TempDir,
    address: Address,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = Paths::in_home(dir.path()).unwrap().channel;
        Self { _dir: dir, address }
    }

    /// A service that has a session with each client.
    fn serve<S>(&self, session: impl Fn(ServerChannel) -> S + Copy + Send + 'static) -> Serving
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = Listener::bind(&self.address).unwrap();
        Serving(tokio::spawn(async move {
            loop {
                let incoming = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    if let Ok(channel) = incoming.handshake(SERVICE).await {
                        session(channel).await;
                    }
                });
            }
        }))
    }

    async fn client(&self) -> Client {
        Client::connect(&self.address, "test").await.unwrap()
    }

    /// A client that has said nothing yet.
    async fn raw(&self) -> Raw {
        Raw::over(Stream::connect(&self.address).await.unwrap())
    }

    /// A client that has shaken hands, and speaks for itself from there.
    async fn raw_after_hello(&self) -> Raw {
        let mut raw = self.raw().await;
        raw.writer.send(&ClientMessage::Hello(Hello::of("raw"))).await.unwrap();
        assert!(matches!(raw.read().await, Some(ServerMessage::Hello(_))));
        raw
    }

    /// Something that listens where a service should, and is none.
    fn impostor<S>(&self, act: impl FnOnce(Stream) -> S + Send + 'static) -> JoinHandle<()>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = local_socket::Listener::bind(&self.address, Callers::Managers).unwrap();
        tokio::spawn(async move { act(listener.accept().await.unwrap()).await })
    }
}

struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One side of the channel without the library's manners.
struct Raw {
    reader: MessageReader<ReadHalf<Stream>>,
    writer: MessageWriter<WriteHalf<Stream>>,
}

impl Raw {
    fn over(stream: Stream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader: MessageReader::new(reader, MAX_ANSWER_BYTES),
            writer: MessageWriter::new(writer, MAX_ANSWER_BYTES),
        }
    }

    async fn read(&mut self) -> Option<ServerMessage> {
        let bytes = self.reader.next().await.ok()??;
        Some(decode(&bytes).unwrap())
    }

    async fn refusal(&mut self) -> RequestError {
        match self.read().await {
            Some(ServerMessage::Refused { error }) => {
                assert!(self.read().await.is_none(), "the channel is closed after a refusal");
                error
            }
            other => panic!("no refusal: {other:?}"),
        }
    }
}

fn snapshot(revision: u64) -> Snapshot {
    let service = ServiceInfo {
        version: "1".into(),
        pid: 1,
        started: Timestamp::UNIX_EPOCH,
        home: "/home".into(),
        faults: vec![],
        draining: None,
        policy: None,
        proxy: None,
        upgrade: None,
    };
    Snapshot { revision, service, connections: vec![] }
}

fn event(revision: u64) -> ServerMessage {
    ServerMessage::Event { revision, event: Event::Service { service: snapshot(revision).service } }
}

fn log_line(message: &str) -> LogLine {
    LogLine {
        at: Timestamp::UNIX_EPOCH,
        level: "INFO".into(),
        target: "t".into(),
        message: message.into(),
        connection: None,
    }
}

/// Answers everything; a subscriber gets a snapshot, an event and a line of the log
/// before its answer.
async fn answer(channel: ServerChannel) {
    let (mut reader, mut writer) = channel.split();
    loop {
        let received = match reader.recv().await {
            Ok(Some(received)) => received,
            Ok(None) => return,
            Err(RecvError::BadMessage(error)) => return writer.refuse(error).await,
            Err(RecvError::Lost(_)) => return,
        };
        let result = match received.request {
            Ok(Request::Subscribe) => {
                let snapshot = Box::new(snapshot(5));
                writer.send(&ServerMessage::Snapshot { snapshot }).await.unwrap();
                writer.send(&event(6)).await.unwrap();
                writer.send(&ServerMessage::Log { line: log_line("x") }).await.unwrap();
                Ok(Response::Done)
            }
            Ok(Request::SetSetting { name, .. }) => {
                Err(RequestError::new(ErrorCode::InvalidSetting, "no such thing")
                    .about(Some(&name)))
            }
            Ok(Request::Logs { lines, .. }) => {
                let line = log_line(&"x".repeat(1024));
                Ok(Response::Logs { lines: vec![line; lines] })
            }
            Ok(_) => Ok(Response::Done),
            Err(error) => Err(error),
        };
        if writer.respond(received.id, result).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_client_asks_subscribes_and_follows() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut client = home.client().await;
    assert_eq!(client.server(), &Hello::of(SERVICE));
    assert!(matches!(client.request(Request::Shutdown).await, Ok(Response::Done)));
    let wrong = Request::SetSetting { name: "log.x".into(), value: String::new() };
    match client.request(wrong).await {
        Err(ClientError::Refused(error)) => {
            assert_eq!(error.code, ErrorCode::InvalidSetting);
            assert_eq!(error.field.as_deref(), Some("log.x"));
        }
        other => panic!("{other:?}"),
    }
    client.request(Request::Subscribe).await.unwrap();
    let mut mirror = Mirror::default();
    assert_eq!(mirror.apply(client.next().await.unwrap()), Ok(Changed::State));
    assert_eq!(mirror.apply(client.next().await.unwrap()), Ok(Changed::State));
    assert_eq!(mirror.snapshot().unwrap().revision, 6);
    let log = mirror.apply(client.next().await.unwrap()).unwrap();
    assert_eq!(log, Changed::Log(log_line("x")));
}

#[tokio::test]
async fn the_service_knows_who_calls() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let calling = home.client();
    let serving = async {
        let incoming = listener.accept().await.unwrap();
        assert_eq!(incoming.peer().pid, Some(std::process::id()));
        incoming.handshake(SERVICE).await.unwrap()
    };
    let (mut client, mut channel) = tokio::join!(calling, serving);
    assert_eq!(channel.client(), &Hello::of("test"));
    assert_eq!(channel.peer().pid, Some(std::process::id()));
    channel.send(&ServerMessage::Log { line: log_line("hi") }).await.unwrap();
    assert_eq!(client.next().await.unwrap(), Push::Log(log_line("hi")));
    drop(client);
    assert!(channel.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn a_hundred_clients_are_served_at_once() {
    let home = Home::new();
    let _service = home.serve(answer);
    let clients = (0..100).map(|_| {
        let address = home.address.clone();
        tokio::spawn(async move {
            let mut client = Client::connect(&address, "one of many").await.unwrap();
            for _ in 0..3 {
                client.request(Request::TryNow { connection: None }).await.unwrap();
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_request_is_answered_and_the_session_goes_on() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut raw = home.raw_after_hello().await;
    for (id, request) in [(7, r#"{"do":"levitate"}"#), (8, r#"{"do":"snapshot"}"#)] {
        let text = format!(r#"{{"type":"request","id":{id},"request":{request}}}"#);
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        raw.writer.send(&message).await.unwrap();
        let Some(ServerMessage::Response { id: of, outcome }) = raw.read().await else {
            panic!("no answer")
        };
        assert_eq!(of, id);
        let outcome = serde_json::to_value(outcome).unwrap();
        assert_eq!(outcome["outcome"], if id == 7 { "error" } else { "ok" });
        if id == 7 {
            assert_eq!(outcome["error"]["code"], "bad-message");
            assert!(outcome["error"]["message"].as_str().unwrap().contains("\"levitate\""));
        }
    }
}

#[tokio::test]
async fn hostile_bytes_close_that_client_only() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut good = home.client().await;
    for (bytes, words) in [
        (&b"\xff\xff\xff\xff rest"[..], "longer than the 4194304 bytes"),
        (b"\x05\0\0\0{nope", "not valid JSON"),
        (b"\x00\0\0\0", "not valid JSON"),
        (b"\x02\0\0\0[]", "has no \"type\""),
        (b"\x0d\0\0\0{\"type\":\"no\"}", "does not know"),
    ] {
        let mut raw = home.raw_after_hello().await;
        let Raw { reader, writer } = raw;
        let mut stream = writer.into_inner();
        stream.write_all(bytes).await.unwrap();
        raw = Raw { reader, writer: MessageWriter::new(stream, MAX_ANSWER_BYTES) };
        let error = raw.refusal().await;
        assert_eq!(error.code, ErrorCode::BadMessage);
        assert!(error.message.contains(words), "{}", error.message);
        good.request(Request::Snapshot).await.unwrap();
    }
}

#[tokio::test]
async fn half_a_message_and_then_silence_or_an_end_harm_nobody() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut stalled = home.raw_after_hello().await.writer.into_inner();
    stalled.write_all(b"\x00\x00\x40\x00{\"type\":").await.unwrap();
    home.client().await.request(Request::Snapshot).await.unwrap();
    drop(stalled);
    home.client().await.request(Request::Snapshot).await.unwrap();
}

#[tokio::test]
async fn a_strange_first_message_is_refused_in_words() {
    let home = Home::new();
    let _service = home.serve(answer);
    let request = ClientMessage::Request { id: 1, request: Request::Snapshot };
    let mut raw = home.raw().await;
    raw.writer.send(&request).await.unwrap();
    assert!(raw.refusal().await.message.contains("before the hello"));
    let mut raw = home.raw().await;
    raw.writer.send(&"SharedAccessKey=c2VjcmV0").await.unwrap();
    let error = raw.refusal().await;
    assert!(error.message.contains("must be a hello") && !error.message.contains("c2Vj"));
    let mut raw = home.raw().await;
    raw.writer.send(&"x".repeat(20_000)).await.unwrap();
    assert!(raw.refusal().await.message.contains("longer than the 16384 bytes"));
}

#[tokio::test]
async fn another_version_is_refused_in_words_on_both_sides() {
    let future = Hello { protocol: 9, oldest_protocol: 8, version: "9.9".into(), ..Hello::of("x") };

    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let mut raw = home.raw().await;
    raw.writer.send(&ClientMessage::Hello(future.clone())).await.unwrap();
    let error = listener.accept().await.unwrap().handshake(SERVICE).await.unwrap_err();
    assert!(matches!(&error, HandshakeError::VersionMismatch(_)), "{error}");
    let error = raw.refusal().await;
    assert_eq!(error.code, ErrorCode::VersionMismatch);
    assert!(error.message.contains("9.9") && error.message.contains("install the same version"));

    for answer in [
        ServerMessage::Hello(future),
        ServerMessage::Refused { error: RequestError::new(ErrorCode::VersionMismatch, "9.9") },
    ] {
        let home = Home::new();
        let _impostor = home.impostor(|stream| async move {
            let mut raw = Raw::over(stream);
            raw.reader.next().await.unwrap();
            raw.writer.send(&answer).await.unwrap();
        });
        let error = Client::connect(&home.address, "test").await.unwrap_err();
        assert!(matches!(&error, ConnectError::VersionMismatch(_)), "{error}");
        assert!(error.to_string().contains("9.9"));
    }
}

#[tokio::test]
async fn a_missing_service_is_told_from_something_else() {
    let home = Home::new();
    let error = Client::connect(&home.address, "test").await.unwrap_err();
    assert!(matches!(error, ConnectError::NoService(_)));
    let other = Home::new();
    let both = [home.address.clone(), other.address.clone()];
    let services = both.clone().map(Channels::from);
    let error = Client::connect_first(&services, "test").await.unwrap_err().to_string();
    assert!(both.iter().all(|address| error.contains(&address.to_string())), "{error}");
    let _service = other.serve(answer);
    Client::connect_first(&services, "test").await.unwrap();

    for reply in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x02\0\0\0{}", b""] {
        let home = Home::new();
        let _impostor = home.impostor(move |mut stream| async move {
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(reply).await.unwrap();
        });
        let error = Client::connect(&home.address, "test").await.unwrap_err();
        assert!(matches!(error, ConnectError::SomethingElse { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_has_a_time_limit_on_both_sides() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let silent = home.raw().await;
    let incoming = listener.accept().await.unwrap();
    let error = incoming.handshake(SERVICE).await.unwrap_err();
    assert!(matches!(error, HandshakeError::TimedOut));
    let mut silent = silent;
    assert!(silent.refusal().await.message.contains("no hello came within 5 s"));

    let error = Client::connect(&home.address, "test").await.unwrap_err();
    assert!(matches!(error, ConnectError::NoAnswer { .. }), "{error}");
    assert!(error.to_string().contains("said nothing for 5 s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_given_up_and_others_are_served() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let (mut lazy, incoming) = tokio::join!(home.client(), async {
        listener.accept().await.unwrap().handshake(SERVICE).await.unwrap()
    });
    let (_reader, mut writer) = incoming.split();
    let line = log_line(&"x".repeat(100_000));
    let mut sent = 0;
    let error = loop {
        match writer.send(&ServerMessage::Log { line: line.clone() }).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("did not read"), "{error}");
    assert!(sent < 100, "the system takes some messages, not {sent}");
    drop((_reader, writer));
    for _ in 0..sent {
        assert_eq!(lazy.next().await.unwrap(), Push::Log(line.clone()));
    }
    assert!(matches!(lazy.next().await, Err(ClientError::Lost(_))));

    drop(listener);
    let _service = home.serve(answer);
    home.client().await.request(Request::Snapshot).await.unwrap();
}

#[tokio::test]
async fn pushes_during_a_request_are_kept_up_to_a_bound() {
    let home = Home::new();
    let _service = home.serve(|mut channel| async move {
        let id = channel.recv().await.unwrap().unwrap().id;
        for revision in 1..=5000 {
            if channel.send(&event(revision)).await.is_err() {
                return;
            }
        }
        channel.split().1.respond(id, Ok(Response::Done)).await.unwrap();
    });
    let mut client = home.client().await;
    let error = client.request(Request::Subscribe).await.unwrap_err();
    assert!(error.to_string().contains("too slowly"), "{error}");
    assert!(matches!(client.next().await, Err(ClientError::Lost(_))));
    assert!(matches!(client.request(Request::Snapshot).await, Err(ClientError::Lost(_))));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_taken_for_another() {
    let home = Home::new();
    let _service = home.serve(|mut channel| async move {
        let late = channel.recv().await.unwrap().unwrap().id;
        let next = channel.recv().await.unwrap().unwrap().id;
        let (_reader, mut writer) = channel.split();
        let settings = vec![("late".to_owned(), String::new())];
        writer.respond(late, Ok(Response::Settings { settings })).await.unwrap();
        writer.respond(next, Ok(Response::Done)).await.unwrap();
        writer.send(&event(1)).await.unwrap();
    });
    let mut client = home.client().await;
    let error =
        client.request_within(Request::GetSettings, Duration::from_millis(20)).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(_)), "{error}");
    assert!(matches!(client.request(Request::Snapshot).await, Ok(Response::Done)));
    assert!(matches!(client.next().await, Ok(Push::Event { revision: 1, .. })));
    let error = client.next().await.unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

#[tokio::test]
async fn waiting_for_a_push_may_be_given_up_at_any_byte() {
    let home = Home::new();
    let (step, mut steps) = tokio::sync::mpsc::channel::<()>(1);
    let _impostor = home.impostor(|stream| async move {
        let mut raw = Raw::over(stream);
        raw.reader.next().await.unwrap();
        raw.writer.send(&ServerMessage::Hello(Hello::of(SERVICE))).await.unwrap();
        let json = serde_json::to_vec(&event(3)).unwrap();
        let mut stream = raw.writer.into_inner();
        let length = u32::try_from(json.len()).unwrap().to_le_bytes();
        for byte in length.into_iter().chain(json) {
            steps.recv().await.unwrap();
            stream.write_all(&[byte]).await.unwrap();
        }
    });
    let mut client = home.client().await;
    let push = loop {
        tokio::select! {
            biased;
            push = client.next() => break push.unwrap(),
            sent = step.send(()) => sent.unwrap(),
        }
    };
    assert!(matches!(push, Push::Event { revision: 3, .. }));
}

#[tokio::test]
async fn an_answer_that_is_too_long_becomes_an_error() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut client = home.client().await;
    let Response::Logs { lines } = client
        .request(Request::Logs { lines: 3000, follow: false, filter: LogFilter::default() })
        .await
        .unwrap()
    else {
        panic!("no log")
    };
    assert_eq!(lines.len(), 3000);
    let error = client
        .request(Request::Logs { lines: 40_000, follow: false, filter: LogFilter::default() })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ask for less"), "{error}");
    let secret = Secret::new("k".repeat(MAX_MESSAGE_BYTES));
    let request =
        Request::AddConnection { connection_string: secret, replace: false, resource: None };
    let error = client.request(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)) && !error.to_string().contains("kkk"));
    client.request(Request::Snapshot).await.unwrap();
}

#[tokio::test]
async fn a_second_service_is_refused_and_the_first_goes_on() {
    let home = Home::new();
    let service = home.serve(answer);
    let error = Listener::bind(&home.address).unwrap_err();
    assert!(matches!(error, BindError::Taken { .. }), "{error}");
    let pid = format!("process id {}", std::process::id());
    assert!(cfg!(windows) || error.to_string().contains(&pid), "{error}");
    home.client().await.request(Request::Snapshot).await.unwrap();
    service.0.abort();
    while !service.0.is_finished() {
        tokio::task::yield_now().await;
    }
    Listener::bind(&home.address).unwrap();
}

/// Answers requests for settings last and all others at once; pushes before each.
async fn answer_settings_last(channel: ServerChannel) {
    let (mut reader, mut writer) = channel.split();
    let mut late = Vec::new();
    let mut revision = 0;
    while let Ok(Some(received)) = reader.recv().await {
        revision += 1;
        writer.send(&event(revision)).await.unwrap();
        match received.request.unwrap() {
            Request::GetSettings => late.push(received.id),
            Request::Shutdown => {
                for id in late.drain(..).rev() {
                    let settings = vec![("of".to_owned(), id.to_string())];
                    writer.respond(id, Ok(Response::Settings { settings })).await.unwrap();
                }
                writer.respond(received.id, Ok(Response::Done)).await.unwrap();
            }
            _ => writer.respond(received.id, Ok(Response::Done)).await.unwrap(),
        }
    }
}

#[tokio::test]
async fn many_requests_are_under_way_at_once_while_pushes_flow_in() {
    let home = Home::new();
    let _service = home.serve(answer_settings_last);
    let (requester, mut pushes) = home.client().await.into_parts();
    assert_eq!(requester.server(), &Hello::of(SERVICE));
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let requester = requester.clone();
            tokio::spawn(async move { requester.request(Request::GetSettings).await })
        })
        .collect();
    for revision in 1..=20 {
        assert!(
            matches!(pushes.next().await, Ok(Push::Event { revision: of, .. }) if of == revision)
        );
    }
    requester.ping().await.unwrap();
    assert!(slow.iter().all(|slow| !slow.is_finished()));
    requester.request(Request::Shutdown).await.unwrap();
    let mut answers = Vec::new();
    for slow in slow {
        let Response::Settings { settings } = slow.await.unwrap().unwrap() else { panic!() };
        answers.push(settings[0].1.clone());
    }
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 20, "each has the answer to its own request");
    let secret = Secret::new("k".repeat(MAX_MESSAGE_BYTES));
    let request =
        Request::AddConnection { connection_string: secret, replace: false, resource: None };
    let error = requester.request(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)), "{error}");
    requester.ping().await.unwrap();
}

#[tokio::test]
async fn what_came_before_the_client_was_taken_apart_comes_first() {
    let home = Home::new();
    let _service = home.serve(answer);
    let mut client = home.client().await;
    client.request(Request::Subscribe).await.unwrap();
    let (requester, mut pushes) = client.into_parts();
    requester.ping().await.unwrap();
    assert!(matches!(pushes.next().await, Ok(Push::Snapshot(_))));
    assert!(matches!(pushes.next().await, Ok(Push::Event { revision: 6, .. })));
}

#[tokio::test]
async fn each_half_of_a_client_works_alone_and_without_both_the_channel_is_closed() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let (client, channel) = tokio::join!(home.client(), async {
        listener.accept().await.unwrap().handshake(SERVICE).await.unwrap()
    });
    let (mut reader, mut writer) = channel.split();
    let (requester, pushes) = client.into_parts();
    drop(pushes);
    writer.send(&event(1)).await.unwrap();
    let (pinged, ()) = tokio::join!(requester.ping(), async {
        let asked = reader.recv().await.unwrap().unwrap();
        assert!(matches!(asked.request, Ok(Request::Ping)));
        writer.send(&event(2)).await.unwrap();
        writer.respond(asked.id, Ok(Response::Done)).await.unwrap();
    });
    pinged.unwrap();
    drop(requester);
    assert!(reader.recv().await.unwrap().is_none());

    let (client, channel) = tokio::join!(home.client(), async {
        listener.accept().await.unwrap().handshake(SERVICE).await.unwrap()
    });
    let (mut reader, mut writer) = channel.split();
    let (requester, mut pushes) = client.into_parts();
    drop(requester);
    writer.send(&event(1)).await.unwrap();
    assert!(matches!(pushes.next().await, Ok(Push::Event { revision: 1, .. })));
    drop(pushes);
    assert!(reader.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn a_program_that_does_not_take_its_pushes_slows_the_service_down() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let (client, channel) = tokio::join!(home.client(), async {
        listener.accept().await.unwrap().handshake(SERVICE).await.unwrap()
    });
    let (requester, mut pushes) = client.into_parts();
    let (_reader, mut writer) = channel.split();
    let line = log_line(&"x".repeat(100_000));
    let mut sent = 0;
    let message = ServerMessage::Log { line };
    let full = Duration::from_millis(500);
    // The queue, and what the system keeps.
    while tokio::time::timeout(full, writer.send(&message)).await.is_ok() {
        sent += 1;
        assert!(sent < 1000, "there is no bound");
    }
    drop(requester);
    for _ in 0..sent {
        pushes.next().await.unwrap();
    }
}

#[tokio::test]
async fn every_way_to_lose_a_service_is_told_apart() {
    type Ends = fn(&str) -> bool;
    let cases: [(&'static [u8], Ends); 4] = [
        (b"", |text| {
            text.starts_with("the connection to the service was lost: the service closed")
        }),
        (b"\x05\0\0\0", |text| text.contains("in the middle of a message")),
        (b"\x05\0\0\0{nope", |text| text.contains("does not understand")),
        (b"HTTP/1.1 400 Bad Request", |text| text.contains("does not understand")),
    ];
    for (reply, expected) in cases {
        let home = Home::new();
        let _impostor = home.impostor(move |stream| async move {
            let mut raw = Raw::over(stream);
            raw.reader.next().await.unwrap();
            raw.writer.send(&ServerMessage::Hello(Hello::of(SERVICE))).await.unwrap();
            raw.reader.next().await.unwrap();
            raw.writer.into_inner().write_all(reply).await.unwrap();
        });
        let (requester, mut pushes) = home.client().await.into_parts();
        let error = requester.request(Request::Subscribe).await.unwrap_err();
        assert!(expected(&error.to_string()), "{error}");
        let strange = matches!(error, ClientError::NotUnderstood(_));
        assert_eq!(strange, reply.len() > 4, "{error}");
        assert_eq!(pushes.next().await.unwrap_err().to_string(), error.to_string());
        assert_eq!(requester.ping().await.unwrap_err().to_string(), error.to_string());
    }
    let home = Home::new();
    let _impostor = home.impostor(|stream| async move {
        let mut raw = Raw::over(stream);
        raw.reader.next().await.unwrap();
        raw.writer.send(&ServerMessage::Hello(Hello::of(SERVICE))).await.unwrap();
        let error = RequestError::new(ErrorCode::Stopping, "the service is stopping");
        raw.writer.send(&ServerMessage::Refused { error }).await.unwrap();
    });
    let (requester, _pushes) = home.client().await.into_parts();
    let error = requester.ping().await.unwrap_err().to_string();
    assert!(error.ends_with("the service is stopping"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_after_its_hello_is_found_by_a_ping() {
    let home = Home::new();
    let listener = Listener::bind(&home.address).unwrap();
    let (client, _silent) = tokio::join!(home.client(), async {
        listener.accept().await.unwrap().handshake(SERVICE).await.unwrap()
    });
    let (requester, _pushes) = client.into_parts();
    let start = tokio::time::Instant::now();
    let error = requester.ping().await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    fn folder(home: &Home) -> &Path {
        let folder = home.address.as_path().parent().unwrap();
        std::fs::create_dir_all(folder).unwrap();
        folder
    }

    #[tokio::test]
    async fn the_socket_and_its_folder_are_for_the_owner_alone() {
        let home = Home::new();
        let listener = Listener::bind(&home.address).unwrap();
        assert_eq!(mode(home.address.as_path()), 0o600);
        assert_eq!(mode(folder(&home)), 0o700);
        drop(listener);
        assert!(!home.address.as_path().exists());
    }

    #[tokio::test]
    async fn the_socket_of_a_crashed_service_is_replaced() {
        let home = Home::new();
        folder(&home);
        // The standard library leaves the file behind, as a crash does.
        drop(UnixListener::bind(home.address.as_path()).unwrap());
        let error = Client::connect(&home.address, "test").await.unwrap_err();
        assert!(matches!(error, ConnectError::NoService(_)), "{error}");
        let _service = home.serve(answer);
        home.client().await.request(Request::Snapshot).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_still_answers_is_left_alone() {
        let home = Home::new();
        folder(&home);
        let other = UnixListener::bind(home.address.as_path()).unwrap();
        let error = Listener::bind(&home.address).unwrap_err();
        assert!(matches!(error, BindError::Taken { .. }), "{error}");
        other.accept().unwrap();
        assert!(home.address.as_path().exists());
    }

    #[tokio::test]
    async fn a_file_in_the_place_of_the_socket_is_left_alone() {
        let home = Home::new();
        folder(&home);
        std::fs::File::create_new(home.address.as_path()).unwrap();
        let error = Listener::bind(&home.address).unwrap_err();
        assert!(matches!(error, BindError::NotASocket(_)), "{error}");
        assert!(home.address.as_path().is_file());
        let error = Client::connect(&home.address, "test").await.unwrap_err();
        assert!(matches!(error, ConnectError::NoService(_)), "{error}");
    }
}
