//! `--watch` and `--follow` where standard output is no terminal.

use hybrid_connection_manager::ipc::protocol::Event;
use hybrid_connection_manager::model::ConnectionStatus;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::cli_support::{Home, LIMIT, connected, id, view};

/// A running `hcm` whose lines are read as they come.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home.command(arguments).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(LIMIT, self.lines.next_line()).await;
        line.expect("no line comes").unwrap().expect("hcm has ended")
    }

    /// The next line without its time.
    async fn words(&mut self) -> String {
        let line = self.line().await;
        line.split_once("  ").unwrap().1.to_owned()
    }

    async fn json(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// Ends it as Ctrl-C does.
    async fn interrupt(mut self) -> Option<i32> {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        status.expect("hcm does not end").unwrap().code()
    }
}

#[tokio::test]
async fn every_change_is_a_line() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", ConnectionStatus::Starting)]);
    let mut watch = Running::start(&home, &["list", "--watch"]);
    assert_eq!(watch.words().await, "contoso/sql: Connecting · sql.corp:1433");
    let mut sql = view("sql", connected());
    service.change(sql.clone());
    assert_eq!(watch.words().await, "contoso/sql: Connected · sql.corp:1433");
    sql.traffic.bytes_to_azure = 1;
    service.change(sql.clone());
    service.change(view("web", ConnectionStatus::Disabled));
    assert_eq!(watch.words().await, "contoso/web: Disabled · web.corp:1433");
    service.happen(Event::Removed { id: id("web") });
    assert_eq!(watch.words().await, "contoso/web: removed");

    service.stop().await;
    let gone = watch.words().await;
    assert!(gone.starts_with("service: gone · the connection to the service was lost"), "{gone}");
    let gone = watch.words().await;
    assert!(gone.starts_with("service: gone · the service does not run"), "{gone}");
    let _service = home.serve(vec![sql]);
    assert_eq!(watch.words().await, "service: back");
    assert_eq!(watch.interrupt().await, Some(0));
}

#[tokio::test]
async fn every_change_is_an_object() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", ConnectionStatus::Starting)]);
    let mut watch = Running::start(&home, &["list", "--watch", "-o", "json"]);
    let first = watch.json().await;
    assert_eq!(
        (&first["Event"], &first["Connections"][0]["Name"]),
        (&"snapshot".into(), &"sql".into())
    );
    service.change(view("sql", connected()));
    let second = watch.json().await;
    assert_eq!(second["Event"], "connection");
    assert_eq!(
        (&second["Revision"], &second["Connection"]["Status"]),
        (&2.into(), &"Connected".into())
    );
    service.happen(Event::Removed { id: id("sql") });
    assert_eq!(watch.json().await["Event"], "removed");
    service.stop().await;
    assert_eq!(watch.json().await["Event"], "service-lost");
    assert_eq!(watch.json().await["Event"], "service-lost");
    let _service = home.serve(vec![]);
    assert_eq!(watch.json().await["Event"], "snapshot");
    assert_eq!(watch.interrupt().await, Some(0));
}

#[tokio::test]
async fn the_log_is_followed_through_a_restart() {
    let home = Home::new();
    let service = home.serve(vec![]);
    service.log("one");
    service.log("two");
    let mut logs = Running::start(&home, &["logs", "-f", "-n", "1", "-o", "json"]);
    assert_eq!(logs.json().await["Message"], "two");
    service.log("three");
    assert_eq!(logs.json().await["Message"], "three");
    service.stop().await;
    let service = home.serve(vec![]);
    service.log("four");
    assert_eq!(logs.json().await["Message"], "four");
    assert_eq!(logs.interrupt().await, Some(0));
}

#[tokio::test]
async fn waiting_can_be_interrupted() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", ConnectionStatus::Starting)]);
    let waiting = Running::start(&home, &["status", "--wait", "600"]);
    // Its subscription shows that it listens for signals already.
    tokio::time::timeout(LIMIT, service.subscribed()).await.unwrap();
    assert_eq!(waiting.interrupt().await, Some(130));
}
