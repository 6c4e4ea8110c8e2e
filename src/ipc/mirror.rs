//! A copy of the service's state that follows its events.

use crate::model::Snapshot;

use super::client::Push;
use super::protocol::LogLine;

/// Keeps a [`Snapshot`] current from what the service sends to a subscriber. One
/// mirror belongs to one channel: a new service counts its revisions anew.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    snapshot: Option<Snapshot>,
}

/// What a push changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The state; show it again.
    State,
    /// Nothing: the state had this change already.
    Nothing,
    /// The log has one more line.
    Log(LogLine),
}

/// An event is missing. Subscribe again: a fresh snapshot follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an event of the service is missing: revision {got} came after {}",
    have.map_or_else(|| "no snapshot at all".to_owned(), |have| have.to_string())
)]
pub struct Gap {
    /// The revision of the state here.
    pub have: Option<u64>,
    /// The revision that came.
    pub got: u64,
}

impl Mirror {
    /// The state, once the first snapshot has come.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Applies what the service sent.
    ///
    /// # Errors
    /// [`Gap`] where an event is missing; the state is then as it was.
    pub fn apply(&mut self, push: Push) -> Result<Changed, Gap> {
        match push {
            Push::Log(line) => Ok(Changed::Log(line)),
            Push::Diagnosis { .. } => Ok(Changed::Nothing),
            Push::Snapshot(snapshot) => {
                self.snapshot = Some(*snapshot);
                Ok(Changed::State)
            }
            Push::Event { revision, event } => {
                let gap = |have| Gap { have, got: revision };
                let snapshot = self.snapshot.as_mut().ok_or(gap(None))?;
                let have = snapshot.revision;
                if revision <= have {
                    return Ok(Changed::Nothing);
                }
                if revision - have != 1 {
                    return Err(gap(Some(have)));
                }
                event.apply(snapshot, revision);
                Ok(Changed::State)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ipc::protocol::Event;
    use crate::model::ServiceInfo;

    fn service(version: &str) -> ServiceInfo {
        ServiceInfo {
            version: version.into(),
            pid: 1,
            started: Timestamp::UNIX_EPOCH,
            home: "/h".into(),
            faults: vec![],
            draining: None,
            policy: None,
            proxy: None,
            upgrade: None,
        }
    }

    fn snapshot(revision: u64) -> Push {
        let snapshot = Snapshot { revision, service: service("first"), connections: vec![] };
        Push::Snapshot(Box::new(snapshot))
    }

    fn event(revision: u64, version: &str) -> Push {
        Push::Event { revision, event: Event::Service { service: service(version) } }
    }

    #[test]
    fn events_follow_the_snapshot_without_a_gap() {
        let mut mirror = Mirror::default();
        assert_eq!(mirror.apply(event(8, "x")), Err(Gap { have: None, got: 8 }));
        assert_eq!(mirror.apply(snapshot(7)), Ok(Changed::State));
        assert_eq!(mirror.apply(event(7, "old")), Ok(Changed::Nothing));
        assert_eq!(mirror.apply(event(8, "next")), Ok(Changed::State));
        let gap = mirror.apply(event(10, "far")).unwrap_err();
        assert_eq!(gap.to_string(), "an event of the service is missing: revision 10 came after 8");
        let state = mirror.snapshot().unwrap();
        assert_eq!((state.revision, state.service.version.as_str()), (8, "next"));
        assert_eq!(mirror.apply(snapshot(12)), Ok(Changed::State));
        assert_eq!(mirror.snapshot().unwrap().revision, 12);
    }
}
