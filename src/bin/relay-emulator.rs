//! `relay-emulator`: Azure Relay Hybrid Connections on loopback.

fn main() {}
