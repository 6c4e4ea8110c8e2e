//! Log files on a disk that may be full for a while: what is not written is counted, and the
//! service says so until it is written again.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::watch;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::fmt::MakeWriter;

use crate::platform::files::remedy_of;

/// Log files, one a day.
#[derive(Debug)]
pub struct LogFiles<W = RollingFileAppender> {
    folder: PathBuf,
    files: W,
    /// Lines that were not written since the last one that was.
    lost: AtomicU64,
    trouble: watch::Sender<Option<String>>,
}

impl LogFiles {
    /// Files in `folder`, of which `keep` are kept.
    ///
    /// # Errors
    /// Those of the folder, and of the file of today.
    pub fn open(folder: &Path, keep: usize) -> io::Result<Self> {
        let files = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("service")
            .filename_suffix("log")
            .max_log_files(keep)
            .build(folder)
            .map_err(io::Error::other)?;
        Ok(Self::over(folder, files))
    }
}

impl<W> LogFiles<W> {
    fn over(folder: &Path, files: W) -> Self {
        let (folder, trouble) = (folder.to_owned(), watch::Sender::new(None));
        Self { folder, files, lost: AtomicU64::new(0), trouble }
    }

    /// What keeps lines from being written, now and as it changes.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    fn written(&self, lost: u64) {
        if lost > 0 {
            self.lost.fetch_sub(lost, Relaxed);
            self.trouble.send_replace(None);
        }
    }

    fn not_written(&self, error: &io::Error) {
        self.lost.fetch_add(1, Relaxed);
        self.trouble.send_if_modified(|trouble| {
            let is_new = trouble.is_none();
            let folder = self.folder.display();
            trouble.get_or_insert_with(|| {
                format!("{folder}: {error}{}", remedy_of(error, &self.folder))
            });
            is_new
        });
    }
}

impl<'a, W: MakeWriter<'a> + 'a> MakeWriter<'a> for LogFiles<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { log: self, file: self.files.make_writer() }
    }
}

/// Takes one line.
pub struct Line<'a, W: MakeWriter<'a>> {
    log: &'a LogFiles<W>,
    file: W::Writer,
}

impl<'a, W: MakeWriter<'a>> Write for Line<'a, W> {
    /// Never fails: a log that cannot be written holds nobody up.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let lost = self.log.lost.load(Relaxed);
        let mut put = || {
            if lost > 0 {
                // The last line may have been written in part.
                let note = format!("\n({lost} lines could not be written here)\n");
                self.file.write_all(note.as_bytes())?;
            }
            self.file.write_all(line)
        };
        match put() {
            Ok(()) => self.log.written(lost),
            Err(error) => self.log.not_written(&error),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (held, room) = &mut *self.0.lock().unwrap();
            match bytes.len().min(*room - held.len()) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                fits => {
                    held.extend(&bytes[..fits]);
                    Ok(fits)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_said_until_it_takes_lines_again() {
        let disk = Disk::default();
        disk.0.lock().unwrap().1 = 8;
        let other = disk.clone();
        let log = LogFiles::over(Path::new("/logs"), move || other.clone());
        let mut trouble = log.trouble();
        for line in ["first\n", "second\n", "third\n"] {
            let mut writer = log.make_writer();
            writer.write_all(line.as_bytes()).unwrap();
        }
        assert!(trouble.has_changed().unwrap());
        let said = trouble.borrow_and_update().clone().unwrap();
        assert!(said.contains("/logs") && said.contains("free space"), "{said}");
        disk.0.lock().unwrap().1 = 1000;
        log.make_writer().write_all(b"fourth\n").unwrap();
        assert_eq!(*trouble.borrow_and_update(), None);
        log.make_writer().write_all(b"fifth\n").unwrap();
        let written = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
        assert_eq!(written, "first\nse\n(2 lines could not be written here)\nfourth\nfifth\n");
        assert!(!trouble.has_changed().unwrap(), "it is said once");
    }
}
