//! What is said between two starts of the window: one line each way, `hcm-window VERSION
//! WORD …`. A later version may add words behind these; `show` and `shown` stay.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Longest line that is read, in bytes.
const LONGEST: u64 = 1024;
/// Longest token that is passed on.
const LONGEST_TOKEN: usize = 512;

/// In these a desktop gives a program the right to bring its window to the front, once.
pub(in crate::platform) const ACTIVATION_VARIABLES: [&str; 2] =
    ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

pub(super) const SHOWN: &str = "hcm-window 1 shown\n";
pub(super) const UNKNOWN: &str = "hcm-window 1 unknown\n";

/// What a desktop gives a program that a person starts, so that its window may come to the
/// front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationToken(String);

impl ActivationToken {
    /// A token as it fits in a line; `None` for anything else.
    pub fn new(token: &str) -> Option<Self> {
        let fits = (1..=LONGEST_TOKEN).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(token.to_owned()))
    }

    /// The token that this program was started with, on Wayland or X11.
    pub fn from_environment() -> Option<Self> {
        ACTIVATION_VARIABLES.iter().find_map(|name| Self::new(&std::env::var(name).ok()?))
    }

    /// As the desktop knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn call(activation: Option<&ActivationToken>) -> String {
    match activation {
        Some(token) => format!("hcm-window 1 show {}\n", token.as_str()),
        None => "hcm-window 1 show\n".to_owned(),
    }
}

/// The token of a call, and `None` for what is no call.
#[expect(clippy::option_option, reason = "a call may have no token")]
pub(super) fn parse_call(line: &str) -> Option<Option<ActivationToken>> {
    let mut words = words(line, "show")?;
    Some(words.next().and_then(ActivationToken::new))
}

pub(super) fn is_shown(line: &str) -> bool {
    words(line, "shown").is_some()
}

/// The words behind `word`, of any version.
fn words<'a>(line: &'a str, word: &str) -> Option<impl Iterator<Item = &'a str>> {
    let mut words = line.split_ascii_whitespace();
    let ours = words.next() == Some("hcm-window")
        && words.next()?.parse::<u32>().is_ok()
        && words.next() == Some(word);
    ours.then_some(words)
}

/// The next line. Bytes behind it are lost.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line).await?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no whole line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_the_line_and_comes_back() {
        let token = ActivationToken::new("gnome-shell/App/1-0-a_TIME42").unwrap();
        assert_eq!(call(Some(&token)), "hcm-window 1 show gnome-shell/App/1-0-a_TIME42\n");
        assert_eq!(parse_call(&call(Some(&token))), Some(Some(token)));
        assert_eq!(parse_call(&call(None)), Some(None));
    }

    #[test]
    fn a_token_that_would_break_the_line_is_none() {
        for bad in ["", "a b", "a\nb", "ä", &"x".repeat(LONGEST_TOKEN + 1)] {
            assert_eq!(ActivationToken::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_later_version_is_understood_and_anything_else_is_not() {
        assert_eq!(parse_call("hcm-window 7 show - later=words"), Some(ActivationToken::new("-")));
        assert!(is_shown("hcm-window 2 shown already"));
        for bad in ["", "hcm-window", "hcm-window 1", "hcm-window x show", "show", "GET / HTTP/1.1"]
        {
            assert_eq!(parse_call(bad), None, "{bad:?}");
        }
        assert!(!is_shown(UNKNOWN) && !is_shown("hcm-window 1 show"));
    }

    #[tokio::test]
    async fn a_line_has_an_end_and_is_not_too_long() {
        assert_eq!(read(&mut SHOWN.as_bytes()).await.unwrap(), SHOWN.trim_end());
        read(&mut "hcm-window 1 sho".as_bytes()).await.unwrap_err();
        let long = format!("{}\n", "x".repeat(2000));
        read(&mut long.as_bytes()).await.unwrap_err();
    }
}
