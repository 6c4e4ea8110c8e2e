//! `relay-emulator send`.

use std::path::Path;

use super::args::SendArguments;
use super::run::stopped;
use super::{CliError, announcement, render, unknown_rule};
use crate::emulator::Right;
use crate::emulator::sender::{LocalForward, SenderConfig};
use crate::emulator::tls;

/// Opens a local port that leads to the listener, until Ctrl-C or SIGTERM.
pub(super) async fn send(options: SendArguments, folder: &Path) -> Result<(), CliError> {
    let SendArguments { connection, local, rule } = options;
    let announcement = announcement(folder)?;
    let found = announcement.find(&connection, rule.as_deref(), Right::Send);
    let found = found.ok_or_else(|| unknown_rule(&connection, rule.as_deref()))?;
    let sender = SenderConfig::from_connection_string(found.connection_string.expose())?
        .trust(tls::kept_certificate(folder)?)
        .build()?;
    let forward = LocalForward::bind(sender, local)
        .await
        .map_err(|source| CliError::Local { port: local, source })?;
    render::lines(&[format!("127.0.0.1:{} leads to {connection}", forward.port())])?;
    stopped().await?;
    forward.shutdown().await;
    Ok(())
}
