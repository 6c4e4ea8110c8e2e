//! `relay-emulator run`.

use std::path::Path;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::RunArguments;
use super::{CliError, render};
use crate::emulator::{Emulator, EmulatorConfig, EmulatorError};

/// What is emulated when nobody says what to.
const SAMPLE: (&str, &str, &str) = ("contoso", "hc1", "127.0.0.1:8080");

/// Runs the emulator until Ctrl-C or SIGTERM.
pub(super) async fn run(options: RunArguments, folder: &Path) -> Result<(), CliError> {
    set_up_logging(&options.log)?;
    let emulator = Emulator::start(config_of(options, folder)?).await?;
    render::started(&emulator, &folder.join("ca.pem"))?;
    stopped().await?;
    emulator.shutdown().await;
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn stopped() -> Result<(), CliError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(CliError::Signal)?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map_err(CliError::Signal),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(CliError::Signal)
}

fn config_of(options: RunArguments, folder: &Path) -> Result<EmulatorConfig, CliError> {
    let mut config = match &options.config {
        Some(file) => EmulatorConfig::from_file(file)?,
        None => EmulatorConfig::new(),
    };
    for given in &options.hybrid_connection {
        let endpoint = given.endpoint.to_string();
        config = config.hybrid_connection(&given.hybrid.namespace, &given.hybrid.name, &endpoint);
    }
    if config.namespaces.is_empty() {
        let (namespace, name, endpoint) = SAMPLE;
        config = config.hybrid_connection(namespace, name, endpoint);
    }
    if let Some(port) = options.port {
        config = config.port(port);
    }
    Ok(config.state_folder(folder))
}

pub(super) fn set_up_logging(filter: &str) -> Result<(), CliError> {
    let filter: Targets = filter
        .parse()
        .map_err(|error: ParseError| EmulatorError::config("--log", error.to_string()))?;
    let console = fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(console).with(filter).init();
    Ok(())
}
