//! Whether a configuration makes sense, and what is wrong with it where.

use std::collections::BTreeSet;

use super::config::{EmulatorConfig, HybridConnectionConfig, RuleConfig};
use super::error::EmulatorError;
use crate::model::{Endpoint, Secret};

impl EmulatorConfig {
    /// Checks every name and endpoint.
    pub(crate) fn check(&self) -> Result<(), EmulatorError> {
        let mut hosts = BTreeSet::new();
        for (i, namespace) in self.namespaces.iter().enumerate() {
            let at = format!("namespaces[{i}]");
            check_namespace_name(&namespace.name)
                .map_err(|problem| EmulatorError::config(format!("{at}.name"), problem))?;
            if !hosts.insert(namespace.host()) {
                return Err(EmulatorError::config(format!("{at}.name"), "is there twice"));
            }
            check_rules(&namespace.rules, &at)?;
            let mut names = BTreeSet::new();
            for (k, hybrid_connection) in namespace.hybrid_connections.iter().enumerate() {
                let at = format!("{at}.hybridConnections[{k}]");
                hybrid_connection.check(&at)?;
                if !names.insert(hybrid_connection.name.to_ascii_lowercase()) {
                    return Err(EmulatorError::config(format!("{at}.name"), "is there twice"));
                }
            }
        }
        self.azure.check(&hosts)
    }
}

impl HybridConnectionConfig {
    /// Checks name, endpoint and rules; `at` says where it stands.
    pub(crate) fn check(&self, at: &str) -> Result<(), EmulatorError> {
        let is_name_char =
            |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '/');
        let plain = self.name.chars().all(is_name_char)
            && !self.name.starts_with('/')
            && !self.name.ends_with('/');
        if self.name.is_empty() || self.name.chars().count() > 260 || !plain {
            return Err(EmulatorError::config(
                format!("{at}.name"),
                "is not a name of 1 to 260 letters, digits and . - _ ~ /",
            ));
        }
        if self.endpoint.is_some() && self.user_metadata.is_some() {
            let problem = "is there beside userMetadata; one of them is enough";
            return Err(EmulatorError::config(format!("{at}.endpoint"), problem));
        }
        if let Some(endpoint) = &self.endpoint {
            endpoint.parse::<Endpoint>().map_err(|error| {
                EmulatorError::config(format!("{at}.endpoint"), error.to_string())
            })?;
        }
        check_rules(&self.rules, at)
    }
}

fn check_namespace_name(name: &str) -> Result<(), &'static str> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.split('.').all(is_label) {
        Ok(())
    } else {
        Err("is neither a name such as contoso nor a host name")
    }
}

fn check_rules(rules: &[RuleConfig], at: &str) -> Result<(), EmulatorError> {
    let mut names = BTreeSet::new();
    for (i, rule) in rules.iter().enumerate() {
        let at = |part: &str| format!("{at}.rules[{i}].{part}");
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | '=' | '&' | '/');
        let length = rule.name.chars().count();
        if !(1..=256).contains(&length) || !rule.name.chars().all(is_plain) {
            return Err(EmulatorError::config(at("name"), "is not a rule's name"));
        }
        if !names.insert(&rule.name) {
            return Err(EmulatorError::config(at("name"), "is there twice"));
        }
        if rule.rights.is_empty() {
            let problem = "is empty; a rule has one or more of Listen, Send and Manage";
            return Err(EmulatorError::config(at("rights"), problem));
        }
        for (part, key) in
            [("primaryKey", &rule.primary_key), ("secondaryKey", &rule.secondary_key)]
        {
            let is_key = |key: &Secret| {
                let key = key.expose();
                (1..=256).contains(&key.len())
                    && key.bytes().all(|b| b.is_ascii_graphic() && b != b';')
            };
            if key.as_ref().is_some_and(|key| !is_key(key)) {
                let problem = "is not a key of 1 to 256 characters without space and semicolon";
                return Err(EmulatorError::config(at(part), problem));
            }
        }
    }
    Ok(())
}

/// What serde says, without the value that it may quote.
pub(crate) fn plain_json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.split_once("invalid type: string \"") {
        Some((_, rest)) => {
            let expected = rest.rsplit_once("\", ").map_or("", |(_, expected)| expected);
            format!("invalid type: a text, {expected}")
        }
        None => text.to_owned(),
    }
}
