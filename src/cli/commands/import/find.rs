//! The files of Microsoft's managers, from where they usually are.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::Source;
use crate::cli::input;
use crate::managers;

/// What came of looking into several places.
pub(super) struct Found {
    /// What was read.
    pub(super) sources: Vec<Source>,
    /// Where there is no file.
    pub(super) missing: Vec<PathBuf>,
    /// Why the others cannot be read.
    pub(super) failures: Vec<Failure>,
}

/// The file at `path`.
///
/// # Errors
/// One that cannot be read, or that is none of theirs.
pub(super) fn named(path: &Path) -> Result<Source, Failure> {
    let text = input::of_file(path)?;
    let contents = managers::read(&text).map_err(|error| {
        Failure::new(Exit::InvalidInput, format!("the file {}: {error}", path.display()))
    })?;
    Ok(Source { path: path.to_owned(), contents })
}

/// All of `paths` that are there, but for those that `stranger_who_owns` names an owner of.
pub(super) fn among(
    paths: Vec<PathBuf>,
    stranger_who_owns: impl Fn(&Path) -> io::Result<Option<String>>,
) -> Found {
    let mut found = Found { sources: Vec::new(), missing: Vec::new(), failures: Vec::new() };
    for path in paths {
        match path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => found.missing.push(path),
            _ => match of_the_manager(&path, &stranger_who_owns) {
                Ok(source) => found.sources.push(source),
                Err(failure) => found.failures.push(failure),
            },
        }
    }
    found
}

fn of_the_manager(
    path: &Path,
    stranger_who_owns: impl Fn(&Path) -> io::Result<Option<String>>,
) -> Result<Source, Failure> {
    let refused =
        |exit, problem| Failure::new(exit, format!("the file {}: {problem}", path.display()));
    match stranger_who_owns(path) {
        Ok(None) => named(path),
        Ok(Some(owner)) => Err(refused(
            Exit::Denied,
            format!(
                "it belongs to {owner} and not to an administrator, so that Microsoft's manager may not have written it; look into it, and name it to take it over: hcm import FILE"
            ),
        )),
        Err(error) => {
            Err(refused(Exit::InvalidInput, format!("its owner cannot be told: {error}")))
        }
    }
}

impl Found {
    /// There is no file at all.
    pub(super) fn nothing(&self) -> Option<Failure> {
        if !self.sources.is_empty() || !self.failures.is_empty() {
            return None;
        }
        let text = format!(
            "Microsoft's Hybrid Connection Manager has left no connections on this machine; looked for {}. To take over a file from elsewhere: hcm import FILE",
            list(&self.missing)
        );
        Some(Failure::new(Exit::NotFound, text))
    }
}

/// `paths` in words.
pub(super) fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_place_is_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, text) in [("empty.json", "[]"), ("x.config", "<configuration/>"), ("bad", "?")] {
            tokio::fs::write(path(name), text).await.unwrap();
        }
        let paths = ["empty.json", "none.json", "bad", "x.config"].map(path);
        let found = among(paths.into(), |_| Ok(None));
        let sources: Vec<_> = found.sources.iter().map(|source| source.path.clone()).collect();
        assert_eq!(sources, [path("empty.json"), path("x.config")]);
        assert_eq!(found.missing, [path("none.json")]);
        let failure = &found.failures[0];
        assert_eq!(failure.exit, Exit::InvalidInput);
        assert!(failure.message.contains(&path("bad").display().to_string()), "{failure}");
        assert!(found.nothing().is_none());
    }

    #[tokio::test]
    async fn what_a_stranger_has_put_there_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.json");
        tokio::fs::write(&path, "[]").await.unwrap();
        let found = among(vec![path], |_| Ok(Some("CONTOSO\\someone".into())));
        assert!(found.sources.is_empty());
        let failure = &found.failures[0];
        assert_eq!(failure.exit, Exit::Denied);
        assert!(failure.message.contains("CONTOSO\\someone"), "{failure}");
    }

    #[test]
    fn where_nothing_is_it_says_where_it_looked() {
        let paths = vec!["/nowhere/a.json".into(), "/nowhere/b.config".into()];
        let found = among(paths, |_| Ok(None));
        let failure = found.nothing().unwrap();
        assert_eq!(failure.exit, Exit::NotFound);
        assert!(
            failure.message.contains("looked for /nowhere/a.json and /nowhere/b.config. To"),
            "{failure}"
        );
    }
}
