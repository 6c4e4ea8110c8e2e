//! "Select with Azure" without a window and without Azure.

use std::sync::Arc;

use super::*;
use crate::azure::{
    Account, AzureError, AzureErrorKind, BrowseEvent, DeviceCode, FoundConnection, Namespace,
    Subscription, Subscriptions, Unusable, Usable,
};
use crate::gui::backend::AzureNews;
use crate::gui::effect::AzureWork;
use crate::gui::state::{
    Added, AzureForm, Listing, NotAdded, Reading, Reads, SettingsOfSignIn, SignIn,
};
use crate::model::metadata::MetadataError;
use crate::model::{AzureResource, CloudName, Secret, Settings};

type Told = Vec<(String, String)>;

fn told_settings(change: &[(&str, &str)]) -> Told {
    let mut settings = Settings::default();
    for (name, value) in change {
        settings.set(name, value).unwrap();
    }
    let told = Settings::NAMES.iter().map(|name| {
        let value = settings.get(name).unwrap_or_default();
        ((*name).to_owned(), value.replace(":secret@", ":***@"))
    });
    told.collect()
}

fn account(name: &str) -> Account {
    let tenant_id = Some("t-1".to_owned());
    Account { name: name.to_owned(), tenant_id, method: Method::Browser }
}

fn subscription(name: &str) -> Subscription {
    Subscription {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        tenant_id: "t-1".to_owned(),
        tenant: None,
        state: None,
        reached_by: None,
    }
}

fn found(name: &str) -> FoundConnection {
    let namespace = Arc::new(Namespace {
        resource_id: "/subscriptions/s/namespaces/contoso-weu".to_owned(),
        name: "contoso-weu".to_owned(),
        resource_group: "rg".to_owned(),
        region: "West Europe".to_owned(),
    });
    let endpoint = format!("{name}:80").parse().unwrap();
    FoundConnection {
        resource_id: format!("/id/{name}"),
        name: name.to_owned(),
        namespace,
        subscription: Arc::new(subscription("one")),
        listeners: Some(1),
        usable: Ok(Usable { id: id(name), endpoint, mended: false }),
    }
}

fn failure(kind: AzureErrorKind) -> AzureError {
    AzureError::new(kind, "seen")
}

/// What `effects` want of the backend, with its number.
fn work(effects: &[Effect]) -> Vec<(Ticket, &AzureWork)> {
    let all = effects.iter().filter_map(|effect| match effect {
        Effect::Azure { run, work } => Some((*run, work)),
        _ => None,
    });
    all.collect()
}

#[track_caller]
fn only_work(effects: &[Effect]) -> (Ticket, &AzureWork) {
    let all = work(effects);
    assert_eq!(all.len(), 1, "{effects:?}");
    all[0]
}

impl Desk {
    fn azure(&self) -> &AzureForm {
        self.state.azure().expect("the dialog is open")
    }

    fn listing(&self) -> &Listing {
        self.azure().listing.as_ref().expect("a subscription is chosen")
    }

    fn act(&mut self, action: AzureAction) -> Vec<Effect> {
        self.does(Action::Azure(action))
    }

    fn hear(&mut self, run: Ticket, news: AzureNews) -> Vec<Effect> {
        self.told(News::Azure { run, news })
    }

    /// The tab, with the settings there.
    fn at_tab(settings: &[(&str, &str)]) -> Self {
        let mut desk = Self::attached();
        let ticket = asked(&desk.does(Action::New(NewTab::Azure)))[0].0;
        desk.answer(ticket, Ok(Response::Settings { settings: told_settings(settings) }));
        desk
    }

    /// Somebody has signed in; the number of the reading of subscriptions.
    fn signed_in() -> (Self, Ticket) {
        let mut desk = Self::at_tab(&[]);
        let run = only_work(&desk.act(AzureAction::SignIn(Method::Browser))).0;
        let effects = desk.hear(run, AzureNews::SignedIn(Ok(account("me"))));
        let (run, work) = only_work(&effects);
        assert!(matches!(work, AzureWork::Subscriptions));
        (desk, run)
    }

    /// A subscription with these is read.
    fn listed(names: &[&str]) -> Self {
        let (mut desk, run) = Self::signed_in();
        let list = vec![subscription("one")];
        let all = Subscriptions { list, problems: Vec::new() };
        let effects = desk.hear(run, AzureNews::Subscriptions(Ok(all)));
        let (run, work) = only_work(&effects);
        assert!(matches!(work, AzureWork::Browse(_)), "the only one is read at once");
        let found = names.iter().map(|name| found(name)).collect();
        let progress = BrowseEvent::Progress { read: 1, found: 1, is_complete: true };
        let events = vec![BrowseEvent::Found(found), progress, BrowseEvent::Done(Ok(()))];
        desk.hear(run, AzureNews::Browsed(events));
        assert_eq!(desk.listing().reading, Reading::Done);
        desk
    }

    fn names(&self) -> Vec<&str> {
        self.listing().rows().map(|one| one.name.as_str()).collect()
    }

    fn check(&mut self, names: &[&str]) {
        for name in names {
            self.act(AzureAction::Toggle(format!("/id/{name}")));
        }
    }

    /// Presses Create; the number of it, and what keys are asked for.
    fn create(&mut self) -> (Ticket, Vec<String>) {
        let effects = self.does(Action::Create);
        match only_work(&effects) {
            (run, AzureWork::Keys(chosen)) => {
                (run, chosen.iter().map(|one| one.name.clone()).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    fn key(&mut self, run: Ticket, name: &str) -> Vec<Effect> {
        let resource = AzureResource {
            id: format!("/id/{name}"),
            subscription_id: "s".to_owned(),
            subscription: "one".to_owned(),
            resource_group: "rg".to_owned(),
            region: "West Europe".to_owned(),
            tenant_id: None,
            portal: None,
        };
        let outcome = Ok((Secret::new(string(name)), Box::new(resource)));
        self.hear(run, AzureNews::Key { key: format!("/id/{name}"), outcome })
    }

    fn no_key(&mut self, run: Ticket, name: &str, kind: AzureErrorKind) -> Vec<Effect> {
        let outcome = Err(failure(kind));
        self.hear(run, AzureNews::Key { key: format!("/id/{name}"), outcome })
    }
}

#[test]
fn the_settings_are_asked_once_and_choose_the_cloud() {
    let mut desk = Desk::attached();
    assert!(
        desk.does(Action::New(NewTab::ConnectionString))
            .iter()
            .all(|it| { !matches!(it, Effect::Ask { .. }) })
    );
    let effects = desk.does(Action::New(NewTab::Azure));
    let ticket = asked(&effects)[0].0;
    assert_eq!(kinds(&effects), ["GetSettings"]);
    assert!(desk.act(AzureAction::SignIn(Method::Browser)).is_empty(), "they are not there yet");
    desk.does(Action::New(NewTab::ConnectionString));
    assert!(desk.does(Action::New(NewTab::Azure)).is_empty(), "once");
    let settings = told_settings(&[("azure.cloud", "china")]);
    desk.answer(ticket, Ok(Response::Settings { settings }));
    assert_eq!(desk.azure().cloud, CloudName::China);
    assert!(!desk.azure().clouds().contains(&CloudName::Custom), "nothing describes one");
    desk.act(AzureAction::Cloud(CloudName::Public));
    let effects = desk.act(AzureAction::SignIn(Method::Browser));
    let (_, AzureWork::SignIn(Method::Browser, setup)) = only_work(&effects) else {
        panic!("{effects:?}")
    };
    assert_eq!(setup.cloud.name, CloudName::Public, "what was chosen here counts");
}

#[test]
fn a_custom_cloud_is_offered_where_the_settings_describe_it() {
    let described = [
        ("azure.authority", "http://localhost:1"),
        ("azure.resource_manager", "https://localhost:1"),
    ];
    let desk = Desk::at_tab(&described);
    assert!(desk.azure().clouds().contains(&CloudName::Custom));
    assert_eq!(desk.azure().cloud, CloudName::Public);
}

#[test]
fn settings_that_do_not_come_are_asked_again() {
    let mut desk = Desk::attached();
    let ticket = asked(&desk.does(Action::New(NewTab::Azure)))[0].0;
    desk.answer(ticket, refused("not now"));
    assert!(matches!(&desk.azure().settings, SettingsOfSignIn::Failed(_)));
    let ticket = asked(&desk.act(AzureAction::ReadSettings))[0].0;
    assert!(desk.act(AzureAction::ReadSettings).is_empty(), "it is asked");
    desk.answer(ticket, refused("not now"));
    assert_eq!(kinds(&desk.does(Action::New(NewTab::Azure))), ["GetSettings"]);
    desk.down(LinkProblem::NotRunning);
    assert_eq!(desk.azure().settings, SettingsOfSignIn::Unknown);
    assert_eq!(kinds(&desk.up()), ["GetSettings"]);
}

#[test]
fn the_password_of_the_proxy_is_asked_for_and_not_told() {
    let mut desk = Desk::at_tab(&[("network.proxy", "http://me:secret@proxy:3128")]);
    assert!(desk.azure().wants_proxy_password());
    assert!(work(&desk.act(AzureAction::SignIn(Method::Browser))).is_empty());
    let SignIn::Out(Some((_, error))) = &desk.azure().sign_in else { panic!() };
    assert_eq!(error.kind, AzureErrorKind::ProxyPassword);
    let password = PastedText(Zeroizing::new(KEY.to_owned()));
    desk.act(AzureAction::ProxyPassword(password));
    let effects = desk.act(AzureAction::SignIn(Method::DeviceCode));
    let (_, AzureWork::SignIn(_, setup)) = only_work(&effects) else { panic!("{effects:?}") };
    assert_eq!(setup.proxy.proxy().unwrap().password(), Some(&Secret::new(KEY)));
    let told = format!("{:?} {effects:?}", desk.state);
    assert!(!told.contains(&KEY[..8]), "{told}");
}

#[test]
fn a_sign_in_shows_its_code_and_can_be_given_up() {
    let mut desk = Desk::at_tab(&[]);
    let run = only_work(&desk.act(AzureAction::SignIn(Method::DeviceCode))).0;
    assert!(desk.act(AzureAction::SignIn(Method::Browser)).is_empty(), "one at a time");
    let code = DeviceCode {
        address: "https://login.example/device".to_owned(),
        code: "AB12".to_owned(),
        expires_at: desk.now + SignedDuration::from_mins(15),
    };
    desk.hear(run + 1, AzureNews::Code(code.clone()));
    desk.hear(run, AzureNews::Code(code.clone()));
    let SignIn::Running(running) = &desk.azure().sign_in else { panic!() };
    assert_eq!((running.code.as_ref(), running.ends_at()), (Some(&code), Some(code.expires_at)));
    assert_eq!(kinds(&desk.act(AzureAction::StopSignIn)), ["StopSignIn"]);
    desk.hear(run, AzureNews::SignedIn(Ok(account("late"))));
    assert_eq!(desk.azure().sign_in, SignIn::Out(None), "it was given up");
}

#[test]
fn a_sign_in_that_fails_says_why() {
    let mut desk = Desk::at_tab(&[]);
    let run = only_work(&desk.act(AzureAction::SignIn(Method::Browser))).0;
    desk.hear(run, AzureNews::NotOpened("no display".to_owned()));
    assert_eq!(desk.notices().len(), 1);
    desk.hear(run, AzureNews::SignedIn(Err(failure(AzureErrorKind::NoBrowser))));
    let SignIn::Out(Some((Method::Browser, error))) = &desk.azure().sign_in else { panic!() };
    assert_eq!(error.kind, AzureErrorKind::NoBrowser);
    let effects = desk.act(AzureAction::SignIn(Method::AzureCli));
    assert!(matches!(only_work(&effects).1, AzureWork::SignIn(Method::AzureCli, _)));
}

#[test]
fn of_several_subscriptions_one_is_chosen() {
    let (mut desk, run) = Desk::signed_in();
    let list = vec![subscription("one"), subscription("two")];
    let all = Subscriptions { list, problems: Vec::new() };
    assert!(desk.hear(run, AzureNews::Subscriptions(Ok(all))).is_empty());
    assert!(desk.act(AzureAction::Choose("id-of-none".to_owned())).is_empty());
    let effects = desk.act(AzureAction::Choose("id-of-two".to_owned()));
    let (first, AzureWork::Browse(subscription)) = only_work(&effects) else { panic!() };
    assert_eq!(subscription.name, "two");
    assert!(desk.act(AzureAction::Choose("id-of-two".to_owned())).is_empty(), "it is read");
    let second = only_work(&desk.act(AzureAction::Choose("id-of-one".to_owned()))).0;
    desk.hear(first, AzureNews::Browsed(vec![BrowseEvent::Found(vec![found("late")])]));
    assert!(desk.names().is_empty(), "it is of the other subscription");
    desk.hear(second, AzureNews::Browsed(vec![BrowseEvent::Found(vec![found("mine")])]));
    assert_eq!(desk.names(), ["mine"]);
}

#[test]
fn subscriptions_that_cannot_be_read_can_be_read_again() {
    let (mut desk, run) = Desk::signed_in();
    desk.hear(run, AzureNews::Subscriptions(Err(failure(AzureErrorKind::TimedOut))));
    assert!(matches!(desk.azure().subscriptions, Reads::Failed(_)));
    let effects = desk.act(AzureAction::ReadSubscriptions);
    let again = only_work(&effects).0;
    desk.hear(run, AzureNews::Subscriptions(Ok(Subscriptions::default())));
    assert!(matches!(desk.azure().subscriptions, Reads::Running(run) if run == again));
}

#[test]
fn rows_stream_in_ordered_by_name_and_each_once() {
    let mut desk = Desk::listed(&["beta", "Alpha"]);
    let run = only_work(&desk.act(AzureAction::ReadAgain)).0;
    assert_eq!(desk.names(), ["Alpha", "beta"], "what is there stays while it is read again");
    let tell = |desk: &mut Desk, event| desk.hear(run, AzureNews::Browsed(vec![event]));
    tell(&mut desk, BrowseEvent::Found(vec![found("gamma"), found("beta")]));
    let mut moved = found("beta");
    moved.listeners = Some(7);
    tell(&mut desk, BrowseEvent::Found(vec![moved]));
    assert_eq!(desk.names(), ["Alpha", "beta", "gamma"]);
    assert_eq!(desk.listing().found[1].listeners, Some(7), "the later one counts");
    tell(&mut desk, BrowseEvent::Waiting { seconds: 12 });
    let until = desk.now + SignedDuration::from_secs(12);
    assert_eq!(desk.listing().reading, Reading::Running { pause_until: Some(until) });
    tell(&mut desk, BrowseEvent::Progress { read: 1, found: 1, is_complete: true });
    assert_eq!(desk.listing().reading, Reading::default());
    tell(&mut desk, BrowseEvent::Done(Ok(())));
    assert_eq!(desk.names(), ["beta", "gamma"], "what is gone in Azure is gone here");
}

#[test]
fn a_namespace_that_cannot_be_read_again_keeps_its_rows() {
    let mut desk = Desk::listed(&["one"]);
    let run = only_work(&desk.act(AzureAction::ReadAgain)).0;
    let namespace = found("one").namespace;
    let error = failure(AzureErrorKind::Forbidden);
    let events = vec![BrowseEvent::NamespaceFailed { namespace, error }, BrowseEvent::Done(Ok(()))];
    desk.hear(run, AzureNews::Browsed(events));
    assert_eq!((desk.names(), desk.listing().problems.len()), (vec!["one"], 1));
}

#[test]
fn reading_is_stopped_and_keeps_what_is_there() {
    let mut desk = Desk::listed(&["one"]);
    assert!(desk.act(AzureAction::StopReading).is_empty(), "it is at its end");
    let run = only_work(&desk.act(AzureAction::ReadAgain)).0;
    assert_eq!(kinds(&desk.act(AzureAction::StopReading)), ["StopBrowse"]);
    desk.hear(run, AzureNews::Browsed(vec![BrowseEvent::Found(vec![found("late")])]));
    assert_eq!((desk.names(), &desk.listing().reading), (vec!["one"], &Reading::Stopped));
}

#[test]
fn only_what_can_be_added_is_checked() {
    let mut desk = Desk::listed(&["erp-sql", "one", "two"]);
    let mut broken = found("broken");
    broken.usable = Err(Unusable::NoEndpoint(MetadataError::Empty));
    let run = desk.listing().run;
    desk.hear(run, AzureNews::Browsed(vec![BrowseEvent::Found(vec![broken])]));
    desk.act(AzureAction::ToggleAll);
    let checked: Vec<_> = desk.listing().checked.iter().cloned().collect();
    assert_eq!(checked, ["/id/one", "/id/two"], "erp-sql is there already, broken is broken");
    desk.check(&["two", "broken", "erp-sql"]);
    assert_eq!(desk.listing().checked.len(), 1);
    desk.act(AzureAction::ToggleAll);
    assert_eq!(desk.listing().checked.len(), 2, "some are none are all");
    desk.act(AzureAction::ToggleAll);
    assert!(desk.listing().checked.is_empty());
    assert!(desk.does(Action::Create).is_empty(), "nothing is chosen");
}

#[test]
fn the_filter_hides_and_forgets_nothing() {
    let mut desk = Desk::listed(&["one", "two", "three"]);
    desk.check(&["one"]);
    desk.act(AzureAction::Filter(" T".to_owned()));
    assert_eq!(desk.names(), ["one", "three", "two"], "the namespace has a t as well");
    desk.act(AzureAction::Filter("THREE:80".to_owned()));
    assert_eq!(desk.names(), ["three"]);
    desk.act(AzureAction::ToggleAll);
    assert_eq!(desk.create().1, ["one", "three"], "what is hidden is still chosen");
}

#[test]
fn the_keyboard_moves_through_the_rows() {
    let mut desk = Desk::listed(&["a", "b", "c"]);
    let cursor = |desk: &Desk| desk.listing().cursor.clone().unwrap_or_default();
    for (to, name) in [
        (Move::By(1), "/id/a"),
        (Move::By(1), "/id/b"),
        (Move::Last, "/id/c"),
        (Move::By(1), "/id/c"),
        (Move::By(-9), "/id/a"),
    ] {
        desk.act(AzureAction::Go(to));
        assert_eq!(cursor(&desk), name);
    }
    desk.act(AzureAction::Filter("c:80".to_owned()));
    assert_eq!(cursor(&desk), "", "it was on one that is hidden");
}

#[test]
fn all_are_created_and_the_dialog_closes() {
    let mut desk = Desk::listed(&["one", "two", "three"]);
    desk.check(&["one", "two"]);
    let (run, asked_for) = desk.create();
    assert_eq!(asked_for, ["one", "two"]);
    assert!(desk.does(Action::Create).is_empty(), "it is under way");
    desk.check(&["three"]);
    assert_eq!(desk.listing().checked.len(), 2, "what was sent is not changed");
    desk.act(AzureAction::Filter("two".to_owned()));
    assert_eq!(desk.names(), ["two"], "one can look for one meanwhile");
    let mut tickets = Vec::new();
    for name in ["two", "one"] {
        let effects = desk.key(run, name);
        let [(ticket, Request::AddConnection { replace: false, resource: Some(resource), .. })] =
            asked(&effects)[..]
        else {
            panic!("{effects:?}")
        };
        assert_eq!(resource.resource_group, "rg");
        tickets.push((ticket, name));
    }
    assert!(desk.key(run, "one").is_empty(), "it is with the service");
    assert!(desk.key(run, "three").is_empty(), "nobody wants it");
    let added = |name: &str| Ok(Response::Connection { id: id(name) });
    desk.answer(tickets[0].0, added(tickets[0].1));
    assert!(desk.state.dialog.is_some(), "one is still under way");
    let effects = desk.answer(tickets[1].0, added(tickets[1].1));
    assert_eq!(kinds(&effects), ["Table", "Forget"], "the account goes with the dialog");
    assert!(desk.state.dialog.is_none() && desk.notices().len() == 1);
    assert_eq!(desk.state.table.awaited.len(), 2);
}

#[test]
fn what_fails_is_told_and_the_rest_is_added() {
    let mut desk = Desk::listed(&["one", "two", "three"]);
    desk.check(&["one", "two", "three"]);
    let (run, _) = desk.create();
    desk.no_key(run, "one", AzureErrorKind::Forbidden);
    let two = asked(&desk.key(run, "two"))[0].0;
    let three = asked(&desk.key(run, "three"))[0].0;
    desk.answer(two, Ok(Response::Connection { id: id("two") }));
    desk.answer(three, refused("the disk is full"));
    let listing = desk.listing();
    assert!(!listing.is_creating());
    assert_eq!(listing.added.get("/id/two"), Some(&Added::Yes));
    let failed: Vec<_> = listing.failed().map(|(one, _)| one.name.as_str()).collect();
    assert_eq!(failed, ["one", "three"]);
    let (again, asked_for) = desk.create();
    assert_eq!(asked_for, ["one", "three"], "what failed is still chosen");
    desk.no_key(run, "one", AzureErrorKind::Forbidden);
    assert_eq!(desk.listing().added.get("/id/one"), Some(&Added::Waiting), "that was before");
    for name in ["one", "three"] {
        let ticket = asked(&desk.key(again, name))[0].0;
        desk.answer(ticket, Ok(Response::Connection { id: id(name) }));
    }
    assert!(desk.state.dialog.is_none());
    assert_eq!(desk.state.table.awaited.len(), 3, "all that this dialog has added");
}

#[test]
fn what_is_there_was_added_whatever_the_answer_says() {
    let mut desk = Desk::listed(&["one", "two"]);
    desk.check(&["one", "two"]);
    let (run, _) = desk.create();
    let one = asked(&desk.key(run, "one"))[0].0;
    let two = asked(&desk.key(run, "two"))[0].0;
    desk.answer(one, Err(Refusal::TimedOut));
    desk.answer(two, Ok(Response::Connection { id: id("two") }));
    assert_eq!(desk.listing().failed().count(), 1);
    let mut view = desk.state.connections()[0].clone();
    view.id = id("one");
    let event = Event::Connection { connection: Box::new(view) };
    let revision = desk.state.snapshot.as_ref().unwrap().revision + 1;
    desk.told(News::Push(Push::Event { revision, event }));
    assert!(desk.state.dialog.is_none(), "all are there");
    assert_eq!(desk.state.table.awaited.len() + desk.state.table.selected.len(), 2);
}

#[test]
fn one_that_was_not_added_stays_where_it_is_gone_in_azure() {
    let mut desk = Desk::listed(&["one", "two", "three"]);
    desk.check(&["one", "two"]);
    let reading = only_work(&desk.act(AzureAction::ReadAgain)).0;
    let (run, _) = desk.create();
    desk.no_key(run, "one", AzureErrorKind::NotFound);
    let events = vec![BrowseEvent::Found(vec![found("four")]), BrowseEvent::Done(Ok(()))];
    desk.hear(reading, AzureNews::Browsed(events));
    assert_eq!(desk.names(), ["four", "one", "two"], "three is gone");
    let two = asked(&desk.key(run, "two"))[0].0;
    desk.answer(two, Ok(Response::Connection { id: id("two") }));
    assert!(desk.state.dialog.is_some(), "what failed is still to be read");
    assert_eq!(desk.listing().failed().count(), 1);
    assert_eq!(desk.listing().ids_added(), [id("two")]);
}

#[test]
fn cancel_stops_what_is_not_sent_and_says_so() {
    let mut desk = Desk::listed(&["one", "two", "three", "four"]);
    desk.check(&["one", "two", "three", "four"]);
    let (run, _) = desk.create();
    let one = asked(&desk.key(run, "one"))[0].0;
    let two = asked(&desk.key(run, "two"))[0].0;
    desk.answer(one, Ok(Response::Connection { id: id("one") }));
    assert_eq!(desk.listing().progress(), (1, 4));
    assert_eq!(kinds(&desk.does(Action::CloseDialog)), ["StopKeys"]);
    assert!(desk.key(run, "three").is_empty(), "its key comes too late");
    assert!(desk.listing().is_creating(), "the service has not answered for two");
    desk.answer(two, Ok(Response::Connection { id: id("two") }));
    let listing = desk.listing();
    let left: Vec<_> = listing.failed().map(|(one, why)| (one.name.as_str(), why)).collect();
    assert_eq!(left, [("four", &NotAdded::Stopped), ("three", &NotAdded::Stopped)]);
    assert_eq!(listing.ids_added().len(), 2);
    let (_, again) = desk.create();
    assert_eq!(again, ["four", "three"]);
    assert_eq!(kinds(&desk.does(Action::CloseDialog)), ["StopKeys"]);
    assert_eq!(kinds(&desk.does(Action::CloseDialog)), ["Table", "Forget"]);
}

#[test]
fn a_service_that_does_not_answer_keeps_nobody_in_the_dialog() {
    let mut desk = Desk::listed(&["one"]);
    desk.check(&["one"]);
    let (run, _) = desk.create();
    desk.key(run, "one");
    desk.does(Action::CloseDialog);
    assert!(desk.state.dialog.is_some());
    desk.does(Action::CloseDialog);
    assert!(desk.state.dialog.is_none());
}

#[test]
fn the_tab_stays_while_something_is_sent() {
    let mut desk = Desk::listed(&["one"]);
    desk.check(&["one"]);
    desk.create();
    desk.does(Action::New(NewTab::ConnectionString));
    let Some(Dialog::New(form)) = &desk.state.dialog else { panic!() };
    assert_eq!(form.tab, NewTab::Azure);
}

#[test]
fn a_service_that_is_lost_adds_nothing_by_half() {
    let mut desk = Desk::listed(&["one", "two"]);
    desk.check(&["one", "two"]);
    let (run, _) = desk.create();
    desk.key(run, "one");
    desk.down(LinkProblem::Lost("gone".to_owned()));
    assert_eq!(desk.listing().failed().count(), 1);
    let late = asked(&desk.key(run, "two"))[0].0;
    desk.answer(late, Err(Refusal::Lost));
    assert_eq!(desk.listing().failed().count(), 2);
    assert!(desk.does(Action::Create).is_empty(), "not without the service");
    desk.up();
    assert_eq!(desk.create().1.len(), 2, "what was chosen is kept");
}

#[test]
fn who_signs_in_again_finds_what_was_chosen() {
    let mut desk = Desk::listed(&["one", "two"]);
    desk.check(&["one"]);
    let run = only_work(&desk.act(AzureAction::ReadAgain)).0;
    let refused = BrowseEvent::Done(Err(failure(AzureErrorKind::TokenRefused)));
    desk.hear(run, AzureNews::Browsed(vec![refused]));
    assert!(matches!(desk.listing().reading, Reading::Failed(_)));
    let run = only_work(&desk.act(AzureAction::SignIn(Method::Browser))).0;
    let effects = desk.hear(run, AzureNews::SignedIn(Ok(account("me"))));
    assert!(matches!(only_work(&effects).1, AzureWork::Browse(_)), "it is read again");
    assert_eq!(desk.listing().checked.len(), 1);
    let run = only_work(&desk.act(AzureAction::SignIn(Method::Browser))).0;
    let effects = desk.hear(run, AzureNews::SignedIn(Ok(account("somebody else"))));
    assert!(matches!(only_work(&effects).1, AzureWork::Subscriptions));
    assert!(desk.azure().listing.is_none());
}

#[test]
fn a_tenant_of_its_own_is_signed_in_to_and_the_choice_stays() {
    let mut desk = Desk::listed(&["one", "two"]);
    desk.check(&["one"]);
    let reading = only_work(&desk.act(AzureAction::ReadAgain)).0;
    let refused = BrowseEvent::Done(Err(failure(AzureErrorKind::InteractionRequired)));
    desk.hear(reading, AzureNews::Browsed(vec![refused]));
    let to = AzureAction::SignInTo(Method::Browser, Some("t-2".to_owned()));
    let effects = desk.act(to);
    let (run, AzureWork::SignIn(Method::Browser, setup)) = only_work(&effects) else { panic!() };
    assert_eq!(setup.tenant.as_deref(), Some("t-2"));
    let guest = Account { tenant_id: Some("t-2".to_owned()), ..account("me") };
    let effects = desk.hear(run, AzureNews::SignedIn(Ok(guest)));
    let (run, AzureWork::Subscriptions) = only_work(&effects) else { panic!("{effects:?}") };
    let all = Subscriptions { list: vec![subscription("one")], problems: Vec::new() };
    let effects = desk.hear(run, AzureNews::Subscriptions(Ok(all)));
    assert!(matches!(only_work(&effects).1, AzureWork::Browse(_)), "it is read again");
    assert_eq!((desk.names(), desk.listing().checked.len()), (vec!["one", "two"], 1));
}

#[test]
fn the_account_is_forgotten_however_the_dialog_goes() {
    let ways: [fn(&mut Desk) -> Vec<Effect>; 4] = [
        |desk| desk.does(Action::CloseDialog),
        |desk| desk.act(AzureAction::AnotherAccount),
        |desk| desk.does(Action::OpenAbout),
        |desk| desk.told(News::DemoStarted),
    ];
    for (place, way) in ways.into_iter().enumerate() {
        let mut desk = Desk::listed(&["one"]);
        let effects = way(&mut desk);
        assert!(kinds(&effects).contains(&"Forget".to_owned()), "{place}: {effects:?}");
        assert!(!kinds(&desk.pass(SignedDuration::from_secs(1))).contains(&"Forget".to_owned()));
    }
    let mut desk = Desk::at_tab(&[]);
    assert_eq!(kinds(&desk.does(Action::CloseDialog)), ["Table"], "nobody had signed in");
}

#[test]
fn the_other_tab_keeps_everything() {
    let mut desk = Desk::listed(&["one"]);
    desk.check(&["one"]);
    assert_eq!(kinds(&desk.does(Action::New(NewTab::ConnectionString))), ["DialogField"]);
    assert!(desk.does(Action::New(NewTab::Azure)).is_empty());
    assert_eq!((desk.names(), desk.listing().checked.len()), (vec!["one"], 1));
}

#[test]
fn no_key_stays_in_the_state() {
    let mut desk = Desk::listed(&["one", "two"]);
    desk.check(&["one", "two"]);
    let (run, _) = desk.create();
    let mut told = format!("{:?}", desk.key(run, "one"));
    told += &format!("{:?}", desk.state);
    for start in 0..=KEY.len() - 8 {
        assert!(!told.contains(&KEY[start..start + 8]), "{told}");
    }
}
