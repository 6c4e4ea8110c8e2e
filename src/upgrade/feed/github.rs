//! The releases of this program's repository on GitHub.

use std::collections::BTreeMap;

use self_update::backends::github::ReleaseList;
use semver::Version;
use url::Url;

use super::super::source::Source;
use super::{MANIFEST, SIGNATURES};
use crate::http::{call_in, root};
use crate::model::upgrade::Channel;
use crate::model::{Fault, FaultCode};

/// GitHub's interface.
pub(super) const API: &str = "https://api.github.com";
/// `https://github.com/OWNER/NAME`, as `Cargo.toml` has it.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The files of the newest release that `channel` takes, by name; only one that has a manifest and
/// its signature is a release of this kind.
///
/// # Errors
/// [`FaultCode::FeedUnreachable`].
pub(super) async fn newest(
    api: &str,
    channel: Channel,
    source: &Source,
) -> Result<Option<BTreeMap<String, Url>>, Fault> {
    let unreachable = |why: String| Fault::new(FaultCode::FeedUnreachable, why);
    let (owner, name) = repository().ok_or_else(|| unreachable("no repository is set".into()))?;
    let list = ReleaseList::configure()
        .repo_owner(owner)
        .repo_name(name)
        .api_base_url(api)
        .reqwest_async_client(source.client().clone())
        .build()
        .map_err(|error| unreachable(error.to_string()))?;
    let releases = list.fetch_async().await.map_err(|error| {
        match call_in(&error).and_then(|call| Some((call.url()?, call))) {
            Some((url, call)) => source.failure(url, call),
            None => {
                unreachable(format!("the releases of {owner}/{name} on GitHub: {}", root(&error)))
            }
        }
    })?;
    let candidates = releases.into_vec().into_iter().filter_map(|release| {
        let version = Version::parse(release.version()).ok().filter(|v| channel.takes(v))?;
        let files = release.assets().iter().filter_map(|asset| {
            Some((asset.name().to_owned(), Url::parse(asset.download_url()).ok()?))
        });
        let files: BTreeMap<_, _> = files.collect();
        [MANIFEST, SIGNATURES]
            .iter()
            .all(|name| files.contains_key(*name))
            .then_some((version, files))
    });
    Ok(candidates.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, files)| files))
}

/// Owner and name.
fn repository() -> Option<(&'static str, &'static str)> {
    REPOSITORY.strip_prefix("https://github.com/")?.trim_end_matches('/').split_once('/')
}
