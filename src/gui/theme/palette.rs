//! Colours by role.

use egui::Color32;

/// The colours of one theme.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Behind the table.
    pub background: Color32,
    /// Behind the header, the details and dialogs.
    pub panel: Color32,
    /// Lines between things, and around controls.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Labels and what matters less.
    pub dim: Color32,
    /// The one button that matters, links, charts.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind what is selected.
    pub selection: Color32,
    /// Behind what the pointer is over.
    pub hover: Color32,
    /// Over the window while a dialog is open.
    pub backdrop: Color32,
    /// Shadow of dialogs and menus.
    pub shadow: Color32,
    ok: (Color32, Color32),
    warn: (Color32, Color32),
    bad: (Color32, Color32),
    neutral: (Color32, Color32),
}

/// What a colour says. Never the only thing that says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It works.
    Ok,
    /// On its way, or worth a look.
    Warn,
    /// It does not work.
    Bad,
    /// Neither good nor bad.
    Neutral,
}

impl Palette {
    /// The palette of the theme that `ctx` shows.
    pub(crate) fn of(ctx: &egui::Context) -> &'static Self {
        match ctx.theme() {
            egui::Theme::Light => &LIGHT,
            egui::Theme::Dark => &DARK,
        }
    }

    /// The palette of `theme`.
    pub(crate) fn of_theme(theme: egui::Theme) -> &'static Self {
        match theme {
            egui::Theme::Light => &LIGHT,
            egui::Theme::Dark => &DARK,
        }
    }

    /// Text and signs of this tone.
    pub(crate) fn strong(&self, tone: Tone) -> Color32 {
        self.pair(tone).0
    }

    /// The background that belongs to this tone.
    pub(crate) fn soft(&self, tone: Tone) -> Color32 {
        self.pair(tone).1
    }

    fn pair(&self, tone: Tone) -> (Color32, Color32) {
        match tone {
            Tone::Ok => self.ok,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
            Tone::Neutral => self.neutral,
        }
    }
}

const fn rgb(hex: u32) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

/// `alpha` of 255 of black.
const fn shade(alpha: u8) -> Color32 {
    Color32::from_black_alpha(alpha)
}

static LIGHT: Palette = Palette {
    background: rgb(0xf6_f7f9),
    panel: rgb(0xff_ffff),
    line: rgb(0xe3_e6ea),
    text: rgb(0x1b_1f24),
    dim: rgb(0x5f_6875),
    accent: rgb(0x0f_6cbd),
    on_accent: rgb(0xff_ffff),
    selection: rgb(0xe6_eefa),
    hover: rgb(0xee_f1f4),
    backdrop: shade(90),
    shadow: shade(50),
    ok: (rgb(0x0e_703a), rgb(0xe6_f4ec)),
    warn: (rgb(0x8a_5c00), rgb(0xff_f4d6)),
    bad: (rgb(0xb4_2318), rgb(0xfd_e8e6)),
    neutral: (rgb(0x5a_6370), rgb(0xee_f1f4)),
};

static DARK: Palette = Palette {
    background: rgb(0x17_191c),
    panel: rgb(0x1f_2226),
    line: rgb(0x31_363c),
    text: rgb(0xe8_eaed),
    dim: rgb(0x9a_a2ad),
    accent: rgb(0x4a_a3ee),
    on_accent: rgb(0x0b_1622),
    selection: rgb(0x21_3040),
    hover: rgb(0x2a_2f35),
    backdrop: shade(140),
    shadow: shade(120),
    ok: (rgb(0x57_c48a), rgb(0x1c_3428)),
    warn: (rgb(0xe0_b54a), rgb(0x3a_311a)),
    bad: (rgb(0xff_8b7e), rgb(0x43_211e)),
    neutral: (rgb(0xa3_abb6), rgb(0x2a_2f35)),
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio of WCAG 2.1.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let luminance = |color: Color32| {
            let linear = egui::Rgba::from(color);
            0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
        };
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_text_can_be_read() {
        for palette in [&LIGHT, &DARK] {
            let grounds = [palette.background, palette.panel, palette.selection, palette.hover];
            let mut pairs: Vec<_> = grounds
                .iter()
                .flat_map(|ground| [(palette.text, *ground), (palette.dim, *ground)])
                .collect();
            pairs.push((palette.on_accent, palette.accent));
            pairs
                .extend([palette.panel, palette.background].map(|ground| (palette.accent, ground)));
            for tone in [Tone::Ok, Tone::Warn, Tone::Bad, Tone::Neutral] {
                pairs.push((palette.strong(tone), palette.soft(tone)));
                pairs.push((palette.strong(tone), palette.panel));
                pairs.push((palette.text, palette.soft(tone)));
            }
            for (text, ground) in pairs {
                let contrast = contrast(text, ground);
                assert!(contrast >= 4.5, "{text:?} on {ground:?}: {contrast:.2}");
            }
        }
    }
}
