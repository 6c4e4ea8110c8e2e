//! A relay stream as bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::emulator::frame::{
    self, FrameError, Header, LONGEST_CONTROL, LONGEST_HEADER, Sequence, apply_mask, close_payload,
    parse_close,
};

/// Longest payload of one frame: with its header it fills the 64 KiB that TLS takes at
/// once.
const LONGEST_PAYLOAD: usize = (64 << 10) - LONGEST_HEADER;
/// Bytes that are read at once.
const READ_BUFFER: usize = 64 << 10;

/// A stream to the endpoint behind a hybrid connection.
///
/// Writing ends with `shutdown`, which sends a Close frame; reading goes on until the
/// other side's Close frame, which is the end of the stream. A connection that ends
/// without one is an error. Dropping a stream before both is an abort.
#[derive(Debug)]
pub struct RelayStream<S = TlsStream<TcpStream>> {
    io: S,
    input: Input,
    output: Output,
    close: Option<(u16, String)>,
}

#[derive(Debug)]
struct Input {
    buf: Box<[u8]>,
    start: usize,
    end: usize,
    /// Payload of the current frame that was not read.
    remaining: u64,
    sequence: Sequence,
    closed: bool,
}

#[derive(Debug, Default)]
struct Output {
    buf: Vec<u8>,
    sent: usize,
    closed: bool,
    /// A pong is among `buf`, and nobody may be writing.
    has_pong: bool,
    /// The writer, when it waits for room while a reader sends a pong.
    writer: Option<Waker>,
}

impl RelayStream {
    /// Ends the stream with a reset.
    pub fn abort(self) {
        if let Err(error) = self.io.get_ref().0.set_zero_linger() {
            tracing::debug!(%error, "a socket could not be set to end with a reset");
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> RelayStream<S> {
    /// A stream over a socket of which `read` has been read already.
    pub(super) fn new(io: S, read: &Bytes) -> Self {
        let mut buf = vec![0; READ_BUFFER.max(read.len())];
        buf[..read.len()].copy_from_slice(read);
        let input = Input {
            buf: buf.into_boxed_slice(),
            start: 0,
            end: read.len(),
            remaining: 0,
            sequence: Sequence::default(),
            closed: false,
        };
        Self { io, input, output: Output::default(), close: None }
    }

    /// Code and reason of the other side's Close frame, once it has come.
    pub fn close_status(&self) -> Option<(u16, &str)> {
        self.close.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// Two halves for two tasks.
    pub fn into_split(self) -> (ReadHalf<Self>, WriteHalf<Self>) {
        tokio::io::split(self)
    }

    /// Sends pending output as far as the socket takes it.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let output = &mut self.output;
        while output.sent < output.buf.len() {
            let io = Pin::new(&mut self.io);
            let sent = ready!(io.poll_write(cx, &output.buf[output.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            output.sent += sent;
        }
        output.buf.clear();
        output.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Takes the frame that begins in the input; `false` when bytes are missing.
    fn take_frame(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let input = &mut self.input;
        let held = &mut input.buf[input.start..input.end];
        let Some((header, used)) = Header::parse(held).map_err(invalid)? else { return Ok(false) };
        if header.mask.is_some() {
            return Err(invalid(FrameError::Masked));
        }
        if header.opcode <= frame::BINARY {
            input.sequence.data(header.opcode, header.fin).map_err(invalid)?;
            input.start += used;
            input.remaining = header.len;
            return Ok(true);
        }
        let len = usize::try_from(header.len).unwrap_or(LONGEST_CONTROL);
        let Some(payload) = held.get(used..used + len) else { return Ok(false) };
        match header.opcode {
            frame::PING if !self.output.closed => {
                self.output.push(frame::PONG, payload);
                self.output.has_pong = true;
                self.send_pong(cx)?;
            }
            frame::CLOSE => {
                self.close = parse_close(payload).or(Some((1005, String::new())));
                input.closed = true;
            }
            _ => {}
        }
        self.input.start += used + len;
        Ok(true)
    }

    /// Sends a pong on behalf of the reader, as far as the socket takes it.
    fn send_pong(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let sent = match self.poll_output(cx) {
            Poll::Ready(sent) => {
                self.output.has_pong = false;
                sent
            }
            Poll::Pending => Ok(()),
        };
        let flushed = match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        };
        // The writer may wait for the same socket, which wakes only one of us.
        if let Some(writer) = self.output.writer.take() {
            writer.wake();
        }
        sent.and(flushed)
    }

    /// Reads more input; an end here is an abort.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let input = &mut self.input;
        input.buf.copy_within(input.start..input.end, 0);
        input.end -= input.start;
        input.start = 0;
        let mut buf = ReadBuf::new(&mut input.buf[input.end..]);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
        let read = buf.filled().len();
        if read == 0 {
            let text = "the relay stream was aborted: it ended without a Close frame";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, text)));
        }
        input.end += read;
        Poll::Ready(Ok(()))
    }
}

impl Output {
    /// Adds a masked frame.
    fn push(&mut self, opcode: u8, payload: &[u8]) {
        let mask = fastrand::u32(..).to_ne_bytes();
        let mut header = [0; LONGEST_HEADER];
        let len = payload.len() as u64;
        let used = Header { fin: true, opcode, mask: Some(mask), len }.write(&mut header);
        self.buf.extend_from_slice(&header[..used]);
        let at = self.buf.len();
        self.buf.extend_from_slice(payload);
        apply_mask(&mut self.buf[at..], mask, 0);
    }
}

fn invalid(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for RelayStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.output.has_pong {
            self.send_pong(cx)?;
        }
        loop {
            let input = &mut self.input;
            let held = input.end - input.start;
            if input.remaining > 0 && held > 0 {
                let rest = usize::try_from(input.remaining).unwrap_or(usize::MAX);
                let here = held.min(rest).min(out.remaining());
                out.put_slice(&input.buf[input.start..input.start + here]);
                input.start += here;
                input.remaining -= here as u64;
                return Poll::Ready(Ok(()));
            }
            if input.closed || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if (input.remaining > 0 && held == 0) || !self.take_frame(cx)? {
                ready!(self.poll_input(cx))?;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for RelayStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.output.closed {
            let text = "the relay stream was shut down for writing";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, text)));
        }
        self.output.writer = Some(cx.waker().clone());
        ready!(self.poll_output(cx))?;
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = data.len().min(LONGEST_PAYLOAD);
        self.output.push(frame::BINARY, &data[..taken]);
        match self.poll_output(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.output.writer = Some(cx.waker().clone());
        ready!(self.poll_output(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.output.closed {
            self.output.closed = true;
            self.output.push(frame::CLOSE, &close_payload(1000, "Shutdown"));
        }
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    type Server = WebSocketStream<DuplexStream>;

    /// A stream whose socket takes `room` bytes, and tungstenite at the other end.
    async fn pair(room: usize) -> (RelayStream<DuplexStream>, Server) {
        let (client, server) = duplex(room);
        let server = WebSocketStream::from_raw_socket(server, Role::Server, None).await;
        (RelayStream::new(client, &Bytes::new()), server)
    }

    async fn received(server: &mut Server, bytes: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < bytes {
            match server.next().await.unwrap().unwrap() {
                Message::Binary(data) => all.extend_from_slice(&data),
                other => panic!("a binary message, not {other:?}"),
            }
        }
        all
    }

    #[tokio::test]
    async fn an_independent_codec_reads_and_is_read() {
        for room in [7, 1000, 200_000] {
            let (mut stream, mut server) = pair(room).await;
            let data: Vec<u8> = (0..150_000_u32).map(|i| (i * 7) as u8).collect();
            let write = async {
                stream.write_all(&data).await.unwrap();
                stream.flush().await.unwrap();
            };
            let ((), arrived) = tokio::join!(write, received(&mut server, data.len()));
            assert!(arrived == data);
            let answer = async {
                for part in data.chunks(70_000) {
                    server.send(Message::binary(part.to_vec())).await.unwrap();
                    server.send(Message::binary(Vec::new())).await.unwrap();
                }
                server.close(None).await.unwrap();
            };
            let mut read = Vec::new();
            let ((), outcome) = tokio::join!(answer, stream.read_to_end(&mut read));
            outcome.unwrap();
            assert!(read == data);
            assert_eq!(stream.close_status(), Some((1005, "")));
        }
    }

    #[tokio::test]
    async fn pings_are_answered_while_only_reading() {
        // With room for 3 bytes the pong needs several turns.
        let (stream, mut server) = pair(3).await;
        let (mut read, write) = stream.into_split();
        let reading = tokio::spawn(async move { read.read_u8().await });
        server.send(Message::Ping("are you there".into())).await.unwrap();
        match server.next().await.unwrap().unwrap() {
            Message::Pong(payload) => assert_eq!(&payload[..], b"are you there"),
            other => panic!("a pong, not {other:?}"),
        }
        server.send(Message::binary(vec![5])).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), 5);
        drop(write);
    }

    #[tokio::test]
    async fn a_shutdown_is_a_close_frame_and_reading_goes_on() {
        let (mut stream, mut server) = pair(1000).await;
        stream.shutdown().await.unwrap();
        stream.shutdown().await.unwrap();
        match server.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1000),
            other => panic!("a Close frame, not {other:?}"),
        }
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        // tungstenite cannot send after a Close frame: the frame is made by hand.
        let frame = frame::server_frame(frame::BINARY, true, b"late");
        server.get_mut().write_all(&frame).await.unwrap();
        let mut late = [0; 4];
        stream.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"late");
    }

    #[tokio::test]
    async fn what_no_server_may_send_is_an_error() {
        for bytes in [&[0x82, 0x81, 0, 0, 0, 0, 1][..], &[0xf2, 0], &[0x80, 0], &[]] {
            let (client, mut server) = duplex(100);
            let mut stream = RelayStream::new(client, &Bytes::new());
            server.write_all(bytes).await.unwrap();
            drop(server);
            assert!(stream.read_u8().await.is_err(), "{bytes:?}");
        }
    }
}
