//! egui's style, made of the palette.

use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, Theme, Visuals, vec2};

use super::{
    CONTROL_HEIGHT, CONTROL_RADIUS, DIALOG_RADIUS, Palette, SMALL, TEXT, medium, mono, regular,
    semibold,
};

pub(super) fn install(ctx: &egui::Context) {
    // Where nobody tells, as most programs are.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    for theme in [Theme::Light, Theme::Dark] {
        ctx.set_style_of(theme, style(theme));
    }
}

fn style(theme: Theme) -> Style {
    let palette = Palette::of_theme(theme);
    let mut style = Style { visuals: visuals(theme, palette), ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, regular(SMALL)),
        (TextStyle::Body, regular(TEXT)),
        (TextStyle::Button, medium(TEXT)),
        (TextStyle::Heading, semibold(15.0)),
        (TextStyle::Monospace, mono(SMALL)),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 8.0);
    style.spacing.button_padding = vec2(12.0, 6.0);
    style.spacing.interact_size = vec2(CONTROL_HEIGHT, CONTROL_HEIGHT);
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.combo_width = 200.0;
    style.spacing.icon_width = 16.0;
    style.spacing.icon_spacing = 8.0;
    style.spacing.tooltip_width = 420.0;
    style.spacing.scroll.bar_width = 8.0;
    style.interaction.selectable_labels = false;
    // Motion is a reason to repaint; nothing here needs it.
    style.animation_time = 0.0;
    style
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let base = match theme {
        Theme::Light => Visuals::light(),
        Theme::Dark => Visuals::dark(),
    };
    let radius = CornerRadius::same(CONTROL_RADIUS);
    let line = Stroke::new(1.0, palette.line);
    let accent = Stroke::new(1.0, palette.accent);
    let widget = |fill, outline, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: outline,
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let widgets = Widgets {
        noninteractive: widget(palette.panel, line, palette.text),
        inactive: widget(palette.panel, line, palette.text),
        hovered: widget(palette.hover, line, palette.text),
        active: widget(palette.hover, accent, palette.text),
        open: widget(palette.hover, line, palette.text),
    };
    Visuals {
        override_text_color: None,
        weak_text_color: Some(palette.dim),
        widgets,
        selection: Selection {
            bg_fill: palette.selection,
            stroke: Stroke::new(1.5, palette.accent),
        },
        hyperlink_color: palette.accent,
        faint_bg_color: palette.background,
        extreme_bg_color: palette.background,
        text_edit_bg_color: Some(palette.background),
        code_bg_color: palette.background,
        warn_fg_color: palette.strong(super::Tone::Warn),
        error_fg_color: palette.strong(super::Tone::Bad),
        window_corner_radius: CornerRadius::same(DIALOG_RADIUS),
        window_fill: palette.panel,
        window_stroke: line,
        window_shadow: Shadow { offset: [0, 12], blur: 32, spread: 0, color: palette.shadow },
        menu_corner_radius: radius,
        popup_shadow: Shadow { offset: [0, 4], blur: 12, spread: 0, color: palette.shadow },
        panel_fill: palette.panel,
        button_frame: true,
        ..base
    }
}
