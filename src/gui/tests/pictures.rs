//! How the window looks. The pictures are in `tests/snapshots/window`; after a change of
//! the look, `UPDATE_SNAPSHOTS=1 cargo test --all-features --lib gui::tests::pictures` draws
//! them anew, and the change of the files shows what has changed.

use egui::{Key, Modifiers, vec2};
use jiff::SignedDuration;

use super::chinese;
use super::harness::{Opening, Window, now};
use super::strings::{string, twenty_with_one_bad};
use crate::gui::backend::News;
use crate::gui::backend::mock::Ending;
use crate::gui::sample;
use crate::gui::state::{Link, LinkProblem, ThemeChoice};
use crate::gui::text::Language;
use crate::ipc::Push;
use crate::model::{Fault, FaultCode, Snapshot, VERSION};

/// The sample after traffic of `seconds`, each connection at a pace of its own.
fn busy(seconds: u64) -> Snapshot {
    let mut snapshot = sample::snapshot(now());
    for (place, view) in (1u64..).zip(&mut snapshot.connections) {
        if view.traffic.active_streams > 0 {
            // Waves of different length, so that the charts differ.
            let bytes = (0..seconds).map(|second| 9_000 * place * (1 + (second * place / 3) % 7));
            view.traffic.bytes_to_azure = bytes.sum();
            view.traffic.bytes_to_endpoint = view.traffic.bytes_to_azure / 9;
            view.traffic.total_streams = 40 * place;
        }
    }
    snapshot
}

/// Lets a minute of traffic flow.
fn flow(window: &mut Window) {
    for seconds in (0..=60).step_by(2) {
        window.desk.tell(News::Push(Push::Snapshot(Box::new(busy(seconds)))));
        window.pass(SignedDuration::from_secs(2));
    }
}

fn themed(theme: ThemeChoice) -> Opening {
    let mut opening = Opening::new();
    opening.preferences.theme = theme;
    opening
}

/// The dialog for new connections with `text` in it, checked.
fn new(text: &str) -> Window {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.paste(text);
    window.pass(SignedDuration::from_millis(400));
    window
}

#[test]
fn main_light() {
    let mut window = themed(ThemeChoice::Light).open();
    flow(&mut window);
    window.click_row("orders-api", Modifiers::NONE);
    window.picture("main_light");
}

#[test]
fn main_dark() {
    let mut window = themed(ThemeChoice::Dark).open();
    flow(&mut window);
    window.click_row("orders-api", Modifiers::NONE);
    window.picture("main_dark");
}

#[cfg(feature = "emulator")] // it offers the demo
#[test]
fn empty() {
    let mut snapshot = sample::snapshot(now());
    snapshot.connections.clear();
    Opening { snapshot, ..Opening::new() }.open().picture("empty");
}

#[test]
fn new_good() {
    new(&string("payroll")).picture("new_good");
}

#[test]
fn new_bad() {
    new(&string("payroll").replace(";EntityPath=payroll", "")).picture("new_bad");
}

#[test]
fn new_twenty() {
    new(&twenty_with_one_bad()).picture("new_twenty");
}

/// The tab "Select with Azure", with an Azure that takes a moment for everything.
fn azure(theme: ThemeChoice) -> Window {
    let mut window = Opening { slow_azure: true, ..themed(theme) }.open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.click(&window.text("select-with-azure"));
    window
}

/// So many moments later.
fn moments(window: &mut Window, count: i32) {
    for _ in 0..count {
        window.pass(SignedDuration::from_millis(600));
    }
}

/// Signed in, and in the middle of the list.
fn azure_list(theme: ThemeChoice) -> Window {
    let mut window = azure(theme);
    let sign_in = window.text("azure-sign-in");
    window.click(&sign_in);
    moments(&mut window, 6);
    let subscriptions = window.text("azure-subscription");
    window.click(&subscriptions);
    window.click("Contoso Production");
    moments(&mut window, 2);
    window.choose("crm-sql");
    window.choose("print-server");
    window
}

#[test]
fn azure_sign_in() {
    azure(ThemeChoice::Light).picture("azure_sign_in");
}

#[test]
fn azure_device_code() {
    let mut window = azure(ThemeChoice::Dark);
    let code = window.text("azure-sign-in-code");
    window.click(&code);
    moments(&mut window, 1);
    window.picture("azure_device_code");
}

#[test]
fn azure_no_cli() {
    let mut window = azure(ThemeChoice::Light);
    let cli = window.text("azure-sign-in-cli");
    window.click(&cli);
    moments(&mut window, 5);
    window.picture("azure_no_cli");
}

#[test]
fn azure_light() {
    azure_list(ThemeChoice::Light).picture("azure_light");
}

#[test]
fn azure_dark() {
    let mut window = azure_list(ThemeChoice::Dark);
    moments(&mut window, 2);
    let show = window.text("azure-not-read-show");
    window.click(&show);
    window.picture("azure_dark");
}

#[test]
fn azure_not_added() {
    let mut window = azure_list(ThemeChoice::Light);
    moments(&mut window, 2);
    window.choose("payroll-locked");
    let create = window.texts().with("create-several", &[("count", 3_u32.into())]);
    window.click(&create);
    moments(&mut window, 3);
    window.picture("azure_not_added");
}

/// Nothing sticks out of the smallest window.
#[test]
fn azure_narrow() {
    let mut window = Opening { size: vec2(640.0, 400.0), ..themed(ThemeChoice::Light) }.open();
    window.chord(Modifiers::COMMAND, Key::N);
    for key in ["select-with-azure", "azure-sign-in", "azure-subscription"] {
        let name = window.text(key);
        window.click(&name);
    }
    window.click("Contoso Production");
    let names = ["azure-another-account", "azure-subscription", "cancel", "create"];
    for thing in names.map(|key| window.thing(&window.text(key))) {
        assert!(thing.rect.left() >= 16.0 && thing.rect.right() <= 624.0, "{thing:?}");
    }
    window.picture("azure_narrow");
}

/// The stand-in for a Chinese font has one character for all.
#[test]
fn azure_chinese() {
    let mut opening = Opening { slow_azure: true, ..themed(ThemeChoice::Light) };
    opening.foreign_characters = true;
    let mut window = opening.open();
    chinese::install(window.ctx());
    window.chord(Modifiers::COMMAND, Key::Comma);
    window.click(&window.text("settings-language"));
    window.click_last(Language::Chinese.own_name());
    window.key(Key::Escape);
    window.chord(Modifiers::COMMAND, Key::N);
    for key in ["select-with-azure", "azure-sign-in"] {
        let name = window.text(key);
        window.click(&name);
    }
    moments(&mut window, 6);
    let subscriptions = window.text("azure-subscription");
    window.click(&subscriptions);
    window.click("Contoso Production");
    moments(&mut window, 4);
    window.picture("azure_chinese");
}

#[test]
fn remove() {
    let mut window = Window::open();
    window.click_row("orders-api", Modifiers::NONE);
    window.key(Key::Delete);
    window.picture("remove");
}

#[test]
fn settings() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::Comma);
    let proxy = window.text("settings-proxy");
    window.click(&proxy);
    window.type_text("ftp://proxy.example.com");
    window.click(&window.text("save"));
    window.picture("settings");
}

#[test]
fn service_down() {
    let mut window = Window::open();
    window.click_row("orders-api", Modifiers::NONE);
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.picture("service_down");
}

#[test]
fn read_only() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.tell(super::read_only::only_reading());
    window.picture("read_only");
}

#[test]
fn upgrade() {
    super::upgrade::opening(super::upgrade::newer()).open().picture("upgrade");
}

#[test]
fn upgrade_offered() {
    super::upgrade::able().picture("upgrade_offered");
}

#[test]
fn upgrade_downloading() {
    let mut window = super::upgrade::able();
    super::upgrade::begin(&mut window, 1600);
    window.picture("upgrade_downloading");
}

#[test]
fn upgrade_done() {
    let mut window = super::upgrade::able();
    super::upgrade::begin(&mut window, 10_400);
    window.picture("upgrade_done");
}

#[test]
fn upgrade_failed_dark() {
    let fault = Fault::new(FaultCode::UpgradeFailed, "dpkg ended with 1: the disk is full");
    let mut opening = super::upgrade::opening(sample::newer());
    opening.preferences.theme = ThemeChoice::Dark;
    let mut window = Opening { ending: Ending::Fails(fault), ..opening }.open();
    super::upgrade::begin(&mut window, 10_000);
    window.picture("upgrade_failed_dark");
}

#[test]
fn demo() {
    let mut window = Window::open();
    window.tell(News::DemoStarted);
    window.tell(News::Link(Link::managed(VERSION)));
    window.tell(News::Push(Push::Snapshot(Box::new(sample::snapshot(now())))));
    window.picture("demo");
}

#[test]
fn fault_dark() {
    let mut window = themed(ThemeChoice::Dark).open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.picture("fault_dark");
}

#[test]
fn several() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    window.click_row("mail-relay", Modifiers::SHIFT);
    window.picture("several");
}

#[test]
fn narrow() {
    let mut window = Opening { size: vec2(700.0, 450.0), ..Opening::new() }.open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.picture("narrow");
}

/// A menu and a row, where every line of a pixel's width can be seen.
#[test]
fn high_dpi() {
    let mut window = Opening { size: vec2(640.0, 400.0), scale: 2.0, ..Opening::new() }.open();
    window.key(Key::ArrowDown);
    window.chord(Modifiers::SHIFT, Key::F10);
    window.picture("high_dpi");
}

#[test]
fn firewall() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("firewall"));
    window.picture("firewall");
}

#[test]
fn firewall_nftables_dark() {
    let mut window = themed(ThemeChoice::Dark).open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("firewall"));
    window.click("nftables");
    window.picture("firewall_nftables_dark");
}

#[test]
fn explain() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("explain-open"));
    window.picture("explain");
}

#[test]
fn diagnose() {
    let mut window = super::diagnose::look_at("legacy-soap");
    super::diagnose::end(&mut window);
    window.picture("diagnose");
}

#[test]
fn diagnose_running() {
    let mut window = super::diagnose::look_at("orders-api");
    for _ in 0..5 {
        window.pass(SignedDuration::from_millis(120));
    }
    window.picture("diagnose_running");
}
