//! What the emulator emulates: namespaces, hybrid connections and their rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde::{Deserialize, Deserializer};

use super::azure::AzureConfig;
use super::check;
use super::error::EmulatorError;
use crate::model::Secret;

/// The port that [`EmulatorConfig::new`] asks for.
pub const DEFAULT_PORT: u16 = 10443;
/// What a namespace named without a dot lives under; it always means 127.0.0.1
/// (RFC 6761).
pub const DEFAULT_DOMAIN: &str = "servicebus.localhost";

/// What the emulator emulates. Built in code, or read from a JSON file:
///
/// ```json
/// { "port": 10443,
///   "namespaces": [
///     { "name": "contoso",
///       "hybridConnections": [
///         { "name": "sql", "endpoint": "127.0.0.1:1433" } ] } ] }
/// ```
///
/// A namespace without rules gets `RootManageSharedAccessKey`; a hybrid connection
/// without rules gets `defaultListener` and `defaultSender`. Keys that are not given
/// are generated. Another member, `"azure"`, says who may see all that in Azure:
/// [`AzureConfig`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmulatorConfig {
    pub(crate) port: u16,
    pub(crate) namespaces: Vec<NamespaceConfig>,
    pub(crate) azure: AzureConfig,
    #[serde(skip)]
    pub(crate) state: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) limits: Limits,
}

/// How long and how much the emulator lets a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long an accept address is valid (Relay protocol guide: 30 seconds).
    pub(crate) rendezvous: Duration,
    /// How long a listener has to answer a request (Relay protocol guide: 60 seconds).
    pub(crate) response: Duration,
    /// Listeners of one hybrid connection (Relay protocol guide: 25).
    pub(crate) listeners: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rendezvous: Duration::from_secs(30),
            response: Duration::from_secs(60),
            listeners: 25,
        }
    }
}

/// One namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceConfig {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) rules: Vec<RuleConfig>,
    #[serde(default)]
    pub(crate) hybrid_connections: Vec<HybridConnectionConfig>,
}

/// One hybrid connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HybridConnectionConfig {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) endpoint: Option<String>,
    #[serde(default)]
    pub(crate) user_metadata: Option<String>,
    #[serde(default = "yes")]
    pub(crate) requires_client_authorization: bool,
    #[serde(default)]
    pub(crate) rules: Vec<RuleConfig>,
}

fn yes() -> bool {
    true
}

/// One authorization rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleConfig {
    pub(crate) name: String,
    pub(crate) rights: BTreeSet<Right>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) primary_key: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) secondary_key: Option<Secret>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::new))
}

/// What a rule's key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
pub enum Right {
    /// Be a listener.
    Listen,
    /// Be a sender.
    Send,
    /// Change the namespace; comes with the other two.
    Manage,
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl EmulatorConfig {
    /// Nothing yet, on port 10443.
    pub fn new() -> Self {
        Self {
            port: DEFAULT_PORT,
            namespaces: Vec::new(),
            azure: AzureConfig::new(),
            state: None,
            limits: Limits::default(),
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`EmulatorError::Config`] says where and what is wrong; it shows no value.
    pub fn from_json(text: &str) -> Result<Self, EmulatorError> {
        let config: Self = serde_json::from_str(text).map_err(|error| {
            let at = format!("line {}, column {}", error.line(), error.column());
            EmulatorError::config(at, check::plain_json_problem(&error))
        })?;
        config.check()?;
        Ok(config)
    }

    /// Reads the JSON form from a file.
    ///
    /// # Errors
    /// As [`Self::from_json`], or [`EmulatorError::File`].
    pub fn from_file(path: &Path) -> Result<Self, EmulatorError> {
        let text = std::fs::read_to_string(path).map_err(|source| EmulatorError::File {
            doing: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_json(&text)
    }

    /// Listens on this TCP port; 0 means any that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the CA and generated keys in this folder, so that they survive a restart.
    #[must_use]
    pub fn state_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// How long an accept address is valid; 30 seconds unless said otherwise.
    #[must_use]
    pub fn rendezvous_limit(mut self, limit: Duration) -> Self {
        self.limits.rendezvous = limit;
        self
    }

    /// How long a listener has to answer an HTTP request; 60 seconds unless said otherwise.
    #[must_use]
    pub fn response_limit(mut self, limit: Duration) -> Self {
        self.limits.response = limit;
        self
    }

    /// Says which tenants, people and subscriptions there are, and what they may do.
    #[must_use]
    pub fn azure(mut self, azure: AzureConfig) -> Self {
        self.azure = azure;
        self
    }

    /// Adds so many namespaces (`load-001`, …) with so many hybrid connections (`hc-001`,
    /// …) each, for measurements.
    #[must_use]
    pub fn many(mut self, namespaces: usize, hybrid_connections: usize) -> Self {
        for i in 1..=namespaces {
            let mut namespace = NamespaceConfig::new(format!("load-{i:03}"));
            for k in 1..=hybrid_connections {
                let endpoint = format!("db-{k:03}.load-{i:03}.internal:1433");
                let name = format!("hc-{k:03}");
                let hybrid_connection = HybridConnectionConfig::new(name).endpoint(endpoint);
                namespace = namespace.hybrid_connection(hybrid_connection);
            }
            self = self.namespace(namespace);
        }
        self
    }

    /// Adds a namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: NamespaceConfig) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Adds the hybrid connection `name` with the endpoint `host:port`, with the usual
    /// rules, to the namespace, which is made if it is not there.
    #[must_use]
    pub fn hybrid_connection(mut self, namespace: &str, name: &str, endpoint: &str) -> Self {
        let hybrid_connection = HybridConnectionConfig::new(name).endpoint(endpoint);
        let host = host_of(namespace);
        match self.namespaces.iter_mut().find(|there| there.host() == host) {
            Some(there) => there.hybrid_connections.push(hybrid_connection),
            None => self
                .namespaces
                .push(NamespaceConfig::new(namespace).hybrid_connection(hybrid_connection)),
        }
        self
    }
}

impl NamespaceConfig {
    /// A namespace by its name (`contoso` lives at `contoso.servicebus.localhost`) or
    /// its whole host.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rules: Vec::new(), hybrid_connections: Vec::new() }
    }

    /// Adds a rule for the whole namespace.
    #[must_use]
    pub fn rule(mut self, rule: RuleConfig) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds a hybrid connection.
    #[must_use]
    pub fn hybrid_connection(mut self, hybrid_connection: HybridConnectionConfig) -> Self {
        self.hybrid_connections.push(hybrid_connection);
        self
    }

    pub(crate) fn host(&self) -> String {
        host_of(&self.name)
    }
}

impl HybridConnectionConfig {
    /// A hybrid connection without an endpoint; senders have to show a token.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            endpoint: None,
            user_metadata: None,
            requires_client_authorization: true,
            rules: Vec::new(),
        }
    }

    /// Names the endpoint, `host:port`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Sets the metadata as it stands, valid or not.
    #[must_use]
    pub fn user_metadata(mut self, text: impl Into<String>) -> Self {
        self.user_metadata = Some(text.into());
        self
    }

    /// Whether senders have to show a token.
    #[must_use]
    pub fn requires_client_authorization(mut self, required: bool) -> Self {
        self.requires_client_authorization = required;
        self
    }

    /// Adds a rule for this hybrid connection.
    #[must_use]
    pub fn rule(mut self, rule: RuleConfig) -> Self {
        self.rules.push(rule);
        self
    }

    /// The metadata that Azure would keep.
    pub(crate) fn metadata(&self) -> Option<String> {
        let of_endpoint = |endpoint: &String| metadata_of(endpoint);
        self.user_metadata.clone().or_else(|| self.endpoint.as_ref().map(of_endpoint))
    }
}

/// The `userMetadata` that names `endpoint`, as App Service writes it.
pub(crate) fn metadata_of(endpoint: &str) -> String {
    serde_json::json!([{ "key": "endpoint", "value": endpoint }]).to_string()
}

impl RuleConfig {
    /// A rule with generated keys.
    pub fn new(name: impl Into<String>, rights: impl IntoIterator<Item = Right>) -> Self {
        let rights = rights.into_iter().collect();
        Self { name: name.into(), rights, primary_key: None, secondary_key: None }
    }

    /// Gives it this primary key.
    #[must_use]
    pub fn primary_key(mut self, key: Secret) -> Self {
        self.primary_key = Some(key);
        self
    }

    /// Gives it this secondary key.
    #[must_use]
    pub fn secondary_key(mut self, key: Secret) -> Self {
        self.secondary_key = Some(key);
        self
    }
}

/// The rules of a namespace that names none, as Azure makes them.
pub(crate) fn namespace_rules() -> Vec<RuleConfig> {
    vec![RuleConfig::new("RootManageSharedAccessKey", [Right::Listen, Right::Send, Right::Manage])]
}

/// The rules of a hybrid connection that names none, as App Service makes them.
pub(crate) fn hybrid_connection_rules() -> Vec<RuleConfig> {
    vec![
        RuleConfig::new("defaultListener", [Right::Listen]),
        RuleConfig::new("defaultSender", [Right::Send]),
    ]
}

/// A new key of 32 random bytes: 44 characters, as Azure makes them.
pub(crate) fn generate_key() -> Secret {
    let bytes = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    Secret::new(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The host of the namespace `name`, which may be a host already.
pub(crate) fn host_of(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name.contains('.') { name } else { format!("{name}.{DEFAULT_DOMAIN}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        EmulatorConfig::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_the_documented_form() {
        let config = EmulatorConfig::from_json(
            r#"{"port":1,"namespaces":[{"name":"Contoso","rules":[{"name":"root","rights":["Manage"],
               "primaryKey":"abc"}],"hybridConnections":[{"name":"a/b","endpoint":"db:1433"},
               {"name":"raw","userMetadata":"[{","requiresClientAuthorization":false}]}]}"#,
        )
        .unwrap();
        let namespace = &config.namespaces[0];
        assert_eq!((config.port, namespace.host().as_str()), (1, "contoso.servicebus.localhost"));
        let [sql, raw] = &namespace.hybrid_connections[..] else { panic!() };
        assert_eq!(sql.metadata().unwrap(), r#"[{"key":"endpoint","value":"db:1433"}]"#);
        assert!(sql.requires_client_authorization && !raw.requires_client_authorization);
        assert_eq!(raw.metadata().unwrap(), "[{");
        assert!(!format!("{config:?}").contains("abc"));
    }

    #[test]
    fn says_where_and_what_is_wrong() {
        assert!(problem("{").contains("line 1"));
        assert!(problem(r#"{"ports":1}"#).contains("unknown field `ports`"));
        assert!(problem(r#"{"namespaces":[{"name":"a b"}]}"#).contains("namespaces[0].name"));
        let of = |hybrid_connection: &str| {
            problem(&format!(
                r#"{{"namespaces":[{{"name":"a","hybridConnections":[{hybrid_connection}]}}]}}"#
            ))
        };
        assert!(of(r#"{"name":"x","endpoint":"db"}"#).contains("no port"));
        assert!(of(r#"{"name":"/x"}"#).contains("hybridConnections[0].name"));
        assert!(of(r#"{"name":"x"},{"name":"X"}"#).contains("twice"));
        let rule = r#"{"name":"x","rules":[{"name":"r","rights":[]}]}"#;
        assert!(of(rule).contains("rules[0].rights"));
    }

    #[test]
    fn no_error_shows_a_key() {
        for text in [
            r#"{"namespaces":[{"name":"a","rules":[{"name":"r","rights":["Send"],"primaryKey":"top secret"}]}]}"#,
            r#"{"namespaces":[{"name":"a","rules":"top secret"}]}"#,
            r#"{"namespaces":"top secret\", x"}"#,
        ] {
            assert!(!problem(text).contains("secret"), "{}", problem(text));
        }
    }

    #[test]
    fn generated_keys_look_like_azures() {
        assert_eq!(generate_key().expose().len(), 44);
        assert_ne!(generate_key(), generate_key());
    }

    #[test]
    fn hybrid_connections_of_one_namespace_come_together() {
        let config = EmulatorConfig::new()
            .hybrid_connection("contoso", "a", "h:1")
            .hybrid_connection("CONTOSO.servicebus.localhost", "b", "h:2");
        assert_eq!(config.namespaces.len(), 1);
        config.check().unwrap();
    }
}
