//! What is known of newer versions, and how far an upgrade is, in lines.

use semver::Version;

use super::connection::fault;
use super::text::{bytes, count, plain};
use crate::model::upgrade::{Release, UpgradeInfo, UpgradeProgress, UpgradeStep};

/// How far an upgrade is, as one who follows it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The packages are on their way.
    Downloading {
        /// Bytes that are here.
        done: u64,
        /// Bytes of all packages.
        size: u64,
    },
    /// They are checked and installed.
    Installing,
    /// The old service waits for this many streams.
    Draining(u64),
    /// The old service is gone.
    Waiting,
    /// The new service is there and connects.
    Connecting,
}

/// `step` of the upgrade to `version`.
pub(crate) fn step(step: &Step, version: &Version) -> String {
    match step {
        Step::Downloading { size: 0, .. } => format!("Asking for the packages of {version}…"),
        Step::Downloading { done, size } => {
            format!("Downloading {version}: {} of {}", bytes(*done), bytes(*size))
        }
        Step::Installing => format!("Installing {version}…"),
        Step::Draining(streams) => {
            format!("The service ends; {} still open", count(*streams, "stream is", "streams are"))
        }
        Step::Waiting => format!("Waiting for the service of version {version}…"),
        Step::Connecting => format!("Version {version} runs; it connects…"),
    }
}

/// What is offered to a service of version `running`, with what is new in it.
pub(crate) fn offered(release: &Release, running: &str) -> Vec<String> {
    let day = release.released.strftime("%Y-%m-%d");
    let mut lines = vec![format!(
        "Version {} is available, released on {day}. The service is version {}.",
        release.version,
        plain(running)
    )];
    let notes = release.notes.lines().filter(|line| !line.trim().is_empty());
    lines.extend(notes.map(|line| format!("  {}", plain(line))));
    lines
}

/// What an upgrade does to `open` streams, which get `drain` seconds.
pub(crate) fn streams(open: u64, drain: Option<u64>) -> String {
    let those = match (open, drain) {
        (0, _) => "no stream is active".to_owned(),
        (open, Some(drain)) => {
            format!(
                "{} up to {drain} s to end",
                count(open, "active stream gets", "active streams get")
            )
        }
        (open, None) => {
            format!("{} a while to end", count(open, "active stream gets", "active streams get"))
        }
    };
    format!(
        "The service restarts: {those}. New ones go to other machines, or are refused until the new version is connected."
    )
}

/// How `version` is installed where `hcm` does not do it.
pub(crate) fn elsewhere(version: &Version) -> String {
    format!(
        "on Windows hcm does not install version {version}. Open the Hybrid Connection Manager GUI, whose upgrade dialog does it, or run the MSI of version {version} as an administrator: msiexec /i FILE.msi"
    )
}

/// That `version` runs, and how its connections are.
pub(crate) fn runs(version: &str, connected: usize, enabled: usize) -> String {
    if enabled == 0 {
        return format!("Version {version} runs");
    }
    let verb = if connected == 1 { "is" } else { "are" };
    let all = count(enabled as u64, "connection", "connections");
    format!("Version {version} runs; {connected} of {all} {verb} connected again")
}

/// An upgrade that is being done, or has failed.
pub(crate) fn progress(progress: &UpgradeProgress) -> String {
    let UpgradeProgress { version, step: at } = progress;
    match at {
        UpgradeStep::Downloading { done, size } => {
            step(&Step::Downloading { done: *done, size: *size }, version)
        }
        UpgradeStep::Installing => step(&Step::Installing, version),
        UpgradeStep::Failed { fault: why } => {
            format!("The upgrade to {version} has failed: {}", fault(why))
        }
        UpgradeStep::Other => format!("The service upgrades to {version}…"),
    }
}

/// The lines of `hcm version` about it.
pub(crate) fn lines(upgrade: &UpgradeInfo) -> Vec<String> {
    let UpgradeInfo { release, fault: problem, progress: going, .. } = upgrade;
    let mut lines = Vec::new();
    if let Some(release) = release {
        lines.push(format!("newest   {}", available(upgrade).unwrap_or_default()));
        let notes = release.notes.lines().filter(|line| !line.trim().is_empty());
        lines.extend(notes.map(|line| format!("         {}", plain(line))));
    }
    match (problem, going) {
        (Some(problem), _) => lines.push(format!("newest   not known: {}", fault(problem))),
        _ if release.is_some() => {}
        _ if upgrade.is_newest() => {
            lines.push("newest   the service is the newest version".to_owned())
        }
        (None, Some(going)) => lines.push(format!("newest   not known: {}", progress(going))),
        (None, None) => lines.push("newest   not known: the service has not asked".to_owned()),
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
    use crate::model::{Fault, FaultCode};

    fn version() -> Version {
        "1.1.0".parse().unwrap()
    }

    #[test]
    fn it_is_said_what_becomes_of_streams() {
        let rest =
            "New ones go to other machines, or are refused until the new version is connected.";
        for (open, drain, words) in [
            (0, Some(30), "no stream is active"),
            (1, Some(30), "1 active stream gets up to 30 s to end"),
            (3, Some(5), "3 active streams get up to 5 s to end"),
            (3, None, "3 active streams get a while to end"),
        ] {
            assert_eq!(streams(open, drain), format!("The service restarts: {words}. {rest}"));
        }
    }

    #[test]
    fn each_step_says_where_it_is() {
        let at = |done| Step::Downloading { done, size: 14_200_000 };
        for (one, words) in [
            (Step::Downloading { done: 0, size: 0 }, "Asking for the packages of 1.1.0…"),
            (at(5_800_000), "Downloading 1.1.0: 5.8 MB of 14.2 MB"),
            (Step::Installing, "Installing 1.1.0…"),
            (Step::Draining(1), "The service ends; 1 stream is still open"),
            (Step::Draining(2), "The service ends; 2 streams are still open"),
            (Step::Waiting, "Waiting for the service of version 1.1.0…"),
            (Step::Connecting, "Version 1.1.0 runs; it connects…"),
        ] {
            assert_eq!(step(&one, &version()), words);
        }
        let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
        let failed = UpgradeProgress { version: version(), step: UpgradeStep::Failed { fault } };
        let words = progress(&failed);
        assert!(words.starts_with("The upgrade to 1.1.0 has failed: The new version did not"));
        assert!(words.contains("no answer within 30 s"), "{words}");
        let (version, step) = (version(), UpgradeStep::Other);
        let unknown = progress(&UpgradeProgress { version, step });
        assert_eq!(unknown, "The service upgrades to 1.1.0…");
    }

    #[test]
    fn the_end_says_how_the_connections_are() {
        assert_eq!(
            runs("1.1.0", 3, 3),
            "Version 1.1.0 runs; 3 of 3 connections are connected again"
        );
        assert_eq!(
            runs("1.1.0", 1, 2),
            "Version 1.1.0 runs; 1 of 2 connections is connected again"
        );
        assert_eq!(runs("1.1.0", 1, 1), "Version 1.1.0 runs; 1 of 1 connection is connected again");
        assert_eq!(runs("1.1.0", 0, 0), "Version 1.1.0 runs");
    }

    #[test]
    fn a_newer_version_has_its_notes_and_a_problem_is_told_beside_it() {
        let mut upgrade = UpgradeInfo::default();
        assert_eq!(lines(&upgrade), ["newest   not known: the service has not asked"]);
        let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
        let failed = UpgradeProgress { version: version(), step: UpgradeStep::Failed { fault } };
        let failed = lines(&UpgradeInfo { progress: Some(failed), ..UpgradeInfo::default() });
        assert!(failed[0].starts_with("newest   not known: The upgrade to 1.1.0 has failed: "));
        upgrade.asked = Some("2026-11-29T12:00:00Z".parse().unwrap());
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
