//! The object of `login`.

use jiff::Timestamp;
use serde::Serialize;

use crate::azure::{AzureError, Subscription, Subscriptions, Unread};
use crate::cli::render::account::Attempt;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoginShape<'a> {
    sign_ins: Vec<SignInShape<'a>>,
    subscriptions: Vec<SubscriptionShape<'a>>,
    problems: Vec<ProblemShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SignInShape<'a> {
    method: &'static str,
    works: bool,
    account: Option<&'a str>,
    tenant_id: Option<&'a str>,
    expires_on: Option<Timestamp>,
    error: Option<AzureErrorShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SubscriptionShape<'a> {
    subscription_id: &'a str,
    subscription: &'a str,
    tenant_id: &'a str,
    tenant: Option<&'a str>,
    state: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProblemShape<'a> {
    /// None where the list of tenants itself cannot be read.
    tenant: Option<&'a str>,
    error: AzureErrorShape<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AzureErrorShape<'a> {
    code: &'static str,
    message: String,
    azure_code: Option<&'a str>,
    correlation_id: Option<&'a str>,
}

impl<'a> LoginShape<'a> {
    pub(super) fn of(attempts: &'a [Attempt], seen: Option<&'a Subscriptions>) -> Self {
        let list = seen.map_or(&[][..], |seen| &seen.list);
        let problems = seen.map_or(&[][..], |seen| &seen.problems);
        let problem = |(what, error): &'a (Unread, AzureError)| ProblemShape {
            tenant: match what {
                Unread::Tenants => None,
                Unread::Tenant { name, .. } => Some(name),
            },
            error: AzureErrorShape::of(error),
        };
        Self {
            sign_ins: attempts.iter().map(SignInShape::of).collect(),
            subscriptions: list.iter().map(SubscriptionShape::of).collect(),
            problems: problems.iter().map(problem).collect(),
        }
    }
}

impl<'a> SignInShape<'a> {
    fn of(Attempt { method, result }: &'a Attempt) -> Self {
        let works = result.as_ref().ok();
        Self {
            method: method.as_str(),
            works: works.is_some(),
            account: works.map(|it| it.account.name.as_str()),
            tenant_id: works.and_then(|it| it.account.tenant_id.as_deref()),
            expires_on: works.and_then(|it| it.ends),
            error: result.as_ref().err().map(AzureErrorShape::of),
        }
    }
}

impl<'a> SubscriptionShape<'a> {
    fn of(one: &'a Subscription) -> Self {
        Self {
            subscription_id: &one.id,
            subscription: &one.name,
            tenant_id: &one.tenant_id,
            tenant: one.tenant.as_deref(),
            state: one.state.as_deref(),
        }
    }
}

impl<'a> AzureErrorShape<'a> {
    fn of(error: &'a AzureError) -> Self {
        Self {
            code: error.kind.as_str(),
            message: error.to_string(),
            azure_code: error.code.as_deref(),
            correlation_id: error.correlation_id.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{HELP, login};
    use super::*;
    use crate::azure::{Account, AzureErrorKind, Method};
    use crate::cli::render::account::{SignedIn, sample};

    #[test]
    fn each_way_and_each_subscription_is_an_object() {
        let account = Account {
            name: "you@contoso.com".to_owned(),
            tenant_id: None,
            method: Method::AzureCli,
        };
        let ends = Some("2026-11-22T05:00:00Z".parse().unwrap());
        let error = AzureError::new(AzureErrorKind::BadCredentials, "wrong secret")
            .with_azure(Some("AADSTS7000215".into()), None);
        let tried = [
            Attempt { method: Method::AzureCli, result: Ok(SignedIn { account, ends }) },
            Attempt { method: Method::Environment, result: Err(error.clone()) },
        ];
        let seen = Subscriptions {
            list: vec![sample::subscription("Production")],
            problems: vec![(Unread::Tenant { name: "Fabrikam".to_owned(), id: None }, error)],
        };
        let shown: Value = serde_json::from_str(&login(&tried, Some(&seen))).unwrap();
        assert_eq!(
            shown["SignIns"][0],
            json!({
                "Method": "azure-cli",
                "Works": true,
                "Account": "you@contoso.com",
                "TenantId": null,
                "ExpiresOn": "2026-11-22T05:00:00Z",
                "Error": null,
            })
        );
        assert_eq!(shown["SignIns"][1]["Error"]["Code"], "bad-credentials");
        assert_eq!(shown["SignIns"][1]["Error"]["AzureCode"], "AADSTS7000215");
        assert_eq!(shown["Subscriptions"][0]["Subscription"], "Production");
        assert_eq!(shown["Problems"][0]["Tenant"], "Fabrikam");
        for key in ["SignIns", "ExpiresOn", "Subscriptions", "Problems", "CorrelationId"] {
            assert!(HELP.contains(key), "{key}");
        }
        assert_eq!(
            login(&[], None),
            "{\n  \"SignIns\": [],\n  \"Subscriptions\": [],\n  \"Problems\": []\n}"
        );
    }
}
