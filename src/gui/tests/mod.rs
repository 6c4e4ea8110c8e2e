//! The window without a display: [`harness`] holds it over a made-up service and finds
//! what is in it by its accessible names, [`software`] draws it.

mod add;
mod azure;
mod change;
mod chinese;
mod diagnose;
mod dialogs;
mod harness;
mod keyboard;
mod link;
#[cfg(feature = "emulator")]
mod live;
mod many;
mod pictures;
mod read_only;
mod secrets;
mod settings;
mod software;
mod start;
mod strings;
mod table;
mod upgrade;
