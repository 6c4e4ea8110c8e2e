//! What the administrator of this machine allows: which endpoints may be served.
//!
//! A policy only takes away. Where one is in force, what it does not name is not served, and
//! what of it cannot be read allows nothing.

mod pattern;

use serde::{Deserialize, Serialize};

use self::pattern::Pattern;
use super::endpoint::Endpoint;
use super::fault::{Fault, FaultCode};

/// Longest text of an entry that is repeated in a message, in characters.
const LONGEST_SHOWN: usize = 100;

/// A policy as it was read. The default is none, which allows everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Where it lies, for messages.
    place: String,
    /// Why nothing at all is allowed.
    forbidden: Option<String>,
    /// All that is allowed; everything without a list.
    endpoints: Option<Vec<Pattern>>,
    /// What of it cannot be read, in words.
    problems: Vec<String>,
}

/// What is told of a policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInfo {
    /// Where it lies: a registry key or a file.
    pub place: String,
    /// Whether any hybrid connection may be served.
    pub allowed: bool,
    /// How many entries its list of allowed endpoints has; nothing without a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<u64>,
}

impl Policy {
    /// A policy that lies at `place` and takes nothing away yet.
    pub fn at(place: impl Into<String>) -> Self {
        Self { place: place.into(), ..Self::default() }
    }

    /// Allows nothing at all, and says why in words.
    pub fn forbid(&mut self, reason: impl Into<String>) {
        self.forbidden.get_or_insert(reason.into());
    }

    /// The same because something cannot be read.
    pub fn forbid_unreadable(&mut self, problem: impl Into<String>) {
        let problem = problem.into();
        self.forbid(problem.clone());
        self.problems.push(problem);
    }

    /// Allows from now on only what is listed.
    pub fn restrict(&mut self) {
        self.endpoints.get_or_insert_default();
    }

    /// Lists `entry`, which is known as `name`: `host:port`, where the host may be `*`,
    /// `*.domain` or a range of addresses, and the port `*` or a range. One that cannot be
    /// read allows nothing. An empty one is none.
    pub fn list(&mut self, name: &str, entry: &str) {
        self.restrict();
        let entry = entry.trim();
        if entry.is_empty() {
            return;
        }
        match entry.parse() {
            Ok(pattern) => self.endpoints.get_or_insert_default().push(pattern),
            Err(error) => {
                let shown: String = entry.chars().take(LONGEST_SHOWN).collect();
                self.problems.push(format!("{name} ({shown:?}): {error}"));
            }
        }
    }

    /// Lists something that is known as `name` and is no text, for the reason `problem`.
    pub fn list_unreadable(&mut self, name: &str, problem: &str) {
        self.restrict();
        self.problems.push(format!("{name}: {problem}"));
    }

    /// Whether `endpoint` may be dialled and served.
    ///
    /// # Errors
    /// [`FaultCode::PolicyDenied`], which names the endpoint and where the policy lies.
    pub fn permits(&self, endpoint: &Endpoint) -> Result<(), Fault> {
        self.permits_any()?;
        let Some(listed) = &self.endpoints else { return Ok(()) };
        if listed.iter().any(|pattern| pattern.matches(endpoint)) {
            return Ok(());
        }
        let mut detail =
            format!("{endpoint} is not on the list of allowed endpoints in {}", self.place);
        if let Some(unreadable) = self.problem() {
            detail.push_str(&format!(", in which something cannot be read: {unreadable}"));
        }
        Err(Fault::new(FaultCode::PolicyDenied, detail))
    }

    /// Whether there may be an endpoint that may be served.
    ///
    /// # Errors
    /// [`FaultCode::PolicyDenied`], which says where the policy lies.
    pub fn permits_any(&self) -> Result<(), Fault> {
        let Some(reason) = &self.forbidden else { return Ok(()) };
        let detail = format!("{} allows no hybrid connection: {reason}", self.place);
        Err(Fault::new(FaultCode::PolicyDenied, detail))
    }

    /// What is to be told of it; nothing where it takes nothing away.
    pub fn info(&self) -> Option<PolicyInfo> {
        let count = |list: &Vec<Pattern>| u64::try_from(list.len()).unwrap_or(u64::MAX);
        let is_in_force = self.forbidden.is_some() || self.endpoints.is_some();
        is_in_force.then(|| PolicyInfo {
            place: self.place.clone(),
            allowed: self.forbidden.is_none(),
            endpoints: self.endpoints.as_ref().map(count),
        })
    }

    /// What of it cannot be read, in words.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The same as a fault of the service.
    pub fn fault(&self) -> Option<Fault> {
        let detail = format!("{}: {}", self.place, self.problem()?);
        Some(Fault::new(FaultCode::PolicyUnreadable, detail))
    }

    /// The first problem, and how many more there are.
    fn problem(&self) -> Option<String> {
        let (first, more) = self.problems.split_first()?;
        Some(match more.len() {
            0 => first.clone(),
            more => format!("{first} (and {more} more)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn listing(entries: &[&str]) -> Policy {
        let mut policy = Policy::at("the policy");
        policy.restrict();
        for (number, entry) in entries.iter().enumerate() {
            policy.list(&format!("AllowedEndpoints, entry {}", number + 1), entry);
        }
        policy
    }

    #[test]
    fn none_allows_everything_and_is_not_told() {
        for policy in [Policy::default(), Policy::at("the policy")] {
            policy.permits(&endpoint("db.corp:1433")).unwrap();
            assert_eq!((policy.info(), policy.fault()), (None, None));
        }
    }

    #[test]
    fn a_list_allows_what_is_on_it_alone_and_names_the_rest() {
        let policy = listing(&["db.corp:1433", " ", "*.web.corp:443"]);
        policy.permits(&endpoint("DB.corp:1433")).unwrap();
        policy.permits(&endpoint("a.web.corp:443")).unwrap();
        let fault = policy.permits(&endpoint("db.corp:1434")).unwrap_err();
        assert_eq!(fault.code, FaultCode::PolicyDenied);
        assert_eq!(
            fault.detail,
            "db.corp:1434 is not on the list of allowed endpoints in the policy"
        );
        let info = policy.info().unwrap();
        assert_eq!((info.allowed, info.endpoints), (true, Some(2)));
    }

    #[test]
    fn a_list_without_entries_allows_nothing() {
        let policy = listing(&[]);
        policy.permits(&endpoint("db.corp:1433")).unwrap_err();
        policy.permits_any().unwrap();
        assert_eq!(policy.info().unwrap().endpoints, Some(0));
        assert_eq!(policy.fault(), None);
    }

    #[test]
    fn an_entry_that_cannot_be_read_allows_nothing_and_is_named() {
        let mut policy = listing(&["db.corp:1433", "db.corp", "*:99999"]);
        policy.list_unreadable(r"AllowedEndpoints\7", "it is no text");
        policy.permits(&endpoint("db.corp:1433")).unwrap();
        let fault = policy.permits(&endpoint("x:99")).unwrap_err();
        let named = "AllowedEndpoints, entry 2 (\"db.corp\"): it has no port";
        assert!(fault.detail.contains(named), "{fault}");
        let fault = policy.fault().unwrap();
        assert_eq!(fault.code, FaultCode::PolicyUnreadable);
        assert!(fault.detail.contains(named) && fault.detail.ends_with("(and 2 more)"), "{fault}");
        assert_eq!(policy.problems().len(), 3);
        assert_eq!(policy.problems()[2], r"AllowedEndpoints\7: it is no text");

        let only_bad = listing(&["db.corp"]);
        only_bad.permits(&endpoint("db.corp:1433")).unwrap_err();
        let long = listing(&[&"x".repeat(100_000)]);
        assert!(long.problems()[0].len() < 500);
    }

    #[test]
    fn one_that_forbids_says_why() {
        let mut policy = listing(&["*:*"]);
        policy.forbid("AllowHybridConnections is 0");
        let fault = policy.permits(&endpoint("db.corp:1433")).unwrap_err();
        assert_eq!(
            fault.detail,
            "the policy allows no hybrid connection: AllowHybridConnections is 0"
        );
        assert_eq!(policy.permits_any().unwrap_err(), fault);
        assert_eq!(policy.fault(), None);
        assert!(!policy.info().unwrap().allowed);

        let mut unreadable = Policy::at("the policy");
        unreadable.forbid_unreadable("it is no JSON");
        unreadable.permits_any().unwrap_err();
        assert_eq!(unreadable.fault().unwrap().detail, "the policy: it is no JSON");
    }
}
