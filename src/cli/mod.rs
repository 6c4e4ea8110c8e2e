//! `hcm`, the command line: one file a verb in [`commands`], and everything that is
//! shown in [`render`].

mod account;
mod apply;
mod args;
mod commands;
mod exit;
mod explain;
mod failure;
mod feed;
mod import;
mod input;
mod microsoft;
mod namespace;
mod pick;
mod prompt;
mod reach;
mod redact;
mod render;
mod watch;
mod way;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

pub use exit::Exit;
pub use failure::Failure;
pub use render::printer::Printer;

use self::args::{Arguments, Command, Format, Global, Verb};
use self::reach::Reach;
use self::redact::Redactor;
use self::render::printer;
use crate::ipc::Client;
use crate::ipc::protocol::{Access, RequestError};

/// The demo, which lives in a layer of its own; the program brings it along.
///
/// Its failure is printed as that of any other command.
pub type Demo = fn(&DemoOptions, &Printer) -> Result<(), Failure>;

/// What `hcm demo` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// Run through it once and end.
    pub once: bool,
    /// Folder that was given for the demo's own service, if any.
    pub home: Option<PathBuf>,
    /// Results are to be JSON.
    pub json: bool,
    /// Say nothing but results and errors.
    pub quiet: bool,
}

/// Runs `hcm` with `arguments`, the first of which is the program's own name, and
/// gives the exit code of the process ([`Exit`]).
///
/// Without a `demo` the command `demo` says that this build has none.
pub fn run(arguments: impl IntoIterator<Item = OsString>, demo: Option<Demo>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let program = arguments.next().unwrap_or_else(|| "hcm".into());
    let arguments = microsoft::rewrite(arguments);
    let redactor = Redactor::of(&arguments);
    let exit = match parse(program, &arguments, demo.is_some()) {
        Err(error) => printer::print_clap(&error, wants_json(&arguments), &redactor),
        Ok(parsed) => {
            let printer = Printer::new(&parsed.global, redactor);
            let result = perform(parsed, &printer, demo);
            result.unwrap_or_else(|failure| {
                if failure.exit != Exit::Ok {
                    printer.failure(&failure);
                }
                failure.exit
            })
        }
    };
    ExitCode::from(exit.code())
}

/// What every command needs.
struct Context<'a> {
    reach: Reach,
    printer: &'a Printer,
}

impl Context<'_> {
    /// Calls the service; to read its status at least.
    async fn connect(&self) -> Result<Client, Failure> {
        self.reach.connect().await
    }

    /// Calls the service for more than its status.
    async fn connect_to_manage(&self) -> Result<Client, Failure> {
        let client = self.reach.connect().await?;
        match client.access() {
            Access::Manage => Ok(client),
            Access::ReadStatus => Err(RequestError::read_only().into()),
        }
    }
}

fn perform(parsed: Arguments, printer: &Printer, demo: Option<Demo>) -> Result<Exit, Failure> {
    let Global { home, quiet, output, .. } = parsed.global;
    if output == Format::Yaml && !matches!(parsed.command, Command::Service(Verb::Export(_))) {
        return Err(Failure::new(Exit::Usage, "only hcm export writes YAML; here it is -o json"));
    }
    match parsed.command {
        Command::Demo(arguments) => {
            let Some(demo) = demo else {
                return Err(Failure::new(Exit::NotSupported, "this build of hcm has no demo"));
            };
            let json = printer.is_json();
            demo(&DemoOptions { once: arguments.once, home, json, quiet }, printer)?;
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "hcm", &mut script);
            printer.write(&String::from_utf8_lossy(&script))?;
        }
        Command::ExitCodes => printer.line(&exit::help())?,
        Command::Json => printer.line(render::json::HELP)?,
        Command::Service(verb) => {
            let context = Context { reach: Reach::new(home.as_deref())?, printer };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime =
                runtime.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
            let done = runtime.block_on(commands::run(&context, verb));
            // A question that was left still waits for its answer.
            runtime.shutdown_background();
            return done;
        }
    }
    Ok(Exit::Ok)
}

fn parse(
    program: OsString,
    arguments: &[OsString],
    has_demo: bool,
) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command().mut_subcommand("demo", |demo| demo.hide(!has_demo));
    let words = std::iter::once(program).chain(arguments.iter().cloned());
    let matches = command.try_get_matches_from_mut(words);
    matches
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .map_err(|error| explain_split(error, arguments, &mut command))
}

/// A shell takes `;` for the end of a command. What is left of a connection string that
/// stood without quotes makes no sense to clap, and the reason is the quotes.
fn explain_split(
    error: clap::Error,
    arguments: &[OsString],
    command: &mut clap::Command,
) -> clap::Error {
    let is_part = |text: &OsString| redact::is_connection_string_part(&text.to_string_lossy());
    let is_add = arguments.iter().any(|argument| argument == "add");
    let is_unexpected = error.kind() == clap::error::ErrorKind::UnknownArgument;
    if is_add && is_unexpected && arguments.iter().any(is_part) {
        return command.error(
            clap::error::ErrorKind::UnknownArgument,
            "a connection string must be one argument: put it in quotes, or better, pass it on standard input: hcm add -",
        );
    }
    error
}

/// Whether JSON is wanted, told from a command line that clap does not understand.
fn wants_json(arguments: &[OsString]) -> bool {
    let joined = ["-ojson", "-o=json", "--output=json"];
    let is_output = |text: &OsStr| text == "-o" || text == "--output";
    arguments.iter().any(|argument| joined.iter().any(|text| argument == text))
        || arguments.windows(2).any(|pair| is_output(&pair[0]) && pair[1] == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn json_is_known_before_the_line_is_understood() {
        for line in ["-o json nonsense", "show --output json", "x -o=json", "x --output=json"] {
            assert!(wants_json(&words(line)), "{line}");
        }
        for line in ["-o table", "show json", "json", "-o"] {
            assert!(!wants_json(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_connection_string_without_quotes_is_explained() {
        let line = "add Endpoint=sb://a.b/ SharedAccessKeyName=k SharedAccessKey=c2VjcmV0";
        let error = parse("hcm".into(), &words(line), true).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("put it in quotes"), "{said}");
        assert!(!said.contains("c2VjcmV0"), "{said}");
    }

    #[test]
    fn the_demo_is_offered_where_there_is_one() {
        let help =
            |has_demo| parse("hcm".into(), &words("--help"), has_demo).unwrap_err().to_string();
        assert!(help(true).contains("demo"));
        assert!(!help(false).contains("demo"));
    }
}
