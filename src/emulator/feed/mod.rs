//! A feed of releases: a web server for the files of a folder, which can be slow and break off.

mod answer;
mod range;

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::encoding::url_decode;
use super::error::EmulatorError;

/// How long a client has for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// How a feed serves.
#[derive(Clone, Debug, Default)]
pub struct FeedConfig {
    /// TCP port on 127.0.0.1; 0 means any.
    pub port: u16,
    /// The first answer of each file breaks off after so many bytes, where it is longer.
    pub break_after: Option<u64>,
    /// So many bytes a second go out to each client.
    pub bytes_per_second: Option<u32>,
}

/// A feed that runs until it is shut down.
#[derive(Debug)]
pub struct Feed {
    port: u16,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// What is served, and what was asked for.
#[derive(Debug)]
struct Shelf {
    /// Canonical: no file outside is served.
    folder: PathBuf,
    config: FeedConfig,
    /// The files that have broken off.
    broken: Mutex<HashSet<PathBuf>>,
}

impl Feed {
    /// Serves the files in `folder`, over plain HTTP on loopback.
    ///
    /// # Errors
    /// [`EmulatorError::File`] when there is no such folder, [`EmulatorError::Bind`] when the port
    /// is taken.
    pub async fn start(folder: &Path, config: FeedConfig) -> Result<Self, EmulatorError> {
        let unread = |source| EmulatorError::File { doing: "read", path: folder.into(), source };
        let canonical = tokio::fs::canonicalize(folder).await.map_err(unread)?;
        if !canonical.is_dir() {
            return Err(unread(io::ErrorKind::NotADirectory.into()));
        }
        let unbound = |source| EmulatorError::Bind { port: config.port, source };
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await;
        let listener = bound.map_err(unbound)?;
        let port = listener.local_addr().map_err(unbound)?.port();
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shelf = Arc::new(Shelf { folder: canonical, config, broken: Mutex::default() });
        tasks.spawn(accept(shelf, listener, shutdown.clone(), tasks.clone()));
        Ok(Self { port, shutdown, tasks })
    }

    /// Its address, for the setting `upgrade.feed`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it, and what it is sending.
    pub async fn shutdown(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Shelf {
    /// The file at `path` of an address, if it is in the folder and to be read.
    async fn find(&self, path: &str) -> Option<PathBuf> {
        let path = url_decode(path, false)?;
        let mut place = self.folder.clone();
        for part in path.strip_prefix('/')?.split('/') {
            let mut parts = Path::new(part).components();
            match (parts.next(), parts.next()) {
                (Some(std::path::Component::Normal(name)), None) if name == part => {
                    place.push(name);
                }
                _ => return None,
            }
        }
        // A link may lead elsewhere within the folder, and nowhere else.
        let place = tokio::fs::canonicalize(place).await.ok()?;
        let is_file = tokio::fs::metadata(&place).await.ok()?.is_file();
        (is_file && place.starts_with(&self.folder)).then_some(place)
    }

    /// After how many of `length` bytes an answer with `file` breaks off, if it does.
    fn break_of(&self, file: &Path, length: u64) -> Option<u64> {
        let after = self.config.break_after.filter(|after| *after < length)?;
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.insert(file.to_owned()).then_some(after)
    }
}

async fn accept(
    shelf: Arc<Shelf>,
    listener: TcpListener,
    shutdown: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((tcp, peer)) = accepted.inspect_err(|error| {
            tracing::warn!(%error, "a connection could not be taken");
        }) else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (shelf, shutdown) = (Arc::clone(&shelf), shutdown.clone());
        let service = service_fn(move |request| {
            let shelf = Arc::clone(&shelf);
            async move { Ok::<_, Infallible>(answer::answer(&shelf, &request).await) }
        });
        let serve = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .serve_connection(TokioIo::new(tcp), service);
        tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                served = serve => if let Err(error) = served {
                    tracing::debug!(%peer, %error, "connection ended");
                },
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shelf() -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("feed");
        tokio::fs::create_dir_all(inside.join("stable")).await.unwrap();
        tokio::fs::write(inside.join("stable/a b.deb"), "package").await.unwrap();
        tokio::fs::write(folder.path().join("secret"), "no part of it").await.unwrap();
        let broken = Mutex::default();
        let config = FeedConfig { break_after: Some(3), ..FeedConfig::default() };
        let shelf = Shelf { folder: inside.canonicalize().unwrap(), config, broken };
        (folder, shelf)
    }

    #[tokio::test]
    async fn only_files_of_the_folder_are_found() {
        let (folder, shelf) = shelf().await;
        let found = shelf.find("/stable/a%20b.deb").await.unwrap();
        assert_eq!(found, shelf.folder.join("stable/a b.deb"));
        let absolute = folder.path().join("secret").display().to_string();
        for outside in [
            "/",
            "/stable",
            "/stable/",
            "/none",
            "",
            "stable/a%20b.deb",
            "/../secret",
            "/stable/../../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/stable/..%2F..%2Fsecret",
            "/..\\secret",
            "/./stable/a%20b.deb",
            "//stable/a%20b.deb",
            "/stable/a%20b.deb%00",
            "/%zz",
            &absolute,
            &format!("/{absolute}"),
        ] {
            assert_eq!(shelf.find(outside).await, None, "{outside}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_out_of_the_folder_leads_nowhere() {
        use std::os::unix::fs::symlink;
        let (folder, shelf) = shelf().await;
        symlink(folder.path().join("secret"), shelf.folder.join("out")).unwrap();
        symlink(folder.path(), shelf.folder.join("up")).unwrap();
        symlink("stable", shelf.folder.join("preview")).unwrap();
        assert_eq!(shelf.find("/out").await, None);
        assert_eq!(shelf.find("/up/secret").await, None);
        assert!(shelf.find("/preview/a%20b.deb").await.is_some());
    }

    #[tokio::test]
    async fn each_file_breaks_off_once_where_it_is_long_enough() {
        let (_folder, shelf) = shelf().await;
        let [one, two] = ["one", "two"].map(Path::new);
        assert_eq!(shelf.break_of(one, 3), None);
        assert_eq!(shelf.break_of(one, 4), Some(3));
        assert_eq!(shelf.break_of(one, 4), None);
        assert_eq!(shelf.break_of(two, 4), Some(3));
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_told() {
        let (folder, _) = shelf().await;
        for wrong in ["none", "secret"] {
            let error = Feed::start(&folder.path().join(wrong), FeedConfig::default()).await;
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("cannot read ") && error.contains(wrong), "{error}");
        }
    }
}
