//! `hcm add`: with an Azure account, or by connection strings.

mod create;
mod named;
mod picked;
pub(super) mod service;
mod strings;

use crate::cli::Context;
use crate::cli::args::Add;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

pub(super) async fn run(context: &Context<'_>, mut arguments: Add) -> Result<Exit, Failure> {
    let place = std::mem::take(&mut arguments.place).whole();
    let place = place.map_err(|words| Failure::new(Exit::Usage, words))?;
    match place {
        Some(place) => named::run(context, &arguments, place).await,
        None if arguments.string.is_none() && arguments.file.is_none() => {
            picked::run(context, &arguments).await
        }
        None => strings::run(context, &arguments).await,
    }
}
