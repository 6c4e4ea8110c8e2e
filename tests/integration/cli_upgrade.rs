//! `hcm upgrade` against a service that plays its part: it tells how far it is, ends, and comes
//! back as another version on the same channel.

use std::process::Stdio;

use hybrid_connection_manager::model::upgrade::{
    Release, UpgradeInfo, UpgradeProgress, UpgradeStep,
};
use hybrid_connection_manager::model::{ConnectionStatus, Fault, FaultCode};
use serde_json::{Value, json};
use tokio::process::Child;

use crate::cli_pty::Terminal;
use crate::cli_support::{FakeService, Home, Ran, connected, view};

const NOTES: &str = "- Reconnect at once after the machine wakes up.\n\n- Take `@` in passwords.\n";

fn newer() -> UpgradeInfo {
    UpgradeInfo {
        asked: None,
        release: Some(Release {
            version: "10.0.0".parse().unwrap(),
            released: "2026-11-18T09:00:00Z".parse().unwrap(),
            notes: NOTES.to_owned(),
        }),
        fault: None,
        by_service: true,
        progress: None,
    }
}

/// A service of version 9.8.7 with two connections and three streams, which knows `upgrade`.
fn serve(home: &Home, upgrade: UpgradeInfo) -> FakeService {
    let mut sql = view("sql", connected());
    sql.traffic.active_streams = 3;
    let service = home.serve(vec![sql, view("web", connected())]);
    service.tell(|service| service.upgrade = Some(Box::new(upgrade)));
    service
}

fn at(service: &FakeService, step: UpgradeStep) {
    service.tell(|service| {
        let upgrade = service.upgrade.get_or_insert_default();
        upgrade.progress = Some(UpgradeProgress { version: "10.0.0".parse().unwrap(), step });
    });
}

fn downloading(done: u64) -> UpgradeStep {
    UpgradeStep::Downloading { done, size: 14_200_000 }
}

/// A service that is `version` from the start.
fn become_version(home: &Home, version: &str, status: ConnectionStatus) -> FakeService {
    let service = home.serve(vec![view("sql", status), view("web", connected())]);
    service.tell(|service| version.clone_into(&mut service.version));
    service
}

fn begin(home: &Home, arguments: &[&str]) -> Child {
    home.command(arguments).stdin(Stdio::null()).spawn().unwrap()
}

const OFFER: &str = "Version 10.0.0 is available, released on 2026-11-18. The service is version 9.8.7.\n  \
    - Reconnect at once after the machine wakes up.\n  - Take `@` in passwords.\n\
    The service restarts: 3 active streams get up to 30 s to end. New ones go to other machines, or are refused until the new version is connected.\n";

#[tokio::test]
async fn it_waits_for_the_new_version_and_its_connections() {
    let home = Home::new();
    let service = serve(&home, newer());
    let child = begin(&home, &["upgrade", "--yes"]);
    assert_eq!(service.asked_to_upgrade().await, "10.0.0");
    at(&service, downloading(0));
    service.subscribed().await;
    at(&service, downloading(5_800_000));
    at(&service, UpgradeStep::Installing);
    service.tell(|service| service.draining = Some(3));
    service.stop().await;
    let service = become_version(&home, "10.0.0", ConnectionStatus::Starting);
    service.subscribed().await;
    service.change(view("sql", connected()));
    let ran = Ran::of(child).await;
    let end = "Version 10.0.0 runs; 2 of 2 connections are connected again\n";
    assert_eq!(ran.expect(0).out, format!("{OFFER}{end}"));
    // Where there is no terminal, each step is a line.
    let lines: Vec<&str> = ran.err.lines().collect();
    let last = [
        "Installing 10.0.0…",
        "The service ends; 3 streams are still open",
        "Waiting for the service of version 10.0.0…",
    ];
    let said = lines.join("\n");
    assert!(lines[0].starts_with("Downloading 10.0.0: "), "{said}");
    assert!(lines[0].ends_with(" of 14.2 MB"), "{said}");
    assert_eq!(lines[1..4], last, "{said}");
    assert!(lines[4..].iter().all(|line| *line == "Version 10.0.0 runs; it connects…"), "{said}");
}

#[tokio::test]
async fn programs_get_one_object_at_the_end() {
    let home = Home::new();
    let service = serve(&home, newer());
    let child = begin(&home, &["upgrade", "--yes", "-o", "json"]);
    service.asked_to_upgrade().await;
    at(&service, UpgradeStep::Installing);
    service.stop().await;
    let _service = become_version(&home, "10.0.0", connected());
    let ran = Ran::of(child).await;
    let expected = json!({
        "Result": "upgraded",
        "From": "9.8.7",
        "Version": "10.0.0",
        "Released": "2026-11-18T09:00:00Z",
        "Notes": NOTES,
        "ByService": true,
        "ActiveStreams": 3,
        "DrainSeconds": 30,
        "ServiceVersion": "10.0.0",
        "Enabled": 2,
        "Connected": 2,
    });
    assert_eq!(ran.expect(0).json(), expected);
    assert_eq!(ran.err, "");
    let help = home.hcm(&["help", "json"]).await.out;
    for key in expected.as_object().unwrap().keys() {
        assert!(help.contains(key.as_str()), "{key}");
    }
}

#[tokio::test]
async fn a_failure_is_told_with_its_advice_and_its_code() {
    let home = Home::new();
    let service = serve(&home, newer());
    let fault = Fault::new(FaultCode::UpgradeFailed, "dpkg ended with 1");
    let mut runs = vec![];
    for arguments in [&["upgrade", "--yes"][..], &["upgrade", "-y", "-o", "json"]] {
        service.tell(|service| service.upgrade = Some(Box::new(newer())));
        service.forget();
        let child = begin(&home, arguments);
        service.asked_to_upgrade().await;
        at(&service, UpgradeStep::Failed { fault: fault.clone() });
        runs.push(Ran::of(child).await);
    }
    let said = &runs[0].expect(1).err;
    assert!(said.contains("The new version was not installed (dpkg ended with 1)"), "{said}");
    assert!(said.contains("This version runs on."), "{said}");
    assert_eq!(runs[1].expect(1).errors()[0]["code"], "upgrade-failed");
    assert_eq!(runs[1].out, "");

    // What came of it is in the status afterwards, too.
    let status = home.hcm(&["status"]).await;
    let words = "The upgrade to 10.0.0 has failed: The new version was not installed";
    assert!(status.out.contains(words), "{status:?}");
    let status = home.hcm(&["status", "-o", "json"]).await.json();
    let progress = &status["Service"]["Upgrade"]["Progress"];
    assert_eq!(progress["Step"], "failed");
    assert_eq!(progress["Fault"]["Code"], "upgrade-failed");
}

#[tokio::test]
async fn a_check_only_tells() {
    let home = Home::new();
    let service = serve(&home, newer());
    let ran = home.hcm(&["upgrade", "--check"]).await;
    assert_eq!((ran.expect(16).out.as_str(), ran.err.as_str()), (OFFER, ""));
    let ran = home.hcm(&["upgrade", "--check", "-o", "json"]).await;
    let told = ran.expect(16).json();
    assert_eq!((&told["Result"], &told["ServiceVersion"]), (&json!("available"), &json!("9.8.7")));

    let asked = Some("2026-11-29T12:00:00Z".parse().unwrap());
    let newest = UpgradeInfo { asked, ..UpgradeInfo::default() };
    service.tell(|service| service.upgrade = Some(Box::new(newest)));
    for arguments in [&["upgrade", "--check"][..], &["upgrade", "--yes"]] {
        let ran = home.hcm(arguments).await;
        assert_eq!(ran.expect(0).out, "The service is the newest version, 9.8.7.\n");
    }
    let told = home.hcm(&["upgrade", "--yes", "-o", "json"]).await.json();
    assert_eq!((&told["Result"], &told["Version"]), (&json!("newest"), &Value::Null));

    for unasked in [None, Some(Box::default())] {
        service.tell(|service| service.upgrade = unasked);
        let ran = home.hcm(&["upgrade", "--check"]).await;
        assert!(ran.expect(1).err.contains("upgrade.feed"), "{ran:?}");
    }
    // A service that was put back knows no more than that.
    service.tell(|service| service.upgrade = None);
    at(&service, UpgradeStep::Failed { fault: Fault::new(FaultCode::UpgradeRolledBack, "") });
    let ran = home.hcm(&["upgrade", "--check", "-o", "json"]).await;
    assert_eq!(ran.expect(1).errors()[0]["code"], "upgrade-rolled-back");
    let fault = Some(Fault::new(FaultCode::ReleaseNotTrusted, "it is not signed"));
    let refused = UpgradeInfo { fault: fault.clone(), ..UpgradeInfo::default() };
    service.tell(|service| service.upgrade = Some(Box::new(refused)));
    let ran = home.hcm(&["upgrade", "--check", "-o", "json"]).await;
    assert_eq!(ran.expect(1).errors()[0]["code"], "release-not-trusted");
    // One that was known before is still there.
    service.tell(|service| service.upgrade = Some(Box::new(UpgradeInfo { fault, ..newer() })));
    let ran = home.hcm(&["upgrade", "--check"]).await;
    assert!(ran.expect(16).err.contains("it is not signed"), "{ran:?}");
}

#[tokio::test]
async fn where_the_service_cannot_do_it_the_way_by_hand_is_told() {
    let home = Home::new();
    let service = serve(&home, UpgradeInfo { by_service: false, ..newer() });
    let ran = home.hcm(&["upgrade", "--yes"]).await;
    ran.expect(1);
    assert!(ran.out.starts_with("Version 10.0.0 is available"), "{ran:?}");
    assert!(!ran.out.contains("restarts"), "{ran:?}");
    assert!(ran.err.contains("in the way in which this one was installed"), "{ran:?}");
    let ran = home.hcm(&["upgrade", "--yes", "-o", "json"]).await;
    assert_eq!(ran.expect(1).errors()[0]["code"], "upgrade-by-hand");
    let _still = service;
}

#[tokio::test]
async fn nobody_is_upgraded_unasked() {
    let home = Home::new();
    let service = serve(&home, newer());
    let ran = home.hcm(&["upgrade"]).await;
    assert!(ran.expect(2).err.contains("--yes"), "{ran:?}");
    assert_eq!(home.hcm(&["upgrade", "--check", "--yes"]).await.code, Some(2));
    for answer in ["\n", "n\n"] {
        let mut terminal = Terminal::start(&home, &["upgrade"], 80, 24);
        let screen = terminal.until(|screen| screen.contains("Upgrade to 10.0.0? [y/N]")).await;
        assert!(screen.contains("3 active streams get up to 30 s to end"), "{screen}");
        terminal.type_in(answer);
        let (code, raw) = terminal.end().await;
        assert!(code == Some(1) && raw.contains("nothing was changed"), "{raw}");
    }
    assert_eq!(service.wanted_version(), None);
}

#[tokio::test]
async fn at_a_terminal_one_line_says_how_far_it_is() {
    let home = Home::new();
    let service = serve(&home, newer());
    let mut terminal = Terminal::start(&home, &["upgrade"], 80, 24);
    terminal.until(|screen| screen.contains("Upgrade to 10.0.0? [y/N]")).await;
    terminal.type_in("y\n");
    service.asked_to_upgrade().await;
    at(&service, downloading(5_800_000));
    let words = |done: &str| format!("Downloading 10.0.0: {done} of 14.2 MB");
    terminal.until(|screen| screen.ends_with(&words("5.8 MB"))).await;
    at(&service, downloading(9_900_000));
    let screen = terminal.until(|screen| screen.ends_with(&words("9.9 MB"))).await;
    assert_eq!(screen.matches("Downloading").count(), 1, "it is written anew:\n{screen}");
    at(&service, UpgradeStep::Installing);
    terminal.until(|screen| screen.ends_with("Installing 10.0.0…")).await;
    service.stop().await;
    terminal.until(|screen| screen.ends_with("Waiting for the service of version 10.0.0…")).await;
    // A connection that does not come back is seen in the end.
    let service = become_version(&home, "10.0.0", ConnectionStatus::Starting);
    terminal.until(|screen| screen.ends_with("Version 10.0.0 runs; it connects…")).await;
    service.change(view("sql", connected()));
    let (code, raw) = terminal.end().await;
    let screen = crate::cli_pty::screen(&raw);
    assert_eq!(code, Some(0), "{screen}");
    let last = screen.trim_end().lines().last().unwrap();
    assert_eq!(last, "Version 10.0.0 runs; 2 of 2 connections are connected again");
}

#[tokio::test]
async fn ctrl_c_leaves_the_upgrade_to_the_service() {
    let home = Home::new();
    let service = serve(&home, newer());
    let terminal = Terminal::start(&home, &["upgrade", "--yes"], 80, 24);
    service.asked_to_upgrade().await;
    at(&service, UpgradeStep::Installing);
    terminal.until(|screen| screen.ends_with("Installing 10.0.0…")).await;
    terminal.interrupt();
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(130), "{raw}");
    assert!(raw.contains("The upgrade goes on without hcm"), "{raw}");
}
