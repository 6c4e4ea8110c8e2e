//! Releases as they are told: which one there is, and what came of asking.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use url::Url;

use super::address;
use super::fault::Fault;
use super::settings::ServiceSettings;

/// How long a service that is replaced may take to end: what its streams get at the most, and a
/// reserve.
pub const ENDS_WITHIN: Duration =
    Duration::from_secs(ServiceSettings::MOST_DRAIN_SECONDS as u64 + 120);
/// How long a version may take until it answers, once the one before has ended.
pub const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// How long a version has to answer without a break: one may answer and end at once, and is taken
/// back then.
pub const STEADY_FOR: Duration = Duration::from_secs(5);
/// How long an installer may take, with what it waits for another installation.
pub const INSTALLED_WITHIN: Duration = Duration::from_secs(35 * 60);
/// How long the upgrader may take in all: the new version is begun, and the one before again.
pub const UPGRADED_WITHIN: Duration = INSTALLED_WITHIN
    .saturating_add(ENDS_WITHIN.saturating_mul(2))
    .saturating_add(ANSWERS_WITHIN.saturating_mul(2));
/// How long the service waits for what comes of it. The unit of the upgrader has a longer limit.
pub const TOLD_WITHIN: Duration = UPGRADED_WITHIN.saturating_add(Duration::from_secs(10 * 60));

/// Which releases somebody wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Finished releases.
    #[default]
    Stable,
    /// The next one before it is finished, too.
    Preview,
}

impl Channel {
    /// The name of the channel.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Preview => "preview",
        }
    }

    /// Whether somebody who wants this channel takes `version`.
    pub fn takes(self, version: &Version) -> bool {
        self == Self::Preview || version.pre.is_empty()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Stable, Self::Preview].into_iter().find(|c| c.as_str() == text).ok_or(())
    }
}

/// A release that is newer than what runs, and whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub released: Timestamp,
    /// What is new, as Markdown.
    pub notes: String,
}

/// The newest release that a feed was seen to offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRelease {
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub released: Timestamp,
}

/// What is known of upgrades.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeInfo {
    /// When the feed was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// A newer release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Why the last question had no answer, or none that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Whether the service can put a release in its own place. Where it cannot, somebody installs
    /// the package, as this version was installed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_service: bool,
    /// The upgrade that is being done, or the last one where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<UpgradeProgress>,
}

impl UpgradeInfo {
    /// Whether nothing is newer than what runs: the feed was asked and has said so, and no upgrade says
    /// otherwise.
    pub fn is_newest(&self) -> bool {
        let Self { asked, release, fault, progress, .. } = self;
        asked.is_some() && release.is_none() && fault.is_none() && progress.is_none()
    }

    /// Why the last upgrade has failed, unless another release is offered meanwhile.
    pub fn failure(&self) -> Option<&Fault> {
        let UpgradeProgress { version, step } = self.progress.as_ref()?;
        let is_offered = |release: &Release| release.version == *version;
        match step {
            UpgradeStep::Failed { fault } if self.release.as_ref().is_none_or(is_offered) => {
                Some(fault)
            }
            _ => None,
        }
    }
}

/// How far an upgrade is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeProgress {
    /// To which version.
    pub version: Version,
    /// What is being done for it.
    #[serde(flatten)]
    pub step: UpgradeStep,
}

/// What is being done for an upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum UpgradeStep {
    /// Its packages are on their way.
    Downloading {
        /// Bytes that are here.
        done: u64,
        /// Bytes of all packages.
        size: u64,
    },
    /// The upgrader looks at them and installs them. The service ends, and the new one answers.
    Installing,
    /// It has failed, and this version runs on.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// What a newer service knows.
    #[serde(other)]
    Other,
}

impl UpgradeProgress {
    /// Whether something is being done.
    pub fn is_under_way(&self) -> bool {
        !matches!(self.step, UpgradeStep::Failed { .. })
    }
}

/// Where releases are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Feed {
    /// The releases of this program's repository on GitHub.
    #[default]
    GitHub,
    /// A folder of a web server.
    Folder(Url),
    /// Nowhere: nothing is asked.
    Off,
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub => f.write_str("github"),
            Self::Folder(url) => f.write_str(url.as_str()),
            Self::Off => f.write_str("off"),
        }
    }
}

impl FromStr for Feed {
    type Err = &'static str;

    /// `github`, `off`, or the address of a folder. Plain HTTP is for this machine alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "github, off, or an https address of a folder, without user, query and fragment";
        match text {
            "" | "github" => return Ok(Self::GitHub),
            "off" => return Ok(Self::Off),
            _ => {}
        }
        let mut url = address::safe(text).ok_or(EXPECTED)?;
        if !url.path().ends_with('/') {
            let folder = format!("{}/", url.path());
            url.set_path(&folder);
        }
        Ok(Self::Folder(url))
    }
}

impl Serialize for Feed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Feed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|expected| {
            serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &expected)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    #[test]
    fn a_feed_is_github_a_safe_address_or_off() {
        for (text, shown) in [
            ("", "github"),
            ("github", "github"),
            ("off", "off"),
            ("https://updates.corp/hcm", "https://updates.corp/hcm/"),
            ("https://updates.corp:8443/hcm/", "https://updates.corp:8443/hcm/"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("http://127.0.0.1:8080/feed", "http://127.0.0.1:8080/feed/"),
            ("http://[::1]:8080/feed", "http://[::1]:8080/feed/"),
        ] {
            let feed: Feed = text.parse().unwrap();
            assert_eq!(feed.to_string(), shown);
            assert_eq!(shown.parse(), Ok(feed.clone()));
            let kept = serde_json::to_string(&feed).unwrap();
            assert_eq!(serde_json::from_str::<Feed>(&kept).unwrap(), feed);
        }
        for text in [
            "none",
            "updates.corp/hcm",
            "http://updates.corp/hcm",
            "ftp://updates.corp/hcm",
            "file:///srv/hcm",
            "https://user@updates.corp/hcm",
            "https://updates.corp/hcm?sig=secret",
            "https://updates.corp/hcm#new",
        ] {
            let error = text.parse::<Feed>().unwrap_err();
            assert!(error.contains("https"), "{text}");
            serde_json::from_value::<Feed>(text.into()).unwrap_err();
        }
    }

    #[test]
    fn only_who_has_asked_knows_that_nothing_is_newer_and_a_failure_says_otherwise() {
        let asked = Some("2026-11-29T12:00:00Z".parse().unwrap());
        let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
        let version = Version::new(1, 1, 0);
        let step = UpgradeStep::Failed { fault: fault.clone() };
        let progress = Some(UpgradeProgress { version: version.clone(), step });
        let release = |version| {
            Some(Release {
                version,
                released: "2026-11-18T09:00:00Z".parse().unwrap(),
                notes: String::new(),
            })
        };
        let nothing = UpgradeInfo::default();
        assert!(!nothing.is_newest() && nothing.failure().is_none());
        assert!(UpgradeInfo { asked, ..nothing.clone() }.is_newest());
        assert!(!UpgradeInfo { asked, fault: Some(fault.clone()), ..nothing.clone() }.is_newest());
        // A service that was put back knows no more than this.
        let failed = UpgradeInfo { progress, ..nothing };
        assert_eq!(failed.failure(), Some(&fault));
        assert!(!UpgradeInfo { asked, ..failed.clone() }.is_newest());
        let again = UpgradeInfo { release: release(version), ..failed.clone() };
        assert_eq!(again.failure(), Some(&fault));
        let next = UpgradeInfo { release: release(Version::new(1, 2, 0)), ..failed };
        assert_eq!(next.failure(), None, "another one is offered");
    }

    #[test]
    fn a_channel_has_its_name() {
        for channel in [Channel::Stable, Channel::Preview] {
            assert_eq!(channel.as_str().parse(), Ok(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
        }
        "beta".parse::<Channel>().unwrap_err();
    }
}
