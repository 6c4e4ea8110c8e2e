//! `events.json`: the last events of each connection, for the service that comes next.
//!
//! It is a memory and no configuration: one that cannot be read begins anew, with a line in the
//! log. No secret is in it: an event has none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use crate::model::{ConnectionEvent, ConnectionId};
use crate::platform::files;
use crate::platform::permissions::Access;

/// The version of the form.
const VERSION: u32 = 1;
/// Longest file in bytes that is read.
const LONGEST: u64 = 64 << 20;

/// The last events of connections, oldest first.
pub type Events = BTreeMap<ConnectionId, Vec<ConnectionEvent>>;

#[derive(Serialize)]
struct Form<'a> {
    version: u32,
    connections: Vec<Kept<'a>>,
}

#[derive(Serialize)]
struct Kept<'a> {
    id: &'a ConnectionId,
    events: &'a [ConnectionEvent],
}

#[derive(Deserialize)]
struct FoundForm {
    version: u32,
    connections: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    id: ConnectionId,
    events: Vec<Value>,
}

/// The file with them.
#[derive(Clone, Debug)]
pub struct EventsFile(PathBuf);

impl EventsFile {
    /// The file in the folder `home`.
    pub fn in_home(home: &Path) -> Self {
        Self(home.join("events.json"))
    }

    /// What is in it; nothing where it cannot be read. An event that another version wrote in
    /// another form is left out. Blocks as long as the disk takes.
    pub fn read(&self) -> Events {
        let text = match self.bytes() {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Events::new(),
            Err(error) => return self.begin_anew(&error),
        };
        let form: FoundForm = match serde_json::from_slice(&text) {
            Ok(form) => form,
            Err(error) => return self.begin_anew(&error),
        };
        if form.version != VERSION {
            return self.begin_anew(&format_args!("it has version {}", form.version));
        }
        let events = |found: Vec<Value>| {
            found.into_iter().filter_map(|event| serde_json::from_value(event).ok()).collect()
        };
        form.connections.into_iter().map(|found| (found.id, events(found.events))).collect()
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(&self.0)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > LONGEST {
            true => Err(io::Error::other(format!("it has more than {LONGEST} bytes"))),
            false => Ok(bytes),
        }
    }

    /// Keeps `events`. Blocks as long as the disk takes.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was.
    pub fn write(&self, events: &Events) -> io::Result<()> {
        let kept = events.iter().map(|(id, events)| Kept { id, events });
        let form = Form { version: VERSION, connections: kept.collect() };
        let text = serde_json::to_vec(&form).map_err(io::Error::from)?;
        files::write_durably(&self.0, &text, Access::OwnerOnly)
    }

    fn begin_anew(&self, why: &dyn std::fmt::Display) -> Events {
        warn!(file = %self.0.display(), "the events of before are forgotten: {why}");
        Events::new()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::model::{EventKind, Fault, FaultCode, NamespaceAddress};

    fn put(file: &EventsFile, text: &[u8]) {
        files::write_durably(&file.0, text, Access::OwnerOnly).unwrap();
    }

    fn event() -> impl Strategy<Value = ConnectionEvent> {
        let fault =
            (prop::sample::select(FaultCode::ALL), ".{0,40}", proptest::option::of("[a-z]{1,8}"))
                .prop_map(|(code, detail, id)| Fault::new(code, detail).with_tracking_id(id));
        let kind = prop_oneof![
            Just(EventKind::Restarted),
            proptest::option::of("G[0-9]{1,3}")
                .prop_map(|gateway| EventKind::Connected { gateway }),
            fault.prop_map(|fault| EventKind::StreamFailed { fault }),
        ];
        (0i64..4_000_000_000, kind).prop_map(|(second, kind)| {
            ConnectionEvent::new(Timestamp::from_second(second).unwrap(), kind)
        })
    }

    fn events() -> impl Strategy<Value = Events> {
        let id =
            ("[a-z]{1,8}", "[a-zA-Z0-9/._-]{1,12}").prop_filter_map("a name", |(host, name)| {
                let id = ConnectionId::new(NamespaceAddress::new(&host, 443), &name);
                // What has no text of its own cannot be a name in a file.
                let text = serde_json::to_string(&id).ok()?;
                (serde_json::from_str::<ConnectionId>(&text).ok()? == id).then_some(id)
            });
        prop::collection::btree_map(id, prop::collection::vec(event(), 0..5), 0..5)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(events in events()) {
            let folder = tempfile::tempdir().unwrap();
            let file = EventsFile::in_home(folder.path());
            file.write(&events).unwrap();
            prop_assert_eq!(file.read(), events);
        }

        #[test]
        fn a_damaged_file_is_no_more_than_forgotten(
            events in events(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let file = EventsFile::in_home(folder.path());
            file.write(&events).unwrap();
            let mut text = std::fs::read(&file.0).unwrap();
            let at = at.index(text.len());
            if cut { text.truncate(at) } else { text[at] = byte }
            put(&file, &text);
            let known = file.read();
            prop_assert!(known.values().map(Vec::len).sum::<usize>() <= text.len());
            file.write(&events).unwrap();
            prop_assert_eq!(file.read(), events);
        }
    }

    #[test]
    fn other_versions_and_forms_are_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = EventsFile::in_home(folder.path());
        assert_eq!(file.read(), Events::new());
        put(&file, br#"{"version": 2, "connections": []}"#);
        assert_eq!(file.read(), Events::new());
        let text = br#"{"version": 1, "connections": [{"id": "contoso.servicebus.windows.net/sql", "events": [
            {"at": "2026-01-01T00:00:00Z", "text": "It floats", "kind": {"type": "levitated"}},
            {"at": "yesterday", "text": "x"},
            {"at": "2026-01-01T00:00:01Z", "text": "Connected (G42)", "kind": {"type": "connected", "gateway": "G42"}}
        ]}]}"#;
        put(&file, text);
        let known: Vec<_> = file.read().into_values().flatten().collect();
        assert_eq!(known.len(), 2);
        assert_eq!(known[0].kind, EventKind::Other);
        assert_eq!(known[1].text, "Connected (G42)");
    }
}
