//! What `hcm` shows. Everything is a pure function of the model, the time, the width
//! and the colours; [`printer`] alone prints.

pub(crate) mod account;
pub(crate) mod apply;
pub(crate) mod choices;
pub(crate) mod connection;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod json;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod printer;
pub(crate) mod probe;
pub(crate) mod screen;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod style;
mod table;
pub(crate) mod text;
pub(crate) mod upgrade;
pub(crate) mod watch;

#[cfg(test)]
pub(crate) use crate::model::sample;
