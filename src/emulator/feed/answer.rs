//! One answer of the feed.

use std::io::{self, SeekFrom};
use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, IF_RANGE, RANGE,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::time::sleep;

use super::Shelf;
use super::range::Part;

/// The most bytes that are read and sent at a time.
const CHUNK: u32 = 64 << 10;
/// In how many pieces a second a slow answer comes.
const PIECES: u32 = 10;

/// The body of an answer; an error in it breaks the connection off.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Answers a request for a file of `shelf`.
pub(super) async fn answer(shelf: &Shelf, request: &Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    let answer = answer_with(shelf, request).await;
    let answer = answer.unwrap_or_else(|status| Response::builder().status(status).body(empty()));
    let answer = answer.unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be made");
        Response::new(empty())
    });
    let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
    tracing::info!(
        status = answer.status().as_u16(),
        range = range.unwrap_or("all"),
        "{} {path}",
        request.method()
    );
    answer
}

/// The answer, or the status of one that has nothing else to say.
async fn answer_with(
    shelf: &Shelf,
    request: &Request<Incoming>,
) -> Result<hyper::http::Result<Response<Body>>, StatusCode> {
    let is_head = match *request.method() {
        Method::GET => false,
        Method::HEAD => true,
        _ => {
            let refused = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED);
            return Ok(refused.header(ALLOW, "GET, HEAD").body(empty()));
        }
    };
    let place = shelf.find(request.uri().path()).await.ok_or(StatusCode::NOT_FOUND)?;
    let unread = |_: io::Error| StatusCode::INTERNAL_SERVER_ERROR;
    let mut file = File::open(&place).await.map_err(unread)?;
    let length = file.metadata().await.map_err(unread)?.len();
    // There is no validator, so what a client has may be of another file.
    let range = request.headers().get(RANGE).filter(|_| !request.headers().contains_key(IF_RANGE));
    let response = Response::builder().header(ACCEPT_RANGES, "bytes");
    let (first, count, response) = match Part::of(range.and_then(|r| r.to_str().ok()), length) {
        Part::Whole => (0, length, response),
        Part::Bytes { first, last } => {
            let range = format!("bytes {first}-{last}/{length}");
            let part = response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range);
            (first, last - first + 1, part)
        }
        Part::Unsatisfiable => {
            let refused = response.status(StatusCode::RANGE_NOT_SATISFIABLE);
            return Ok(refused.header(CONTENT_RANGE, format!("bytes */{length}")).body(empty()));
        }
    };
    file.seek(SeekFrom::Start(first)).await.map_err(unread)?;
    let response = response.header(CONTENT_LENGTH, count).header(CONTENT_TYPE, kind_of(&place));
    let body = if is_head { empty() } else { sent(shelf, &place, file, count) };
    Ok(response.body(body))
}

fn kind_of(file: &Path) -> &'static str {
    match file.extension().and_then(|end| end.to_str()) {
        Some("json") => "application/json",
        Some("md" | "txt" | "sig") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn empty() -> Body {
    Full::default().map_err(|never| match never {}).boxed_unsync()
}

/// What is still to be sent.
struct Sending {
    file: File,
    /// Bytes until the end.
    left: u64,
    /// Bytes until it breaks off.
    unbroken: u64,
    /// The most bytes of a piece, and how long after the one before it comes.
    piece: u32,
    pace: Option<Duration>,
}

/// The next `count` bytes of `file`, which lies at `place`.
fn sent(shelf: &Shelf, place: &Path, file: File, count: u64) -> Body {
    let unbroken = shelf.break_of(place, count).unwrap_or(count);
    let piece = match shelf.config.bytes_per_second {
        Some(rate) => (rate / PIECES).clamp(1, CHUNK),
        None => CHUNK,
    };
    let pace = shelf.config.bytes_per_second;
    let pace = pace.map(|rate| Duration::from_secs(1) * piece / rate.max(1));
    let sending = Sending { file, left: count, unbroken, piece, pace };
    let pieces = unfold(sending, async |mut sending| match sending.next().await {
        Ok(Some(bytes)) => Some((Ok(Frame::data(bytes)), sending)),
        Ok(None) => None,
        Err(error) => Some((Err(error), sending)),
    });
    StreamBody::new(pieces).boxed_unsync()
}

impl Sending {
    /// The next piece; an error where it breaks off.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        match self.pace {
            Some(pace) => sleep(pace).await,
            // What comes before a break is on its way when it breaks.
            None => tokio::task::yield_now().await,
        }
        if self.unbroken == 0 {
            return Err(io::Error::other("broken off as told"));
        }
        let most = self.unbroken.min(self.left).min(self.piece.into());
        let mut bytes = BytesMut::zeroed(usize::try_from(most).map_err(io::Error::other)?);
        let count = self.file.read(&mut bytes).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(count);
        self.left -= count as u64;
        self.unbroken -= count as u64;
        Ok(Some(bytes.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sending(bytes: &[u8], piece: u32, pace: Option<Duration>, unbroken: u64) -> Sending {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x");
        tokio::fs::write(&place, bytes).await.unwrap();
        let file = File::open(&place).await.unwrap();
        Sending { file, left: bytes.len() as u64, unbroken, piece, pace }
    }

    #[tokio::test]
    async fn it_comes_in_pieces_and_breaks_off_where_told() {
        let mut sending = sending(b"0123456789", 4, None, 6).await;
        assert_eq!(sending.next().await.unwrap().unwrap(), "0123");
        assert_eq!(sending.next().await.unwrap().unwrap(), "45");
        assert!(sending.next().await.unwrap_err().to_string().contains("as told"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_takes_its_time() {
        let started = tokio::time::Instant::now();
        let mut sending = sending(&[7; 30], 10, Some(Duration::from_secs(1)), 30).await;
        while sending.next().await.unwrap().is_some() {}
        assert_eq!(started.elapsed().as_secs(), 3);
    }
}
