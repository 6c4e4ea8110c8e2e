//! Whether the part of the configuration about Azure makes sense.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::config::AzureConfig;
use crate::emulator::config::host_of;
use crate::emulator::error::EmulatorError;

const LONGEST_SECONDS: u64 = 365 * 24 * 3600;

impl AzureConfig {
    /// Checks ids, names and references; `hosts` are the namespaces that there are.
    pub(crate) fn check(&self, hosts: &BTreeSet<String>) -> Result<(), EmulatorError> {
        self.check_tenants()?;
        self.check_principals()?;
        self.check_subscriptions(hosts)?;
        if !(1..=10_000).contains(&self.page_size) {
            return Err(wrong("pageSize", "is not from 1 to 10000"));
        }
        for (at, seconds) in [
            ("tokenSeconds", self.token_seconds),
            ("deviceCodeIntervalSeconds", self.device_code_interval_seconds),
            ("deviceCodeSeconds", self.device_code_seconds),
        ] {
            if !(1..=LONGEST_SECONDS).contains(&seconds) {
                return Err(wrong(at, "is not from 1 second to a year"));
            }
        }
        if self.latency_millis > 600_000 {
            return Err(wrong("latencyMillis", "is more than ten minutes"));
        }
        Ok(())
    }

    fn check_tenants(&self) -> Result<(), EmulatorError> {
        let mut seen = BTreeSet::new();
        for (i, tenant) in self.tenants.iter().enumerate() {
            let at = |part: &str| format!("tenants[{i}].{part}");
            check_id(tenant.id.as_deref(), &at("id"))?;
            check_text(&tenant.name, &at("name"))?;
            let domain = &tenant.domain;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            if !domain.contains('.') || !domain.chars().all(is_plain) {
                return Err(wrong(&at("domain"), "is not a domain such as contoso.com"));
            }
            let known = [tenant.id.as_ref(), Some(&tenant.name), Some(domain)];
            for name in known.into_iter().flatten() {
                if !seen.insert(name.to_ascii_lowercase()) {
                    return Err(wrong(&format!("tenants[{i}]"), "is there twice"));
                }
            }
        }
        Ok(())
    }

    fn check_principals(&self) -> Result<(), EmulatorError> {
        let mut seen = BTreeSet::new();
        for (i, user) in self.users.iter().enumerate() {
            let at = |part: &str| format!("users[{i}].{part}");
            let is_name = |name: &str| {
                name.split_once('@').is_some_and(|(name, domain)| {
                    !name.is_empty() && !domain.is_empty() && !domain.contains('@')
                }) && name.chars().all(|c| c.is_ascii_graphic())
            };
            if !is_name(&user.name) {
                return Err(wrong(&at("name"), "is not a name such as you@contoso.com"));
            }
            if !seen.insert(user.name.to_ascii_lowercase()) {
                return Err(wrong(&at("name"), "is there twice"));
            }
            self.check_reference(&user.tenant, &at("tenant"))?;
            for guest_of in &user.guest_of {
                self.check_reference(guest_of, &at("guestOf"))?;
            }
        }
        for (i, principal) in self.service_principals.iter().enumerate() {
            let at = |part: &str| format!("servicePrincipals[{i}].{part}");
            check_id(Some(&principal.client_id), &at("clientId"))?;
            if !seen.insert(principal.client_id.to_ascii_lowercase()) {
                return Err(wrong(&at("clientId"), "is there twice"));
            }
            if principal.secret.expose().is_empty() {
                return Err(wrong(&at("secret"), "is empty"));
            }
            self.check_reference(&principal.tenant, &at("tenant"))?;
        }
        if let Some(identity) = &self.managed_identity {
            check_id(identity.client_id.as_deref(), "managedIdentity.clientId")?;
            self.check_reference(&identity.tenant, "managedIdentity.tenant")?;
        }
        Ok(())
    }

    fn check_subscriptions(&self, hosts: &BTreeSet<String>) -> Result<(), EmulatorError> {
        let (mut names, mut placed) = (BTreeSet::new(), BTreeSet::new());
        for (i, subscription) in self.subscriptions.iter().enumerate() {
            let at = |part: &str| format!("subscriptions[{i}].{part}");
            check_id(subscription.id.as_deref(), &at("id"))?;
            check_text(&subscription.name, &at("name"))?;
            let same = subscription.id.as_ref().unwrap_or(&subscription.name);
            if !names.insert(same.to_ascii_lowercase()) {
                return Err(wrong(&at("id"), "is there twice"));
            }
            self.check_reference(&subscription.tenant, &at("tenant"))?;
            let mut groups = BTreeSet::new();
            for (k, group) in subscription.resource_groups.iter().enumerate() {
                let at = |part: &str| at(&format!("resourceGroups[{k}].{part}"));
                let is_plain =
                    |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '(' | ')');
                if group.name.is_empty() || !group.name.chars().all(is_plain) {
                    return Err(wrong(&at("name"), "is not a resource group's name"));
                }
                if !groups.insert(group.name.to_ascii_lowercase()) {
                    return Err(wrong(&at("name"), "is there twice"));
                }
                for namespace in &group.namespaces {
                    let host = host_of(namespace);
                    if !hosts.contains(&host) {
                        return Err(wrong(
                            &at("namespaces"),
                            "names a namespace that is not there",
                        ));
                    }
                    if !placed.insert(host) {
                        return Err(wrong(&at("namespaces"), "names a namespace the second time"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether `reference` is a tenant's id, name or domain.
    fn check_reference(&self, reference: &str, at: &str) -> Result<(), EmulatorError> {
        let is_it = |own: &str| own.eq_ignore_ascii_case(reference);
        let is_known = if self.tenants.is_empty() {
            is_it("contoso.com") || is_it("Contoso")
        } else {
            self.tenants.iter().any(|tenant| {
                is_it(&tenant.name)
                    || is_it(&tenant.domain)
                    || tenant.id.as_deref().is_some_and(is_it)
            })
        };
        if is_known { Ok(()) } else { Err(wrong(at, "is no tenant's id, name or domain")) }
    }
}

fn check_id(id: Option<&str>, at: &str) -> Result<(), EmulatorError> {
    match id {
        Some(id) if Uuid::try_parse(id).is_err() => Err(wrong(at, "is not a GUID")),
        _ => Ok(()),
    }
}

fn check_text(text: &str, at: &str) -> Result<(), EmulatorError> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(wrong(at, "is not a name"));
    }
    Ok(())
}

fn wrong(at: &str, problem: &str) -> EmulatorError {
    EmulatorError::config(format!("azure.{at}"), problem)
}

#[cfg(test)]
mod tests {
    use crate::emulator::EmulatorConfig;

    fn problem(azure: &str) -> String {
        let text = format!(r#"{{"namespaces":[{{"name":"a"}}],"azure":{azure}}}"#);
        EmulatorConfig::from_json(&text).unwrap_err().to_string()
    }

    #[test]
    fn the_documented_form_is_read() {
        let text = r#"{"namespaces":[{"name":"contoso"}],"azure":{
            "tenants":[{"name":"Contoso","domain":"contoso.com"},
                {"id":"11111111-2222-3333-4444-555555555555","name":"Fabrikam","domain":"fabrikam.com"}],
            "users":[{"name":"you@contoso.com","displayName":"You","tenant":"contoso.com",
                "guestOf":["fabrikam.com"]}],
            "servicePrincipals":[{"clientId":"11111111-2222-3333-4444-555555555556",
                "secret":"hush","tenant":"Fabrikam"}],
            "managedIdentity":{"tenant":"contoso.com","header":"hush"},
            "subscriptions":[{"name":"P","tenant":"contoso.com","resourceGroups":[
                {"name":"rg","location":"West US","namespaces":["contoso"]}]}],
            "denied":[{"user":"you@contoso.com","scope":"/subscriptions/x","action":"listKeys/action"}],
            "pageSize":2,"tokenSeconds":60,"latencyMillis":1,
            "deviceCodeIntervalSeconds":1,"deviceCodeSeconds":60,"keysWithEntityPath":true}}"#;
        let config = EmulatorConfig::from_json(text).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn it_says_where_and_what_is_wrong() {
        let wrong = [
            (r#"{"tenant":1}"#, "unknown field"),
            (r#"{"pageSize":0}"#, "azure.pageSize"),
            (r#"{"tokenSeconds":0}"#, "azure.tokenSeconds"),
            (r#"{"tenants":[{"id":"x","name":"A","domain":"a.com"}]}"#, "tenants[0].id"),
            (r#"{"tenants":[{"name":"A","domain":"a"}]}"#, "tenants[0].domain"),
            (r#"{"users":[{"name":"x","tenant":"contoso.com"}]}"#, "users[0].name"),
            (r#"{"users":[{"name":"a@b","tenant":"nix.com"}]}"#, "users[0].tenant"),
            (
                r#"{"subscriptions":[{"name":"S","tenant":"contoso.com",
                "resourceGroups":[{"name":"rg","namespaces":["nix"]}]}]}"#,
                "subscriptions[0].resourceGroups[0].namespaces",
            ),
        ];
        for (azure, expected) in wrong {
            assert!(problem(azure).contains(expected), "{}", problem(azure));
        }
    }
}
