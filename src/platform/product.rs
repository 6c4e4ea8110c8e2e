//! The names under which the system knows this product. The installers use the same ones: tests
//! compare them with `installer/windows` and `installer/linux`.
//!
//! All differ from those of Microsoft's managers (`HybridConnectionManager`,
//! `HybridConnectionManagerService`), so that both can be installed on one machine.

use sha1::{Digest as _, Sha1};

/// Name of the service for a service manager; its virtual account on Windows is
/// `NT SERVICE\` and this name, its account and its folders on Linux have this name alone.
pub const SERVICE_NAME: &str = "hybrid-connection-manager";

/// Name of the service for people.
pub const SERVICE_DISPLAY_NAME: &str = "Hybrid Connection Manager Background Service";

/// Name of the upgrader's service for Windows' service manager, and of its unit on Linux.
pub const UPGRADER_SERVICE_NAME: &str = "hybrid-connection-manager-upgrade";

/// Name of the upgrader's service and of its folder on Windows for people.
pub const UPGRADER_NAME: &str = "Hybrid Connection Manager Upgrade";

/// Name of the product, of its folders on Windows, and of its source in the Event Log.
pub const PRODUCT_NAME: &str = "Hybrid Connection Manager";

/// Local group on Windows whose members may manage the service as administrators do.
pub const OPERATORS_GROUP: &str = "Hybrid Connection Manager Operators";

/// Local group on Linux whose members may manage the service of the machine as root does.
pub const MANAGERS_GROUP: &str = "hcm";

/// What keys are sealed with under systemd: the name of the credential.
pub const CREDENTIAL: &str = "hybrid-connection-manager.key";

/// Key under `HKEY_LOCAL_MACHINE` where Group Policy says what this machine allows.
pub const POLICY_KEY: &str = r"SOFTWARE\Policies\Hybrid Connection Manager";

/// Whether `hcm` has the service put a newer version in its place. On Windows the window and the
/// MSI do, as users know it.
pub const UPGRADES_FROM_TERMINAL: bool = cfg!(not(windows));

/// The security identifier that Windows gives the service of this name, and with it the
/// virtual account that it runs as: `S-1-5-80-` and the five words of the SHA-1 of the name
/// in upper case and UTF-16 (Windows documentation, "Service SIDs").
pub fn service_sid(service: &str) -> String {
    let name: Vec<u8> = service.to_uppercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut sid = "S-1-5-80".to_owned();
    for word in Sha1::digest(name).chunks_exact(4) {
        let word = word.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte));
        sid.push('-');
        sid.push_str(&word.to_string());
    }
    sid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_of_a_service_is_that_of_windows() {
        // As every Windows shows it for the owner of its own files.
        let expected = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        assert_eq!(service_sid("TrustedInstaller"), expected);
        assert_eq!(service_sid("trustedinstaller"), expected);
        assert_ne!(service_sid(SERVICE_NAME), expected);
    }
}
