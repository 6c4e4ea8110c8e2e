//! The one place of this program that prints.

use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::CliError;
use crate::emulator::{Emulator, EmulatorState, HybridConnectionState, Right};
use crate::model::metadata::parse_endpoint;

/// Prints lines to the standard output. A closed pipe is no failure.
pub(super) fn lines(lines: &[String]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let text = lines.join("\n") + "\n";
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    lines(&[text])
}

/// Prints an error. If even that fails, the exit code still tells.
pub(super) fn error(error: &CliError) {
    let written = writeln!(io::stderr().lock(), "relay-emulator: {error}");
    drop(written);
}

/// Prints where the emulator is and how to reach it. The connection strings are what
/// this program is started for.
pub(super) fn started(emulator: &Emulator, ca: &Path) -> Result<(), CliError> {
    let mut text = vec![
        format!("The Relay emulator listens on 127.0.0.1:{}", emulator.port()),
        format!("CA certificate to trust: {}", ca.display()),
        format!("Azure sign-in: {}", emulator.authority()),
        format!("Azure Resource Manager: {}", emulator.resource_manager()),
    ];
    for there in emulator.state().hybrid_connections {
        text.push(String::new());
        text.push(format!("{} -> {}", there.id, endpoint_of(&there)));
        for rule in &there.rules {
            let host = there.id.namespace().host();
            let string = emulator.connection_string(host, there.id.name(), &rule.name)?;
            text.push(format!("  {:7} {}", rights(&rule.rights), string.expose()));
        }
    }
    lines(&text)
}

/// Prints what is open.
pub(super) fn state(state: &EmulatorState) -> Result<(), CliError> {
    let mut text = vec![format!("Port {}", state.port)];
    for there in &state.hybrid_connections {
        text.push(format!("{} -> {}", there.id, endpoint_of(there)));
        let HybridConnectionState { listeners, streams, .. } = there;
        text.push(format!(
            "  {} listeners now, {} in all; {} streams now, {} in all, {} refused; {} requests",
            listeners.len(),
            there.total_listeners,
            streams.len(),
            there.total_streams,
            there.refused_streams,
            there.total_requests,
        ));
        text.push(format!(
            "  {} bytes to listeners, {} bytes to senders",
            there.bytes_to_listener, there.bytes_to_sender
        ));
        for listener in listeners {
            text.push(format!("  listener {} from {}", listener.tracking_id, listener.remote));
        }
        for stream in streams {
            text.push(format!(
                "  stream {}: {} bytes to the listener, {} to the sender",
                stream.tracking_id, stream.bytes_to_listener, stream.bytes_to_sender
            ));
        }
    }
    let counters = &state.azure.counters;
    text.push(format!("Azure sign-in: {}", state.azure.authority));
    text.push(format!("Azure Resource Manager: {}", state.azure.resource_manager));
    text.push(format!(
        "  {} requests, {} for keys, {} at once at the most; {} tokens issued",
        counters.requests,
        counters.of("listKeys"),
        counters.most_in_flight,
        counters.tokens_issued
    ));
    for fault in &state.azure.faults {
        let fault = serde_json::to_string(fault).map_err(io::Error::from)?;
        text.push(format!("fault azure {fault}"));
    }
    for fault in &state.faults {
        text.push(format!("fault {}", serde_json::to_string(fault).map_err(io::Error::from)?));
    }
    lines(&text)
}

fn endpoint_of(there: &HybridConnectionState) -> String {
    let metadata = there.user_metadata.as_deref().unwrap_or_default();
    match parse_endpoint(metadata) {
        Ok(found) => found.endpoint.to_string(),
        Err(error) => format!("no endpoint: {error}"),
    }
}

fn rights(rights: &[Right]) -> String {
    rights.iter().map(|right| format!("{right:?}")).collect::<Vec<_>>().join("+")
}
