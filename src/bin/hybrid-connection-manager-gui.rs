//! `hybrid-connection-manager-gui`: the window.

fn main() {}
