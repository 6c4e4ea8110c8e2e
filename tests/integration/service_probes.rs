//! What probes of a script or a container hear: `hcm status --check` against a real service.

use std::future::pending;

use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::model::{Secret, Snapshot, StatusLabel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bed::{Bed, Host, NAME, NAMESPACE, add, listener_string, named, within};
use crate::cli_support::{Home, Ran, hcm_in};

const READY: &[&str] = &["status", "--check"];
const LIVE: &[&str] = &["status", "--check", "live"];

async fn asked(host: &Host, arguments: &[&str]) -> Ran {
    Ran::of(hcm_in(host.home.path(), arguments).spawn().unwrap()).await
}

/// It says nothing, since the answer is yes.
#[track_caller]
fn is_silent(ran: &Ran) {
    ran.expect(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[tokio::test]
async fn where_no_service_runs_neither_is_so() {
    let home = Home::new();
    for check in [READY, LIVE] {
        let ran = home.hcm(check).await;
        assert!(ran.expect(3).err.contains("the service does not run"), "{ran:?}");
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
    }
    let ran = home.hcm(&["status", "--check", "live", "-o", "json"]).await;
    let answer = ran.expect(3).json();
    assert_eq!((&answer["Check"], &answer["Passed"]), (&"live".into(), &false.into()));
    assert_eq!((answer["Code"].as_str(), ran.err.as_str()), (Some("service-not-reachable"), ""));
    let ran = home.hcm(&["status", "--check", "live", "-ns", "a", "-n", "b"]).await;
    assert!(ran.expect(2).err.contains("takes no hybrid connection"), "{ran:?}");
}

#[tokio::test]
async fn one_connection_that_is_down_is_not_ready_and_yet_alive() {
    let mut bed = Bed::connected().await;
    is_silent(&asked(&bed.host, READY).await);
    is_silent(&asked(&bed.host, LIVE).await);

    let string = listener_string(&bed.emulator, NAME);
    let missing = string.expose().replace("EntityPath=hc", "EntityPath=missing");
    bed.host.request(add(Secret::new(missing), false)).await.unwrap();
    bed.host.until("missing", |view| view.status.fault().is_some()).await;
    for arguments in [READY, &["status", "--check", "ready", "--wait", "1"]] {
        let ran = asked(&bed.host, arguments).await;
        assert!(matches!(ran.code, Some(7 | 8)), "{ran:?}");
        assert!(ran.err.contains("contoso/missing is not connected: "), "{ran:?}");
        assert!(ran.err.starts_with("error: 1 of 2 enabled"), "{ran:?}");
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
    }
    is_silent(&asked(&bed.host, LIVE).await);
    is_silent(&asked(&bed.host, &["status", "contoso/hc", "--check"]).await);
    let ran = asked(&bed.host, &["status", "--check", "-o", "json"]).await;
    let answer = ran.expect(7).json();
    assert_eq!(
        (answer["Check"].as_str(), answer["Code"].as_str()),
        (Some("ready"), Some("not-connected"))
    );

    // One that is disabled is not waited for.
    let connection = named("missing");
    bed.host.request(Request::DisableConnection { connection }).await.unwrap();
    bed.host.until_label("missing", StatusLabel::Disabled).await;
    is_silent(&asked(&bed.host, READY).await);
    is_silent(&asked(&bed.host, &["status", "--check", "--wait", "30"]).await);
    let ran = asked(&bed.host, &["status", "contoso/missing", "--check"]).await;
    assert!(ran.expect(7).err.contains("contoso/missing is disabled"), "{ran:?}");
    bed.host.stop().await;
    bed.emulator.shutdown().await;
}

#[tokio::test]
async fn one_that_stops_is_alive_to_its_end_and_not_ready_from_the_first_moment() {
    let bed = Bed::connected().await;
    let (mut app, mut endpoint) = bed.stream().await;
    let Bed { emulator, mut host, .. } = bed;
    let ended = tokio::spawn(host.service.stop(pending()));
    // No change is passed over: before the channel closes it is said.
    let first = |snapshot: &Snapshot| {
        let connected = snapshot.connections[0].status.label() == StatusLabel::Connected;
        let draining = snapshot.service.draining.is_some();
        (!connected || draining).then_some((connected, draining))
    };
    assert_eq!(host.watcher.until_all(first).await, (true, true));
    within(emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    let check = |arguments| Ran::of(hcm_in(host.home.path(), arguments).spawn().unwrap());
    let ran = check(READY).await;
    assert_eq!(ran.expect(3).err, "error: the service is stopping\n");
    is_silent(&check(LIVE).await);

    app.shutdown().await.unwrap();
    endpoint.shutdown().await.unwrap();
    let mut nothing = Vec::new();
    within(app.read_to_end(&mut nothing)).await.unwrap();
    within(ended).await.unwrap();
    check(LIVE).await.expect(3);
    emulator.shutdown().await;
}
