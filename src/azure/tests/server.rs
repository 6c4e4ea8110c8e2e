//! Resource Manager as a script: what each path answers, and what was asked.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    is_cut: bool,
    is_late: bool,
}

impl Reply {
    pub(super) fn json(body: &Value) -> Self {
        Self::text(200, "application/json; charset=utf-8", &body.to_string())
    }

    /// A list without a next page.
    pub(super) fn list(items: &[Value]) -> Self {
        Self::json(&json!({ "value": items }))
    }

    /// A list with a next page.
    pub(super) fn page(items: &[Value], next: &str) -> Self {
        Self::json(&json!({ "value": items, "nextLink": next }))
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "error": { "code": code, "message": message } });
        Self { status, ..Self::json(&body) }
    }

    pub(super) fn text(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![
            ("content-type", kind.to_owned()),
            ("x-ms-correlation-request-id", "correlation-1".to_owned()),
        ];
        Self { status, headers, body: body.to_owned(), is_cut: false, is_late: false }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The connection breaks in the middle of it.
    pub(super) fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    /// It never comes.
    pub(super) fn late(mut self) -> Self {
        self.is_late = true;
        self
    }
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Method, path and query, without the api-version.
    pub(super) what: String,
    /// The token.
    pub(super) token: String,
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Reply>>,
    asked: Vec<Asked>,
}

/// How many requests there are and were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) all: usize,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
}

/// The server; it ends with this value.
pub(super) struct Server {
    address: Url,
    script: Arc<Mutex<Script>>,
    counters: watch::Sender<Counters>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let counters = watch::Sender::new(Counters::default());
        let task = tokio::spawn(serve(listener, script.clone(), counters.clone()));
        Self { address: Url::parse(&address).unwrap(), script, counters, task }
    }

    pub(super) fn address(&self) -> Url {
        self.address.clone()
    }

    /// The absolute address of a path.
    pub(super) fn link(&self, path: &str) -> String {
        self.address.join(path).unwrap().into()
    }

    /// Answers `what`, method and path, with each of `replies` once and the last one ever
    /// after.
    pub(super) fn on(&self, what: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        let replies = replies.into_iter().collect();
        self.script.lock().unwrap().answers.insert(what.to_owned(), replies);
        self
    }

    /// The same for requests with a token for `tenant`.
    pub(super) fn on_token(
        &self,
        tenant: &str,
        what: &str,
        replies: impl IntoIterator<Item = Reply>,
    ) -> &Self {
        self.on(&format!("{tenant}: {what}"), replies)
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// How many requests were `what`.
    pub(super) fn count(&self, what: &str) -> usize {
        self.asked().iter().filter(|asked| asked.what == what).count()
    }

    pub(super) fn counters(&self) -> Counters {
        *self.counters.borrow()
    }

    /// Waits until the counters are as wanted.
    pub(super) async fn until(&self, wanted: impl Fn(&Counters) -> bool) -> Counters {
        let mut counters = self.counters.subscribe();
        *super::within(counters.wait_for(wanted)).await.unwrap()
    }
}

async fn serve(
    listener: TcpListener,
    script: Arc<Mutex<Script>>,
    counters: watch::Sender<Counters>,
) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { return };
        let (script, counters) = (script.clone(), counters.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (script, counters) = (script.clone(), counters.clone());
                async move { Ok::<_, Infallible>(answer(&request, &script, counters).await) }
            });
            let serving = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            serving.await.ok();
        });
    }
}

type Body = StreamBody<stream::Iter<std::vec::IntoIter<io::Result<Frame<Bytes>>>>>;

async fn answer(
    request: &Request<Incoming>,
    script: &Mutex<Script>,
    counters: watch::Sender<Counters>,
) -> Response<Body> {
    let _counting = Counting::new(counters);
    let reply = script.lock().unwrap().reply(request);
    if reply.is_late {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let mut frames = vec![Ok(Frame::data(Bytes::from(reply.body)))];
    if reply.is_cut {
        response = response.header("content-length", 1_000_000);
        frames.push(Err(io::ErrorKind::ConnectionReset.into()));
    }
    response.body(StreamBody::new(stream::iter(frames))).unwrap()
}

impl Script {
    fn reply(&mut self, request: &Request<Incoming>) -> Reply {
        let token = request.headers().get("authorization").map_or("", |it| it.to_str().unwrap());
        let token = token.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let versions = ["2022-12-01", "2024-01-01"].map(|version| format!("api-version={version}"));
        let what = match query {
            query if versions.iter().any(|version| version == query) => uri.path().to_owned(),
            query => format!("{}?{query}", uri.path()),
        };
        let what = format!("{} {what}", request.method());
        let for_tenant = format!("{}: {what}", token.split('-').next().unwrap_or_default());
        self.asked.push(Asked { what: what.clone(), token });
        let key = if self.answers.contains_key(&for_tenant) { &for_tenant } else { &what };
        match self.answers.get_mut(key) {
            Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
            Some(replies) => replies[0].clone(),
            None => Reply::error(404, "ResourceNotFound", &format!("{what} was not found")),
        }
    }
}

/// A request that is answered, until its answer goes out or the client goes away.
struct Counting(watch::Sender<Counters>);

impl Counting {
    fn new(counters: watch::Sender<Counters>) -> Self {
        counters.send_modify(|it| {
            it.all += 1;
            it.in_flight += 1;
            it.most_in_flight = it.most_in_flight.max(it.in_flight);
        });
        Self(counters)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.send_modify(|it| it.in_flight -= 1);
    }
}

/// The path of a namespace of the subscription `s1`.
pub(super) fn namespace_path(name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Relay/namespaces/{name}")
}

/// The path of a hybrid connection in it.
pub(super) fn connection_path(namespace: &str, name: &str) -> String {
    format!("{}/hybridConnections/{name}", namespace_path(namespace))
}

/// The list of namespaces.
pub(super) const NAMESPACES: &str = "GET /subscriptions/s1/providers/Microsoft.Relay/namespaces";

/// The list of the hybrid connections of a namespace.
pub(super) fn connections(namespace: &str) -> String {
    format!("GET {}/hybridConnections", namespace_path(namespace))
}

pub(super) fn namespace(name: &str) -> Value {
    json!({
        "id": namespace_path(name),
        "name": name,
        "type": "Microsoft.Relay/Namespaces",
        "location": "West Europe",
        "properties": {
            "provisioningState": "Succeeded",
            "serviceBusEndpoint": format!("https://{name}.servicebus.example:443/"),
        },
    })
}

pub(super) fn connection(namespace: &str, name: &str) -> Value {
    json!({
        "id": connection_path(namespace, name),
        "name": name,
        "type": "Microsoft.Relay/Namespaces/HybridConnections",
        "properties": {
            "listenerCount": 1,
            "requiresClientAuthorization": true,
            "userMetadata": r#"[{"key":"endpoint","value":"db.corp:1433"}]"#,
        },
    })
}

/// A server with `namespaces`, each with one hybrid connection named "sql".
pub(super) async fn with_namespaces(namespaces: &[&str]) -> Server {
    let server = Server::start().await;
    let items: Vec<_> = namespaces.iter().map(|name| namespace(name)).collect();
    server.on(NAMESPACES, [Reply::list(&items)]);
    for name in namespaces {
        server.on(&connections(name), [Reply::list(&[connection(name, "sql")])]);
    }
    server
}
