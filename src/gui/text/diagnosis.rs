//! What a look for what is wrong has shown, in words.

use super::{Language, Texts};
use crate::gui::state::Look;
use crate::model::diagnosis::{Fact, FactName, Note, NoteCode, Verdict};
use crate::model::{CheckName, CheckReport, USER_AGENT_PRODUCT};

impl Texts {
    /// What is looked at, in a few words.
    pub(crate) fn check_title(&self, check: CheckName) -> String {
        match self.language {
            Language::English => check.title().to_owned(),
            Language::Chinese => self.format(&format!("look-{check}"), None),
        }
    }

    /// What it found, in one sentence without a full stop.
    pub(crate) fn check_meaning(&self, report: &CheckReport) -> String {
        match (&report.fault, report.notes.first(), report.because) {
            (Some(fault), ..) => self.fault_line(fault),
            (None, Some(note), _) => self.note(note),
            (None, None, Some(because)) => {
                self.with("diagnose-because", &[("what", self.check_title(because).into())])
            }
            (None, None, None) if self.language == Language::English => {
                report.check.ok().to_owned()
            }
            (None, None, None) => self.format(&format!("look-{}-ok", report.check), None),
        }
    }

    /// What to do about it; nothing where nothing is to be done.
    pub(crate) fn check_advice(&self, report: &CheckReport) -> Option<String> {
        if !matches!(report.verdict, Verdict::Failed | Verdict::Warning) {
            return None;
        }
        let of_fault = report.fault.as_ref().map(|fault| self.fault_advice(fault.code));
        of_fault.or_else(|| report.notes.first().map(|note| self.note_advice(note.code)))
    }

    /// What is to be known besides what it found.
    pub(crate) fn check_notes(&self, report: &CheckReport) -> Vec<String> {
        let told = usize::from(report.fault.is_none());
        report.notes.iter().skip(told).map(|note| self.note(note)).collect()
    }

    /// What a value is that was seen.
    pub(crate) fn fact_label(&self, name: FactName) -> String {
        match self.language {
            Language::English => name.label().to_owned(),
            Language::Chinese => self.format(&format!("seen-{}", name.as_str()), None),
        }
    }

    /// How a check ended, in a word, for those who do not see its colour.
    pub(crate) fn verdict(&self, verdict: Option<Verdict>) -> std::rc::Rc<str> {
        self.get(match verdict {
            None => "verdict-running",
            Some(Verdict::Ok) => "verdict-ok",
            Some(Verdict::Warning) => "verdict-warning",
            Some(Verdict::Failed) => "verdict-failed",
            Some(Verdict::Skipped | Verdict::Other) => "verdict-skipped",
        })
    }

    /// Everything that was found, for the clipboard. Names and addresses are in it, and no key.
    pub(crate) fn look_as_text(&self, look: &Look) -> String {
        let mut lines = Vec::new();
        if let Some(connection) = &look.connection {
            lines.push(connection.full());
        }
        if let Some(about) = &look.about {
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            lines.extend([about.began.to_string(), format!("{USER_AGENT_PRODUCT}, {os} {arch}")]);
        }
        for report in &look.reports {
            let what = format!("[{}] {}", report.verdict.as_str(), self.check_title(report.check));
            lines.push(self.more_about(&what, &self.check_meaning(report)));
            lines.extend(self.check_notes(report).into_iter().map(|note| format!("    {note}")));
            let advice = self.check_advice(report);
            lines.extend(advice.map(|advice| format!("    → {advice}")));
            let facts = report.facts.iter().map(|fact| format!("    {}", self.fact(fact)));
            lines.extend(facts);
        }
        lines.join("\n")
    }

    fn fact(&self, fact: &Fact) -> String {
        self.more_about(&self.fact_label(fact.name), &fact.value)
    }

    fn note(&self, note: &Note) -> String {
        let summary = match self.language {
            Language::English => note.code.summary().to_owned(),
            Language::Chinese => self.format(&format!("note-{}", note.code), None),
        };
        if note.detail.is_empty() { summary } else { self.more_about(&summary, &note.detail) }
    }

    /// What to do about it. Where the text of the command line names a command that the window
    /// has a place for, the window has a text of its own.
    fn note_advice(&self, code: NoteCode) -> String {
        let key = format!("note-{code}-advice");
        match (self.language, self.bundle.has_message(&key)) {
            (Language::English, false) => code.advice().to_owned(),
            _ => self.format(&key, None),
        }
    }
}
