//! The names under which the system knows this product. The installer uses the same ones: a
//! test compares them with `installer/windows`.
//!
//! All differ from those of Microsoft's managers (`HybridConnectionManager`,
//! `HybridConnectionManagerService`), so that both can be installed on one machine.

/// Name of the service for a service manager; its virtual account on Windows is
/// `NT SERVICE\` and this name.
pub const SERVICE_NAME: &str = "hybrid-connection-manager";

/// Name of the service for people.
pub const SERVICE_DISPLAY_NAME: &str = "Hybrid Connection Manager Background Service";

/// Name of the product, of its folders on Windows, and of its source in the Event Log.
pub const PRODUCT_NAME: &str = "Hybrid Connection Manager";

/// Local group on Windows whose members may manage the service as administrators do.
pub const OPERATORS_GROUP: &str = "Hybrid Connection Manager Operators";

/// Key under `HKEY_LOCAL_MACHINE` where Group Policy says what this machine allows.
pub const POLICY_KEY: &str = r"SOFTWARE\Policies\Hybrid Connection Manager";
