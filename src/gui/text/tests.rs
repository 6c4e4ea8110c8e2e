//! What the window says, in both languages.

mod catalogue;
mod diagnosis;
mod source;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::azure::{AzureError, AzureErrorKind, Unusable};
use crate::gui::backend::Refusal;
use crate::gui::state::{Link, LinkProblem, UpdateProblem};
use crate::ipc::protocol::{Access, ErrorCode, RequestError};
use crate::model::metadata::MetadataError;
use crate::model::{
    ConnectionEvent, ConnectionId, ConnectionStringError, EventKind, Fault, FaultCode,
    NamespaceAddress, NextAttempt, PartProblem, Reachability, Settings, StatusLabel, VERSION,
};

/// Words of a command or a setting, and names, which stay as they are in every language.
const LATIN_WORDS: &[&str] = &[
    "az",
    "none",
    "hcm",
    "login",
    "show",
    "logs",
    "localhost",
    "root",
    "newgrp",
    "zenity",
    "endpoint",
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "stable",
    "preview",
    "github",
    "on",
    "off",
    "https",
    "remote",
    "text",
    "json",
];
/// What comes from outside stands for itself: no word of a catalogue looks like it.
const OUTSIDE: &str = "0UTS1DE";

fn english() -> Texts {
    Texts::new(Language::English)
}

fn chinese() -> Texts {
    Texts::new(Language::Chinese)
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The words of `text` that English has left in it. Names begin with a capital letter, and
/// addresses and parts of commands have signs in them.
fn english_words(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || !c.is_ascii() || "(),;".contains(c))
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()))
        .filter(|word| !LATIN_WORDS.contains(word))
        .collect()
}

/// `text` is a Chinese one, whole, and nothing of the catalogue's machinery is in it.
fn assert_chinese(text: &str) {
    assert!(text.chars().any(is_han), "not Chinese: {text}");
    assert!(!text.contains("{$") && !text.contains("{ $"), "a value is missing: {text}");
    assert_eq!(english_words(text), Vec::<&str>::new(), "English is left: {text}");
}

fn fault(code: FaultCode) -> Fault {
    Fault::new(code, OUTSIDE)
}

#[test]
fn every_fault_says_what_happened_and_what_to_do() {
    let (english, chinese) = (english(), chinese());
    let mut summaries = BTreeSet::new();
    for code in FaultCode::ALL.iter().copied() {
        for texts in [&english, &chinese] {
            let (summary, advice) = (texts.fault_summary(code), texts.fault_advice(code));
            assert!(!summary.contains(code.as_str()), "{code}: {summary}");
            assert!(!summary.ends_with(['.', '。']), "a summary has no full stop: {summary}");
            assert!(advice.ends_with(['.', '。']), "advice is a sentence: {advice}");
            assert!(!advice.contains("hcm"), "the window has a place for it: {advice}");
            let (cause, by_itself) = (texts.fault_cause(code), texts.fault_by_itself(code));
            for text in [&cause, &by_itself] {
                assert!(text.ends_with(['.', '。']) && !text.contains("hcm"), "{code}: {text}");
            }
            let whole = texts.fault_explained(code);
            for part in [code.as_str(), &summary, &cause, &advice, &by_itself] {
                assert!(whole.contains(part), "{whole}");
            }
        }
        assert_chinese(&chinese.fault_cause(code));
        assert_chinese(&chinese.fault_by_itself(code));
        let summary = chinese.fault_summary(code);
        assert_chinese(&summary);
        assert_chinese(&chinese.fault_advice(code));
        assert_eq!(english.fault_line(&fault(code)), format!("{}: {OUTSIDE}", code.summary()));
        assert_eq!(chinese.fault_line(&fault(code)), format!("{summary}：{OUTSIDE}"));
        assert_eq!(chinese.fault_line(&Fault::new(code, "")), summary);
        assert!(summaries.insert(summary), "{code} says the same as another");
    }
}

#[test]
fn every_error_of_an_azure_account_says_what_happened_and_what_to_do() {
    let (english, chinese) = (english(), chinese());
    let mut summaries = BTreeSet::new();
    for kind in AzureErrorKind::ALL.iter().copied() {
        for texts in [&english, &chinese] {
            let (summary, advice) = (texts.azure_summary(kind), texts.azure_advice(kind));
            assert!(!summary.contains("azure-error"), "{summary}");
            assert!(!summary.ends_with(['.', '。']), "a summary has no full stop: {summary}");
            assert!(advice.ends_with(['.', '。']), "advice is a sentence: {advice}");
            assert!(!advice.contains("hcm"), "the window has a place for it: {advice}");
            assert!(!advice.contains("azure."), "a setting has a name: {advice}");
            assert!(summaries.insert(summary), "{kind:?} says the same as another");
        }
        assert_eq!(english.azure_summary(kind), kind.summary(), "the command line says the same");
        assert_chinese(&chinese.azure_summary(kind));
        assert_chinese(&chinese.azure_advice(kind));
    }
    let error = AzureError::new(AzureErrorKind::Forbidden, "listKeys/action is missing")
        .with_azure(Some("AuthorizationFailed".to_owned()), Some("c-1".to_owned()));
    let text = english.azure_error(&error);
    assert!(text.starts_with("The account may not do this (403): listKeys/action is missing\n"));
    assert!(text.ends_with("\nCode AuthorizationFailed · Correlation ID c-1"), "{text}");
    let bare = AzureError::new(AzureErrorKind::Throttled, "");
    assert_eq!(english.azure_error(&bare).lines().count(), 2);
}

#[test]
fn why_a_hybrid_connection_cannot_be_added_is_told() {
    let endpoint = "x".parse::<crate::model::Endpoint>().unwrap_err();
    let all = [
        Unusable::NoAddress("ftp://x".to_owned()),
        Unusable::OddShape,
        MetadataError::Empty.into(),
        MetadataError::NotJson { line: 1, column: 2 }.into(),
        MetadataError::NoEndpoint.into(),
        MetadataError::Endpoint(endpoint).into(),
    ];
    for why in &all {
        assert_chinese(&chinese().unusable(why));
        let long = english().unusable_long(why);
        assert!(long.starts_with(&english().unusable(why)) && long.len() > 30, "{long}");
    }
}

#[test]
fn every_event_is_told_in_chinese() {
    let lost = fault(FaultCode::ChannelLost);
    let endpoint = |text: &str| text.parse().unwrap();
    let next = NextAttempt { attempt: 3, seconds: 30 };
    let kinds = [
        EventKind::Connected { gateway: None },
        EventKind::Connected { gateway: Some("G42".to_owned()) },
        EventKind::ChannelFailed { fault: lost.clone(), next: None },
        EventKind::ChannelFailed { fault: lost.clone(), next: Some(next) },
        EventKind::Restarted,
        EventKind::KeyReplaced,
        EventKind::StreamFailed { fault: lost.clone() },
        EventKind::EndpointChanged { before: endpoint("db1:1433"), after: endpoint("db2:1433") },
        EventKind::EndpointKept { fault: lost.clone() },
        EventKind::EndpointNotRead { fault: lost.clone() },
        EventKind::MetadataMended,
        EventKind::EndpointFailed { fault: lost },
        EventKind::EndpointAnswers,
    ];
    let (english, chinese) = (english(), chinese());
    let mut told = BTreeSet::new();
    for kind in kinds {
        let event = ConnectionEvent::new(Timestamp::UNIX_EPOCH, kind);
        assert_eq!(english.event(&event), event.text);
        let text = chinese.event(&event);
        assert_chinese(&text);
        assert_eq!(text.contains(OUTSIDE), event.kind.fault().is_some(), "{text}");
        told.insert(text);
    }
    // Two kinds tell nothing but their fault.
    assert_eq!(told.len(), 12);
    for piece in ["db1:1433", "db2:1433", "G42", "30 秒后进行第 3 次尝试"] {
        assert!(told.iter().any(|text| text.contains(piece)), "{piece}");
    }
}

#[test]
fn an_event_of_a_newer_service_is_shown_by_its_text() {
    let event = ConnectionEvent {
        at: Timestamp::UNIX_EPOCH,
        kind: EventKind::Other,
        text: OUTSIDE.to_owned(),
    };
    assert_eq!(chinese().event(&event), OUTSIDE);
}

fn part_problems() -> Vec<PartProblem> {
    vec![
        PartProblem::DiffersFromPath,
        PartProblem::AzureIdentity,
        PartProblem::TooLong(256),
        PartProblem::WhiteSpace,
        PartProblem::NoAddress,
        PartProblem::OtherScheme,
        PartProblem::BadPort,
        PartProblem::NoHost,
        PartProblem::BadHost,
        PartProblem::BadCharacter('\u{7}'),
        PartProblem::NoTimeout,
        PartProblem::NoSignature,
        PartProblem::NoField("sig"),
    ]
}

#[test]
fn whatever_is_wrong_with_a_connection_string_is_said_in_chinese() {
    let mut errors = vec![
        ConnectionStringError::Empty,
        ConnectionStringError::Several(3),
        ConnectionStringError::Missing("EntityPath"),
        ConnectionStringError::Missing("SharedAccessKey"),
        ConnectionStringError::NoValue("Endpoint"),
        ConnectionStringError::Twice("Endpoint"),
        ConnectionStringError::Unknown(None),
        ConnectionStringError::Unknown(Some(OUTSIDE.to_owned())),
        ConnectionStringError::Together("SharedAccessSignature", "SharedAccessKey"),
    ];
    let wrong = |problem| ConnectionStringError::Wrong { part: "Endpoint", problem };
    errors.extend(part_problems().into_iter().map(wrong));
    let chinese = chinese();
    let mut said = BTreeSet::new();
    for error in errors {
        let text = chinese.paste_error(&error);
        assert_chinese(&text);
        if let Some(part) = error.part() {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains('\u{7}'), "{text}");
        assert!(said.insert(text), "{error:?} says the same as another");
    }
    for piece in ["256", "3 个", "sig=", OUTSIDE] {
        assert!(said.iter().any(|text| text.contains(piece)), "{piece}");
    }
}

#[test]
fn a_connection_string_without_name_and_key_lacks_both() {
    let text = "Endpoint=sb://a.servicebus.windows.net/;EntityPath=b";
    let error = crate::model::ConnectionString::parse(text).unwrap_err();
    let said = chinese().paste_error(&error);
    assert_chinese(&said);
    assert!(said.contains("SharedAccessKeyName，") && said.ends_with("SharedAccessKey"), "{said}");
}

#[test]
fn a_connection_string_of_another_connection_is_named() {
    let namespace = NamespaceAddress::new("ns1.servicebus.windows.net", 443);
    let id = ConnectionId::new(namespace, "hc1");
    let problem = UpdateProblem::OtherConnection(id);
    for texts in [english(), chinese()] {
        assert!(texts.update_problem(&problem).ends_with("hc1"));
    }
    assert_chinese(&chinese().update_problem(&problem));
    let unreadable = UpdateProblem::Unreadable(ConnectionStringError::Twice("Endpoint"));
    assert_chinese(&chinese().update_problem(&unreadable));
    assert_eq!(english().update_problem(&unreadable), "Endpoint is there twice");
}

#[test]
fn every_refusal_comes_out_in_chinese() {
    let codes = [
        ErrorCode::BadMessage,
        ErrorCode::VersionMismatch,
        ErrorCode::Denied,
        ErrorCode::ReadOnly,
        ErrorCode::InvalidConnectionString,
        ErrorCode::InvalidSetting,
        ErrorCode::NotFound,
        ErrorCode::Ambiguous,
        ErrorCode::AlreadyExists,
        ErrorCode::Stopping,
        ErrorCode::NotSaved,
        ErrorCode::NotUpgraded,
        ErrorCode::Other,
    ];
    let mut refusals = vec![Refusal::Lost, Refusal::TimedOut];
    refusals.extend(codes.map(|code| Refusal::Said(RequestError::new(code, OUTSIDE))));
    let (english, chinese) = (english(), chinese());
    for refusal in refusals {
        assert_chinese(&chinese.refusal(&refusal));
        if let Refusal::Said(error) = &refusal {
            assert_eq!(english.refusal(&refusal), error.message);
        }
    }
}

#[test]
fn what_a_setting_takes_is_said_as_the_service_has_it() {
    let chinese = chinese();
    for name in Settings::NAMES {
        let Err(error) = Settings::default().set(name, "-1") else { continue };
        let english = error.to_string();
        let refused = RequestError::new(ErrorCode::InvalidSetting, english.clone());
        let said = chinese.refusal(&Refusal::Said(refused.about(Some(name))));
        let takes = english.rsplit(": ").next().unwrap();
        if said.contains(takes) {
            // A setting of which only the service knows what is wrong with it.
            continue;
        }
        assert_chinese(&said);
        let is_value =
            |word: &&str| word.chars().all(|c| c.is_ascii_digit()) || LATIN_WORDS.contains(word);
        for value in takes.split([' ', ',']).filter(|word| !word.is_empty()).filter(is_value) {
            assert!(said.contains(value), "{name} takes {value}: {said}");
        }
    }
}

#[test]
fn every_state_of_the_way_to_the_service_has_its_words() {
    let outside = || OUTSIDE.to_owned();
    let problems = [
        LinkProblem::NotRunning,
        LinkProblem::Lost(outside()),
        LinkProblem::Hung,
        LinkProblem::NotAllowed(outside()),
        LinkProblem::OtherVersion(outside()),
        LinkProblem::SomethingElse(outside()),
        LinkProblem::DidNotStart(outside()),
    ];
    let (english, chinese) = (english(), chinese());
    for problem in &problems {
        let has_detail = !matches!(problem, LinkProblem::NotRunning | LinkProblem::Hung);
        for texts in [&english, &chinese] {
            let (title, text) = banner(texts, problem);
            assert!(!title.starts_with("banner-") && !text.starts_with("banner-"), "{problem:?}");
            assert_eq!(text.contains(OUTSIDE), has_detail, "{text}");
        }
        assert_chinese(&banner(&chinese, problem).0);
    }
    let down = |problem| Link::Down { since: Timestamp::UNIX_EPOCH, problem };
    let mut links: Vec<Link> = problems.into_iter().map(down).collect();
    links.extend([Link::Connecting, Link::Starting]);
    let version = VERSION.to_owned();
    links.push(Link::Up { version, access: Access::ReadStatus });
    links.push(Link::managed(VERSION));
    links.push(Link::managed("99.0.0"));
    for link in &links {
        assert_chinese(&service_pill(&chinese, link).1);
    }
    let (tone, text) = service_pill(&english, &links[links.len() - 1]);
    assert_eq!(text, "Service running, version 99.0.0");
    assert_ne!(tone, service_pill(&english, &links[links.len() - 2]).0);
}

#[test]
fn every_status_has_a_word_of_its_own() {
    let labels = [
        StatusLabel::Connected,
        StatusLabel::Connecting,
        StatusLabel::NotConnected,
        StatusLabel::Disabled,
        StatusLabel::Stopping,
    ];
    let (english, chinese) = (english(), chinese());
    let words: BTreeSet<_> = labels.iter().map(|label| chinese.status(*label)).collect();
    assert_eq!(words.len(), labels.len());
    for label in labels {
        assert_chinese(&chinese.status(label));
        assert_eq!(*english.status(label), label.to_string());
    }
}

#[test]
fn details_on_the_clipboard_are_in_the_language_of_the_window() {
    let now = Timestamp::UNIX_EPOCH;
    for view in crate::gui::sample::snapshot(now).connections {
        let text = details_as_text(&english(), &view, now);
        assert!(text.starts_with(&format!("Name: {}\n", view.id.name())), "{text}");
        let text = details_as_text(&chinese(), &view, now);
        assert!(text.starts_with(&format!("名称：{}\n", view.id.name())), "{text}");
        for line in text.lines() {
            assert!(line.chars().any(is_han), "{line}");
        }
    }
}

#[test]
fn a_count_has_its_plural() {
    let english = english();
    let text = |key: &str, count: u64| {
        let values = [("count", count.into()), ("name", "ns1/hc1".into())];
        english.with(key, &values)
    };
    for (key, texts) in [
        ("footer-connections", ["0 connections", "1 connection", "2 connections"]),
        ("spoken-listeners", ["0 listeners", "1 listener", "2 listeners"]),
        ("spoken-streams", ["0 active streams", "1 active stream", "2 active streams"]),
        ("ago-days", ["0 days ago", "1 day ago", "2 days ago"]),
        ("added", ["0 connections were added", "ns1/hc1 was added", "2 connections were added"]),
        (
            "remove-others",
            [
                "0 other listeners still serve it.",
                "1 other listener still serves it.",
                "2 other listeners still serve it.",
            ],
        ),
    ] {
        for (count, expected) in (0..).zip(texts) {
            assert_eq!(text(key, count), expected);
        }
    }
    let values = |count: u64| [("count", count.into()), ("name", "ns1/hc1".into())];
    assert_eq!(chinese().with("added", &values(1)), "已添加 ns1/hc1");
    assert_eq!(chinese().with("added", &values(2)), "已添加 2 个连接");
}

#[test]
fn a_number_stands_in_a_text_as_it_is() {
    // No thousands separators, no decimals.
    let values = [("count", 12_345_u64.into()), ("most", 25_u32.into())];
    assert_eq!(english().with("details-listeners", &values), "12345 of 25");
    assert_eq!(chinese().with("details-listeners", &values), "12345 / 25");
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

#[test]
fn time_past_goes_in_steps() {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    for (seconds, english_text, chinese_text) in [
        (-60, "just now", "刚刚"),
        (0, "just now", "刚刚"),
        (9, "just now", "刚刚"),
        (10, "10 s ago", "10 秒前"),
        (59, "50 s ago", "50 秒前"),
        (60, "1 min ago", "1 分钟前"),
        (HOUR - 1, "59 min ago", "59 分钟前"),
        (HOUR, "1 h ago", "1 小时前"),
        (DAY - 1, "23 h ago", "23 小时前"),
        (DAY, "1 day ago", "1 天前"),
        (3 * DAY, "3 days ago", "3 天前"),
    ] {
        let (then, now) = (after(0), after(seconds));
        assert_eq!(english().ago(then, now), english_text);
        assert_eq!(chinese().ago(then, now), chinese_text);
    }
}

#[test]
fn time_past_is_told_anew_when_its_text_changes() {
    let texts = english();
    for seconds in [-5, 0, 9, 10, 59, 60, 61, 3_599, 3_600, 86_399, 86_400, 200_000] {
        let now = after(seconds);
        let change = Texts::ago_changes(after(0), now);
        assert!(change > SignedDuration::ZERO, "{seconds}");
        let just_before = now + change - SignedDuration::from_secs(1);
        assert_eq!(texts.ago(after(0), now), texts.ago(after(0), just_before), "{seconds}");
    }
}

#[test]
fn time_to_come_counts_whole_seconds_down_to_nothing() {
    let texts = english();
    let then = after(100);
    let until = |now| texts.until(then, now);
    assert_eq!(until(after(72)).as_deref(), Some("28 s"));
    assert_eq!(until(then - SignedDuration::from_millis(1)).as_deref(), Some("1 s"));
    assert_eq!(until(then - SignedDuration::from_millis(1_001)).as_deref(), Some("2 s"));
    assert_eq!(until(then - SignedDuration::from_secs(119)).as_deref(), Some("119 s"));
    assert_eq!(until(then - SignedDuration::from_secs(292)).as_deref(), Some("4 min 52 s"));
    assert_eq!(until(then), None);
    assert_eq!(until(after(101)), None);
    let left = chinese().until(then, after(72)).unwrap();
    assert_eq!(chinese().with("retry-in", &[("left", left.into())]), "28 秒后再次尝试");
}

#[test]
fn another_day_is_named() {
    let texts = english();
    let zone = TimeZone::system();
    let at = |day: i8, hour: i8| {
        let time = jiff::civil::date(2026, 11, day).at(hour, 5, 6, 0);
        time.to_zoned(zone.clone()).unwrap().timestamp()
    };
    let noon = at(22, 12);
    assert_eq!(texts.clock(at(22, 0), noon), "00:05:06");
    assert_eq!(texts.clock(at(22, 23), noon), "23:05:06");
    assert_eq!(texts.clock(at(21, 23), noon), "2026-11-21 23:05");
    assert_eq!(texts.clock(at(23, 0), noon), "2026-11-23 00:05");
    assert_eq!(texts.date(at(21, 23)), "2026-11-21");
}

#[test]
fn an_endpoint_that_answers_or_not_is_said_with_its_time() {
    let dial = |connect_micros, fault| Reachability { checked_at: after(0), connect_micros, fault };
    let refused = fault(FaultCode::EndpointRefused);
    for (reachability, english_text, chinese_text) in [
        (
            dial(Some(1_840), None),
            "TCP connect in 1.8 ms · checked 20 s ago",
            "TCP 连接用时 1.8 ms · 20 秒前检查",
        ),
        (dial(None, None), "TCP connect · checked 20 s ago", "TCP 连接成功 · 20 秒前检查"),
        (
            dial(None, Some(refused)),
            "The endpoint refused the connection: 0UTS1DE · checked 20 s ago",
            "终结点拒绝了连接：0UTS1DE · 20 秒前检查",
        ),
    ] {
        assert_eq!(english().reachability(&reachability, after(20)), english_text);
        assert_eq!(chinese().reachability(&reachability, after(20)), chinese_text);
    }
}

#[test]
fn a_choice_of_language_is_kept_and_the_system_s_is_the_default() {
    assert_eq!(LanguageChoice::default().resolve(Language::Chinese), Language::Chinese);
    assert_eq!(LanguageChoice::English.resolve(Language::Chinese), Language::English);
    assert_eq!(LanguageChoice::Chinese.resolve(Language::English), Language::Chinese);
    for language in Language::ALL {
        let texts = Texts::new(language);
        assert_eq!(texts.language(), language);
        assert_eq!(&*texts.get("product"), "Hybrid Connection Manager");
        assert_eq!(&*texts.get("no-such-key"), "no-such-key");
    }
}
