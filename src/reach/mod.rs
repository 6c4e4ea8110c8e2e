//! What this machine reaches, for a person who asks: the hosts behind a namespace, for the list
//! of a firewall, and whether something answers. It changes nothing and asks no service.

pub mod firewall;
pub mod lookup;
pub mod probe;
