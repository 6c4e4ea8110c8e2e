//! Signing in: what needs no person first, then what a person does.

use std::fmt::Write as _;

use tokio::sync::watch;
use url::Url;

use crate::azure::{self, Azure, AzureError, AzureErrorKind, DeviceCode, Method, Setup};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::prompt;
use crate::cli::render::account::method_name;
use crate::cli::render::printer::{self, Printer};
use crate::cli::render::text;
use crate::platform::browser;

/// The ways that need no person, in the order in which they are tried.
pub(in crate::cli) const QUIET: [Method; 2] = [Method::AzureCli, Method::Environment];

/// Signs in by `chosen`, or by the first way that works.
///
/// # Errors
/// [`Failure`] says why none works, and which ways there are.
pub(in crate::cli) async fn sign_in(
    printer: &Printer,
    setup: &Setup,
    chosen: Option<Method>,
) -> Result<Azure, Failure> {
    let azure = match chosen {
        Some(method) => by(printer, setup, method).await?,
        None => by_first(printer, setup).await?,
    };
    let account = azure.account();
    let name = text::plain(&account.name);
    printer.note(&format!("Signed in to Azure as {name} ({}).", method_name(account.method)));
    Ok(azure)
}

async fn by_first(printer: &Printer, setup: &Setup) -> Result<Azure, Failure> {
    let mut tried = Vec::new();
    for method in QUIET {
        match by(printer, setup, method).await {
            Ok(azure) => return Ok(azure),
            Err(error) => tried.push((method, error)),
        }
    }
    if !prompt::can_ask() {
        return Err(none_works(&tried, true));
    }
    for (method, error) in &tried {
        if *method != Method::Environment || !is_not_set_up(error) {
            printer.note(&format!("{}: {}.", method_name(*method), why(error)));
        }
    }
    Ok(by_person(printer, setup).await?)
}

/// Signs in by one way.
///
/// # Errors
/// Those of the way.
pub(in crate::cli) async fn by(
    printer: &Printer,
    setup: &Setup,
    method: Method,
) -> Result<Azure, AzureError> {
    match method {
        Method::AzureCli => Azure::with_azure_cli(setup).await,
        Method::Environment => Azure::with_environment(setup).await,
        Method::Browser => {
            let (opening, mut left) = watch::channel(true);
            let show = move |page: &Url| {
                opening.send_replace(false);
                let opened = open(page);
                opening.send_replace(true);
                opened
            };
            let signed_in = Azure::with_browser(setup, show).await;
            // A text browser has the terminal until it is left; one that was dropped is gone.
            left.wait_for(|left| *left).await.ok();
            signed_in
        }
        Method::DeviceCode => {
            let zone = printer.zone.clone();
            let show = move |code: DeviceCode| {
                let until = text::clock(code.expires_at, &zone);
                printer::tell(&format!(
                    "To sign in to Azure, open {}\nin a browser on any device and type the code\n\n    {}\n\nIt is valid until {until}. Waiting for you to sign in… (Ctrl-C leaves)\n",
                    text::plain(&code.address),
                    text::plain(&code.code),
                ));
            };
            Azure::with_device_code(setup, show).await
        }
    }
}

/// Signs in by the browser where a person would see it, and by a code elsewhere.
///
/// # Errors
/// Those of the last way.
pub(in crate::cli) async fn by_person(
    printer: &Printer,
    setup: &Setup,
) -> Result<Azure, AzureError> {
    if browser::can_show() {
        match by(printer, setup, Method::Browser).await {
            Err(error) if needs_another_device(error.kind) => {
                printer.note(&format!("{}.", why(&error)));
            }
            done => return done,
        }
    }
    by(printer, setup, Method::DeviceCode).await
}

/// Opens the page of the sign-in, and tells its address to whoever sees no browser.
fn open(page: &Url) -> std::io::Result<()> {
    if browser::is_text() {
        printer::tell(&format!(
            "Opening the text browser to sign in to Azure; leave it when you have signed in. Where no page opens, open this one:\n{page}\n"
        ));
        return azure::open_browser(page);
    }
    printer::tell("Opening the browser to sign in to Azure…\n");
    azure::open_browser(page)?;
    printer::tell(&format!(
        "Waiting for you to sign in there… (Ctrl-C leaves). Where no page has opened, open this one:\n{page}\n"
    ));
    Ok(())
}

fn needs_another_device(kind: AzureErrorKind) -> bool {
    matches!(kind, AzureErrorKind::NoBrowser | AzureErrorKind::NoLoopback)
}

/// Whether a way was just not prepared, in contrast to one that was and failed.
fn is_not_set_up(error: &AzureError) -> bool {
    match error.kind {
        AzureErrorKind::NoAzureCli | AzureErrorKind::AzureCliSignedOut => true,
        // One that is prepared by halves has a detail.
        AzureErrorKind::NoEnvironment => error.detail.is_empty(),
        _ => false,
    }
}

/// Why a way does not work: in short where it was not prepared.
fn why(error: &AzureError) -> String {
    if is_not_set_up(error) {
        error.kind.summary().to_owned()
    } else {
        text::plain(&error.to_string()).trim_end_matches('.').to_owned()
    }
}

/// No way works, and nobody is there to sign in. With `tells`
/// it names the reasons, for whoever has not seen them yet.
pub(in crate::cli) fn none_works(tried: &[(Method, AzureError)], tells: bool) -> Failure {
    let mut words = "no sign-in to Azure works.".to_owned();
    for (method, error) in tried.iter().filter(|_| tells) {
        // A text takes everything.
        write!(words, " {}: {}.", method_name(*method), why(error)).ok();
    }
    words.push_str(
        " Sign in with az login, name a service principal in the environment (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET), or choose --sign-in browser or --sign-in device-code",
    );
    let failed = tried.iter().filter(|(_, error)| !is_not_set_up(error));
    match Exit::together(failed.map(|(_, error)| Exit::of_azure(error.kind))) {
        Exit::Ok => Failure::new(Exit::NotSignedIn, words),
        exit => Failure::new(exit, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: AzureErrorKind, detail: &str) -> AzureError {
        AzureError::new(kind, detail)
    }

    #[test]
    fn what_was_not_prepared_is_said_in_short() {
        let tried = [
            (Method::AzureCli, error(AzureErrorKind::AzureCliSignedOut, "a long story")),
            (Method::Environment, error(AzureErrorKind::NoEnvironment, "")),
        ];
        let failure = none_works(&tried, true);
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::NotSignedIn, "not-signed-in"));
        assert!(
            failure.message.starts_with(
                "no sign-in to Azure works. Azure CLI: Nobody is signed in to the Azure CLI. Environment: The environment names neither a service principal nor a managed identity. Sign in with az login"
            ),
            "{failure}"
        );
    }

    #[test]
    fn what_was_prepared_by_halves_is_explained() {
        let half = error(AzureErrorKind::NoEnvironment, "AZURE_TENANT_ID is not set");
        let failure = none_works(&[(Method::Environment, half)], true);
        assert_eq!(failure.exit, Exit::NotSignedIn);
        assert!(failure.message.contains("AZURE_TENANT_ID is not set"), "{failure}");
    }

    #[test]
    fn what_was_prepared_and_failed_gives_the_number() {
        let tried = [
            (Method::AzureCli, error(AzureErrorKind::NoAzureCli, "")),
            (Method::Environment, error(AzureErrorKind::Unreachable, "no route")),
        ];
        let failure = none_works(&tried, true);
        assert_eq!(failure.exit, Exit::AzureNotReachable);
        assert!(failure.message.contains("could not be reached: no route"), "{failure}");
        let failure = none_works(&tried, false);
        assert_eq!(failure.exit, Exit::AzureNotReachable);
        assert!(failure.message.starts_with("no sign-in to Azure works. Sign in"), "{failure}");
    }
}
