//! A person's Azure account, used for one step: signing in, finding hybrid connections, and
//! asking for the keys of those that were chosen.
//!
//! Each way to sign in is an `azure_core` credential ([`sign_in`]). Tokens stay in the memory
//! of this process and go to Azure alone: nothing here writes a file, and the service never
//! sees one.

mod arm;
pub mod browse;
mod client;
pub mod cloud;
mod enter;
pub mod error;
mod http;
mod keys;
pub mod setup;
pub mod sign_in;
#[cfg(test)]
mod tests;

pub use browse::{
    BrowseEvent, FoundConnection, Namespace, Subscription, Subscriptions, Unread, Unusable, Usable,
};
pub use client::Azure;
pub use cloud::Cloud;
pub use error::{AzureError, AzureErrorKind};
pub use setup::Setup;
pub use sign_in::{Account, BROWSER_LIMIT, DeviceCode, Method, open_browser};
