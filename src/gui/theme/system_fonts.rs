//! Fonts of the system, for what the embedded ones have not: Chinese above all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use egui::FontFamily;
use egui::epaint::text::{
    FallbackRequest, FontData, FontInsert, FontPriority, FontProvider, InsertFontFamily,
};
use egui_system_font_provider::SystemFontProvider;
use fontique::{
    Attributes, Collection, CollectionOptions, FontStyle, FontWeight, FontWidth, QueryFamily,
    QueryStatus, SourceCache,
};

use super::{TEXT, semibold};

/// Families of simplified Chinese, the best first: of Windows, of macOS, and those that
/// Linux distributions bring.
const SIMPLIFIED: [&str; 9] = [
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "PingFang SC",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
];

/// Lets `ctx` find fonts of the system when it needs them. One Han character looks different
/// in Chinese and in Japanese: `is_simplified` asks for the form of simplified Chinese.
pub(crate) fn add(ctx: &egui::Context, is_simplified: bool) {
    if is_simplified {
        ctx.add_font_provider(Arc::new(Guarded::new(Simplified::default())));
    }
    let others = Others { is_simplified, fonts: OnceLock::new() };
    ctx.add_font_provider(Arc::new(Guarded::new(others)));
}

/// All other characters that the embedded fonts lack. Listing the fonts of a system takes
/// memory and, at the start, the processor; most windows need none of them.
struct Others {
    is_simplified: bool,
    fonts: OnceLock<SystemFontProvider>,
}

impl FontProvider for Others {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let fonts = self.fonts.get_or_init(|| {
            let fonts = SystemFontProvider::new();
            if self.is_simplified { fonts.with_locale(Some("zh-Hans")) } else { fonts }
        });
        fonts.font_for(request)
    }
}

/// A provider that is asked no more once it has panicked, as that of the system does on a
/// machine without any font.
struct Guarded<P> {
    inner: P,
    is_broken: AtomicBool,
}

impl<P> Guarded<P> {
    fn new(inner: P) -> Self {
        Self { inner, is_broken: AtomicBool::new(false) }
    }
}

impl<P: FontProvider> FontProvider for Guarded<P> {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        if self.is_broken.load(Ordering::Relaxed) {
            return None;
        }
        catch_unwind(AssertUnwindSafe(|| self.inner.font_for(request))).unwrap_or_else(|_| {
            self.is_broken.store(true, Ordering::Relaxed);
            tracing::warn!("the fonts of this machine cannot be used");
            None
        })
    }
}

/// Finds simplified Chinese by the names of its families. The system alone goes by its own
/// language, which need not be the one of the window.
#[derive(Default)]
struct Simplified {
    /// Read when the first Chinese character is met: most windows never meet one.
    fonts: Mutex<Option<(Collection, SourceCache)>>,
}

impl FontProvider for Simplified {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let c = request.cluster.chars().next().filter(|c| is_chinese(*c))?;
        let mut fonts = self.fonts.lock().unwrap_or_else(PoisonError::into_inner);
        let (collection, sources) = fonts.get_or_insert_with(|| {
            let options = CollectionOptions { shared: false, system_fonts: true };
            (Collection::new(options), SourceCache::default())
        });
        let weight = weight_of(request.family);
        let mut query = collection.query(sources);
        query.set_families(SIMPLIFIED.map(QueryFamily::Named));
        query.set_attributes(Attributes::new(FontWidth::NORMAL, FontStyle::Normal, weight));
        let mut found = None;
        query.matches_with(|font| {
            let glyph = font.charmap().and_then(|charmap| charmap.map(c));
            if glyph.is_none_or(|glyph| glyph == 0) {
                return QueryStatus::Continue;
            }
            found = Some(font.clone());
            QueryStatus::Stop
        });
        drop(query);
        let font = found?;
        let family = collection.family_name(font.family.0).unwrap_or("?");
        let name = format!("chinese:{family}:{}:{}", font.family.1, font.index);
        tracing::debug!(name, "a font for Chinese");
        let (blob, _) = font.blob.into_raw_parts();
        Some(FontInsert {
            name,
            data: FontData::from_blob(blob, font.index),
            families: vec![InsertFontFamily {
                family: request.family.clone(),
                priority: FontPriority::Lowest,
            }],
        })
    }
}

/// Han characters, and the punctuation and full-width forms that stand among them.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

fn weight_of(family: &FontFamily) -> FontWeight {
    if *family == semibold(TEXT).family { FontWeight::SEMI_BOLD } else { FontWeight::NORMAL }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn fonts_that_break_are_asked_once_and_the_window_goes_on() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let broken = move |_: &FallbackRequest<'_>| -> Option<FontInsert> {
            count.fetch_add(1, Ordering::Relaxed);
            panic!("there is no font at all");
        };
        let ctx = egui::Context::default();
        super::super::install(&ctx);
        ctx.add_font_provider(Arc::new(Guarded::new(broken)));
        let mut has_chinese = true;
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let font = super::super::regular(TEXT);
            has_chinese = ui.fonts_mut(|fonts| fonts.has_glyphs(&font, "混合连接"));
        });
        output.textures_delta.clear();
        assert!(!has_chinese);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn latin_text_reads_no_font_of_the_system() {
        let provider = Simplified::default();
        let family = FontFamily::Proportional;
        for cluster in ["", "a", "é", "…", "›", "한"] {
            assert!(provider.font_for(&FallbackRequest { cluster, family: &family }).is_none());
        }
        assert!(provider.fonts.lock().unwrap().is_none());
    }
}
