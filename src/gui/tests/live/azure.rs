//! "Select with Azure" with the demo's Azure: real sign-ins, real lists, real keys.

use std::io;

use egui::{Key, Modifiers};
use url::Url;

use super::stage::{Stage, start_service};
use crate::gui::state::{Demo, Dialog, Reading, Reads, SettingsOfSignIn, SignIn, State};
use crate::model::{CloudName, StatusLabel};
use crate::service::Service;

/// The person of the demo.
const WHO: &str = "you@contoso.com";

/// A browser in which [`WHO`] picks the account at once.
pub(super) fn browser(page: &Url) -> io::Result<()> {
    let mut page = page.clone();
    page.query_pairs_mut().append_pair("account", WHO);
    visit(page);
    Ok(())
}

/// Opens `page`, and goes where it leads.
fn visit(page: Url) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { reqwest::get(page).await.unwrap().error_for_status().unwrap() });
    });
}

/// The tab, in the window's demo.
fn at_tab() -> (Stage, Service) {
    let (mut stage, service) = Stage::with(start_service);
    stage.until("up", |state| state.snapshot.is_some());
    stage.window.settle();
    click(&mut stage, "empty-demo");
    stage.until("the demo", |state| state.demo == Demo::On && connected(state) == 3);
    stage.window.settle();
    stage.window.chord(Modifiers::COMMAND, Key::N);
    click(&mut stage, "select-with-azure");
    stage.until("settings", |state| {
        state.azure().is_some_and(|form| matches!(form.settings, SettingsOfSignIn::Known(_)))
    });
    stage.window.settle();
    assert_eq!(stage.window.state().azure().unwrap().cloud, CloudName::Custom);
    (stage, service)
}

fn connected(state: &State) -> usize {
    let views = state.connections().iter();
    views.filter(|view| view.status.label() == StatusLabel::Connected).count()
}

#[track_caller]
fn click(stage: &mut Stage, key: &'static str) {
    let name = stage.window.text(key);
    stage.window.click(&name);
}

/// Signs in through the browser, and waits for the subscriptions.
fn sign_in(stage: &mut Stage) {
    click(stage, "azure-sign-in");
    has_subscriptions(stage);
}

fn has_subscriptions(stage: &mut Stage) {
    stage.until("subscriptions", |state| {
        state.azure().is_some_and(|form| matches!(form.subscriptions, Reads::Done(_)))
    });
    stage.window.settle();
    assert!(stage.window.says(WHO));
}

/// Waits for the code that is to be typed elsewhere.
fn has_code(stage: &mut Stage) {
    stage.until("a code", |state| {
        let sign_in = state.azure().map(|form| &form.sign_in);
        matches!(sign_in, Some(SignIn::Running(running)) if running.code.is_some())
    });
    stage.window.settle();
}

/// Reads `subscription` to its end.
fn read(stage: &mut Stage, subscription: &str) {
    click(stage, "azure-subscription");
    stage.window.click(subscription);
    stage.until("the list", |state| {
        let listing = state.azure().and_then(|form| form.listing.as_ref());
        listing.is_some_and(|listing| listing.reading == Reading::Done)
    });
    stage.window.settle();
}

fn end(mut stage: Stage, service: Service) {
    click(&mut stage, "demo-leave");
    stage.until("the demo is left", |state| state.demo == Demo::Off && state.is_attached());
    stage.stop(service);
}

#[test]
fn what_is_chosen_is_connected() {
    let (mut stage, service) = at_tab();
    sign_in(&mut stage);
    read(&mut stage, "Contoso Production");
    let draft = stage.window.choice("draft");
    assert!(!draft.enabled && draft.name.contains(&stage.window.text("unusable-no-metadata")));
    let soap = stage.window.choice("old-soap");
    assert!(soap.name.contains(&stage.window.text("event-metadata-mended")), "{}", soap.name);
    assert!(
        stage
            .window
            .things()
            .iter()
            .any(|thing| { thing.name.contains(&stage.window.text("azure-already-added")) })
    );
    let filter = stage.window.text("azure-filter");
    stage.window.click(&filter);
    stage.window.type_text("contoso-weu");
    stage.window.choose("crm-sql");
    stage.window.choose("print-server");
    let create = stage.window.texts().with("create-several", &[("count", 2_u32.into())]);
    stage.window.click(&create);
    stage.until("connected", |state| state.dialog.is_none() && connected(state) == 5);
    stage.window.settle();
    assert_eq!(stage.window.selected(), ["crm-sql", "print-server"]);
    {
        let state = stage.window.state();
        let views = state.connections().iter();
        let crm = views.into_iter().find(|view| view.id.name() == "crm-sql").unwrap();
        let resource = crm.resource.as_ref().unwrap();
        assert_eq!(resource.subscription, "Contoso Production");
        assert_eq!(resource.resource_group, "rg-integration");
        assert_eq!(resource.region, "West Europe");
    }
    end(stage, service);
}

#[test]
fn a_key_that_may_not_be_read_says_which_permission_is_missing() {
    let (mut stage, service) = at_tab();
    sign_in(&mut stage);
    read(&mut stage, "Contoso Production");
    stage.window.choose("edi-gateway");
    let filter = stage.window.text("azure-filter");
    stage.window.click(&filter);
    stage.window.type_text("payroll");
    stage.window.choose("payroll");
    let create = stage.window.texts().with("create-several", &[("count", 2_u32.into())]);
    stage.window.click(&create);
    stage.until("one of two", |state| {
        let listing = state.azure().and_then(|form| form.listing.as_ref());
        listing.is_some_and(|it| !it.is_creating() && it.failed().count() == 1)
    });
    stage.window.settle();
    for text in ["listKeys/action", "AuthorizationFailed"] {
        assert!(stage.window.says(text), "{text} in:\n{}", stage.window.dump());
    }
    stage.until("the other", |state| connected(state) == 4);
    assert!(matches!(stage.window.state().dialog, Some(Dialog::New(_))));
    // The filter goes first.
    stage.window.key(Key::Escape);
    stage.window.key(Key::Escape);
    end(stage, service);
}

#[test]
fn a_code_on_another_device_and_a_guest_s_subscription() {
    let (mut stage, service) = at_tab();
    click(&mut stage, "azure-sign-in-code");
    has_code(&mut stage);
    let code = match &stage.window.state().azure().unwrap().sign_in {
        SignIn::Running(running) => running.code.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let mut page = Url::parse(&code.address).unwrap();
    page.query_pairs_mut().append_pair("code", &code.code).append_pair("account", WHO);
    visit(page);
    has_subscriptions(&mut stage);
    let guest = {
        let state = stage.window.state();
        let all = state.azure().unwrap().all();
        let guest = all.iter().find(|it| it.name == "Fabrikam Shared").unwrap();
        format!("Fabrikam Shared · {}", guest.tenant.as_ref().unwrap())
    };
    read(&mut stage, &guest);
    stage.window.choose("partner-api");
    click(&mut stage, "create");
    stage.until("connected", |state| state.dialog.is_none() && connected(state) == 4);
    end(stage, service);
}

#[test]
fn a_sign_in_that_is_given_up_ends_and_another_begins() {
    let (mut stage, service) = at_tab();
    click(&mut stage, "azure-sign-in-code");
    has_code(&mut stage);
    click(&mut stage, "azure-stop-sign-in");
    sign_in(&mut stage);
    click(&mut stage, "azure-another-account");
    sign_in(&mut stage);
    stage.window.key(Key::Escape);
    assert!(stage.window.state().dialog.is_none() && !stage.window.state().has_account);
    end(stage, service);
}
