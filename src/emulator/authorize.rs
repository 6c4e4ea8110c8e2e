//! Who may do what: tokens against the rules that exist.

use hyper::StatusCode;
use jiff::Timestamp;

use super::answer::Refusal;
use super::config::Right;
use super::entity::Rule;
use super::registry::Registry;
use super::sas::Token;

/// What a valid token grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// When it ends, in seconds since 1970.
    pub(crate) expires: i64,
}

/// Checks `token` for `path` on `host`. Without `right`, any right will do.
///
/// # Errors
/// 401 for a missing, malformed, wrongly signed or expired token; 403 for a valid one
/// that is not for this path or action (source: Relay protocol guide).
pub(crate) fn authorize(
    registry: &Registry,
    host: &str,
    path: &str,
    token: Option<&str>,
    right: Option<Right>,
) -> Result<Grant, Refusal> {
    check(&registry.rules(host, path), host, path, token, right, Timestamp::now().as_second())
}

fn check(
    rules: &[Rule],
    host: &str,
    path: &str,
    token: Option<&str>,
    right: Option<Right>,
    now: i64,
) -> Result<Grant, Refusal> {
    let unauthorized = |text: String| Refusal::new(StatusCode::UNAUTHORIZED, text);
    let token = token.filter(|token| !token.trim().is_empty());
    let token = token.ok_or_else(|| unauthorized("RelaySecurityTokenRequired.".to_owned()))?;
    let token = Token::parse(token)
        .map_err(|problem| unauthorized(format!("Unable to process security token. {problem}")))?;
    let signed = |rule: &&Rule| {
        rule.config.name == token.rule
            && (token.is_signed_with(&rule.keys.primary)
                || token.is_signed_with(&rule.keys.secondary))
    };
    let rule = rules
        .iter()
        .find(signed)
        .ok_or_else(|| unauthorized("The token has an invalid signature.".to_owned()))?;
    if token.expires <= now {
        let at = Timestamp::from_second(token.expires).unwrap_or(Timestamp::MIN);
        let at = at.strftime("%-m/%-d/%Y %-I:%M:%S %p");
        return Err(unauthorized(format!("The token is expired. Expiration time: '{at}'.")));
    }
    let forbidden = |text: String| Refusal::new(StatusCode::FORBIDDEN, text);
    if !token.covers(host, path) {
        let text = "The token's audience does not match the requested address.";
        return Err(forbidden(text.to_owned()));
    }
    let rights = &rule.config.rights;
    match right {
        Some(right) if !rights.contains(&right) && !rights.contains(&Right::Manage) => {
            Err(forbidden(format!("Authorization failed for specified action: {right:?}.")))
        }
        _ => Ok(Grant { expires: token.expires }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::config::RuleConfig;
    use crate::emulator::sas::make;
    use crate::emulator::state::KeyPair;
    use crate::model::Secret;

    const HOST: &str = "contoso.servicebus.localhost";

    fn rule(name: &str, right: Right) -> Rule {
        let keys = KeyPair { primary: Secret::new("one"), secondary: Secret::new("two") };
        Rule { config: RuleConfig::new(name, [right]), keys }
    }

    fn outcome(resource: &str, name: &str, key: &str, expires: i64) -> (u16, String) {
        let rules = [rule("listen", Right::Listen), rule("send", Right::Send), {
            rule("manage", Right::Manage)
        }];
        let token = make(resource, name, &Secret::new(key), expires);
        match check(&rules, HOST, "hc1", Some(token.expose()), Some(Right::Listen), 1000) {
            Ok(grant) => (200, grant.expires.to_string()),
            Err(refusal) => (refusal.status.as_u16(), refusal.text),
        }
    }

    #[test]
    fn each_kind_of_token_gets_its_answer() {
        let own = "http://contoso.servicebus.localhost/hc1/";
        let namespace = "sb://contoso.servicebus.localhost:10443/";
        for (resource, name, key) in
            [(own, "listen", "one"), (own, "listen", "two"), (namespace, "manage", "one")]
        {
            assert_eq!(outcome(resource, name, key, 1001), (200, "1001".to_owned()));
        }
        let expect = |found: (u16, String), status, text: &str| {
            assert!(found.0 == status && found.1.contains(text), "{found:?}");
        };
        expect(outcome(own, "listen", "three", 1001), 401, "invalid signature");
        expect(outcome(own, "nobody", "one", 1001), 401, "invalid signature");
        expect(outcome(own, "listen", "one", 1000), 401, "The token is expired.");
        expect(outcome(own, "send", "one", 1001), 403, "specified action: Listen.");
        let other = "http://contoso.servicebus.localhost/hc2/";
        expect(outcome(other, "listen", "one", 1001), 403, "audience");
        let missing = check(&[], HOST, "hc1", None, None, 0).unwrap_err();
        assert_eq!((missing.status.as_u16(), missing.text.as_str()), {
            (401, "RelaySecurityTokenRequired.")
        });
    }
}
