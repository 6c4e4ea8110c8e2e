//! CA certificates in PEM files.

use std::io::{self, Read as _};
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::model::{Fault, FaultCode};

/// Longest file of extra CAs; the whole list of a browser has a quarter of a megabyte.
const LONGEST_FILE: u64 = 4 << 20;

/// The certificates in the file at `path`; at least one.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let unusable = |problem: String| {
        Fault::new(FaultCode::CaUnusable, format!("{}: {problem}", path.display()))
    };
    let pem = read_bounded(path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("it is no valid PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// Reads a regular file: a pipe or a device could give no end, or nothing for ever.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut pem = Vec::new();
    std::fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_end(&mut pem)?;
    if pem.len() as u64 > LONGEST_FILE {
        return Err(io::Error::other(format!("it is longer than {LONGEST_FILE} bytes")));
    }
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn an_unusable_file_is_named_with_its_problem() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        for (content, words) in [
            (&b""[..], "no certificate"),
            (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "PEM"),
        ] {
            file.as_file_mut().set_len(0).unwrap();
            file.write_all(content).unwrap();
            let fault = read(path.as_ref()).unwrap_err();
            assert_eq!(fault.code, FaultCode::CaUnusable);
            assert!(fault.detail.contains(&path) && fault.detail.contains(words), "{fault}");
        }
        let fault = read("/no/such/file.pem".as_ref()).unwrap_err();
        assert!(fault.detail.contains("/no/such/file.pem"));
    }
}
