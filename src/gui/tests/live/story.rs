//! What a person does on the first day, with the real service and the emulator as Azure;
//! and the demo.

use egui::{Key, Modifiers};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stage::{NAMESPACE, Stage, azure, start_service};
use crate::emulator::sender::SenderConfig;
use crate::gui::state::{Check, Demo, Dialog, State};
use crate::model::{ConnectionView, EventKind, FaultCode, StatusLabel};

/// The hybrid connection of the story.
const NAME: &str = "hc";

fn one(state: &State) -> Option<&ConnectionView> {
    state.connections().iter().find(|view| view.id.name() == NAME)
}

fn is_connected(state: &State) -> bool {
    one(state).is_some_and(|view| view.status.label() == StatusLabel::Connected)
}

/// Makes the service trust Azure's stand-in, in the settings as a person does.
fn trust(stage: &mut Stage, ca_pem: &str) {
    let ca = stage.paths.home.join("ca.pem");
    let access = crate::platform::permissions::Access::OwnerOnly;
    crate::platform::files::write_durably(&ca, ca_pem.as_bytes(), access).unwrap();
    stage.window.chord(Modifiers::COMMAND, Key::Comma);
    stage.until(
        "loaded",
        |state| matches!(&state.dialog, Some(Dialog::Settings(form)) if !form.saved.is_empty()),
    );
    stage.window.settle();
    let field = stage.window.text("settings-ca");
    stage.window.click(&field);
    stage.window.type_text(ca.to_str().unwrap());
    let save = stage.window.text("save");
    stage.window.click(&save);
    stage.until("saved", |state| state.dialog.is_none());
}

#[test]
fn a_connection_is_added_used_restarted_and_removed() {
    let (mut stage, service) = Stage::with(start_service);
    let folder = tempfile::tempdir().unwrap();
    let (azure, endpoint) = azure(&stage.background, folder.path(), NAME);
    stage.until("up", |state| state.snapshot.is_some());
    trust(&mut stage, azure.ca_pem());

    // Added by pasting; the check tells its endpoint before anything is created.
    let string = |rule: &str| azure.connection_string(NAMESPACE, NAME, rule).unwrap();
    stage.window.chord(Modifiers::COMMAND, Key::N);
    stage.window.paste(string("defaultListener").expose());
    stage.until("checked", |state| match &state.dialog {
        Some(Dialog::New(form)) => form.entries.iter().all(
            |entry| matches!(&entry.parsed, Ok(parsed) if matches!(parsed.check, Check::Done(_))),
        ),
        _ => false,
    });
    stage.window.settle();
    let endpoint = format!("127.0.0.1:{}", endpoint.port());
    assert!(stage.window.tells("check-endpoint", &[("endpoint", endpoint.into())]));
    let create = stage.window.text("create");
    stage.window.click(&create);
    stage.until("connected", |state| is_connected(state) && state.dialog.is_none());
    stage.window.settle();
    assert_eq!(stage.window.selected(), [NAME]);

    // The list for a firewall is asked of DNS, which tells no stamp of the stand-in.
    let firewall = stage.window.text("firewall");
    stage.window.click(&firewall);
    stage.until(
        "looked up",
        |state| matches!(&state.dialog, Some(Dialog::Firewall(form)) if form.is_whole),
    );
    stage.window.settle();
    let namespace = format!("{NAMESPACE}.servicebus.localhost");
    let values = [("namespace", namespace.as_str().into())];
    assert!(stage.window.tells("firewall-untold", &values), "{}", stage.window.dump());
    assert!(stage.window.says("127.0.0.1, ::1"), "{}", stage.window.dump());
    stage.window.key(Key::Escape);

    // Data of an app goes through, and its course is seen.
    let sender = SenderConfig::from_connection_string(string("defaultSender").expose()).unwrap();
    let sender = sender.trust(azure.ca_pem()).build().unwrap();
    let sent = vec![7; 300_000];
    let echo = stage.background.spawn(async move {
        let mut app = sender.connect().await.unwrap();
        app.write_all(&sent).await.unwrap();
        app.flush().await.unwrap();
        let mut back = vec![0; sent.len()];
        app.read_exact(&mut back).await.unwrap();
        back == sent
    });
    stage.until("the bytes seen", |state| {
        one(state).is_some_and(|view| {
            view.traffic.bytes_to_azure >= 300_000 && view.traffic.total_streams >= 1
        })
    });
    assert!(stage.background.block_on(echo).unwrap());
    stage.until("a chart seen", |state| {
        let series = one(state).map(|view| state.traffic.series(&view.id, Timestamp::now()));
        series.is_some_and(|series| series.iter().any(|bytes| *bytes > 0))
    });

    let restart = stage.window.text("restart");
    stage.window.click(&restart);
    stage.until("restarted", |state| {
        let is_restart = |view: &ConnectionView| {
            view.events.iter().any(|event| event.kind == EventKind::Restarted)
        };
        one(state).is_some_and(is_restart) && is_connected(state)
    });

    let disable = stage.window.text("disable");
    stage.window.click(&disable);
    stage.until("disabled", |state| {
        one(state).is_some_and(|view| view.status.label() == StatusLabel::Disabled)
    });
    stage.window.settle();
    let enable = stage.window.text("enable");
    stage.window.click(&enable);
    stage.until("enabled", is_connected);

    // Removed by keyboard; Azure loses its listener.
    stage.window.key(Key::Delete);
    stage.window.key(Key::Tab);
    stage.window.key(Key::Enter);
    stage.until("removed", |state| one(state).is_none());
    let listeners = azure.wait_until(|state| {
        state.hybrid_connection(NAMESPACE, NAME).is_some_and(|it| it.listeners.is_empty())
    });
    stage.background.block_on(listeners);
    stage.window.settle();
    assert!(stage.window.says(&stage.window.text("empty-title")));
    stage.stop(service);
    stage.background.block_on(azure.shutdown());
}

#[test]
fn a_key_that_azure_does_not_know_is_a_fault_that_another_string_mends() {
    let (mut stage, service) = Stage::with(start_service);
    let folder = tempfile::tempdir().unwrap();
    let (azure, _) = azure(&stage.background, folder.path(), NAME);
    stage.until("up", |state| state.snapshot.is_some());
    trust(&mut stage, azure.ca_pem());
    let good = azure.connection_string(NAMESPACE, NAME, "defaultListener").unwrap();
    let start = good.expose().find("SharedAccessKey=").unwrap() + "SharedAccessKey=".len();
    let mut bad = good.expose().to_owned();
    bad.replace_range(start..start + 6, "AAAAAA");
    stage.window.chord(Modifiers::COMMAND, Key::N);
    stage.window.paste(&bad);
    let create = stage.window.text("create");
    stage.window.click(&create);
    stage.until("refused", |state| {
        let fault = one(state).and_then(|view| view.status.fault());
        fault.is_some_and(|fault| fault.code == FaultCode::Unauthorized)
    });
    stage.window.settle();
    assert!(stage.window.says(&stage.window.texts().fault_advice(FaultCode::Unauthorized)));
    let update = stage.window.text("update");
    stage.window.click(&update);
    stage.window.paste(good.expose());
    let update = stage.window.text("update-do");
    stage.window.click(&update);
    stage.until("mended", is_connected);
    stage.stop(service);
    stage.background.block_on(azure.shutdown());
}

#[test]
fn the_demo_shows_live_traffic_and_leaves_nothing_behind() {
    let (mut stage, service) = Stage::with(start_service);
    stage.until("up", |state| state.snapshot.is_some());
    stage.window.settle();
    let demo = stage.window.text("empty-demo");
    stage.window.click(&demo);
    stage.until("three connections with traffic", |state| {
        let connected = state.connections().iter();
        let connected = connected.filter(|view| view.status.label() == StatusLabel::Connected);
        state.demo == Demo::On && connected.count() == 3 && state.traffic.total().to_azure > 0
    });
    assert!(stage.window.says(&stage.window.text("demo-title")));
    let leave = stage.window.text("demo-leave");
    stage.window.click(&leave);
    stage.until("the own service again", |state| {
        state.demo == Demo::Off
            && state.is_attached()
            && state.connections().is_empty()
            && state.snapshot.is_some()
    });
    stage.window.settle();
    assert!(stage.window.says(&stage.window.text("empty-title")));
    stage.stop(service);
}
