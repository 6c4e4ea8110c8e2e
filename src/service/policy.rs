//! What the values of this machine's policy mean, and what is told of them.

use tracing::{info, warn};

use super::hub::Hub;
use crate::model::{Fault, FaultCode, Policy};
use crate::platform::policy::{ALLOW_HYBRID_CONNECTIONS, PolicyValues};

/// What `values` mean.
pub(super) fn understood(values: &PolicyValues) -> Policy {
    let mut policy = Policy::at(&values.place);
    if let Some(problem) = &values.unreadable {
        policy.forbid_unreadable(problem);
    }
    match &values.allow {
        None | Some(Ok(true)) => {}
        Some(Ok(false)) => policy.forbid(format!("{ALLOW_HYBRID_CONNECTIONS} says so")),
        Some(Err(problem)) => {
            policy.forbid_unreadable(format!("{ALLOW_HYBRID_CONNECTIONS}: {problem}"));
        }
    }
    if let Some(entries) = &values.endpoints {
        policy.restrict();
        for entry in entries {
            match &entry.text {
                Ok(text) => policy.list(&entry.name, text),
                Err(problem) => policy.list_unreadable(&entry.name, problem),
            }
        }
    }
    policy
}

/// One line for the policy, and one for everything in it that cannot be read.
pub(super) fn log(policy: &Policy) {
    match policy.info() {
        Some(in_force) => info!(
            place = in_force.place,
            allowed = in_force.allowed,
            endpoints = in_force.endpoints,
            "a policy of this machine is in force"
        ),
        None => info!("no policy of this machine is in force"),
    }
    for problem in policy.problems() {
        let code = FaultCode::PolicyUnreadable;
        warn!(%code, "something in the policy of this machine cannot be read: {problem}");
    }
}

/// Makes what programs see of the service say which policy is in force.
pub(super) fn show(policy: &Policy, hub: &Hub) {
    let of_policy = |fault: &Fault| fault.code == FaultCode::PolicyUnreadable;
    hub.update_service(|service| {
        service.faults.retain(|fault| !of_policy(fault));
        service.faults.extend(policy.fault());
        service.policy = policy.info();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Endpoint;
    use crate::platform::policy::PolicyEntry;

    fn permits(values: &PolicyValues) -> bool {
        understood(values).permits(&Endpoint::new("db.corp", 1433)).is_ok()
    }

    fn entry(text: Result<&str, &str>) -> PolicyEntry {
        let text = text.map(str::to_owned).map_err(str::to_owned);
        PolicyEntry { name: "AllowedEndpoints, entry 1".to_owned(), text }
    }

    #[test]
    fn only_what_is_there_takes_something_away() {
        let mut values = PolicyValues::default();
        assert!(permits(&values));
        assert_eq!(understood(&values).info(), None);
        values.allow = Some(Ok(true));
        assert!(permits(&values));
        assert_eq!(understood(&values).info(), None);
        values.endpoints = Some(vec![entry(Ok("db.corp:*"))]);
        assert!(permits(&values));
        values.allow = Some(Ok(false));
        assert!(!permits(&values));
    }

    #[test]
    fn what_cannot_be_read_allows_nothing_and_is_told() {
        for values in [
            PolicyValues { unreadable: Some("bad".into()), ..PolicyValues::default() },
            PolicyValues { allow: Some(Err("bad".into())), ..PolicyValues::default() },
            PolicyValues { endpoints: Some(vec![entry(Err("bad"))]), ..PolicyValues::default() },
        ] {
            assert!(!permits(&values), "{values:?}");
            let fault = understood(&values).fault().unwrap();
            assert!(fault.detail.contains("bad"), "{fault}");
        }
    }
}
