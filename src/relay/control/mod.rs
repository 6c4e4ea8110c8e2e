//! The control channel: one outbound WebSocket by which Azure hands streams to this
//! listener (Relay protocol guide, "Listener interaction").

pub(crate) mod command;
mod fault;
mod keepalive;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace, warn};
use uuid::Uuid;

use command::Command;
pub use command::{Accept, CommandError};
use keepalive::{Keepalive, Turn};
use renewal::Renewal;

use super::meters::Meters;
use super::sas::{self, LISTENER_TOKEN_LIFE, Token};
use super::websocket::frame::{CloseFrame, Opcode};
use super::websocket::handshake::{UpgradeRequest, upgrade};
use super::websocket::message::{Incoming, MessageChannel};
use crate::model::{ConnectionId, Credential, Fault, FaultCode, USER_AGENT_PRODUCT};
use crate::network::{AzureStream, Network};

pub use fault::parse_http_date;
pub(crate) use fault::{answered, refusal};

/// How long opening the channel may take, as Microsoft's manager has it.
pub const OPEN_LIMIT: Duration = Duration::from_secs(21);
/// Longest command. Azure's own client takes 64 KiB.
const LONGEST_COMMAND: usize = 128 * 1024;
/// How long a small frame may take to leave before the channel counts as dead.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How long Azure may take to answer our Close.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Names this listener to Azure; the same at each reconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingId(String);

impl TrackingId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An open control channel over `S`.
#[derive(Debug)]
pub struct ControlChannel<S = AzureStream> {
    id: ConnectionId,
    credential: Credential,
    token: Token,
    messages: MessageChannel<S>,
    gateway: Option<String>,
    meters: Arc<Meters>,
}

/// How a control channel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// We closed it.
    Stopped,
    /// It was closed or lost.
    Lost(Fault),
}

impl ControlChannel {
    /// Opens the channel of `id` within [`OPEN_LIMIT`].
    ///
    /// # Errors
    /// The fault that Azure or the network on the way to it shows.
    pub async fn open(
        network: &Network,
        id: &ConnectionId,
        credential: &Credential,
        tracking: &TrackingId,
    ) -> Result<Self, Fault> {
        let deadline = Instant::now() + OPEN_LIMIT;
        let token = Token::issue(credential, id, Timestamp::now(), LISTENER_TOKEN_LIFE)?;
        let namespace = id.namespace();
        let stream = network.open(namespace.host(), namespace.port(), deadline).await?;
        let target = format!(
            "/$hc/{}?sb-hc-action=listen&sb-hc-id={}",
            sas::encode_path(id.name()),
            tracking.as_str()
        );
        let request = UpgradeRequest {
            host: &namespace.to_string(),
            target: &target,
            protocol: None,
            headers: &[
                ("ServiceBusAuthorization", token.text.expose()),
                ("Relay-User-Agent", USER_AGENT_PRODUCT),
            ],
        };
        let answered = timeout_at(deadline, upgrade(stream, &request)).await.map_err(|_| {
            let limit = OPEN_LIMIT.as_secs();
            let detail = format!("{namespace} did not answer the handshake within {limit} s");
            Fault::new(FaultCode::AzureTimedOut, detail)
        })?;
        let upgraded = answered.map_err(|error| fault::refusal(error, Timestamp::now()))?;
        let gateway = upgraded.head.header("trackingid").and_then(gateway_of);
        Ok(Self {
            id: id.clone(),
            credential: credential.clone(),
            token,
            messages: MessageChannel::new(upgraded, LONGEST_COMMAND),
            gateway,
            meters: Arc::default(),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ControlChannel<S> {
    /// The gateway that serves the channel (`G42`), where Azure tells.
    pub fn gateway(&self) -> Option<&str> {
        self.gateway.as_deref()
    }

    /// The same, counting what it does.
    pub fn counted_by(self, meters: Arc<Meters>) -> Self {
        Self { meters, ..self }
    }

    /// Serves the channel until it ends or `stop` is cancelled: keeps it alive, renews
    /// the token, answers HTTP requests with 501, and hands each `accept` to
    /// `on_accept`, which must not block. An `accept` that is on its way when the channel
    /// is closed is handed over too.
    ///
    /// A notice of `doubt` says that the channel may have died, after a sleep of the machine
    /// for example: it is then found out within seconds.
    pub async fn run(
        mut self,
        stop: CancellationToken,
        doubt: Arc<Notify>,
        mut on_accept: impl FnMut(Accept) + Send,
        mut on_http_elsewhere: impl FnMut(String) + Send,
    ) -> End {
        let mut keepalive = Keepalive::new(Instant::now());
        let mut renewal = Renewal::of(&self.token);
        loop {
            let wake = renewal
                .as_ref()
                .map_or(keepalive.wake_at(), |renewal| renewal.wake_at().min(keepalive.wake_at()));
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.close(&mut on_accept).await,
                incoming = self.messages.receive() => {
                    keepalive.on_inbound(Instant::now());
                    let handled = match incoming {
                        Ok(incoming) => {
                            self.handle(incoming, &mut on_accept, &mut on_http_elsewhere).await
                        }
                        Err(error) => Err(fault::broken(&error)),
                    };
                    if let Err(fault) = handled {
                        return End::Lost(fault);
                    }
                }
                () = doubt.notified() => keepalive.on_doubt(Instant::now()),
                () = sleep_until(wake) => {
                    let now = Instant::now();
                    let sent = match keepalive.on_time(now) {
                        Turn::Dead => return End::Lost(Fault::new(
                            FaultCode::ChannelLost,
                            format!("no answer to a ping within {} s", keepalive.limit().as_secs()),
                        )),
                        Turn::Ping => self.send(Opcode::Ping, b"").await,
                        Turn::Wait => Ok(()),
                    };
                    let due = |renewal: &Renewal| renewal.is_due(now, Timestamp::now());
                    let renewed = if renewal.as_ref().is_some_and(due) {
                        let renewed = self.renew_token().await;
                        self.meters.count_renewal(renewed.is_ok());
                        renewal = Renewal::of(&self.token);
                        renewed
                    } else {
                        Ok(())
                    };
                    if let Err(fault) = sent.and(renewed) {
                        return End::Lost(fault);
                    }
                }
            }
        }
    }

    async fn handle(
        &mut self,
        incoming: Incoming,
        on_accept: &mut (impl FnMut(Accept) + Send),
        on_http_elsewhere: &mut (impl FnMut(String) + Send),
    ) -> Result<(), Fault> {
        match incoming {
            Incoming::Text(text) => match command::parse(&text) {
                Ok(Command::Accept(accept)) => on_accept(accept),
                Ok(Command::Request { id: Some(id), .. }) => {
                    self.send(Opcode::Text, command::not_implemented(&id).as_bytes()).await?;
                }
                Ok(Command::Request { id: None, address }) => on_http_elsewhere(address),
                Ok(Command::Unknown(name)) => {
                    debug!(connection = %self.id, command = name, "a command that this version does not know is ignored");
                }
                Err(error) => {
                    warn!(connection = %self.id, %error, "a command from Azure is ignored")
                }
            },
            // The body of a request that was answered already.
            Incoming::Binary(body) => {
                trace!(connection = %self.id, bytes = body.len(), "dropped a body")
            }
            Incoming::TooLong(bytes) => {
                warn!(connection = %self.id, bytes, longest = LONGEST_COMMAND, "a command from Azure is too long and is ignored");
            }
            Incoming::Ping(payload) => self.send(Opcode::Pong, &payload).await?,
            Incoming::Pong => {}
            Incoming::Close(close) => {
                let fault = fault::closed(&close, self.token.renewable);
                let answer = CloseFrame::payload(echoed(close.code), &close.reason);
                // The channel is over whether or not the answer still gets through.
                if let Err(error) = self.send(Opcode::Close, &answer).await {
                    trace!(connection = %self.id, %error, "the Close could not be answered");
                }
                return Err(fault);
            }
            Incoming::End => {
                return Err(Fault::new(FaultCode::ChannelLost, "Azure ended the connection"));
            }
        }
        Ok(())
    }

    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Fault> {
        match timeout(SEND_LIMIT, self.messages.send(opcode, payload)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Fault::new(FaultCode::ChannelLost, error.to_string())),
            Err(_) => Err(Fault::new(
                FaultCode::ChannelLost,
                format!("nothing could be sent for {} s", SEND_LIMIT.as_secs()),
            )),
        }
    }

    async fn renew_token(&mut self) -> Result<(), Fault> {
        self.token =
            Token::issue(&self.credential, &self.id, Timestamp::now(), LISTENER_TOKEN_LIFE)?;
        debug!(connection = %self.id, expires = %self.token.expires_at, "token renewed");
        let message = command::renew_token(&self.token.text);
        self.send(Opcode::Text, message.expose().as_bytes()).await
    }

    /// Closes the channel and waits for Azure's own Close, so that no `accept` that
    /// is on its way is lost.
    async fn close(mut self, on_accept: &mut (impl FnMut(Accept) + Send)) -> End {
        let closing = async {
            self.send(Opcode::Close, &CloseFrame::payload(1000, "Normal Closure")).await.ok()?;
            loop {
                match self.messages.receive().await {
                    Ok(Incoming::Close(_) | Incoming::End) | Err(_) => break,
                    Ok(Incoming::Text(text)) => {
                        if let Ok(Command::Accept(accept)) = command::parse(&text) {
                            on_accept(accept);
                        }
                    }
                    Ok(_) => {}
                }
            }
            self.messages.shutdown().await.ok()
        };
        if timeout(CLOSE_LIMIT, closing).await.is_err() {
            debug!(connection = %self.id, "Azure did not answer the Close in time");
        }
        End::Stopped
    }
}

/// Codes that only stand for something and are never sent (RFC 6455, section 7.4.1).
fn echoed(code: u16) -> u16 {
    if matches!(code, 1005 | 1006 | 1015) { 1000 } else { code }
}

/// The gateway in a tracking id: `GUID_G42` or `GUID_G42_G7` names G42.
fn gateway_of(tracking_id: &str) -> Option<String> {
    let gateway = tracking_id.split('_').nth(1)?;
    let number = gateway.strip_prefix('G')?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| gateway.to_owned())
}

#[cfg(test)]
mod tests;
