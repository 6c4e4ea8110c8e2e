//! The update without a window: what each message changes, and what it has done.

mod azure;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::*;
use crate::azure::Method;
use crate::gui::backend::Refusal;
use crate::gui::sample;
use crate::gui::state::{
    Check, Dialog, Link, LinkProblem, PastedText, Pending, Phase, Preferences, SettingsLoad, Ticket,
};
use crate::gui::text::Language;
use crate::ipc::Push;
use crate::ipc::protocol::{ErrorCode, Event, Request, RequestError, Response};
use crate::model::{CheckName, ConnectionCheck, Traffic};
use crate::platform::elevation::Consent;

const KEY: &str = "q7Zk0v3XbPpT9cWm1LrYh8sNfUeGd2AoJi6BtQxE4yM=";

fn now() -> Timestamp {
    "2026-03-02T14:05:00Z".parse().unwrap()
}

fn string(name: &str) -> String {
    format!(
        "Endpoint=sb://contoso-weu.servicebus.windows.net/;SharedAccessKeyName=defaultListener;\
         SharedAccessKey={KEY};EntityPath={name}"
    )
}

/// A window, its clock, and what it wants done.
struct Desk {
    state: State,
    now: Timestamp,
}

impl Desk {
    /// One that has not heard from any service.
    fn fresh() -> Self {
        Self { state: State::new(Preferences::default(), Language::English), now: now() }
    }

    /// One that shows the sample.
    fn attached() -> Self {
        let mut desk = Self::fresh();
        desk.up();
        desk
    }

    fn up(&mut self) -> Vec<Effect> {
        let mut effects = self.told(News::Link(Link::managed("0.1.0")));
        let snapshot = Box::new(sample::snapshot(self.now));
        effects.extend(self.told(News::Push(Push::Snapshot(snapshot))));
        self.state.pending.retain(|_, pending| *pending != Pending::CheckUpgrade);
        effects
    }

    fn down(&mut self, problem: LinkProblem) -> Vec<Effect> {
        self.told(News::Link(Link::Down { since: self.now, problem }))
    }

    fn does(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = update(&mut self.state, Message::Act(action), self.now);
        effects.extend(settle(&mut self.state, self.now));
        effects
    }

    fn told(&mut self, news: News) -> Vec<Effect> {
        let mut effects = update(&mut self.state, Message::Told(news), self.now);
        effects.extend(settle(&mut self.state, self.now));
        effects
    }

    fn pass(&mut self, time: SignedDuration) -> Vec<Effect> {
        self.now += time;
        settle(&mut self.state, self.now)
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.does(Action::Paste(PastedText(Zeroizing::new(text.to_owned()))))
    }

    fn answer(&mut self, ticket: Ticket, outcome: Result<Response, Refusal>) -> Vec<Effect> {
        self.told(News::Answer { ticket, outcome })
    }

    fn notices(&self) -> Vec<String> {
        self.state.notices.shown().map(|notice| notice.text.clone()).collect()
    }
}

fn id(name: &str) -> ConnectionId {
    sample::id("contoso-weu", name)
}

fn refused(message: &str) -> Result<Response, Refusal> {
    Err(Refusal::Said(RequestError::new(ErrorCode::NotSaved, message.to_owned())))
}

/// What `effects` ask of the service.
fn asked(effects: &[Effect]) -> Vec<(Ticket, &Request)> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Ask { ticket, request } => Some((*ticket, request)),
        _ => None,
    });
    asked.collect()
}

/// The kinds of `effects`, a word each.
fn kinds(effects: &[Effect]) -> Vec<String> {
    let first = |text: String| text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
    let kinds = effects.iter().map(|effect| match effect {
        Effect::Ask { request, .. } => first(format!("{request:?}")),
        Effect::Focus(target) => format!("{target:?}"),
        Effect::Azure { work, .. } => first(format!("{work:?}")),
        other => first(format!("{other:?}")),
    });
    kinds.collect()
}

#[test]
fn every_action_has_its_effects() {
    use crate::gui::state::Pick;
    let (erp, drop) = (id("erp-sql"), id("file-drop"));
    let both = || vec![erp.clone(), drop.clone()];
    let place = WindowPlace { x: None, y: None, width: 900.0, height: 600.0, maximized: false };
    let cases: Vec<(Action, &[&str])> = vec![
        (Action::Pick(erp.clone(), Pick::Only), &[]),
        (Action::Go { to: Move::Last, extend: false }, &[]),
        (Action::SelectAll, &[]),
        (Action::ClearSelection, &[]),
        (Action::Sort(Column::Active), &["SavePreferences"]),
        (Action::Resize(Column::Name, 200.0), &["SavePreferences"]),
        (Action::Filter("erp".to_owned()), &[]),
        (Action::GoToFilter, &["Filter"]),
        (Action::GoToTable, &["Table"]),
        (Action::ShowDetails(false), &["SavePreferences"]),
        (Action::ResizeDetails(400.0), &["SavePreferences"]),
        (Action::Restart(both()), &["RestartConnection", "RestartConnection"]),
        (Action::TryNow(both()), &["TryNow", "TryNow"]),
        (Action::Enable(both()), &["EnableConnection", "EnableConnection"]),
        (Action::Disable(both()), &["DisableConnection", "DisableConnection"]),
        (Action::Restart(Vec::new()), &[]),
        (Action::AskRemove(both()), &[]),
        (Action::AskRemove(vec![id("not-there")]), &[]),
        (Action::Remove, &[]),
        (Action::CheckEndpoint(erp.clone()), &["CheckEndpoint"]),
        (Action::Copy("text".to_owned()), &["Copy"]),
        (Action::CopyDetails(both()), &["Copy"]),
        (Action::Open("https://example.com".to_owned()), &["Open"]),
        (Action::New(NewTab::ConnectionString), &["DialogField"]),
        (Action::Azure(AzureAction::SignIn(Method::Browser)), &[]),
        (Action::Azure(AzureAction::AnotherAccount), &[]),
        (Action::New(NewTab::Azure), &["GetSettings"]),
        (Action::Create, &[]),
        (Action::AskUpdate(erp.clone()), &["DialogField"]),
        (Action::AskUpdate(id("not-there")), &[]),
        (Action::Update, &[]),
        (Action::OpenSettings, &["AskAutostart", "GetSettings"]),
        (Action::SettingField("log.level".to_owned(), "debug".to_owned()), &[]),
        (Action::ChooseCaFile, &["ChooseCaFile"]),
        (Action::SaveSettings, &[]),
        (Action::Language(LanguageChoice::Chinese), &["SavePreferences"]),
        (Action::Theme(ThemeChoice::Dark), &["SavePreferences"]),
        (Action::Autostart(true), &["SetAutostart"]),
        (Action::OpenAbout, &[]),
        (Action::OpenShortcuts, &[]),
        (Action::Diagnose(None), &["Diagnose"]),
        (Action::DiagnoseAgain, &[]),
        (Action::AllGateways(true), &[]),
        (Action::SaveLook, &[]),
        (Action::ShowFacts(CheckName::Clock), &[]),
        (Action::Firewall(erp.clone()), &["FindGateways"]),
        (Action::FirewallFormat(Format::Nftables), &[]),
        (Action::SaveFirewall, &[]),
        (Action::OpenUpgrade, &["GetSettings"]),
        (Action::Upgrade, &[]),
        (Action::RestartWindow, &["RestartWindow"]),
        (Action::CloseDialog, &["Table"]),
        (Action::CloseNotice(1), &[]),
        (Action::StartService, &["StartService"]),
        (Action::Elevate, &["Elevate"]),
        (Action::CallNow, &["CallNow"]),
        (Action::StartDemo, &["StartDemo"]),
        (Action::LeaveDemo, &["StopDemo"]),
        (Action::Placed(place), &["SavePreferences"]),
        (Action::Quit, &["Close"]),
    ];
    for (action, wanted) in cases {
        let mut desk = Desk::attached();
        let name = format!("{action:?}");
        assert_eq!(kinds(&desk.does(action)), wanted, "{name}");
    }
}

#[test]
fn a_list_for_firewalls_is_saved_as_it_is_shown() {
    let mut desk = Desk::attached();
    desk.does(Action::Firewall(id("erp-sql")));
    desk.does(Action::FirewallFormat(Format::Csv));
    let effects = desk.does(Action::SaveFirewall);
    let [Effect::SaveText { name, text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(name, "firewall-contoso-weu.csv");
    assert!(text.starts_with("Host,Kind,"), "{text}");
}

#[test]
fn every_action_leaves_a_window_without_a_service_whole() {
    use crate::gui::state::Move;
    for action in [
        Action::SelectAll,
        Action::Go { to: Move::Last, extend: true },
        Action::Sort(Column::Traffic),
        Action::AskRemove(vec![id("erp-sql")]),
        Action::CheckEndpoint(id("erp-sql")),
        Action::CopyDetails(vec![id("erp-sql")]),
        Action::Paste(PastedText::default()),
        Action::Remove,
    ] {
        let mut desk = Desk::fresh();
        let effects = desk.does(action.clone());
        assert!(asked(&effects).is_empty(), "{action:?}: {effects:?}");
        assert!(desk.state.dialog.is_none(), "{action:?}");
    }
}

#[test]
fn every_news_has_its_effects() {
    let problem = LinkProblem::Hung;
    let up = || News::Link(Link::managed("0.1.0"));
    let cases: Vec<(News, &[&str], usize)> = vec![
        (up(), &[], 0),
        (News::Link(Link::Down { since: now(), problem }), &[], 0),
        (News::Push(Push::Snapshot(Box::new(sample::snapshot(now())))), &[], 0),
        (News::Answer { ticket: 99, outcome: Ok(Response::Done) }, &[], 0),
        (News::DemoStarted, &[], 0),
        (News::DemoEnded, &[], 0),
        (News::DemoFailed("no port".to_owned()), &["StopDemo"], 1),
        (News::Autostart(Ok(true)), &[], 0),
        (News::Autostart(Err("read-only".to_owned())), &[], 1),
        (News::CaFile(None), &[], 0),
        (News::CaFile(Some("/ca.pem".into())), &[], 0),
        (News::NoFileDialog, &[], 1),
        (News::NotSaved("full".to_owned()), &[], 1),
        (News::CanElevate, &[], 0),
        (News::Elevated(Ok(Consent::Declined)), &[], 0),
        (News::Elevated(Err("no".to_owned())), &[], 1),
    ];
    for (news, wanted, notices) in cases {
        let mut desk = Desk::attached();
        let name = format!("{news:?}");
        assert_eq!(kinds(&desk.told(news)), wanted, "{name}");
        assert_eq!(desk.notices().len(), notices, "{name}: {:?}", desk.notices());
    }
    let begun = kinds(&Desk::fresh().told(up()));
    assert_eq!(begun, ["CheckUpgrade", "Table"], "the keyboard begins in the table");
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut desk = Desk::attached();
    let effects = desk.does(Action::Restart(vec![id("erp-sql")]));
    let (ticket, _) = asked(&effects)[0];
    assert!(desk.answer(ticket, refused("no")).is_empty());
    assert_eq!(desk.notices().len(), 1);
    desk.answer(ticket, refused("another reason"));
    assert_eq!(desk.notices().len(), 1, "each ticket is answered once");
}

#[test]
fn the_same_refusal_is_said_once() {
    let mut desk = Desk::attached();
    for _ in 0..3 {
        let effects = desk.does(Action::Restart(vec![id("erp-sql")]));
        let (ticket, _) = asked(&effects)[0];
        desk.answer(ticket, refused("no"));
    }
    assert_eq!(desk.notices().len(), 1);
}

#[test]
fn a_service_that_is_lost_gives_up_every_request() {
    let mut desk = Desk::attached();
    desk.does(Action::Restart(vec![id("erp-sql"), id("file-drop")]));
    desk.does(Action::CheckEndpoint(id("erp-sql")));
    assert_eq!(desk.state.pending.len(), 3);
    desk.down(LinkProblem::Lost("gone".to_owned()));
    assert!(desk.state.pending.is_empty());
    assert_eq!(desk.notices().len(), 2, "a check that is lost is not worth a word");
    assert_eq!(desk.state.connections().len(), 7, "the last known state stays");
}

#[test]
fn how_long_the_service_is_away_counts_from_the_first_failure() {
    let mut desk = Desk::fresh();
    desk.down(LinkProblem::NotRunning);
    let first = desk.now;
    desk.pass(SignedDuration::from_secs(5));
    desk.down(LinkProblem::Hung);
    assert_eq!(desk.state.link, Link::Down { since: first, problem: LinkProblem::Hung });
}

#[test]
fn a_service_that_was_told_to_start_is_not_yet_not_running() {
    let mut desk = Desk::fresh();
    desk.down(LinkProblem::NotRunning);
    desk.does(Action::StartService);
    desk.down(LinkProblem::NotRunning);
    assert_eq!(desk.state.link, Link::Starting);
    desk.down(LinkProblem::DidNotStart("no".to_owned()));
    assert!(matches!(desk.state.link, Link::Down { .. }));
}

#[test]
fn a_string_is_checked_once_the_typing_rests() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    assert!(desk.paste(&string("payroll")).is_empty());
    let due = desk.state.changes_at(desk.now).unwrap();
    assert!(desk.pass(SignedDuration::from_millis(100)).is_empty());
    assert!(desk.paste(&format!("{}\n", string("payroll"))).is_empty(), "typing goes on");
    assert!(desk.state.changes_at(desk.now).unwrap() > due);
    let effects = desk.pass(SignedDuration::from_millis(400));
    assert_eq!(kinds(&effects), ["CheckConnectionString"]);
    assert!(desk.pass(SignedDuration::from_secs(5)).is_empty(), "once");
    let check = |desk: &Desk| match &desk.state.dialog {
        Some(Dialog::New(form)) => form.entries[0].parsed.as_ref().unwrap().check.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(check(&desk), Check::Running);
    let done = ConnectionCheck {
        id: id("payroll"),
        key_name: "defaultListener".to_owned(),
        already_added: false,
        endpoint: "payroll:80".parse().ok(),
        mended: false,
        listener_count: Some(0),
        fault: None,
        reachability: None,
    };
    let response = Response::Checked { check: Box::new(done) };
    desk.answer(asked(&effects)[0].0, Ok(response));
    assert!(matches!(check(&desk), Check::Done(_)));
}

#[test]
fn an_answer_for_a_text_that_has_changed_touches_nothing() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&string("payroll"));
    let effects = desk.pass(SignedDuration::from_millis(400));
    desk.paste(&string("another"));
    desk.answer(asked(&effects)[0].0, refused("late"));
    let Some(Dialog::New(form)) = &desk.state.dialog else { panic!("closed") };
    assert_eq!(form.entries[0].parsed.as_ref().unwrap().check, Check::NotYet);
}

#[test]
fn what_was_sent_is_not_sent_twice_and_not_changed() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&[string("one"), string("two")].join("\n"));
    assert_eq!(kinds(&desk.does(Action::Create)), ["AddConnection", "AddConnection"]);
    assert!(desk.does(Action::Create).is_empty());
    desk.paste("something else");
    let Some(Dialog::New(form)) = &desk.state.dialog else { panic!("closed") };
    assert_eq!((form.entries.len(), form.phase), (2, Phase::Sent));
}

#[test]
fn the_dialog_closes_when_all_are_added_and_selects_them() {
    let mut desk = Desk::attached();
    desk.does(Action::Filter("metrics".to_owned()));
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&[string("one"), string("two")].join("\n"));
    let effects = desk.does(Action::Create);
    let tickets: Vec<Ticket> = asked(&effects).iter().map(|(ticket, _)| *ticket).collect();
    let added = |name: &str| Ok(Response::Connection { id: id(name) });
    assert!(desk.answer(tickets[0], added("one")).is_empty());
    assert!(desk.state.dialog.is_some(), "one is still under way");
    assert_eq!(kinds(&desk.answer(tickets[1], added("two"))), ["Table"]);
    assert!(desk.state.dialog.is_none());
    assert_eq!(desk.state.table.filter, "");
    assert_eq!(desk.notices().len(), 1);
}

#[test]
fn an_update_is_of_the_connection_that_was_meant() {
    let mut desk = Desk::attached();
    desk.does(Action::AskUpdate(id("erp-sql")));
    desk.paste(&string("file-drop"));
    assert!(desk.does(Action::Update).is_empty());
    desk.paste(&string("erp-sql"));
    let effects = desk.does(Action::Update);
    let [(ticket, Request::AddConnection { replace: true, .. })] = asked(&effects)[..] else {
        panic!("{effects:?}")
    };
    desk.answer(ticket, refused("no"));
    let Some(Dialog::Update(form)) = &desk.state.dialog else { panic!("closed") };
    assert_eq!(form.phase, Phase::Editing, "it can be tried again");
    let effects = desk.does(Action::Update);
    desk.answer(asked(&effects)[0].0, Ok(Response::Connection { id: id("erp-sql") }));
    assert!(desk.state.dialog.is_none());
}

#[test]
fn settings_send_what_was_changed_and_stay_open_until_all_is_taken() {
    let mut desk = Desk::attached();
    let effects = desk.does(Action::OpenSettings);
    let saved = [("log.level", "info"), ("network.proxy", ""), ("log.keep_files", "14")];
    let settings = saved.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    desk.answer(asked(&effects)[0].0, Ok(Response::Settings { settings }));
    let set = |desk: &mut Desk, name: &str, value: &str| {
        desk.does(Action::SettingField(name.to_owned(), value.to_owned()));
    };
    set(&mut desk, "network.proxy", " http://proxy:3128 ");
    set(&mut desk, "log.level", "debug");
    set(&mut desk, "log.keep_files", "14");
    let effects = desk.does(Action::SaveSettings);
    let all = asked(&effects);
    assert_eq!(all.len(), 2, "{effects:?}");
    let proxy = all.iter().find_map(|(ticket, request)| match request {
        Request::SetSetting { name, value } if name == "network.proxy" => Some((ticket, value)),
        _ => None,
    });
    let (proxy, value) = proxy.unwrap();
    assert_eq!(value, "http://proxy:3128", "trimmed");
    let other = all.iter().map(|(ticket, _)| ticket).find(|ticket| *ticket != proxy).unwrap();
    desk.answer(*proxy, refused("it does not answer"));
    desk.answer(*other, Ok(Response::Done));
    let Some(Dialog::Settings(form)) = &desk.state.dialog else { panic!("closed") };
    assert_eq!(form.errors.len(), 1);
    assert_eq!(form.changes().len(), 1, "what was taken is no change any more");
    let effects = desk.does(Action::SaveSettings);
    desk.answer(asked(&effects)[0].0, Ok(Response::Done));
    assert!(desk.state.dialog.is_none());
    assert_eq!(desk.notices().len(), 1);
}

#[test]
fn settings_are_read_again_when_the_service_is_back() {
    let mut desk = Desk::attached();
    desk.does(Action::OpenSettings);
    desk.down(LinkProblem::Hung);
    let is_failed = matches!(
        &desk.state.dialog,
        Some(Dialog::Settings(form)) if matches!(form.load, SettingsLoad::Failed(_))
    );
    assert!(is_failed);
    assert_eq!(kinds(&desk.up()), ["GetSettings"]);
}

#[test]
fn removing_asks_for_each_and_says_it_once() {
    let mut desk = Desk::attached();
    desk.does(Action::AskRemove(vec![id("erp-sql"), id("not-there"), id("file-drop")]));
    let effects = desk.does(Action::Remove);
    assert_eq!(kinds(&effects), ["RemoveConnection", "RemoveConnection", "Table"]);
    for (ticket, _) in asked(&effects) {
        desk.answer(ticket, Ok(Response::Done));
    }
    assert_eq!(desk.notices().len(), 1, "{:?}", desk.notices());
    desk.pass(SignedDuration::from_secs(10));
    assert!(desk.notices().is_empty());
}

#[test]
fn changes_of_the_service_follow_each_other() {
    let mut desk = Desk::attached();
    let mut view = desk.state.connection(&id("erp-sql")).unwrap().clone();
    view.traffic = Traffic { active_streams: 99, ..view.traffic };
    let event = Event::Connection { connection: Box::new(view) };
    desk.told(News::Push(Push::Event { revision: 2, event }));
    assert_eq!(desk.state.connection(&id("erp-sql")).unwrap().traffic.active_streams, 99);
    let event = Event::Removed { id: id("erp-sql") };
    desk.told(News::Push(Push::Event { revision: 3, event }));
    assert!(desk.state.connection(&id("erp-sql")).is_none());
    assert_eq!(desk.state.table.rows.len(), 6);
    assert_eq!(desk.state.snapshot.as_ref().unwrap().revision, 3);
}

#[test]
fn the_demo_and_the_own_service_do_not_mix() {
    let mut desk = Desk::attached();
    desk.does(Action::Restart(vec![id("erp-sql")]));
    desk.does(Action::StartDemo);
    assert!(desk.does(Action::StartDemo).is_empty(), "it is on its way");
    desk.told(News::DemoStarted);
    assert_eq!(desk.state.demo, Demo::On);
    assert!(desk.state.snapshot.is_none() && desk.state.pending.is_empty());
    desk.up();
    desk.does(Action::LeaveDemo);
    assert!(desk.state.snapshot.is_none());
    desk.told(News::DemoEnded);
    desk.up();
    assert_eq!((desk.state.demo.clone(), desk.state.connections().len()), (Demo::Off, 7));
}

#[test]
fn preferences_that_do_not_change_are_not_written() {
    let mut desk = Desk::attached();
    let place = WindowPlace { x: None, y: None, width: 900.0, height: 600.0, maximized: false };
    assert_eq!(desk.does(Action::Placed(place)).len(), 1);
    assert!(desk.does(Action::Placed(place)).is_empty());
    desk.does(Action::Resize(Column::Status, 1.0));
    let width = desk.state.preferences.columns[&Column::Status];
    assert_eq!(width, Column::Status.least_width());
}

#[test]
fn nothing_that_is_told_of_the_state_holds_a_key() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    let mut told = format!("{:?}", desk.paste(&string("payroll")));
    told += &format!("{:?}", desk.pass(SignedDuration::from_secs(1)));
    told += &format!("{:?}", desk.does(Action::Create));
    told += &format!("{:?}", desk.state);
    told += &format!("{:?}", Action::Paste(PastedText(Zeroizing::new(string("x")))));
    assert!(desk.state.pending.values().any(|pending| matches!(pending, Pending::Add(_))));
    for start in 0..=KEY.len() - 8 {
        assert!(!told.contains(&KEY[start..start + 8]), "{told}");
    }
}

#[test]
fn a_late_answer_touches_no_dialog_that_did_not_ask() {
    let (one, other) = (id("erp-sql"), id("file-drop"));
    let mut desk = Desk::attached();
    desk.does(Action::AskUpdate(one.clone()));
    desk.paste(&string("erp-sql"));
    let ticket = asked(&desk.does(Action::Update))[0].0;
    desk.does(Action::CloseDialog);
    desk.does(Action::AskUpdate(other.clone()));
    desk.answer(ticket, Ok(Response::Connection { id: one }));
    assert!(matches!(&desk.state.dialog, Some(Dialog::Update(form)) if form.id == other));
    assert!(desk.notices().concat().contains("erp-sql"), "{:?}", desk.notices());

    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&string("fresh"));
    let ticket = asked(&desk.does(Action::Create))[0].0;
    desk.does(Action::CloseDialog);
    desk.does(Action::New(NewTab::ConnectionString));
    desk.answer(ticket, Ok(Response::Connection { id: id("fresh") }));
    assert!(matches!(desk.state.dialog, Some(Dialog::New(_))));
    assert!(desk.notices().is_empty(), "{:?}", desk.notices());
}

#[test]
fn the_details_are_of_what_is_selected() {
    use crate::gui::state::Pick;
    let (one, other) = (id("erp-sql"), id("file-drop"));
    let mut desk = Desk::attached();
    desk.does(Action::Pick(one.clone(), Pick::Only));
    desk.does(Action::Pick(other.clone(), Pick::Toggle));
    assert!(desk.state.shown_connection().is_none(), "two are selected");
    desk.does(Action::Pick(other, Pick::Toggle));
    assert_eq!(desk.state.shown_connection().map(|view| &view.id), Some(&one));
}

#[test]
fn what_is_typed_outlives_a_service_that_comes_back() {
    let settings = || {
        let settings = vec![("network.proxy".to_owned(), String::new())];
        Ok(Response::Settings { settings })
    };
    let mut desk = Desk::attached();
    let ticket = asked(&desk.does(Action::OpenSettings))[0].0;
    desk.answer(ticket, settings());
    desk.does(Action::SettingField("network.proxy".to_owned(), "http://a:1".to_owned()));
    desk.down(LinkProblem::NotRunning);
    let effects = desk.up();
    desk.answer(asked(&effects)[0].0, settings());
    let Some(Dialog::Settings(form)) = &desk.state.dialog else { panic!("it is closed") };
    assert_eq!(form.field("network.proxy"), "http://a:1");
}

#[test]
fn a_string_that_could_not_be_checked_is_checked_when_the_service_is_back() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&string("fresh"));
    assert_eq!(asked(&desk.pass(SignedDuration::from_secs(1))).len(), 1);
    desk.down(LinkProblem::NotRunning);
    let effects = desk.up();
    let is_check = |(_, request): &(Ticket, &Request)| {
        matches!(request, Request::CheckConnectionString { .. })
    };
    assert_eq!(asked(&effects).iter().filter(|it| is_check(it)).count(), 1, "{effects:?}");
}

#[test]
fn another_service_gets_no_answers_meant_for_the_first() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&string("fresh"));
    desk.does(Action::Create);
    desk.told(News::DemoStarted);
    let Some(Dialog::New(form)) = &desk.state.dialog else { panic!("it is closed") };
    assert_eq!(form.phase, Phase::Editing, "what was sent is given up");
    assert!(desk.state.pending.is_empty());
}

#[test]
fn what_was_added_is_selected_once_the_service_tells_of_it() {
    let mut desk = Desk::attached();
    desk.does(Action::New(NewTab::ConnectionString));
    desk.paste(&string("fresh"));
    let ticket = asked(&desk.does(Action::Create))[0].0;
    desk.answer(ticket, Ok(Response::Connection { id: id("fresh") }));
    assert!(desk.state.table.selected.is_empty(), "it is not known yet");
    let mut view = sample::snapshot(now()).connections.swap_remove(0);
    view.id = id("fresh");
    let event = Event::Connection { connection: Box::new(view) };
    desk.told(News::Push(Push::Event { revision: 2, event }));
    assert_eq!(desk.state.table.selected, [id("fresh")].into());
    assert_eq!(desk.state.table.cursor, Some(id("fresh")));
}
