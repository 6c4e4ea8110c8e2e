//! Texts with connection strings, from standard input or a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::exit::Exit;
use super::failure::Failure;

/// Longest text in bytes; thousands of connection strings fit.
const LONGEST: u64 = 4 << 20;

/// All of standard input.
///
/// # Errors
/// One that cannot be read, is too long or is no text.
pub(super) fn of_stdin() -> Result<Zeroizing<String>, Failure> {
    read(io::stdin().lock(), "standard input")
}

/// All of the file at `path`.
///
/// # Errors
/// One that cannot be read, is too long or is no text.
pub(super) fn of_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let name = format!("the file {}", path.display());
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    read(file, &name)
}

fn read(source: impl Read, name: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(invalid(format!("{name} is longer than {LONGEST} bytes")));
    }
    decode(&bytes).ok_or_else(|| invalid(format!("{name} is no text in UTF-8 or UTF-16")))
}

/// Windows PowerShell writes UTF-16 with a byte order mark.
fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes[2..].as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
        units.zeroize();
        text
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.map(Zeroizing::new)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    invalid(format!("{name} cannot be read: {error}"))
}

fn invalid(text: String) -> Failure {
    Failure::new(Exit::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, String> {
        read(bytes, "it").map(|text| text.to_string()).map_err(|failure| failure.message)
    }

    #[test]
    fn every_usual_encoding_is_read() {
        assert_eq!(read_bytes("Endpoint=é".as_bytes()).unwrap(), "Endpoint=é");
        assert_eq!(read_bytes(b"\xff\xfeE\0n\0").unwrap(), "En");
        assert_eq!(read_bytes(b"\xfe\xff\0E\0n").unwrap(), "En");
        assert_eq!(read_bytes(b"").unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_said_and_not_shown() {
        assert_eq!(read_bytes(b"a\xc3").unwrap_err(), "it is no text in UTF-8 or UTF-16");
        assert_eq!(read_bytes(b"\xff\xfeE\0n").unwrap_err(), "it is no text in UTF-8 or UTF-16");
        let long = read(io::repeat(b'a'), "it").unwrap_err();
        assert_eq!(long.message, "it is longer than 4194304 bytes");
        let missing = of_file(Path::new("/nowhere/strings.txt")).unwrap_err();
        assert_eq!(missing.exit, Exit::InvalidInput);
        assert!(missing.message.starts_with("the file /nowhere/strings.txt cannot be read"));
    }
}
