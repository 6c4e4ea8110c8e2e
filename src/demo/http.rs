//! The app in Azure: HTTP requests over a stream that leads through the relay.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(30);

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// What is asked for.
    pub(super) path: String,
    /// How much is sent along.
    pub(super) body: usize,
    /// The wait before it.
    pub(super) after: Duration,
}

/// The body of the answer to `GET path`, from `port` on this machine.
///
/// # Errors
/// When there is none within 30 s, or its status is not 200.
pub(crate) async fn get(port: u16, path: &str) -> io::Result<String> {
    let calls = [Call { path: path.to_owned(), body: 0, after: Duration::ZERO }];
    let mut answer = Bytes::new();
    let stream = within_limit(TcpStream::connect(("127.0.0.1", port))).await?;
    talk(stream, &calls, |body| answer = body).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Makes all `calls` one after the other over `stream`, and ends it in order.
///
/// # Errors
/// When an answer does not come within 30 s, or its status is not 200.
pub(super) async fn talk<S>(
    stream: S,
    calls: &[Call],
    mut answered: impl FnMut(Bytes),
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // The connection ends when `sender` is dropped, which is at the end of this block.
    let ask_all = async move {
        for call in calls {
            tokio::time::sleep(call.after).await;
            answered(within_limit(ask(&mut sender, call)).await?);
        }
        Ok(())
    };
    let hold = async { connection.without_shutdown().await.map_err(io::Error::other) };
    let (parts, ()) = tokio::try_join!(hold, ask_all)?;
    let mut stream = parts.io.into_inner();
    // The endpoint ends its direction when ours has ended.
    stream.shutdown().await?;
    within_limit(async { stream.read_to_end(&mut Vec::new()).await }).await?;
    Ok(())
}

async fn ask(sender: &mut SendRequest<Full<Bytes>>, call: &Call) -> io::Result<Bytes> {
    let method = if call.body == 0 { "GET" } else { "POST" };
    let request = Request::builder()
        .method(method)
        .uri(&call.path)
        .header(HOST, "endpoint.demo")
        .body(Full::new(Bytes::from(vec![b'x'; call.body])))
        .map_err(io::Error::other)?;
    sender.ready().await.map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    if response.status() != 200 {
        return Err(io::Error::other(format!("the answer has the status {}", response.status())));
    }
    Ok(response.into_body().collect().await.map_err(io::Error::other)?.to_bytes())
}

async fn within_limit<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let slow = |_| io::Error::new(io::ErrorKind::TimedOut, "the endpoint did not answer in 30 s");
    timeout(LIMIT, work).await.map_err(slow)?
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_wrong_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(async move {
            for answer in ["HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", ""] {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    stream.read_line(&mut line).await.unwrap();
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let error = get(port, "/").await.unwrap_err();
        assert_eq!(error.to_string(), "the answer has the status 500 Internal Server Error");
        get(port, "/").await.unwrap_err();
        served.await.unwrap();
    }
}
