//! Which version this is.

/// The version of this build: that of the package, unless the build got another one in
/// `HCM_VERSION` (`installer/build.rs`).
pub const VERSION: &str = env!("HCM_VERSION");

/// This program as an HTTP client names itself (RFC 9110, section 10.1.5).
pub const USER_AGENT_PRODUCT: &str = concat!("hybrid-connection-manager/", env!("HCM_VERSION"));
