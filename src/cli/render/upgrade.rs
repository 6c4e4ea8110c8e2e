//! What is known of newer versions, in lines.

use super::connection::fault;
use super::text::plain;
use crate::model::upgrade::UpgradeInfo;

/// The lines of `hcm version` about it.
pub(crate) fn lines(upgrade: &UpgradeInfo) -> Vec<String> {
    let UpgradeInfo { release, fault: problem, .. } = upgrade;
    let mut lines = Vec::new();
    if let Some(release) = release {
        lines.push(format!("newest   {}", available(upgrade).unwrap_or_default()));
        let notes = release.notes.lines().filter(|line| !line.trim().is_empty());
        lines.extend(notes.map(|line| format!("         {}", plain(line))));
    }
    match problem {
        Some(problem) => lines.push(format!("newest   not known: {}", fault(problem))),
        None if release.is_none() => {
            lines.push("newest   the service is the newest version".to_owned())
        }
        None => {}
    }
    lines
}

/// That there is a newer version, if there is one.
pub(crate) fn available(upgrade: &UpgradeInfo) -> Option<String> {
    let release = upgrade.release.as_ref()?;
    let day = release.released.strftime("%Y-%m-%d");
    Some(format!("{} is available, released on {day}", release.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::upgrade::Release;
    use crate::model::{Fault, FaultCode};

    #[test]
    fn a_newer_version_has_its_notes_and_a_problem_is_told_beside_it() {
        let mut upgrade = UpgradeInfo::default();
        assert_eq!(lines(&upgrade), ["newest   the service is the newest version"]);
        upgrade.release = Some(Release {
            version: "1.1.0".parse().unwrap(),
            released: "2026-11-18T09:00:00Z".parse().unwrap(),
            notes: "- Reconnect at once.\n\n- Mend \u{1b}[2Jthe rest.\n".to_owned(),
        });
        let newer = [
            "newest   1.1.0 is available, released on 2026-11-18",
            "         - Reconnect at once.",
            "         - Mend [2Jthe rest.",
        ];
        assert_eq!(lines(&upgrade), newer);
        upgrade.fault = Some(Fault::new(FaultCode::FeedUnreachable, "updates.corp"));
        let said = lines(&upgrade);
        assert_eq!(said[..3], newer);
        assert!(said[3].starts_with("newest   not known: ") && said[3].contains("updates.corp"));
    }
}
