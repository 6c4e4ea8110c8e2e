//! The app's side of a hybrid connection, as App Service does it: one relay stream for
//! each TCP connection.

pub(crate) mod dial;
mod forward;
mod stream;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::ext::ReasonPhrase;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::time::timeout;

use self::dial::Tls;
pub use self::forward::LocalForward;
pub use self::stream::RelayStream;
use super::answer::accept_of;
use super::call::TOKEN_HEADER;
use super::sas;
use crate::model::{
    ConnectionId, ConnectionString, ConnectionStringError, Credential, NamespaceAddress,
};

/// How long a token is valid, in seconds.
const TOKEN_SECONDS: i64 = 3600;
/// How long a connect may take: the service gives a listener 30 seconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// What a sender needs: a hybrid connection, the right to send, and whom to trust.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    id: ConnectionId,
    credential: Option<Credential>,
    ca_pem: Option<String>,
    protocol: Option<String>,
}

/// Why a sender got no stream.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The connection string is wrong.
    #[error(transparent)]
    ConnectionString(#[from] ConnectionStringError),
    /// The CA is unusable.
    #[error("the CA to trust is unusable: {0}")]
    Ca(String),
    /// No TCP connection.
    #[error("{address} cannot be reached: {source}")]
    Unreachable {
        /// Where.
        address: NamespaceAddress,
        /// What the system said.
        source: io::Error,
    },
    /// TLS failed.
    #[error("the TLS handshake with {address} failed: {source}")]
    Tls {
        /// With whom.
        address: NamespaceAddress,
        /// Why.
        source: io::Error,
    },
    /// The service said no, or the listener did.
    #[error("refused with {status}: {reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The text of the status line.
        reason: String,
    },
    /// What answered speaks something else.
    #[error("the answer is not one of Azure Relay: {0}")]
    Unexpected(String),
    /// Nothing came in time.
    #[error("{0} did not answer within {limit} seconds", limit = CONNECT_LIMIT.as_secs())]
    TimedOut(NamespaceAddress),
}

impl SenderConfig {
    /// A sender for `id` with the right to send; without one where the hybrid connection
    /// demands none. It trusts what the system trusts.
    pub fn new(id: ConnectionId, credential: Option<Credential>) -> Self {
        Self { id, credential, ca_pem: None, protocol: None }
    }

    /// A sender with the connection string of a rule that may send.
    ///
    /// # Errors
    /// [`SenderError::ConnectionString`].
    pub fn from_connection_string(text: &str) -> Result<Self, SenderError> {
        let parsed = ConnectionString::parse(text)?;
        Ok(Self::new(parsed.id, Some(parsed.credential)))
    }

    /// Trusts this CA instead of the system's.
    #[must_use]
    pub fn trust(mut self, ca_pem: impl Into<String>) -> Self {
        self.ca_pem = Some(ca_pem.into());
        self
    }

    /// Offers a WebSocket subprotocol.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocol = Some(name.into());
        self
    }

    /// Prepares the sender; its streams resume each other's TLS sessions.
    ///
    /// # Errors
    /// [`SenderError::Ca`].
    pub fn build(self) -> Result<Sender, SenderError> {
        let tls = dial::trusting(self.ca_pem.as_deref())?;
        Ok(Sender { config: Arc::new(self), tls })
    }

    /// Opens one stream.
    ///
    /// # Errors
    /// [`SenderError`].
    pub async fn connect(&self) -> Result<RelayStream, SenderError> {
        self.clone().build()?.connect().await
    }
}

/// A sender that is ready to open streams.
#[derive(Clone)]
pub struct Sender {
    config: Arc<SenderConfig>,
    tls: Arc<rustls::ClientConfig>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.config).finish()
    }
}

impl Sender {
    /// Opens a stream: it is there when a listener has accepted it.
    ///
    /// # Errors
    /// [`SenderError::Refused`] with the service's or the listener's status and text, or
    /// another one of [`SenderError`].
    pub async fn connect(&self) -> Result<RelayStream, SenderError> {
        let address = self.config.id.namespace();
        timeout(CONNECT_LIMIT, self.open())
            .await
            .map_err(|_| SenderError::TimedOut(address.clone()))?
    }

    async fn open(&self) -> Result<RelayStream, SenderError> {
        let tls = dial::dial(self.config.id.namespace(), &self.tls).await?;
        let request = self.request()?;
        let key = request.headers()[header::SEC_WEBSOCKET_KEY].clone();
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(tls))
            .await
            .map_err(unexpected)?;
        let driver = tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(request).await.map_err(unexpected)?;
        check(&response, &key)?;
        let upgraded = hyper::upgrade::on(response).await.map_err(unexpected)?;
        drop(driver);
        let parts = upgraded
            .downcast::<TokioIo<Tls>>()
            .map_err(|_| SenderError::Unexpected("the socket was lost".to_owned()))?;
        Ok(RelayStream::new(parts.io.into_inner(), &parts.read_buf))
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, SenderError> {
        let id = &self.config.id;
        let address = id.namespace();
        let tracking = uuid::Uuid::new_v4();
        let target = format!("/$hc/{}?sb-hc-action=connect&sb-hc-id={tracking}", id.name());
        let key = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            uuid::Uuid::new_v4().as_bytes(),
        );
        let mut request = Request::get(target)
            .header(header::HOST, format!("{}:{}", address.host(), address.port()))
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, key);
        if let Some(protocol) = &self.config.protocol {
            request = request.header(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if let Some(token) = self.token() {
            let mut token = HeaderValue::try_from(token.expose())
                .map_err(|error| SenderError::Unexpected(error.to_string()))?;
            token.set_sensitive(true);
            request = request.header(TOKEN_HEADER, token);
        }
        request.body(Empty::new()).map_err(unexpected)
    }

    fn token(&self) -> Option<crate::model::Secret> {
        let id = &self.config.id;
        Some(match self.config.credential.as_ref()? {
            Credential::Signature { token, .. } => token.clone(),
            Credential::Key { name, key } => {
                let resource = format!("http://{}/{}/", id.namespace().host(), id.name());
                sas::make(&resource, name, key, Timestamp::now().as_second() + TOKEN_SECONDS)
            }
            Credential::Sealed { .. } => return None,
        })
    }
}

fn unexpected(error: impl fmt::Display) -> SenderError {
    SenderError::Unexpected(error.to_string())
}

fn check<B>(response: &Response<B>, key: &HeaderValue) -> Result<(), SenderError> {
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let own = response.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
        let usual = status.canonical_reason().unwrap_or_default();
        let reason = own.map_or(usual.into(), String::from_utf8_lossy).into_owned();
        return Err(SenderError::Refused { status: status.as_u16(), reason });
    }
    let accept = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    if accept.is_none_or(|accept| *accept != accept_of(key.as_bytes())) {
        return Err(unexpected("Sec-WebSocket-Accept does not fit"));
    }
    Ok(())
}
