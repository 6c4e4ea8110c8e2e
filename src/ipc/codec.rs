//! Messages on a byte stream: a little-endian `u32` with the length in bytes, then
//! that much JSON. Generic over the stream and over what the JSON means.
//!
//! No error here shows a value out of a message: it may be a connection string.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_util::codec::{Decoder, FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::model::missing_field;

/// How long one message may be on its way, from its first byte to its last: then the side that
/// writes gives up the one that does not read, and the other way round.
pub const MESSAGE_TIME_LIMIT: Duration = Duration::from_secs(10);
/// Longest first message in bytes: until a stranger has said hello, little memory
/// is spent on it.
pub const MAX_HELLO_BYTES: usize = 16 << 10;

/// Why nothing more comes out of a stream.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The length says more than may be.
    #[error("a message is longer than the {longest} bytes that are allowed")]
    TooLong {
        /// Longest message in bytes.
        longest: usize,
    },
    /// The stream ended inside a message.
    #[error("the channel was closed in the middle of a message")]
    Cut,
    /// A message was begun and not ended.
    #[error("a message was not ended within {} s", .0.as_secs())]
    NotEnded(Duration),
    /// The stream broke.
    #[error("the channel broke: {0}")]
    Io(#[from] io::Error),
}

/// Why a message is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is no JSON.
    #[error("the message is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// It is JSON, and of a kind that this version does not know.
    #[error("the message is of a kind that this version does not know")]
    UnknownKind,
    /// A part of a known message is missing.
    #[error("the message has no \"{0}\"")]
    Missing(String),
    /// A part of it is not of the kind it should be.
    #[error("the message has a value that does not fit")]
    Unfit,
}

/// Why a message did not go out.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The message is longer than the other side takes; nothing was sent.
    #[error("the message has {length} bytes, and {longest} are allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// Longest message in bytes.
        longest: usize,
    },
    /// The other side does not read; the stream is of no more use.
    #[error("the other side did not read a message within {} s", .0.as_secs())]
    NotRead(Duration),
    /// An earlier message went out in part, or not at all.
    #[error("the channel is of no more use after an earlier failure")]
    Broken,
    /// The stream broke.
    #[error("the channel broke: {0}")]
    Io(#[from] io::Error),
}

/// Reads messages out of `R`.
pub struct MessageReader<R> {
    frames: FramedRead<R, Frames>,
}

impl<R: AsyncRead + Unpin> MessageReader<R> {
    /// Messages may be up to `longest` bytes long.
    pub fn new(stream: R, longest: usize) -> Self {
        Self { frames: FramedRead::new(stream, Frames::new(longest)) }
    }

    /// From the next message on, they may be up to `longest` bytes long.
    pub fn allow(&mut self, longest: usize) {
        self.frames.decoder_mut().inner.set_max_frame_length(longest);
    }

    /// The bytes of the next message, or `None` when the other side has closed the
    /// stream between two messages. Cancel-safe.
    ///
    /// # Errors
    /// [`ReadError`]; nothing more comes after one.
    pub async fn next(&mut self) -> Result<Option<BytesMut>, ReadError> {
        let mut limit = pin!(None);
        poll_fn(|cx| {
            if let Poll::Ready(read) = self.frames.poll_next_unpin(cx) {
                return Poll::Ready(read.transpose());
            }
            let Some(begun) = self.frames.decoder().begun else { return Poll::Pending };
            if limit.is_none() {
                limit.set(Some(sleep_until(begun + MESSAGE_TIME_LIMIT)));
            }
            if let Some(limit) = limit.as_mut().as_pin_mut() {
                ready!(limit.poll(cx));
            }
            Poll::Ready(Err(ReadError::NotEnded(MESSAGE_TIME_LIMIT)))
        })
        .await
    }
}

/// `LengthDelimitedCodec` with errors of our own. Alone it takes a stream that ends
/// right behind a length for one that ended well.
struct Frames {
    inner: LengthDelimitedCodec,
    /// Since when a message is only there in part.
    begun: Option<Instant>,
}

impl Frames {
    fn new(longest: usize) -> Self {
        Self { inner: codec(longest), begun: None }
    }
}

impl Decoder for Frames {
    type Item = BytesMut;
    type Error = ReadError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<BytesMut>, ReadError> {
        let before = bytes.len();
        match self.inner.decode(bytes) {
            Ok(Some(frame)) => {
                self.begun = None;
                Ok(Some(frame))
            }
            Ok(None) => {
                // What is gone already was the length.
                if before > 0 {
                    self.begun.get_or_insert_with(Instant::now);
                }
                Ok(None)
            }
            Err(_) => Err(ReadError::TooLong { longest: self.inner.max_frame_length() }),
        }
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> Result<Option<BytesMut>, ReadError> {
        match self.decode(bytes)? {
            None if self.begun.is_some() => Err(ReadError::Cut),
            decoded => Ok(decoded),
        }
    }
}

/// Writes messages into `W`.
pub struct MessageWriter<W> {
    frames: FramedWrite<W, LengthDelimitedCodec>,
    longest: usize,
    broken: bool,
}

impl<W: AsyncWrite + Unpin> MessageWriter<W> {
    /// Writes messages of up to `longest` bytes into `stream`.
    pub fn new(stream: W, longest: usize) -> Self {
        Self { frames: FramedWrite::new(stream, codec(longest)), longest, broken: false }
    }

    /// The stream; what was not written yet is lost.
    pub fn into_inner(self) -> W {
        self.frames.into_inner()
    }

    /// Writes `message` and waits until the system has taken it, so that one message
    /// at most is kept in memory for a side that does not read.
    ///
    /// # Errors
    /// [`WriteError`]; after any but [`WriteError::TooLong`], and after a call that
    /// was given up half-way, the channel is of no more use.
    pub async fn send<M: Serialize>(&mut self, message: &M) -> Result<(), WriteError> {
        let bytes = encode(message, self.longest)?;
        if std::mem::replace(&mut self.broken, true) {
            return Err(WriteError::Broken);
        }
        let sent = tokio::time::timeout(MESSAGE_TIME_LIMIT, self.frames.send(bytes)).await;
        sent.map_err(|_| WriteError::NotRead(MESSAGE_TIME_LIMIT))??;
        self.broken = false;
        Ok(())
    }
}

/// The JSON of `message`, without a length before it.
///
/// # Errors
/// [`WriteError::TooLong`] for more than `longest` bytes.
pub fn encode<M: Serialize>(message: &M, longest: usize) -> Result<Bytes, WriteError> {
    let bytes = serde_json::to_vec(message).map_err(io::Error::from)?;
    if bytes.len() > longest {
        return Err(WriteError::TooLong { length: bytes.len(), longest });
    }
    Ok(bytes.into())
}

/// Reads a message out of its JSON.
///
/// # Errors
/// [`MessageError`] says what is wrong without any of the message's values.
pub fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, MessageError> {
    serde_json::from_slice(bytes).map_err(|error| {
        if !error.is_data() {
            return MessageError::NotJson { line: error.line(), column: error.column() };
        }
        without_values(&error.to_string())
    })
}

/// What may be repeated of the library's words.
fn without_values(words: &str) -> MessageError {
    match missing_field(words) {
        Some(name) => MessageError::Missing(name.to_owned()),
        None if words.starts_with("unknown variant `") => MessageError::UnknownKind,
        None => MessageError::Unfit,
    }
}

// Their buffers hold messages, and a message may hold a secret.
impl<R> fmt::Debug for MessageReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader").finish_non_exhaustive()
    }
}

impl<W> fmt::Debug for MessageWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("broken", &self.broken).finish_non_exhaustive()
    }
}

fn codec(longest: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().little_endian().max_frame_length(longest).new_codec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::ipc::protocol::{ClientMessage, Hello, Request, ServerMessage};

    fn frame(json: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(json.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend_from_slice(json);
        bytes
    }

    async fn read_all(bytes: &[u8], longest: usize) -> (Vec<Vec<u8>>, Option<ReadError>) {
        let mut reader = MessageReader::new(bytes, longest);
        let mut messages = Vec::new();
        loop {
            match reader.next().await {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => return (messages, None),
                Err(error) => return (messages, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn the_length_is_little_endian_and_counts_the_json() {
        let (near, mut far) = duplex(64);
        MessageWriter::new(near, 16).send(&"hi").await.unwrap();
        let mut bytes = Vec::new();
        far.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\x04\0\0\0\"hi\"");
    }

    #[tokio::test]
    async fn messages_come_out_of_any_pieces() {
        let bytes = [frame(b"1"), frame(b""), frame(b"[2]")].concat();
        let (mut near, far) = duplex(1);
        let writer = tokio::spawn(async move { near.write_all(&bytes).await.unwrap() });
        let mut reader = MessageReader::new(far, 16);
        for expected in [&b"1"[..], b"", b"[2]"] {
            assert_eq!(reader.next().await.unwrap().unwrap(), expected);
        }
        assert!(reader.next().await.unwrap().is_none());
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn half_messages_and_too_long_ones_end_the_channel_in_words() {
        let whole = frame(b"12345678");
        for cut in 1..whole.len() {
            let (messages, error) = read_all(&whole[..cut], 8).await;
            assert!(messages.is_empty());
            assert!(matches!(error, Some(ReadError::Cut)), "{cut}: {error:?}");
        }
        let (_, error) = read_all(&whole, 7).await;
        assert!(error.unwrap().to_string().contains("longer than the 7 bytes"));
        let (_, error) = read_all(&[0xff; 4], 4 << 20).await;
        assert!(matches!(error, Some(ReadError::TooLong { .. })));
    }

    #[tokio::test]
    async fn a_message_that_is_too_long_to_send_leaves_the_channel_whole() {
        let (near, far) = duplex(1024);
        let mut writer = MessageWriter::new(near, 100);
        let error = writer.send(&"x".repeat(100)).await.unwrap_err();
        assert!(matches!(error, WriteError::TooLong { length: 102, longest: 100 }));
        writer.send(&1).await.unwrap();
        assert_eq!(MessageReader::new(far, 8).next().await.unwrap().unwrap(), "1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_does_not_read_is_given_up() {
        let (near, _far) = duplex(16);
        let mut writer = MessageWriter::new(near, 4096);
        let before = tokio::time::Instant::now();
        let error = writer.send(&"x".repeat(100)).await.unwrap_err();
        assert!(matches!(error, WriteError::NotRead(_)), "{error}");
        assert_eq!(before.elapsed().as_secs(), MESSAGE_TIME_LIMIT.as_secs());
        assert!(matches!(writer.send(&1).await, Err(WriteError::Broken)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_is_begun_and_not_ended_ends_the_channel() {
        for part in [&b"\x04"[..], b"\x04\0\0\0", b"\x04\0\0\0\"h"] {
            let (mut near, far) = duplex(64);
            let mut reader = MessageReader::new(far, 16);
            let day = Duration::from_secs(86_400);
            let silent = tokio::time::timeout(day, reader.next()).await;
            silent.expect_err("nothing was begun");
            near.write_all(&[&frame(b"1")[..], part].concat()).await.unwrap();
            assert_eq!(reader.next().await.unwrap().unwrap(), "1");
            let before = Instant::now();
            // Whoever waits does other things between.
            let error = loop {
                let waited = tokio::time::timeout(Duration::from_secs(1), reader.next()).await;
                let Ok(read) = waited else { continue };
                break read.unwrap_err();
            };
            assert!(matches!(error, ReadError::NotEnded(_)), "{part:?}: {error}");
            assert_eq!(before.elapsed().as_secs(), MESSAGE_TIME_LIMIT.as_secs());
        }
    }

    #[test]
    fn no_error_repeats_what_was_in_the_message() {
        let key = "Endpoint=sb://n/;SharedAccessKey=c2VjcmV0";
        for text in [
            format!(r#"{{"type":"{key}"}}"#),
            format!(r#"{{"type":"request","id":"{key}","request":{{"do":"snapshot"}}}}"#),
            format!(r#"{{"type":"request","id":1,"request":{{"do":"{key}"}}}}"#),
            format!(r#"{{"type":"request","id":1,"request":"{key}"}}"#),
            format!(
                r#"{{"type":"request","id":1,"request":{{"do":"add-connection","connection_string":["{key}"]}}}}"#
            ),
            format!(
                r#"{{"type":"request","id":1,"request":{{"do":"remove-connection","connection":"{key}"}}}}"#
            ),
            format!(r#"{{"type":"request" {key}"#),
            format!("\"{key}\""),
        ] {
            let error = decode::<ClientMessage>(text.as_bytes()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("c2Vj") && !shown.contains("sb://"), "{shown}");
        }
        let lacking = br#"{"type":"request","id":1,"request":{"do":"add-connection"}}"#;
        let error = decode::<ClientMessage>(lacking).unwrap_err();
        assert_eq!(error.to_string(), "the message has no \"connection_string\"");
        let error = decode::<ClientMessage>(b"{\n,").unwrap_err();
        assert_eq!(error, MessageError::NotJson { line: 2, column: 1 });
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (messages, _) = runtime.block_on(read_all(&bytes, 64));
            for message in messages {
                prop_assert!(message.len() <= 64);
                let read = (decode::<ClientMessage>(&message), decode::<ServerMessage>(&message));
                prop_assert!(read.0.is_err() && read.1.is_err());
            }
            prop_assert!(decode::<ClientMessage>(&bytes).is_err());
        }

        #[test]
        fn what_is_sent_arrives(program in ".{0,40}", version in ".{0,40}", id: u64) {
            let hello = Hello { version, ..Hello::of(&program) };
            let bytes = encode(&ClientMessage::Hello(hello.clone()), 4096).unwrap();
            match decode::<ClientMessage>(&bytes).unwrap() {
                ClientMessage::Hello(read) => prop_assert_eq!(read, hello),
                ClientMessage::Request { .. } => prop_assert!(false),
            }
            let bytes = encode(&ClientMessage::Request { id, request: Request::Snapshot }, 4096).unwrap();
            match decode::<ClientMessage>(&bytes).unwrap() {
                ClientMessage::Request { id: read, .. } => prop_assert_eq!(read, id),
                ClientMessage::Hello(_) => prop_assert!(false),
            }
        }
    }
}
