//! Frames, without I/O.

use std::fmt;

/// Room for the longest header of a client's frame: 2 + 8 + 4 bytes.
pub const MAX_HEADER: usize = 14;
/// Longest payload of a control frame (RFC 6455, section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 6455, section 11.8")]
pub enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        self as u8 >= 0x8
    }
}

/// How the other side breaks RFC 6455.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A reserved bit or opcode.
    #[error("a frame begins with {0:#04x}, which uses bits that were not agreed on")]
    Reserved(u8),
    /// A server's frames have no mask.
    #[error("a frame from the server is masked")]
    Masked,
    /// A control frame is longer than 125 bytes or in parts.
    #[error("a control frame is longer than 125 bytes or fragmented")]
    BadControl,
    /// A length with the highest bit set.
    #[error("a frame's length has its highest bit set")]
    BadLength,
    /// A message began inside another, or a part came without its beginning.
    #[error("the parts of a fragmented message are out of order")]
    BadSequence,
}

/// The header of a frame from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    fin: bool,
    opcode: Opcode,
    payload_len: u64,
    header_len: usize,
}

/// Reads a header at the start of `bytes`; `None` when it is not whole yet.
fn parse_header(bytes: &[u8]) -> Result<Option<Header>, FrameError> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    let opcode = Opcode::from_bits(first & 0x0F).ok_or(FrameError::Reserved(first))?;
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved(first));
    }
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let fin = first & 0x80 != 0;
    let short = second & 0x7F;
    if opcode.is_control() && (!fin || usize::from(short) > MAX_CONTROL_PAYLOAD) {
        return Err(FrameError::BadControl);
    }
    let (payload_len, header_len) = match (short, bytes) {
        (126, [_, _, a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [_, _, length @ ..]) if length.len() >= 8 => {
            let mut eight = [0; 8];
            eight.copy_from_slice(&length[..8]);
            (u64::from_be_bytes(eight), 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (u64::from(short), 2),
    };
    if payload_len >> 63 != 0 {
        return Err(FrameError::BadLength);
    }
    Ok(Some(Header { fin, opcode, payload_len, header_len }))
}

/// What stands at the start of the bytes that were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Nothing whole yet: read more.
    Incomplete,
    /// `len` bytes of payload after `skip` bytes of header. `len` may be 0, and the
    /// rest of the frame follows as further pieces.
    Data {
        /// Bytes to drop first.
        skip: usize,
        /// Payload bytes that are there.
        len: usize,
        /// `Text` or `Binary`; the type of the whole message.
        opcode: Opcode,
        /// Whether the message ends with this piece.
        ends_message: bool,
    },
    /// A whole control frame: `len` bytes of payload after `skip` bytes of header.
    Control {
        /// `Close`, `Ping` or `Pong`.
        opcode: Opcode,
        /// Bytes to drop first.
        skip: usize,
        /// Payload bytes, 125 at most.
        len: usize,
    },
}

/// Cuts a server's bytes into payload pieces and control frames.
///
/// Payload of any length passes through in pieces; nothing is collected here.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Payload bytes of the current data frame that are still to come.
    remaining: u64,
    /// Whether the current frame is the last of its message.
    fin: bool,
    /// The type of the message under way.
    message: Option<Opcode>,
}

impl Decoder {
    /// Looks at the start of `bytes`. The caller drops what the piece covers
    /// (`skip + len`) before the next call.
    ///
    /// # Errors
    /// [`FrameError`]; the connection cannot go on then.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Piece, FrameError> {
        if self.remaining > 0 {
            if bytes.is_empty() {
                return Ok(Piece::Incomplete);
            }
            return Ok(self.take_payload(0, bytes.len()));
        }
        let Some(header) = parse_header(bytes)? else { return Ok(Piece::Incomplete) };
        let there = bytes.len() - header.header_len;
        if header.opcode.is_control() {
            let len = usize::try_from(header.payload_len).unwrap_or(MAX_CONTROL_PAYLOAD);
            if there < len {
                return Ok(Piece::Incomplete);
            }
            return Ok(Piece::Control { opcode: header.opcode, skip: header.header_len, len });
        }
        match (header.opcode, self.message) {
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Continuation, None) | (_, Some(_)) => return Err(FrameError::BadSequence),
            (opcode, None) => self.message = Some(opcode),
        }
        self.fin = header.fin;
        self.remaining = header.payload_len;
        Ok(self.take_payload(header.header_len, there))
    }

    fn take_payload(&mut self, skip: usize, there: usize) -> Piece {
        let len = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(there);
        self.remaining -= len as u64;
        let opcode = self.message.unwrap_or(Opcode::Binary);
        let ends_message = self.fin && self.remaining == 0;
        if ends_message {
            self.message = None;
        }
        Piece::Data { skip, len, opcode, ends_message }
    }
}

/// Makes one client frame in place: the payload stands at
/// `buffer[MAX_HEADER..MAX_HEADER + len]`, is masked there, and the header is put in
/// front of it. Returns where the frame begins; it ends at `MAX_HEADER + len`.
pub fn frame_in_place(buffer: &mut [u8], len: usize, opcode: Opcode, mask: [u8; 4]) -> usize {
    apply_mask(&mut buffer[MAX_HEADER..MAX_HEADER + len], mask);
    let (header, extended) = match len {
        0..=125 => (len as u8, 0),
        126..=0xFFFF => (126, 2),
        _ => (127, 8),
    };
    let start = MAX_HEADER - 4 - extended - 2;
    buffer[start] = 0x80 | opcode as u8;
    buffer[start + 1] = 0x80 | header;
    let length = (len as u64).to_be_bytes();
    buffer[start + 2..start + 2 + extended].copy_from_slice(&length[8 - extended..]);
    buffer[MAX_HEADER - 4..MAX_HEADER].copy_from_slice(&mask);
    start
}

/// A whole client frame with a small payload.
pub fn small_frame(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut buffer = vec![0; MAX_HEADER + payload.len()];
    buffer[MAX_HEADER..].copy_from_slice(payload);
    let start = frame_in_place(&mut buffer, payload.len(), opcode, mask);
    buffer.drain(..start);
    buffer
}

/// XORs `payload` with `mask`, eight bytes at a time.
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(eight) ^ wide).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// A fresh mask. It has to differ from frame to frame; it protects no secret here,
/// since the frames are inside TLS.
pub fn fresh_mask() -> [u8; 4] {
    fastrand::u32(..).to_ne_bytes()
}

/// Code and reason of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The code; 1005 when the frame has none, 1002 when it has half of one (RFC 6455,
    /// sections 5.5.1 and 7.1.5).
    pub code: u16,
    /// The reason; Azure puts its tracking id there.
    pub reason: String,
}

impl CloseFrame {
    /// Reads a Close frame's payload.
    pub fn parse(payload: &[u8]) -> Self {
        match payload {
            [a, b, reason @ ..] => Self {
                code: u16::from_be_bytes([*a, *b]),
                reason: String::from_utf8_lossy(reason).into_owned(),
            },
            [_] => Self { code: 1002, reason: String::new() },
            [] => Self { code: 1005, reason: String::new() },
        }
    }

    /// The payload of a Close frame with `code` and `reason`, cut to what fits.
    pub fn payload(code: u16, reason: &str) -> Vec<u8> {
        let fits = (0..=reason.len().min(MAX_CONTROL_PAYLOAD - 2))
            .rev()
            .find(|&end| reason.is_char_boundary(end))
            .unwrap_or(0);
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(&reason.as_bytes()[..fits]);
        payload
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

    use super::*;

    /// A frame as tungstenite writes it, without a mask, as servers do.
    fn server_frame(opcode: OpCode, fin: bool, payload: &[u8]) -> Vec<u8> {
        frame_bytes(Frame::message(payload.to_vec(), opcode, fin))
    }

    fn frame_bytes(frame: Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    type Decoded = (Vec<u8>, Vec<(Opcode, Vec<u8>)>);

    /// Decodes `bytes` that arrive in parts of `step`, as data and control frames.
    fn decode(bytes: &[u8], step: usize) -> Result<Decoded, FrameError> {
        let (mut decoder, mut pending) = (Decoder::default(), Vec::new());
        let (mut data, mut control) = (Vec::new(), Vec::new());
        for part in bytes.chunks(step) {
            pending.extend_from_slice(part);
            loop {
                match decoder.next(&pending)? {
                    Piece::Incomplete => break,
                    Piece::Data { skip, len, .. } => {
                        data.extend_from_slice(&pending[skip..skip + len]);
                        pending.drain(..skip + len);
                    }
                    Piece::Control { opcode, skip, len } => {
                        control.push((opcode, pending[skip..skip + len].to_vec()));
                        pending.drain(..skip + len);
                    }
                }
            }
        }
        Ok((data, control))
    }

    #[test]
    fn refuses_what_breaks_the_protocol() {
        for (bytes, error) in [
            (&[0xC2, 0x00][..], FrameError::Reserved(0xC2)),
            (&[0x83, 0x00], FrameError::Reserved(0x83)),
            (&[0x82, 0x80], FrameError::Masked),
            (&[0x89, 0x7E, 0x00, 0x80], FrameError::BadControl),
            (&[0x09, 0x00], FrameError::BadControl),
            (&[0x80, 0x00], FrameError::BadSequence),
            (&[0x02, 0x00, 0x82, 0x00], FrameError::BadSequence),
            (&[0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], FrameError::BadLength),
        ] {
            assert_eq!(decode(bytes, 1), Err(error));
        }
    }

    #[test]
    fn reads_and_writes_close_frames() {
        let payload = CloseFrame::payload(1011, &"é".repeat(100));
        assert!(payload.len() <= MAX_CONTROL_PAYLOAD);
        assert_eq!(CloseFrame::parse(&payload).code, 1011);
        assert_eq!(CloseFrame::parse(&[]).code, 1005);
        assert_eq!(CloseFrame::parse(&[3]).code, 1002, "half a code is no clean end");
    }

    proptest! {
        #[test]
        fn reads_what_tungstenite_writes(
            parts in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..70_000), any::<bool>()), 1..4),
            step in 1usize..5000,
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (index, (payload, ping)) in parts.iter().enumerate() {
                let kind = if index == 0 { Data::Binary } else { Data::Continue };
                let fin = index + 1 == parts.len();
                bytes.extend(server_frame(OpCode::Data(kind), fin, payload));
                expected.extend_from_slice(payload);
                if *ping {
                    bytes.extend(frame_bytes(Frame::ping("x")));
                }
            }
            let (data, control) = decode(&bytes, step).unwrap();
            prop_assert!(data == expected);
            prop_assert_eq!(control.len(), parts.iter().filter(|part| part.1).count());
        }

        #[test]
        fn tungstenite_reads_what_is_written(
            payload in proptest::collection::vec(any::<u8>(), 0..70_000),
            mask in any::<[u8; 4]>(),
        ) {
            let frame = small_frame(Opcode::Binary, &payload, mask);
            let mut cursor = std::io::Cursor::new(&frame);
            let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            prop_assert!(header.is_final);
            prop_assert_eq!(header.mask, Some(mask));
            prop_assert_eq!(length as usize, payload.len());
            let mut body = frame[cursor.position() as usize..].to_vec();
            apply_mask(&mut body, mask);
            prop_assert!(body == payload);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(decode(&bytes, 7));
        }
    }
}
