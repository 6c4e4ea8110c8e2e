//! `hcm upgrade`: has the service put a newer version in its own place, and waits for it.

mod follow;

use std::time::Duration;

use self::follow::{Awaited, follow};
use super::settings;
use crate::cli::args::Upgrade;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::feed::Feed;
use crate::cli::render::json::UpgradeResult;
use crate::cli::render::upgrade::{self as words, Step};
use crate::cli::{Context, prompt, render};
use crate::display::health::Health;
use crate::ipc::Client;
use crate::ipc::protocol::{Access, Request, RequestError, Response};
use crate::model::upgrade::{Release, UpgradeInfo};
use crate::model::{Fault, FaultCode, Snapshot};
use crate::platform::product::UPGRADES_FROM_TERMINAL;

/// How long the question for a newer version is waited for; the service gives its feed a minute.
const ASK_LIMIT: Duration = Duration::from_secs(70);
/// The setting that says how long open streams get.
const DRAIN: &str = "service.drain_seconds";
/// How long they get where the service does not say.
const USUAL_DRAIN: u64 = 30;

pub(super) async fn run(context: &Context<'_>, arguments: Upgrade) -> Result<Exit, Failure> {
    let begins = !arguments.check;
    if begins && UPGRADES_FROM_TERMINAL && !arguments.yes && !prompt::can_ask() {
        let text = "hcm upgrade asks before it begins, and there is no terminal to ask on: say --yes, or only look with --check";
        return Err(Failure::new(Exit::Usage, text));
    }
    let mut client = context.connect().await?;
    let upgrade = known(&mut client).await?;
    let snapshot = super::snapshot(&mut client).await?;
    let Some(release) = newer(context, &upgrade)? else {
        return newest(context, &snapshot);
    };
    let drain = drain(&mut client).await;
    let offer = Offer { release, by_service: upgrade.by_service, snapshot: &snapshot, drain };
    if !context.printer.is_json() {
        context.printer.lines(&offer.lines())?;
    }
    if !begins {
        offer.print(context, "available", &snapshot)?;
        return Ok(Exit::UpgradeAvailable);
    }
    offer.may_begin(client.access())?;
    let question = format!("Upgrade to {}?", release.version);
    if !arguments.yes && !prompt::confirm(context.printer, &question)? {
        return Err(Failure::new(Exit::Failure, "nothing was changed"));
    }
    client.request(Request::Upgrade { version: release.version.clone() }).await?;
    watch(context, client, &offer).await
}

/// What the service says of newer versions. It asks for one who manages it; others hear what it
/// has heard.
async fn known(client: &mut Client) -> Result<UpgradeInfo, Failure> {
    let known = match client.access() {
        Access::Manage => match client.request_within(Request::CheckUpgrade, ASK_LIMIT).await? {
            Response::Upgrade { upgrade } => upgrade,
            other => return Err(super::unexpected(&other)),
        },
        Access::ReadStatus => super::snapshot(client).await?.service.upgrade,
    };
    known.map(|known| *known).ok_or_else(not_known)
}

fn not_known() -> Failure {
    let text = "whether there is a newer version is not known: the service has not asked, or its setting upgrade.feed is off";
    Failure::new(Exit::Failure, text)
}

/// The newer release, if there is one; nothing where what runs is the newest.
fn newer<'a>(
    context: &Context<'_>,
    upgrade: &'a UpgradeInfo,
) -> Result<Option<&'a Release>, Failure> {
    let Some(release) = &upgrade.release else {
        if upgrade.is_newest() {
            return Ok(None);
        }
        let fault = upgrade.fault.as_ref().or_else(|| upgrade.failure());
        return Err(match (fault, &upgrade.progress) {
            (Some(fault), _) => follow::failure(fault),
            (None, Some(going)) => Failure::new(Exit::Failure, words::progress(going)),
            (None, None) => not_known(),
        });
    };
    if let Some(fault) = &upgrade.fault {
        context.printer.remark(&render::connection::fault(fault));
    }
    Ok(Some(release))
}

fn newest(context: &Context<'_>, snapshot: &Snapshot) -> Result<Exit, Failure> {
    if context.printer.is_json() {
        let result = UpgradeResult::newest(snapshot);
        context.printer.line(&render::json::upgrade(&result))?;
    } else {
        let version = render::text::plain(&snapshot.service.version);
        context.printer.done(&format!("The service is the newest version, {version}."))?;
    }
    Ok(Exit::Ok)
}

/// How long open streams get, in seconds, where this account may know.
async fn drain(client: &mut Client) -> Option<u64> {
    if client.access() != Access::Manage {
        return None;
    }
    let values = settings::all(client).await.ok()?;
    values.iter().find(|(name, _)| name == DRAIN)?.1.parse().ok()
}

/// A newer version, and what it means here.
struct Offer<'a> {
    release: &'a Release,
    by_service: bool,
    /// The state before.
    snapshot: &'a Snapshot,
    /// Seconds that open streams get.
    drain: Option<u64>,
}

impl Offer<'_> {
    fn streams(&self) -> u64 {
        self.snapshot.connections.iter().map(|view| view.traffic.active_streams).sum()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = words::offered(self.release, &self.snapshot.service.version);
        if self.by_service && UPGRADES_FROM_TERMINAL {
            lines.push(words::streams(self.streams(), self.drain));
        }
        lines
    }

    /// Whether it can be begun from here, by one with this `access`.
    fn may_begin(&self, access: Access) -> Result<(), Failure> {
        if !UPGRADES_FROM_TERMINAL {
            let text = words::elsewhere(&self.release.version);
            return Err(Failure::new(Exit::NotSupported, text));
        }
        if access != Access::Manage {
            return Err(RequestError::read_only().into());
        }
        if !self.by_service {
            return Err(follow::failure(&Fault::new(FaultCode::UpgradeByHand, "")));
        }
        Ok(())
    }

    /// Prints how it went, for programs; `after` is the state then.
    fn print(&self, context: &Context<'_>, result: &str, after: &Snapshot) -> Result<(), Failure> {
        if !context.printer.is_json() {
            return Ok(());
        }
        context.printer.line(&render::json::upgrade(&UpgradeResult {
            result,
            from: &self.snapshot.service.version,
            release: Some(self.release),
            by_service: self.by_service,
            streams: self.streams(),
            drain: self.drain,
            after,
        }))
    }
}

/// Shows how far it is, until the new version runs.
async fn watch(context: &Context<'_>, client: Client, offer: &Offer<'_>) -> Result<Exit, Failure> {
    let printer = context.printer;
    let drain = Duration::from_secs(offer.drain.unwrap_or(USUAL_DRAIN));
    let awaited = Awaited::new(offer.release.version.clone(), drain, offer.snapshot);
    let feed = Feed::start(context.reach.clone(), Some(client));
    let again = || Feed::start(context.reach.clone(), None);
    let mut told = None;
    let mut say = |step: Step| {
        // Without a terminal, bytes make no lines.
        let kind = std::mem::discriminant(&step);
        let text = words::step(&step, &offer.release.version);
        if told.replace(kind) == Some(kind) {
            printer.progress(&text);
        } else {
            printer.progress_or_note(&text, &text);
        }
    };
    let mut signals = super::signals()?;
    let end = tokio::select! {
        _ = signals.next() => None,
        end = follow(feed, &awaited, again, &mut say) => Some(end),
    };
    printer.end_progress();
    let Some(end) = end else {
        printer.remark("The upgrade goes on without hcm; hcm status tells how it went.");
        return Ok(Exit::Interrupted);
    };
    let after = end?;
    let health = Health::of(&after, None);
    let version = render::text::plain(&after.service.version);
    printer.done(&words::runs(&version, health.connected(), health.enabled()))?;
    offer.print(context, "upgraded", &after)?;
    Ok(if awaited.is_connected(&after) { Exit::Ok } else { Exit::NotConnected })
}
