//! Whether what should be connected is connected.

use crate::model::{
    ConnectionId, ConnectionStatus, ConnectionView, Desired, Snapshot, StatusLabel,
};

/// Connections that one line names.
const MOST_NAMES: usize = 3;

/// The connections that a question is about, and how they are.
#[derive(Debug)]
pub struct Health<'a> {
    /// The one that was asked about, or all.
    pub views: Vec<&'a ConnectionView>,
    /// Only one was asked about.
    pub named: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything asked about is connected.
    Healthy,
    /// Something is not connected yet.
    NotYet,
    /// Something will not become connected before a person acts.
    Hopeless,
}

impl<'a> Health<'a> {
    /// How all of `snapshot`, or its connection `only`, is.
    pub fn of(snapshot: &'a Snapshot, only: Option<&ConnectionId>) -> Self {
        let views = snapshot.connections.iter();
        let views = views.filter(|view| only.is_none_or(|only| view.id == *only)).collect();
        Self { views, named: only.is_some() }
    }

    /// The answer.
    pub fn verdict(&self) -> Verdict {
        if self.named && self.count(is_enabled) < self.views.len() {
            return Verdict::Hopeless;
        }
        let is_given_up = |view: &ConnectionView| {
            is_enabled(view) && matches!(view.status, ConnectionStatus::Faulted { .. })
        };
        if self.count(is_given_up) > 0 {
            Verdict::Hopeless
        } else if self.connected() == self.enabled() {
            Verdict::Healthy
        } else {
            Verdict::NotYet
        }
    }

    /// How many are enabled.
    pub fn enabled(&self) -> usize {
        self.count(is_enabled)
    }

    /// How many are enabled and connected.
    pub fn connected(&self) -> usize {
        self.count(is_ready)
    }

    /// How many are disabled.
    pub fn disabled(&self) -> usize {
        self.views.len() - self.enabled()
    }

    /// Why what is asked about is not ready, in one line; nothing where it is.
    pub fn not_ready(&self) -> Option<String> {
        if let [view] = self.views[..]
            && self.named
        {
            return (!is_ready(view)).then(|| format!("{} is {}", view.id, state(view)));
        }
        let is_missing = |view: &&ConnectionView| is_enabled(view) && !is_ready(view);
        let missing: Vec<_> = self.views.iter().copied().filter(is_missing).collect();
        let names = missing.iter().take(MOST_NAMES);
        let mut names: Vec<_> =
            names.map(|view| format!("{} is {}", view.id, state(view))).collect();
        if let Some(more) = missing.len().checked_sub(MOST_NAMES).filter(|more| *more > 0) {
            names.push(format!("and {more} more"));
        }
        (!names.is_empty()).then(|| format!("{} {}", self.overall(), names.join("; ")))
    }

    /// How all of them are, in one sentence.
    pub fn overall(&self) -> String {
        let (enabled, disabled) = (self.enabled(), self.disabled());
        let besides = if disabled == 0 { String::new() } else { format!(" ({disabled} disabled)") };
        match enabled {
            0 if disabled == 0 => "No hybrid connections yet. Add one: hcm add".to_owned(),
            0 => format!("No hybrid connection is enabled{besides}."),
            1 => {
                format!(
                    "{} of 1 enabled hybrid connection is connected{besides}.",
                    self.connected()
                )
            }
            _ => format!(
                "{} of {enabled} enabled hybrid connections are connected{besides}.",
                self.connected()
            ),
        }
    }

    fn count(&self, has: impl Fn(&ConnectionView) -> bool) -> usize {
        self.views.iter().filter(|view| has(view)).count()
    }
}

fn is_enabled(view: &ConnectionView) -> bool {
    view.desired == Desired::Enabled
}

fn is_ready(view: &ConnectionView) -> bool {
    is_enabled(view) && view.status.label() == StatusLabel::Connected
}

/// How one is that is not ready.
fn state(view: &ConnectionView) -> String {
    let label = match view.desired {
        Desired::Enabled => view.status.label(),
        Desired::Disabled => StatusLabel::Disabled,
    };
    let label = label.to_string().to_lowercase();
    match view.status.fault() {
        Some(fault) => format!("{label}: {} [{}]", fault.code.summary(), fault.code),
        None => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn verdict(statuses: &[ConnectionStatus]) -> Verdict {
        let views = statuses.iter().enumerate();
        let views = views.map(|(n, s)| sample::view("a", &format!("c{n}"), s.clone())).collect();
        Health::of(&sample::snapshot(views), None).verdict()
    }

    #[test]
    fn all_enabled_ones_must_be_connected() {
        let connected = sample::connected();
        let waiting = sample::waiting(sample::refused_key(), 1000);
        let faulted = ConnectionStatus::Faulted { fault: sample::refused_key() };
        assert_eq!(verdict(&[]), Verdict::Healthy);
        assert_eq!(verdict(&[connected.clone(), ConnectionStatus::Disabled]), Verdict::Healthy);
        assert_eq!(verdict(&[connected.clone(), ConnectionStatus::Starting]), Verdict::NotYet);
        assert_eq!(verdict(&[connected, waiting.clone()]), Verdict::NotYet);
        assert_eq!(verdict(&[waiting, faulted]), Verdict::Hopeless);
    }

    #[test]
    fn a_named_one_is_judged_alone() {
        let snapshot = sample::mixed();
        let verdict =
            |namespace, name| Health::of(&snapshot, Some(&sample::id(namespace, name))).verdict();
        assert_eq!(verdict("contoso", "sql"), Verdict::Healthy);
        assert_eq!(verdict("contoso", "files"), Verdict::Hopeless);
        assert_eq!(verdict("fabrikam", "web"), Verdict::NotYet);
    }

    #[test]
    fn one_that_is_just_being_disabled_is_not_waited_for() {
        let mut snapshot = sample::mixed();
        snapshot.connections[2].desired = Desired::Disabled;
        assert_eq!(Health::of(&snapshot, None).verdict(), Verdict::Healthy);
    }
}
