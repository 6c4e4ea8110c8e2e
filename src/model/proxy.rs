//! The HTTP proxy between this machine and Azure.

use std::fmt;
use std::str::FromStr;

use super::endpoint::{Endpoint, EndpointError};
use super::percent;
use super::secret::Secret;

/// Shown in the place of a password; given back, it means the one that is kept.
const HIDDEN: &str = "***";

/// An HTTP proxy: `http://[user:password@]host:port`. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    address: Endpoint,
    login: Option<Login>,
}

/// Who asks the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user's name, without a colon.
    pub user: String,
    /// The password; may be empty. `None` where it is kept sealed and cannot be unsealed.
    pub password: Option<Secret>,
}

/// Why a text is no proxy. No text here repeats a part of it that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// A proxy of another kind.
    #[error("{0}:// is not supported yet, use http://")]
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
    /// User or password are not UTF-8 once they are decoded.
    #[error("its user or password is not UTF-8 text once the %XX in it are decoded")]
    NotText,
    /// The stand-in for a password came, and none is kept for this proxy and user.
    #[error("*** stands for a password that is kept, and none is for this proxy and user; give it")]
    Hidden,
}

impl Proxy {
    /// Reads `[http://][user[:password]@]host:port`. User and password may hold any
    /// characters: the last `@` ends them, and `%XX` are decoded. The password `***`
    /// means that of `kept`, if proxy and user are the same.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse(text: &str, kept: Option<&Self>) -> Result<Self, ProxyError> {
        Self::parse_with(text, |address, user| {
            let login = kept.filter(|kept| kept.address == *address).and_then(Self::login)?;
            let password = login.password.as_ref().filter(|kept| !kept.expose().is_empty())?;
            (login.user == user).then(|| password.clone())
        })
    }

    /// Reads a proxy as it is shown, whose password is `password`.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse_shown(text: &str, password: &Secret) -> Result<Self, ProxyError> {
        Self::parse_with(text, |_, _| Some(password.clone()))
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
        hidden: impl FnOnce(&Endpoint, &str) -> Option<Secret>,
    ) -> Result<Self, ProxyError> {
        let (scheme, rest) = split_scheme(text.trim());
        if let Some(scheme) = scheme.filter(|scheme| !scheme.eq_ignore_ascii_case("http")) {
            return Err(ProxyError::Scheme(scheme.to_ascii_lowercase()));
        }
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
        let Some(login) = login else { return Ok(Self { address, login: None }) };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (user, is_hidden) = (decode(user)?, password == HIDDEN);
        if user.contains(':') {
            return Err(ProxyError::BadUser);
        }
        let password = if is_hidden {
            hidden(&address, &user).ok_or(ProxyError::Hidden)?
        } else {
            Secret::new(decode(password)?)
        };
        Ok(Self { address, login: Some(Login { user, password: Some(password) }) })
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
        f.write_str("http://")?;
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

/// Writes a [`Proxy`] with its password; for the settings file only.
pub mod exposed {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use super::Proxy;

    /// Writes all of `proxy`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        proxy: &Option<Proxy>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Some(proxy) = proxy else { return serializer.serialize_none() };
        serializer.serialize_str(proxy.to_secret().expose())
    }

    /// Reads a proxy.
    ///
    /// # Errors
    /// Those of the deserializer, and what is wrong with the text.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Proxy>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse()).transpose().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            ("socks5://h:1", ProxyError::Scheme("socks5".into())),
            ("https://u:p@h:1", ProxyError::Scheme("https".into())),
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
            ("socks5://me:c2Vj@h:1", "socks5://***@h:1"),
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
            let written = exposed::serialize(&Some(proxy.clone()), serde_json::value::Serializer);
            let read = exposed::deserialize(written.unwrap()).unwrap();
            prop_assert_eq!(read, Some(proxy));
        }

        #[test]
        fn arbitrary_texts_never_panic(text in "\\PC*") {
            drop(text.parse::<Proxy>());
            Proxy::redacted(&text);
        }
    }
}
