//! `hcm`: the command line of Hybrid Connection Manager.

fn main() {}
