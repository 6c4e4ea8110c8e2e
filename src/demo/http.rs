//! The app in Azure: one HTTP request to a port that leads through the relay.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(30);

/// The body of the answer to `GET path`.
///
/// # Errors
/// When there is none within 30 s, or its status is not 200.
pub(super) async fn get(port: u16, path: &str) -> io::Result<String> {
    let slow = |_| io::Error::new(io::ErrorKind::TimedOut, "the endpoint did not answer in 30 s");
    timeout(LIMIT, get_unlimited(port, path)).await.map_err(slow)?
}

async fn get_unlimited(port: u16, path: &str) -> io::Result<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, "endpoint.demo")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    if response.status() != 200 {
        return Err(io::Error::other(format!("the answer has the status {}", response.status())));
    }
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    drop(sender);
    driver.abort();
    Ok(String::from_utf8_lossy(&body).into_owned())
}
