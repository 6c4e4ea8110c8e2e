//! The exit codes of `hcm`, each with its meaning.

use crate::azure::AzureErrorKind;
use crate::ipc::protocol::ErrorCode;

macro_rules! exits {
    ($( $(#[$doc:meta])* $name:ident = $code:literal, $text:literal, $meaning:literal; )*) => {
        /// How `hcm` ended. Scripts rely on the numbers: they never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Exit {
            $( $(#[$doc])* $name = $code, )*
        }

        impl Exit {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The stable text form that JSON errors carry as their `code`.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// What the number means.
            pub fn meaning(self) -> &'static str {
                match self { $( Self::$name => $meaning, )* }
            }
        }
    };
}

exits! {
    /// Done.
    Ok = 0, "ok", "done";
    /// It went wrong in a way that has no number of its own.
    Failure = 1, "failure", "it went wrong in another way, or in several ways at once";
    /// The command line is wrong.
    Usage = 2, "usage", "the command line is wrong";
    /// No service answers.
    ServiceNotReachable = 3, "service-not-reachable", "the service does not run, does not answer, or is stopping";
    /// There is no such hybrid connection.
    NotFound = 4, "not-found", "there is no such hybrid connection, or none to import";
    /// The hybrid connection is there already.
    AlreadyExists = 5, "already-exists", "the hybrid connection is there already (--replace updates its key)";
    /// What was given is wrong.
    InvalidInput = 6, "invalid-input", "a connection string, a setting, a name or a file is wrong";
    /// Not connected.
    NotConnected = 7, "not-connected", "status: not every hybrid connection asked about is connected; upgrade: nor again; test: no answer";
    /// The time is over.
    TimedOut = 8, "timed-out", "status --wait, upgrade: the time is over; or the service did not answer in time";
    /// The caller may not do this.
    Denied = 9, "denied", "you may not talk to the service, or only read its status and not change this";
    /// The service is of another version.
    VersionMismatch = 10, "version-mismatch", "hcm and the service do not understand each other's version";
    /// This version cannot do it.
    NotSupported = 11, "not-supported", "this version cannot do that";
    /// Nobody is signed in to Azure.
    NotSignedIn = 12, "not-signed-in", "no sign-in to Azure works, or Azure refused it";
    /// The Azure account lacks a permission.
    AzureForbidden = 13, "azure-forbidden", "the Azure account may not do this (403), or no rule has the Listen right";
    /// Azure does not answer as it should.
    AzureNotReachable = 14, "azure-not-reachable", "Azure, DNS, or the proxy on the way does not answer as it should";
    /// Something would change.
    Differs = 15, "differs", "apply --dry-run: something is not as declared";
    /// There is something newer.
    UpgradeAvailable = 16, "upgrade-available", "upgrade --check: there is a newer version";
    /// Something is wrong.
    ProblemFound = 17, "problem-found", "doctor: something keeps streams from their way";
    /// Ctrl-C.
    Interrupted = 130, "interrupted", "Ctrl-C or Esc (but list --watch and logs -f end with 0 then)";
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The number for a refusal of the service.
    pub fn of(refusal: ErrorCode) -> Self {
        match refusal {
            ErrorCode::VersionMismatch => Self::VersionMismatch,
            ErrorCode::Denied | ErrorCode::ReadOnly => Self::Denied,
            ErrorCode::InvalidConnectionString
            | ErrorCode::InvalidSetting
            | ErrorCode::Ambiguous => Self::InvalidInput,
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::AlreadyExists => Self::AlreadyExists,
            ErrorCode::Stopping => Self::ServiceNotReachable,
            ErrorCode::BadMessage
            | ErrorCode::NotSaved
            | ErrorCode::NotUpgraded
            | ErrorCode::Other => Self::Failure,
        }
    }

    /// The number for an error with an Azure account.
    pub fn of_azure(kind: AzureErrorKind) -> Self {
        use AzureErrorKind as Kind;
        match kind {
            Kind::SignInDenied
            | Kind::SignInTimedOut
            | Kind::ForgedAnswer
            | Kind::NoBrowser
            | Kind::NoLoopback
            | Kind::CodeExpired
            | Kind::ConsentRequired
            | Kind::InteractionRequired
            | Kind::ConditionalAccess
            | Kind::NotInTenant
            | Kind::UnknownApplication
            | Kind::BadCredentials
            | Kind::SignInFailed
            | Kind::NoAzureCli
            | Kind::AzureCliSignedOut
            | Kind::NoEnvironment
            | Kind::TokenRefused
            | Kind::WrongTenant => Self::NotSignedIn,
            Kind::Forbidden | Kind::Locked | Kind::Refused | Kind::NoListenRule => {
                Self::AzureForbidden
            }
            Kind::NotFound => Self::NotFound,
            Kind::ProxyPassword | Kind::BadSetting => Self::InvalidInput,
            Kind::Throttled
            | Kind::AzureFailed
            | Kind::NotAzure
            | Kind::Unreachable
            | Kind::TimedOut
            | Kind::Interrupted
            | Kind::Untrusted
            | Kind::ProxyRefused
            | Kind::ProxyUnreachable
            | Kind::ProxyTls
            | Kind::BadAnswer => Self::AzureNotReachable,
        }
    }

    /// One number for several results: the one they share, or [`Exit::Failure`].
    pub fn together(exits: impl IntoIterator<Item = Self>) -> Self {
        exits.into_iter().filter(|&exit| exit != Self::Ok).fold(Self::Ok, |all, one| match all {
            Self::Ok => one,
            same if same == one => same,
            _ => Self::Failure,
        })
    }
}

/// The text of `hcm help exit-codes`.
pub(super) fn help() -> String {
    let mut text = "Every command ends with one of these numbers:\n".to_owned();
    for exit in Exit::ALL {
        text.push_str(&format!(
            "\n  {:>3}  {:<21}  {}",
            exit.code(),
            exit.as_str(),
            exit.meaning()
        ));
    }
    text.push_str(
        "\n\nWhen one command acts on several hybrid connections, it does all that can be done. If all\n\
         failures are of one kind it ends with the number of that kind, otherwise with 1.",
    );
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_and_texts_are_unique_and_stay() {
        let numbers: Vec<_> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 130]);
        let texts: BTreeSet<_> = Exit::ALL.iter().map(|exit| exit.as_str()).collect();
        assert_eq!(texts.len(), Exit::ALL.len());
    }

    #[test]
    fn several_results_have_one_number() {
        let together = |exits: &[Exit]| Exit::together(exits.iter().copied());
        assert_eq!(together(&[]), Exit::Ok);
        assert_eq!(together(&[Exit::Ok, Exit::NotFound, Exit::Ok]), Exit::NotFound);
        assert_eq!(together(&[Exit::NotFound, Exit::NotFound]), Exit::NotFound);
        assert_eq!(together(&[Exit::NotFound, Exit::Denied]), Exit::Failure);
    }

    #[test]
    fn errors_of_an_account_have_numbers_of_their_own() {
        let of = Exit::of_azure;
        assert_eq!(of(AzureErrorKind::AzureCliSignedOut), Exit::NotSignedIn);
        assert_eq!(of(AzureErrorKind::Forbidden), Exit::AzureForbidden);
        assert_eq!(of(AzureErrorKind::Unreachable), Exit::AzureNotReachable);
        assert_eq!(of(AzureErrorKind::NotFound), Exit::NotFound);
        assert_eq!(of(AzureErrorKind::BadSetting), Exit::InvalidInput);
    }

    #[test]
    fn the_help_lists_every_number() {
        let help = help();
        for exit in Exit::ALL {
            assert!(help.contains(&format!("{:>3}  {}", exit.code(), exit.as_str())), "{help}");
        }
    }
}
