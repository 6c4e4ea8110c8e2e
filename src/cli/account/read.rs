//! Reading the hybrid connections of a subscription, with its progress.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::azure::{Azure, AzureError, BrowseEvent, FoundConnection, Namespace, Subscription};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::printer::Printer;
use crate::cli::render::text::{count, plain};

/// What a subscription has.
#[derive(Debug, Default)]
pub(in crate::cli) struct Read {
    /// Hybrid connections, by namespace and name.
    pub(in crate::cli) connections: Vec<FoundConnection>,
    /// Namespaces that could not be read.
    pub(in crate::cli) problems: Vec<(Arc<Namespace>, AzureError)>,
    /// Why there may be more namespaces than these.
    pub(in crate::cli) cut_short: Option<Failure>,
}

/// Reads all of `subscription`.
///
/// # Errors
/// A subscription of which nothing can be read.
pub(in crate::cli) async fn read(
    printer: &Printer,
    azure: &Azure,
    subscription: &Subscription,
) -> Result<Read, Failure> {
    let name = plain(&subscription.name);
    printer.progress_or_note("Reading namespaces…", &format!("Reading the namespaces of {name}…"));
    let read = follow(azure.browse(subscription), |pause, reading| match pause {
        Some(pause) => printer.progress_or_note(&pause, &pause),
        None => printer.progress(&reading.progress()),
    });
    let read = read.await;
    printer.end_progress();
    read
}

/// Takes all `events` and tells `show` of each, with the words for a pause.
async fn follow(
    mut events: mpsc::Receiver<BrowseEvent>,
    show: impl Fn(Option<String>, &Reading),
) -> Result<Read, Failure> {
    let mut reading = Reading::default();
    loop {
        match events.recv().await {
            Some(BrowseEvent::Done(ended)) => return reading.end(ended.map_err(Failure::from)),
            Some(event) => show(reading.take(event), &reading),
            None => {
                let text = "hcm stopped reading before it had read everything; try again";
                return reading.end(Err(Failure::new(Exit::Failure, text)));
            }
        }
    }
}

/// What came so far.
#[derive(Debug, Default)]
struct Reading {
    /// By resource id: one that came twice is one.
    found: BTreeMap<String, FoundConnection>,
    problems: Vec<(Arc<Namespace>, AzureError)>,
    namespaces: (usize, usize, bool),
}

impl Reading {
    /// Takes what came; gives words for a pause that Azure wants.
    fn take(&mut self, event: BrowseEvent) -> Option<String> {
        match event {
            BrowseEvent::Progress { read, found, is_complete } => {
                self.namespaces = (read, found, is_complete);
            }
            BrowseEvent::Found(connections) => {
                let by_id = |one: FoundConnection| (one.resource_id.to_lowercase(), one);
                self.found.extend(connections.into_iter().map(by_id));
            }
            BrowseEvent::NamespaceFailed { namespace, error } => {
                self.problems.push((namespace, error));
            }
            BrowseEvent::Waiting { seconds } => {
                return Some(format!("Azure wants fewer requests; waiting {seconds} s…"));
            }
            BrowseEvent::Done(_) => {}
        }
        None
    }

    fn progress(&self) -> String {
        let (read, found, is_complete) = self.namespaces;
        let more = if is_complete { "" } else { "+" };
        let connections = self.found.len() as u64;
        let connections = count(connections, "hybrid connection", "hybrid connections");
        format!("Reading namespaces {read} of {found}{more}… {connections}")
    }

    fn end(self, ended: Result<(), Failure>) -> Result<Read, Failure> {
        let Self { found, problems, .. } = self;
        let mut connections: Vec<FoundConnection> = found.into_values().collect();
        connections
            .sort_by_cached_key(|one| (one.namespace.name.to_lowercase(), one.name.to_lowercase()));
        match ended {
            Err(failure) if connections.is_empty() && problems.is_empty() => Err(failure),
            ended => Ok(Read { connections, problems, cut_short: ended.err() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::AzureErrorKind;
    use crate::cli::render::account::sample;

    #[test]
    fn everything_is_kept_once_and_in_order() {
        let mut reading = Reading::default();
        let found = |names: &[&str]| {
            BrowseEvent::Found(names.iter().map(|name| sample::found("contoso", name)).collect())
        };
        assert_eq!(reading.take(found(&["web", "sql"])), None);
        reading.take(BrowseEvent::Progress { read: 1, found: 3, is_complete: false });
        assert_eq!(reading.progress(), "Reading namespaces 1 of 3+… 2 hybrid connections");
        reading.take(BrowseEvent::Found(vec![
            sample::found("a", "z"),
            sample::found("contoso", "sql"),
        ]));
        reading.take(BrowseEvent::Progress { read: 2, found: 3, is_complete: true });
        assert_eq!(reading.progress(), "Reading namespaces 2 of 3… 3 hybrid connections");
        let pause = reading.take(BrowseEvent::Waiting { seconds: 7 }).unwrap();
        assert_eq!(pause, "Azure wants fewer requests; waiting 7 s…");
        let failed = AzureError::new(AzureErrorKind::Forbidden, "");
        let namespace = Arc::clone(&sample::found("secret", "x").namespace);
        reading.take(BrowseEvent::NamespaceFailed { namespace, error: failed });
        let read = reading.end(Ok(())).unwrap();
        let names: Vec<&str> = read.connections.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["z", "sql", "web"]);
        assert_eq!(read.problems.len(), 1);
    }

    #[test]
    fn what_was_read_before_it_broke_is_kept() {
        let error = || Failure::from(AzureError::new(AzureErrorKind::Interrupted, ""));
        let failure = Reading::default().end(Err(error())).unwrap_err();
        assert_eq!(failure.code, "interrupted");
        let mut reading = Reading::default();
        reading.take(BrowseEvent::Found(vec![sample::found("contoso", "sql")]));
        let read = reading.end(Err(error())).unwrap();
        assert_eq!((read.connections.len(), read.cut_short), (1, Some(error())));
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_has_not_read_all() {
        let (tell, events) = mpsc::channel(2);
        let found = BrowseEvent::Found(vec![sample::found("contoso", "sql")]);
        tell.send(found).await.unwrap();
        drop(tell);
        let read = follow(events, |_, _| ()).await.unwrap();
        assert_eq!(read.connections.len(), 1);
        let cut_short = read.cut_short.unwrap().to_string();
        assert!(cut_short.contains("before it had read everything"), "{cut_short}");

        let (tell, events) = mpsc::channel(1);
        tell.send(BrowseEvent::Done(Ok(()))).await.unwrap();
        assert_eq!(follow(events, |_, _| ()).await.unwrap().cut_short, None);
        let (tell, events) = mpsc::channel(1);
        drop(tell);
        let failure = follow(events, |_, _| ()).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Failure);
    }
}
