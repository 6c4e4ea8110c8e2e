//! Shared access signature tokens, as Azure Relay checks them.
//!
//! The string that is signed is `encode(resource) + "\n" + expiry`, the key is the
//! UTF-8 text of the shared access key (not base64-decoded), and the resource is the
//! address with the scheme `http`, no port, and a slash at its end.
//! Source: `SharedAccessSignatureTokenProvider.cs` of azure-relay-dotnet.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::model::{ConnectionId, Credential, Fault, FaultCode, Secret, percent};

/// How long a listener's token is valid, as Microsoft's clients have it.
pub const LISTENER_TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a token for one management request is valid.
pub const MANAGEMENT_TOKEN_LIFE: Duration = Duration::from_secs(10 * 60);

/// A token and its times.
#[derive(Clone, Debug)]
pub struct Token {
    /// `SharedAccessSignature sr=…&sig=…&se=…&skn=…`
    pub text: Secret,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ceases to be valid.
    pub expires_at: Timestamp,
    /// Whether another one can be made.
    pub renewable: bool,
}

impl Token {
    /// A token by which `credential` acts on the hybrid connection `id`.
    ///
    /// # Errors
    /// [`FaultCode::TokenSpent`] when a ready-made signature is over or unreadable,
    /// [`FaultCode::KeySealed`] when there is no key to sign with.
    pub fn issue(
        credential: &Credential,
        id: &ConnectionId,
        now: Timestamp,
        life: Duration,
    ) -> Result<Self, Fault> {
        match credential {
            Credential::Key { name, key } => {
                let expiry = now.as_second().saturating_add_unsigned(life.as_secs());
                Ok(Self {
                    text: sign(&resource(id), name, key, expiry),
                    made_at: now,
                    expires_at: Timestamp::from_second(expiry).unwrap_or(Timestamp::MAX),
                    renewable: true,
                })
            }
            Credential::Signature { token, .. } => {
                // It becomes a header as it is.
                if token.expose().chars().any(char::is_control) {
                    let detail = "it has a line break or another character that no token has";
                    return Err(Fault::new(FaultCode::TokenSpent, detail));
                }
                let expires_at = signature_expiry(token.expose()).ok_or_else(|| {
                    Fault::new(FaultCode::TokenSpent, "its expiry (se=) is not a number")
                })?;
                if expires_at <= now {
                    return Err(Fault::new(FaultCode::TokenSpent, format!("at {expires_at}")));
                }
                Ok(Self { text: token.clone(), made_at: now, expires_at, renewable: false })
            }
            Credential::Sealed { why, .. } => Err(Fault::new(FaultCode::KeySealed, why.as_str())),
        }
    }
}

/// The audience of a token for `id`: `http://host/name/`.
pub fn resource(id: &ConnectionId) -> String {
    format!("http://{}/{}/", id.namespace().host(), encode_path(id.name()))
}

/// Percent-encodes `name` for the path of an address; slashes stay.
pub fn encode_path(name: &str) -> String {
    percent::encode(name, |byte| percent::is_unreserved(byte) || byte == b'/')
}

fn sign(resource: &str, key_name: &str, key: &Secret, expiry: i64) -> Secret {
    let resource = encode_form(resource);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(resource.as_bytes());
    mac.update(b"\n");
    mac.update(expiry.to_string().as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    Secret::new(format!(
        "SharedAccessSignature sr={resource}&sig={}&se={expiry}&skn={}",
        encode_form(&signature),
        encode_form(key_name),
    ))
}

/// Encodes like .NET's `WebUtility.UrlEncode`, which both sides of Azure Relay use.
pub(crate) fn encode_form(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!*() ".contains(&byte);
    percent::encode(text, plain).replace(' ', "+")
}

fn signature_expiry(token: &str) -> Option<Timestamp> {
    let fields = token.split_once(' ')?.1;
    let (_, expiry) = fields
        .split('&')
        .filter_map(|field| field.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("se"))?;
    Timestamp::from_second(expiry.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NamespaceAddress;

    const KEY: &str = "dGVzdC1rZXktbm90LXJlYWw=";
    const MADE: i64 = 1_700_000_000 - 3600;

    fn id(name: &str) -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new("Contoso.servicebus.windows.net", 443), name)
    }

    fn key() -> Credential {
        Credential::Key { name: "defaultListener".into(), key: Secret::new(KEY) }
    }

    #[test]
    fn signs_as_azure_does() {
        let now = Timestamp::from_second(MADE).unwrap();
        let token = Token::issue(&key(), &id("hc1"), now, LISTENER_TOKEN_LIFE).unwrap();
        assert_eq!(
            token.text.expose(),
            "SharedAccessSignature sr=http%3A%2F%2Fcontoso.servicebus.windows.net%2Fhc1%2F&sig=7rP4mrBfeatvvgvneafUcH24gvm0TL5mOwxkKQS7Xj0%3D&se=1700000000&skn=defaultListener"
        );
        assert_eq!(token.expires_at.as_second(), 1_700_000_000);
        let namespace = sign(
            "http://contoso.servicebus.windows.net/",
            "defaultListener",
            &Secret::new(KEY),
            1_700_000_000,
        );
        assert!(
            namespace.expose().contains("sig=WS%2FcP1BhtaQYvqOF6LpqOEINJzdyWzWUrtH4G6xVplI%3D&")
        );
    }

    #[test]
    fn a_name_is_encoded_and_keeps_its_slashes_and_case() {
        assert_eq!(
            resource(&id("Team/Büro")),
            "http://contoso.servicebus.windows.net/Team/B%C3%BCro/"
        );
        assert_eq!(encode_form("a b~é"), "a+b%7E%C3%A9");
    }

    #[test]
    fn a_ready_made_signature_cannot_add_headers() {
        let token = "SharedAccessSignature sr=x&sig=y&se=1700000000&skn=k\r\nX: y";
        let credential = Credential::Signature { name: "k".into(), token: Secret::new(token) };
        let now = Timestamp::from_second(MADE).unwrap();
        let fault = Token::issue(&credential, &id("hc1"), now, LISTENER_TOKEN_LIFE).unwrap_err();
        assert!(fault.detail.contains("line break"), "{fault}");
    }

    #[test]
    fn a_ready_made_signature_is_used_until_it_is_over() {
        let token = "SharedAccessSignature sr=x&sig=y&se=1700000000&skn=k";
        let ready = Credential::Signature { name: "k".into(), token: Secret::new(token) };
        let at = |second| {
            let now = Timestamp::from_second(second).unwrap();
            Token::issue(&ready, &id("hc1"), now, LISTENER_TOKEN_LIFE)
        };
        let good = at(1_699_999_999).unwrap();
        assert_eq!((good.text.expose(), good.renewable), (token, false));
        assert_eq!(at(1_700_000_000).unwrap_err().code, FaultCode::TokenSpent);
    }
}
