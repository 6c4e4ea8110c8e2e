//! What the window needs of the system, with the processes that it takes: a window that
//! hangs or is killed, and a service that is started and goes on.

use std::path::Path;
use std::time::Duration;

use hybrid_connection_manager::ipc::Client;
use hybrid_connection_manager::platform::front::{self, Claim, Front};
use hybrid_connection_manager::platform::service_program::{ServiceProgram, StartedService};
use hybrid_connection_manager::platform::{Paths, WindowPaths, files};
use rustix::process::{Pid, Signal, getsid, kill_process, test_kill_process};

use crate::platform::{Actor, folder, say};

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("nothing came")
}

async fn start(home: &Path) -> Claim {
    let address = WindowPaths::in_home(home).unwrap().front;
    within(front::claim(&address, None)).await.unwrap()
}

async fn open(home: &Path) -> Front {
    match start(home).await {
        Claim::Open(front) => front,
        Claim::Shown => panic!("another window has come to the front"),
    }
}

#[tokio::test]
async fn a_window_that_is_killed_is_replaced_at_once() {
    let home = tempfile::tempdir().unwrap();
    let mut window = Actor::start("platform_window::child_that_is_a_window", home.path());
    assert_eq!(window.hear(), "open");
    assert!(matches!(start(home.path()).await, Claim::Shown));
    window.kill();
    assert!(WindowPaths::in_home(home.path()).unwrap().front.as_path().exists());
    assert_eq!(open(home.path()).await.hung(), 0);
}

#[tokio::test]
async fn a_window_that_stands_still_does_not_keep_people_out() {
    let home = tempfile::tempdir().unwrap();
    let mut still = Actor::start("platform_window::child_that_is_a_window", home.path());
    assert_eq!(still.hear(), "open");
    still.freeze();
    let mut second = open(home.path()).await;
    assert_eq!(second.hung(), 1);
    let (third, ()) = tokio::join!(start(home.path()), async {
        second.next().await.unwrap().shown();
    });
    assert!(matches!(third, Claim::Shown));
    still.signal(Signal::CONT);
    drop(second);
    assert!(matches!(start(home.path()).await, Claim::Shown), "it goes on as if nothing was");
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_that_is_a_window() {
    let Some(home) = folder() else { return };
    let mut front = open(&home).await;
    say("open");
    while let Some(request) = front.next().await {
        request.shown();
    }
}

/// Only root can become someone else, so only root can try this.
#[tokio::test]
async fn a_window_of_another_account_is_no_reason_not_to_open_one() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    std::os::unix::fs::chown(&run, Some(65534), None).unwrap();
    let address = WindowPaths::in_home(home.path()).unwrap().front;
    let error = front::claim(&address, None).await.unwrap_err().to_string();
    assert!(error.contains("will not find this window") && error.contains("chown"), "{error}");
}

/// A service that ends with the test.
struct Running(Pid);

impl Running {
    fn new(pid: u32) -> Self {
        Self(Pid::from_raw(pid.try_into().unwrap()).unwrap())
    }

    fn stop(&self) {
        kill_process(self.0, Signal::TERM).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if test_kill_process(self.0).is_ok() {
            kill_process(self.0, Signal::KILL).unwrap_or_default();
        }
    }
}

fn start_service(home: &Path) -> StartedService {
    let program = env!("CARGO_BIN_EXE_hybrid-connection-manager-service");
    ServiceProgram::at(program.into()).start(Some(home)).unwrap()
}

async fn is_served(home: &Path) {
    let channel = Paths::in_home(home).unwrap().channel;
    within(async {
        while Client::connect(&channel, "test").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_is_started_in_a_session_of_its_own_and_tells_why_it_cannot_serve() {
    let home = tempfile::tempdir().unwrap();
    let mut first = start_service(home.path());
    let running = Running::new(first.pid());
    is_served(home.path()).await;
    assert_eq!(getsid(Some(running.0)).unwrap(), running.0);
    assert_eq!(first.try_ended(), None);

    let mut second = start_service(home.path());
    let end = within(second.ended()).await;
    assert!(!end.success);
    assert!(end.last_line.as_ref().is_some_and(|line| !line.starts_with("hybrid")), "{end:?}");
    assert!(end.to_string().contains(&first.pid().to_string()), "{end}");

    running.stop();
    let end = within(first.ended()).await;
    assert!(end.success, "{end:?}");
    assert_eq!(end.last_line, None, "its log is in its files alone");
    assert_eq!(first.try_ended(), Some(end));
}

#[tokio::test]
async fn a_service_goes_on_when_the_program_that_started_it_has_ended() {
    let home = tempfile::tempdir().unwrap();
    let mut starter = Actor::start("platform_window::child_that_starts_a_service", home.path());
    let running = Running::new(starter.hear().parse().unwrap());
    is_served(home.path()).await;
    starter.kill();
    is_served(home.path()).await;
    running.stop();
    let lock = Paths::in_home(home.path()).unwrap().lock_file;
    within(async {
        while files::lock(&lock).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_that_starts_a_service() {
    let Some(home) = folder() else { return };
    let mut service = start_service(&home);
    say(&service.pid().to_string());
    service.ended().await;
}
