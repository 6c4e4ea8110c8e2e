//! `hcm demo`: a [`Demo`] with one hybrid connection, shown in a terminal.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::cli::{DemoOptions, Exit, Failure, Printer};
use crate::demo::{self, Demo, DemoError, Sample, http};
use crate::ipc::protocol::Request;
use crate::ipc::{Client, Mirror};
use crate::model::{ConnectionId, Snapshot, StatusLabel};
use crate::platform::signals::StopSignals;
use crate::service::LogTo;

/// The one that is shown.
const SAMPLE: Sample = Sample::Hello;
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
        let demo = tokio::select! {
            demo = Demo::start_with(options.home.as_deref(), &[SAMPLE], LogTo::Files) => demo?,
            _ = signals.next() => return Ok(()),
        };
        let shown = tokio::select! {
            shown = show(&demo, options, printer) => shown,
            _ = signals.next() => Ok(()),
        };
        demo.stop().await;
        shown
    })
}

async fn show(demo: &Demo, options: &DemoOptions, printer: &Printer) -> Result<(), Failure> {
    let narrates = !options.json && !options.quiet;
    let say = |text: &str| if narrates { printer.line(text) } else { Ok(()) };
    say("Azure Relay is played by an emulator on this machine; all else is real.")?;
    let endpoint = demo.endpoint_port(SAMPLE)?;
    say(&format!("The endpoint is a small HTTP server on 127.0.0.1:{endpoint}.\n"))?;
    let mut client =
        Client::connect(demo.channel(), "hcm").await.map_err(|error| failure(&error))?;
    let connected = wait_until_connected(&mut client, &demo.id(SAMPLE), |snapshot| {
        if narrates { printer.table(snapshot).and_then(|()| printer.line("")) } else { Ok(()) }
    })
    .await?;
    let forward = demo.forward(SAMPLE).await?;
    let port = forward.port();
    let path = format!("/hello-{}", fastrand::u32(..));
    let answer = http::get(port, &path).await.map_err(|error| failure(&error))?;
    let expected = demo::answer(&path);
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
                "home": demo.home().display().to_string(),
            })
            .to_string(),
        )?;
    }
    say(&format!("An app in Azure asks for {path}, and the endpoint answers:"))?;
    say(&format!("  {}\n", answer.trim_end()))?;
    demo.next_request(SAMPLE).await?; // that was our own
    if options.once {
        forward.shutdown().await;
        return say("The answer is the right one. Done.");
    }
    say("Be the app yourself, from another terminal:")?;
    say(&format!("  curl http://127.0.0.1:{port}/anything"))?;
    say("and look at the connection as its owner:")?;
    let (hcm, home) = (own_program(), demo.home().display());
    say(&format!("  {hcm} --home {home} list --watch"))?;
    say("and add more, as with an Azure account:")?;
    say(&format!("  {hcm} --home {home} add\n"))?;
    say("Ctrl-C ends the demo.\n")?;
    loop {
        let request = demo.next_request(SAMPLE).await?;
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

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Refused(error) => error.into(),
            other => failure(&other),
        }
    }
}
