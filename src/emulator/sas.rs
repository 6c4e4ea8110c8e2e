//! Shared access signatures: making and checking them.
//!
//! `SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={rule}`;
//! the signature is HMAC-SHA256 over `sr`, a line feed and `se`, with the key's text
//! as it stands (source: the SDK's token provider and the engineers' own emulator).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::encoding::{url_decode, url_encode};
use crate::model::Secret;

const SCHEME: &str = "SharedAccessSignature";

/// A token as it was received.
pub(crate) struct Token {
    /// `sr` as it was sent; the signature is over this text.
    raw_audience: String,
    audience: Audience,
    signature: Vec<u8>,
    /// `se`: seconds since 1970.
    pub(crate) expires: i64,
    /// `skn`: name of the authorization rule.
    pub(crate) rule: String,
}

/// What a token is for: a host, and everything at or below a path.
struct Audience {
    host: String,
    segments: Vec<String>,
}

impl Token {
    /// Reads `text`.
    ///
    /// # Errors
    /// Says what is missing or malformed, in the service's words where they are known;
    /// never shows a part of the token.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text
            .trim()
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .map(|(_, rest)| rest.trim())
            .ok_or("The token is not a SharedAccessSignature.")?;
        let field = |name: &str| {
            let fields = rest.split('&').filter_map(|field| field.split_once('='));
            fields
                .filter(|(key, value)| key.trim().eq_ignore_ascii_case(name) && !value.is_empty())
                .map(|(_, value)| value)
                .next()
        };
        const BAD_ENCODING: &str = "The string has an invalid encoding format.";
        let raw_audience =
            field("sr").ok_or("The provided token does not specify the 'Audience' value.")?;
        let expires =
            field("se").ok_or("The provided token does not specify the 'ExpiresOn' value.")?;
        let signature =
            field("sig").ok_or("The provided token does not specify the 'Signature' value.")?;
        let rule =
            field("skn").ok_or("The provided token does not specify the 'KeyName' value.")?;
        // A plus sign in base64 is a plus sign, escaped or not.
        let signature = url_decode(signature, false).ok_or(BAD_ENCODING)?;
        Ok(Self {
            audience: Audience::parse(&url_decode(raw_audience, true).ok_or(BAD_ENCODING)?)
                .ok_or("The 'Audience' value of the token is not an address.")?,
            raw_audience: raw_audience.to_owned(),
            signature: STANDARD.decode(signature).map_err(|_| BAD_ENCODING)?,
            expires: expires.parse().map_err(|_| "The 'ExpiresOn' value is not a number.")?,
            rule: url_decode(rule, true).ok_or(BAD_ENCODING)?,
        })
    }

    /// Whether `key` made this token.
    pub(crate) fn is_signed_with(&self, key: &Secret) -> bool {
        mac(key, &self.raw_audience, self.expires).verify_slice(&self.signature).is_ok()
    }

    /// Whether the token is for `path` on `host`: its audience is that address or one
    /// above it. Case and port do not matter.
    pub(crate) fn covers(&self, host: &str, path: &str) -> bool {
        let wanted = segments(path);
        self.audience.host.eq_ignore_ascii_case(host)
            && self.audience.segments.len() <= wanted.len()
            && self.audience.segments.iter().zip(&wanted).all(|(a, b)| a == b)
    }
}

impl Audience {
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let host = authority.split(':').next().filter(|host| !host.is_empty())?;
        Some(Self { host: host.to_owned(), segments: segments(path) })
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// Makes a token for `resource` (an address such as `http://host/name/`) that ends
/// `expires` seconds after 1970.
pub(crate) fn make(resource: &str, rule: &str, key: &Secret, expires: i64) -> Secret {
    let resource = url_encode(resource);
    let signature = mac(key, &resource, expires).finalize().into_bytes();
    let signature = url_encode(&STANDARD.encode(signature));
    Secret::new(format!(
        "{SCHEME} sr={resource}&sig={signature}&se={expires}&skn={}",
        url_encode(rule)
    ))
}

fn mac(key: &Secret, raw_audience: &str, expires: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(format!("{raw_audience}\n{expires}").as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with an independent implementation.
    const HC1: &str = "SharedAccessSignature sr=http%3A%2F%2Fcontoso.servicebus.windows.net%2Fhc1%2F&sig=7rP4mrBfeatvvgvneafUcH24gvm0TL5mOwxkKQS7Xj0%3D&se=1700000000&skn=defaultListener";

    fn key() -> Secret {
        Secret::new("dGVzdC1rZXktbm90LXJlYWw=")
    }

    #[test]
    fn makes_the_tokens_of_the_vectors() {
        let made = |resource: &str| make(resource, "defaultListener", &key(), 1_700_000_000);
        assert_eq!(made("http://contoso.servicebus.windows.net/hc1/").expose(), HC1);
        let namespace = made("http://contoso.servicebus.windows.net/");
        assert!(
            namespace.expose().contains("&sig=WS%2FcP1BhtaQYvqOF6LpqOEINJzdyWzWUrtH4G6xVplI%3D&")
        );
        for token in [HC1, namespace.expose()] {
            assert!(Token::parse(token).unwrap().is_signed_with(&key()));
        }
    }

    #[test]
    fn the_signature_is_over_the_received_text() {
        let lower = HC1.replace("%3A%2F%2F", "%3a%2f%2f");
        let token = Token::parse(&lower).unwrap();
        assert!(!token.is_signed_with(&key()), "another text has another signature");
        let resource = "http%3a%2f%2fcontoso.servicebus.windows.net%2fhc1";
        let signature = mac(&key(), resource, 1_700_000_000).finalize().into_bytes();
        let signature = url_encode(&STANDARD.encode(signature));
        let own = format!("{SCHEME} sr={resource}&sig={signature}&se=1700000000&skn=x");
        assert!(Token::parse(&own).unwrap().is_signed_with(&key()));
    }

    #[test]
    fn an_audience_covers_what_is_below_it() {
        let covers = |resource: &str, path: &str| {
            let token = make(resource, "r", &key(), 1);
            Token::parse(token.expose()).unwrap().covers("contoso.example", path)
        };
        assert!(covers("http://contoso.example/", "hc1"));
        assert!(covers("sb://CONTOSO.example:10443/HC1", "hc1"));
        assert!(covers("http://contoso.example/hc1/", "hc1/more"));
        assert!(!covers("http://contoso.example/hc1/", "hc10"));
        assert!(!covers("http://contoso.example/hc1/more", "hc1"));
        assert!(!covers("http://fabrikam.example/", "hc1"));
    }

    #[test]
    fn a_malformed_token_is_named() {
        let problem = |text: &str| Token::parse(text).err().unwrap();
        assert!(problem("Bearer x").contains("not a SharedAccessSignature"));
        assert!(problem(&HC1.replace("&se=1700000000", "")).contains("'ExpiresOn'"));
        assert!(problem(&HC1.replace("sr=", "sx=")).contains("'Audience'"));
        assert!(problem(&HC1.replace("&sig=7", "&sig=%%")).contains("encoding"));
        assert!(problem(&HC1.replace("1700000000", "soon")).contains("number"));
    }
}
