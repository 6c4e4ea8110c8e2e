//! An identity that needs no person, by `azure_identity`: a service principal, a workload
//! identity, or the managed identity of the machine. The variables are those that all of
//! Azure's libraries read.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::kept::Make;
use super::refusal::error_of;
use super::{AzureError, AzureErrorKind};
use crate::azure::http::Http;
use crate::azure::setup::Setup;

/// Where a virtual machine's managed identity answers (Azure Instance Metadata Service).
const METADATA_SERVICE: (&str, u16) = ("169.254.169.254", 80);
/// How long it is looked for: it is on the same machine.
const METADATA_LIMIT: Duration = Duration::from_secs(1);

/// Makes credentials for the identity that the environment names.
pub(super) struct Maker {
    identity: Identity,
    http: Http,
    authority: String,
}

enum Identity {
    ServicePrincipal { tenant: String, client_id: String, secret: Secret },
    Workload { tenant: String, client_id: String },
    Managed { client_id: Option<String> },
}

impl Maker {
    /// Looks for an identity.
    pub(super) async fn find(setup: &Setup, http: &Http) -> Result<Self, AzureError> {
        let identity = match named(|name| std::env::var(name).ok(), setup.tenant.as_deref())? {
            Some(identity) => identity,
            None if may_be_managed(variable("AZURE_TOKEN_CREDENTIALS").as_deref())
                && has_metadata_service().await =>
            {
                Identity::Managed { client_id: variable("AZURE_CLIENT_ID") }
            }
            None => return Err(AzureError::new(AzureErrorKind::NoEnvironment, "")),
        };
        let authority = setup.cloud.authority.as_str().trim_end_matches('/').to_owned();
        Ok(Self { identity, http: http.clone(), authority })
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.authority);
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self.http.client().clone()))),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
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
            Identity::Managed { client_id } => {
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options: self.options(),
                };
                ManagedIdentityCredential::new(Some(options))
                    .map(|it| it as Arc<dyn TokenCredential>)
            }
        };
        made.map_err(|error| error_of(&error))
    }
}

/// The identity that the variables name. An application with half of its variables is an
/// error: another identity would be a surprise.
fn named(
    variable: impl Fn(&str) -> Option<String>,
    tenant: Option<&str>,
) -> Result<Option<Identity>, AzureError> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
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
    let is_managed = variable("IDENTITY_ENDPOINT").is_some() || variable("MSI_ENDPOINT").is_some();
    Ok(is_managed.then_some(Identity::Managed { client_id }))
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

async fn has_metadata_service() -> bool {
    matches!(timeout(METADATA_LIMIT, TcpStream::connect(METADATA_SERVICE)).await, Ok(Ok(_)))
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
        let managed = of(&[("IDENTITY_ENDPOINT", "http://127.0.0.1:1"), ("AZURE_CLIENT_ID", "c")]);
        assert!(matches!(managed, Ok(Some(Identity::Managed { client_id: Some(_) }))));
        assert!(matches!(of(&[("AZURE_CLIENT_ID", "c")]), Ok(None)));
        let half = of(&[principal[2], principal[1]]).err().unwrap();
        assert!(half.detail.contains("AZURE_TENANT_ID"), "{half}");
        assert!(!half.to_string().contains("not a secret"));
        assert!(may_be_managed(None) && may_be_managed(Some("prod")));
        assert!(!may_be_managed(Some("dev")) && !may_be_managed(Some("AzureCliCredential")));
    }
}
