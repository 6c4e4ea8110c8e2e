//! What a client asks a token for.

use super::error::EntraError;

/// The audience of a token that was asked for without a resource: Microsoft Graph, as in
/// Entra. Resource Manager refuses it.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// A `scope` that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// As it was asked for.
    pub(super) text: String,
    /// The resource, without slashes at its end.
    pub(super) audience: String,
    pub(super) offline: bool,
    pub(super) openid: bool,
}

/// Reads `text`; `port` is the emulator's, which is a Resource Manager of its own.
pub(super) fn read(text: &str, port: u16) -> Result<Scope, EntraError> {
    let mut audience: Option<String> = None;
    let (mut offline, mut openid) = (false, false);
    for member in text.split_ascii_whitespace() {
        match member {
            "offline_access" => offline = true,
            "openid" => openid = true,
            "profile" | "email" => {}
            member => {
                let (resource, _) = member.rsplit_once('/').unwrap_or((member, ""));
                let resource = resource.trim_end_matches('/');
                check_resource(resource, port)?;
                if audience.as_deref().is_some_and(|there| there != resource) {
                    let text = format!(
                        "Provided value for the input parameter scope is not valid because it \
                         contains more than one resource. Scope {text} is not valid."
                    );
                    return Err(EntraError::new("invalid_request", 28000, text));
                }
                audience = Some(resource.to_owned());
            }
        }
    }
    let audience = audience.unwrap_or_else(|| GRAPH.to_owned());
    Ok(Scope { text: text.to_owned(), audience, offline, openid })
}

/// Whether `resource`, without slashes at its end, is Resource Manager.
pub(super) fn is_resource_manager(resource: &str, port: u16) -> bool {
    ["https://management.azure.com", "https://management.core.windows.net"].contains(&resource)
        || resource == format!("https://localhost:{port}")
        || resource == format!("https://127.0.0.1:{port}")
}

pub(super) fn check_resource(resource: &str, port: u16) -> Result<(), EntraError> {
    if is_resource_manager(resource, port) {
        return Ok(());
    }
    let text = format!(
        "The resource principal named {resource} was not found in the tenant. This can happen if \
         the application has not been installed by the administrator of the tenant or consented \
         to by any user in the tenant. You might have sent your authentication request to the \
         wrong tenant."
    );
    Err(EntraError::new("invalid_resource", 500011, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_read_from_the_scope() {
        let scope = read("https://management.azure.com/.default offline_access openid", 1).unwrap();
        assert_eq!(scope.audience, "https://management.azure.com");
        assert!(scope.offline && scope.openid);
        let audience = |text: &str| read(text, 1).map(|scope| scope.audience);
        let core = "https://management.core.windows.net";
        assert_eq!(audience(&format!("{core}//.default")).unwrap(), core);
        assert_eq!(audience("https://localhost:1/.default").unwrap(), "https://localhost:1");
        assert_eq!(audience("openid profile").unwrap(), GRAPH);
        assert!(audience("https://localhost:2/.default").is_err());
        assert!(audience(&format!("{core}//.default https://localhost:1/.default")).is_err());
    }
}
