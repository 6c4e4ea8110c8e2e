//! The way through a proxy: it opens a connection to the other side, and then the bytes are ours.

mod connect;
mod known;
mod ntlm;
mod socks;
#[cfg(test)]
mod testing;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::connect::Authorization;
pub(super) use self::known::KnownLogin;
use self::known::{Answer, Way};
use super::dial;
use super::transport::Transport;
use crate::model::proxy::{Login, ProxyKind};
use crate::model::{Endpoint, Fault, FaultCode, Proxy, Secret};

/// Why a proxy does not open the way.
#[derive(Debug)]
enum Failed {
    /// It takes another login, and has not heard the password, or not in a way that it knows; this is
    /// what that means where it has just offered this one.
    NotTaken(Fault),
    /// For this reason.
    Fault(Fault),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotTaken(fault) | Failed::Fault(fault) => fault,
        }
    }
}

/// Opens a connection to `host` through `proxy` before `deadline`; `tls` is for one that is spoken
/// to with TLS, and `known` is what this proxy is known for.
///
/// # Errors
/// One of the codes that begin with `Proxy`; [`FaultCode::ProxyPasswordSealed`], and
/// [`FaultCode::ProxyLogin`] for a while, without asking the proxy: wrong passwords may lock the account.
pub(super) async fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
    tls: &TlsConnector,
    known: &KnownLogin,
    deadline: Instant,
) -> Result<Transport, Fault> {
    if proxy.password_is_sealed() {
        return Err(Fault::new(FaultCode::ProxyPasswordSealed, proxy.to_string()));
    }
    let target = Endpoint::new(host, port);
    let start = Instant::now();
    let wanted = Wanted { proxy, target: &target, tls, deadline };
    let has_password = password(proxy).is_some();
    if has_password {
        known.way()?;
    }
    let tcp = wanted.dial().await?;
    let asking = async {
        let stream = wanted.secure(tcp).await?;
        match has_password {
            true => wanted.log_in(stream, known).await,
            false => wanted.without_login(stream).await,
        }
    };
    timeout_at(deadline, asking).await.unwrap_or_else(|_| {
        let (address, seconds) = (proxy.address(), start.elapsed().as_secs());
        let detail = format!(
            "{address} took the connection and did not open the way to {target} within {seconds} s"
        );
        Err(Fault::new(FaultCode::ProxyRefused, detail))
    })
}

/// Who would log in, with which password.
fn password(proxy: &Proxy) -> Option<(&str, &Secret)> {
    match proxy.login() {
        Some(Login { user, password: Some(password) }) => Some((user, password)),
        _ => None,
    }
}

/// A way through a proxy that is wanted.
struct Wanted<'a> {
    proxy: &'a Proxy,
    target: &'a Endpoint,
    tls: &'a TlsConnector,
    deadline: Instant,
}

impl Wanted<'_> {
    async fn without_login(&self, mut stream: Transport) -> Result<Transport, Fault> {
        let way = if self.is_socks() { Way::Socks } else { Way::Plain };
        self.ask(way, &mut stream).await?;
        Ok(stream)
    }

    /// The password goes to a proxy that wants it, in the way that it takes.
    async fn log_in(&self, mut stream: Transport, known: &KnownLogin) -> Result<Transport, Fault> {
        // Of many who ask at once, one goes first: a password that is wrong by now is not sent by all.
        let mut turn = None;
        let mut answer = known.way()?;
        if !matches!(answer, Answer::Sure(_)) {
            turn = known.turn().await;
            answer = known.way()?;
        }
        if matches!(answer, Answer::Sure(_)) {
            turn = None;
        }
        if let Answer::Sure(way) | Answer::Likely(way) = answer {
            match self.ask(way, &mut stream).await {
                Ok(()) => {
                    known.take(way);
                    return Ok(stream);
                }
                Err(Failed::Fault(fault)) => return Err(known.keep(way, fault)),
                // It takes something else by now.
                Err(Failed::NotTaken(_)) => {
                    known.forget(way);
                    drop(turn);
                    let stream = self.open().await?;
                    return Box::pin(self.log_in(stream, known)).await;
                }
            }
        }
        let way = match self.is_socks() {
            true => Way::Socks,
            false => match self.find(&mut stream, known).await? {
                Some(way) => way,
                None => return Ok(stream),
            },
        };
        let asked = self.ask(way, &mut stream).await;
        drop(turn);
        match asked {
            Ok(()) => {
                known.take(way);
                Ok(stream)
            }
            Err(Failed::Fault(fault)) => Err(known.keep(way, fault)),
            Err(Failed::NotTaken(fault)) => Err(fault),
        }
    }

    /// Finds out which way the proxy takes, and leaves a `stream` for it; none where it has opened the
    /// way without a login.
    async fn find(&self, stream: &mut Transport, known: &KnownLogin) -> Result<Option<Way>, Fault> {
        let nothing = Authorization::default();
        let answer = connect::send(self.proxy, self.target, &nothing, stream).await?;
        let status = answer.head.status;
        if status == 407 {
            let way = connect::way(self.proxy, self.target, &answer.head)?;
            // A proxy may close the connection with its first answer.
            *stream = self.open().await?;
            return Ok(Some(way));
        }
        // One that answers so has looked at the target. Others refuse so whoever does not log in.
        if matches!(status, 200..300 | 500..600) {
            known.take(Way::Plain);
        }
        connect::end(self.proxy, self.target, answer)?;
        Ok(None)
    }

    async fn ask(&self, way: Way, stream: &mut Transport) -> Result<(), Failed> {
        let Self { proxy, target, .. } = self;
        match (way, password(proxy)) {
            (Way::Ntlm(scheme), Some((user, password))) => {
                ntlm::ask(proxy, target, (scheme, user, password), stream).await
            }
            (Way::Basic, Some((user, password))) => {
                connect::ask(proxy, target, &connect::basic(user, password), stream).await
            }
            (Way::Socks, _) => Ok(socks::ask(proxy, target, stream).await?),
            (Way::Plain | Way::Basic | Way::Ntlm(_), _) => {
                connect::ask(proxy, target, &Authorization::default(), stream).await
            }
        }
    }

    fn is_socks(&self) -> bool {
        self.proxy.kind() == ProxyKind::Socks5
    }

    /// A connection to the proxy itself.
    async fn open(&self) -> Result<Transport, Fault> {
        self.secure(self.dial().await?).await
    }

    async fn dial(&self) -> Result<TcpStream, Fault> {
        let address = self.proxy.address();
        let limit = self.deadline.saturating_duration_since(Instant::now());
        dial::connect(address.host(), address.port(), limit)
            .await
            .map_err(|error| Fault::new(FaultCode::ProxyUnreachable, error.to_string()))
    }

    /// What the proxy is spoken to over.
    async fn secure(&self, tcp: TcpStream) -> Result<Transport, Fault> {
        Ok(match self.proxy.kind() {
            ProxyKind::Http | ProxyKind::Socks5 => Transport::Tcp(tcp),
            ProxyKind::Https => {
                let secured = handshake(self.proxy.address(), self.tls, tcp).await?;
                Transport::Tls(Box::new(secured))
            }
        })
    }
}

/// TLS to the proxy itself.
async fn handshake(
    address: &Endpoint,
    tls: &TlsConnector,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, Fault> {
    let failed = |why: String| Fault::new(FaultCode::ProxyTls, format!("{address}: {why}"));
    let name = ServerName::try_from(address.host().to_owned());
    let name = name.map_err(|error| failed(error.to_string()))?;
    tls.connect(name, tcp).await.map_err(|error| failed(error.to_string()))
}

/// The fault of a proxy that broke the connection.
fn broken(address: &Endpoint, error: &std::io::Error) -> Fault {
    let detail = format!("{address} took the connection and broke it: {error}");
    Fault::new(FaultCode::ProxyUnreachable, detail)
}

/// The fault of something that is no proxy of this `kind`.
fn no_proxy(address: &Endpoint, kind: &str) -> Fault {
    let detail = format!("what listens at {address} does not answer as {kind} proxy does");
    Fault::new(FaultCode::ProxyRefused, detail)
}

/// The fault of a login that is missing, or wrong.
fn login(proxy: &Proxy, answer: &str) -> Fault {
    let address = proxy.address();
    let detail = match proxy.login() {
        Some(_) => format!("{address} does not take this user and password ({answer})"),
        None => format!("{address} wants a user and a password ({answer})"),
    };
    Fault::new(FaultCode::ProxyLogin, detail)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use futures_util::future::join_all;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::ntlm::Scheme;
    use super::testing::{NtlmServer, request, said};
    use super::*;

    /// Takes a connection and answers its first request.
    async fn answer(listener: &TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = request(&mut stream).await;
        stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.unwrap();
        asked
    }

    /// The same with the ways to log in.
    async fn offer(listener: &TcpListener, offer: &str) -> String {
        answer(listener, &format!("407 Login\r\nProxy-Authenticate: {offer}")).await
    }

    /// Takes a connection and a login by NTLM over it.
    async fn log_in(listener: &TcpListener) {
        let mut server = NtlmServer::new(r"CORP\me", "s3cret");
        let (mut stream, _) = listener.accept().await.unwrap();
        let said_first = said(Scheme::Ntlm, &mut stream).await;
        let challenge = BASE64_STANDARD.encode(server.answer(&said_first).unwrap().unwrap());
        let answer = format!("HTTP/1.1 407 Go on\r\nProxy-Authenticate: NTLM {challenge}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let said_then = said(Scheme::Ntlm, &mut stream).await;
        assert!(server.answer(&said_then).unwrap().is_none());
        stream.write_all(b"HTTP/1.1 200 Open\r\n\r\n").await.unwrap();
    }

    /// A proxy that is played by hand, and those who want a way through it.
    struct Played {
        listener: TcpListener,
        proxy: Proxy,
        tls: TlsConnector,
        known: KnownLogin,
    }

    impl Played {
        async fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let proxy = format!(r"http://CORP\me:s3cret@{}", listener.local_addr().unwrap());
            let tls = TlsConnector::from(crate::tls::client_config_with(None).unwrap());
            Self { listener, proxy: proxy.parse().unwrap(), tls, known: KnownLogin::default() }
        }

        async fn open(&self) -> Result<Transport, Fault> {
            let deadline = Instant::now() + Duration::from_secs(30);
            let host = "ns.servicebus.windows.net";
            tunnel(&self.proxy, host, 443, &self.tls, &self.known, deadline).await
        }
    }

    const AUTHORIZATION: &str = "Proxy-Authorization: ";

    #[tokio::test]
    async fn no_password_goes_in_the_open_to_one_that_takes_ntlm_alone() {
        let played = Played::new().await;
        let listener = &played.listener;
        let first = async {
            let asked = offer(listener, "NTLM").await;
            assert!(!asked.contains(AUTHORIZATION), "{asked}");
            log_in(listener).await;
        };
        tokio::join!(played.open(), first).0.unwrap();
        // It is known by now.
        tokio::join!(played.open(), log_in(listener)).0.unwrap();
    }

    #[tokio::test]
    async fn one_that_takes_something_else_by_now_is_asked_anew() {
        let played = Played::new().await;
        let listener = &played.listener;
        let open = async {
            assert!(!offer(listener, "Basic realm=x").await.contains(AUTHORIZATION));
            let asked = answer(listener, "200 Open").await;
            assert!(asked.contains("Proxy-Authorization: Basic "), "{asked}");
        };
        tokio::join!(played.open(), open).0.unwrap();
        let changed = async {
            assert!(offer(listener, "NTLM").await.contains("Proxy-Authorization: Basic "));
            assert!(!offer(listener, "NTLM").await.contains(AUTHORIZATION));
            log_in(listener).await;
        };
        tokio::join!(played.open(), changed).0.unwrap();
        let without = async {
            let asked = offer(listener, "Basic realm=x").await;
            assert!(asked.contains("Proxy-Authorization: NTLM "), "{asked}");
            assert!(!answer(listener, "200 Open").await.contains(AUTHORIZATION));
        };
        tokio::join!(played.open(), without).0.unwrap();
        let plain = async { assert!(!answer(listener, "200 Open").await.contains(AUTHORIZATION)) };
        tokio::join!(played.open(), plain).0.unwrap();
    }

    #[tokio::test]
    async fn a_refused_password_is_sent_once_and_not_by_all_who_want_a_way() {
        let played = Played::new().await;
        let heard = AtomicUsize::new(0);
        // Each with the next connection, whichever speaks first.
        let refusing = join_all((0..16).map(|_| async {
            loop {
                let (mut stream, _) = played.listener.accept().await.unwrap();
                let mut asked = Vec::new();
                // Those who hear of it meanwhile go without a word.
                while !asked.ends_with(b"\r\n\r\n")
                    && let Ok(byte) = stream.read_u8().await
                {
                    asked.push(byte);
                }
                let asked = String::from_utf8(asked).unwrap();
                let has_password = usize::from(asked.contains(AUTHORIZATION));
                heard.fetch_add(has_password, Ordering::Relaxed);
                let refusal = b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=x\r\n\r\n";
                stream.write_all(refusal).await.unwrap_or_default();
            }
        }));
        let wanting = async {
            let all = join_all((0..10).map(|_| played.open())).await;
            for opened in all.into_iter().chain([played.open().await]) {
                assert_eq!(opened.unwrap_err().code, FaultCode::ProxyLogin);
            }
            assert_eq!(heard.load(Ordering::Relaxed), 1);
            let after = async |seconds, pardon, count| {
                tokio::time::pause();
                tokio::time::advance(Duration::from_secs(seconds)).await;
                tokio::time::resume();
                if pardon {
                    played.known.pardon();
                }
                played.open().await.unwrap_err();
                assert_eq!(heard.load(Ordering::Relaxed), count, "{seconds} s later");
            };
            after(20, true, 1).await;
            after(20, true, 2).await;
            after(14 * 60, false, 2).await;
            after(2 * 60, false, 3).await;
            // One that was taken is refused by now.
            played.known.take(Way::Basic);
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(20)).await;
            tokio::time::resume();
            for opened in join_all((0..10).map(|_| played.open())).await {
                assert_eq!(opened.unwrap_err().code, FaultCode::ProxyLogin);
            }
            assert_eq!(heard.load(Ordering::Relaxed), 4);
            after(50, false, 4).await;
            after(20, false, 5).await;
            after(14 * 60, false, 5).await;
        };
        tokio::select! {
            () = wanting => {}
            _ = refusing => {}
        }
    }

    #[tokio::test]
    async fn one_that_answers_with_an_error_holds_nobody_up() {
        let played = Played::new().await;
        let away = async { answer(&played.listener, "503 Away").await };
        let fault = tokio::join!(played.open(), away).0.unwrap_err();
        assert_eq!(fault.code, FaultCode::ProxyRefused);
        // Both at once: neither waits for the other's answer.
        let (one, other) = (played.open(), played.open());
        let both = async {
            let (mut one, _) = played.listener.accept().await.unwrap();
            let (mut other, _) = played.listener.accept().await.unwrap();
            for stream in [&mut one, &mut other] {
                request(stream).await;
            }
            for stream in [&mut one, &mut other] {
                stream.write_all(b"HTTP/1.1 200 Open\r\n\r\n").await.unwrap();
            }
        };
        let (one, other, ()) = tokio::join!(one, other, both);
        one.and(other).unwrap();
    }
}
