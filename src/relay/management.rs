//! What Azure knows of a hybrid connection, among it the endpoint: one GET at the
//! namespace, answered with an Atom entry (`ManagementOperations.cs` of
//! azure-relay-dotnet).

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::control;
use super::sas::{self, MANAGEMENT_TOKEN_LIFE, Token};
use crate::model::metadata::{EndpointMetadata, MetadataError, parse_endpoint};
use crate::model::{ConnectionId, Credential, Fault, FaultCode, USER_AGENT_PRODUCT, one_line};
use crate::network::{AzureStream, Network};

/// How long the whole request may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;
/// The version that Microsoft's listeners ask for.
const API_VERSION: &str = "2016-07";
const CONNECT: &str = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";

/// A hybrid connection as Azure describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The endpoint, or why the metadata names none.
    pub endpoint: Result<EndpointMetadata, MetadataError>,
    /// Listeners of all machines.
    pub listener_count: Option<u32>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
}

/// Asks Azure for the description of `id`, within half a minute.
///
/// # Errors
/// As [`describe_within`].
pub async fn describe(
    network: &Network,
    id: &ConnectionId,
    credential: &Credential,
) -> Result<Description, Fault> {
    describe_within(network, id, credential, LIMIT).await
}

/// Asks Azure for the description of `id`, within `limit`.
///
/// # Errors
/// The network's faults; `Unauthorized`, `Forbidden`, `NotFound` and
/// `ServiceUnavailable` as Azure answers; `EndpointUnknown` when the answer is not one
/// of Azure Relay.
pub async fn describe_within(
    network: &Network,
    id: &ConnectionId,
    credential: &Credential,
    limit: Duration,
) -> Result<Description, Fault> {
    let deadline = Instant::now() + limit;
    let token = Token::issue(credential, id, Timestamp::now(), MANAGEMENT_TOKEN_LIFE)?;
    let namespace = id.namespace();
    let stream = network.open(namespace.host(), namespace.port(), deadline).await?;
    timeout_at(deadline, ask(stream, id, &token)).await.unwrap_or_else(|_| {
        let detail = format!("{namespace} did not answer within {} s", limit.as_secs());
        Err(Fault::new(FaultCode::AzureTimedOut, detail))
    })
}

async fn ask(stream: AzureStream, id: &ConnectionId, token: &Token) -> Result<Description, Fault> {
    let namespace = id.namespace();
    let broken = |error: hyper::Error| {
        Fault::new(FaultCode::EndpointUnknown, format!("the request to {namespace} broke: {error}"))
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request =
        Request::get(format!("/{}?api-version={API_VERSION}", sas::encode_path(id.name())))
            .header(HOST, namespace.to_string())
            .header(AUTHORIZATION, token.text.expose())
            .header("X-PROCESS-AT", "ServiceBus")
            .header(USER_AGENT, USER_AGENT_PRODUCT)
            .body(Empty::<Bytes>::new())
            .map_err(|error| Fault::new(FaultCode::EndpointUnknown, error.to_string()))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(|error| {
            Fault::new(FaultCode::EndpointUnknown, format!("the answer could not be read: {error}"))
        })?;
        Ok::<_, Fault>((head, body.to_bytes()))
    };
    tokio::pin!(answer);
    let (head, body) = tokio::select! {
        answer = &mut answer => answer?,
        ended = connection => { ended.map_err(broken)?; answer.await? }
    };
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let body = String::from_utf8_lossy(&body);
    if head.status != StatusCode::OK {
        return Err(error_answer(head.status, &body, header(DATE)));
    }
    if header(CONTENT_TYPE).is_some_and(is_feed) {
        // Azure answers a path that it does not know with a list of what there is.
        return Err(Fault::new(FaultCode::NotFound, format!("{id} is unknown to its namespace")));
    }
    parse_entry(&body)
}

fn is_feed(content_type: &str) -> bool {
    content_type.to_ascii_lowercase().split(';').any(|part| part.trim() == "type=feed")
}

fn error_answer(status: StatusCode, body: &str, date: Option<&str>) -> Fault {
    let detail = roxmltree::Document::parse(body).ok().and_then(|document| {
        let text = |name: &str| {
            document.descendants().find(|node| node.has_tag_name(name))?.text().map(str::to_owned)
        };
        text("Detail").or_else(|| text("Code"))
    });
    if status == StatusCode::NO_CONTENT {
        return Fault::new(FaultCode::NotFound, "the namespace answers without a description");
    }
    let reason = detail.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    control::answered(status.as_u16(), &reason, date, Timestamp::now())
}

/// Reads the Atom entry; elements that are not known are passed over.
fn parse_entry(body: &str) -> Result<Description, Fault> {
    let unreadable = |problem: String| Fault::new(FaultCode::EndpointUnknown, one_line(&problem));
    let document = roxmltree::Document::parse(body)
        .map_err(|error| unreadable(format!("the answer is no Atom entry: {error}")))?;
    let description = document
        .descendants()
        .find(|node| node.has_tag_name((CONNECT, "HybridConnectionDescription")))
        .ok_or_else(|| {
            unreadable("the answer has no element HybridConnectionDescription".to_owned())
        })?;
    let text = |name: &str| {
        let child = description.children().find(|node| node.has_tag_name((CONNECT, name)))?;
        child.text().map(str::trim)
    };
    Ok(Description {
        endpoint: parse_endpoint(text("UserMetadata").unwrap_or_default()),
        listener_count: text("ListenerCount").and_then(|count| count.parse().ok()),
        created_at: text("CreatedAt").and_then(parse_time),
        updated_at: text("UpdatedAt").and_then(parse_time),
    })
}

/// Times come with a zone, or without one and then mean UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRY: &str = r#"<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><title>hc1</title>
      <content type="application/xml"><HybridConnectionDescription
        xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="x">
        <CreatedAt>2024-05-06T07:08:09.1234567Z</CreatedAt><UpdatedAt>2024-05-07T00:00:00</UpdatedAt>
        <RequiresClientAuthorization>true</RequiresClientAuthorization><Future><Deep/></Future>
        <UserMetadata>[{"key":"endpoint","value":"db:1433"}]</UserMetadata>
        <ListenerCount>2</ListenerCount></HybridConnectionDescription></content></entry>"#;

    #[test]
    fn reads_the_entry() {
        let read = parse_entry(ENTRY).unwrap();
        assert_eq!(read.endpoint.unwrap().endpoint.to_string(), "db:1433");
        assert_eq!(read.listener_count, Some(2));
        assert!(read.created_at.is_some() && read.updated_at.is_some());
    }

    #[test]
    fn an_entry_without_metadata_is_read_and_says_so() {
        let bare = ENTRY.replace(
            "<UserMetadata>[{\"key\":\"endpoint\",\"value\":\"db:1433\"}]</UserMetadata>",
            "",
        );
        assert_eq!(parse_entry(&bare).unwrap().endpoint, Err(MetadataError::Empty));
    }

    #[test]
    fn what_is_no_entry_is_said_in_words() {
        for (body, words) in [
            ("<html>", "no Atom entry"),
            ("", "no Atom entry"),
            ("<entry/>", "HybridConnectionDescription"),
        ] {
            let fault = parse_entry(body).unwrap_err();
            assert_eq!(fault.code, FaultCode::EndpointUnknown);
            assert!(fault.detail.contains(words), "{}", fault.detail);
        }
    }

    #[test]
    fn an_error_answer_keeps_azures_words_and_tracking_id() {
        let body = "<Error><Code>401</Code><Detail>The token is bad. TrackingId:abc_G1, Timestamp:x</Detail></Error>";
        let fault = error_answer(StatusCode::UNAUTHORIZED, body, None);
        assert_eq!(fault.code, FaultCode::Unauthorized);
        assert!(fault.detail.contains("The token is bad."));
        assert_eq!(fault.tracking_id.as_deref(), Some("abc_G1"));
        let fault = error_answer(StatusCode::SERVICE_UNAVAILABLE, "<html>", None);
        assert_eq!(fault.code, FaultCode::ServiceUnavailable);
        assert_eq!(error_answer(StatusCode::NO_CONTENT, "", None).code, FaultCode::NotFound);
    }

    #[test]
    fn a_feed_is_told_from_an_entry() {
        assert!(is_feed("application/atom+xml;type=feed;charset=utf-8"));
        assert!(!is_feed("application/atom+xml;type=entry;charset=utf-8"));
    }

    proptest! {
        #[test]
        fn arbitrary_answers_never_panic(body in "\\PC*") {
            drop(parse_entry(&body));
            error_answer(StatusCode::BAD_REQUEST, &body, Some(&body));
        }
    }
}
