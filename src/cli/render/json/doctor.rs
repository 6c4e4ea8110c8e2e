//! The shape of `hcm doctor`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::diagnosis::{Note, cause, causes};
use crate::model::{CheckReport, Diagnosis};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DiagnosisShape<'a> {
    id: Option<String>,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    began: Timestamp,
    milliseconds: f64,
    cause: Option<&'static str>,
    causes: Vec<&'static str>,
    checks: Vec<CheckShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CheckShape<'a> {
    check: &'static str,
    title: &'static str,
    verdict: &'static str,
    code: Option<&'static str>,
    meaning: String,
    advice: Option<&'static str>,
    because: Option<&'static str>,
    notes: Vec<NoteShape<'a>>,
    facts: Vec<FactShape<'a>>,
    milliseconds: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NoteShape<'a> {
    code: &'static str,
    summary: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FactShape<'a> {
    name: &'static str,
    value: &'a str,
}

impl<'a> DiagnosisShape<'a> {
    pub(super) fn of(diagnosis: &'a Diagnosis) -> Self {
        let id = diagnosis.connection.as_ref();
        let causes = causes(&diagnosis.reports);
        Self {
            id: id.map(crate::model::ConnectionId::full),
            namespace: id.map(|id| id.namespace().label()),
            name: id.map(crate::model::ConnectionId::name),
            began: diagnosis.began,
            milliseconds: millis(diagnosis.took_micros),
            cause: cause(&diagnosis.reports).map(|report| report.check.as_str()),
            causes: causes.into_iter().map(|report| report.check.as_str()).collect(),
            checks: diagnosis.reports.iter().map(CheckShape::of).collect(),
        }
    }
}

impl<'a> CheckShape<'a> {
    fn of(report: &'a CheckReport) -> Self {
        let of_note = || report.notes.first().map(|note| note.code.as_str());
        Self {
            check: report.check.as_str(),
            title: report.check.title(),
            verdict: report.verdict.as_str(),
            code: report.fault.as_ref().map(|fault| fault.code.as_str()).or_else(of_note),
            meaning: report.meaning(),
            advice: report.advice(),
            because: report.because.map(|check| check.as_str()),
            notes: report.notes.iter().map(NoteShape::of).collect(),
            facts: report
                .facts
                .iter()
                .map(|fact| FactShape { name: fact.name.as_str(), value: &fact.value })
                .collect(),
            milliseconds: millis(report.took_micros),
        }
    }
}

impl<'a> NoteShape<'a> {
    fn of(note: &'a Note) -> Self {
        let (code, summary) = (note.code.as_str(), note.code.summary());
        Self { code, summary, detail: &note.detail }
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
