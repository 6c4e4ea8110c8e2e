//! Fetching a file of a release: it goes on where it broke off, and counts only when it is whole.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::manifest::ReleaseFile;
use super::source::Source;
use crate::model::{Fault, FaultCode};
use crate::platform::files;

/// What is not whole yet has this after its name.
const UNFINISHED: &str = "part";
/// After how many breaks without a byte in between it is given up.
const MOST_BREAKS: u32 = 5;
/// How long it waits after the first break that brought nothing; twice as long after each
/// further one. One that brought something is gone on from at once.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Over how long it is looked whether enough comes.
const WINDOW: Duration = Duration::from_secs(60);
/// Bytes that have to come in each second of that: with fewer it would take hours for a megabyte.
const LEAST: u64 = 1024;

/// Fetches `file` from `place` into `folder` and tells `progress` how many bytes are there. What an
/// earlier try has left there is used; a file that is there already and whole is not fetched again.
///
/// # Errors
/// [`FaultCode::FeedUnreachable`] when it breaks off again and again: the next call goes on from
/// there. [`FaultCode::UpgradeFailed`] when it comes too slowly; what is there is kept then, too. A fault
/// of the proxy; one that does not take the login is not asked again. [`FaultCode::ReleaseDamaged`] when
/// what came is not what the manifest says, and is removed. [`FaultCode::NotWritten`] when the disk does
/// not take it.
pub async fn download(
    source: &Source,
    place: &Url,
    file: &ReleaseFile,
    folder: &Path,
    progress: impl FnMut(u64),
) -> Result<PathBuf, Fault> {
    let (first_wait, window) = (FIRST_WAIT, WINDOW);
    Download { source, place, file, first_wait, window, progress }.into_folder(folder).await
}

/// Looks whether the file at `path` is what the manifest says of `file`.
///
/// # Errors
/// [`FaultCode::ReleaseDamaged`] with what is not.
pub async fn check(path: &Path, file: &ReleaseFile) -> Result<(), Fault> {
    is_whole(path, file).await.map_err(damaged)
}

/// A file on its way.
struct Download<'a, P> {
    source: &'a Source,
    place: &'a Url,
    file: &'a ReleaseFile,
    first_wait: Duration,
    window: Duration,
    progress: P,
}

impl<P: FnMut(u64)> Download<'_, P> {
    async fn into_folder(mut self, folder: &Path) -> Result<PathBuf, Fault> {
        let file = self.file;
        let whole = folder.join(&file.name);
        if is_whole(&whole, file).await.is_ok() {
            (self.progress)(file.size);
            return Ok(whole);
        }
        let part = folder.join(format!("{}.{UNFINISHED}", file.name));
        let was_begun = length(&part).await? > 0;
        let mut fetched = self.fetch(&part).await;
        if is_damaged(&fetched) && was_begun {
            // What was there may be of another try, or of another file.
            remove(&part).await?;
            fetched = self.fetch(&part).await;
        }
        if is_damaged(&fetched) {
            remove(&part).await?;
        }
        fetched?;
        fs::rename(&part, &whole).await.map_err(|error| not_written(&whole, &error))?;
        Ok(whole)
    }

    /// Fetches what is missing in `part`, over as many breaks as bring something, and looks at it.
    async fn fetch(&mut self, part: &Path) -> Result<(), Fault> {
        let (mut breaks, mut pace) = (0, Pace::of(self.window));
        loop {
            let before = length(part).await?;
            if before >= self.file.size && before > 0 {
                break;
            }
            match self.fetch_once(part, before, &mut pace).await {
                Ok(()) => break,
                Err(fault) if is_a_break(fault.code) => {
                    breaks = if length(part).await? > before { 0 } else { breaks + 1 };
                    match breaks {
                        0 => {}
                        MOST_BREAKS => return Err(fault),
                        _ => {
                            sleep(self.first_wait * 2_u32.pow(breaks - 1)).await;
                            pace = Pace::of(self.window);
                        }
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
        is_whole(part, self.file).await.map_err(damaged)
    }

    /// One answer: what comes after the first `from` bytes.
    async fn fetch_once(&mut self, part: &Path, from: u64, pace: &mut Pace) -> Result<(), Fault> {
        let (place, size) = (self.place, self.file.size);
        let written = |error: io::Error| not_written(part, &error);
        let mut response = self.source.get(place, (from > 0).then_some(from)).await?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            // The file there is shorter than what is here: it is no part of this one.
            return Err(damaged(format!("{place} has no byte {from}")));
        }
        let goes_on = goes_on_from(&response, from);
        let mut out = File::from_std(files::open_part(part, goes_on).map_err(written)?);
        let mut here = if goes_on { from } else { 0 };
        (self.progress)(here);
        let ended = loop {
            let chunk = match pace.keep(response.chunk()).await {
                Ok(chunk) => chunk,
                Err(TooSlow) => break Err(too_slow(place, here, size)),
            };
            match chunk {
                Ok(Some(chunk)) => {
                    here += chunk.len() as u64;
                    pace.came(chunk.len());
                    if here > size {
                        break Err(damaged(format!("{place} has more than {size} bytes")));
                    }
                    out.write_all(&chunk).await.map_err(written)?;
                    (self.progress)(here);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(self.source.failure(place, &error)),
            }
        };
        close(out).await.map_err(written)?;
        ended
    }
}

/// How much comes.
struct Pace {
    window: Duration,
    until: Instant,
    bytes: u64,
}

/// Less than [`LEAST`] came.
#[derive(Debug, PartialEq, Eq)]
struct TooSlow;

impl Pace {
    fn of(window: Duration) -> Self {
        Self { window, until: Instant::now() + window, bytes: 0 }
    }

    fn came(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Waits for what is `coming`, as long as enough comes.
    async fn keep<T>(&mut self, coming: impl Future<Output = T>) -> Result<T, TooSlow> {
        let mut coming = pin!(coming);
        loop {
            if let Ok(came) = timeout_at(self.until, &mut coming).await {
                return Ok(came);
            }
            if Duration::from_secs(self.bytes / LEAST) < self.window {
                return Err(TooSlow);
            }
            *self = Self::of(self.window);
        }
    }
}

fn too_slow(place: &Url, here: u64, size: u64) -> Fault {
    let why = format!(
        "less than 1 KiB a second comes from {place}: {here} of {size} bytes are here, and kept for the next try"
    );
    Fault::new(FaultCode::UpgradeFailed, why)
}

/// Whether `response` is what comes after the first `from` bytes, and not the whole file.
fn goes_on_from(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE);
    let begins = format!("bytes {from}-");
    response.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.as_bytes().starts_with(begins.as_bytes()))
}

/// Whether another try may bring what is missing. Of a password that a proxy does not take, every try may
/// lock the account.
fn is_a_break(code: FaultCode) -> bool {
    use FaultCode::{FeedUnreachable, ProxyRefused, ProxyUnreachable};
    // A proxy that does not get out now may do so soon.
    matches!(code, FeedUnreachable | ProxyRefused | ProxyUnreachable)
}

fn is_damaged(fetched: &Result<(), Fault>) -> bool {
    fetched.as_ref().is_err_and(|fault| fault.code == FaultCode::ReleaseDamaged)
}

fn damaged(why: String) -> Fault {
    Fault::new(FaultCode::ReleaseDamaged, why)
}

async fn remove(part: &Path) -> Result<(), Fault> {
    fs::remove_file(part).await.map_err(|error| not_written(part, &error))
}

async fn close(mut file: File) -> io::Result<()> {
    file.flush().await?;
    file.sync_all().await
}

/// The bytes in the file at `path`; none where there is none.
async fn length(path: &Path) -> Result<u64, Fault> {
    match fs::metadata(path).await {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(not_written(path, &error)),
    }
}

/// Whether `path` is what the manifest says of `file`; if not, in which way.
async fn is_whole(path: &Path, file: &ReleaseFile) -> Result<(), String> {
    let length = length(path).await.map_err(|fault| fault.detail)?;
    let ReleaseFile { name, size, sha256, .. } = file;
    if length != *size {
        return Err(format!("{name} has {length} bytes, and its manifest says {size}"));
    }
    let path = path.to_owned();
    let hash = spawn_blocking(move || hash(&path)).await.map_err(|error| error.to_string())?;
    if hash.map_err(|error| error.to_string())? != *sha256 {
        return Err(format!("the bytes of {name} are not those that its manifest says"));
    }
    Ok(())
}

/// SHA-256 of the file at `path`, in lower-case hexadecimal digits.
fn hash(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn not_written(path: &Path, error: &io::Error) -> Fault {
    Fault::new(FaultCode::NotWritten, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ClosedProxy, Served, Server};
    use super::*;

    /// A file of a release with the bytes `bytes`, as its manifest says.
    fn file_of(bytes: &[u8]) -> ReleaseFile {
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        ReleaseFile {
            name: "package.deb".to_owned(),
            kind: "deb".to_owned(),
            arch: "x86_64".to_owned(),
            size: bytes.len() as u64,
            sha256,
        }
    }

    fn some_bytes() -> Vec<u8> {
        (0..300_000_u32).map(|n| (n % 251) as u8).collect()
    }

    /// What is in the folder afterwards, with what the call came to and how it went on.
    async fn fetched(
        server: &Server,
        place: &Url,
        file: &ReleaseFile,
        folder: &Path,
    ) -> (Result<PathBuf, Fault>, Vec<u64>) {
        fetched_in(WINDOW, server, place, file, folder).await
    }

    /// The same, where so long is looked whether enough comes.
    async fn fetched_in(
        window: Duration,
        server: &Server,
        place: &Url,
        file: &ReleaseFile,
        folder: &Path,
    ) -> (Result<PathBuf, Fault>, Vec<u64>) {
        let mut steps = Vec::new();
        let (source, first_wait) = (server.source(), Duration::ZERO);
        let progress = |here| steps.push(here);
        let coming = Download { source: &source, place, file, first_wait, window, progress };
        let done = coming.into_folder(folder).await;
        (done, steps)
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_comes_whole_and_is_not_fetched_twice() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let file = file_of(&bytes);
        let place = server.put_bytes("x", &bytes);
        let (path, steps) = fetched(&server, &place, &file, folder.path()).await;
        let path = path.unwrap();
        assert_eq!(path, folder.path().join("package.deb"));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!((steps[0], *steps.last().unwrap()), (0, file.size));
        assert!(steps.is_sorted());
        assert_eq!(names_in(folder.path()), ["package.deb"]);

        let (again, steps) = fetched(&server, &place, &file, folder.path()).await;
        assert_eq!(again.unwrap(), path);
        assert_eq!(steps, [file.size]);
        assert_eq!(server.asked(), ["x all"]);
    }

    #[tokio::test]
    async fn a_file_that_was_changed_on_the_disk_is_fetched_anew() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let place = server.put_bytes("x", &bytes);
        let mut changed = bytes.clone();
        changed[7] ^= 1;
        fs::write(folder.path().join("package.deb"), changed).await.unwrap();
        let (path, _) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_broken_download_goes_on_where_it_was() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let breaks_after = Some(120_000);
        let place =
            server.put("x", Served { bytes: bytes.clone(), breaks_after, ..Served::default() });
        let (path, steps) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes);
        assert!(steps.is_sorted());
        assert_eq!(server.asked(), ["x all", "x bytes=120000-", "x bytes=240000-"]);
    }

    #[tokio::test]
    async fn what_an_earlier_try_left_is_used() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let place = server.put_bytes("x", &bytes);
        fs::write(folder.path().join("package.deb.part"), &bytes[..250_000]).await.unwrap();
        let (path, steps) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes);
        assert_eq!(steps[0], 250_000);
        assert_eq!(server.asked(), ["x bytes=250000-"]);
    }

    #[tokio::test]
    async fn a_server_without_ranges_sends_all_again() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let always_whole = true;
        let place =
            server.put("x", Served { bytes: bytes.clone(), always_whole, ..Served::default() });
        fs::write(folder.path().join("package.deb.part"), &bytes[..250_000]).await.unwrap();
        let (path, steps) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes);
        assert_eq!(steps[0], 0);
    }

    #[tokio::test]
    async fn what_is_left_of_another_file_does_not_matter() {
        let bytes = some_bytes();
        let mut other = bytes[..200_000].to_vec();
        other[0] ^= 1;
        for left in [other, vec![0; bytes.len()], vec![0; bytes.len() + 1]] {
            let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
            let place = server.put_bytes("x", &bytes);
            fs::write(folder.path().join("package.deb.part"), &left).await.unwrap();
            let (path, _) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
            assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes, "{} bytes", left.len());
        }
    }

    #[tokio::test]
    async fn what_is_not_as_the_manifest_says_is_refused_and_removed() {
        let bytes = some_bytes();
        let mut changed = bytes.clone();
        changed[299_999] ^= 0x80;
        let longer = [&bytes[..], b"!"].concat();
        for (served, says) in [
            (&changed[..], "not those that its manifest says"),
            (&bytes[..299_999], "299999 bytes"),
            (&longer[..], "more than 300000 bytes"),
            (&[][..], "0 bytes"),
        ] {
            let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
            let place = server.put_bytes("x", served);
            let (done, _) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
            let fault = done.unwrap_err();
            assert_eq!(fault.code, FaultCode::ReleaseDamaged, "{fault}");
            assert!(fault.detail.contains(says), "{fault}");
            assert_eq!(names_in(folder.path()), [""; 0]);
        }
    }

    #[tokio::test]
    async fn a_server_that_gives_nothing_is_given_up_and_what_came_is_kept() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let place = server
            .put("x", Served { bytes: bytes.clone(), breaks_after: Some(0), ..Served::default() });
        let part = folder.path().join("package.deb.part");
        fs::write(&part, &bytes[..250_000]).await.unwrap();
        let (done, _) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(done.unwrap_err().code, FaultCode::FeedUnreachable);
        assert_eq!(std::fs::read(&part).unwrap(), bytes[..250_000]);
        assert_eq!(server.asked().len(), 5);

        let gone = server.url.join("gone").unwrap();
        let (done, _) = fetched(&server, &gone, &file_of(&bytes), folder.path()).await;
        assert!(done.unwrap_err().detail.contains("404"));
    }

    #[tokio::test]
    async fn one_that_comes_too_slowly_breaks_off_and_goes_on_from_there() {
        let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
        let bytes = some_bytes();
        let slowly = Some((1, Duration::from_millis(5)));
        let served = Served { bytes: bytes.clone(), slowly, ..Served::default() };
        let place = server.put("x", served);
        let part = folder.path().join("package.deb.part");
        fs::write(&part, &bytes[..250_000]).await.unwrap();
        let (window, file) = (Duration::from_millis(100), file_of(&bytes));
        let (done, steps) = fetched_in(window, &server, &place, &file, folder.path()).await;
        let fault = done.unwrap_err();
        assert_eq!(fault.code, FaultCode::UpgradeFailed);
        assert!(fault.detail.contains("less than 1 KiB a second"), "{fault}");
        let kept = std::fs::read(&part).unwrap();
        assert_eq!(kept.len() as u64, *steps.last().unwrap());
        assert_eq!(kept, bytes[..kept.len()]);

        server.put_bytes("x", &bytes);
        let (path, _) = fetched(&server, &place, &file_of(&bytes), folder.path()).await;
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), bytes);
        let asked = ["x bytes=250000-".to_owned(), format!("x bytes={}-", kept.len())];
        assert_eq!(server.asked(), asked, "it was not asked again and again");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_fast_enough_may_take_as_long_as_it_likes() {
        let second = || sleep(Duration::from_secs(1));
        let mut pace = Pace::of(WINDOW);
        for _ in 0..600 {
            pace.keep(second()).await.unwrap();
            pace.came(1100);
        }
        // What came before does not help.
        pace.came(1 << 20);
        pace.keep(sleep(WINDOW)).await.unwrap();
        assert_eq!(pace.keep(sleep(2 * WINDOW)).await, Err(TooSlow));
        let mut pace = Pace::of(WINDOW);
        for _ in 0..59 {
            pace.keep(second()).await.unwrap();
            pace.came(1000);
        }
        assert_eq!(pace.keep(sleep(Duration::from_secs(2))).await, Err(TooSlow));
    }

    #[tokio::test]
    async fn a_proxy_that_does_not_take_the_password_hears_it_once() {
        let (proxy, folder) = (ClosedProxy::start().await, tempfile::tempdir().unwrap());
        let (source, place) = (proxy.source(), Url::parse("https://files.example/x").unwrap());
        let file = file_of(&some_bytes());
        let fault = download(&source, &place, &file, folder.path(), |_| {}).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::ProxyLogin, "{fault}");
        assert!(fault.detail.starts_with("files.example: 127.0.0.1:"), "{fault}");
        assert_eq!(proxy.heard(), 1);
    }

    #[tokio::test]
    async fn a_folder_that_takes_nothing_is_named() {
        let server = Server::start().await;
        let bytes = some_bytes();
        let place = server.put_bytes("x", &bytes);
        let nowhere = Path::new("/nonexistent/folder");
        let (done, _) = fetched(&server, &place, &file_of(&bytes), nowhere).await;
        let fault = done.unwrap_err();
        assert_eq!(fault.code, FaultCode::NotWritten);
        assert!(fault.detail.contains("/nonexistent/folder"), "{fault}");
    }
}
