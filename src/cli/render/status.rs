//! The answer of `hcm status`.

use jiff::Timestamp;

use super::connection::{notes, role, service_notes};
use super::style::{Role, Style};
use super::text::plain;
use super::{table, upgrade};
use crate::display::health::Health;
use crate::model::{ConnectionView, ServiceInfo, StatusLabel};

/// The lines of the answer at `now`; without a `width` nothing is wrapped.
pub(crate) fn render(
    service: &ServiceInfo,
    health: &Health<'_>,
    now: Timestamp,
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |role: Role, indent: usize, text: &str| {
        for line in table::indented(text, indent, width) {
            lines.push(style.paint(role, &line));
        }
    };
    for (role, note) in service_notes(service) {
        add(role, 0, &note);
    }
    if let Some(proxy) = &service.proxy {
        add(Role::Plain, 0, &format!("Proxy: {}.", plain(&proxy.to_string())));
    }
    // Who asks how it is wants to know; who lists connections asks for something else.
    if let Some(newer) = service.upgrade.as_deref().and_then(upgrade::available) {
        add(Role::Plain, 0, &format!("Version {newer}."));
    }
    if !health.named {
        add(overall_role(health), 0, &health.overall());
    }
    for view in &health.views {
        let notes = notes(view, now);
        if health.named || !notes.is_empty() || is_worth_a_line(view) {
            let label = view.status.label();
            add(role(label), 0, &format!("{label}: {}", view.id));
            for (role, note) in notes {
                add(role, 2, &note);
            }
        }
    }
    lines
}

fn is_worth_a_line(view: &ConnectionView) -> bool {
    !matches!(view.status.label(), StatusLabel::Connected | StatusLabel::Disabled)
}

fn overall_role(health: &Health<'_>) -> Role {
    if health.connected() == health.enabled() { Role::Good } else { Role::Bad }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::upgrade::{Release, UpgradeInfo};
    use crate::model::{ConnectionStatus, Desired, Proxies, Snapshot};

    fn status(snapshot: &Snapshot, health: &Health<'_>) -> String {
        render(&snapshot.service, health, sample::now(), Some(62), Style::PLAIN).join("\n")
    }

    #[test]
    fn overall_names_what_is_wrong() {
        let snapshot = sample::mixed();
        let expected = "\
1 of 2 enabled hybrid connections are connected (1 disabled).
Not connected: fabrikam/web
  retry in 12 s · Azure refused the key (401)
  (InvalidSignature): The key was regenerated or removed. Add
  the connection again with its current connection string: hcm
  add --replace. [unauthorized]";
        assert_eq!(status(&snapshot, &Health::of(&snapshot, None)), expected);
    }

    #[test]
    fn one_is_answered_alone() {
        let snapshot = sample::mixed();
        let id = sample::id("contoso", "sql");
        assert_eq!(status(&snapshot, &Health::of(&snapshot, Some(&id))), "Connected: contoso/sql");
    }

    #[test]
    fn a_newer_version_is_told() {
        let mut snapshot = sample::snapshot(vec![]);
        let release = Release {
            version: "1.1.0".parse().unwrap(),
            released: "2026-11-18T09:00:00Z".parse().unwrap(),
            notes: String::new(),
        };
        let info = UpgradeInfo { release: Some(release), ..UpgradeInfo::default() };
        snapshot.service.upgrade = Some(Box::new(info));
        let said = status(&snapshot, &Health::of(&snapshot, None));
        assert!(
            said.starts_with("Version 1.1.0 is available, released on 2026-11-18.\n"),
            "{said}"
        );
    }

    #[test]
    fn the_proxy_is_told_with_who_names_it() {
        let mut snapshot = sample::snapshot(vec![]);
        let proxies = Proxies::default().or_environment(|name| match name {
            "HTTPS_PROXY" => Some("http://me:c2Vj@proxy.corp:3128".to_owned()),
            "NO_PROXY" => Some(".corp".to_owned()),
            _ => None,
        });
        snapshot.service.proxy = Some(Box::new(proxies.in_use()));
        let said = status(&snapshot, &Health::of(&snapshot, None));
        let expected = "\
Proxy: http://me:***@proxy.corp:3128, from HTTPS_PROXY in the
environment, not for .corp.
";
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn one_line_says_what_is_not_ready() {
        let mut snapshot = sample::mixed();
        let said = |snapshot: &Snapshot| Health::of(snapshot, None).not_ready();
        assert_eq!(
            said(&snapshot).unwrap(),
            "1 of 2 enabled hybrid connections are connected (1 disabled). fabrikam/web is not \
             connected: Azure refused the key (401) [unauthorized]"
        );
        snapshot.connections[2].desired = Desired::Disabled;
        assert_eq!(said(&snapshot), None);
        assert_eq!(said(&sample::snapshot(vec![])), None);
        let starting = |n: u32| sample::view("a", &n.to_string(), ConnectionStatus::Starting);
        assert_eq!(
            said(&sample::snapshot((1..=5).map(starting).collect())).unwrap(),
            "0 of 5 enabled hybrid connections are connected. a/1 is connecting; a/2 is \
             connecting; a/3 is connecting; and 2 more"
        );
    }

    #[test]
    fn one_line_says_why_one_is_not_ready() {
        let snapshot = sample::mixed();
        for (namespace, name, expected) in [
            ("contoso", "sql", None),
            ("contoso", "files", Some("contoso/files is disabled")),
            (
                "fabrikam",
                "web",
                Some("fabrikam/web is not connected: Azure refused the key (401) [unauthorized]"),
            ),
        ] {
            let id = sample::id(namespace, name);
            assert_eq!(Health::of(&snapshot, Some(&id)).not_ready().as_deref(), expected);
        }
    }

    #[test]
    fn small_numbers_are_said_well() {
        let said = |statuses: Vec<ConnectionStatus>| {
            let views = statuses.into_iter().enumerate();
            let views = views.map(|(n, s)| sample::view("a", &n.to_string(), s)).collect();
            let snapshot = sample::snapshot(views);
            status(&snapshot, &Health::of(&snapshot, None))
        };
        assert_eq!(said(vec![]), "No hybrid connections yet. Add one: hcm add");
        assert_eq!(
            said(vec![ConnectionStatus::Disabled]),
            "No hybrid connection is enabled (1 disabled)."
        );
        assert_eq!(
            said(vec![sample::connected()]),
            "1 of 1 enabled hybrid connection is connected."
        );
        assert_eq!(
            said(vec![sample::connected(), ConnectionStatus::Starting]),
            "1 of 2 enabled hybrid connections are connected.\nConnecting: a/1"
        );
    }
}
