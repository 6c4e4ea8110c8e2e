//! Inter for text, JetBrains Mono for what is copied letter by letter. Chinese comes from
//! the system's own font, found by egui when it is needed.

use std::sync::Arc;

use egui::epaint::text::{FontTweak, VariationCoords};
use egui::{FontData, FontDefinitions, FontFamily, FontId};

static INTER: &[u8] = include_bytes!("../../../assets/fonts/Inter.ttf");
static MONO: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono.ttf");

const MEDIUM: &str = "medium";
const SEMIBOLD: &str = "semibold";

pub(super) fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, family: FontFamily, font: FontData| {
        fonts.font_data.insert(name.to_owned(), Arc::new(font));
        let rest = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
        let chain = fonts.families.entry(family).or_insert(rest);
        chain.insert(0, name.to_owned());
    };
    // The named families come first: they take the fallbacks that Proportional has then.
    add("inter-medium", FontFamily::Name(MEDIUM.into()), inter(500.0));
    add("inter-semibold", FontFamily::Name(SEMIBOLD.into()), inter(600.0));
    add("inter", FontFamily::Proportional, inter(400.0));
    add("jetbrains-mono", FontFamily::Monospace, FontData::from_static(MONO));
    ctx.set_fonts(fonts);
}

fn inter(weight: f32) -> FontData {
    let coords = VariationCoords::new([(b"wght", weight)]);
    // Hinted, the dot of a semibold "i" melts into its stem.
    let tweak = FontTweak { coords, hinting: Some(false), ..FontTweak::default() };
    FontData::from_static(INTER).tweak(tweak)
}

/// Ordinary text of `size` points.
pub(crate) fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Text a little stronger: on controls and in table heads.
pub(crate) fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(MEDIUM.into()))
}

/// Headings and names.
pub(crate) fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(SEMIBOLD.into()))
}

/// What is copied letter by letter.
pub(crate) fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}
