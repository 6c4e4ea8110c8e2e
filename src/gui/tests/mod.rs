//! The window without a display: [`harness`] holds it over a made-up service and finds
//! what is in it by its accessible names, [`software`] draws it.

mod harness;
mod software;
mod start;
