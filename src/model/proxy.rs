//! The proxy between this machine and Azure.

use std::fmt;
use std::str::FromStr;

use super::endpoint::{Endpoint, EndpointError};
use super::percent;
use super::secret::Secret;

/// Shown in the place of a password; given back, it means the one that is kept.
const HIDDEN: &str = "***";

/// Longest user and password of a SOCKS proxy in bytes (RFC 1929).
const LONGEST_SOCKS_LOGIN: usize = 255;

/// A proxy: `http://[user:password@]host:port`, or the same with `https` or `socks5`. Shown without
/// its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    address: Endpoint,
    login: Option<Login>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT inside TLS.
    Https,
    /// SOCKS 5. The proxy looks names up.
    Socks5,
}

impl ProxyKind {
    /// The kind that `scheme` names. With `socks5` and `socks5h` the proxy looks names up: behind
    /// one, this machine often cannot.
    fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            "socks5" | "socks5h" => Some(Self::Socks5),
            _ => None,
        }
    }

    /// The scheme of its address.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
        }
    }

    /// The port of an address that has none, where that may be.
    fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 => 1080,
        }
    }
}

/// Who asks the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user's name; without a colon, but for SOCKS.
    pub user: String,
    /// The password; may be empty. `None` where it is kept sealed and cannot be unsealed.
    pub password: Option<Secret>,
}

/// Why a text is no proxy. No text here repeats a part of it that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// A proxy of another kind.
    #[error("{0}:// is not supported, use http://, https:// or socks5://")]
    Scheme(String),
    /// There is no `:port`.
    #[error("it has no port")]
    NoPort,
    /// The port is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    BadPort,
    /// The host is missing, or none.
    #[error("its host is not the name or address of a machine; an IPv6 address stands in brackets")]
    BadHost,
    /// The user's name has a colon in it, which Basic authorization has no place for.
    #[error("its user has a colon in it")]
    BadUser,
    /// SOCKS has no place for so long a user or password.
    #[error(
        "its user or password is longer than {LONGEST_SOCKS_LOGIN} bytes, which SOCKS has no place for"
    )]
    TooLong,
    /// User or password are not UTF-8 once they are decoded.
    #[error("its user or password is not UTF-8 text once the %XX in it are decoded")]
    NotText,
    /// The stand-in for a password came, and none is kept for this proxy and user.
    #[error("*** stands for a password that is kept, and none is for this proxy and user; give it")]
    Hidden,
}

impl Proxy {
    /// Reads `[scheme://][user[:password]@]host:port`, `http` without a scheme. User and password may hold any
    /// characters: the last `@` ends them, and `%XX` are decoded. The password `***`
    /// means that of `kept`, if proxy and user are the same.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse(text: &str, kept: Option<&Self>) -> Result<Self, ProxyError> {
        Self::parse_with(text, |kind, address, user| {
            let is_kept = |kept: &&Self| kept.kind == kind && kept.address == *address;
            let login = kept.filter(is_kept).and_then(Self::login)?;
            let password = login.password.as_ref().filter(|kept| !kept.expose().is_empty())?;
            (login.user == user).then(|| password.clone())
        })
    }

    /// Reads a proxy as the environment and the system have it: the port may be missing, and a
    /// path may follow.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse_lenient(text: &str) -> Result<Self, ProxyError> {
        match Self::parse(text, None) {
            Err(ProxyError::NoPort | ProxyError::BadPort) => {}
            read => return read,
        }
        let (scheme, rest) = split_scheme(text.trim());
        let kind = scheme.and_then(ProxyKind::of_scheme).unwrap_or(ProxyKind::Http);
        let after_login = rest.rfind('@').map_or(0, |at| at + 1);
        let end = rest[after_login..].find('/').map_or(rest.len(), |at| after_login + at);
        let whole = format!("{}://{}", kind.scheme(), &rest[..end]);
        match Self::parse(&whole, None) {
            Err(ProxyError::NoPort) => Self::parse(&format!("{whole}:{}", kind.usual_port()), None),
            read => read,
        }
    }

    /// Reads a proxy as it is shown, whose password is `password`.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse_shown(text: &str, password: &Secret) -> Result<Self, ProxyError> {
        Self::parse_with(text, |_, _, _| Some(password.clone()))
    }

    /// Reads a proxy as it is shown, whose password cannot be unsealed.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse_sealed(text: &str) -> Result<Self, ProxyError> {
        Self::parse_shown(text, &Secret::new("")).map(Self::with_sealed_password)
    }

    /// The same with a password that cannot be read.
    pub fn with_sealed_password(mut self) -> Self {
        if let Some(login) = &mut self.login {
            login.password = None;
        }
        self
    }

    /// The password, if there is one that is not empty.
    pub fn password(&self) -> Option<&Secret> {
        let password = self.login.as_ref()?.password.as_ref()?;
        Some(password).filter(|password| !password.expose().is_empty())
    }

    /// Whether there is a password that cannot be unsealed.
    pub fn password_is_sealed(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.password.is_none())
    }

    /// Whether `text`, a proxy as it is shown, has a password that is not.
    pub fn hides_password(text: &str) -> bool {
        let (_, rest) = split_scheme(text.trim());
        let login = rest.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        login.is_some_and(|(_, password)| password == HIDDEN)
    }

    /// Reads a proxy; `hidden` tells the password that the stand-in is for.
    fn parse_with(
        text: &str,
        hidden: impl FnOnce(ProxyKind, &Endpoint, &str) -> Option<Secret>,
    ) -> Result<Self, ProxyError> {
        let (scheme, rest) = split_scheme(text.trim());
        let kind = match scheme {
            None => ProxyKind::Http,
            Some(scheme) => ProxyKind::of_scheme(scheme)
                .ok_or_else(|| ProxyError::Scheme(scheme.to_ascii_lowercase()))?,
        };
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, rest),
        };
        let address = address.strip_suffix('/').unwrap_or(address);
        let address = address.parse::<Endpoint>().map_err(|error| match error {
            EndpointError::NoPort(_) => ProxyError::NoPort,
            EndpointError::BadPort(_) => ProxyError::BadPort,
            EndpointError::NoHost(_)
            | EndpointError::BadHost { .. }
            | EndpointError::HasScheme(_) => ProxyError::BadHost,
        })?;
        let Some(login) = login else { return Ok(Self { kind, address, login: None }) };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (user, is_hidden) = (decode(user)?, password == HIDDEN);
        if kind != ProxyKind::Socks5 && user.contains(':') {
            return Err(ProxyError::BadUser);
        }
        let password = if is_hidden {
            hidden(kind, &address, &user).ok_or(ProxyError::Hidden)?
        } else {
            Secret::new(decode(password)?)
        };
        let longest = user.len().max(password.expose().len());
        if kind == ProxyKind::Socks5 && longest > LONGEST_SOCKS_LOGIN {
            return Err(ProxyError::TooLong);
        }
        Ok(Self { kind, address, login: Some(Login { user, password: Some(password) }) })
    }

    /// How it is spoken to.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Where it listens.
    pub fn address(&self) -> &Endpoint {
        &self.address
    }

    /// Who asks it, if it wants to know.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// `text`, which is no proxy, as it may be shown.
    pub fn redacted(text: &str) -> String {
        let (scheme, rest) = split_scheme(text.trim());
        let scheme = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
        match (rest.rsplit_once('@'), rest.rsplit_once(':')) {
            (Some((_, address)), _) => format!("{scheme}{HIDDEN}@{address}"),
            // A password that stands where a port is expected.
            (None, Some((user, port))) if !port.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{scheme}{user}:{HIDDEN}")
            }
            _ => format!("{scheme}{rest}"),
        }
    }

    /// The whole address, password included; as it is shown, if that is sealed.
    pub fn to_secret(&self) -> Secret {
        let mut text = String::new();
        // Writing to a text does not fail.
        self.write(&mut text, |password| encode(password.expose())).unwrap_or_default();
        Secret::new(text)
    }

    fn write(&self, f: &mut impl fmt::Write, password: impl Fn(&Secret) -> String) -> fmt::Result {
        write!(f, "{}://", self.kind.scheme())?;
        if let Some(login) = &self.login {
            f.write_str(&encode(&login.user))?;
            match &login.password {
                None => write!(f, ":{HIDDEN}")?,
                Some(none) if none.expose().is_empty() => {}
                Some(known) => write!(f, ":{}", password(known))?,
            }
            f.write_str("@")?;
        }
        write!(f, "{}", self.address)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, |_| HIDDEN.to_owned())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        Self::parse(text, None)
    }
}

fn split_scheme(text: &str) -> (Option<&str>, &str) {
    let is_scheme = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, text),
    }
}

fn decode(text: &str) -> Result<String, ProxyError> {
    String::from_utf8(percent::decode(text)).map_err(|_| ProxyError::NotText)
}

fn encode(text: &str) -> String {
    percent::encode(text, percent::is_unreserved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::ProxyChoice;

    fn read(text: &str) -> (String, Option<(String, String)>) {
        let proxy: Proxy = text.parse().unwrap();
        let login = |login: &Login| {
            (login.user.clone(), login.password.as_ref().unwrap().expose().to_owned())
        };
        (proxy.address().to_string(), proxy.login().map(login))
    }

    #[test]
    fn reads_what_people_write() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (text, address, expected) in [
            ("http://proxy.corp:8080", "proxy.corp:8080", None),
            (" HTTP://proxy.corp:8080/ ", "proxy.corp:8080", None),
            ("proxy.corp:8080", "proxy.corp:8080", None),
            ("http://[fd00::1]:3128", "[fd00::1]:3128", None),
            ("http://me:pw@10.0.0.1:1", "10.0.0.1:1", login("me", "pw")),
            ("me:pw@10.0.0.1:1", "10.0.0.1:1", login("me", "pw")),
            ("http://me@h:1", "h:1", login("me", "")),
            ("http://:token@h:1", "h:1", login("", "token")),
            ("http://CORP%5Cme:p%40s%3As%25@h:1", "h:1", login("CORP\\me", "p@s:s%")),
            ("http://me:a@b/c:d#e?f://g%zz 1%@h:1", "h:1", login("me", "a@b/c:d#e?f://g%zz 1%")),
        ] {
            assert_eq!(read(text), (address.to_owned(), expected), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, error) in [
            ("socks4://h:1", ProxyError::Scheme("socks4".into())),
            ("ftp://u:p@h:1", ProxyError::Scheme("ftp".into())),
            ("https://a%3Ab:p@h:1", ProxyError::BadUser),
            ("http://h", ProxyError::NoPort),
            ("?", ProxyError::NoPort),
            ("http://h:0", ProxyError::BadPort),
            ("http://h:8080/path", ProxyError::BadPort),
            ("http://:1", ProxyError::BadHost),
            ("http://fd00::1:3128", ProxyError::BadHost),
            ("http://a b:1", ProxyError::BadHost),
            ("http://a%3Ab:p@h:1", ProxyError::BadUser),
            ("http://u:%ff@h:1", ProxyError::NotText),
            ("http://u:***@h:1", ProxyError::Hidden),
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(error), "{text}");
        }
    }

    #[test]
    fn other_kinds_are_read_and_shown() {
        for (text, kind, shown) in [
            ("SOCKS5://me:pw@h:1", ProxyKind::Socks5, "socks5://me:***@h:1"),
            ("socks5h://[::1]:1080", ProxyKind::Socks5, "socks5://[::1]:1080"),
            ("socks5://a%3Ab:p@h:1", ProxyKind::Socks5, "socks5://a%3Ab:***@h:1"),
            ("https://h:443/", ProxyKind::Https, "https://h:443"),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!((proxy.kind(), proxy.to_string().as_str()), (kind, shown));
        }
        let long = "x".repeat(LONGEST_SOCKS_LOGIN + 1);
        for login in [format!("{long}:p"), format!("u:{long}")] {
            let read = |scheme| format!("{scheme}://{login}@h:1").parse::<Proxy>();
            assert_eq!(read("socks5"), Err(ProxyError::TooLong));
            read("http").unwrap();
        }
        let kept: Proxy = "socks5://me:pw@h:1".parse().unwrap();
        assert_eq!(Proxy::parse("http://me:***@h:1", Some(&kept)), Err(ProxyError::Hidden));
    }

    #[test]
    fn other_programs_leave_the_port_out() {
        for (text, shown) in [
            ("http://proxy.corp", "http://proxy.corp:80"),
            ("proxy.corp", "http://proxy.corp:80"),
            ("proxy.corp:3128/path", "http://proxy.corp:3128"),
            ("http://me:p/w:1@proxy.corp/", "http://me:***@proxy.corp:80"),
            ("https://[fd00::1]/", "https://[fd00::1]:443"),
            ("socks5h://h", "socks5://h:1080"),
        ] {
            assert_eq!(Proxy::parse_lenient(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["http://", "socks4://h", "http://h:x", "a b", "http://h:0/"] {
            Proxy::parse_lenient(text).unwrap_err();
        }
    }

    #[test]
    fn the_stand_in_keeps_the_password_of_the_same_proxy_and_user_alone() {
        let kept: Proxy = "http://me:s%20cret@h:1".parse().unwrap();
        let shown = kept.to_string();
        assert_eq!(shown, "http://me:***@h:1");
        assert_eq!(format!("{kept:?}"), shown);
        assert_eq!(Proxy::parse(&shown, Some(&kept)), Ok(kept.clone()));
        for other in ["http://you:***@h:1", "http://me:***@h:2", "http://me:***@g:1"] {
            assert_eq!(Proxy::parse(other, Some(&kept)), Err(ProxyError::Hidden), "{other}");
        }
        let stars: Proxy = "http://me:%2A**@h:1".parse().unwrap();
        assert_eq!(stars.password().unwrap().expose(), "***");
    }

    #[test]
    fn a_sealed_password_is_shown_as_one_and_cannot_be_kept() {
        let known: Proxy = "http://me:c2Vj@h:1".parse().unwrap();
        let sealed = Proxy::parse_sealed("http://me:***@h:1").unwrap();
        assert_eq!(sealed, known.clone().with_sealed_password());
        assert!(sealed.password_is_sealed() && sealed.password().is_none());
        assert!(!known.password_is_sealed());
        assert_eq!(sealed.to_string(), "http://me:***@h:1");
        assert_eq!(sealed.to_secret().expose(), "http://me:***@h:1");
        assert_eq!(Proxy::parse("http://me:***@h:1", Some(&sealed)), Err(ProxyError::Hidden));
        let without: Proxy = "http://h:1".parse().unwrap();
        assert_eq!(without.clone().with_sealed_password(), without);
        assert!("http://me@h:1".parse::<Proxy>().unwrap().password().is_none());
    }

    #[test]
    fn a_text_that_is_no_proxy_is_shown_without_its_password() {
        for (text, shown) in [
            ("socks4://me:c2Vj@h:1", "socks4://***@h:1"),
            ("http://me:c2Vj@h", "http://***@h"),
            ("me:c2Vj", "me:***"),
            ("h:99999", "h:99999"),
            ("http://h", "http://h"),
        ] {
            assert_eq!(Proxy::redacted(text), shown);
        }
    }

    proptest! {
        #[test]
        fn any_user_and_password_survive_the_file(user in "[^:]*", password in ".*") {
            let text = format!("http://{}:{}@h:1", encode(&user), encode(&password));
            let proxy: Proxy = text.parse().unwrap();
            prop_assert_eq!(&proxy.login().unwrap().user, &user);
            let known = proxy.login().unwrap().password.as_ref().unwrap();
            prop_assert_eq!(known.expose(), &password);
            let choice = ProxyChoice::Through(proxy);
            let written = serde_json::to_string(&choice).unwrap();
            prop_assert_eq!(serde_json::from_str::<ProxyChoice>(&written).unwrap(), choice);
        }

        #[test]
        fn arbitrary_texts_never_panic(text in "\\PC*") {
            drop(text.parse::<Proxy>());
            drop(Proxy::parse_lenient(&text));
            Proxy::redacted(&text);
        }
    }
}
