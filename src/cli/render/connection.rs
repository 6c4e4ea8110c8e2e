//! What is said about a connection or the service wherever it is shown.

use jiff::Timestamp;

use super::style::Role;
use super::text::{self, plain};
use super::upgrade;
use crate::model::{
    ConnectionStatus, ConnectionView, Desired, Fault, PolicyInfo, Reachability, ServiceInfo,
    StatusLabel,
};

/// Listeners that a hybrid connection may have (Azure Relay quotas).
pub(crate) const MOST_LISTENERS: u32 = 25;

/// The colour of a status.
pub(crate) fn role(label: StatusLabel) -> Role {
    match label {
        StatusLabel::Connected => Role::Good,
        StatusLabel::Connecting | StatusLabel::Stopping => Role::Busy,
        StatusLabel::NotConnected => Role::Bad,
        StatusLabel::Disabled => Role::Faint,
    }
}

/// What happened, what to do about it, and the code that `hcm explain` takes.
pub(crate) fn fault(fault: &Fault) -> String {
    let (summary, advice, code) = (fault.code.summary(), fault.code.advice(), code(fault));
    match plain(&fault.detail) {
        detail if detail.is_empty() => format!("{summary}: {advice} {code}"),
        detail => format!("{summary} ({detail}): {advice} {code}"),
    }
}

/// The code as it stands behind words.
pub(crate) fn code(fault: &Fault) -> String {
    format!("[{}]", fault.code)
}

/// Everything about `view` that a person should know besides the table's columns.
pub(crate) fn notes(view: &ConnectionView, now: Timestamp) -> Vec<(Role, String)> {
    let mut notes = Vec::new();
    let progress = progress(view, now);
    match (progress, view.status.fault().map(fault)) {
        (Some(progress), Some(fault)) => notes.push((Role::Bad, format!("{progress} · {fault}"))),
        (None, Some(fault)) => notes.push((Role::Bad, fault)),
        (Some(progress), None) => notes.push((Role::Busy, progress)),
        (None, None) => {}
    }
    if let Some(unreachable) = endpoint_fault(view) {
        notes.push((Role::Bad, format!("endpoint · {}", fault(unreachable))));
    }
    notes
}

/// When or how the listener goes on.
pub(crate) fn progress(view: &ConnectionView, now: Timestamp) -> Option<String> {
    match &view.status {
        ConnectionStatus::Waiting { until, .. } => Some(match text::until(*until, now) {
            Some(left) => format!("retry in {left}"),
            None => "retrying now".to_owned(),
        }),
        ConnectionStatus::Connecting { attempt, last: Some(_) } => {
            Some(format!("attempt {attempt}"))
        }
        ConnectionStatus::Stopping { .. } if view.traffic.active_streams > 0 => {
            let streams = text::count(view.traffic.active_streams, "stream", "streams");
            Some(format!("{streams} still open"))
        }
        ConnectionStatus::Other => {
            Some("in a state that this version of hcm does not know: upgrade hcm".to_owned())
        }
        ConnectionStatus::Disabled
        | ConnectionStatus::Starting
        | ConnectionStatus::Connecting { last: None, .. }
        | ConnectionStatus::Connected { .. }
        | ConnectionStatus::Faulted { .. }
        | ConnectionStatus::Stopping { .. } => None,
    }
}

/// What keeps the endpoint from being reached, of a connection that is in use.
pub(crate) fn endpoint_fault(view: &ConnectionView) -> Option<&Fault> {
    if view.desired == Desired::Disabled {
        return None;
    }
    view.reachability.as_ref()?.fault.as_ref()
}

/// What the last dial of the endpoint showed, in one line.
pub(crate) fn reachability(seen: &Reachability, now: Timestamp) -> String {
    let ago = text::ago(seen.checked_at, now);
    match (&seen.fault, seen.connect_micros) {
        (Some(unreachable), _) => format!("{} · {ago}", fault(unreachable)),
        (None, Some(micros)) => format!("TCP connect in {} · {ago}", text::millis(micros)),
        (None, None) => format!("reachable · {ago}"),
    }
}

/// What is to be said about the service as a whole.
pub(crate) fn service_notes(service: &ServiceInfo) -> Vec<(Role, String)> {
    let draining = service.draining.map(|streams| {
        let streams = text::count(streams, "stream", "streams");
        (Role::Busy, format!("The service is stopping; {streams} still open."))
    });
    let policy = service.policy.as_ref().map(|one| (Role::Plain, policy(one)));
    let progress = service.upgrade.as_ref().and_then(|known| known.progress.as_ref());
    let progress = progress.map(|one| {
        let role = if one.is_under_way() { Role::Busy } else { Role::Bad };
        (role, upgrade::progress(one))
    });
    let faults = service.faults.iter().map(|one| (Role::Bad, format!("Service: {}", fault(one))));
    let about = draining.into_iter().chain(policy).chain(progress);
    about.chain(faults).collect()
}

fn policy(policy: &PolicyInfo) -> String {
    // Who only reads the status is not told.
    let place = match plain(&policy.place) {
        place if place.is_empty() => String::new(),
        place => format!(": {place}"),
    };
    let says = match (policy.allowed, policy.endpoints) {
        (false, _) => "allows no hybrid connection".to_owned(),
        (true, None) => "is in force".to_owned(),
        (true, Some(entries)) => {
            let entries = text::count(entries, "entry", "entries");
            format!("allows the endpoints of a list with {entries}")
        }
    };
    format!("The policy of this machine {says}{place}")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::FaultCode;
    use crate::model::status::Then;

    fn said(status: ConnectionStatus) -> Vec<String> {
        let view = sample::view("contoso", "sql", status);
        notes(&view, sample::now()).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_fault_says_what_happened_and_what_to_do() {
        let refused = Fault::new(FaultCode::Unauthorized, "InvalidSignature\u{1b}[2J");
        let words = "Azure refused the key (401) (InvalidSignature [2J): The key was regenerated or \
                     removed. Add the connection again with its current connection string: hcm add --replace. [unauthorized]";
        assert_eq!(
            said(sample::waiting(refused.clone(), 11_200)),
            [format!("retry in 12 s · {words}")]
        );
        assert_eq!(said(sample::waiting(refused.clone(), -1)), [format!("retrying now · {words}")]);
        assert_eq!(said(ConnectionStatus::Faulted { fault: refused.clone() }), [words]);
        let again = ConnectionStatus::Connecting { attempt: 4, last: Some(refused) };
        assert_eq!(said(again), [format!("attempt 4 · {words}")]);
    }

    #[test]
    fn what_is_well_says_nothing() {
        assert_eq!(said(sample::connected()), Vec::<String>::new());
        assert_eq!(said(ConnectionStatus::Starting), Vec::<String>::new());
        assert_eq!(said(ConnectionStatus::Disabled), Vec::<String>::new());
        let recycled = Fault::new(FaultCode::Recycled, "");
        assert_eq!(said(sample::waiting(recycled, 3_000)), ["retry in 3 s"]);
    }

    #[test]
    fn a_dead_endpoint_is_said_of_a_connected_listener() {
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.reachability = Some(sample::refused_endpoint());
        let words = "endpoint · The endpoint refused the connection (sql01.corp:1433): Check that \
                     the program is running and listens on this port. [endpoint-refused]";
        assert_eq!(notes(&view, sample::now()), [(Role::Bad, words.to_owned())]);
        view.desired = Desired::Disabled;
        assert_eq!(notes(&view, sample::now()), []);
    }

    #[test]
    fn stopping_counts_the_streams_that_are_left() {
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.status = ConnectionStatus::Stopping { then: Box::new(Then::Removed) };
        view.traffic.active_streams = 2;
        assert_eq!(notes(&view, sample::now())[0].1, "2 streams still open");
    }

    #[test]
    fn a_policy_in_force_is_said_with_its_place() {
        let mut service = sample::snapshot(vec![]).service;
        for (allowed, endpoints, words) in [
            (true, Some(1), "allows the endpoints of a list with 1 entry"),
            (true, Some(0), "allows the endpoints of a list with 0 entries"),
            (false, Some(7), "allows no hybrid connection"),
        ] {
            service.policy = Some(PolicyInfo { place: "/etc/x".into(), allowed, endpoints });
            let text = format!("The policy of this machine {words}: /etc/x");
            assert_eq!(service_notes(&service), [(Role::Plain, text)]);
        }
    }

    #[test]
    fn the_service_speaks_of_itself() {
        let mut service = sample::snapshot(vec![]).service;
        assert_eq!(service_notes(&service), []);
        service.draining = Some(1);
        service.faults.push(Fault::new(FaultCode::CaUnusable, "no such file"));
        let said: Vec<String> = service_notes(&service).into_iter().map(|note| note.1).collect();
        assert_eq!(said[0], "The service is stopping; 1 stream still open.");
        assert!(
            said[1].starts_with("Service: The extra CA file could not be used (no such file): It")
        );
    }
}
