//! An identity that needs no person, by `azure_identity`: a service principal, a workload
//! identity, or the managed identity of the machine. The variables are those that all of
//! Azure's libraries read.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use tokio::time::timeout;

use super::in_words::InWords;
use super::kept::Make;
use super::refusal::error_of;
use super::{AzureError, AzureErrorKind};
use crate::azure::http::Http;
use crate::azure::setup::Setup;
use crate::http::causes;

/// Where a virtual machine's managed identity answers (Azure Instance Metadata Service).
const METADATA_SERVICE: &str = "http://169.254.169.254";
/// How long it is looked for: it is on the same machine.
const METADATA_LIMIT: Duration = Duration::from_secs(1);

/// Makes credentials for the identity that the environment names.
pub(super) struct Maker {
    identity: Identity,
    http: Http,
    authority: String,
}

enum Identity {
    ServicePrincipal {
        tenant: String,
        client_id: String,
        secret: Secret,
    },
    Workload {
        tenant: String,
        client_id: String,
    },
    Managed {
        client_id: Option<String>,
        /// The environment names it; else the machine may have none.
        is_named: bool,
    },
}

impl Maker {
    /// Looks for an identity.
    pub(super) async fn find(setup: &Setup, http: &Http) -> Result<Self, AzureError> {
        let identity = match named(variable, setup.tenant.as_deref())? {
            Some(identity) => identity,
            None if may_be_managed(variable("AZURE_TOKEN_CREDENTIALS").as_deref())
                && has_metadata_service(http, METADATA_SERVICE).await =>
            {
                Identity::Managed { client_id: variable("AZURE_CLIENT_ID"), is_named: false }
            }
            None => return Err(AzureError::new(AzureErrorKind::NoEnvironment, "")),
        };
        let authority = &setup.cloud.authority;
        let asks_entra = !matches!(identity, Identity::Managed { .. });
        if asks_entra && (authority.scheme() != "https" || authority.path() != "/") {
            let detail = format!(
                "an identity of the environment needs an azure.authority with https:// and no path, and it is {authority}"
            );
            return Err(AzureError::new(AzureErrorKind::BadSetting, detail));
        }
        let authority = authority.as_str().trim_end_matches('/').to_owned();
        Ok(Self { identity, http: http.clone(), authority })
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.authority);
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self.http.client().clone()))),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            // Who is tried again for a minute is told late what is wrong.
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        }
    }
}

#[async_trait]
impl Make for Maker {
    fn credential(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        let made: azure_core::Result<Arc<dyn TokenCredential>> = match &self.identity {
            Identity::ServicePrincipal { tenant, client_id, secret } => {
                let options = ClientSecretCredentialOptions { client_options: self.options() };
                let tenant = tenant_id.unwrap_or(tenant);
                let (client_id, secret) = (client_id.clone(), secret.clone());
                ClientSecretCredential::new(tenant, client_id, secret, Some(options))
                    .map(|it| it as Arc<dyn TokenCredential>)
            }
            Identity::Workload { tenant, client_id } => {
                let credential_options =
                    ClientAssertionCredentialOptions { client_options: self.options() };
                let options = WorkloadIdentityCredentialOptions {
                    credential_options,
                    client_id: Some(client_id.clone()),
                    tenant_id: Some(tenant_id.unwrap_or(tenant).to_owned()),
                    ..Default::default()
                };
                WorkloadIdentityCredential::new(Some(options))
                    .map(|it| it as Arc<dyn TokenCredential>)
            }
            Identity::Managed { client_id, .. } => {
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options: self.options(),
                };
                ManagedIdentityCredential::new(Some(options))
                    .map(|it| it as Arc<dyn TokenCredential>)
            }
        };
        let inner = made.map_err(|error| error_of(&error))?;
        let is_named = !matches!(self.identity, Identity::Managed { is_named: false, .. });
        let http = self.http.clone();
        let words = move |error: &azure_core::Error| in_words(&http, is_named, error);
        Ok(Arc::new(InWords { inner, words }))
    }
}

/// The error by what the credential says; one of an identity that nobody has named may just
/// mean that there is none.
fn in_words(http: &Http, is_named: bool, error: &azure_core::Error) -> AzureError {
    if let Some(failure) = http.failure_in(error) {
        return failure;
    }
    let is_no_json = |error: &serde_json::Error| error.is_syntax() || error.is_eof();
    let mut causes = causes(error);
    if causes.any(|cause| cause.downcast_ref::<serde_json::Error>().is_some_and(is_no_json)) {
        return AzureError::new(AzureErrorKind::NotAzure, "a token was asked for");
    }
    let error = error_of(error);
    if is_named || error.code.is_some() {
        return error;
    }
    let detail = format!("this machine has no managed identity ({})", error.detail);
    AzureError::new(AzureErrorKind::NoEnvironment, detail)
}

/// The identity that the variables name. An application with half of its variables is an
/// error: another identity would be a surprise.
fn named(
    variable: impl Fn(&str) -> Option<String>,
    tenant: Option<&str>,
) -> Result<Option<Identity>, AzureError> {
    let client_id = variable("AZURE_CLIENT_ID");
    let tenant = tenant.map(str::to_owned).or_else(|| variable("AZURE_TENANT_ID"));
    let secret = variable("AZURE_CLIENT_SECRET");
    let needed = |value: Option<String>, name: &str, beside: &str| {
        value.ok_or_else(|| {
            let detail = format!("{beside} is set and {name} is not");
            AzureError::new(AzureErrorKind::NoEnvironment, detail)
        })
    };
    if let Some(secret) = secret {
        const BESIDE: &str = "AZURE_CLIENT_SECRET";
        return Ok(Some(Identity::ServicePrincipal {
            tenant: needed(tenant, "AZURE_TENANT_ID", BESIDE)?,
            client_id: needed(client_id, "AZURE_CLIENT_ID", BESIDE)?,
            secret: Secret::new(secret),
        }));
    }
    if variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
        const BESIDE: &str = "AZURE_FEDERATED_TOKEN_FILE";
        return Ok(Some(Identity::Workload {
            tenant: needed(tenant, "AZURE_TENANT_ID", BESIDE)?,
            client_id: needed(client_id, "AZURE_CLIENT_ID", BESIDE)?,
        }));
    }
    let unsupported = |what: &str| {
        let detail = format!("the managed identity of {what} is not supported");
        Err(AzureError::new(AzureErrorKind::NoEnvironment, detail))
    };
    let is_set = |name: &str| variable(name).is_some();
    match () {
        () if is_set("IDENTITY_ENDPOINT") && is_set("IDENTITY_SERVER_THUMBPRINT") => {
            unsupported("Service Fabric")
        }
        () if is_set("IDENTITY_ENDPOINT") && is_set("IDENTITY_HEADER") => {
            Ok(Some(Identity::Managed { client_id, is_named: true }))
        }
        () if is_set("IDENTITY_ENDPOINT") => unsupported("Azure Arc"),
        () if is_set("MSI_ENDPOINT") => unsupported("Cloud Shell and Azure Machine Learning"),
        () => Ok(None),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Whether the identity of a virtual machine may be looked for. `AZURE_TOKEN_CREDENTIALS` is
/// how Azure's libraries are told which credentials to try.
fn may_be_managed(credentials: Option<&str>) -> bool {
    let wanted = ["prod", "managedidentitycredential"];
    credentials.is_none_or(|name| wanted.contains(&name.trim().to_ascii_lowercase().as_str()))
}

/// Whether Azure's metadata service is at `base`. Other clouds have something else at the
/// same address; Azure's refuses whoever does not send its header with 400.
async fn has_metadata_service(http: &Http, base: &str) -> bool {
    let page = format!("{base}/metadata/identity/oauth2/token");
    let asking = http.client().get(page).send();
    matches!(timeout(METADATA_LIMIT, asking).await, Ok(Ok(answer)) if answer.status() == 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Identity>, AzureError> {
        let find = |name: &str| {
            let found = variables.iter().find(|(there, _)| *there == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        named(find, None)
    }

    #[test]
    fn the_environment_names_an_identity() {
        let principal = [
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "not a secret"),
        ];
        assert!(matches!(of(&principal), Ok(Some(Identity::ServicePrincipal { .. }))));
        let workload = [principal[0], principal[1], ("AZURE_FEDERATED_TOKEN_FILE", "/f")];
        assert!(matches!(of(&workload), Ok(Some(Identity::Workload { .. }))));
        let endpoint = ("IDENTITY_ENDPOINT", "http://127.0.0.1:1");
        let managed = of(&[endpoint, ("IDENTITY_HEADER", "h"), ("AZURE_CLIENT_ID", "c")]);
        let is_managed = |found: &Identity| {
            matches!(found, Identity::Managed { client_id: Some(_), is_named: true })
        };
        assert!(managed.is_ok_and(|found| found.as_ref().is_some_and(is_managed)));
        let arc = of(&[endpoint, ("IMDS_ENDPOINT", "http://127.0.0.1:1")]).err().unwrap();
        assert!(arc.kind == AzureErrorKind::NoEnvironment && arc.detail.contains("Azure Arc"));
        assert!(matches!(of(&[("AZURE_CLIENT_ID", "c")]), Ok(None)));
        let half = of(&[principal[2], principal[1]]).err().unwrap();
        assert!(half.detail.contains("AZURE_TENANT_ID"), "{half}");
        assert!(!half.to_string().contains("not a secret"));
        assert!(may_be_managed(None) && may_be_managed(Some("prod")));
        assert!(!may_be_managed(Some("dev")) && !may_be_managed(Some("AzureCliCredential")));
    }

    /// Answers every request with `status` and `body`.
    async fn answering(status: &'static str, body: &'static str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                if stream.read(&mut head).await.is_ok() {
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        address
    }

    fn setup(proxy: Option<&str>) -> Setup {
        let mut settings = crate::model::Settings::default();
        settings.set("network.proxy", proxy.unwrap_or_default()).unwrap();
        Setup::of(&settings).unwrap()
    }

    #[tokio::test]
    async fn the_metadata_service_of_another_cloud_is_not_azures() {
        let http = Http::new(&setup(None)).unwrap();
        let azure = answering("400 Bad Request", "{}").await;
        assert!(has_metadata_service(&http, &azure).await);
        for status in ["404 Not Found", "200 OK", "401 Unauthorized"] {
            assert!(!has_metadata_service(&http, &answering(status, "").await).await, "{status}");
        }
        assert!(!has_metadata_service(&http, "http://127.0.0.1:1").await);
    }

    #[tokio::test]
    async fn a_way_that_is_closed_is_told_at_once_and_by_its_name() {
        let setup = setup(Some("http://127.0.0.1:1"));
        let http = Http::new(&setup).unwrap();
        let identity = Identity::ServicePrincipal {
            tenant: "contoso.com".to_owned(),
            client_id: "c".to_owned(),
            secret: Secret::new("not a secret"),
        };
        let authority = "https://login.invalid".to_owned();
        let maker = Maker { identity, http, authority };
        let credential = maker.credential(None).unwrap();
        let asking = credential.get_token(&["https://x/.default"], None);
        let error = timeout(Duration::from_secs(10), asking).await.unwrap().unwrap_err();
        let error = error_of(&error);
        assert_eq!(error.kind, AzureErrorKind::ProxyUnreachable, "{error}");
        assert!(!error.to_string().contains("not a secret"));
    }
}
