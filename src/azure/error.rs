//! What went wrong with an Azure account, as a kind with its meaning and what to do.

use std::fmt;

use crate::model::coded::coded;

/// Something that keeps a sign-in, a list or a key from coming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureError {
    /// What kind.
    pub kind: AzureErrorKind,
    /// What was seen, in the words of whoever reported it; never a token, code or key.
    pub detail: String,
    /// Azure's own code, `AADSTS50076` or `AuthorizationFailed` for example.
    pub code: Option<String>,
    /// Azure's correlation id, for a support request.
    pub correlation_id: Option<String>,
}

impl AzureError {
    /// An error with what was seen.
    pub fn new(kind: AzureErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), code: None, correlation_id: None }
    }

    /// The same with Azure's code and correlation id.
    #[must_use]
    pub fn with_azure(mut self, code: Option<String>, correlation_id: Option<String>) -> Self {
        (self.code, self.correlation_id) = (code, correlation_id);
        self
    }
}

impl fmt::Display for AzureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.summary())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail.trim_end_matches('.'))?;
        }
        write!(f, ". {}", self.kind.advice())?;
        let ids = [("Azure's code", &self.code), ("correlation id", &self.correlation_id)];
        let ids: Vec<String> = ids
            .into_iter()
            .filter_map(|(name, id)| Some(format!("{name}: {}", id.as_deref()?)))
            .collect();
        if ids.is_empty() { Ok(()) } else { write!(f, " ({})", ids.join(", ")) }
    }
}

impl std::error::Error for AzureError {}

coded! {
    /// Every kind of error. The text form is stable: scripts may match it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum AzureErrorKind {
        /// The sign-in was cancelled or refused in the browser.
        SignInDenied = "sign-in-denied",
            "The sign-in was cancelled in the browser",
            "Sign in again, or use another way to sign in.";
        /// Nobody signed in in time.
        SignInTimedOut = "sign-in-timed-out",
            "Nobody signed in in time",
            "Start the sign-in again.";
        /// An answer that this sign-in did not ask for.
        ForgedAnswer = "forged-answer",
            "The browser brought an answer that does not belong to this sign-in",
            "Start the sign-in again, and finish it in the page that opens then.";
        /// There is no browser.
        NoBrowser = "no-browser",
            "The browser could not be opened",
            "Sign in with a code on another device instead.";
        /// The loopback port could not be opened.
        NoLoopback = "no-loopback",
            "This program cannot wait for the browser's answer on this machine",
            "Sign in with a code on another device instead.";
        /// A code is wrong, used up or too old.
        CodeExpired = "code-expired",
            "The code is no longer valid",
            "Start the sign-in again.";
        /// Consent is missing.
        ConsentRequired = "consent-required",
            "The application may not be used in this tenant before somebody consents",
            "Ask an administrator of the tenant to consent, or set azure.client_id to an application that may be used.";
        /// Multi-factor authentication, or another step that only a person can do.
        InteractionRequired = "interaction-required",
            "Azure wants another step of the sign-in, multi-factor authentication for example",
            "Sign in with the browser and finish that step there.";
        /// A conditional access policy.
        ConditionalAccess = "conditional-access",
            "A conditional access policy of the tenant does not allow this sign-in",
            "Sign in from a device and network that the policy allows, or ask an administrator of the tenant.";
        /// The account has no place in the tenant.
        NotInTenant = "not-in-tenant",
            "The account does not belong to this tenant",
            "Use an account of the tenant, or ask to be invited as a guest.";
        /// The tenant or the application is not known.
        UnknownApplication = "unknown-application",
            "Azure does not know the tenant or the application of the sign-in",
            "Check the settings azure.tenant and azure.client_id.";
        /// User name, password or secret are wrong, or the account is locked.
        BadCredentials = "bad-credentials",
            "Azure does not accept these credentials",
            "Check the account, or the client id and secret in the environment.";
        /// Another refusal of the sign-in.
        SignInFailed = "sign-in-failed",
            "Azure refused the sign-in",
            "Try again, or use another way to sign in.";
        /// The Azure CLI is not there.
        NoAzureCli = "no-azure-cli",
            "The Azure CLI is not installed, or not in the PATH",
            "Install it, or use another way to sign in.";
        /// Nobody is signed in to the Azure CLI.
        AzureCliSignedOut = "azure-cli-signed-out",
            "Nobody is signed in to the Azure CLI",
            "Run az login, or use another way to sign in.";
        /// The environment names no identity.
        NoEnvironment = "no-environment",
            "The environment names neither a service principal nor a managed identity",
            "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run on a machine with a managed identity.";
        /// Azure does not take the token any more.
        TokenRefused = "token-refused",
            "Azure does not take the sign-in any more (401)",
            "Sign in again.";
        /// The token is of another tenant.
        WrongTenant = "wrong-tenant",
            "The sign-in is for another tenant than the subscription's",
            "Sign in to the subscription's tenant (azure.tenant, or hcm --tenant).";
        /// 403.
        Forbidden = "forbidden",
            "The account may not do this (403)",
            "An owner of the resource, or an administrator of its subscription, can give that permission; the role Azure Relay Owner has it.";
        /// A lock on the resource or above it.
        Locked = "locked",
            "A lock in Azure keeps the keys from being read",
            "Ask an owner to remove the lock, or paste a connection string.";
        /// Another 4xx, with a code of Azure's.
        Refused = "refused",
            "Azure refuses this",
            "Azure's own words say why; change it there, or ask an owner of the resource.";
        /// 404.
        NotFound = "not-found",
            "Azure has no such resource (404)",
            "It was removed or renamed, or the names are not right.";
        /// No rule with the Listen right.
        NoListenRule = "no-listen-rule",
            "No rule of the hybrid connection or of its namespace has the Listen right",
            "Add a shared access policy with the Listen right in the portal.";
        /// 429, for longer than it makes sense to wait.
        Throttled = "throttled",
            "Azure wants fewer requests (429)",
            "Wait a few minutes, then try again.";
        /// 5xx.
        AzureFailed = "azure-failed",
            "Azure has a problem of its own",
            "Try again; if it stays, look at Azure's status page.";
        /// Something that is not Azure answers.
        NotAzure = "not-azure",
            "Something that is not Azure answers, a captive portal or a proxy for example",
            "Open any web page in the browser and sign in to the network, then try again.";
        /// No name, no route, no TCP.
        Unreachable = "unreachable",
            "Azure could not be reached",
            "Check the network, the DNS of this machine, and that outbound TCP on port 443 is allowed.";
        /// No answer in time.
        TimedOut = "timed-out",
            "Azure did not answer in time",
            "Check the network, then try again.";
        /// The connection broke in the middle of an answer.
        Interrupted = "interrupted",
            "The connection to Azure broke in the middle of an answer",
            "Try again.";
        /// The certificate is not trusted.
        Untrusted = "untrusted",
            "The certificate of the other side is not trusted",
            "If your network inspects TLS, add its CA: hcm settings set network.extra_ca_certificates FILE.";
        /// The proxy does not let this machine through.
        ProxyRefused = "proxy-refused",
            "The proxy does not open the way to Azure",
            "Check the proxy that is named, its user and its password, and that it allows CONNECT to Azure on port 443.";
        /// The proxy does not answer.
        ProxyUnreachable = "proxy-unreachable",
            "The proxy could not be reached",
            "Check that the proxy runs and that its address is right: hcm settings set network.proxy http://host:port (none for no proxy).";
        /// TLS with the proxy itself failed.
        ProxyTls = "proxy-tls",
            "TLS with the proxy failed",
            "Most proxies are spoken to without TLS: hcm settings set network.proxy http://host:port. Else add its CA: hcm settings set network.extra_ca_certificates FILE.";
        /// The password of the proxy is with the service alone.
        ProxyPassword = "proxy-password",
            "The proxy wants a password, and only the service knows it",
            "Give the password for this step: in the window's field, or as HCM_PROXY_PASSWORD.";
        /// A setting cannot be used.
        BadSetting = "bad-setting",
            "A setting of the sign-in cannot be used",
            "Look at the settings that begin with azure. and network. (hcm settings get).";
        /// What Azure says makes no sense.
        BadAnswer = "bad-answer",
            "Azure's answer could not be understood",
            "Try again; if it stays, a newer version may understand it.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_are_unique_and_in_words() {
        let texts: BTreeSet<_> = AzureErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(texts.len(), AzureErrorKind::ALL.len());
        for kind in AzureErrorKind::ALL {
            assert!(!kind.summary().ends_with('.') && kind.advice().ends_with('.'), "{kind:?}");
        }
    }

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let error =
            AzureError::new(AzureErrorKind::Forbidden, "Microsoft.Relay/x/action is missing.")
                .with_azure(Some("AuthorizationFailed".to_owned()), Some("c-1".to_owned()));
        assert_eq!(
            error.to_string(),
            "The account may not do this (403): Microsoft.Relay/x/action is missing. An owner of the resource, or an administrator of its subscription, can give that permission; the role Azure Relay Owner has it. (Azure's code: AuthorizationFailed, correlation id: c-1)"
        );
    }
}
