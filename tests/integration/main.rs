//! Everything that is tested through the library's public face or its programs.

#[cfg(test)]
mod ipc;
