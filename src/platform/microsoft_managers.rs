//! Where Microsoft's own hybrid connection managers keep their connections, for who wants to
//! read them. Nothing here opens a file.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
#[path = "microsoft_managers/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "microsoft_managers/windows.rs"]
mod os;

/// The files in which the managers keep their connections on this system, those of the newer
/// one first, whether they are there or not.
pub fn files() -> Vec<PathBuf> {
    os::files()
}

/// Whose the file is, where that is neither the system nor an administrator nor this account:
/// on Windows every account may make the folder of a manager that is not installed, and what
/// it puts there would lead strangers to where this machine reaches.
///
/// # Errors
/// Those of the system.
pub fn stranger_who_owns(file: &Path) -> io::Result<Option<String>> {
    os::stranger_who_owns(file)
}

/// Software of Microsoft that gets in the way of hybrid connection managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// The manager of the hybrid connections of BizTalk Services.
    BizTalk,
    /// Service Bus for Windows Server.
    ServiceBusServer,
}

impl Neighbour {
    /// The one that a program with this name is.
    #[cfg_attr(all(unix, not(test)), expect(dead_code, reason = "it runs on Windows alone"))]
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.contains("biztalk") && name.contains("hybrid connection") {
            return Some(Self::BizTalk);
        }
        let is_server = name.contains("service bus") && name.contains("windows server");
        is_server.then_some(Self::ServiceBusServer)
    }
}

/// Those that are installed here, with the name of each.
pub fn neighbours() -> Vec<(Neighbour, String)> {
    os::neighbours()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_whole_path_and_stands_there_once() {
        let files = files();
        assert!(files[0].ends_with("HybridConnectionManager/connections.json"), "{files:?}");
        for (at, file) in files.iter().enumerate() {
            assert!(file.is_absolute(), "{files:?}");
            assert!(!files[..at].contains(file), "{files:?}");
        }
    }

    #[test]
    fn software_is_known_by_its_name() {
        for (name, expected) in [
            ("BizTalk Services Hybrid Connection Manager", Some(Neighbour::BizTalk)),
            ("Microsoft Azure BizTalk Hybrid Connection Manager", Some(Neighbour::BizTalk)),
            ("Service Bus 1.1 for Windows Server", Some(Neighbour::ServiceBusServer)),
            ("Service Bus for Windows Server 1.1", Some(Neighbour::ServiceBusServer)),
            ("Windows Azure Service Bus for Windows Server", Some(Neighbour::ServiceBusServer)),
            ("Hybrid Connection Manager", None),
            ("Service Bus Explorer", None),
        ] {
            assert_eq!(Neighbour::of(name), expected, "{name}");
        }
    }
}
