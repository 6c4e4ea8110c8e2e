//! What a token says of its owner, for people to read. Nothing is decided by it: the
//! signature is Azure's business.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The members of a token's payload that name its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    /// Id of the tenant.
    #[serde(rename = "tid")]
    pub(super) tenant_id: Option<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
    unique_name: Option<String>,
    email: Option<String>,
    name: Option<String>,
    app_displayname: Option<String>,
    appid: Option<String>,
    oid: Option<String>,
}

impl Claims {
    /// What `token` says; nothing of one that cannot be read.
    pub(super) fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).map(|part| part.trim_end_matches('='));
        let payload = payload.and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
    }

    /// The name by which a person knows the owner.
    pub(super) fn name(&self) -> Option<String> {
        let names = [
            &self.preferred_username,
            &self.upn,
            &self.unique_name,
            &self.email,
            &self.name,
            &self.app_displayname,
            &self.appid,
            &self.oid,
        ];
        let named = names.into_iter().flatten().find(|name| !name.is_empty())?;
        // An account of another identity provider: "live.com#somebody@example.com".
        let name = named.rsplit('#').next().unwrap_or(named);
        Some(name.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn the_owner_is_named_as_people_know_it() {
        let of = |payload| Claims::of(&token(payload)).name();
        assert_eq!(of(r#"{"upn":"you@contoso.com","oid":"1"}"#).unwrap(), "you@contoso.com");
        assert_eq!(of(r#"{"unique_name":"live.com#a@b.c","tid":"t"}"#).unwrap(), "a@b.c");
        assert_eq!(of(r#"{"appid":"app-1","oid":"1"}"#).unwrap(), "app-1");
        assert_eq!(of("{}"), None);
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for text in ["", "opaque", "a.b.c", "a.!!.c", &token("[]")] {
            assert_eq!(Claims::of(text), Claims::default());
        }
    }
}
