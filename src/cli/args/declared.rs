//! What `hcm apply` and `hcm export` take.

use std::path::PathBuf;

use clap::Args;

use crate::declared::SECRETS;

/// Arguments of `apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// File with what is declared, "-" for standard input; may be repeated
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Folder of the secrets that {secret: NAME} refers to
    #[arg(long, value_name = "DIR", default_value = SECRETS)]
    pub(crate) secrets: PathBuf,
    /// Remove the hybrid connections that are not declared
    #[arg(long)]
    pub(crate) prune: bool,
    /// Show what would change, and change nothing; ends with 15 where something would
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before --prune removes
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Arguments of `export`.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Write the keys too: whoever reads the file may listen
    #[arg(long)]
    pub(crate) with_keys: bool,
    /// Let --with-keys show keys on a terminal
    #[arg(short, long, requires = "with_keys")]
    pub(crate) yes: bool,
}
