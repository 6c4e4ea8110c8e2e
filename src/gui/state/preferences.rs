//! What the window remembers from one start to the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::{Column, Sort};
use crate::gui::text::LanguageChoice;

/// Version of the file's form.
const VERSION: u32 = 1;

/// The window's own file. A missing member has its default; unknown ones are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// Version of the form; a newer one is read as far as it is understood.
    pub version: u32,
    /// Language of the texts.
    pub language: LanguageChoice,
    /// Light or dark.
    pub theme: ThemeChoice,
    /// Widths of the columns that the user has changed, in points.
    pub columns: BTreeMap<Column, f32>,
    /// Order of the rows.
    pub sort: Sort,
    /// The details are shown beside the table.
    pub details_open: bool,
    /// Their width in points.
    pub details_width: f32,
    /// Where the window was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowPlace>,
    /// A version that the person does not want to hear of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_version: Option<String>,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            version: VERSION,
            language: LanguageChoice::System,
            theme: ThemeChoice::System,
            columns: BTreeMap::new(),
            sort: Sort::default(),
            details_open: true,
            details_width: 330.0,
            window: None,
            skipped_version: None,
            unknown: serde_json::Map::new(),
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThemeChoice {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Place and size of the window, in points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WindowPlace {
    /// Left edge, where the system tells.
    pub x: Option<f32>,
    /// Upper edge, where the system tells.
    pub y: Option<f32>,
    /// Width of the inner area.
    pub width: f32,
    /// Height of the inner area.
    pub height: f32,
    /// It fills the screen.
    pub maximized: bool,
}
