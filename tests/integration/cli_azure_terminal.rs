//! `hcm add` with an Azure account at a terminal: arrow keys, filters, and leaving.

use hybrid_connection_manager::emulator::AzureFault;

use crate::cli_azure::{Bed, account, usual};
use crate::cli_pty::{Terminal, screen};
use crate::emulator_azure::YOU;

const DOWN: &str = "\u{1b}[B";
const RIGHT: &str = "\u{1b}[C";
const ESC: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

/// `hcm` at a terminal, beside an Azure CLI that is signed in.
async fn start(bed: &Bed, arguments: &[&str]) -> Terminal {
    Terminal::of(bed.signed_in(arguments).await, 100, 30)
}

/// Ends well, with this on the last line.
async fn ends_with(bed: &Bed, terminal: Terminal, code: i32, last: &str) {
    let (ended, raw) = terminal.end().await;
    assert_eq!(ended, Some(code), "{}", screen(&raw));
    assert!(screen(&raw).trim_end().ends_with(last), "{}", screen(&raw));
    bed.check(&raw);
}

#[tokio::test]
async fn arrow_keys_choose_a_subscription_and_what_is_in_it() {
    let bed = Bed::usual().await;
    let mut terminal = start(&bed, &["add"]).await;
    terminal
        .until(|screen| {
            screen.contains("Which subscription?") && screen.contains("> Contoso Production")
        })
        .await;
    terminal.type_in(DOWN);
    terminal.until(|screen| screen.contains("> Contoso Test")).await;
    terminal.type_in("\u{1b}[A");
    terminal.until(|screen| screen.contains("> Contoso Production")).await;
    terminal.type_in("\r");
    let shown =
        terminal.until(|screen| screen.contains("> [ ] sql") && screen.contains("[↑↓")).await;
    assert!(shown.contains("Which subscription? Contoso Production"), "{shown}");
    assert!(shown.contains("These cannot be added:\n  odd/broken: "), "{shown}");
    let rows = "> [ ] sql  sql01.corp:1433  contoso  rg-integration  0 listeners\n  [ ] web  web.corp:80      contoso  rg-integration  0 listeners";
    assert!(shown.contains(rows), "{shown}");
    assert!(!shown.contains("Reading namespaces"), "{shown}");

    // Enter alone is no answer.
    terminal.type_in("\r");
    terminal.until(|screen| screen.contains("Select at least one")).await;
    terminal.type_in(DOWN);
    terminal.type_in(" ");
    terminal.until(|screen| screen.contains("> [x] web")).await;
    terminal.type_in("\r");
    ends_with(&bed, terminal, 0, "Added contoso/web: Connecting").await;
    assert_eq!(bed.added(), ["contoso/web"]);
}

#[tokio::test]
async fn typing_filters_and_an_arrow_selects_all_of_it() {
    let mut config = usual();
    for name in ["sql-two", "sql-three"] {
        config = config.hybrid_connection("contoso", name, "x.corp:1");
    }
    let bed = Bed::start(config.azure(account())).await;
    let mut terminal = start(&bed, &["add"]).await;
    terminal.until(|screen| screen.contains("> Contoso Production")).await;
    terminal.type_in("prod\r");
    terminal.until(|screen| screen.contains("[ ] web")).await;
    terminal.type_in("SQL-T");
    terminal
        .until(|screen| !screen.contains("[ ] web") && screen.contains("> [ ] sql-three"))
        .await;
    terminal.type_in(RIGHT);
    terminal
        .until(|screen| screen.contains("[x] sql-three") && screen.contains("[x] sql-two"))
        .await;
    terminal.type_in("\r");
    ends_with(
        &bed,
        terminal,
        0,
        "Added contoso/sql-three: Connecting\nAdded contoso/sql-two: Connecting",
    )
    .await;
    assert_eq!(bed.added(), ["contoso/sql-three", "contoso/sql-two"]);
}

#[tokio::test]
async fn where_there_is_no_choice_enter_is_enough() {
    let bed = Bed::usual().await;
    let mut terminal = start(&bed, &["add"]).await;
    terminal.until(|screen| screen.contains("> Contoso Production")).await;
    terminal.type_in("test\r");
    terminal.until(|screen| screen.contains("> [x] orders")).await;
    terminal.type_in("\r");
    ends_with(&bed, terminal, 0, "Added fabrikam/orders: Connecting").await;
}

#[tokio::test]
async fn whoever_leaves_has_added_nothing() {
    let bed = Bed::usual().await;
    for key in [ESC, CTRL_C] {
        let mut terminal = start(&bed, &["add"]).await;
        terminal.until(|screen| screen.contains("> Contoso Production")).await;
        terminal.type_in(key);
        ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;

        let mut terminal = start(&bed, &["add"]).await;
        terminal.until(|screen| screen.contains("> Contoso Production")).await;
        terminal.type_in("\r");
        terminal.until(|screen| screen.contains("> [ ] sql")).await;
        terminal.type_in(RIGHT);
        terminal.type_in(key);
        ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;
    }
    let terminal = start(&bed, &["add"]).await;
    terminal.until(|screen| screen.contains("> Contoso Production")).await;
    terminal.interrupt();
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(130), "{raw}");
    assert!(raw.contains("\u{1b}[?25h") && raw.contains("\u{1b}[?2004l"), "{raw:?}");
    assert!(bed.added().is_empty());
    assert_eq!(bed.azure.emulator.azure_counters().of("listKeys"), 0);
}

#[tokio::test]
async fn a_person_signs_in_where_nothing_else_works() {
    let bed = Bed::usual().await;
    // No desktop: a code.
    let mut terminal = Terminal::start(&bed.home, &["add"], 100, 30);
    let shown = terminal.until(|screen| screen.contains("Waiting for you to sign in")).await;
    assert!(shown.contains("Azure CLI: The Azure CLI is not installed"), "{shown}");
    let code = shown.lines().find_map(|line| line.strip_prefix("    ")).unwrap();
    bed.azure.emulator.approve_device_code(code, YOU).unwrap();
    let shown = terminal.until(|screen| screen.contains("> Contoso Production")).await;
    assert!(shown.contains("Signed in to Azure as you@contoso.com (Device code)."), "{shown}");
    terminal.type_in(ESC);
    ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;

    // A browser that does not start: a code.
    let mut command = bed.home.command(&["add"]);
    command.env("BROWSER", bed.home.path().join("nowhere"));
    let terminal = Terminal::of(command, 100, 30);
    let shown = terminal.until(|screen| screen.contains("Waiting for you to sign in")).await;
    assert!(shown.contains("The browser could not be opened"), "{shown}");
    assert!(shown.contains("/devicelogin"), "{shown}");
    terminal.interrupt();
    ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;
}

#[tokio::test]
async fn the_browser_signs_in_at_a_terminal() {
    let bed = Bed::usual().await;
    let page = bed.home.path().join("page");
    let mut terminal = Terminal::of(bed.with_browser(&["add"], &page), 100, 30);
    bed.sign_in_at(&page).await;
    let shown = terminal.until(|screen| screen.contains("> Contoso Production")).await;
    assert!(shown.contains("Signed in to Azure as you@contoso.com (Browser)."), "{shown}");
    terminal.type_in("test\r");
    terminal.until(|screen| screen.contains("> [x] orders")).await;
    terminal.type_in("\r");
    ends_with(&bed, terminal, 0, "Added fabrikam/orders: Connecting").await;
}

#[tokio::test]
async fn a_text_browser_has_the_terminal_to_itself() {
    let bed = Bed::usual().await;
    let page = bed.home.path().join("page");
    // Of its own accord hcm asks for a code instead.
    let mut command = bed.with_browser_named("w3m", &["add"], &page);
    command.env("DISPLAY", ":0");
    let terminal = Terminal::of(command, 100, 30);
    terminal.until(|screen| screen.contains("type the code")).await;
    terminal.interrupt();
    ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;

    let page = bed.home.path().join("other-page");
    let command = bed.with_browser_named("w3m", &["add", "--sign-in", "browser"], &page);
    let mut terminal = Terminal::of(command, 100, 30);
    bed.sign_in_at(&page).await;
    let shown = terminal.until(|screen| screen.contains("The page in a text browser")).await;
    assert!(!shown.contains("Signed in to Azure"), "{shown}");
    terminal.type_in("q\r");
    let shown = terminal.until(|screen| screen.contains("> Contoso Production")).await;
    let (before, after) = shown.split_once("The text browser was left.").unwrap();
    assert!(before.contains("leave it when you have signed in"), "{shown}");
    assert!(after.contains("Signed in to Azure as you@contoso.com (Browser)."), "{shown}");
    terminal.type_in(ESC);
    ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;
}

#[tokio::test]
async fn over_ssh_a_code_is_asked_for() {
    let bed = Bed::usual().await;
    let mut command = bed.home.command(&["add"]);
    command.env("DISPLAY", ":0").env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
    let terminal = Terminal::of(command, 100, 30);
    terminal.until(|screen| screen.contains("type the code")).await;
    terminal.interrupt();
    ends_with(&bed, terminal, 130, "interrupted; nothing was added").await;
}

#[tokio::test]
async fn what_was_added_before_one_leaves_stays() {
    let bed = Bed::usual().await;
    let slow = AzureFault::Slow { path: Some("/hybridConnections/web/".into()), millis: 600_000 };
    bed.azure.emulator.inject_azure(slow).unwrap();
    let mut terminal = start(&bed, &["add"]).await;
    terminal.until(|screen| screen.contains("> Contoso Production")).await;
    terminal.type_in("\r");
    terminal.until(|screen| screen.contains("> [ ] sql")).await;
    terminal.type_in(RIGHT);
    terminal.type_in("\r");
    terminal.until(|screen| screen.contains("adding: 2 of 2…")).await;
    terminal.interrupt();
    let last =
        "Added contoso/sql: Connecting\nerror: interrupted; 1 of 2 hybrid connections were added";
    ends_with(&bed, terminal, 130, last).await;
    assert_eq!(bed.added(), ["contoso/sql"]);
}
