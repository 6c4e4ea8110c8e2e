//! What a value refers to instead of being there itself: an environment variable, a file, or
//! a secret that the container's host has mounted.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

/// Where Docker and Kubernetes mount secrets, one file each.
pub const SECRETS: &str = "/run/secrets";
/// Longest value in bytes.
const LONGEST: u64 = 64 << 10;

/// Where values are found.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The folder of secrets.
    pub secrets: &'a Path,
    /// The value of an environment variable.
    pub variable: fn(&str) -> Option<OsString>,
}

impl<'a> Places<'a> {
    /// The environment of this process, and the secrets in this folder.
    pub fn of_process(secrets: &'a Path) -> Self {
        Self { secrets, variable: |name| std::env::var_os(name) }
    }
}

/// How a value is referred to.
pub(super) const KINDS: [&str; 3] = ["env", "file", "secret"];

/// The value that `kind` (one of [`KINDS`]) and `target` name, without white space around it.
/// Paths of files begin at `folder`.
///
/// # Errors
/// Words that show no value.
pub(super) fn follow(
    kind: &str,
    target: &str,
    folder: &Path,
    places: &Places<'_>,
) -> Result<Zeroizing<String>, String> {
    if target.to_ascii_lowercase().contains("sharedaccess") {
        return Err(format!(
            "\"{kind}\" names where the value is; a value itself stands there without it"
        ));
    }
    let text = match kind {
        "env" => variable(target, places)?,
        "file" => file(&folder.join(target))?,
        _ => {
            let is_name = !target.contains(['/', '\\', ':']) && !matches!(target, "" | "." | "..");
            if !is_name {
                return Err("a secret is named by its file alone, without a folder".to_owned());
            }
            file(&places.secrets.join(target))?
        }
    };
    let trimmed = Zeroizing::new(text.trim().to_owned());
    match trimmed.is_empty() {
        true => Err(format!("{} is empty", called(kind, target, folder, places))),
        false => Ok(trimmed),
    }
}

/// What errors about the value call it.
pub(super) fn called(kind: &str, target: &str, folder: &Path, places: &Places<'_>) -> String {
    match kind {
        "env" => format!("the environment variable {target}"),
        "file" => format!("the file {}", folder.join(target).display()),
        _ => format!("the file {}", places.secrets.join(target).display()),
    }
}

fn variable(name: &str, places: &Places<'_>) -> Result<Zeroizing<String>, String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit());
    if !is_name {
        return Err("\"env\" takes the name of an environment variable".to_owned());
    }
    let value = (places.variable)(name)
        .ok_or_else(|| format!("the environment variable {name} is not set"))?;
    let value = value.into_string();
    value.map(Zeroizing::new).map_err(|_| format!("the environment variable {name} is no text"))
}

fn file(path: &Path) -> Result<Zeroizing<String>, String> {
    let named = path.display();
    let unreadable = |error| format!("the file {named} cannot be read: {error}");
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("the file {named} is longer than {LONGEST} bytes"));
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        format!("the file {named} is no text in UTF-8")
    })
}
