//! `upgrade.json`: what the service has heard of releases, and when.
//!
//! It is a memory and no configuration: one that cannot be read begins anew, and one that cannot
//! be written is a line in the log. What it protects from, a release that is older than one seen
//! before, is refused by the running service all the same.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::model::Settings;
use crate::model::settings::UpgradeSettings;
use crate::model::upgrade::{Channel, Feed, Release, SeenRelease};
use crate::platform::files;
use crate::platform::permissions::Access;

/// The version of the form. What is only added leaves it as it is: a version before, which an upgrade
/// that failed has put back, has to read what was begun.
const VERSION: u32 = 1;

/// What the service has heard of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When the feed was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// The newer release that was found when it last answered, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer: Option<Newer>,
    /// The newest release that it has offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenRelease>,
    /// The upgrade that was begun last, until it is known what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
}

/// A newer release, and who wanted it: with other settings it counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newer {
    /// Where it was found.
    pub feed: Feed,
    /// Which releases were wanted.
    pub channel: Channel,
    /// What is known of it.
    #[serde(flatten)]
    pub release: Release,
}

impl Newer {
    /// `release`, which was found with `settings`.
    pub fn of(settings: &Settings, release: Release) -> Self {
        let UpgradeSettings { feed, channel, .. } = settings.upgrade.clone();
        Self { feed, channel, release }
    }

    /// Whether it is what `settings` want.
    pub fn is_for(&self, settings: &Settings) -> bool {
        let UpgradeSettings { feed, channel, .. } = &settings.upgrade;
        (&self.feed, &self.channel) == (feed, channel)
    }
}

/// An upgrade that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// To which version.
    pub version: Version,
    /// When.
    pub asked: Timestamp,
    /// Whether its packages are here, and the upgrader has been asked for it.
    pub handed_over: bool,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    #[serde(flatten)]
    heard: Heard,
}

/// The file with it.
#[derive(Clone, Debug)]
pub struct HeardFile(PathBuf);

impl HeardFile {
    /// The file in the folder `home`.
    pub fn in_home(home: &Path) -> Self {
        Self(home.join("upgrade.json"))
    }

    /// What is in it; nothing where it cannot be read.
    pub fn read(&self) -> Heard {
        let text = match std::fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Heard::default(),
            Err(error) => return self.begin_anew(&error),
        };
        match serde_json::from_slice::<Form>(&text) {
            Ok(form) if form.version == VERSION => form.heard,
            Ok(form) => self.begin_anew(&format_args!("it has version {}", form.version)),
            Err(error) => self.begin_anew(&error),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was.
    pub fn write(&self, heard: &Heard) -> io::Result<()> {
        let form = Form { version: VERSION, heard: heard.clone() };
        let text = serde_json::to_vec_pretty(&form).map_err(io::Error::from)?;
        files::write_durably(&self.0, &text, Access::OwnerOnly)
    }

    fn begin_anew(&self, why: &dyn std::fmt::Display) -> Heard {
        warn!(file = %self.0.display(), "what is known of releases begins anew: {why}");
        Heard::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_cannot_be_read_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = HeardFile::in_home(folder.path());
        assert_eq!(file.read(), Heard::default());
        let heard = Heard {
            asked: Some("2026-11-29T12:00:00Z".parse().unwrap()),
            newer: Some(Newer {
                feed: "https://updates.corp/hcm".parse().unwrap(),
                channel: Channel::Preview,
                release: Release {
                    version: "1.1.0".parse().unwrap(),
                    released: "2026-11-18T09:00:00Z".parse().unwrap(),
                    notes: "- Reconnect at once.".to_owned(),
                },
            }),
            seen: Some(SeenRelease {
                version: "1.1.0".parse().unwrap(),
                released: "2026-11-18T09:00:00Z".parse().unwrap(),
            }),
            begun: Some(Begun {
                version: "1.1.0".parse().unwrap(),
                asked: "2026-11-29T13:00:00Z".parse().unwrap(),
                handed_over: true,
            }),
        };
        file.write(&heard).unwrap();
        assert_eq!(file.read(), heard);
        for text in ["", "{\"version\": 2}", "{\"version\": 1, \"seen\": 3}"] {
            let path = folder.path().join("upgrade.json");
            files::write_durably(&path, text.as_bytes(), Access::OwnerOnly).unwrap();
            assert_eq!(file.read(), Heard::default(), "{text}");
        }
        let nowhere = HeardFile::in_home(&folder.path().join("gone"));
        nowhere.write(&heard).unwrap_err();
    }
}
