use tokio::sync::mpsc;

use super::*;
use crate::cli::render::sample;
use crate::ipc::Push;
use crate::model::upgrade::{UpgradeInfo, UpgradeProgress};
use crate::model::{ConnectionStatus, ConnectionView, FaultCode};

const DRAIN: Duration = Duration::from_secs(30);

/// The service of `version`, at `step` of the upgrade to 1.1.0.
fn service(version: &str, step: Option<UpgradeStep>, views: Vec<ConnectionView>) -> Update {
    let mut snapshot = sample::snapshot(views);
    snapshot.service.version = version.to_owned();
    let progress = step.map(|step| UpgradeProgress { version: newer(), step });
    snapshot.service.upgrade = Some(Box::new(UpgradeInfo { progress, ..UpgradeInfo::default() }));
    Update::Push(Push::Snapshot(Box::new(snapshot)))
}

fn newer() -> Version {
    "1.1.0".parse().unwrap()
}

fn sql(status: ConnectionStatus) -> Vec<ConnectionView> {
    vec![sample::view("contoso", "sql", status)]
}

fn old(step: UpgradeStep) -> Update {
    service("1.0.0", Some(step), sql(sample::connected()))
}

fn lost(exit: Exit) -> Update {
    Update::Lost(Failure::new(exit, "gone"))
}

/// What following gives when `script` happens, each after its seconds; which steps were told,
/// and how long it took.
async fn followed(script: Vec<(u64, Update)>) -> (Result<Snapshot, Failure>, Vec<Step>, u64) {
    let (sender, updates) = mpsc::channel(16);
    let start = Instant::now();
    tokio::spawn(async move {
        for (seconds, update) in script {
            tokio::time::sleep_until(start + Duration::from_secs(seconds)).await;
            sender.send(update).await.unwrap();
        }
        sender.closed().await;
    });
    let awaited = Awaited::new(newer(), DRAIN, &sample::snapshot(sql(sample::connected())));
    let mut steps = Vec::new();
    let no_gap = || -> Feed { panic!("no event is missing") };
    let end = follow(Feed::of(updates), &awaited, no_gap, &mut |step| steps.push(step)).await;
    (end, steps, start.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn it_is_followed_through_the_end_of_the_old_service() {
    let downloading = |done| UpgradeStep::Downloading { done, size: 9 };
    let (end, steps, after) = followed(vec![
        (0, old(downloading(4))),
        (170, old(downloading(9))),
        (340, old(UpgradeStep::Installing)),
        (341, lost(Exit::ServiceNotReachable)),
        (342, lost(Exit::Denied)),
        (400, service("1.1.0", None, sql(ConnectionStatus::Starting))),
        (410, service("1.1.0", None, sql(sample::connected()))),
    ])
    .await;
    assert_eq!((end.unwrap().service.version.as_str(), after), ("1.1.0", 410));
    let told = [
        Step::Downloading { done: 4, size: 9 },
        Step::Downloading { done: 9, size: 9 },
        Step::Installing,
        Step::Waiting,
        Step::Connecting,
    ];
    assert_eq!(steps, told);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_with_its_code_also_by_a_service_that_came_back() {
    let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
    let failed = UpgradeStep::Failed { fault };
    let (end, ..) = followed(vec![
        (0, old(UpgradeStep::Installing)),
        (1, lost(Exit::ServiceNotReachable)),
        (9, service("1.0.0", None, sql(ConnectionStatus::Starting))),
        (11, old(failed)),
    ])
    .await;
    let failure = end.unwrap_err();
    assert_eq!((failure.exit, failure.code.as_str()), (Exit::Failure, "upgrade-rolled-back"));
    assert!(failure.message.contains("no answer within 30 s"), "{failure}");
    let (end, ..) = followed(vec![(0, lost(Exit::VersionMismatch))]).await;
    assert_eq!(end.unwrap_err().exit, Exit::VersionMismatch);
}

#[tokio::test(start_paused = true)]
async fn a_new_version_that_ends_at_once_is_not_the_end() {
    let steady = STEADY_FOR.as_secs();
    let new = || service("1.1.0", None, sql(sample::connected()));
    let begins = || {
        vec![
            (0, old(UpgradeStep::Installing)),
            (1, lost(Exit::ServiceNotReachable)),
            (5, new()),
            (5 + steady - 1, lost(Exit::ServiceNotReachable)),
        ]
    };
    let (end, _, after) = followed([begins(), vec![(20, new())]].concat()).await;
    assert_eq!((end.unwrap().service.version.as_str(), after), ("1.1.0", 20 + steady));

    let fault = Fault::new(FaultCode::UpgradeRolledBack, "it did not run on");
    let back = vec![(60, old(UpgradeStep::Installing)), (70, old(UpgradeStep::Failed { fault }))];
    let (end, _, after) = followed([begins(), back].concat()).await;
    let failure = end.unwrap_err();
    assert_eq!((failure.code.as_str(), after), ("upgrade-rolled-back", 70));

    let (end, _, after) = followed(begins()).await;
    let ended = 1 + (DRAIN + LIMIT).as_secs();
    assert_eq!((end.unwrap_err().exit, after), (Exit::TimedOut, ended));
}

#[tokio::test(start_paused = true)]
async fn every_wait_has_its_end() {
    let limit = LIMIT.as_secs();
    let silent = UpgradeStep::Downloading { done: 4, size: 9 };
    let (end, _, after) = followed(vec![(0, old(silent.clone())), (100, old(silent))]).await;
    assert_eq!((end.unwrap_err().exit, after), (Exit::TimedOut, limit));

    // The installer has more time, as long as the service is there to tell of it.
    let (end, _, after) = followed(vec![(0, old(UpgradeStep::Installing))]).await;
    assert_eq!((end.unwrap_err().exit, after), (Exit::TimedOut, INSTALL_LIMIT.as_secs()));

    // Neither one that comes and goes nor one that stays old prolongs it.
    let begins = vec![(0, old(UpgradeStep::Installing)), (100, lost(Exit::ServiceNotReachable))];
    let (end, _, after) = followed(begins.clone()).await;
    let failure = end.unwrap_err();
    assert_eq!((failure.exit, after), (Exit::TimedOut, 100 + DRAIN.as_secs() + limit));
    assert!(failure.message.starts_with("version 1.1.0 does not answer: gone."), "{failure}");
    let back = service("1.0.0", None, sql(sample::connected()));
    let (end, _, after) = followed([begins, vec![(150, back)]].concat()).await;
    let failure = end.unwrap_err();
    assert_eq!((failure.exit, after), (Exit::TimedOut, 100 + DRAIN.as_secs() + limit));
    assert!(failure.message.starts_with("the service still is version 1.0.0"), "{failure}");

    // The new version runs, whatever its connections do.
    let new = service("1.2.0", None, sql(ConnectionStatus::Starting));
    let (end, _, after) = followed(vec![(5, new)]).await;
    assert_eq!(end.unwrap().service.version, "1.2.0");
    assert_eq!(after, 5 + CONNECT_LIMIT.as_secs());
}

#[test]
fn what_was_not_connected_before_or_is_not_to_be_is_not_waited_for() {
    let before = sample::snapshot(vec![
        sample::view("contoso", "sql", sample::connected()),
        sample::view("contoso", "web", sample::waiting(sample::refused_key(), 1000)),
    ]);
    let awaited = Awaited::new(newer(), DRAIN, &before);
    let is_connected = |views| awaited.is_connected(&sample::snapshot(views));
    assert!(awaited.is_connected(&before));
    assert!(is_connected(vec![]) && is_connected(sql(ConnectionStatus::Disabled)));
    assert!(!is_connected(sql(ConnectionStatus::Starting)));
}
