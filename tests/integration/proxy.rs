//! Azure behind an HTTP proxy: what goes through it, and what it can do wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request, Response};
use hybrid_connection_manager::model::{ConnectionView, EventKind, Fault, FaultCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::bed::{Bed, DownEndpoint, Host, NAME, listener_string, skip_until, within};

/// What the proxy does with a CONNECT.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Opens the way.
    Open,
    /// The same for whoever says this after `Basic`, and 407 for others.
    OpenFor(String),
    /// Answers with these bytes and hangs up.
    Answer(&'static str),
    /// Says nothing.
    Silent,
}

/// A little HTTP proxy.
pub(crate) struct Proxy {
    pub(crate) address: String,
    manner: Arc<Mutex<Manner>>,
    /// Targets that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (manner, asked) = (Arc::new(Mutex::new(manner)), Arc::<Mutex<Vec<_>>>::default());
        let proxy = Self { address, manner: manner.clone(), asked: asked.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, asked) = (manner.lock().unwrap().clone(), asked.clone());
                tokio::spawn(serve(stream, manner, asked));
            }
        });
        proxy
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(match stream.read_u8().await {
            Ok(byte) => byte,
            Err(_) => return,
        });
    }
    let head = String::from_utf8(head).unwrap();
    let words: Vec<_> = head.lines().next().unwrap().split(' ').collect();
    let ["CONNECT", target, "HTTP/1.1"] = words[..] else { panic!("{head}") };
    // Names of headers have no case (RFC 9110, section 5.1).
    let header = |wanted: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value).next()
    };
    assert_eq!(header("Host"), Some(target), "{head}");
    asked.lock().unwrap().push(target.to_owned());
    let authorization = header("Proxy-Authorization");
    let answer = match manner {
        Manner::Open => None,
        Manner::OpenFor(login) => {
            let expected = format!("Basic {}", BASE64_STANDARD.encode(login));
            (authorization != Some(&expected)).then_some(
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
            )
        }
        Manner::Answer(answer) => Some(answer),
        Manner::Silent => return std::future::pending().await,
    };
    if let Some(answer) = answer {
        // It may be gone already.
        stream.write_all(answer.as_bytes()).await.ok();
        return;
    }
    let port = target.rsplit_once(':').unwrap().1;
    let mut azure = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    stream.write_all(b"HTTP/1.0 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
    copy_bidirectional(&mut stream, &mut azure).await.ok();
}

fn fault(view: &ConnectionView) -> Fault {
    view.status.fault().unwrap().clone()
}

/// How often the listener has connected.
fn connected_times(view: &ConnectionView) -> usize {
    let is_it = |kind: &EventKind| matches!(kind, EventKind::Connected { .. });
    view.events.iter().filter(|event| is_it(&event.kind)).count()
}

async fn proxy_setting(bed: &mut Bed) -> String {
    match bed.host.request(Request::GetSettings).await.unwrap() {
        Response::Settings { settings } => {
            settings.into_iter().find(|(name, _)| name == "network.proxy").unwrap().1
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_that_goes_to_azure_goes_through_the_proxy_and_the_endpoint_does_not() {
    let proxy = Proxy::start(Manner::Open).await;
    let mut bed = Bed::start().await;
    bed.host.set("network.proxy", &format!("http://{}", proxy.address)).await;
    let connection_string = listener_string(&bed.emulator, NAME);
    let looking = Request::CheckConnectionString { connection_string };
    let Response::Checked { check } = bed.host.request(looking).await.unwrap() else { panic!() };
    assert_eq!(check.fault, None);
    assert_eq!(proxy.asked().len(), 1);

    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    // Read before the channel is opened, and again when it is; and the channel.
    bed.host.until(NAME, |view| view.azure.is_some() && view.reachability.is_some()).await;
    let before = proxy.asked().len();
    assert!(before >= 3, "{:?}", proxy.asked());
    let (mut app, mut endpoint) = bed.stream().await;
    let sent: Vec<u8> = (0..1 << 20).map(|_| fastrand::u8(..)).collect();
    let mut got = vec![0; sent.len()];
    let (sending, reading) = tokio::join!(
        async {
            app.write_all(&sent).await.unwrap();
            app.flush().await
        },
        within(endpoint.read_exact(&mut got)),
    );
    sending.unwrap();
    reading.unwrap();
    assert_eq!(got, sent);
    endpoint.write_all(b"back").await.unwrap();
    let mut back = [0; 4];
    within(app.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"back");

    let asked = proxy.asked();
    assert!(asked.len() > before, "the rendezvous too");
    let azure = format!(".localhost:{}", bed.emulator.port());
    assert!(asked.iter().all(|target| target.ends_with(&azure)), "{asked:?}");

    bed.host.set("network.proxy", "none").await;
    bed.host.until(NAME, |view| connected_times(view) == 2).await;
    let last = proxy.asked().len();
    drop(bed.stream().await);
    assert_eq!(proxy.asked().len(), last, "without a proxy it goes straight");
    bed.host.set("network.proxy", &format!("http://{}", proxy.address)).await;
    bed.host.until(NAME, |view| connected_times(view) == 3).await;
    assert!(proxy.asked().len() > last, "an open channel goes over to another way");
    bed.host.set("network.proxy", &format!("{}/", proxy.address)).await;
    drop(bed.stream().await);
    let view = bed.host.until(NAME, |_| true).await;
    assert_eq!(connected_times(&view), 3, "the same way leaves it alone");
    bed.end().await;
}

#[tokio::test]
async fn a_password_of_any_characters_is_taken_kept_and_not_shown() {
    let proxy = Proxy::start(Manner::OpenFor("CORP\\me:p@s:/ w%41ü".to_owned())).await;
    let mut bed = Bed::start().await;
    bed.host.set("network.proxy", &format!("http://{}", proxy.address)).await;
    bed.host.add(&bed.emulator, NAME).await;
    let missing = fault(&bed.host.until_fault(NAME, FaultCode::ProxyLogin).await);
    assert!(missing.detail.contains("wants a user and a password (407"), "{missing}");

    bed.host.set("network.proxy", &format!("http://CORP%5Cme:wr0ng@{}", proxy.address)).await;
    let words = |view: &ConnectionView| {
        view.status.fault().is_some_and(|fault| fault.detail.contains("does not take this user"))
    };
    let wrong = fault(&bed.host.until(NAME, words).await);
    assert!(!wrong.detail.contains("wr0ng"), "{wrong}");

    let right = format!("http://CORP%5Cme:p@s:/ w%2541%C3%BC@{}", proxy.address);
    bed.host.set("network.proxy", &right).await;
    bed.host.until_connected(NAME).await;
    let shown = proxy_setting(&mut bed).await;
    assert_eq!(shown, format!("http://CORP%5Cme:***@{}", proxy.address));
    bed.host.set("network.proxy", &shown).await;
    assert_eq!(proxy_setting(&mut bed).await, shown);
    let other = shown.replace("me:", "you:");
    let request = Request::SetSetting { name: "network.proxy".into(), value: other };
    assert_eq!(bed.host.refused(request).await, ErrorCode::InvalidSetting);

    let Bed { emulator, endpoint, host, azure } = bed;
    let home = host.stop().await;
    let settings = home.path().join("settings.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(settings.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(std::fs::read_to_string(&settings).unwrap().contains("p%40s%3A%2F%20w%2541%C3%BC@"));
    let before = proxy.asked().len();
    let host = Host::start_in(home).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    bed.host.until_connected(NAME).await;
    assert!(proxy.asked().len() > before, "it is in use after a restart");
    bed.end().await;
}

#[tokio::test]
async fn what_the_proxy_does_wrong_is_named_as_the_proxys_fault() {
    let proxy = Proxy::start(Manner::Silent).await;
    let down = DownEndpoint::bind();
    let mut bed = Bed::start().await;
    let value = format!("http://{}", down.address());
    bed.host.set("network.proxy", &value).await;
    bed.host.add(&bed.emulator, NAME).await;
    let refused = fault(&bed.host.until_fault(NAME, FaultCode::ProxyUnreachable).await);
    assert!(refused.detail.contains(&format!("{} refused", down.address())), "{refused}");

    bed.host.set("network.proxy", "http://no-such-host.invalid:8080").await;
    let unknown = |view: &ConnectionView| {
        view.status.fault().is_some_and(|fault| fault.detail.contains("could not be resolved"))
    };
    let fault_of_name = fault(&bed.host.until(NAME, unknown).await);
    assert_eq!(fault_of_name.code, FaultCode::ProxyUnreachable);

    for (answer, code, words) in [
        (
            "HTTP/1.1 403 Forbidden by policy\r\n\r\n",
            FaultCode::ProxyRefused,
            "403 Forbidden by policy",
        ),
        ("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n", FaultCode::ProxyRefused, "503 Busy"),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", FaultCode::ProxyRefused, "as an HTTP proxy does"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", FaultCode::ProxyRefused, "bytes of its own"),
        ("", FaultCode::ProxyUnreachable, "broke it"),
    ] {
        proxy.behave(Manner::Answer(answer));
        bed.host.set("network.proxy", &format!("http://{}", proxy.address)).await;
        bed.host.request(Request::TryNow { connection: None }).await.unwrap();
        let wanted = |view: &ConnectionView| {
            view.status
                .fault()
                .is_some_and(|fault| fault.code == code && fault.detail.contains(words))
        };
        let seen = bed.host.until(NAME, wanted).await;
        let detail = fault(&seen).detail;
        assert!(detail.contains(&proxy.address), "{detail}");
    }

    proxy.behave(Manner::Silent);
    bed.host.request(Request::TryNow { connection: None }).await.unwrap();
    let silent = |view: &ConnectionView| {
        view.status
            .fault()
            .is_some_and(|fault| fault.detail.contains("took the connection and did not"))
    };
    let view = skip_until(Duration::from_secs(1), bed.host.until(NAME, silent)).await;
    assert_eq!(fault(&view).code, FaultCode::ProxyRefused, "it is there, and does not get out");

    proxy.behave(Manner::Open);
    bed.host.request(Request::TryNow { connection: None }).await.unwrap();
    bed.host.until_connected(NAME).await;
    bed.end().await;
}
