//! The window's log: warnings to the terminal, all that matters to a file a day.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::platform::permissions::ensure_safe_folder;

/// Daily files that are kept.
const KEPT: usize = 7;
/// Of the libraries that draw only what is bad is logged.
const LIBRARIES: [(&str, LevelFilter); 6] = [
    ("wgpu_core", LevelFilter::WARN),
    ("wgpu_hal", LevelFilter::ERROR),
    ("egui_wgpu", LevelFilter::WARN),
    ("naga", LevelFilter::WARN),
    ("winit", LevelFilter::WARN),
    ("fontique", LevelFilter::WARN),
];

/// Logs from here on. A log that cannot be written is no reason not to open the window.
pub(super) fn install(folder: &Path) {
    let files = ensure_safe_folder(folder).map_err(io::Error::other).and_then(|()| {
        RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("window")
            .filename_suffix("log")
            .max_log_files(KEPT)
            .build(folder)
            .map_err(io::Error::other)
    });
    let (files, problem) = match files {
        Ok(files) => (Some(fmt::layer().with_writer(files).with_ansi(false)), None),
        Err(error) => (None, Some(error)),
    };
    let console = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(LevelFilter::WARN);
    let installed = tracing_subscriber::registry()
        .with(Targets::new().with_default(LevelFilter::INFO).with_targets(LIBRARIES))
        .with(files)
        .with(console)
        .try_init();
    if let Some(error) = problem {
        tracing::warn!(%error, folder = %folder.display(), "the window keeps no log file");
    }
    if let Err(error) = installed {
        tracing::debug!(%error, "there is a log already");
    }
}
