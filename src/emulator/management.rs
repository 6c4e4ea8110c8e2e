//! The management address: what a hybrid connection is, as an Atom entry.

use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;

use super::answer::{Body, Refusal, full, tracked, with_reason};
use super::authorize::authorize;
use super::call::Call;
use super::encoding::xml_escape;
use super::hub::Hub;
use super::registry::Found;

const ENTRY: &str = "application/atom+xml;type=entry;charset=utf-8";
const FEED: &str = "application/atom+xml;type=feed;charset=utf-8";

/// Answers `GET https://host/path?api-version=…`: an entry, or a feed where there is no
/// such hybrid connection, which is what the service answers there.
pub(crate) async fn describe(hub: &Arc<Hub>, call: &Call) -> Response<Body> {
    match read(hub, call).await {
        Ok(Some(found)) => xml(StatusCode::OK, ENTRY, entry(call, &found), call),
        Ok(None) => xml(StatusCode::OK, FEED, feed(call), call),
        Err(refusal) => error(&refusal, call),
    }
}

/// Answers `GET https://host/`: an empty feed, for whoever tests the address.
pub(crate) fn describe_namespace(hub: &Hub, call: &Call) -> Response<Body> {
    match hub.check_namespace(&call.host) {
        Ok(()) => xml(StatusCode::OK, FEED, feed(call), call),
        Err(refusal) => error(&refusal, call),
    }
}

async fn read(hub: &Arc<Hub>, call: &Call) -> Result<Option<Found>, Refusal> {
    let path = call.entity_path()?;
    let found = hub.registry.find(&call.host, &path).filter(|found| found.suffix.is_empty());
    let target = found.as_ref().map(|found| &found.id);
    hub.faults.thawed(target).await;
    hub.faults.delayed(target).await;
    if let Some(refused) = hub.faults.refused_management(target) {
        return Err(Refusal::with_code(refused.status, refused.text));
    }
    hub.check_namespace(&call.host)?;
    let token = call.authorization().or_else(|| call.token());
    authorize(&hub.registry, &call.host, &path, token.as_deref(), None)?;
    Ok(found)
}

fn entry(call: &Call, found: &Found) -> String {
    let (created, updated) = (time(found.created_at), time(found.updated_at));
    let address = xml_escape(&format!("https://{}{}", call.host, call.target));
    let name = xml_escape(found.id.name());
    let namespace = xml_escape(found.id.namespace().label());
    let metadata = found.user_metadata.as_ref().map_or_else(String::new, |text| {
        format!("<UserMetadata>{}</UserMetadata>", xml_escape(text))
    });
    let (required, listeners) = (found.requires_client_authorization, found.listener_count);
    format!(
        "<entry xmlns=\"http://www.w3.org/2005/Atom\"><id>{address}</id>\
         <title type=\"text\">{name}</title><published>{created}</published>\
         <updated>{updated}</updated><author><name>{namespace}</name></author>\
         <link rel=\"self\" href=\"{address}\"/><content type=\"application/xml\">\
         <HybridConnectionDescription \
         xmlns=\"http://schemas.microsoft.com/netservices/2010/10/servicebus/connect\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <CreatedAt>{created}</CreatedAt><UpdatedAt>{updated}</UpdatedAt>\
         <RequiresClientAuthorization>{required}</RequiresClientAuthorization>{metadata}\
         <ListenerCount>{listeners}</ListenerCount></HybridConnectionDescription>\
         </content></entry>"
    )
}

fn feed(call: &Call) -> String {
    let address = xml_escape(&format!("https://{}{}", call.host, call.target));
    let now = time(Timestamp::now());
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <title type=\"text\">Publicly Listed Services</title><subtitle type=\"text\">\
         This is the list of publicly-listed services currently available.</subtitle>\
         <id>{address}</id><updated>{now}</updated></feed>"
    )
}

fn error(refusal: &Refusal, call: &Call) -> Response<Body> {
    let stamped = call.tracking.stamp(&refusal.text);
    let (code, detail) = (refusal.status.as_u16(), xml_escape(&stamped));
    let body = format!("<Error><Code>{code}</Code><Detail>{detail}</Detail></Error>");
    let mut response = with_reason(refusal.status, &stamped, call);
    *response.body_mut() = full(body);
    let kind = HeaderValue::from_static("application/xml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn xml(status: StatusCode, kind: &'static str, body: String, call: &Call) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    tracked(response, &call.tracking)
}

/// A time with seven decimals, as .NET writes it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}
