//! The build script of the package: which version the programs say they are, whose releases they
//! trust, and what Windows reads of a program besides its code.
//!
//! - `HCM_VERSION`: a version in place of that of the package, `X.Y.Z` or `X.Y.Z-PREVIEW`.
//! - `HCM_RELEASE_KEYS`: a file in place of `assets/release-keys.txt`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use semver::Version;

#[path = "windows/resources.rs"]
mod resources;

/// The keys that releases are signed with.
const RELEASE_KEYS: &str = "assets/release-keys.txt";
/// What Windows can keep of each number of a version.
const LARGEST_NUMBER: u64 = 0xFFFF;
/// Bytes of a public key (RFC 8032, section 5.1.5).
const KEY_LENGTH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    tell("rerun-if-changed", "installer/build.rs");
    let version = version()?;
    tell("rustc-env", &format!("HCM_VERSION={version}"));
    let keys = release_keys()?;
    fs::copy(keys, PathBuf::from(env::var("OUT_DIR")?).join("release-keys.txt"))?;
    for file in [
        "installer/windows/resources.rs",
        "installer/windows/program.manifest",
        "assets/icon/icon.ico",
    ] {
        tell("rerun-if-changed", file);
    }
    if env::var("CARGO_CFG_TARGET_OS")? == "windows" {
        resources::compile(&version)?;
    }
    Ok(())
}

/// The version of this build.
fn version() -> Result<Version, Box<dyn Error>> {
    let Some(given) = given("HCM_VERSION")? else {
        return Ok(env::var("CARGO_PKG_VERSION")?.parse()?);
    };
    let wrong = |why: String| format!("HCM_VERSION={given} is no version of a release: {why}");
    let version = Version::parse(&given).map_err(|error| wrong(error.to_string()))?;
    if !version.build.is_empty() {
        return Err(wrong("leave out the plus and what comes after it".to_owned()).into());
    }
    if [version.major, version.minor, version.patch].iter().any(|part| *part > LARGEST_NUMBER) {
        return Err(wrong(format!("each number is {LARGEST_NUMBER} at the most")).into());
    }
    Ok(version)
}

/// The file with the keys that this build trusts; looked at here, so that no program is made that
/// trusts nobody.
fn release_keys() -> Result<PathBuf, Box<dyn Error>> {
    let given = given("HCM_RELEASE_KEYS")?;
    let file = PathBuf::from(given.as_deref().unwrap_or(RELEASE_KEYS));
    let place = file.display().to_string();
    tell("rerun-if-changed", &place);
    let origin = if given.is_some() { "HCM_RELEASE_KEYS: " } else { "" };
    check_keys(&file).map_err(|why| format!("{origin}{place}: {why}"))?;
    Ok(file)
}

fn check_keys(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut keys = 0;
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let key = text.strip_prefix("ed25519 ").and_then(|rest| rest.split_whitespace().next());
        let key = key.and_then(|key| BASE64_STANDARD.decode(key).ok());
        if key.is_none_or(|key| key.len() != KEY_LENGTH) {
            return Err(format!(
                "line {line}: expected \"ed25519 KEY\" with {KEY_LENGTH} bytes in base64"
            ));
        }
        keys += 1;
    }
    if keys == 0 { Err("there is no key in it".to_owned()) } else { Ok(()) }
}

/// What the environment says of `name`; nothing where it is empty.
fn given(name: &str) -> Result<Option<String>, String> {
    tell("rerun-if-env-changed", name);
    let value = env::var_os(name).filter(|value| !value.is_empty());
    let value = value.map(|value| value.into_string()).transpose();
    value.map_err(|value| format!("{name}={} is no text", value.display()))
}

/// Cargo reads it there.
fn tell(what: &str, value: &str) {
    println!("cargo:{what}={value}");
}
