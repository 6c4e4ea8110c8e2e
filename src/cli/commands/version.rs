//! `hcm version`: that of this program, that of the service, and whether there is a newer one.

use std::time::Duration;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, render};
use crate::ipc::Client;
use crate::ipc::protocol::{Access, Request, Response};
use crate::model::VERSION;
use crate::model::upgrade::UpgradeInfo;

/// The version of this program.
const OWN: &str = VERSION;
/// How long the question for a newer version is waited for.
const ASK_LIMIT: Duration = Duration::from_secs(10);

/// A service that is not there, or does not know, does not make the question fail. The versions are
/// told before the feed is asked, which may take its time.
pub(super) async fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let mut reached = context.connect().await;
    let (service, message) = match &reached {
        Ok(client) => (Some(client.server().version.clone()), None),
        Err(failure) => (None, Some(failure.message.clone())),
    };
    let printer = context.printer;
    if !printer.is_json() {
        printer.line(&format!("hcm      {OWN}"))?;
        let version = service.as_ref().map(|version| render::text::plain(version).into_owned());
        let shown = version.or_else(|| message.as_ref().map(|why| format!("not known: {why}")));
        printer.line(&format!("service  {}", shown.unwrap_or_default()))?;
    }
    let upgrade = match &mut reached {
        Ok(client) => upgrade(client).await,
        Err(_) => None,
    };
    if printer.is_json() {
        let (service, message) = (service.as_deref(), message.as_deref());
        printer.line(&render::json::version(OWN, service, message, upgrade.as_deref()))?;
    } else {
        for line in upgrade.iter().flat_map(|upgrade| render::upgrade::lines(upgrade)) {
            printer.line(&line)?;
        }
    }
    Ok(Exit::Ok)
}

/// What the service says of newer versions: who manages it may have it ask, and others hear what
/// it has heard. Nothing where it does not say: an older service, or one that asks nobody.
async fn upgrade(client: &mut Client) -> Option<Box<UpgradeInfo>> {
    if client.access() == Access::Manage {
        let asked = client.request_within(Request::CheckUpgrade, ASK_LIMIT).await;
        if let Ok(Response::Upgrade { upgrade }) = asked {
            return upgrade;
        }
    }
    super::snapshot(client).await.ok()?.service.upgrade
}
