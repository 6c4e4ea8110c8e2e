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
/// Of how many feeds and channels the newest release is remembered.
const MOST_OFFERS: usize = 16;

/// What the service has heard of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When the feed was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// The newer release that was found when it last answered, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer: Option<Newer>,
    /// The newest release of each feed and channel where it was found; the one that was asked last is the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    offers: Vec<Offer>,
    /// The upgrade that was begun last, until it is known what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
}

/// The newest release that a feed was seen to offer on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Offer {
    feed: Feed,
    channel: Channel,
    #[serde(flatten)]
    release: SeenRelease,
}

impl Heard {
    /// The newest release that `feed` has offered on `channel`.
    pub fn seen(&self, feed: &Feed, channel: Channel) -> Option<&SeenRelease> {
        let offer = self.offers.iter().find(|offer| offer.is_of(feed, channel));
        offer.map(|offer| &offer.release)
    }

    /// Remembers that `feed` offers `release` on `channel`. Of many feeds, those that were asked last
    /// are remembered.
    pub fn see(&mut self, feed: &Feed, channel: Channel, release: SeenRelease) {
        self.offers.retain(|offer| !offer.is_of(feed, channel));
        self.offers.push(Offer { feed: feed.clone(), channel, release });
        let too_many = self.offers.len().saturating_sub(MOST_OFFERS);
        self.offers.drain(..too_many);
    }
}

impl Offer {
    fn is_of(&self, feed: &Feed, channel: Channel) -> bool {
        self.feed == *feed && self.channel == channel
    }
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
    /// What was written when one release was remembered for all feeds.
    #[serde(default, skip_serializing)]
    seen: Option<SeenRelease>,
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

    /// What is in it; nothing where it cannot be read. What does not say of which feed it was is taken
    /// for one of that of `settings`.
    pub fn read(&self, settings: &Settings) -> Heard {
        let text = match std::fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Heard::default(),
            Err(error) => return self.begin_anew(&error),
        };
        match serde_json::from_slice::<Form>(&text) {
            Ok(Form { version: VERSION, seen, mut heard }) => {
                let UpgradeSettings { feed, channel, .. } = &settings.upgrade;
                if let Some(seen) = seen {
                    heard.see(feed, *channel, seen);
                }
                heard
            }
            Ok(form) => self.begin_anew(&format_args!("it has version {}", form.version)),
            Err(error) => self.begin_anew(&error),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was.
    pub fn write(&self, heard: &Heard) -> io::Result<()> {
        let form = Form { version: VERSION, seen: None, heard: heard.clone() };
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

    fn release(version: &str) -> SeenRelease {
        let released = "2026-11-18T09:00:00Z".parse().unwrap();
        SeenRelease { version: version.parse().unwrap(), released }
    }

    #[test]
    fn each_feed_and_channel_has_its_own_newest_release() {
        let (own, other): (Feed, Feed) =
            ("https://updates.corp".parse().unwrap(), "https://other.corp".parse().unwrap());
        let mut heard = Heard::default();
        heard.see(&own, Channel::Stable, release("1.1.0"));
        heard.see(&own, Channel::Preview, release("1.2.0-rc.1"));
        heard.see(&other, Channel::Stable, release("1.0.0"));
        assert_eq!(heard.seen(&own, Channel::Stable), Some(&release("1.1.0")));
        assert_eq!(heard.seen(&own, Channel::Preview), Some(&release("1.2.0-rc.1")));
        assert_eq!(heard.seen(&other, Channel::Stable), Some(&release("1.0.0")));
        assert_eq!(heard.seen(&other, Channel::Preview), None);
        heard.see(&own, Channel::Stable, release("1.1.1"));
        for feed in 2..MOST_OFFERS {
            let feed = format!("https://{feed}.corp").parse().unwrap();
            heard.see(&feed, Channel::Stable, release("1.0.0"));
        }
        assert_eq!(heard.offers.len(), MOST_OFFERS);
        assert_eq!(heard.seen(&own, Channel::Preview), None, "it was asked before all others");
        assert_eq!(heard.seen(&own, Channel::Stable), Some(&release("1.1.1")));
    }

    #[test]
    fn what_was_remembered_for_all_feeds_is_of_the_one_that_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"version": 1, "asked": "2026-11-29T12:00:00Z",
            "seen": {"version": "1.1.0", "released": "2026-11-18T09:00:00Z"},
            "begun": {"version": "1.1.0", "asked": "2026-11-29T13:00:00Z", "handed_over": true}}"#;
        let path = folder.path().join("upgrade.json");
        files::write_durably(&path, text.as_bytes(), Access::OwnerOnly).unwrap();
        let mut settings = Settings::default();
        settings.set("upgrade.channel", "preview").unwrap();
        let file = HeardFile::in_home(folder.path());
        let heard = file.read(&settings);
        assert_eq!(heard.seen(&Feed::GitHub, Channel::Preview), Some(&release("1.1.0")));
        assert_eq!(heard.seen(&Feed::GitHub, Channel::Stable), None);
        assert!(heard.asked.is_some() && heard.begun.is_some());
        file.write(&heard).unwrap();
        assert_eq!(file.read(&Settings::default()), heard, "from now on it says so itself");
    }

    #[test]
    fn what_is_written_is_read_and_what_cannot_be_read_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = HeardFile::in_home(folder.path());
        let settings = Settings::default();
        assert_eq!(file.read(&settings), Heard::default());
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
            offers: vec![Offer {
                feed: Feed::GitHub,
                channel: Channel::Stable,
                release: release("1.1.0"),
            }],
            begun: Some(Begun {
                version: "1.1.0".parse().unwrap(),
                asked: "2026-11-29T13:00:00Z".parse().unwrap(),
                handed_over: true,
            }),
        };
        file.write(&heard).unwrap();
        assert_eq!(file.read(&settings), heard);
        for text in ["", "{\"version\": 2}", "{\"version\": 1, \"seen\": 3}"] {
            let path = folder.path().join("upgrade.json");
            files::write_durably(&path, text.as_bytes(), Access::OwnerOnly).unwrap();
            assert_eq!(file.read(&settings), Heard::default(), "{text}");
        }
        let nowhere = HeardFile::in_home(&folder.path().join("gone"));
        nowhere.write(&heard).unwrap_err();
    }
}
