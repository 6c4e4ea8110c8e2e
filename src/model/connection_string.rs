//! Azure Relay connection strings, as people paste them.
//!
//! `Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…`
//! in any order and case, wrapped over lines, in quotes, of any cloud; also the
//! classic form with the name in the Endpoint's path. No error shows a value that
//! may be a key.

use std::collections::BTreeMap;
use std::time::Duration;

use zeroize::Zeroize as _;

use super::connection::{Credential, HybridConnection};
use super::names::{ConnectionId, DEFAULT_PORT, NamespaceAddress};
use super::part_problem::PartProblem;
use super::secret::Secret;
use super::status::Desired;

/// Longest key name or key in characters, as Azure has it.
const LONGEST_KEY: usize = 256;
/// Longest name of a hybrid connection in characters, as Azure has it.
const LONGEST_NAME: usize = 260;

/// A connection string that names one hybrid connection and how to listen on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionString {
    /// Which hybrid connection.
    pub id: ConnectionId,
    /// The right to listen.
    pub credential: Credential,
    /// `OperationTimeout`, if it was given.
    pub operation_timeout: Option<Duration>,
}

/// A part of a connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The address of the namespace.
    Endpoint,
    /// The name of the hybrid connection.
    EntityPath,
    /// The name of the key.
    SharedAccessKeyName,
    /// The key.
    SharedAccessKey,
    /// A ready-made token.
    SharedAccessSignature,
    /// A time-out.
    OperationTimeout,
    /// A way to sign in.
    Authentication,
}

impl Part {
    const ALL: [Self; 7] = [
        Self::Endpoint,
        Self::EntityPath,
        Self::SharedAccessKeyName,
        Self::SharedAccessKey,
        Self::SharedAccessSignature,
        Self::OperationTimeout,
        Self::Authentication,
    ];

    /// The part's name in a connection string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "Endpoint",
            Self::EntityPath => "EntityPath",
            Self::SharedAccessKeyName => "SharedAccessKeyName",
            Self::SharedAccessKey => "SharedAccessKey",
            Self::SharedAccessSignature => "SharedAccessSignature",
            Self::OperationTimeout => "OperationTimeout",
            Self::Authentication => "Authentication",
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::SharedAccessKey | Self::SharedAccessSignature)
    }

    fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str().eq_ignore_ascii_case(name))
    }
}

/// What is wrong with a connection string, and at which part. Never shows a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    /// There is no text.
    #[error(
        "there is no connection string; it begins with Endpoint=sb://NAMESPACE.servicebus.windows.net/"
    )]
    Empty,
    /// More than one where one is wanted.
    #[error("there are {0} connection strings here, and one is wanted")]
    Several(usize),
    /// A part is missing.
    #[error("the connection string has no {0}{hint}", hint = hint(.0))]
    Missing(&'static str),
    /// A part is there without a value.
    #[error("{0} has no value")]
    NoValue(&'static str),
    /// A part is there twice.
    #[error("{0} is there twice")]
    Twice(&'static str),
    /// A name that is none of the parts.
    #[error(
        "{shown} is not a part of a connection string; the parts are Endpoint, EntityPath, SharedAccessKeyName and SharedAccessKey",
        shown = shown(.0)
    )]
    Unknown(Option<String>),
    /// A part's value is wrong.
    #[error("{part} {problem}")]
    Wrong {
        /// Which part.
        part: &'static str,
        /// What is wrong, without the value where it may be a key.
        problem: PartProblem,
    },
    /// Two parts exclude each other.
    #[error("{0} and {1} cannot be there together; one of them is enough")]
    Together(&'static str, &'static str),
}

fn hint(part: &str) -> &'static str {
    match part {
        "EntityPath" => {
            ", so it is one of a whole namespace; add ;EntityPath=NAME with the name of the hybrid connection"
        }
        "SharedAccessKey" => ", which belongs to SharedAccessKeyName",
        "SharedAccessKeyName" => ", which belongs to SharedAccessKey",
        _ => "",
    }
}

fn shown(name: &Option<String>) -> String {
    name.as_ref().map_or_else(|| "A text in it".to_owned(), |name| format!("\"{name}\""))
}

impl ConnectionStringError {
    /// The part that is wrong, for a form that marks it.
    pub fn part(&self) -> Option<&'static str> {
        match self {
            Self::Missing(part)
            | Self::NoValue(part)
            | Self::Twice(part)
            | Self::Wrong { part, .. }
            | Self::Together(part, _) => Some(part),
            Self::Empty | Self::Several(_) | Self::Unknown(_) => None,
        }
    }
}

/// One of several connection strings in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The line of the text where it begins, from 1.
    pub line: usize,
    /// What it is.
    pub value: T,
}

impl ConnectionString {
    /// Reads the one connection string in `text`.
    ///
    /// # Errors
    /// [`ConnectionStringError`] names the part and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        let mut found = Self::parse_many(text);
        match found.len() {
            0 => Err(ConnectionStringError::Empty),
            1 => found.remove(0).value,
            several => Err(ConnectionStringError::Several(several)),
        }
    }

    /// Reads every connection string in `text`: one after another, each on one line
    /// or wrapped over several, between them blank lines, `#` comments or nothing.
    pub fn parse_many(text: &str) -> Vec<Numbered<Result<Self, ConnectionStringError>>> {
        split(text)
            .into_iter()
            .map(|mut one| {
                let value = Self::from_fields(&one.value);
                // One of them is a key.
                one.value.zeroize();
                Numbered { line: one.line, value }
            })
            .collect()
    }

    /// The connection string of the hybrid connection `name`, of parts that are known one
    /// by one; `endpoint` is the address of the namespace, with or without the name as its
    /// path.
    ///
    /// # Errors
    /// As [`Self::parse`]. A part with a `;` in it, which a text would take for its end, is
    /// wrong too.
    pub fn of_parts(
        endpoint: &str,
        name: &str,
        key_name: &str,
        key: &Secret,
    ) -> Result<Self, ConnectionStringError> {
        let parts = [
            (Part::Endpoint, endpoint),
            (Part::EntityPath, name),
            (Part::SharedAccessKeyName, key_name),
            (Part::SharedAccessKey, key.expose()),
        ];
        if let Some((part, _)) = parts.iter().find(|(_, value)| value.contains(';')) {
            return Err(wrong(*part, PartProblem::BadCharacter(';')));
        }
        let mut fields = parts.map(|(part, value)| format!("{}={value}", part.as_str()));
        let value = Self::from_fields(&fields);
        fields.zeroize();
        value
    }

    /// The hybrid connection that the first connection string in `text` names, whatever else is
    /// wrong with it.
    pub fn id_in(text: &str) -> Option<ConnectionId> {
        let mut found = split(text);
        let fields = &found.first()?.value;
        let value = |wanted| {
            let mut named = fields.iter().filter_map(|field| field.split_once('='));
            let found = named.find(|(name, _)| Part::by_name(name.trim()) == Some(wanted));
            found.map(|(_, value)| value.trim())
        };
        let id = value(Part::Endpoint)
            .and_then(|endpoint| Self::id_at(endpoint, value(Part::EntityPath)).ok());
        found.iter_mut().for_each(|one| one.value.zeroize());
        id
    }

    /// The hybrid connection `name` of the namespace at the address `endpoint`, which may have the
    /// name as its path.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn id_at(
        endpoint: &str,
        name: Option<&str>,
    ) -> Result<ConnectionId, ConnectionStringError> {
        let (namespace, path_name) = parse_endpoint_address(endpoint)?;
        let entity_path = name.map(|name| name.trim_matches('/'));
        let name = match (entity_path, path_name.as_deref()) {
            (Some(name), Some(path)) if !name.eq_ignore_ascii_case(path) => {
                return Err(wrong(Part::EntityPath, PartProblem::DiffersFromPath));
            }
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => return Err(ConnectionStringError::Missing(Part::EntityPath.as_str())),
        };
        check_name(name)?;
        Ok(ConnectionId::new(namespace, name))
    }

    /// The configuration that this string asks for.
    pub fn into_connection(self) -> HybridConnection {
        HybridConnection {
            id: self.id,
            credential: self.credential,
            desired: Desired::Enabled,
            last_endpoint: None,
            resource: None,
        }
    }

    /// The connection string in its usual spelling, key included.
    pub fn to_secret(&self) -> Secret {
        let endpoint = self.id.namespace().service_bus_endpoint();
        let (part, secret) = match &self.credential {
            Credential::Key { name, key } => {
                (format!("SharedAccessKeyName={name};SharedAccessKey="), key.expose())
            }
            Credential::Signature { token, .. } => {
                ("SharedAccessSignature=".to_owned(), token.expose())
            }
            // None was ever read out of a connection string.
            Credential::Sealed { name, .. } => {
                (format!("SharedAccessKeyName={name};SharedAccessKey="), "")
            }
        };
        let timeout = self
            .operation_timeout
            .map_or_else(String::new, |timeout| format!(";OperationTimeout={}", timeout.as_secs()));
        let begin = format!("Endpoint={endpoint};{part}");
        let end = format!(";EntityPath={}{timeout}", self.id.name());
        let parts = [&begin, secret, &end];
        // A text that grows leaves copies of its beginning behind.
        let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| text.push_str(part));
        Secret::new(text)
    }

    fn from_fields(fields: &[String]) -> Result<Self, ConnectionStringError> {
        let parts = Parts::read(fields)?;
        let entity_path = parts.0.get(&Part::EntityPath).copied();
        let id = Self::id_at(parts.need(Part::Endpoint)?, entity_path)?;
        let credential = parts.credential()?;
        let operation_timeout =
            parts.0.get(&Part::OperationTimeout).map(|text| parse_timeout(text)).transpose()?;
        Ok(Self { id, credential, operation_timeout })
    }
}

/// The parts of one connection string, each once.
struct Parts<'a>(BTreeMap<Part, &'a str>);

impl<'a> Parts<'a> {
    fn read(fields: &'a [String]) -> Result<Self, ConnectionStringError> {
        let mut parts = BTreeMap::new();
        for field in fields {
            let Some((name, value)) = field.split_once('=') else {
                return Err(ConnectionStringError::Unknown(None));
            };
            let name = name.trim();
            let Some(part) = Part::by_name(name) else {
                // The rest of a key that was cut in two looks like a name.
                let after_key = parts.keys().any(|part: &Part| part.is_secret());
                return Err(ConnectionStringError::Unknown(
                    showable(name).filter(|name| !after_key || is_near_a_part(name)),
                ));
            };
            let value = value.trim();
            if value.is_empty() {
                return Err(ConnectionStringError::NoValue(part.as_str()));
            }
            if parts.insert(part, value).is_some() {
                return Err(ConnectionStringError::Twice(part.as_str()));
            }
        }
        Ok(Self(parts))
    }

    fn need(&self, part: Part) -> Result<&'a str, ConnectionStringError> {
        self.0.get(&part).copied().ok_or(ConnectionStringError::Missing(part.as_str()))
    }

    fn credential(&self) -> Result<Credential, ConnectionStringError> {
        if self.0.contains_key(&Part::Authentication) {
            return Err(wrong(Part::Authentication, PartProblem::AzureIdentity));
        }
        if let Some(token) = self.0.get(&Part::SharedAccessSignature) {
            for part in [Part::SharedAccessKeyName, Part::SharedAccessKey] {
                if self.0.contains_key(&part) {
                    let signature = Part::SharedAccessSignature.as_str();
                    return Err(ConnectionStringError::Together(signature, part.as_str()));
                }
            }
            return parse_signature(token);
        }
        if !self.0.contains_key(&Part::SharedAccessKeyName)
            && !self.0.contains_key(&Part::SharedAccessKey)
        {
            return Err(ConnectionStringError::Missing(
                "SharedAccessKeyName and no SharedAccessKey",
            ));
        }
        let name = self.need(Part::SharedAccessKeyName)?;
        let key = self.need(Part::SharedAccessKey)?;
        for (part, value) in [(Part::SharedAccessKeyName, name), (Part::SharedAccessKey, key)] {
            if value.chars().count() > LONGEST_KEY {
                return Err(wrong(part, PartProblem::TooLong(LONGEST_KEY)));
            }
            if value.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(wrong(part, PartProblem::WhiteSpace));
            }
        }
        Ok(Credential::Key { name: name.to_owned(), key: Secret::new(key) })
    }
}

fn wrong(part: Part, problem: PartProblem) -> ConnectionStringError {
    ConnectionStringError::Wrong { part: part.as_str(), problem }
}

/// A name that may be shown in an error: too short and plain to be a key.
fn showable(name: &str) -> Option<String> {
    let plain = name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-'));
    (plain && !name.is_empty() && name.len() <= 24).then(|| name.to_owned())
}

/// The beginning of a part's name: what no piece of a key is.
fn is_near_a_part(name: &str) -> bool {
    let begins = |part: Part| part.as_str().get(..name.len());
    let is_begun = |part| begins(part).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    name.len() >= 4 && Part::ALL.into_iter().any(is_begun)
}

/// Namespace and, in the classic form, the name in the path.
fn parse_endpoint_address(
    text: &str,
) -> Result<(NamespaceAddress, Option<String>), ConnectionStringError> {
    let bad = |problem| wrong(Part::Endpoint, problem);
    let (scheme, rest) = text.split_once("://").ok_or_else(|| bad(PartProblem::NoAddress))?;
    if !["sb", "https", "wss"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return Err(bad(PartProblem::OtherScheme));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.split_once(':') {
        None => (authority, DEFAULT_PORT),
        Some((host, port)) => match port.parse() {
            Ok(port) if port > 0 => (host, port),
            _ => return Err(bad(PartProblem::BadPort)),
        },
    };
    if host.is_empty() {
        return Err(bad(PartProblem::NoHost));
    }
    let is_host_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !host.chars().all(is_host_char) || host.starts_with('.') || host.contains("..") {
        return Err(bad(PartProblem::BadHost));
    }
    let name = path.trim_matches('/');
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok((NamespaceAddress::new(host.trim_end_matches('.'), port), name))
}

fn check_name(name: &str) -> Result<(), ConnectionStringError> {
    if name.is_empty() {
        return Err(ConnectionStringError::NoValue(Part::EntityPath.as_str()));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(wrong(Part::EntityPath, PartProblem::TooLong(LONGEST_NAME)));
    }
    let is_name_char = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '/');
    match name.chars().find(|&c| !is_name_char(c)) {
        None => Ok(()),
        Some(bad) => Err(wrong(Part::EntityPath, PartProblem::BadCharacter(bad))),
    }
}

/// `hh:mm:ss` (.NET) or whole seconds (Java).
fn parse_timeout(text: &str) -> Result<Duration, ConnectionStringError> {
    let bad = || wrong(Part::OperationTimeout, PartProblem::NoTimeout);
    let mut seconds: u64 = 0;
    let fields: Vec<&str> = text.split(':').collect();
    if !matches!(fields.len(), 1 | 3) {
        return Err(bad());
    }
    for field in fields {
        let number: u64 = field.parse().ok().filter(|&n| n <= 1_000_000).ok_or_else(bad)?;
        seconds = seconds * 60 + number;
    }
    if seconds == 0 { Err(bad()) } else { Ok(Duration::from_secs(seconds)) }
}

/// Checks that a ready-made signature has its four fields.
fn parse_signature(token: &str) -> Result<Credential, ConnectionStringError> {
    let bad = |problem| wrong(Part::SharedAccessSignature, problem);
    let (scheme, fields) = token
        .split_once(char::is_whitespace)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("SharedAccessSignature"))
        .ok_or_else(|| bad(PartProblem::NoSignature))?;
    debug_assert!(!scheme.is_empty());
    let field = |name: &str| {
        fields.split('&').filter_map(|field| field.split_once('=')).find_map(|(key, value)| {
            (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
        })
    };
    for name in ["sr", "sig", "se"] {
        if field(name).is_none() {
            return Err(bad(PartProblem::NoField(name)));
        }
    }
    let name = field("skn").ok_or_else(|| bad(PartProblem::NoField("skn")))?;
    Ok(Credential::Signature { name, token: Secret::new(token) })
}

/// Splits a text into connection strings, each a list of `name=value` fields.
fn split(text: &str) -> Vec<Numbered<Vec<String>>> {
    let mut strings: Vec<Numbered<Vec<String>>> = Vec::new();
    let mut open = false; // the last field may run on in the next line
    let mut fresh = true; // the next field begins a new string
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_matches(['"', '\'', '\u{feff}', ',']).trim();
        if line.is_empty() || line.starts_with('#') {
            (open, fresh) = (false, true);
            continue;
        }
        for (position, field) in line.split(';').enumerate() {
            let field = field.trim();
            if field.is_empty() {
                open = false;
                continue;
            }
            let part = part_of(field);
            if position == 0 && open && part.is_none() {
                // A wrapped line: the value runs on.
                if let Some(last) = strings.last_mut().and_then(|one| continued(&mut one.value)) {
                    last.push_str(field);
                    continue;
                }
                fresh = true;
            }
            let repeats = position == 0
                && part.is_some()
                && strings
                    .last()
                    .is_some_and(|one| one.value.iter().any(|field| part_of(field) == part));
            if fresh || repeats {
                strings.push(Numbered { line: index + 1, value: Vec::new() });
                fresh = false;
            }
            if let Some(one) = strings.last_mut() {
                one.value.push(field.to_owned());
            }
            open = true;
        }
        if line.ends_with(';') {
            open = false;
        }
    }
    strings
}

/// The field that a wrapped line continues. Once all parts are there only a key
/// that is too short to be whole is continued: gluing a stray line to a name would
/// silently make another name of it.
fn continued(fields: &mut [String]) -> Option<&mut String> {
    /// Base64 of the 32 bytes of a key.
    const WHOLE_KEY: usize = 44;
    let has = |part: Part| fields.iter().any(|field| part_of(field) == Some(part));
    let complete = [Part::Endpoint, Part::EntityPath, Part::SharedAccessKeyName]
        .into_iter()
        .chain([Part::SharedAccessKey])
        .all(has);
    let last = fields.last_mut()?;
    let key_is_short = part_of(last) == Some(Part::SharedAccessKey)
        && last.split_once('=').is_some_and(|(_, value)| value.trim().len() < WHOLE_KEY);
    (!complete || key_is_short).then_some(last)
}

fn part_of(field: &str) -> Option<Part> {
    field.split_once('=').and_then(|(name, _)| Part::by_name(name.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "dGVzdC1rZXktbm90LXJlYWw=";

    fn parse(text: &str) -> Result<ConnectionString, ConnectionStringError> {
        ConnectionString::parse(text)
    }

    fn expect(text: &str, id: &str) {
        let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.id.full(), id);
        let key = Credential::Key { name: "defaultListener".into(), key: Secret::new(KEY) };
        assert_eq!(parsed.credential, key);
    }

    #[test]
    fn reads_every_spelling() {
        let plain = "contoso.servicebus.windows.net/hc1";
        let rest = format!("SharedAccessKeyName=defaultListener;SharedAccessKey={KEY}");
        for text in [
            format!("Endpoint=sb://contoso.servicebus.windows.net/;{rest};EntityPath=hc1"),
            format!("Endpoint=sb://contoso.servicebus.windows.net;{rest};EntityPath=hc1;"),
            format!("EntityPath=hc1;{rest};Endpoint=sb://Contoso.ServiceBus.Windows.net/"),
            format!("endpoint=SB://contoso.servicebus.windows.net/;{rest};ENTITYPATH=/hc1/ ;; "),
            format!("\"Endpoint=sb://contoso.servicebus.windows.net/;{rest};EntityPath=hc1\"\n"),
            format!("Endpoint=sb://contoso.servicebus.windows.net/hc1;{rest}"),
            format!(
                "Endpoint = sb://contoso.servicebus.windows.net:443/ ; {rest} ; EntityPath = hc1"
            ),
            format!(
                "Endpoint=sb://contoso.servicebus.windows.net/;\r\n  {rest}\r\n  EntityPath=hc1"
            ),
            format!("Endpoint=sb://contoso.service\n  bus.windows.net/;{rest};EntityPath=hc1"),
            format!(
                "Endpoint=sb://contoso.servicebus.windows.net/;{rest};EntityPath=hc1;OperationTimeout=00:01:00"
            ),
        ] {
            expect(&text, plain);
        }
        expect(
            &format!("Endpoint=sb://ns.servicebus.chinacloudapi.cn/;{rest};EntityPath=a/b_c.d-e"),
            "ns.servicebus.chinacloudapi.cn/a/b_c.d-e",
        );
        expect(
            &format!("Endpoint=sb://demo.servicebus.localhost:10443/;{rest};EntityPath=hc1"),
            "demo.servicebus.localhost:10443/hc1",
        );
    }

    #[test]
    fn reads_a_ready_made_signature() {
        let text = "Endpoint=sb://a.b/;EntityPath=x;SharedAccessSignature=SharedAccessSignature sr=http%3A%2F%2Fa.b%2Fx%2F&sig=abc%3D&se=1700000000&skn=listen";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.credential.key_name(), "listen");
        let error = parse(&text.replace("&se=1700000000", "")).unwrap_err().to_string();
        assert!(error.contains("SharedAccessSignature has no field se="), "{error}");
    }

    #[test]
    fn its_usual_spelling_means_the_same() {
        for text in [
            format!("Endpoint=sb://a.b:444/x/y;SharedAccessKeyName=k;SharedAccessKey={KEY}"),
            format!("EntityPath=x;Endpoint=sb://A.b;SharedAccessKey={KEY};SharedAccessKeyName=k;OperationTimeout=01:00:05"),
            "Endpoint=sb://a.b/;EntityPath=x;SharedAccessSignature=SharedAccessSignature sr=a&sig=b%3D&se=1&skn=l".to_owned(),
        ] {
            let parsed = parse(&text).unwrap();
            assert_eq!(parse(parsed.to_secret().expose()), Ok(parsed), "{text}");
        }
    }

    #[test]
    fn parts_that_are_known_make_one_too() {
        let of = |endpoint: &str, name: &str, key_name: &str, key: &str| {
            ConnectionString::of_parts(endpoint, name, key_name, &Secret::new(key))
        };
        for endpoint in ["sb://contoso.b", "sb://contoso.b/", "sb://contoso.b/hc1"] {
            let string = of(endpoint, "hc1", "listen", KEY).unwrap();
            assert_eq!(string.id.full(), "contoso.b/hc1");
            assert_eq!(parse(string.to_secret().expose()), Ok(string));
        }
        for (endpoint, name, key_name, key, part) in [
            ("sb://contoso.b/hc1", "hc2", "listen", KEY, "EntityPath"),
            ("contoso.b", "hc1", "listen", KEY, "Endpoint"),
            ("sb://contoso.b", "", "listen", KEY, "EntityPath"),
            ("sb://contoso.b", "hc1", "a;EntityPath=b", KEY, "SharedAccessKeyName"),
            ("sb://contoso.b", "hc1", "listen", "c2Vj;OperationTimeout=5", "SharedAccessKey"),
            ("sb://contoso.b", "hc1", "listen", "c2Vj cmV0", "SharedAccessKey"),
        ] {
            let error = of(endpoint, name, key_name, key).unwrap_err();
            assert_eq!(error.part(), Some(part), "{error}");
            assert!(!error.to_string().contains("c2Vj"), "{error}");
        }
    }

    #[test]
    fn the_rest_of_a_key_that_was_cut_is_not_shown() {
        let with = |end: &str| format!("Endpoint=sb://contoso.servicebus.windows.net/hc1;{end}");
        let cut = with("SharedAccessKeyName=n;SharedAccessKey=q2hJ8sK;DfGhJkLmNoP=");
        assert_eq!(parse(&cut), Err(ConnectionStringError::Unknown(None)));
        let strange = with("Color=blue;SharedAccessKeyName=n;SharedAccessKey=q2hJ8sK=");
        assert_eq!(parse(&strange), Err(ConnectionStringError::Unknown(Some("Color".into()))));
    }

    #[test]
    fn names_the_part_that_is_wrong() {
        let with = |from: &str, to: &str| {
            let text = format!(
                "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=defaultListener;SharedAccessKey={KEY};EntityPath=hc1"
            );
            let text = text.replace(from, to);
            let error = parse(&text).expect_err(&text);
            let said = error.to_string();
            assert!(!said.contains(&KEY[..8]), "shows the key: {said}");
            (error, said)
        };
        for (from, to, part, words) in [
            (";EntityPath=hc1", "", "EntityPath", "of a whole namespace"),
            ("EntityPath=hc1", "EntityPath=", "EntityPath", "no value"),
            ("EntityPath=hc1", "EntityPath=h c", "EntityPath", "' '"),
            ("Endpoint=sb://contoso.servicebus.windows.net/;", "", "Endpoint", "has no Endpoint"),
            ("sb://", "http://", "Endpoint", "scheme"),
            ("sb://contoso.servicebus.windows.net/", "contoso", "Endpoint", "not an address"),
            ("windows.net/", "windows.net:0/", "Endpoint", "port"),
            ("sb://contoso.servicebus.windows.net/", "sb://", "Endpoint", "no host"),
            ("SharedAccessKeyName=defaultListener;", "", "SharedAccessKeyName", "belongs to"),
            ("EntityPath=hc1", "EntityPath=a;EntityPath=b", "EntityPath", "twice"),
            ("EntityPath=hc1", "EntityPath=hc1;OperationTimeout=0", "OperationTimeout", "hh:mm:ss"),
            (
                "EntityPath=hc1",
                "EntityPath=hc1;Authentication=Managed Identity",
                "Authentication",
                "Listen",
            ),
        ] {
            let (error, said) = with(from, to);
            assert_eq!(error.part(), Some(part), "{said}");
            assert!(said.contains(words), "{said}");
        }
        let (_, said) = with("EntityPath=hc1", "Entity=hc1");
        assert!(said.contains("\"Entity\" is not a part"), "{said}");
    }

    #[test]
    fn a_pasted_key_alone_is_not_shown() {
        let error = parse("q2hJ8sKx0P4tV9zYb1LmN3oR5uW7eA6cDfGhJkLmNoP=").unwrap_err();
        assert!(!error.to_string().contains("q2hJ"), "{error}");
        assert_eq!(parse(""), Err(ConnectionStringError::Empty));
    }

    #[test]
    fn reads_several_and_says_where_each_begins() {
        let one = |name: &str| {
            format!(
                "Endpoint=sb://a.b/;SharedAccessKeyName=k;SharedAccessKey={KEY};EntityPath={name}"
            )
        };
        let text = format!("{}\n{}\n\n# a note\n{}\nnonsense\n", one("x"), one("y"), one("z"));
        let found = ConnectionString::parse_many(&text);
        let names: Vec<_> = found
            .iter()
            .map(|one| (one.line, one.value.as_ref().map(|s| s.id.name().to_owned())))
            .collect();
        assert_eq!(names[0], (1, Ok("x".to_owned())));
        assert_eq!(names[1], (2, Ok("y".to_owned())));
        assert_eq!(names[2], (5, Ok("z".to_owned())));
        assert_eq!(names[3], (6, Err(&ConnectionStringError::Unknown(None))));
        assert!(matches!(parse(&text), Err(ConnectionStringError::Several(4))));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_shows_a_key(text in "\\PC{0,200}", key in "[A-Za-z0-9+/]{42}=") {
            let whole = format!("{text};SharedAccessKey={key};{text}");
            for one in ConnectionString::parse_many(&whole) {
                if let Err(error) = one.value {
                    let said = error.to_string();
                    prop_assert!(!said.contains(&key));
                }
            }
        }
    }
}
