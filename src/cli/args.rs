//! What `hcm` takes on its command line.

mod account;
mod declared;
mod doctor;
mod explain;
mod firewall;
mod logs;
mod test;
mod upgrade;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

#[cfg(test)]
pub(super) use self::account::Cloud;
pub(super) use self::account::{Account, Place, WholePlace};
pub(super) use self::declared::{Apply, Export};
pub(super) use self::doctor::Doctor;
pub(super) use self::explain::Explain;
pub(super) use self::firewall::Firewall;
pub(super) use self::logs::Logs;
pub(super) use self::test::{Target, Test};
pub(super) use self::upgrade::Upgrade;
use super::{exit, render};
use crate::model::{ConnectionSelector, Secret, VERSION};

/// The command line of `hcm`.
#[derive(Debug, Parser)]
#[command(
    name = "hcm",
    version = VERSION,
    about = "Hybrid Connection Manager CLI",
    long_about = "Hybrid Connection Manager CLI: lets an app in Azure reach one host:port in this network\n\
                  over Azure Relay. Everything is done by the background service; hcm talks to it.",
    after_help = "Connections are named NAMESPACE/NAME, or with --namespace (-ns) and --name (-n).\n\
                  More: hcm help COMMAND, hcm help exit-codes, hcm help json.",
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options that every command takes.
#[derive(Args, Debug)]
pub(super) struct Global {
    /// Folder of a service that was started with the same --home
    #[arg(long, global = true, env = "HCM_HOME", value_name = "DIR", help_heading = "Everywhere")]
    pub(super) home: Option<PathBuf>,
    /// How results are written: table, for people, or json (see: hcm help json)
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "FORMAT",
        help_heading = "Everywhere"
    )]
    pub(super) output: Format,
    /// When to use colours: always, never, or auto (on a terminal, without NO_COLOR)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN",
        help_heading = "Everywhere"
    )]
    pub(super) color: When,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(super) quiet: bool,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs; its shapes are in `hcm help json`
    Json,
    /// A file for `hcm apply`, from `hcm export` alone
    Yaml,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    Service(Verb),
    /// Try everything on this machine, without Azure
    Demo(Demo),
    /// Print a script that completes hcm's commands in a shell
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// The exit codes and what they mean
    #[command(long_about = exit::help())]
    ExitCodes,
    /// The shapes of --output json
    #[command(long_about = render::json::HELP)]
    Json,
}

/// What the service is asked to do or to tell.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Add hybrid connections, with an Azure account or by connection strings
    #[command(
        long_about = "Add hybrid connections, with an Azure account or by connection strings.\n\n\
            Without arguments hcm signs in to Azure, asks which subscription and which of its\n\
            hybrid connections, and adds those. It uses the login of the Azure CLI (az login), then\n\
            the identity that the environment names (AZURE_TENANT_ID, AZURE_CLIENT_ID and\n\
            AZURE_CLIENT_SECRET, or a managed identity), then, on a terminal, the browser or a\n\
            code. The account is used for this alone: it is not kept, and the service never gets it.\n\
            Where standard input is no terminal, hcm reads the answers from it, one a line.\n\
            Cloud, proxy and CA are those of the service's settings; the password of the proxy,\n\
            which the service does not tell, is asked for or taken from HCM_PROXY_PASSWORD.\n\n\
            For scripts, name what to add: --subscription, --resource-group, --namespace, --name.\n\n\
            A connection string is that of a rule with the Listen right, and names the hybrid\n\
            connection: Endpoint=sb://…/;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…\n\
            The text may hold many of them, one after another; all that can be added are added.\n\
            With \"-\" or --file the key stays out of the process list and the shell's history;\n\
            on a terminal, hcm add - asks for it and does not show it."
    )]
    Add(Box<Add>),
    /// Take over the hybrid connections of Microsoft's Hybrid Connection Managers
    #[command(
        long_about = "Take over the hybrid connections of Microsoft's Hybrid Connection Managers.\n\n\
            Reads the connections.json of version 1.x and the .config of version 0.7.x\n\
            (Microsoft.HybridConnectionManager.Listener.exe.config). Without FILE it looks for\n\
            those of this machine; a file of another machine is copied here first. The files are\n\
            read and never changed, and no key is shown.\n\n\
            All that can be added are added; --dry-run shows what would be, and changes nothing.\n\
            A proxy of version 0.7.x is told and not taken over, and the endpoint comes from Azure.\n\
            Microsoft's manager may go on running beside this one: Azure spreads the streams over\n\
            both until its service is stopped."
    )]
    Import(Import),
    /// Make the hybrid connections and settings what a file declares
    #[command(long_about = "Make the hybrid connections and settings what a file declares.\n\n\
            The file is YAML or JSON:\n\n  \
              version: 1\n  \
              settings:                  # optional; names and values as with hcm settings\n    \
                log.level: info\n  \
              connections:\n    \
                - connectionString: \"Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…\"\n    \
                - connectionString: {env: NAME}     # of an environment variable\n      \
                  enabled: false                    # optional; new ones are enabled\n    \
                - connectionString: {file: PATH}    # relative paths begin at the declared file\n    \
                - connectionString: {secret: NAME}  # a file in the folder of --secrets\n    \
                - namespace: contoso                # one that is there keeps its key\n      \
                  name: sql\n\n\
            Everything is checked before anything changes: where one thing is wrong, all that is\n\
            wrong is told with line and column, and nothing is changed. The difference is shown\n\
            first. What is as declared already is not touched, and no connection is closed for it.\n\
            What is not declared is left alone; with --prune it is removed.\n\n\
            Ends with 0 when all is as declared. With --dry-run nothing changes, and it ends with 15\n\
            when something would.")]
    Apply(Apply),
    /// Write what is here as a file for hcm apply
    #[command(long_about = "Write what is here as a file for hcm apply.\n\n\
            Writes YAML, or JSON with -o json, to standard output: each hybrid connection with its\n\
            namespace, its name and whether it is enabled. On the machine that it comes from such a\n\
            file keeps the keys; for another one, say with each connection where its key is.\n\n\
            With --with-keys the connection strings are in it, keys included, and the service notes\n\
            in its log that they were given out. Settings are not written.")]
    Export(Export),
    /// List the hybrid connections
    List(List),
    /// Show one hybrid connection in full
    Show(OneConnection),
    /// Remove hybrid connections from this machine
    Remove(Remove),
    /// Close the channel to Azure and open it again
    Restart(SomeOrAll),
    /// Listen for the hybrid connections
    Enable(SomeOrAll),
    /// Stop listening, and keep the configuration
    Disable(SomeOrAll),
    /// Say whether what should be connected is connected
    #[command(long_about = "Say whether what should be connected is connected.\n\n\
            Ends with 0 when every enabled hybrid connection (or the named one) is connected,\n\
            otherwise with 7. With --wait it waits for that, also for a service that is just\n\
            starting, and ends with 8 (or 3) when the time is over. It does not wait for a\n\
            hybrid connection that is disabled, or that the service no longer tries to connect.\n\n\
            With --check it says nothing when all is well and one line when it is not, for scripts\n\
            and the probes of containers. --check ready (or --check alone): every enabled hybrid\n\
            connection is connected, else it ends with 7, and the service is not stopping, else\n\
            with 3. --check live: the service takes requests and answers within 5 seconds (or\n\
            those of --wait), else it ends with 3 or 8; how its hybrid connections are does not\n\
            matter.")]
    Status(Status),
    /// Show the service's log
    #[command(long_about = "Show the service's log.\n\n\
            Shows the last lines that the service has in memory, about 2000, and with -f those that\n\
            come. --connection, --level and --since choose among them: a line is shown that fits all.\n\n\
            How much is logged at all is a setting that counts at once: hcm settings set log.level\n\
            debug, or of single hybrid connections: hcm settings set log.connections\n\
            contoso/sql=debug (several with commas between them; empty takes it back).")]
    Logs(Logs),
    /// Say what a code means that is shown with a fault, and what to do about it
    #[command(
        long_about = "Say what a code means that is shown with a fault, and what to do about it.\n\n\
            hcm, the window and the log show each fault with a code, [unauthorized] for example.\n\
            hcm explain unauthorized tells what it means, what usually causes it, what to do, and\n\
            what the program does by itself. Without a code it lists all. It needs no service."
    )]
    Explain(Explain),
    /// Find what is wrong, and what to do about it
    #[command(long_about = doctor::ABOUT)]
    Doctor(Doctor),
    /// List what a firewall must let out, with the gateways of the namespace
    #[command(long_about = firewall::ABOUT)]
    Firewall(Firewall),
    /// Try whether a host and port, or a namespace, answers from here
    #[command(long_about = test::ABOUT)]
    Test(Test),
    /// Show the versions of hcm and of the service
    Version,
    /// Install the newest version in the place of the one that runs
    #[command(long_about = "Install the newest version in the place of the one that runs.\n\n\
            Shows what is new and what becomes of open streams, asks, and has the service do it: it\n\
            downloads the release, checks its signature, and is replaced by it. Connections and\n\
            settings stay. hcm waits until the new version runs and has connected what was connected\n\
            before; else it ends with 7. Where the service cannot do it by itself, hcm says how it is\n\
            done; on Windows that is the window's upgrade dialog, or the MSI.\n\n\
            With --check it ends with 16 where there is a newer version, and with 0 where there is none.")]
    Upgrade(Upgrade),
    /// Show or change the service's settings
    #[command(subcommand)]
    Settings(Settings),
    /// Show which sign-in to Azure works, and for whom
    #[command(long_about = "Show which sign-in to Azure works, and for whom.\n\n\
            Tries the ways that need no person: the login of the Azure CLI, and the identity that\n\
            the environment names. Where neither works, a terminal is asked to sign in with the\n\
            browser or a code. Shows the subscriptions that the account sees. Nothing is kept: hcm\n\
            add signs in again. Ends with 0 when one way works, also for an account that sees no\n\
            subscription; the other numbers are those of hcm help exit-codes.")]
    Login(Account),
}

/// Arguments of `add`.
#[derive(Args, Debug)]
pub(super) struct Add {
    /// Connection string, or "-" to read connection strings from standard input
    #[arg(value_name = "STRING", value_parser = secret, conflicts_with_all = ["file", "account"])]
    pub(super) string: Option<Secret>,
    /// Read connection strings from this file
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub(super) file: Option<PathBuf>,
    /// Update the key of a hybrid connection that is there already
    #[arg(long)]
    pub(super) replace: bool,
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Arguments of `import`.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// A connections.json or .config of Microsoft's manager; without it, those of this machine
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Show what would be added, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Update the keys of hybrid connections that are there already
    #[arg(long)]
    pub(super) replace: bool,
}

/// Arguments of `list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Go on showing every change until Ctrl-C
    #[arg(short, long)]
    pub(super) watch: bool,
}

/// A connection named by two options, as Microsoft's `hcm` has it.
#[derive(Args, Debug)]
pub(super) struct ByOptions {
    /// Namespace, alone or as a whole host; also -ns
    #[arg(long, requires = "name", value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// Name of the hybrid connection
    #[arg(short = 'n', long, requires = "namespace", value_name = "NAME")]
    pub(super) name: Option<String>,
}

/// One connection.
#[derive(Args, Debug)]
pub(super) struct OneConnection {
    /// Which hybrid connection
    #[arg(
        value_name = "NAMESPACE/NAME",
        required_unless_present = "namespace",
        conflicts_with_all = ["namespace", "name"]
    )]
    pub(super) connection: Option<ConnectionSelector>,
    #[command(flatten)]
    pub(super) by_options: ByOptions,
}

/// Arguments of `remove`.
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// Which hybrid connections
    #[arg(
        value_name = "NAMESPACE/NAME",
        required_unless_present = "namespace",
        conflicts_with_all = ["namespace", "name"]
    )]
    pub(super) connections: Vec<ConnectionSelector>,
    #[command(flatten)]
    pub(super) by_options: ByOptions,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// Some connections, or all of them.
#[derive(Args, Debug)]
pub(super) struct SomeOrAll {
    /// Which hybrid connections
    #[arg(
        value_name = "NAMESPACE/NAME",
        required_unless_present_any = ["namespace", "all"],
        conflicts_with_all = ["namespace", "name", "all"]
    )]
    pub(super) connections: Vec<ConnectionSelector>,
    #[command(flatten)]
    pub(super) by_options: ByOptions,
    /// All hybrid connections
    #[arg(long, conflicts_with_all = ["namespace", "name"])]
    pub(super) all: bool,
}

/// Arguments of `status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Which hybrid connection; all without
    #[arg(value_name = "NAMESPACE/NAME", conflicts_with_all = ["namespace", "name"])]
    pub(super) connection: Option<ConnectionSelector>,
    #[command(flatten)]
    pub(super) by_options: ByOptions,
    /// Wait up to this many seconds
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub(super) wait: Option<u32>,
    /// Check one thing, and say something only when it is not so: ready (without WHAT) or live
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        num_args = 0..=1,
        default_missing_value = "ready",
        hide_possible_values = true
    )]
    pub(super) check: Option<Check>,
}

/// What a probe wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Check {
    /// Every enabled hybrid connection is connected, and the service is not stopping
    Ready,
    /// The service takes requests
    Live,
}

impl Check {
    /// As it is written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Live => "live",
        }
    }
}

/// Arguments of `settings`.
#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Show all settings, or one
    Get {
        /// Dotted name of the setting
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Change a setting; an empty value takes an optional one away
    Set {
        /// Dotted name of the setting
        #[arg(value_name = "NAME")]
        name: String,
        /// Its value; the path of a file may be relative
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },
}

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub(super) struct Demo {
    /// Run through it once and end, with an exit code that tells how it went
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) once: bool,
}

impl ByOptions {
    /// The connection that the two options name, if they are there.
    ///
    /// # Errors
    /// Words for a name that is none.
    pub(super) fn selector(
        &self,
    ) -> Result<Option<ConnectionSelector>, crate::model::names::NameError> {
        match (&self.namespace, &self.name) {
            (Some(namespace), Some(name)) => {
                format!("{}/{name}", namespace.trim_end_matches('/')).parse().map(Some)
            }
            _ => Ok(None),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature that clap wants")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::microsoft;
    use super::*;

    fn parse(line: &str) -> Result<Verb, clap::Error> {
        let words = line.split_whitespace().map(std::ffi::OsString::from);
        let words = std::iter::once("hcm".into()).chain(microsoft::rewrite(words));
        let command = Arguments::try_parse_from(words)?.command;
        let Command::Service(verb) = command else { panic!("{command:?}") };
        Ok(verb)
    }

    fn one(command: Verb) -> String {
        let Verb::Show(one) = command else { panic!("not show") };
        let by_options = one.by_options.selector().unwrap();
        one.connection.or(by_options).unwrap().to_string()
    }

    #[test]
    fn clap_finds_no_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_connection_is_named_in_either_way() {
        for line in [
            "show contoso/sql",
            "show -ns contoso -n sql",
            "show -n sql -ns contoso",
            "show --namespace contoso --name sql",
            "show -ns:contoso -n:sql",
            "show -ns=contoso -n=sql",
            "-o json show -ns contoso -n sql",
            "show -ns contoso -n sql -o json",
        ] {
            let command = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(one(command), "contoso/sql", "{line}");
        }
        for line in [
            "show",
            "show -n sql",
            "show -ns contoso",
            "show sql",
            "show a/b -n sql -ns x",
            "remove",
            "restart --all a/b",
            "enable --all -ns a -n b",
            "status -n b",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
        }
    }

    #[test]
    fn verbs_take_several_names_or_all() {
        let Verb::Remove(remove) = parse("remove a/b c/d -y").unwrap() else { panic!() };
        assert_eq!((remove.connections.len(), remove.yes), (2, true));
        let Verb::Restart(all) = parse("restart --all").unwrap() else { panic!() };
        assert!(all.all && all.connections.is_empty());
        let Verb::Disable(some) = parse("disable a/b a/c a/d").unwrap() else { panic!() };
        assert_eq!(some.connections.len(), 3);
    }

    #[test]
    fn an_account_is_used_with_or_without_a_place_but_with_no_string() {
        let line = "add -s 1-2-3 -rg group -ns contoso -n sql -n web --replace --cloud china";
        let Verb::Add(add) = parse(line).unwrap() else { panic!() };
        assert_eq!(add.place.whole().unwrap().unwrap().names, ["sql", "web"]);
        assert!(add.replace && add.account.cloud.is_some());
        for line in [
            "add -s 1 -rg g -ns a -n b Endpoint=x",
            "add - --sign-in browser",
            "add --file x --tenant contoso.com",
            "add --sign-in magic",
            "add --tenant a/b",
            "add x --file y",
            "login --cloud moon",
        ] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
        let Verb::Add(add) = parse("add - --replace").unwrap() else { panic!() };
        assert!(add.place.whole().unwrap().is_none() && add.replace);
        assert_eq!(add.string.unwrap().expose(), "-");
        let Verb::Login(login) = parse("login --sign-in device-code").unwrap() else { panic!() };
        assert!(login.sign_in.is_some() && login.cloud.is_none());
    }

    #[test]
    fn a_check_is_for_ready_unless_it_says_what() {
        for (line, expected) in [
            ("status", None),
            ("status --check", Some(Check::Ready)),
            ("status --check ready", Some(Check::Ready)),
            ("status --check=live", Some(Check::Live)),
            ("status --check live --wait 3", Some(Check::Live)),
            ("status a/b --check", Some(Check::Ready)),
            ("status --check -ns a -n b", Some(Check::Ready)),
        ] {
            let Verb::Status(status) = parse(line).unwrap() else { panic!("{line}") };
            assert_eq!(status.check, expected, "{line}");
        }
        for line in ["status --check healthy", "status --check a/b"] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn n_means_lines_of_the_log() {
        let Verb::Logs(logs) = parse("logs -f -n 20").unwrap() else { panic!() };
        assert_eq!((logs.follow, logs.lines), (true, Some(20)));
        let Verb::Logs(logs) = parse("logs --lines 7").unwrap() else { panic!() };
        assert_eq!((logs.follow, logs.lines), (false, Some(7)));
        assert!(parse("logs -n many").is_err());
    }

    #[test]
    fn debug_of_the_arguments_shows_no_key() {
        let command = parse("add Endpoint=sb://a.b/;SharedAccessKey=c2VjcmV0").unwrap();
        assert!(!format!("{command:?}").contains("c2VjcmV0"));
    }
}
