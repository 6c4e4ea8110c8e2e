//! Everything that is tested through the library's public face or its programs.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod ipc;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod store;
