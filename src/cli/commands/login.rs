//! `hcm login`: which sign-in to Azure works, and for whom.

use crate::azure::{Azure, AzureError, Method, Setup, Subscriptions};
use crate::cli::account::sign_in::{self, QUIET};
use crate::cli::account::{setup, subscription};
use crate::cli::args::Account;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::account::{Attempt, SignedIn};
use crate::cli::{Context, prompt, render};

pub(super) async fn run(context: &Context<'_>, options: &Account) -> Result<Exit, Failure> {
    let mut signals = super::signals()?;
    let done = prompt::unless_left(context.printer, &mut signals, login(context, options)).await;
    done.unwrap_or_else(|| Err(Failure::new(Exit::Interrupted, "interrupted")))
}

async fn login(context: &Context<'_>, options: &Account) -> Result<Exit, Failure> {
    let setup = setup(context, options).await?;
    let mut report = Report::default();
    match options.sign_in {
        Some(method) => {
            let method = method.into();
            report.take(method, sign_in::by(context.printer, &setup, method).await);
        }
        None => try_all(context, &setup, &mut report).await,
    }
    let subscriptions = match &report.azure {
        Some(azure) => Some(azure.subscriptions().await),
        None => None,
    };
    report.print(context, subscriptions)
}

/// The service's settings, or the defaults where there is no service.
async fn setup(context: &Context<'_>, options: &Account) -> Result<Setup, Failure> {
    match context.connect_to_manage().await {
        Ok(mut client) => setup::of_service(context.printer, &mut client, options).await,
        Err(failure) => {
            context.printer.note(&format!(
                "note: the settings of the service (cloud, proxy, CA) are not known, and the defaults are used: {failure}"
            ));
            setup::of_defaults(options)
        }
    }
}

/// The ways without a person, side by side; then, at a terminal, the others.
async fn try_all(context: &Context<'_>, setup: &Setup, report: &mut Report) {
    let printer = context.printer;
    let [first, second] = QUIET;
    let (one, other) =
        tokio::join!(sign_in::by(printer, setup, first), sign_in::by(printer, setup, second));
    report.take(first, one);
    report.take(second, other);
    if report.azure.is_none() && !printer.is_json() && prompt::can_ask() {
        printer.remark_lines(&report.lines(context));
        report.tried.clear();
        let by_person = sign_in::by_person(printer, setup).await;
        let method = by_person.as_ref().map_or(Method::DeviceCode, |azure| azure.account().method);
        report.take(method, by_person);
    }
}

/// What was tried.
#[derive(Default)]
struct Report {
    tried: Vec<Attempt>,
    /// The first that works.
    azure: Option<Azure>,
}

impl Report {
    fn take(&mut self, method: Method, signed_in: Result<Azure, AzureError>) {
        let result = signed_in.map(|azure| {
            let signed_in = SignedIn { account: azure.account().clone(), ends: azure.token_ends() };
            self.azure.get_or_insert(azure);
            signed_in
        });
        self.tried.push(Attempt { method, result });
    }

    fn lines(&self, context: &Context<'_>) -> Vec<String> {
        let printer = context.printer;
        render::account::attempts(&self.tried, &printer.zone, printer.width(), printer.style)
    }

    fn print(
        self,
        context: &Context<'_>,
        subscriptions: Option<Result<Subscriptions, AzureError>>,
    ) -> Result<Exit, Failure> {
        let printer = context.printer;
        let seen = subscriptions.as_ref().and_then(|seen| seen.as_ref().ok());
        if printer.is_json() {
            printer.line(&render::json::login(&self.tried, seen))?;
        } else {
            printer.lines(&self.lines(context))?;
            if let Some(seen) = seen {
                printer.lines(&subscription_lines(context, seen))?;
            }
        }
        let Some(subscriptions) = subscriptions else {
            return Err(self.failure(printer.is_json()));
        };
        subscriptions?;
        let is_azure_cli =
            self.tried.iter().any(|one| one.method == Method::AzureCli && one.result.is_ok());
        printer.note(if is_azure_cli {
            "Nothing of this is kept. hcm add uses the login of the Azure CLI by itself."
        } else {
            "Nothing of this is kept: hcm add signs in again."
        });
        Ok(Exit::Ok)
    }

    /// No way works.
    fn failure(self, tells: bool) -> Failure {
        let mut errors: Vec<(Method, AzureError)> = Vec::new();
        for Attempt { method, result } in self.tried {
            if let Err(error) = result {
                errors.push((method, error));
            }
        }
        match errors.as_slice() {
            [(_, error)] => error.clone().into(),
            several => sign_in::none_works(several, tells),
        }
    }
}

fn subscription_lines(context: &Context<'_>, seen: &Subscriptions) -> Vec<String> {
    let printer = context.printer;
    let mut lines = vec![String::new()];
    if seen.list.is_empty() {
        lines.push(format!("The account sees no subscription; {}.", subscription::NONE_SEEN));
    } else {
        lines.extend(render::account::subscriptions(&seen.list, printer.width(), printer.style));
    }
    let problems = seen.problems.iter();
    lines.extend(problems.map(|(what, error)| subscription::problem(what, error)));
    lines
}
