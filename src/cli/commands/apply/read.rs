//! The files that `hcm apply` is given.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::declared::{self, Declared, DeclaredError, Places, Source};

/// What errors call standard input.
const STDIN: &str = "standard input";

/// Reads all of `files` into one; `-` is standard input.
///
/// # Errors
/// A file that cannot be read; inside, all that is wrong with their texts.
pub(super) fn files(
    files: &[PathBuf],
    secrets: &Path,
) -> Result<Result<Declared, Vec<DeclaredError>>, Failure> {
    if files.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::new(Exit::Usage, "standard input can be read once: one \"-f -\""));
    }
    let texts = files.iter().map(|path| text(path));
    let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
    let sources: Vec<_> =
        texts.iter().map(|(name, folder, text)| Source { name, folder, text }).collect();
    Ok(declared::read(&sources, Declared::default(), &Places::of_process(secrets)))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Name, folder and text of a file.
fn text(path: &Path) -> Result<(String, PathBuf, Zeroizing<String>), Failure> {
    if is_stdin(path) {
        return Ok((STDIN.to_owned(), declared::folder_of(path), input::of_stdin()?));
    }
    Ok((path.display().to_string(), declared::folder_of(path), input::of_file(path)?))
}
