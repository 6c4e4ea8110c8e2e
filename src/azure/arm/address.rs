//! Addresses of Resource Manager. Whatever Azure or a person names becomes a part of a path
//! and never another host: a token goes with it.

use url::Url;

use crate::azure::error::{AzureError, AzureErrorKind};

/// Version of the interface for subscriptions and tenants.
pub(in crate::azure) const SUBSCRIPTIONS: &str = "2022-12-01";
/// Version of the interface for Azure Relay.
pub(in crate::azure) const RELAY: &str = "2024-01-01";

/// Longest resource id in bytes that makes sense.
const LONGEST_ID: usize = 2048;

/// The address of a path whose parts are names.
///
/// # Errors
/// [`AzureErrorKind::NotFound`] for a name that no path can have.
pub(in crate::azure) fn of_path(
    base: &Url,
    parts: &[&str],
    version: &str,
) -> Result<Url, AzureError> {
    if let Some(part) = parts.iter().find(|part| matches!(part.trim(), "" | "." | "..")) {
        let detail = format!("\"{part}\" is no name");
        return Err(AzureError::new(AzureErrorKind::NotFound, detail));
    }
    let mut address = base.clone();
    if let Ok(mut path) = address.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    Ok(with_version(address, version))
}

/// The address of the resource `id`, or of what `parts` name below it.
///
/// # Errors
/// [`AzureErrorKind::BadAnswer`] for an id that is none.
pub(in crate::azure) fn of_resource(
    base: &Url,
    id: &str,
    parts: &[&str],
    version: &str,
) -> Result<Url, AzureError> {
    check_resource_id(id)?;
    let mut address = base.clone();
    address.set_path(&format!("{}{id}", base.path().trim_end_matches('/')));
    if let Ok(mut path) = address.path_segments_mut() {
        path.extend(parts);
    }
    Ok(with_version(address, version))
}

/// The address of the next page: as Azure wrote it, if it is at the same place.
///
/// # Errors
/// [`AzureErrorKind::BadAnswer`].
pub(super) fn of_next_page(base: &Url, link: &str) -> Result<Url, AzureError> {
    let bad = |what: &str| {
        let detail = format!("the address of the list's next page {what}");
        AzureError::new(AzureErrorKind::BadAnswer, detail)
    };
    let next = Url::parse(link).map_err(|error| bad(&format!("is none ({error})")))?;
    let has_login = !next.username().is_empty() || next.password().is_some();
    if next.origin() != base.origin() || has_login {
        let host = next.host_str().unwrap_or("another place");
        return Err(bad(&format!("leads to {host}, which gets no token")));
    }
    Ok(next)
}

/// Checks that `id` is a resource id, so that it can be put into an address as it is.
///
/// # Errors
/// [`AzureErrorKind::BadAnswer`].
pub(in crate::azure) fn check_resource_id(id: &str) -> Result<(), AzureError> {
    let is_plain = |c: char| !c.is_control() && !matches!(c, '?' | '#' | '\\');
    let mut parts = id.split('/');
    let begins = parts.next() == Some("")
        && parts.next().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
    let is_id = begins
        && id.len() <= LONGEST_ID
        && id.chars().all(is_plain)
        && parts.all(|part| !part.is_empty() && !is_dots(part));
    if is_id {
        return Ok(());
    }
    let detail = "a resource has an id that does not begin with /subscriptions/, or is none";
    Err(AzureError::new(AzureErrorKind::BadAnswer, detail))
}

/// What follows the part `name` of a resource id: the resource group for "resourceGroups".
pub(in crate::azure) fn part_of<'a>(id: &'a str, name: &str) -> Option<&'a str> {
    let mut parts = id.split('/');
    parts.find(|part| part.eq_ignore_ascii_case(name))?;
    parts.next()
}

/// The name of a hybrid connection in the relay. Resource Manager, whose names are parts of a
/// path, writes its slashes as `~`, which no name has.
pub(in crate::azure) fn relay_name(name: &str) -> String {
    name.replace('~', "/")
}

/// The same name in Resource Manager.
pub(in crate::azure) fn resource_name(name: &str) -> String {
    name.replace('/', "~")
}

/// `.` and `..`, which lead elsewhere, also percent-encoded.
fn is_dots(part: &str) -> bool {
    let part = part.to_ascii_lowercase().replace("%2e", ".");
    matches!(part.as_str(), "." | "..")
}

fn with_version(mut address: Url, version: &str) -> Url {
    address.set_query(Some(&format!("api-version={version}")));
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn names_become_parts_of_a_path() {
        let base = base("https://management.azure.com/");
        let address = of_path(&base, &["subscriptions", "a/../b?c#d e"], "1").unwrap();
        assert_eq!(
            address.as_str(),
            "https://management.azure.com/subscriptions/a%2F..%2Fb%3Fc%23d%20e?api-version=1"
        );
        for name in ["", " ", ".", ".."] {
            let error = of_path(&base, &["subscriptions", name], "1").unwrap_err();
            assert_eq!(error.kind, AzureErrorKind::NotFound);
        }
    }

    #[test]
    fn a_resource_is_below_the_address_of_its_cloud() {
        let base = base("https://localhost:2/arm/");
        let id = "/subscriptions/1/resourceGroups/r (1)/providers/Microsoft.Relay/namespaces/a%2Fb";
        let address = of_resource(&base, id, &["hybridConnections"], "1").unwrap();
        assert_eq!(
            address.as_str(),
            "https://localhost:2/arm/subscriptions/1/resourceGroups/r%20(1)/providers/Microsoft.Relay/namespaces/a%2Fb/hybridConnections?api-version=1"
        );
        for id in [
            "",
            "subscriptions/1",
            "//subscriptions/1",
            "/tenants/1",
            "/subscriptions/../1",
            "/subscriptions/%2E%2e/1",
            "/subscriptions//1",
            "/subscriptions/1?x",
            "/subscriptions/1#x",
            "/subscriptions/a\\b",
            "/subscriptions/a\nb",
            "@evil.example/subscriptions/1",
        ] {
            assert!(of_resource(&base, id, &[], "1").is_err(), "{id}");
        }
    }

    #[test]
    fn a_next_page_is_at_the_same_place() {
        let base = base("https://management.azure.com/");
        let link = "https://Management.Azure.com:443/subscriptions?api-version=1&$skiptoken=a%20b";
        let next = of_next_page(&base, link).unwrap();
        assert_eq!(
            next.as_str(),
            "https://management.azure.com/subscriptions?api-version=1&$skiptoken=a%20b"
        );
        for link in [
            "http://management.azure.com/subscriptions",
            "https://management.azure.com:8443/subscriptions",
            "https://management.azure.com.evil.example/subscriptions",
            "https://me@management.azure.com/subscriptions",
            "/subscriptions",
        ] {
            let error = of_next_page(&base, link).unwrap_err();
            assert_eq!(error.kind, AzureErrorKind::BadAnswer, "{link}");
        }
    }

    #[test]
    fn parts_of_an_id_are_found_whatever_their_case() {
        let id = "/subscriptions/1/resourcegroups/RG/providers/Microsoft.Relay/namespaces/n";
        assert_eq!(part_of(id, "resourceGroups"), Some("RG"));
        assert_eq!(part_of(id, "hybridConnections"), None);
    }
}
