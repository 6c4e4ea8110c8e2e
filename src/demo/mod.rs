//! `hcm demo`: the whole way of a request, on this machine and without an Azure account.
//!
//! ```text
//! app ──► LocalForward ──► emulator (Azure Relay) ◄── service ──► HTTP endpoint
//! ```
//! Nothing is short-circuited: TLS, tokens, the local channel and the data path are those
//! of a real installation.

mod endpoint;
mod http;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, timeout_at};

use self::endpoint::Endpoint;
use crate::cli::{DemoOptions, Exit, Failure, Printer};
use crate::emulator::sender::{LocalForward, SenderConfig};
use crate::emulator::{Emulator, EmulatorConfig};
use crate::ipc::protocol::Request;
use crate::ipc::{Client, Mirror};
use crate::model::{ConnectionId, Snapshot, StatusLabel};
use crate::platform::files::write_durably;
use crate::platform::paths::Paths;
use crate::platform::permissions::{Access, ensure_safe_folder};
use crate::platform::signals::StopSignals;
use crate::service::{LogTo, Service};

const NAMESPACE: &str = "demo";
const NAME: &str = "hello";
/// How long the way to Connected may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Runs the demo; with `once` to the verified answer, else until Ctrl-C.
///
/// # Errors
/// What went wrong, in words.
pub fn run(options: &DemoOptions, printer: &Printer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failure(&error))?;
    runtime.block_on(async {
        let mut signals = StopSignals::listen().map_err(|error| failure(&error))?;
        let stage = Stage::build(options.home.as_deref()).await?;
        let shown = tokio::select! {
            shown = show(&stage, options, printer) => shown,
            _ = signals.next() => Ok(()),
        };
        stage.strike().await;
        shown
    })
}

/// Everything that takes part.
struct Stage {
    home: PathBuf,
    _temporary: Option<TempDir>,
    endpoint: Endpoint,
    emulator: Emulator,
    service: Service,
    paths: Paths,
}

impl Stage {
    async fn build(home: Option<&Path>) -> Result<Self, Failure> {
        let temporary = match home {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|error| failure(&error))?),
        };
        let home = match (home, &temporary) {
            (Some(home), _) => home.to_owned(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => return Err(Failure::new(Exit::Failure, "there is no folder")),
        };
        ensure_safe_folder(&home).map_err(|error| failure(&error))?;
        let paths = Paths::in_home(&home).map_err(|error| failure(&error))?;
        let endpoint = Endpoint::start().await.map_err(|error| failure(&error))?;
        let config = EmulatorConfig::new().port(0).hybrid_connection(
            NAMESPACE,
            NAME,
            &format!("127.0.0.1:{}", endpoint.port()),
        );
        let emulator = Emulator::start(config).await.map_err(|error| failure(&error))?;
        let service = Service::start(&paths, LogTo::Files).map_err(|error| failure(&error))?;
        Ok(Self { home, _temporary: temporary, endpoint, emulator, service, paths })
    }

    /// Adds the connection as a user would: over the service's local channel.
    async fn configure(&self, client: &mut Client) -> Result<ConnectionId, Failure> {
        let ca = self.home.join("demo-ca.pem");
        write_durably(&ca, self.emulator.ca_pem().as_bytes(), Access::OwnerOnly)
            .map_err(|error| failure(&error))?;
        let request = Request::SetSetting {
            name: "network.extra_ca_certificates".to_owned(),
            value: ca.display().to_string(),
        };
        client.request(request).await.map_err(Failure::from)?;
        let connection_string = self
            .emulator
            .connection_string(NAMESPACE, NAME, "defaultListener")
            .map_err(|error| failure(&error))?;
        let request = Request::AddConnection { connection_string, replace: true };
        client.request(request).await.map_err(Failure::from)?;
        Ok(self.emulator.connection_id(NAMESPACE, NAME))
    }

    async fn forward(&self) -> Result<LocalForward, Failure> {
        let sender = self
            .emulator
            .connection_string(NAMESPACE, NAME, "defaultSender")
            .map_err(|error| failure(&error))?;
        let sender = SenderConfig::from_connection_string(sender.expose())
            .and_then(|config| config.trust(self.emulator.ca_pem()).build())
            .map_err(|error| failure(&error))?;
        LocalForward::bind(sender, 0).await.map_err(|error| failure(&error))
    }

    async fn strike(self) {
        self.service.stop(std::future::ready(())).await;
        self.emulator.shutdown().await;
    }
}

async fn show(stage: &Stage, options: &DemoOptions, printer: &Printer) -> Result<(), Failure> {
    let narrates = !options.json && !options.quiet;
    let say = |text: &str| if narrates { printer.line(text) } else { Ok(()) };
    say("Azure Relay is played by an emulator on this machine; all else is real.")?;
    say(&format!("The endpoint is a small HTTP server on 127.0.0.1:{}.\n", stage.endpoint.port()))?;
    let mut client =
        Client::connect(&stage.paths.channel, "hcm").await.map_err(|error| failure(&error))?;
    let id = stage.configure(&mut client).await?;
    let connected = wait_until_connected(&mut client, &id, |snapshot| {
        if narrates { printer.table(snapshot).and_then(|()| printer.line("")) } else { Ok(()) }
    })
    .await?;
    let forward = stage.forward().await?;
    let port = forward.port();
    let path = format!("/hello-{}", fastrand::u32(..));
    let answer = http::get(port, &path).await.map_err(|error| failure(&error))?;
    let expected = endpoint::answer(&path);
    if answer != expected {
        let message = format!("the answer that came back was {answer:?} instead of {expected:?}");
        return Err(Failure::new(Exit::Failure, message));
    }
    if options.json {
        printer.line(
            &json!({
                "status": connected.to_string(),
                "answer": answer,
                "port": port,
                "home": stage.home.display().to_string(),
            })
            .to_string(),
        )?;
    }
    say(&format!("An app in Azure asks for {path}, and the endpoint answers:"))?;
    say(&format!("  {}\n", answer.trim_end()))?;
    stage.endpoint.next_request().await; // that was our own
    if options.once {
        forward.shutdown().await;
        return say("The answer is the right one. Done.");
    }
    say("Be the app yourself, from another terminal:")?;
    say(&format!("  curl http://127.0.0.1:{port}/anything"))?;
    say("and look at the connection as its owner:")?;
    let (hcm, home) = (own_program(), stage.home.display());
    say(&format!("  {hcm} --home {home} list --watch\n"))?;
    say("Ctrl-C ends the demo.\n")?;
    loop {
        let request = stage.endpoint.next_request().await;
        say(&format!("  the endpoint was asked for {request}"))?;
    }
}

/// Shows the table each time the status changes, until it is Connected.
async fn wait_until_connected(
    client: &mut Client,
    id: &ConnectionId,
    mut show: impl FnMut(&Snapshot) -> Result<(), Failure>,
) -> Result<StatusLabel, Failure> {
    client.request(Request::Subscribe).await.map_err(Failure::from)?;
    let deadline = Instant::now() + CONNECT_LIMIT;
    let mut mirror = Mirror::default();
    let mut shown = None;
    loop {
        let push = timeout_at(deadline, client.next()).await.map_err(|_| {
            let message = format!("not connected after {} s", CONNECT_LIMIT.as_secs());
            Failure::new(Exit::TimedOut, message)
        })?;
        mirror.apply(push.map_err(Failure::from)?).map_err(|gap| failure(&gap))?;
        let Some(snapshot) = mirror.snapshot() else { continue };
        let Some(view) = snapshot.connections.iter().find(|view| view.id == *id) else { continue };
        let label = view.status.label();
        // A Connected row is worth showing when Azure's count is in it too.
        let listeners = view.azure.as_ref().and_then(|azure| azure.listener_count);
        let complete = label == StatusLabel::Connected && listeners.is_some_and(|count| count > 0);
        if shown != Some((label, complete)) && (label != StatusLabel::Connected || complete) {
            show(snapshot)?;
            shown = Some((label, complete));
        }
        if complete {
            return Ok(label);
        }
    }
}

/// How this program is called from another terminal, which may have another PATH.
fn own_program() -> String {
    std::env::current_exe().map_or_else(|_| "hcm".to_owned(), |path| path.display().to_string())
}

fn failure(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Failure, error.to_string())
}
