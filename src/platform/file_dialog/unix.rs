//! `org.freedesktop.portal.FileChooser` of the session bus; without it the program `zenity`,
//! which is asked instead.

use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::zvariant::OwnedValue;

use crate::platform::child;

const BUS_NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const INTERFACE: &str = "org.freedesktop.portal.FileChooser";
/// A desktop without a portal may take long to say so.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn is_there() -> bool {
    let portal = async { is_at(&Connection::session().await?).await };
    matches!(timeout(LIMIT, portal).await, Ok(Ok(()))) || child::is_in_path("zenity")
}

/// A portal may be there that chooses no files.
async fn is_at(connection: &Connection) -> zbus::Result<()> {
    let version = (INTERFACE, "version");
    let reply =
        connection.call_method(Some(BUS_NAME), PATH, Some(PROPERTIES), "Get", &version).await?;
    reply.body().deserialize::<OwnedValue>().map(drop)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;
    use zbus::connection::Builder;

    use super::*;

    struct FileChooser;

    #[zbus::interface(name = "org.freedesktop.portal.FileChooser")]
    impl FileChooser {
        #[zbus(property(emits_changed_signal = "const"), name = "version")]
        fn version(&self) -> u32 {
            3
        }
    }

    /// What a portal without a backend for files has.
    struct Other;

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Other {
        #[zbus(property(emits_changed_signal = "const"), name = "version")]
        fn version(&self) -> u32 {
            2
        }
    }

    async fn over(has_one: bool) -> zbus::Result<()> {
        let (here, there) = UnixStream::pair().unwrap();
        let (here, there) = (here.into_std().unwrap(), there.into_std().unwrap());
        let guid = zbus::Guid::generate();
        let server = Builder::async_io_unix_stream(there).server(guid).unwrap().p2p();
        let server = match has_one {
            true => server.serve_at(PATH, FileChooser),
            false => server.serve_at(PATH, Other),
        };
        let client = Builder::async_io_unix_stream(here).p2p().build();
        let (server, client) = tokio::join!(server.unwrap().build(), client);
        let (_server, client) = (server.unwrap(), client.unwrap());
        is_at(&client).await
    }

    #[tokio::test]
    async fn a_portal_that_chooses_files_is_told_from_one_that_does_not() {
        over(true).await.unwrap();
        over(false).await.unwrap_err();
    }
}
