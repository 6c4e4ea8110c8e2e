//! The program's arguments.

use std::ffi::OsString;
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

impl Options {
    /// The arguments of a window that takes the place of this one: the same, but for how it
    /// began. Absolute, as it may start in another folder.
    pub(super) fn again(&self) -> Vec<OsString> {
        let mut arguments = vec!["--instead-of".into(), std::process::id().to_string().into()];
        if let Some(home) = &self.home {
            let home = std::path::absolute(home).unwrap_or_else(|_| home.clone());
            arguments.extend(["--home".into(), home.into_os_string()]);
        }
        if let Some(renderer) = self.renderer {
            arguments.extend(["--renderer".into(), renderer.name().into()]);
        }
        arguments
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_takes_the_place_of_another_has_its_home_and_renderer() {
        let line = ["gui", "--home", "/x y", "--renderer", "glow", "--minimized", "--demo"];
        let again = Options::parse_from(line).again();
        let again = Options::parse_from(std::iter::once("gui".into()).chain(again));
        assert_eq!(again.instead_of, Some(std::process::id()));
        assert_eq!(again.home, Some(std::path::absolute("/x y").unwrap()));
        assert_eq!(again.renderer, Some(Renderer::Glow));
        assert!(!again.minimized && !again.demo && again.tried.is_empty());
    }
}
