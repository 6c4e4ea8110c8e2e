//! What a look at everything that a connection needs has shown: one report for each check,
//! told as it comes. These types are the wire; what they mean stands beside them.

mod cause;
mod check;
mod note;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use cause::{cause, causes};
pub use check::CheckName;
pub use note::NoteCode;

use super::fault::Fault;
use super::names::ConnectionId;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// It works, and something should be known or mended.
    Warning,
    /// Streams are kept from their way.
    Failed,
    /// It was not looked at.
    Skipped,
    /// One that this version does not know; none of this one.
    #[serde(other)]
    Other,
}

impl Verdict {
    /// The stable text form, `ok` for example.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Other => "other",
        }
    }
}

/// Something to know about what a check has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What kind of thing.
    pub code: NoteCode,
    /// What was seen: names, addresses, numbers; never a secret. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Note {
    /// A note with what was seen.
    pub fn new(code: NoteCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.summary())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

macro_rules! fact_names {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $label:literal; )*) => {
        /// What a value is that a check has seen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum FactName {
            $( $(#[$doc])* #[serde(rename = $text)] $name, )*
        }

        impl FactName {
            /// All of them.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The stable text form, `address` for example.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// The same as a label.
            pub fn label(self) -> &'static str {
                match self { $( Self::$name => $label, )* }
            }
        }
    };
}

fact_names! {
    /// Version of a program.
    Version = "version", "Version";
    /// Process id of the service.
    ProcessId = "process-id", "Process id";
    /// Since when something is so, in UTC.
    Since = "since", "Since";
    /// The account or file of a policy.
    Policy = "policy", "Policy";
    /// An address that a name leads to.
    Address = "address", "Address";
    /// The name behind an alias (CNAME).
    CanonicalName = "canonical-name", "Canonical name";
    /// The name of the Azure deployment that serves the namespace.
    Stamp = "stamp", "Stamp";
    /// Where a connection was opened to, and how long that took or why it failed.
    Connected = "connected", "TCP";
    /// The proxy, without its password.
    Proxy = "proxy", "Proxy";
    /// Where the choice of a proxy comes from.
    ProxySource = "proxy-source", "Chosen by";
    /// Version of TLS.
    TlsVersion = "tls-version", "TLS version";
    /// A certificate that the other side shows, the first one first: its name and who signs it.
    Certificate = "certificate", "Certificate";
    /// Azure's clock.
    AzureTime = "azure-time", "Azure's clock";
    /// This machine's clock.
    LocalTime = "local-time", "This clock";
    /// How far this machine's clock is ahead of Azure's, in seconds; negative where it is behind.
    Ahead = "ahead", "Ahead by (s)";
    /// The endpoint.
    Endpoint = "endpoint", "Endpoint";
    /// How many listeners of all machines Azure counts.
    Listeners = "listeners", "Listeners";
    /// The gateway that serves the channel.
    Gateway = "gateway", "Gateway";
    /// How many gateways were reached, of how many.
    GatewaysReached = "gateways-reached", "Reached";
    /// A gateway that was not reached, and why.
    GatewayUnreached = "gateway-unreached", "Not reached";
    /// A file that was looked at.
    File = "file", "File";
    /// A program that was found.
    Program = "program", "Program";
    /// Azure's tracking id.
    TrackingId = "tracking-id", "Tracking id";
    /// A value that this version does not know; none of this one.
    #[serde(other)]
    Other = "other", "Also";
}

/// A value that a check has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: FactName,
    /// The value, as it is shown; never a secret.
    pub value: String,
}

impl Fact {
    /// A fact.
    pub fn new(name: FactName, value: impl ToString) -> Self {
        Self { name, value: value.to_string() }
    }
}

/// What one check has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Which check.
    pub check: CheckName,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it failed, where that is a fault of a connection or of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The check whose failure keeps this one from being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<CheckName>,
    /// What should be known; where it failed without a fault, the first one says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What was seen, in the order in which it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// How long it took, in microseconds.
    #[serde(default)]
    pub took_micros: u64,
}

impl CheckReport {
    fn new(check: CheckName, verdict: Verdict) -> Self {
        Self {
            check,
            verdict,
            fault: None,
            because: None,
            notes: Vec::new(),
            facts: Vec::new(),
            took_micros: 0,
        }
    }

    /// One that found all well.
    pub fn ok(check: CheckName) -> Self {
        Self::new(check, Verdict::Ok)
    }

    /// One that failed with `fault`.
    pub fn failed(check: CheckName, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::new(check, Verdict::Failed) }
    }

    /// One that failed for what `note` says.
    pub fn failed_as(check: CheckName, note: Note) -> Self {
        Self { notes: vec![note], ..Self::new(check, Verdict::Failed) }
    }

    /// One that was not made because `because` has failed.
    pub fn skipped(check: CheckName, because: CheckName) -> Self {
        Self { because: Some(because), ..Self::new(check, Verdict::Skipped) }
    }

    /// One that was not made for what `note` says.
    pub fn skipped_as(check: CheckName, note: Note) -> Self {
        Self { notes: vec![note], ..Self::new(check, Verdict::Skipped) }
    }

    /// The same with something to know that changes nothing about how it ended.
    pub fn noting(mut self, code: NoteCode, detail: impl Into<String>) -> Self {
        self.notes.push(Note::new(code, detail));
        self
    }

    /// The same with something that should be mended.
    pub fn warning(mut self, code: NoteCode, detail: impl Into<String>) -> Self {
        if self.verdict == Verdict::Ok {
            self.verdict = Verdict::Warning;
        }
        self.noting(code, detail)
    }

    /// The same with a value that was seen.
    pub fn with(mut self, name: FactName, value: impl ToString) -> Self {
        self.facts.push(Fact::new(name, value));
        self
    }

    /// Whether what it has to say first is `code`.
    pub fn is_as(&self, code: NoteCode) -> bool {
        self.fault.is_none() && self.notes.first().is_some_and(|note| note.code == code)
    }

    /// What it found, in one sentence without a full stop.
    pub fn meaning(&self) -> String {
        match (&self.fault, self.notes.first(), self.because) {
            (Some(fault), ..) => fault.to_string(),
            (None, Some(note), _) => note.to_string(),
            (None, None, Some(because)) => {
                format!("Not looked at, because of this: {}", because.title())
            }
            (None, None, None) => self.check.ok().to_owned(),
        }
    }

    /// What to do about it; nothing where nothing is to be done.
    pub fn advice(&self) -> Option<&'static str> {
        let of_note = || self.notes.first().map(|note| note.code.advice());
        match self.verdict {
            Verdict::Failed | Verdict::Warning => {
                self.fault.as_ref().map(|fault| fault.code.advice()).or_else(of_note)
            }
            Verdict::Ok | Verdict::Skipped | Verdict::Other => None,
        }
    }
}

/// A whole look, when it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The connection that was looked at; nothing where none was.
    pub connection: Option<ConnectionId>,
    /// When it began.
    pub began: Timestamp,
    /// How long it took, in microseconds.
    pub took_micros: u64,
    /// One for each check, in the order of [`CheckName`].
    pub reports: Vec<CheckReport>,
}

/// What is told of a look that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum DiagnosisStep {
    /// It has begun; these checks follow, in any order.
    Begun {
        /// Which checks.
        checks: Vec<CheckName>,
    },
    /// A check has ended.
    Checked {
        /// What it has shown.
        report: Box<CheckReport>,
    },
    /// What a newer service tells besides; none of this one.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests;
