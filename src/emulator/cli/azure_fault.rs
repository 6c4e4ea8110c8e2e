//! `relay-emulator fault azure …`.

use clap::{Args, Subcommand, ValueEnum};

use crate::emulator::{AzureFault, SignInStep};

/// Which requests a fault meets.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only requests whose path contains this text, listKeys for example.
    #[arg(long, value_name = "TEXT")]
    path: Option<String>,
    /// Only so often.
    #[arg(long)]
    times: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum AzureFaultArguments {
    /// Refuses requests to Entra and Resource Manager, until `clear`.
    Refuse {
        #[command(flatten)]
        which: Which,
        /// HTTP status.
        #[arg(default_value_t = 500)]
        status: u16,
        /// The code.
        #[arg(default_value = "InternalServerError")]
        code: String,
        /// What the service says.
        #[arg(default_value = "The server encountered an internal error.")]
        message: String,
        /// Seconds in `Retry-After`.
        #[arg(long, value_name = "SECONDS")]
        retry_after: Option<u32>,
    },
    /// Refuses requests with 429, until `clear`.
    Throttle {
        #[command(flatten)]
        which: Which,
        /// Seconds in `Retry-After`.
        #[arg(default_value_t = 1)]
        retry_after: u32,
    },
    /// Answers with a page of HTML, as a captive portal does, until `clear`.
    Html {
        #[command(flatten)]
        which: Which,
    },
    /// Cuts the connection in the middle of the answer, until `clear`.
    Cut {
        #[command(flatten)]
        which: Which,
    },
    /// Answers later, until `clear`.
    Slow {
        /// Milliseconds.
        millis: u64,
        /// Only requests whose path contains this text.
        #[arg(long, value_name = "TEXT")]
        path: Option<String>,
    },
    /// Refuses sign-ins with AADSTS50076, 53003, 65001, 700016, 50020, 90072, …, until
    /// `clear`.
    SignIn {
        /// The number after AADSTS.
        code: u32,
        /// Only there.
        #[arg(long)]
        at: Option<Step>,
        /// Only so often.
        #[arg(long)]
        times: Option<u32>,
    },
    /// Ends the codes that are out: of browsers and of devices.
    ExpireCodes,
    /// Ends the access tokens that are out.
    ExpireTokens,
    /// Ends the refresh tokens that are out.
    RevokeRefreshTokens,
}

/// A step of signing in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Step {
    /// The page in the browser.
    Authorize,
    /// The request for a device code.
    Devicecode,
    /// The token endpoint.
    Token,
}

impl From<AzureFaultArguments> for AzureFault {
    fn from(arguments: AzureFaultArguments) -> Self {
        match arguments {
            AzureFaultArguments::Refuse { which, status, code, message, retry_after } => {
                let Which { path, times } = which;
                Self::Refuse { path, status, code, message, retry_after, times }
            }
            AzureFaultArguments::Throttle { which: Which { path, times }, retry_after } => {
                Self::Throttle { path, retry_after, times }
            }
            AzureFaultArguments::Html { which: Which { path, times } } => {
                Self::Html { path, times }
            }
            AzureFaultArguments::Cut { which: Which { path, times } } => Self::Cut { path, times },
            AzureFaultArguments::Slow { millis, path } => Self::Slow { path, millis },
            AzureFaultArguments::SignIn { code, at, times } => {
                let at = at.map(|step| match step {
                    Step::Authorize => SignInStep::Authorize,
                    Step::Devicecode => SignInStep::DeviceCode,
                    Step::Token => SignInStep::Token,
                });
                Self::SignIn { at, code, times }
            }
            AzureFaultArguments::ExpireCodes => Self::ExpireCodes,
            AzureFaultArguments::ExpireTokens => Self::ExpireTokens,
            AzureFaultArguments::RevokeRefreshTokens => Self::RevokeRefreshTokens,
        }
    }
}
