//! `org.freedesktop.portal.Settings` of the session bus, as the documentation of
//! xdg-desktop-portal has it: `ReadOne` (`Read` in old ones) and the signal
//! `SettingChanged`; `color-scheme` is 0 (nothing in particular), 1 (dark) or 2 (light).

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

use super::Appearance;

const BUS_NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Settings";
const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";
/// A desktop without a portal may take long to say so.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Appearances {
    first: Option<Appearance>,
    changes: MessageStream,
}

impl Appearances {
    pub(super) async fn follow() -> Option<Self> {
        let following = async { Self::over(&Connection::session().await?).await };
        match timeout(LIMIT, following).await {
            Ok(Ok(appearances)) => Some(appearances),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the desktop does not tell whether it is light or dark");
                None
            }
            Err(_) => None,
        }
    }

    async fn over(connection: &Connection) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(INTERFACE)?
            .member("SettingChanged")?
            .path(PATH)?
            .build();
        let changes = MessageStream::for_match_rule(rule, connection, Some(8)).await?;
        let first = match read(connection, "ReadOne").await {
            Ok(value) => value,
            Err(_) => read(connection, "Read").await?,
        };
        Ok(Self { first: appearance(&first), changes })
    }

    pub(super) async fn next(&mut self) -> Option<Appearance> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while let Some(message) = self.changes.next().await {
            let Ok(message) = message else { continue };
            let body = message.body();
            let changed: zbus::Result<(String, String, OwnedValue)> = body.deserialize();
            if let Ok((namespace, key, value)) = changed
                && (namespace.as_str(), key.as_str()) == (NAMESPACE, KEY)
            {
                return appearance(&value);
            }
        }
        None
    }
}

async fn read(connection: &Connection, method: &str) -> zbus::Result<OwnedValue> {
    let question = (NAMESPACE, KEY);
    let reply =
        connection.call_method(Some(BUS_NAME), PATH, Some(INTERFACE), method, &question).await?;
    reply.body().deserialize()
}

/// Old portals put the number into one more variant.
fn appearance(value: &Value<'_>) -> Option<Appearance> {
    match value {
        Value::Value(inner) => appearance(inner),
        Value::U32(1) => Some(Appearance::Dark),
        Value::U32(_) => Some(Appearance::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;
    use zbus::connection::Builder;
    use zbus::object_server::SignalEmitter;

    use super::*;

    /// A portal, as the documentation has it.
    struct Portal(u32);

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Portal {
        fn read_one(&self, namespace: String, key: String) -> zbus::fdo::Result<OwnedValue> {
            if (namespace.as_str(), key.as_str()) != (NAMESPACE, KEY) {
                return Err(zbus::fdo::Error::Failed("no such setting".to_owned()));
            }
            Ok(OwnedValue::from(self.0))
        }

        #[zbus(signal)]
        async fn setting_changed(
            emitter: &SignalEmitter<'_>,
            namespace: &str,
            key: &str,
            value: Value<'_>,
        ) -> zbus::Result<()>;
    }

    /// Both ends of a bus of two.
    async fn bus(portal: Portal) -> (Connection, Connection) {
        let (here, there) = UnixStream::pair().unwrap();
        let (here, there) = (here.into_std().unwrap(), there.into_std().unwrap());
        let guid = zbus::Guid::generate();
        let server = Builder::async_io_unix_stream(there)
            .server(guid)
            .unwrap()
            .p2p()
            .serve_at(PATH, portal)
            .unwrap()
            .build();
        let client = Builder::async_io_unix_stream(here).p2p().build();
        let (server, client) = tokio::join!(server, client);
        (server.unwrap(), client.unwrap())
    }

    #[tokio::test]
    async fn it_tells_what_the_portal_says_and_what_changes() {
        let (portal, connection) = bus(Portal(1)).await;
        let mut appearances = Appearances::over(&connection).await.unwrap();
        assert_eq!(appearances.next().await, Some(Appearance::Dark));
        let emitter = SignalEmitter::new(&portal, PATH).unwrap();
        let changed =
            |key, value| Portal::setting_changed(&emitter, NAMESPACE, key, Value::U32(value));
        changed("accent-color", 1).await.unwrap();
        changed(KEY, 2).await.unwrap();
        assert_eq!(appearances.next().await, Some(Appearance::Light));
    }

    #[test]
    fn a_number_in_two_variants_is_read_too() {
        let nested = Value::Value(Box::new(Value::Value(Box::new(Value::U32(1)))));
        assert_eq!(appearance(&nested), Some(Appearance::Dark));
        assert_eq!(appearance(&Value::U32(0)), Some(Appearance::Light));
        assert_eq!(appearance(&Value::from("dark")), None);
    }
}
