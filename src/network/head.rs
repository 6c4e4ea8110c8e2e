//! The head of an HTTP answer on a connection whose further bytes are another protocol's.
//!
//! Azure Relay says why it refuses in the status line, sometimes over several lines
//! (the IP firewall does), so the head is read leniently.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Reason phrase; line breaks are kept.
    pub reason: String,
    headers: Vec<(String, String)>,
}

/// Why there is no head.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The stream broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came is no answer of HTTP.
    #[error("{0}")]
    NotHttp(String),
}

/// Reads up to the empty line; what came behind it is returned too.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
) -> Result<(Head, Vec<u8>), HeadError> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::with_capacity(1024);
    loop {
        let searched = bytes.len().saturating_sub(END.len());
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection was closed before the answer was whole",
            )
            .into());
        }
        if let Some(at) = bytes[searched..].windows(END.len()).position(|part| part == END) {
            let leftover = bytes.split_off(searched + at + END.len());
            return Ok((Head::parse(&String::from_utf8_lossy(&bytes))?, leftover));
        }
        if bytes.len() > MAX_HEAD {
            let problem = format!("the head of the answer is longer than {MAX_HEAD} bytes");
            return Err(HeadError::NotHttp(problem));
        }
    }
}

impl Head {
    /// The value of the header `name`, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of the header `name`, given in lower case.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[cfg(test)]
    pub(crate) fn for_test(status: u16) -> Self {
        Self { status, reason: String::new(), headers: Vec::new() }
    }

    #[cfg(test)]
    pub(crate) fn with_header_for_test(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn parse(text: &str) -> Result<Self, HeadError> {
        let mut lines = text.split("\r\n").flat_map(|line| line.split('\n'));
        let first = lines.next().unwrap_or_default();
        let not_http = || HeadError::NotHttp("the answer does not begin like HTTP/1.1".to_owned());
        let mut words = first.splitn(3, ' ');
        if !words.next().is_some_and(|version| version.starts_with("HTTP/1.")) {
            return Err(not_http());
        }
        let status = words.next().and_then(|code| code.parse().ok()).ok_or_else(not_http)?;
        let mut reason = words.next().unwrap_or_default().trim().to_owned();
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            match line.split_once(':').filter(|(name, _)| is_token(name)) {
                Some((name, value)) => {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                // A reason of several lines runs on until the headers begin.
                None if headers.is_empty() => {
                    reason.push('\n');
                    reason.push_str(line.trim());
                }
                None => {}
            }
        }
        Ok(Self { status, reason, headers })
    }
}

/// Whether `name` may stand in a header (RFC 9110, section 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_!#$&'*+.^`|~".contains(&b))
}
