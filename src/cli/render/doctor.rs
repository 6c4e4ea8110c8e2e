//! What `hcm doctor` has found: the cause first, then every check.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::screen::Screen;
use super::style::{Role, Style};
use super::text;
use crate::model::diagnosis::{Note, NoteCode, Verdict, cause, causes};
use crate::model::{CheckName, CheckReport, ConnectionId, Diagnosis, DiagnosisStep};

/// Cells of the verdict and of the title of a check, each with the space behind it.
const VERDICTS: usize = 9;
const TITLES: usize = 28;

/// All of `diagnoses`, those with failures first; of several, only what is not well.
pub(crate) fn all(diagnoses: &[Diagnosis], width: Option<usize>, style: Style) -> Vec<String> {
    if let [diagnosis] = diagnoses {
        return whole(diagnosis, width, style);
    }
    let mut lines = Vec::new();
    let mut in_order: Vec<_> = diagnoses.iter().collect();
    in_order.sort_by_key(|diagnosis| match cause(&diagnosis.reports) {
        Some(report) => (report.verdict != Verdict::Failed, report.check),
        None => (true, CheckName::Other),
    });
    for diagnosis in in_order {
        lines.extend(head(diagnosis, width, style));
        let is_told =
            |report: &&CheckReport| matches!(report.verdict, Verdict::Warning | Verdict::Failed);
        for report in diagnosis.reports.iter().filter(is_told) {
            lines.extend(check(report, width, style));
        }
    }
    let more = "All that was seen of one: hcm doctor NAMESPACE/NAME";
    lines.push(style.paint(Role::Faint, more));
    lines
}

/// All of `diagnoses` with every check, one after another.
pub(crate) fn in_full(diagnoses: &[Diagnosis], width: Option<usize>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for diagnosis in diagnoses {
        lines.extend(whole(diagnosis, width, style));
        lines.push(String::new());
    }
    lines
}

fn whole(diagnosis: &Diagnosis, width: Option<usize>, style: Style) -> Vec<String> {
    let mut lines = head(diagnosis, width, style);
    lines.push(String::new());
    for report in &diagnosis.reports {
        lines.extend(check(report, width, style));
    }
    lines
}

/// What is to be mended first, and what to do about it.
fn head(diagnosis: &Diagnosis, width: Option<usize>, style: Style) -> Vec<String> {
    let who = match &diagnosis.connection {
        Some(id) => text::plain(&id.short()).into_owned(),
        None => "This machine".to_owned(),
    };
    let Some(first) = cause(&diagnosis.reports) else {
        let took = text::millis(diagnosis.took_micros);
        let is_missing = |report: &&CheckReport| report.is_as(NoteCode::BrokenOff);
        let missing = diagnosis.reports.iter().filter(is_missing).count();
        let made = diagnosis.reports.len() - missing;
        let count = text::count(made as u64, "check", "checks");
        if missing > 0 {
            let words = format!("{who}: nothing is wrong so far ({count}, {missing} not made)");
            return vec![style.paint(Role::Busy, &words)];
        }
        let words = format!("{who}: nothing is wrong ({count}, {took})");
        return vec![style.paint(Role::Good, &words)];
    };
    let (role, words) = match first.verdict {
        Verdict::Failed => (Role::Bad, String::new()),
        _ => (Role::Busy, "it works; worth knowing: ".to_owned()),
    };
    let line = format!("{who}: {words}{}{}", plain_meaning(first), code(first));
    let mut lines = painted(&line, 0, width, role, style);
    if let Some(advice) = first.advice() {
        lines.extend(painted(&format!("→ {advice}"), 2, width, Role::Strong, style));
    }
    let more: Vec<_> = match first.verdict {
        Verdict::Failed => causes(&diagnosis.reports),
        verdict => diagnosis.reports.iter().filter(|one| one.verdict == verdict).collect(),
    };
    for more in more.into_iter().skip(1) {
        let line = format!("Also: {}{}", plain_meaning(more), code(more));
        lines.extend(painted(&line, 0, width, role, style));
    }
    lines
}

/// A check, with what it has seen.
fn check(report: &CheckReport, width: Option<usize>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let (word, role) = verdict(report.verdict);
    let indent = VERDICTS + TITLES;
    let title = report.check.title();
    let head = format!("{}{title:<TITLES$}", style.paint(role, &format!("{word:<VERDICTS$}")));
    let meaning = format!("{}{}", plain_meaning(report), took(report));
    let mut meaning = painted(&meaning, indent, width, Role::Plain, style).into_iter();
    let first = meaning.next().unwrap_or_default();
    lines.push(format!("{head}{}", first.trim_start()));
    lines.extend(meaning);
    let told = usize::from(report.fault.is_none());
    for note in report.notes.iter().skip(told) {
        let words = text::plain(&note.to_string()).into_owned();
        lines.extend(painted(&words, indent, width, Role::Plain, style));
    }
    for fact in &report.facts {
        let words = format!("{}: {}", fact.name.label(), text::plain(&fact.value));
        lines.extend(painted(&words, indent, width, Role::Faint, style));
    }
    if let Some(advice) = report.advice() {
        lines.extend(painted(&format!("→ {advice}"), indent, width, Role::Plain, style));
    }
    lines
}

fn verdict(verdict: Verdict) -> (&'static str, Role) {
    match verdict {
        Verdict::Ok => ("ok", Role::Good),
        Verdict::Warning => ("warning", Role::Busy),
        Verdict::Failed => ("failed", Role::Bad),
        Verdict::Skipped => ("skipped", Role::Faint),
        Verdict::Other => ("?", Role::Faint),
    }
}

fn plain_meaning(report: &CheckReport) -> String {
    text::plain(&report.meaning()).into_owned()
}

/// The code by which `hcm explain` knows it.
fn code(report: &CheckReport) -> String {
    let of_note = || report.notes.first().map(|note| note.code.as_str());
    let code = report.fault.as_ref().map(|fault| fault.code.as_str()).or_else(of_note);
    code.map(|code| format!(" [{code}]")).unwrap_or_default()
}

fn took(report: &CheckReport) -> String {
    match report.took_micros {
        0..1000 => String::new(),
        micros => format!(" ({})", text::millis(micros)),
    }
}

/// `words` in lines that begin at `indent`, painted.
fn painted(
    words: &str,
    indent: usize,
    width: Option<usize>,
    role: Role,
    style: Style,
) -> Vec<String> {
    let wrapped = match width {
        Some(width) => text::wrap(words, width.saturating_sub(indent)),
        None => vec![words.to_owned()],
    };
    wrapped.iter().map(|line| format!("{:indent$}{}", "", style.paint(role, line))).collect()
}

/// What is known of looks that are under way.
pub(crate) struct Live {
    /// Where it is drawn.
    pub(crate) screen: Screen,
    targets: usize,
    looks: BTreeMap<Option<ConnectionId>, Look>,
}

struct Look {
    began: Timestamp,
    checks: Vec<CheckName>,
    reports: Vec<CheckReport>,
}

impl Look {
    fn new() -> Self {
        Self { began: Timestamp::now(), checks: Vec::new(), reports: Vec::new() }
    }

    fn broken_off(&self, connection: Option<ConnectionId>) -> Diagnosis {
        let report = |check: &CheckName| {
            let known = self.reports.iter().find(|report| report.check == *check).cloned();
            let note = || Note::new(NoteCode::BrokenOff, "");
            known.unwrap_or_else(|| CheckReport::skipped_as(*check, note()))
        };
        let took = Timestamp::now().duration_since(self.began).as_micros();
        Diagnosis {
            connection,
            began: self.began,
            took_micros: u64::try_from(took).unwrap_or_default(),
            reports: self.checks.iter().map(report).collect(),
        }
    }
}

impl Live {
    /// Of so many looks nothing is known yet.
    pub(crate) fn new(targets: usize) -> Self {
        Self { screen: Screen::default(), targets, looks: BTreeMap::new() }
    }

    /// Takes what is told of a look.
    pub(crate) fn take(&mut self, connection: Option<ConnectionId>, step: DiagnosisStep) {
        let look = self.looks.entry(connection).or_insert_with(Look::new);
        match step {
            DiagnosisStep::Begun { checks } => look.checks = checks,
            DiagnosisStep::Checked { report } => look.reports.push(*report),
            DiagnosisStep::Other => {}
        }
    }

    /// What is known of those looks that are not among `whole`, which were broken off.
    pub(crate) fn broken_off(&self, whole: &[Diagnosis]) -> Vec<Diagnosis> {
        let is_whole = |id: &Option<ConnectionId>| whole.iter().any(|one| one.connection == *id);
        let looks = self.looks.iter().filter(|(id, _)| !is_whole(id));
        looks.map(|(id, look)| look.broken_off(id.clone())).collect()
    }

    /// What is known so far: every check of one connection, or how far each of several is.
    pub(crate) fn lines(&self, width: usize, style: Style) -> Vec<String> {
        let width = width.saturating_sub(1);
        if self.targets > 1 {
            let line = |(id, look): (&Option<ConnectionId>, &Look)| {
                let name = id.as_ref().map(ConnectionId::short).unwrap_or_default();
                let done = format!("{} of {}", look.reports.len(), look.checks.len());
                let found = cause(&look.reports).map(plain_meaning).unwrap_or_default();
                let line = format!("{}: {done}  {found}", text::plain(&name));
                text::cut(&line, width).into_owned()
            };
            return self.looks.iter().map(line).collect();
        }
        let Some(look) = self.looks.values().next() else { return Vec::new() };
        let line = |name: &CheckName| {
            let report = look.reports.iter().find(|report| report.check == *name);
            let (word, role) = report.map_or(("…", Role::Faint), |one| verdict(one.verdict));
            let meaning = report.map(plain_meaning).unwrap_or_default();
            let rest = format!("{:<TITLES$}{meaning}", name.title());
            let rest = text::cut(&rest, width.saturating_sub(VERDICTS)).into_owned();
            format!("{}{rest}", style.paint(role, &format!("{word:<VERDICTS$}")))
        };
        look.checks.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;
    use crate::model::diagnosis::FactName;
    use crate::model::{Fault, FaultCode};

    fn diagnosis(reports: Vec<CheckReport>) -> Diagnosis {
        let connection = Some(sample::id("contoso", "sql"));
        Diagnosis { connection, began: sample::now(), took_micros: 812_000, reports }
    }

    fn refused() -> Diagnosis {
        let fault = Fault::new(FaultCode::EndpointRefused, "10.0.0.5:1433 refused the connection");
        diagnosis(vec![
            CheckReport::ok(CheckName::Service).with(FactName::Version, "0.1.0"),
            CheckReport::skipped(CheckName::Gateways, CheckName::NamespaceTls),
            CheckReport { took_micros: 3200, ..CheckReport::failed(CheckName::EndpointTcp, fault) },
        ])
    }

    #[test]
    fn the_first_line_is_the_cause() {
        let expected = "\
contoso/sql: The endpoint refused the connection: 10.0.0.5:1433 refused the connection [endpoint-refused]
  → Check that the program is running and listens on this port.

ok       Service                     The service runs, and nothing is wrong with it as a whole
                                     Version: 0.1.0
skipped  Gateways                    Not looked at, because of this: TLS to the namespace
failed   TCP to the endpoint         The endpoint refused the connection: 10.0.0.5:1433 refused the connection (3.2 ms)
                                     → Check that the program is running and listens on this port.";
        assert_eq!(all(&[refused()], None, Style::PLAIN).join("\n"), expected);
        let narrow = all(&[refused()], Some(60), Style::PLAIN);
        assert!(narrow.iter().all(|line| text::width(line) <= 60), "{narrow:?}");
    }

    #[test]
    fn nothing_wrong_and_things_worth_knowing_are_said() {
        let fine = diagnosis(vec![CheckReport::ok(CheckName::Clock)]);
        let lines = all(&[fine], None, Style::PLAIN);
        assert_eq!(lines[0], "contoso/sql: nothing is wrong (1 check, 812 ms)");
        let warned = CheckReport::ok(CheckName::EndpointName)
            .warning(NoteCode::EndpointIsAddress, "10.0.0.5");
        let lines = all(&[diagnosis(vec![warned])], None, Style::PLAIN);
        assert_eq!(
            lines[0],
            "contoso/sql: it works; worth knowing: The endpoint is an IP address and no name: 10.0.0.5 [endpoint-is-address]"
        );
    }

    #[test]
    fn of_several_only_what_is_not_well_is_told_the_worst_first() {
        let fine = diagnosis(vec![CheckReport::ok(CheckName::Clock)]);
        let lines = all(&[fine, refused()], None, Style::PLAIN);
        assert!(lines[0].ends_with("[endpoint-refused]"), "{lines:?}");
        assert!(lines[2].starts_with("failed   TCP to the endpoint"), "{lines:?}");
        assert_eq!(lines[4], "contoso/sql: nothing is wrong (1 check, 812 ms)");
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn what_has_come_stands_beside_what_is_awaited() {
        let mut live = Live::new(1);
        let id = Some(sample::id("contoso", "sql"));
        let checks = vec![CheckName::Service, CheckName::Clock];
        live.take(id.clone(), DiagnosisStep::Begun { checks });
        let report = Box::new(CheckReport::ok(CheckName::Clock));
        live.take(id, DiagnosisStep::Checked { report });
        let lines = live.lines(50, Style::PLAIN);
        assert_eq!(lines[0].trim_end(), "…        Service");
        assert!(lines[1].starts_with("ok       Clock") && text::width(&lines[1]) < 50);
    }

    #[test]
    fn what_is_known_of_a_look_that_was_broken_off_is_told() {
        let mut live = Live::new(2);
        let (sql, web) = (Some(sample::id("contoso", "sql")), Some(sample::id("contoso", "web")));
        for id in [&sql, &web] {
            let checks = vec![CheckName::Service, CheckName::Clock];
            live.take(id.clone(), DiagnosisStep::Begun { checks });
            let report = Box::new(CheckReport::ok(CheckName::Service));
            live.take(id.clone(), DiagnosisStep::Checked { report });
        }
        let whole = diagnosis(vec![CheckReport::ok(CheckName::Clock)]);
        let parts = live.broken_off(&[whole]);
        assert_eq!(parts.iter().map(|part| part.connection.clone()).collect::<Vec<_>>(), [web]);
        let lines = all(&parts, None, Style::PLAIN);
        assert_eq!(lines[0], "contoso/web: nothing is wrong so far (1 check, 1 not made)");
        assert_eq!(
            lines[2],
            "ok       Service                     The service runs, and nothing is wrong with it as a whole"
        );
        assert!(
            lines[3].starts_with("skipped  Clock") && lines[3].contains("broken off"),
            "{lines:?}"
        );
    }
}
