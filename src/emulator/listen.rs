//! Control channels: what a listener holds open to be given streams.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::answer::{Body, Refusal, check_handshake, switching};
use super::authorize::authorize;
use super::call::Call;
use super::config::Right;
use super::exchange::ResponseHead;
use super::frame::{self, close_payload};
use super::hub::Hub;
use super::registry::{NewListener, Registered};
use super::socket::{Message, Socket};
use super::tracking::Tracking;
use super::wire::upgraded;
use crate::model::ConnectionId;

/// How long a listener has to answer a Close frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// Orders that may wait for a slow listener.
const ORDERS: usize = 256;

/// What a control channel is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send a control message, and its body if it has one.
    Send { text: String, body: Option<Bytes> },
    /// Send so many pings.
    Ping { count: u32 },
    /// Close with a code and the service's text; the tracking id is added.
    Close { code: u16, text: &'static str },
    /// End the socket in order, without a Close frame.
    Drop,
    /// Reset the socket.
    Reset,
}

/// Answers `sb-hc-action=listen`.
pub(crate) async fn listen(
    hub: &Arc<Hub>,
    mut call: Call,
) -> Result<Response<Body>, (Refusal, Call)> {
    match open(hub, &call).await {
        Err(refusal) => Err((refusal, call)),
        Ok((accept, new)) => {
            let on = hyper::upgrade::on(&mut call.request);
            let response = switching(&accept, None, &call);
            let hub = Arc::clone(hub);
            let tasks = hub.tasks.clone();
            tasks.spawn(async move {
                let shutdown = hub.shutdown.clone();
                let run = async {
                    match upgraded(on).await {
                        Ok((tls, read)) => {
                            new.into_channel(hub, call, Socket::new(tls, &read)).run().await
                        }
                        Err(error) => tracing::debug!(%error, "a listener left in its handshake"),
                    }
                };
                tokio::select! { () = shutdown.cancelled() => {} () = run => {} }
            });
            Ok(response)
        }
    }
}

/// A listener that is registered and whose socket is not there yet.
struct NewChannel {
    id: ConnectionId,
    path: String,
    registered: Registered,
    orders: mpsc::Receiver<Order>,
}

/// Everything that is checked before the handshake is answered: authorization first,
/// then existence, then the quota.
async fn open(hub: &Arc<Hub>, call: &Call) -> Result<(String, NewChannel), Refusal> {
    let path = call.entity_path()?;
    let found = hub.registry.find(&call.host, &path).filter(|found| found.suffix.is_empty());
    let target = found.as_ref().map(|found| &found.id);
    hub.faults.thawed(target).await;
    hub.faults.delayed(target).await;
    if let Some(refused) = hub.faults.refused_listen(target) {
        return Err(Refusal::with_code(refused.status, refused.text));
    }
    let accept = check_handshake(call)?;
    hub.check_namespace(&call.host)?;
    let token = call.token();
    let grant = authorize(&hub.registry, &call.host, &path, token.as_deref(), Some(Right::Listen))?;
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "Endpoint does not exist.");
    let found = found.ok_or_else(missing)?;
    let (orders, receiver) = mpsc::channel(ORDERS);
    let new = NewListener {
        tracking_id: call.tracking.id.clone(),
        remote: call.peer,
        token_expires: grant.expires,
        orders,
    };
    let most = hub.limits.listeners;
    let registered = hub.registry.add_listener(&found.id, most, new).ok_or_else(|| {
        Refusal::new(StatusCode::FORBIDDEN, format!(
            "QuotaExceeded: MaximumListenersPerEndpoint: the endpoint has its {most} listeners already."
        ))
    })?;
    Ok((accept, NewChannel { id: found.id, path, registered, orders: receiver }))
}

impl NewChannel {
    fn into_channel(self, hub: Arc<Hub>, call: Call, socket: Socket) -> Channel {
        let Self { id, path, registered, orders } = self;
        let (host, tracking) = (call.host, call.tracking);
        Channel { hub, id, host, path, tracking, registered, orders, socket, head: None }
    }
}

/// An open control channel.
struct Channel {
    hub: Arc<Hub>,
    id: ConnectionId,
    host: String,
    path: String,
    tracking: Tracking,
    registered: Registered,
    orders: mpsc::Receiver<Order>,
    socket: Socket,
    /// A response whose body is the next binary message.
    head: Option<ResponseHead>,
}

/// How a channel ends.
enum End {
    /// A Close frame, and the listener's in return.
    Close {
        code: u16,
        reason: String,
    },
    /// The listener has sent its Close frame, and gets it back.
    Closed {
        payload: Vec<u8>,
    },
    Drop,
    Reset,
}

impl Channel {
    async fn run(mut self) {
        tracing::info!(connection = %self.id, listener = self.tracking.id, "listener connected");
        let end = loop {
            if let ControlFlow::Break(end) = self.turn().await {
                break end;
            }
        };
        // No sender is sent here any more; those who were come first, if they can.
        self.registered.leave();
        self.orders.close();
        if let End::Close { .. } | End::Closed { .. } = end {
            self.send_the_last().await;
        }
        let Self { mut socket, id, tracking, .. } = self;
        tracing::info!(connection = %id, listener = tracking.id, "listener gone");
        match end {
            End::Reset => return socket.reset(),
            End::Closed { payload } => {
                if let Err(error) = socket.send(frame::CLOSE, &payload).await {
                    tracing::debug!(connection = %id, %error, "a listener left in a hurry");
                }
            }
            End::Close { code, reason } => {
                let sent = socket.send(frame::CLOSE, &close_payload(code, &reason)).await;
                let answered = async {
                    while let Ok(message) = socket.next().await {
                        if matches!(message, Message::Close(_)) {
                            break;
                        }
                    }
                };
                if sent.is_ok() && timeout(CLOSE_LIMIT, answered).await.is_err() {
                    tracing::debug!(connection = %id, "a listener did not answer a Close frame");
                }
            }
            End::Drop => {}
        }
        socket.shut_down().await;
    }

    /// Sends what was meant for this listener before it left, as far as it takes it.
    async fn send_the_last(&mut self) {
        while let Some(order) = self.orders.recv().await {
            if let Order::Send { text, body } = order
                && let Err(error) = self.send(&text, body).await
            {
                tracing::debug!(connection = %self.id, %error, "a listener left in a hurry");
                return;
            }
        }
    }

    /// Waits for one thing to happen and acts on it.
    async fn turn(&mut self) -> ControlFlow<End> {
        enum Event {
            Order(Option<Order>),
            Message(Result<Message, super::socket::SocketError>),
            Expired,
        }
        let deadline = self.deadline();
        let event = tokio::select! {
            order = self.orders.recv() => Event::Order(order),
            message = self.socket.next() => Event::Message(message),
            () = sleep_until(deadline) => Event::Expired,
        };
        self.hub.faults.thawed(Some(&self.id)).await;
        match event {
            Event::Order(Some(order)) => self.obey(order).await,
            Event::Order(None) => ControlFlow::Break(End::Drop),
            Event::Message(Ok(message)) => self.take(message).await,
            Event::Message(Err(error)) => {
                tracing::debug!(connection = %self.id, %error, "a control channel broke");
                ControlFlow::Break(match error.close() {
                    Some((code, reason)) => End::Close { code, reason },
                    None => End::Drop,
                })
            }
            Event::Expired => self.close(1008, "The token has expired."),
        }
    }

    /// When the token ends.
    fn deadline(&self) -> Instant {
        let expires = self.registered.listener.token_expires.load(Relaxed);
        let left = expires.saturating_mul(1000) - Timestamp::now().as_millisecond();
        let left =
            u64::try_from(left).unwrap_or(0).min(Duration::from_hours(24 * 365).as_millis() as u64);
        Instant::now() + Duration::from_millis(left)
    }

    fn close(&self, code: u16, text: &str) -> ControlFlow<End> {
        ControlFlow::Break(End::Close { code, reason: self.tracking.stamp_short(text) })
    }

    async fn obey(&mut self, order: Order) -> ControlFlow<End> {
        let sent = match order {
            Order::Send { text, body } => self.send(&text, body).await,
            Order::Ping { count } => self.ping(count).await,
            Order::Close { code, text } => return self.close(code, text),
            Order::Drop => return ControlFlow::Break(End::Drop),
            Order::Reset => return ControlFlow::Break(End::Reset),
        };
        or_drop(sent)
    }

    async fn send(&mut self, text: &str, body: Option<Bytes>) -> std::io::Result<()> {
        match self.hub.faults.fragment_bytes(&self.id) {
            None => self.socket.send(frame::TEXT, text.as_bytes()).await?,
            Some(bytes) => self.send_fragments(text.as_bytes(), bytes).await?,
        }
        match body {
            Some(body) => self.socket.send(frame::BINARY, &body).await,
            None => Ok(()),
        }
    }

    /// A message in fragments, with a ping between them, which is allowed.
    async fn send_fragments(&mut self, message: &[u8], bytes: usize) -> std::io::Result<()> {
        let last = message.len().div_ceil(bytes) - 1;
        for (i, part) in message.chunks(bytes).enumerate() {
            let opcode = if i == 0 { frame::TEXT } else { frame::CONTINUATION };
            self.socket.send_frame(opcode, i == last, part).await?;
            if i == 0 {
                self.socket.send(frame::PING, b"between").await?;
            }
        }
        Ok(())
    }

    async fn ping(&mut self, count: u32) -> std::io::Result<()> {
        for number in 0..count {
            self.socket.send(frame::PING, &number.to_be_bytes()).await?;
        }
        Ok(())
    }

    async fn take(&mut self, message: Message) -> ControlFlow<End> {
        match message {
            Message::Ping(payload) => or_drop(self.socket.send(frame::PONG, &payload).await),
            Message::Pong => ControlFlow::Continue(()),
            Message::Close(payload) => ControlFlow::Break(End::Closed { payload }),
            Message::Text(text) => self.command(&text),
            Message::Binary(body) => {
                match self.head.take() {
                    Some(head) => self.hub.exchanges.answer(head, body.into()),
                    None => tracing::warn!(connection = %self.id, "a body without a response"),
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// A control message of the listener. What nobody knows is ignored.
    fn command(&mut self, text: &[u8]) -> ControlFlow<End> {
        let value: Value = serde_json::from_slice(text).unwrap_or_default();
        let named = value.as_object().and_then(|members| members.iter().next());
        match named.map(|(name, body)| (name.as_str(), body)) {
            Some(("renewToken", body)) => return self.renew(body),
            Some(("response", body)) => {
                match serde_json::from_value::<ResponseHead>(body.clone()) {
                    Ok(head) if head.body => self.head = Some(head),
                    Ok(head) => self.hub.exchanges.answer(head, Bytes::new()),
                    Err(error) => {
                        tracing::warn!(connection = %self.id, %error, "a response that is none");
                    }
                }
            }
            Some((name, _)) => {
                let name: String = name.chars().take(64).collect();
                tracing::warn!(connection = %self.id, name, "a control message nobody knows");
            }
            None => {
                let bytes = text.len();
                tracing::warn!(connection = %self.id, bytes, "a control message that is no object");
            }
        }
        ControlFlow::Continue(())
    }

    fn renew(&mut self, body: &Value) -> ControlFlow<End> {
        let token = body.get("token").and_then(Value::as_str);
        match authorize(&self.hub.registry, &self.host, &self.path, token, Some(Right::Listen)) {
            Ok(grant) => {
                self.registered.renew(grant.expires);
                tracing::debug!(connection = %self.id, "token renewed");
                ControlFlow::Continue(())
            }
            Err(refusal) => self.close(1008, &refusal.text),
        }
    }
}

fn or_drop(sent: std::io::Result<()>) -> ControlFlow<End> {
    if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(End::Drop) }
}
