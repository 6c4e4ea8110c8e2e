//! A namespace of Azure Relay: its name, TCP or the proxy, who signs, and what it answers.

use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::tcp::{self, Codes};
use super::{Notes, Probe, Seen, Step, Trial};
use crate::model::{
    Endpoint, Fault, FaultCode, NamespaceAddress, Proxies, Proxy, USER_AGENT_PRODUCT, one_line,
};
use crate::network::Network;
use crate::network::head::read_head;
use crate::network::transport::Transport;
use crate::reach::lookup::LookUp;
use crate::relay::control::parse_http_date;
use crate::tls::examine::Examiner;
use crate::tls::{client_config_with, trusting_nobody};

const CODES: Codes = Codes {
    unreachable: FaultCode::AzureUnreachable,
    timed_out: FaultCode::AzureTimedOut,
    refused: FaultCode::AzureUnreachable,
    not_resolved: FaultCode::NamespaceNotResolved,
};
/// How long the proxy, the handshake of TLS and the answer may take, each.
const LIMIT: Duration = Duration::from_secs(10);

/// How Azure is reached.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Which proxy is on the way.
    pub proxies: Proxies,
    /// PEM file with CA certificates trusted besides the system's.
    pub extra_ca: Option<String>,
}

/// Goes the `way` to `address`, and asks for its root, which needs no key.
pub async fn namespace(
    address: &NamespaceAddress,
    way: &Way,
    names: &LookUp,
    tell: &mut dyn FnMut(&Step),
) -> Probe {
    let mut notes = Notes::new(tell);
    let fault = go(&mut notes, address, way, names).await.err();
    notes.end(fault)
}

async fn go(
    notes: &mut Notes<'_>,
    address: &NamespaceAddress,
    way: &Way,
    names: &LookUp,
) -> Result<(), Fault> {
    let host = address.host();
    let resolved = tcp::look_up(notes, host, names, &CODES).await;
    let decision = way.proxies.decide(host, address.port());
    let tcp = match &decision.proxy {
        // A proxy looks names up itself.
        Some(proxy) => through(notes, address, way, proxy, decision.to_string()).await?,
        None => {
            let addresses = resolved?.addresses;
            Transport::Tcp(tcp::connect(notes, &addresses, address.port(), &CODES).await?)
        }
    };
    let start = Instant::now();
    let mut stream = match secure(host, tcp, way.extra_ca.clone()).await {
        Ok((seen, stream)) => {
            notes.note(Trial::Tls(host.to_owned()), start.elapsed(), Ok(seen));
            stream
        }
        Err(fault) => {
            notes.note(Trial::Tls(host.to_owned()), start.elapsed(), Err(fault.clone()));
            return Err(fault);
        }
    };
    let start = Instant::now();
    let outcome = ask(&mut stream, host).await;
    notes.note(Trial::Http(format!("https://{address}/")), start.elapsed(), outcome.clone());
    outcome.map(drop)
}

async fn through(
    notes: &mut Notes<'_>,
    address: &NamespaceAddress,
    way: &Way,
    proxy: &Proxy,
    decision: String,
) -> Result<Transport, Fault> {
    let extra_ca = way.extra_ca.clone();
    let tls = tokio::task::spawn_blocking(move || client_config_with(extra_ca.as_deref()));
    // For a proxy that speaks TLS itself. What is wrong with the CAs, the handshake behind it says.
    let tls = tls.await.ok().and_then(Result::ok).unwrap_or_else(trusting_nobody);
    let start = Instant::now();
    let network = Network::new(tls).through(way.proxies.clone());
    let opened = network.open_tcp(address.host(), address.port(), start + LIMIT).await;
    let outcome = opened.as_ref().map(|_| Seen::OpenWay { decision }).map_err(Clone::clone);
    notes.note(Trial::Proxy(proxy.address().to_string()), start.elapsed(), outcome);
    opened
}

async fn secure(
    host: &str,
    tcp: Transport,
    extra_ca: Option<String>,
) -> Result<(Seen, impl AsyncRead + AsyncWrite + Unpin + use<>), Fault> {
    let examiner = tokio::task::spawn_blocking(move || Examiner::trusting(extra_ca.as_deref()));
    let examiner =
        examiner.await.map_err(|error| Fault::new(FaultCode::Other, error.to_string()))?;
    let shaken = timeout(LIMIT, examiner.shake(host, tcp)).await.map_err(|_| {
        let detail = format!("{host} took the connection and did not answer the TLS handshake");
        Fault::new(FaultCode::AzureTimedOut, detail)
    })?;
    let (seen, stream) =
        shaken.map_err(|error| Fault::new(FaultCode::TlsFailed, format!("{host}: {error}")))?;
    let signed_by = seen.issuer().map(str::to_owned);
    match (seen.problem, examiner.fault()) {
        (None, _) => Ok((Seen::Secure { version: seen.version, signed_by }, stream)),
        (Some(_), Some(unusable)) => Err(unusable.clone()),
        (Some(problem), None) => {
            let signer = signed_by.map_or_else(String::new, |name| format!("; signed by {name}"));
            Err(Fault::new(FaultCode::TlsUntrusted, format!("{host}: {problem}{signer}")))
        }
    }
}

/// Asks for the root of the namespace.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, host: &str) -> Result<Seen, Fault> {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT_PRODUCT}\r\nConnection: close\r\n\r\n"
    );
    let asking = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        read_head(stream).await
    };
    let target = Endpoint::new(host, 443);
    let (head, _) = match timeout(LIMIT, asking).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            let detail = format!("{host}: {}", one_line(&error.to_string()));
            return Err(Fault::new(FaultCode::UnexpectedAnswer, detail));
        }
        Err(_) => {
            let detail = format!("{} gave no answer", target.host());
            return Err(Fault::new(FaultCode::AzureTimedOut, detail));
        }
    };
    let now = Timestamp::now();
    let (status, reason) = (head.status, one_line(&head.reason));
    if status >= 500 {
        let detail = format!("{host} answers {status} {reason}");
        return Err(Fault::new(FaultCode::ServiceUnavailable, detail));
    }
    let theirs = head.header("date").and_then(parse_http_date);
    let clock_ahead = theirs.map(|theirs| now.duration_since(theirs).as_secs());
    Ok(Seen::Answer { status, reason, clock_ahead })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn answered(answer: &str) -> Result<Seen, Fault> {
        let (mut here, mut there) = tokio::io::duplex(4096);
        let serving = async {
            let mut asked = vec![0; 16];
            there.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"GET / HTTP/1.1\r\n");
            there.write_all(answer.as_bytes()).await.unwrap();
            drop(there);
        };
        tokio::join!(ask(&mut here, "ns"), serving).0
    }

    #[tokio::test]
    async fn an_answer_tells_status_and_clock() {
        let an_hour_ago = Timestamp::now() - jiff::SignedDuration::from_hours(1);
        let date = an_hour_ago.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let answer = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\n\r\n");
        let Seen::Answer { status: 200, reason, clock_ahead: Some(ahead) } =
            answered(&answer).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(reason, "OK");
        assert!((3600..=3605).contains(&ahead), "{ahead}");
        let seen = answered("HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap();
        assert!(matches!(seen, Seen::Answer { status: 404, clock_ahead: None, .. }));
    }

    #[tokio::test]
    async fn what_is_no_answer_of_azure_is_a_fault() {
        for (answer, code) in [
            ("HTTP/1.1 503 Busy\r\n\r\n", FaultCode::ServiceUnavailable),
            ("SSH-2.0-OpenSSH\r\n\r\n", FaultCode::UnexpectedAnswer),
            ("", FaultCode::UnexpectedAnswer),
        ] {
            assert_eq!(answered(answer).await.unwrap_err().code, code, "{answer}");
        }
    }
}
