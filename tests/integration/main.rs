//! Everything that is tested through the library's public face or its programs.

#[cfg(test)]
mod cli_commands;
#[cfg(test)]
mod cli_support;
#[cfg(test)]
#[cfg(unix)]
mod cli_terminal;
#[cfg(test)]
#[cfg(unix)]
mod cli_watch;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod ipc;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod store;
