//! A stand-in for a Chinese font of the system: every Han character looks alike.

use std::sync::Arc;

use egui::epaint::text::{FallbackRequest, FontInsert, FontPriority, InsertFontFamily};
use egui::{Context, FontData};

static MONO: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono.ttf");

/// Gives `ctx` the font, as the system's provider does.
pub(super) fn install(ctx: &Context) {
    let font = font();
    ctx.add_font_provider(Arc::new(move |request: &FallbackRequest<'_>| {
        let is_han = request.cluster.chars().next().is_some_and(|c| c >= '\u{2e80}');
        is_han.then(|| FontInsert {
            name: "stand-in".to_owned(),
            data: FontData::from_owned(font.clone()),
            families: vec![InsertFontFamily {
                family: request.family.clone(),
                priority: FontPriority::Lowest,
            }],
        })
    }));
}

/// The mono font with another map from characters to glyphs, put at its end.
fn font() -> Vec<u8> {
    let mut font = MONO.to_vec();
    let map = map();
    let tables = usize::from(u16::from_be_bytes([font[4], font[5]]));
    let entry = (0..tables).map(|table| 12 + table * 16).find(|at| &font[*at..at + 4] == b"cmap");
    let entry = entry.unwrap();
    let at = (font.len() as u32).to_be_bytes();
    font[entry + 8..entry + 12].copy_from_slice(&at);
    font[entry + 12..entry + 16].copy_from_slice(&(map.len() as u32).to_be_bytes());
    font.extend(map);
    font
}

/// A `cmap` table of format 12 with a group for each character.
fn map() -> Vec<u8> {
    const GLYPH: u32 = 40;
    let han = (0x2e80..=0x9fff).chain(0xff00..=0xffef);
    let groups: Vec<u8> = han.flat_map(|c: u32| [c, c, GLYPH]).flat_map(u32::to_be_bytes).collect();
    let count = groups.len() as u32 / 12;
    let mut map = Vec::new();
    // Version 0 with one table: for Windows, all of Unicode, 12 bytes from here.
    for number in [0u16, 1, 3, 10] {
        map.extend(number.to_be_bytes());
    }
    map.extend(12u32.to_be_bytes());
    map.extend([0, 12, 0, 0]);
    for number in [16 + count * 12, 0, count] {
        map.extend(number.to_be_bytes());
    }
    map.extend(groups);
    map
}
