//! What the checks of "Diagnose" say, in both languages.

use super::*;
use crate::gui::state::Look;
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport};

#[test]
fn every_check_and_every_note_has_its_words() {
    let (english, chinese) = (english(), chinese());
    let mut titles = BTreeSet::new();
    for check in CheckName::ALL.iter().copied() {
        assert_chinese(&chinese.check_title(check));
        assert_chinese(&chinese.check_meaning(&CheckReport::ok(check)));
        assert_eq!(english.check_meaning(&CheckReport::ok(check)), check.ok());
        titles.insert(chinese.check_title(check));
    }
    assert_eq!(titles.len(), CheckName::ALL.len());
    for name in FactName::ALL.iter().copied() {
        assert_chinese(&chinese.fact_label(name));
        assert_eq!(english.fact_label(name), name.label());
    }
    for code in NoteCode::ALL.iter().copied() {
        let report = CheckReport::failed_as(CheckName::Conflicts, Note::new(code, OUTSIDE));
        for texts in [&english, &chinese] {
            let (meaning, advice) =
                (texts.check_meaning(&report), texts.check_advice(&report).unwrap());
            assert!(meaning.ends_with(OUTSIDE), "{code}: {meaning}");
            assert!(advice.ends_with(['.', '。']), "advice is a sentence: {advice}");
            assert!(!advice.contains("hcm"), "the window has a place for it: {advice}");
        }
        assert_chinese(&chinese.check_meaning(&report).replace(OUTSIDE, ""));
        assert_chinese(&chinese.check_advice(&report).unwrap());
    }
}

#[test]
fn a_look_as_text_says_what_to_do_and_what_was_seen() {
    let mut look = Look::new(Some(crate::gui::sample::id("contoso", "erp")), false);
    look.take(CheckReport::skipped(CheckName::NamespaceTcp, CheckName::NamespaceDns));
    look.take(CheckReport::failed(CheckName::NamespaceDns, fault(FaultCode::NamespaceNotResolved)));
    look.take(
        CheckReport::ok(CheckName::Listeners)
            .warning(NoteCode::OtherListeners, "2")
            .noting(NoteCode::ListenerConnected, "")
            .with(FactName::Listeners, 3),
    );
    let text = english().look_as_text(&look);
    let advice = FaultCode::NamespaceNotResolved.advice();
    let summary = FaultCode::NamespaceNotResolved.summary();
    for line in [
        "contoso.servicebus.windows.net/erp",
        &format!("[failed] DNS of the namespace: {summary}: {OUTSIDE}"),
        &format!("    → {advice}"),
        "[skipped] TCP to the namespace: Not looked at, because of this: DNS of the namespace",
        "    The listener is connected",
        "    Listeners: 3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in:\n{text}");
    }
    assert_chinese(
        &chinese()
            .look_as_text(&look)
            .replace(OUTSIDE, "")
            .lines()
            .nth(1)
            .unwrap()
            .replace("failed", ""),
    );
}
