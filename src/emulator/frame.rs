//! WebSocket frames (RFC 6455) without I/O.
//!
//! [`Translator`] is the heart of a relayed stream: it turns what one client sent
//! into what the other client gets, in place and as it arrives, with each frame's
//! type, FIN and length untouched.

use std::ops::Range;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Longest header in bytes: 2, a length of 8, a mask of 4.
pub(crate) const LONGEST_HEADER: usize = 14;
/// Longest payload of a control frame in bytes.
pub(crate) const LONGEST_CONTROL: usize = 125;

/// What a peer did that no WebSocket peer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a reserved bit is set, and no extension was negotiated")]
    ReservedBits,
    #[error("the opcode {0} does not exist")]
    UnknownOpcode(u8),
    #[error("a control frame is longer than 125 bytes or in fragments")]
    BadControl,
    #[error("the length is above 2^63")]
    BadLength,
    #[error("a client's frame is not masked")]
    NotMasked,
    #[error("a server's frame is masked")]
    Masked,
    #[error("a continuation frame continues nothing")]
    NothingToContinue,
    #[error("a new message begins before the last one ended")]
    MessageInMessage,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    /// Payload in bytes.
    pub(crate) len: u64,
}

impl Header {
    /// Reads a header and says how long it is; `None` when bytes are missing.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(FrameError::ReservedBits);
        }
        let (fin, opcode, short) = (first & 0x80 != 0, first & 0x0f, second & 0x7f);
        let is_control = match opcode {
            CONTINUATION | TEXT | BINARY => false,
            CLOSE | PING | PONG => true,
            _ => return Err(FrameError::UnknownOpcode(opcode)),
        };
        if is_control && (!fin || usize::from(short) > LONGEST_CONTROL) {
            return Err(FrameError::BadControl);
        }
        let (len, rest, mut used) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest, 4),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((len, rest)) => (u64::from_be_bytes(*len), rest, 10),
                None => return Ok(None),
            },
            short => (u64::from(short), rest, 2),
        };
        if len >> 63 != 0 {
            return Err(FrameError::BadLength);
        }
        let mut mask = None;
        if second & 0x80 != 0 {
            let Some((key, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            mask = Some(*key);
            used += 4;
        }
        Ok(Some((Self { fin, opcode, mask, len }, used)))
    }

    /// Writes the header and says how long it is.
    pub(crate) fn write(&self, out: &mut [u8; LONGEST_HEADER]) -> usize {
        out[0] = if self.fin { 0x80 | self.opcode } else { self.opcode };
        let mut used = 2;
        out[1] = match (u8::try_from(self.len), u16::try_from(self.len)) {
            (Ok(len @ ..126), _) => len,
            (_, Ok(len)) => {
                out[2..4].copy_from_slice(&len.to_be_bytes());
                used = 4;
                126
            }
            _ => {
                out[2..10].copy_from_slice(&self.len.to_be_bytes());
                used = 10;
                127
            }
        };
        if let Some(key) = self.mask {
            out[1] |= 0x80;
            out[used..used + 4].copy_from_slice(&key);
            used += 4;
        }
        used
    }
}

/// One whole frame as a server sends it.
pub(crate) fn server_frame(opcode: u8, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; LONGEST_HEADER];
    let used = Header { fin, opcode, mask: None, len: payload.len() as u64 }.write(&mut header);
    [&header[..used], payload].concat()
}

/// The payload of a Close frame; the reason is cut to what fits.
pub(crate) fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let fits = reason.floor_char_boundary(LONGEST_CONTROL - 2);
    [&code.to_be_bytes(), &reason.as_bytes()[..fits]].concat()
}

/// Code and reason of a Close frame; `None` without a code.
pub(crate) fn parse_close(payload: &[u8]) -> Option<(u16, String)> {
    let (code, reason) = payload.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()))
}

/// Masks or unmasks `data`, which begins `offset` bytes into its frame's payload.
pub(crate) fn apply_mask(data: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut key = mask;
    key.rotate_left(offset % 4);
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    let (words, tail) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Whether each frame may come where it comes: a message's frames in one piece.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    in_message: bool,
}

impl Sequence {
    /// Takes note of a data frame.
    pub(crate) fn data(&mut self, opcode: u8, fin: bool) -> Result<(), FrameError> {
        match (opcode == CONTINUATION, self.in_message) {
            (true, false) => return Err(FrameError::NothingToContinue),
            (false, true) => return Err(FrameError::MessageInMessage),
            _ => self.in_message = !fin,
        }
        Ok(())
    }
}

/// Turns a client's frames into the same frames as a server sends them.
#[derive(Debug, Default)]
pub(crate) struct Translator {
    /// Payload of the current frame that has not arrived.
    remaining: u64,
    mask: [u8; 4],
    /// How much of the current frame's payload has arrived, modulo 4.
    offset: usize,
    sequence: Sequence,
    closed: bool,
}

/// What one call of [`Translator::step`] made of a buffer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The part of the buffer to send on.
    pub(crate) out: Range<usize>,
    /// How much of the buffer is done with; the rest waits for more.
    pub(crate) consumed: usize,
    /// Payload bytes of data frames in `out`.
    pub(crate) payload: u64,
    /// Payloads of pings, to be answered.
    pub(crate) pings: Vec<Vec<u8>>,
    /// `out` ends with a Close frame; nothing follows it.
    pub(crate) closed: bool,
}

impl Translator {
    /// Whether the bytes sent on so far end at the end of a frame.
    pub(crate) fn at_boundary(&self) -> bool {
        self.remaining == 0
    }

    /// Translates what `buf` holds, in place.
    pub(crate) fn step(&mut self, buf: &mut [u8]) -> Result<Step, FrameError> {
        let mut step = Step::default();
        let mut at = 0;
        loop {
            if self.remaining > 0 {
                let here =
                    (buf.len() - at).min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
                if here == 0 {
                    break;
                }
                apply_mask(&mut buf[at..at + here], self.mask, self.offset);
                self.offset = (self.offset + here) % 4;
                self.remaining -= here as u64;
                step.payload += here as u64;
                emit(&mut step.out, buf, at..at + here);
                at += here;
                continue;
            }
            if self.closed {
                at = buf.len();
                break;
            }
            match self.frame(&mut step, buf, at)? {
                Some(used) => at += used,
                None => break,
            }
        }
        step.consumed = at;
        step.closed = self.closed;
        Ok(step)
    }

    /// Takes the frame that begins at `at`: the whole of a control frame, the
    /// header alone of a data frame. `None` when bytes are missing.
    fn frame(
        &mut self,
        step: &mut Step,
        buf: &mut [u8],
        at: usize,
    ) -> Result<Option<usize>, FrameError> {
        let Some((header, used)) = Header::parse(&buf[at..])? else { return Ok(None) };
        let mask = header.mask.ok_or(FrameError::NotMasked)?;
        let body = at + used;
        let mut shorter = [0; LONGEST_HEADER];
        let short = Header { mask: None, ..header }.write(&mut shorter);
        if matches!(header.opcode, CLOSE | PING | PONG) {
            let end = body + usize::try_from(header.len).unwrap_or(LONGEST_CONTROL);
            if buf.len() < end {
                return Ok(None);
            }
            apply_mask(&mut buf[body..end], mask, 0);
            match header.opcode {
                PING => step.pings.push(buf[body..end].to_vec()),
                CLOSE => {
                    buf[body - short..body].copy_from_slice(&shorter[..short]);
                    emit(&mut step.out, buf, body - short..end);
                    self.closed = true;
                }
                _ => {}
            }
            return Ok(Some(end - at));
        }
        self.sequence.data(header.opcode, header.fin)?;
        buf[body - short..body].copy_from_slice(&shorter[..short]);
        emit(&mut step.out, buf, body - short..body);
        (self.remaining, self.mask, self.offset) = (header.len, mask, 0);
        Ok(Some(used))
    }
}

/// Appends `part` to `out`; moves it down when there is a gap between them, which
/// is the mask that fell away.
fn emit(out: &mut Range<usize>, buf: &mut [u8], part: Range<usize>) {
    if out.end == out.start {
        *out = part;
    } else if out.end == part.start {
        out.end = part.end;
    } else {
        let len = part.len();
        buf.copy_within(part, out.end);
        out.end += len;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client_frame(opcode: u8, fin: bool, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut header = [0; LONGEST_HEADER];
        let len = payload.len() as u64;
        let used = Header { fin, opcode, mask: Some(mask), len }.write(&mut header);
        let mut payload = payload.to_vec();
        for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
        [&header[..used], &payload].concat()
    }

    /// Feeds `input` in pieces of `sizes` through a buffer as the pump does.
    fn translate(input: &[u8], sizes: &[usize]) -> Result<(Vec<u8>, Vec<Vec<u8>>), FrameError> {
        let mut translator = Translator::default();
        let (mut out, mut pings, mut held) = (Vec::new(), Vec::new(), Vec::new());
        let (mut rest, mut sizes) = (input, sizes.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            rest = later;
            held.extend_from_slice(now);
            let step = translator.step(&mut held)?;
            out.extend_from_slice(&held[step.out.clone()]);
            pings.extend(step.pings);
            held.drain(..step.consumed);
        }
        Ok((out, pings))
    }

    #[test]
    fn headers_of_every_size_survive() {
        for len in [0, 1, 125, 126, 65535, 65536, 1 << 40] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let header = Header { fin: len % 2 == 0, opcode: BINARY, mask, len };
                let mut out = [0; LONGEST_HEADER];
                let used = header.write(&mut out);
                assert_eq!(Header::parse(&out[..used]), Ok(Some((header, used))));
                assert_eq!(Header::parse(&out[..used - 1]), Ok(None));
            }
        }
    }

    #[test]
    fn what_no_peer_may_send_is_named() {
        let error = |bytes: &[u8]| translate(bytes, &[999]).unwrap_err();
        assert_eq!(error(&[0xc2, 0x80, 0, 0, 0, 0]), FrameError::ReservedBits);
        assert_eq!(error(&[0x83, 0x80, 0, 0, 0, 0]), FrameError::UnknownOpcode(3));
        assert_eq!(error(&[0x09, 0x80, 0, 0, 0, 0]), FrameError::BadControl);
        assert_eq!(error(&[0x89, 0xfe, 0, 126]), FrameError::BadControl);
        assert_eq!(error(&[0x82, 0x00]), FrameError::NotMasked);
        assert_eq!(error(&[0x80, 0x80, 0, 0, 0, 0]), FrameError::NothingToContinue);
        let twice = client_frame(TEXT, false, [0; 4], b"a").repeat(2);
        assert_eq!(error(&twice), FrameError::MessageInMessage);
        assert_eq!(error(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), FrameError::BadLength);
    }

    #[test]
    fn a_close_is_forwarded_and_nothing_after_it() {
        let mut input = client_frame(CLOSE, true, [9, 8, 7, 6], &close_payload(1000, "bye"));
        let expected = server_frame(CLOSE, true, &close_payload(1000, "bye"));
        input.extend(client_frame(BINARY, true, [1; 4], b"late"));
        assert_eq!(translate(&input, &[999]).unwrap().0, expected);
        assert_eq!(parse_close(&expected[2..]), Some((1000, "bye".to_owned())));
    }

    #[test]
    fn a_long_close_reason_is_cut_at_a_character() {
        let payload = close_payload(1011, &"ü".repeat(100));
        assert!(payload.len() <= LONGEST_CONTROL);
        assert!(std::str::from_utf8(&payload[2..]).is_ok());
    }

    proptest! {
        #[test]
        fn masking_is_the_plain_xor(
            data in proptest::collection::vec(any::<u8>(), 0..100),
            mask: [u8; 4],
            offset in 0_usize..9,
        ) {
            let mut fast = data.clone();
            apply_mask(&mut fast, mask, offset);
            let plain: Vec<u8> =
                data.iter().enumerate().map(|(i, b)| b ^ mask[(i + offset) % 4]).collect();
            prop_assert_eq!(fast, plain);
        }

        #[test]
        fn frames_come_out_as_they_went_in(
            messages in proptest::collection::vec(
                (any::<bool>(), proptest::collection::vec(
                    proptest::collection::vec(any::<u8>(), 0..300), 1..4), any::<[u8; 4]>(),
                    any::<bool>()),
                0..6),
            sizes in proptest::collection::vec(1_usize..400, 1..5),
        ) {
            let (mut input, mut expected, mut pings) = (Vec::new(), Vec::new(), Vec::new());
            for (text, fragments, mask, ping) in messages {
                let last = fragments.len() - 1;
                for (i, payload) in fragments.iter().enumerate() {
                    let first = if text { TEXT } else { BINARY };
                    let opcode = if i == 0 { first } else { CONTINUATION };
                    input.extend(client_frame(opcode, i == last, mask, payload));
                    expected.extend(server_frame(opcode, i == last, payload));
                    if ping {
                        let payload = &payload[..payload.len().min(LONGEST_CONTROL)];
                        input.extend(client_frame(PING, true, mask, payload));
                        input.extend(client_frame(PONG, true, mask, b"x"));
                        pings.push(payload.to_vec());
                    }
                }
            }
            prop_assert_eq!(translate(&input, &sizes).unwrap(), (expected, pings));
        }

        #[test]
        fn no_input_panics(
            input in proptest::collection::vec(any::<u8>(), 0..200),
            sizes in proptest::collection::vec(1_usize..50, 1..4),
        ) {
            translate(&input, &sizes).ok();
        }
    }
}
