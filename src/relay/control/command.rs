//! The JSON messages of the control channel (Relay protocol guide, "Listener
//! interaction"): one object with one member that names the command.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::{Secret, missing_field};

/// A command from Azure.
#[derive(PartialEq, Eq)]
pub(super) enum Command {
    /// A sender wants a stream.
    Accept(Accept),
    /// An HTTP request; without an id, its head is to be fetched at the address.
    Request { id: Option<String>, address: String },
    /// A command of a newer protocol, or none of ours.
    Unknown(String),
}

/// A stream that waits for this listener. `Debug` leaves the address out: who has it can
/// take the stream.
#[derive(Clone, PartialEq, Eq)]
pub struct Accept {
    /// The rendezvous address, to be used exactly as it is; works once, for 30 s.
    pub address: String,
    /// The sender's or Azure's id of the stream.
    pub id: String,
    /// The subprotocols that the sender offers.
    pub protocols: Option<String>,
    /// Where the sender connects from.
    pub remote: Option<String>,
}

/// Why a message is no command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It is no JSON object.
    #[error("the message is no JSON object (line {line}, column {column})")]
    NotJson {
        /// Line in the message, from 1.
        line: usize,
        /// Column in the message, from 1.
        column: usize,
    },
    /// It has no member at all.
    #[error("the message names no command")]
    Empty,
    /// A member of the command is missing or of another type.
    #[error("the command {command:?} is not as the protocol has it: {problem}")]
    BadMembers {
        /// Which command.
        command: &'static str,
        /// What is wrong, without any value of the message.
        problem: String,
    },
    /// The address leads nowhere.
    #[error("the command {0:?} has no address of the form wss://HOST/…")]
    NoAddress(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AcceptMembers {
    address: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    connect_headers: Map<String, Value>,
    remote_endpoint: Option<RemoteEndpoint>,
}

#[derive(Deserialize)]
struct RemoteEndpoint {
    address: Option<String>,
    port: Option<u32>,
}

#[derive(Deserialize)]
struct RequestMembers {
    #[serde(default)]
    address: String,
    id: Option<String>,
}

/// Reads one command; members that are not known are ignored.
pub(super) fn parse(text: &str) -> Result<Command, CommandError> {
    let mut object: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| CommandError::NotJson { line: error.line(), column: error.column() })?;
    // A member of a newer protocol may stand beside the command.
    let (name, value) = ["accept", "request"]
        .into_iter()
        .find_map(|known| object.remove_entry(known))
        .or_else(|| object.into_iter().next())
        .ok_or(CommandError::Empty)?;
    match name.as_str() {
        "accept" => {
            let members: AcceptMembers =
                serde_json::from_value(value).map_err(|error| bad_members("accept", &error))?;
            if !members.address.starts_with("wss://") {
                return Err(CommandError::NoAddress("accept"));
            }
            Ok(Command::Accept(members.into()))
        }
        "request" => {
            let members: RequestMembers =
                serde_json::from_value(value).map_err(|error| bad_members("request", &error))?;
            if members.id.is_none() && !members.address.starts_with("wss://") {
                return Err(CommandError::NoAddress("request"));
            }
            Ok(Command::Request { id: members.id, address: members.address })
        }
        _ => Ok(Command::Unknown(name.chars().take(64).collect())),
    }
}

/// The library's words repeat values, and an address may be one of them.
fn bad_members(command: &'static str, error: &serde_json::Error) -> CommandError {
    let problem = match missing_field(&error.to_string()) {
        Some(name) => format!("the member \"{name}\" is missing"),
        None => "a member is not of the type it should be".to_owned(),
    };
    CommandError::BadMembers { command, problem }
}

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept")
            .field("id", &self.id)
            .field("protocols", &self.protocols)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(accept) => accept.fmt(f),
            Self::Request { id, .. } => {
                f.debug_struct("Request").field("id", id).finish_non_exhaustive()
            }
            Self::Unknown(name) => f.debug_tuple("Unknown").field(name).finish(),
        }
    }
}

impl From<AcceptMembers> for Accept {
    fn from(members: AcceptMembers) -> Self {
        let protocols = members
            .connect_headers
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
            .and_then(|(_, value)| value.as_str().map(str::to_owned));
        let remote = members.remote_endpoint.and_then(|remote| {
            let address = remote.address?;
            Some(remote.port.map_or(address.clone(), |port| format!("{address}:{port}")))
        });
        Self { address: members.address, id: members.id, protocols, remote }
    }
}

/// The answer to an HTTP request, which a TCP endpoint cannot serve. A listener that
/// never answers requests may be blocked by Azure.
pub(crate) fn not_implemented(id: &str) -> String {
    json!({"response": {
        "requestId": id,
        "statusCode": 501,
        "statusDescription": "This listener serves TCP streams and no HTTP requests.",
        "responseHeaders": {},
        "body": false,
    }})
    .to_string()
}

/// The message that gives Azure a new token.
pub(super) fn renew_token(token: &Secret) -> Secret {
    Secret::new(json!({"renewToken": {"token": token.expose()}}).to_string())
}

/// The id in the `request` message that is fetched at its address.
pub(crate) fn fetched_request_id(text: &str) -> Option<String> {
    match parse(text).ok()? {
        Command::Request { id, .. } => id,
        Command::Accept(_) | Command::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_accept_and_ignores_what_it_does_not_know() {
        let text = r#"{"accept":{"address":"wss://g1.sb:443/$hc/hc1?sb-hc-action=accept","id":"a_G1",
            "connectHeaders":{"sec-websocket-protocol":"one, two","Host":"x"},
            "remoteEndpoint":{"address":"1.2.3.4","port":5678},"future":{"x":[1]}}}"#;
        let Command::Accept(accept) = parse(text).unwrap() else { panic!("no accept") };
        assert_eq!(accept.address, "wss://g1.sb:443/$hc/hc1?sb-hc-action=accept");
        assert_eq!(accept.protocols.as_deref(), Some("one, two"));
        assert_eq!(accept.remote.as_deref(), Some("1.2.3.4:5678"));
        assert!(!format!("{accept:?}").contains("wss://"), "{accept:?}");
        let least = r#"{"a newer":1,"accept":{"address":"wss://g/"}}"#;
        assert!(matches!(parse(least).unwrap(), Command::Accept(_)));
    }

    #[test]
    fn reads_both_forms_of_request() {
        let whole = r#"{"request":{"address":"wss://g/","id":"r1","method":"GET","body":false}}"#;
        assert_eq!(
            parse(whole).unwrap(),
            Command::Request { id: Some("r1".into()), address: "wss://g/".into() }
        );
        let elsewhere = r#"{"request":{"address":"wss://g/x"}}"#;
        assert_eq!(
            parse(elsewhere).unwrap(),
            Command::Request { id: None, address: "wss://g/x".into() }
        );
        assert_eq!(fetched_request_id(whole).as_deref(), Some("r1"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, words) in [
            ("[1]", "no JSON object"),
            ("{", "no JSON object"),
            ("{}", "names no command"),
            (r#"{"accept":{"id":"x"}}"#, "\"address\" is missing"),
            (r#"{"accept":"wss://g/x?sb-hc-token=c2Vj"}"#, "not of the type"),
            (r#"{"request":{"address":["wss://g/x?sb-hc-token=c2Vj"]}}"#, "not of the type"),
            (r#"{"accept":{"address":"http://x"}}"#, "wss://"),
            (r#"{"request":{}}"#, "wss://"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("c2Vj"), "{text}: {error}");
        }
        assert_eq!(parse(r#"{"injectFault":{}}"#).unwrap(), Command::Unknown("injectFault".into()));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            drop(parse(&text));
        }
    }
}
