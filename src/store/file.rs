//! One file of the store: how it is read, set aside and saved, whatever is in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::schema::{Object, Problem, Schema};
use crate::model::{ConnectionId, Fault, FaultCode};
use crate::platform::files;
use crate::platform::permissions::{self, Access};
use crate::platform::seal::SealError;

/// Longest file in bytes that is read. A thousand connections have half of one.
const LONGEST: u64 = 16 << 20;

/// Why a change was not saved. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The system did not write the file.
    #[error(
        "{} could not be written, so nothing was changed: {error}{}",
        file.display(), files::remedy_of(error, file)
    )]
    NotWritten {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Writing the file would destroy what this program could not read.
    #[error(
        "{} is left as it is, so nothing was changed: it {reason}; mend that and restart the service",
        file.display()
    )]
    LeftAlone {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system does not seal a secret. It is not written unsealed instead.
    #[error("{what} could not be sealed, so nothing was changed: {error}")]
    NotSealed {
        /// Which secret.
        what: String,
        /// Why.
        error: SealError,
    },
    /// A connection would not be read again.
    #[error("the hybrid connection {id} cannot be stored: it {problem}")]
    Unstorable {
        /// Which.
        id: ConnectionId,
        /// What is wrong with it.
        problem: String,
    },
    /// A connection would be there twice.
    #[error("the hybrid connection {0} is there already")]
    Duplicate(ConnectionId),
}

/// What the files were like when they were opened.
#[derive(Default)]
pub(super) struct Found {
    /// What is wrong with them.
    pub(super) faults: Vec<Fault>,
    /// How many secrets have been sealed since.
    pub(super) sealed: usize,
}

impl Found {
    /// A file was written again, `unsealed` secrets in it for the first time sealed.
    pub(super) fn wrote_back(&mut self, unsealed: usize, saved: Result<(), SaveError>) {
        match saved {
            Ok(()) => self.sealed += unsealed,
            Err(error) if unsealed > 0 => {
                self.faults.push(Fault::new(FaultCode::NotSealed, error.to_string()));
            }
            Err(error) => tracing::warn!(%error, "the usable parts were not written back"),
        }
    }
}

/// The kinds of fault that a file may have.
pub(super) struct Codes {
    /// It was damaged, and has been set aside.
    pub(super) damaged: FaultCode,
    /// It cannot be used, and is where it was.
    pub(super) unusable: FaultCode,
}

/// A file of the store.
pub(super) struct StoreFile {
    path: PathBuf,
    codes: Codes,
    /// Why it must not be written: it holds what could not be read.
    left_alone: Option<String>,
    /// How often it has been written.
    writes: AtomicU64,
}

/// What was in a file that could be read.
pub(super) struct Contents {
    pub(super) object: Object,
    bytes: Zeroizing<Vec<u8>>,
}

impl StoreFile {
    pub(super) fn new(path: &Path, codes: Codes) -> Self {
        Self { path: path.to_owned(), codes, left_alone: None, writes: AtomicU64::new(0) }
    }

    /// Reads the file. `None` if there is none, or none that can be used: then it has
    /// been set aside or is left alone, and `faults` says so.
    pub(super) fn read(
        &mut self,
        schema: &Schema,
        now: Timestamp,
        faults: &mut Vec<Fault>,
    ) -> Option<Contents> {
        if let Err(error) = files::remove_unfinished(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "left-over files stay");
        }
        let bytes = match read_bytes(&self.path) {
            Ok(bytes) => bytes?,
            Err(Problem::Unusable(words)) => return self.leave_alone(words, faults),
            Err(Problem::Damaged(words)) => return self.set_aside(&words, now, faults),
        };
        match schema.read(&bytes) {
            Ok(object) => Some(Contents { object, bytes }),
            Err(Problem::Unusable(words)) => self.leave_alone(words, faults),
            Err(Problem::Damaged(words)) => self.set_aside(&words, now, faults),
        }
    }

    /// What is in the file now, if there is one, or why it cannot be used. Touches nothing.
    pub(super) fn look(&self, schema: &Schema) -> Result<Option<Object>, String> {
        permissions::secure_file(&self.path).map_err(|error| error.to_string())?;
        let object = read_bytes(&self.path)
            .and_then(|bytes| bytes.map(|bytes| schema.read(&bytes)).transpose());
        object.map_err(|problem| match problem {
            Problem::Damaged(words) | Problem::Unusable(words) => self.named(&words),
        })
    }

    /// The file has been read as a whole: it may be written whatever it was before.
    pub(super) fn is_mended(&mut self) {
        self.left_alone = None;
    }

    /// What is wrong with the file, with its name.
    pub(super) fn named(&self, words: &str) -> String {
        format!("{} {words}", self.path.display())
    }

    /// Moves the file away as a whole, and reports it.
    pub(super) fn set_aside<T>(
        &mut self,
        words: &str,
        now: Timestamp,
        faults: &mut Vec<Fault>,
    ) -> Option<T> {
        match files::set_aside(&self.path, now) {
            Ok(aside) => {
                faults.push(Fault::new(self.codes.damaged, self.moved(words, &aside)));
                None
            }
            Err(error) => {
                self.leave_alone(format!("{words}, and cannot be set aside ({error})"), faults)
            }
        }
    }

    /// Reports that parts of the file could not be used, and keeps a copy of all of
    /// it. Without a copy, the file is not written any more. Returns whether it may be.
    pub(super) fn keep_copy(
        &mut self,
        contents: &Contents,
        problems: &[String],
        now: Timestamp,
        faults: &mut Vec<Fault>,
    ) -> bool {
        let words = in_words(problems);
        match files::keep_copy(&self.path, &contents.bytes, now) {
            Ok(copy) => {
                let text = self.moved(&format!("has parts that cannot be used: {words}"), &copy);
                faults.push(Fault::new(self.codes.damaged, text));
                true
            }
            Err(error) => {
                let text = format!(
                    "has parts that cannot be used ({words}), and no copy can be kept ({error})"
                );
                self.leave_alone::<()>(text, faults);
                false
            }
        }
    }

    /// Replaces the file, durably.
    pub(super) fn save(&self, bytes: &[u8]) -> Result<(), SaveError> {
        if let Some(reason) = self.left_alone.clone() {
            return Err(SaveError::LeftAlone { file: self.path.clone(), reason });
        }
        files::write_durably(&self.path, bytes, Access::OwnerOnly)
            .map_err(|error| SaveError::NotWritten { file: self.path.clone(), error })?;
        self.writes.fetch_add(1, Relaxed);
        Ok(())
    }

    /// How often the disk has taken it.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Relaxed)
    }

    fn leave_alone<T>(&mut self, words: String, faults: &mut Vec<Fault>) -> Option<T> {
        faults.push(Fault::new(self.codes.unusable, self.named(&words)));
        self.left_alone = Some(words);
        None
    }

    fn moved(&self, words: &str, kept: &Path) -> String {
        format!("{} {words}; it is kept as {}", self.path.display(), kept.display())
    }
}

/// The file's bytes; `None` if there is no file. What the system refuses is left
/// alone.
fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
    let refused = |error: io::Error| {
        let mend =
            (error.kind() == io::ErrorKind::PermissionDenied).then(|| permissions::mend(path));
        let mend = mend.flatten().map_or_else(String::new, |command| format!("; {command}"));
        Problem::Unusable(format!("cannot be read ({error}){mend}"))
    };
    let length = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Problem::Unusable("is not a file".to_owned()));
        }
        Ok(metadata) => metadata.len(),
    };
    if length > LONGEST {
        let words = format!("has {length} bytes, and {LONGEST} are more than it ever needs");
        return Err(Problem::Damaged(words));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    let file = File::open(path).map_err(refused)?;
    file.take(LONGEST).read_to_end(&mut bytes).map_err(refused)?;
    Ok(Some(bytes))
}

/// The first problems, and how many more there are.
pub(super) fn in_words(problems: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut words = problems[..problems.len().min(SHOWN)].join("; ");
    if problems.len() > SHOWN {
        words.push_str(&format!("; and {} more", problems.len() - SHOWN));
    }
    words
}
