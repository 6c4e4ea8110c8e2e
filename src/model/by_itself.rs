//! What the program does by itself about a fault, in words and with the numbers that it uses.

use std::time::Duration;

use super::fault::{FaultCode, Retry};

/// Waits before the attempts that follow a lost channel, as Microsoft's clients have
/// them (`ControlConnection` of azure-relay-dotnet); the last one repeats.
pub const STEPS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// The wait between attempts that only a person's act can make succeed.
pub const SLOW: Duration = Duration::from_secs(60);

/// How long a password that a proxy has refused is not sent again. Many networks lock an account after
/// some wrong ones within half an hour.
pub const REFUSED_PASSWORD: Duration = Duration::from_secs(15 * 60);

/// What happens without anybody's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ByItself {
    /// The listener is tried again at the steps of the table.
    Soon,
    /// The listener is tried again seldom.
    Slowly,
    /// The listener is not tried again.
    Never,
    /// As seldom, and the proxy gets the password more seldom still.
    Login,
    /// The last known endpoint stays in use, and Azure is asked again.
    Endpoint,
    /// Streams are refused, and the endpoint is dialled again.
    Streams,
    /// The service looks again when it starts or reads its settings anew.
    NextStart,
    /// What was asked for was not done.
    NotDone,
    /// New streams are refused until there is room.
    Room,
    /// The log goes on when it can be written.
    Log,
    /// The channel is tried again every minute.
    Channel,
    /// Their port is tried again.
    Metrics,
    /// The feed is asked again once a day.
    Feed,
    /// What is installed stays: an upgrade is begun by persons alone.
    Upgrade,
    /// A change of the policy is noticed.
    Policy,
    /// It is not known here.
    Unknown,
}

impl ByItself {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Soon,
        Self::Slowly,
        Self::Never,
        Self::Login,
        Self::Endpoint,
        Self::Streams,
        Self::NextStart,
        Self::NotDone,
        Self::Room,
        Self::Log,
        Self::Channel,
        Self::Metrics,
        Self::Feed,
        Self::Upgrade,
        Self::Policy,
        Self::Unknown,
    ];

    /// The stable text form, `soon` for example.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Slowly => "slowly",
            Self::Never => "never",
            Self::Login => "login",
            Self::Endpoint => "endpoint",
            Self::Streams => "streams",
            Self::NextStart => "next-start",
            Self::NotDone => "not-done",
            Self::Room => "room",
            Self::Log => "log",
            Self::Channel => "channel",
            Self::Metrics => "metrics",
            Self::Feed => "feed",
            Self::Upgrade => "upgrade",
            Self::Policy => "policy",
            Self::Unknown => "unknown",
        }
    }

    /// The same in sentences.
    pub fn words(self) -> String {
        let fixed = match self {
            Self::Soon => {
                let last = last_step();
                return format!(
                    "The listener is tried again at once, then after {} s, and every {last} s from then on. Each wait is up to a fifth longer, so that not all listeners come back in the same instant.",
                    waits(", ", " and "),
                );
            }
            Self::Slowly => {
                let slow = SLOW.as_secs();
                return format!(
                    "The listener is tried again every {slow} s, because somebody has to act first. With a new key, or when it is restarted, it is tried at once."
                );
            }
            Self::Never => {
                "The listener is not tried again before its configuration or its key changes."
            }
            Self::Login => {
                let minutes = REFUSED_PASSWORD.as_secs() / 60;
                return format!(
                    "A password that the proxy has refused is sent again after {minutes} minutes, for all connections together, because wrong ones may lock the account. Another password is tried at once; the same one 30 seconds later at the earliest, when a connection is restarted or tried again by hand."
                );
            }
            Self::Endpoint => {
                "The last known endpoint stays in use, and Azure is asked again about every 5 minutes. While none is known, the listener waits for it and asks again at least once a minute."
            }
            Self::Streams => {
                "The listener stays connected. Every new stream dials the endpoint anew, and is refused (502 or 504) while that fails. The endpoint is also dialled about once a minute until it answers."
            }
            Self::NextStart => {
                "The service runs on without it, and looks again when it is started anew or the setting changes."
            }
            Self::NotDone => "What was asked for was not done, and is not tried again by itself.",
            Self::Room => {
                "Streams that are open go on. New ones are refused (502) until others have ended."
            }
            Self::Log => {
                "Each new line is tried. When they are written again, the log says how many are missing."
            }
            Self::Channel => "It is tried again every minute, until it works.",
            Self::Metrics => "It is tried again every 10 seconds, until it works.",
            Self::Feed => "The feed is asked again once a day, and whenever somebody asks for it.",
            Self::Upgrade => {
                "The version that is installed stays. An upgrade is not begun again by itself."
            }
            Self::Policy => {
                "A change of the policy is noticed within seconds, and the connection then goes on by itself."
            }
            Self::Unknown => "What the newer service does about it is not known here.",
        };
        fixed.to_owned()
    }
}

/// The steps of the table after the first, in seconds, with `between` and a `last` between them.
pub fn waits(between: &str, last: &str) -> String {
    let waits: Vec<String> = STEPS.iter().skip(1).map(|step| step.as_secs().to_string()).collect();
    match waits.split_last() {
        Some((end, before)) => format!("{}{last}{end}", before.join(between)),
        None => String::new(),
    }
}

/// The last step of the table, in seconds.
pub fn last_step() -> u64 {
    STEPS[STEPS.len() - 1].as_secs()
}

impl FaultCode {
    /// What the program does about it by itself.
    pub fn by_itself(self) -> ByItself {
        match self {
            Self::ProxyLogin => ByItself::Login,
            Self::EndpointUnknown | Self::EndpointMissing => ByItself::Endpoint,
            Self::EndpointNotResolved
            | Self::EndpointRefused
            | Self::EndpointTimedOut
            | Self::EndpointUnreachable => ByItself::Streams,
            Self::StoreDamaged
            | Self::StoreUnusable
            | Self::SettingsUnusable
            | Self::SettingsDamaged
            | Self::SettingsNotReloaded
            | Self::NotSealed
            | Self::CaUnusable
            | Self::ProxyUnusable
            | Self::ProxyScript
            | Self::NoCaCertificates => ByItself::NextStart,
            Self::NotWritten | Self::HomeReadOnly => ByItself::NotDone,
            Self::OpenFilesExhausted => ByItself::Room,
            Self::LogsUnwritable => ByItself::Log,
            Self::StatusChannelClosed => ByItself::Channel,
            Self::MetricsClosed => ByItself::Metrics,
            Self::FeedUnreachable
            | Self::ReleaseNotTrusted
            | Self::ReleaseReplayed
            | Self::ReleaseUnreadable => ByItself::Feed,
            Self::ReleaseDamaged
            | Self::UpgradeByHand
            | Self::UpgraderSilent
            | Self::UpgradeFailed
            | Self::UpgradeRolledBack
            | Self::UpgradeNotRunning => ByItself::Upgrade,
            Self::PolicyDenied | Self::PolicyUnreadable => ByItself::Policy,
            Self::Other => ByItself::Unknown,
            _ => match self.retry() {
                Retry::Soon => ByItself::Soon,
                Retry::Slowly => ByItself::Slowly,
                Retry::Never => ByItself::Never,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_way_is_some_faults_and_says_something_of_its_own() {
        let used: BTreeSet<ByItself> = FaultCode::ALL.iter().map(|code| code.by_itself()).collect();
        assert_eq!(used.into_iter().collect::<Vec<_>>(), ByItself::ALL);
        let words: BTreeSet<String> = ByItself::ALL.iter().map(|way| way.words()).collect();
        assert_eq!(words.len(), ByItself::ALL.len());
        assert!(words.iter().all(|words| words.ends_with('.')));
    }

    #[test]
    fn the_numbers_are_those_of_the_table() {
        let words = FaultCode::ChannelLost.by_itself().words();
        assert!(words.contains("1, 2, 5, 10 and 30 s, and every 30 s"), "{words}");
        assert!(FaultCode::Unauthorized.by_itself().words().contains("every 60 s"));
    }
}
