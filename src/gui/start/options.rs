//! The program's arguments.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::model::VERSION;

/// Shows the hybrid connections of this machine in a window.
#[derive(Clone, Debug, Parser)]
#[command(name = "hybrid-connection-manager-gui", version = VERSION, about)]
pub(super) struct Options {
    /// Folder of the service's settings and local channel, and of the window's own file
    #[arg(long, value_name = "DIR", env = "HCM_HOME")]
    pub home: Option<PathBuf>,
    /// Draw with this renderer alone, instead of the first one that works
    #[arg(long, value_enum)]
    pub renderer: Option<Renderer>,
    /// Begin minimized, as at login
    #[arg(long)]
    pub minimized: bool,
    /// Begin with the demo: sample connections without an Azure account
    #[arg(long)]
    pub demo: bool,
    /// Print how long each step of the start takes, to standard error
    #[arg(long)]
    pub startup_trace: bool,
    /// Show made-up connections instead of those of a service
    #[arg(long, hide = true)]
    pub mock_service: bool,
    /// Process id of the window that ends for this one
    #[arg(long, hide = true, value_name = "PID")]
    pub instead_of: Option<u32>,
    /// Renderers that this start has tried in vain
    #[arg(long, hide = true, value_enum, value_delimiter = ',')]
    pub tried: Vec<Renderer>,
}

/// What draws the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Renderer {
    /// Direct3D 12 on Windows (its software device included), Vulkan or OpenGL ES elsewhere.
    Wgpu,
    /// OpenGL 2.1 or later.
    Glow,
}

impl Renderer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wgpu => "wgpu",
            Self::Glow => "glow",
        }
    }
}
