//! The ways to sign in, each an `azure_core` credential.

use jiff::Timestamp;

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The login of the Azure CLI.
    AzureCli,
    /// A service principal or managed identity that the environment names.
    Environment,
    /// The browser of this machine.
    Browser,
    /// A browser on any device, with a code.
    DeviceCode,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AzureCli, Self::Environment, Self::Browser, Self::DeviceCode];

    /// The stable text form, `device-code` for example.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AzureCli => "azure-cli",
            Self::Environment => "environment",
            Self::Browser => "browser",
            Self::DeviceCode => "device-code",
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's sign-in name, or the name or id of an application.
    pub name: String,
    /// Id of the tenant that was signed in to, where the token tells.
    pub tenant_id: Option<String>,
    /// How.
    pub method: Method,
}

/// What a person has to do elsewhere to sign in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// The page to open, on any device.
    pub address: String,
    /// The code to type there.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}
