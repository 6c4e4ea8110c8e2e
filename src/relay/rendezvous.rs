//! The answer to one `accept`: the endpoint is dialled first; then the WebSocket to the
//! rendezvous address takes the stream, or refuses it with the reason, so that the app
//! sees a refusal instead of a stream that is dead.

use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::control::{self, Accept, command};
use super::sas::encode_form;
use super::splice::{self, SpliceEnd};
use super::traffic::TrafficCounters;
use super::websocket::frame::Opcode;
use super::websocket::handshake::{UpgradeError, UpgradeRequest, Upgraded, upgrade};
use super::websocket::message::{Incoming, MessageChannel};
use crate::model::{Endpoint, Fault, FaultCode};
use crate::network::dial::{self, DialError};
use crate::network::head::is_token;
use crate::network::{AzureStream, Network};

/// How long the rendezvous may take; Azure forgets the address after 30 s.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long the endpoint may take to answer, so that a refusal still gets through.
pub const DIAL_LIMIT: Duration = Duration::from_secs(15);
/// What a sender is told for whose stream the policy of this machine allows no endpoint.
const NOT_PERMITTED: &str = "Not permitted by the policy of the listener's machine";
/// What a sender is told whose stream finds no place.
const NO_PLACE: &str = "The listener carries as many streams as its machine lets it";
/// Longest head of an HTTP request that is fetched at its address (32 kB of headers).
const LONGEST_REQUEST: usize = 128 * 1024;

/// How a stream ended.
#[derive(Debug)]
pub enum StreamEnd {
    /// It was carried.
    Carried(SpliceEnd),
    /// The endpoint could not be dialled, and the sender was told so.
    Refused(Fault),
    /// The rendezvous itself failed.
    Failed(Fault),
}

/// What a dial of the endpoint took, or why it failed.
pub type Dialled = Result<Duration, Fault>;

/// Dials the endpoint within `limit`.
///
/// # Errors
/// One of the endpoint's faults.
pub async fn dial_endpoint(
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<(TcpStream, Duration), Fault> {
    let start = Instant::now();
    match dial::connect(endpoint.host(), endpoint.port(), limit).await {
        Ok(stream) => Ok((stream, start.elapsed())),
        Err(error) => {
            let code = match &error {
                DialError::NotResolved { .. } => FaultCode::EndpointNotResolved,
                DialError::Refused(_) => FaultCode::EndpointRefused,
                DialError::TimedOut(..) => FaultCode::EndpointTimedOut,
                DialError::Unreachable { .. } => FaultCode::EndpointUnreachable,
            };
            Err(Fault::new(code, error.to_string()))
        }
    }
}

/// Serves one stream to its end, or until `cut` is cancelled. `on_dialled` hears how the
/// endpoint answered.
pub async fn serve(
    network: &Network,
    accept: &Accept,
    endpoint: &Endpoint,
    counters: &TrafficCounters,
    cut: &CancellationToken,
    on_dialled: impl FnOnce(Dialled),
) -> StreamEnd {
    let start = Instant::now();
    let connecting = connect(network, accept, endpoint, counters, on_dialled);
    match cut.run_until_cancelled(connecting).await {
        None => StreamEnd::Carried(SpliceEnd::Cut),
        Some(Err(end)) => end,
        Some(Ok((upgraded, stream))) => {
            counters.meters().rendezvous.observe(start.elapsed());
            let _active = counters.stream_opened();
            StreamEnd::Carried(splice::carry(upgraded, stream, counters, cut).await)
        }
    }
}

/// Connects both sides, or tells the sender that there will be no stream.
async fn connect(
    network: &Network,
    accept: &Accept,
    endpoint: &Endpoint,
    counters: &TrafficCounters,
    on_dialled: impl FnOnce(Dialled),
) -> Result<(Upgraded<AzureStream>, TcpStream), StreamEnd> {
    let deadline = Instant::now() + LIMIT;
    let address = Address::of(accept).map_err(StreamEnd::Failed)?;
    // The gateway is connected meanwhile, but hears nothing before the endpoint answers.
    let (dialled, gateway) = tokio::join!(
        async {
            let dialled = dial_endpoint(endpoint, DIAL_LIMIT).await;
            on_dialled(dialled.as_ref().map(|(_, took)| *took).map_err(Clone::clone));
            if let Ok((stream, took)) = &dialled {
                counters.meters().dial.observe(*took);
                splice::reset_on_drop(stream, true); // whatever comes between
            }
            dialled
        },
        network.open(address.host, address.port, deadline),
    );
    let gateway = gateway.map_err(StreamEnd::Failed)?;
    match dialled {
        Ok((stream, _)) => {
            let protocols = accept.protocols.as_deref().unwrap_or_default();
            let first = protocols.split(',').next().map(str::trim);
            match take(gateway, &address, first.filter(|name| is_token(name)), deadline).await {
                Ok(upgraded) => Ok((upgraded, stream)),
                Err(fault) => Err(StreamEnd::Failed(fault)),
            }
        }
        Err(fault) => {
            counters.stream_refused(fault.code);
            Err(refused(gateway, &address, fault, deadline).await)
        }
    }
}

/// Tells the sender until `deadline` for what `fault` there will be no stream, and dials no
/// endpoint.
pub async fn reject(
    network: &Network,
    accept: &Accept,
    fault: Fault,
    counters: &TrafficCounters,
    deadline: Instant,
) -> StreamEnd {
    counters.stream_refused(fault.code);
    let address = match Address::of(accept) {
        Ok(address) => address,
        Err(failure) => return StreamEnd::Failed(failure),
    };
    match network.open(address.host, address.port, deadline).await {
        Ok(gateway) => refused(gateway, &address, fault, deadline).await,
        Err(failure) => StreamEnd::Failed(failure),
    }
}

async fn refused(
    gateway: AzureStream,
    address: &Address<'_>,
    fault: Fault,
    deadline: Instant,
) -> StreamEnd {
    match refuse(gateway, address, &fault, deadline).await {
        Ok(()) => StreamEnd::Refused(fault),
        Err(failure) => StreamEnd::Failed(failure),
    }
}

async fn take(
    gateway: AzureStream,
    address: &Address<'_>,
    protocol: Option<&str>,
    deadline: Instant,
) -> Result<Upgraded<AzureStream>, Fault> {
    let request =
        UpgradeRequest { host: address.authority, target: address.target, protocol, headers: &[] };
    match timeout_at(deadline, upgrade(gateway, &request)).await {
        Ok(Ok(upgraded)) => Ok(upgraded),
        Ok(Err(error)) => Err(not_taken(error)),
        Err(_) => Err(late(address)),
    }
}

/// A gateway's status is about the address, which works once and for 30 s, and says
/// nothing of the hybrid connection or its key.
fn not_taken(error: UpgradeError) -> Fault {
    let is_refusal = matches!(error, UpgradeError::Refused(_));
    let fault = control::refusal(error, Timestamp::now());
    if !is_refusal {
        return fault;
    }
    let detail = format!("the gateway does not take the stream any more ({})", fault.detail);
    Fault { code: FaultCode::ServiceUnavailable, detail, ..fault }
}

/// Tells the sender that there will be no stream. Azure answers with 410 when it has
/// passed the refusal on (Relay protocol guide, "Reject").
async fn refuse(
    gateway: AzureStream,
    address: &Address<'_>,
    fault: &Fault,
    deadline: Instant,
) -> Result<(), Fault> {
    let (status, description) = match fault.code {
        FaultCode::EndpointTimedOut => (504, fault.detail.as_str()),
        // What the policy says is no business of the sender's.
        FaultCode::PolicyDenied => (403, NOT_PERMITTED),
        FaultCode::OpenFilesExhausted => (503, NO_PLACE),
        _ => (502, fault.detail.as_str()),
    };
    let separator = if address.target.contains('?') { '&' } else { '?' };
    let target = format!(
        "{}{separator}sb-hc-statusCode={status}&sb-hc-statusDescription={}",
        address.target,
        encode_form(description)
    );
    let request =
        UpgradeRequest { host: address.authority, target: &target, protocol: None, headers: &[] };
    match timeout_at(deadline, upgrade(gateway, &request)).await {
        Ok(Err(UpgradeError::Refused(head))) if head.status == 410 => Ok(()),
        Ok(Err(error)) => Err(not_taken(error)),
        Ok(Ok(_)) => {
            let detail = "the gateway took a refusal for an acceptance";
            Err(Fault::new(FaultCode::UnexpectedAnswer, detail))
        }
        Err(_) => Err(late(address)),
    }
}

/// Answers an HTTP request that is too big for the control channel with 501: its head
/// is fetched at `address`, and the answer goes back the same way, until `deadline`.
///
/// # Errors
/// The fault of the rendezvous.
pub async fn refuse_http(network: &Network, address: &str, deadline: Instant) -> Result<(), Fault> {
    let address = Address::parse(address).ok_or_else(|| {
        Fault::new(FaultCode::UnexpectedAnswer, "the address of a request is not wss://HOST/…")
    })?;
    let stream = network.open(address.host, address.port, deadline).await?;
    let upgraded = take(stream, &address, None, deadline).await?;
    let mut messages = MessageChannel::new(upgraded, LONGEST_REQUEST);
    let lost = |error: std::io::Error| Fault::new(FaultCode::ChannelLost, error.to_string());
    let answering = async {
        loop {
            match messages.receive().await {
                Ok(Incoming::Text(text)) => {
                    if let Some(id) = command::fetched_request_id(&text) {
                        let answer = command::not_implemented(&id);
                        messages.send(Opcode::Text, answer.as_bytes()).await.map_err(lost)?;
                        messages.close(1000, "").await.map_err(lost)?;
                        // The body may still be coming in: to leave now could reset the
                        // connection before the answer is read.
                        while !matches!(
                            messages.receive().await,
                            Ok(Incoming::Close(_) | Incoming::End) | Err(_)
                        ) {}
                        return Ok(());
                    }
                }
                Ok(Incoming::Close(_) | Incoming::End) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(Fault::new(FaultCode::ChannelLost, error.to_string())),
            }
        }
    };
    timeout_at(deadline, answering).await.unwrap_or_else(|_| Err(late(&address)))
}

fn late(address: &Address<'_>) -> Fault {
    let detail =
        format!("the gateway {} did not answer within {} s", address.host, LIMIT.as_secs());
    Fault::new(FaultCode::AzureTimedOut, detail)
}

/// A `wss://` address, taken apart and otherwise left as it is.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    authority: &'a str,
    host: &'a str,
    port: u16,
    target: &'a str,
}

impl<'a> Address<'a> {
    fn of(accept: &'a Accept) -> Result<Self, Fault> {
        Self::parse(&accept.address).ok_or_else(|| {
            let detail = "the rendezvous address is not of the form wss://HOST/…";
            Fault::new(FaultCode::UnexpectedAnswer, detail)
        })
    }

    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("wss://")?;
        let (authority, target) = rest.split_at(rest.find('/')?);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, crate::model::names::DEFAULT_PORT),
        };
        let clean = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control());
        (!host.is_empty() && clean(text)).then_some(Self { authority, host, port, target })
    }
}

#[cfg(test)]
mod tests;
