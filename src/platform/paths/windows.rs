//! The places on Windows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Address, Paths, PathsError};

/// Pipe names of this product are far below the 256 characters that Windows takes.
pub(super) const LONGEST_CHANNEL: Option<usize> = None;

const PIPE: &str = r"\\.\pipe\hybrid-connection-manager";

/// Pipes live in one flat name space, so the name carries a digest of the home.
pub(super) fn channel_of_home(home: &Path) -> Address {
    // File names do not differ by case alone.
    let folded = home.to_string_lossy().to_lowercase();
    let mut name = format!("{PIPE}-");
    for byte in &Sha256::digest(folded.as_bytes())[..8] {
        write!(name, "{byte:02x}").expect("a String takes everything");
    }
    Address::new(name.into())
}

pub(super) fn default_for_service() -> Result<Paths, PathsError> {
    let data = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    let home = PathBuf::from(data).join("Hybrid Connection Manager");
    let (run_dir, log_dir) = (home.join("run"), home.join("logs"));
    Ok(Paths { run_dir, log_dir, channel: Address::new(PIPE.into()), ..Paths::with_home(home) })
}

pub(super) fn channels_for_client() -> Result<Vec<Address>, PathsError> {
    Ok(vec![Address::new(PIPE.into())])
}
