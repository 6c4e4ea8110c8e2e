//! Small pictures, painted: they need no font and are sharp at every size.

use egui::{Color32, Painter, Pos2, Shape, Stroke, Vec2, vec2};

/// A small picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A gear: settings.
    Gear,
    /// A magnifying glass: the filter.
    Search,
    /// Two sheets: copy.
    Copy,
    /// A cross: close.
    Close,
    /// A tick: it works.
    Check,
    /// A triangle with an exclamation mark.
    Warning,
    /// An arrow up: ascending.
    Up,
    /// An arrow down: descending.
    Down,
    /// The product's own sign.
    Logo,
}

/// Paints `icon` around `center`, `size` points high.
pub(crate) fn paint_icon(painter: &Painter, icon: Icon, center: Pos2, size: f32, color: Color32) {
    let unit = size / 14.0;
    let at = |x: f32, y: f32| center + vec2(x, y) * unit;
    let stroke = Stroke::new(1.4 * unit, color);
    let line = |points: &[(f32, f32)]| {
        let points = points.iter().map(|(x, y)| at(*x, *y)).collect();
        painter.add(Shape::line(points, stroke));
    };
    match icon {
        Icon::Gear => gear(painter, center, size, color),
        Icon::Search => {
            painter.circle_stroke(at(-1.2, -1.2), 4.0 * unit, stroke);
            line(&[(1.8, 1.8), (5.2, 5.2)]);
        }
        Icon::Copy => {
            let sheet =
                |x: f32, y: f32| egui::Rect::from_min_size(at(x, y), Vec2::splat(7.5 * unit));
            let (radius, kind) = (1.5 * unit, egui::StrokeKind::Middle);
            painter.rect_stroke(sheet(-2.0, -2.0), radius, stroke, kind);
            line(&[(-3.6, 2.6), (-5.0, 2.6), (-5.0, -5.0), (2.6, -5.0), (2.6, -3.6)]);
        }
        Icon::Close => {
            line(&[(-4.0, -4.0), (4.0, 4.0)]);
            line(&[(4.0, -4.0), (-4.0, 4.0)]);
        }
        Icon::Check => line(&[(-5.0, 0.5), (-1.6, 4.0), (5.0, -4.0)]),
        Icon::Warning => {
            let corners = [(0.0, -6.0), (6.5, 5.5), (-6.5, 5.5)].map(|(x, y)| at(x, y));
            painter.add(Shape::convex_polygon(corners.into(), color, Stroke::NONE));
            let ground = egui::Rgba::from(color);
            let is_bright = 0.21 * ground.r() + 0.72 * ground.g() + 0.07 * ground.b() > 0.3;
            let mark = if is_bright { Color32::BLACK } else { Color32::WHITE };
            painter.line_segment([at(0.0, -2.0), at(0.0, 1.6)], Stroke::new(1.5 * unit, mark));
            painter.circle_filled(at(0.0, 3.7), 0.9 * unit, mark);
        }
        Icon::Up => line(&[(-3.5, 1.8), (0.0, -1.8), (3.5, 1.8)]),
        Icon::Down => line(&[(-3.5, -1.8), (0.0, 1.8), (3.5, -1.8)]),
        Icon::Logo => logo(painter, center, size, color),
    }
}

fn gear(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let (radius, unit) = (size * 0.33, size / 14.0);
    painter.circle_stroke(center, radius, Stroke::new(1.6 * unit, color));
    painter.circle_stroke(center, radius * 0.36, Stroke::new(1.2 * unit, color));
    for tooth in 0u8..8 {
        let direction = Vec2::angled(f32::from(tooth) * std::f32::consts::TAU / 8.0);
        let ends = [center + direction * radius, center + direction * (radius + 2.2 * unit)];
        painter.line_segment(ends, Stroke::new(1.9 * unit, color));
    }
}

/// Two networks and the relay between them, as `assets/icon/icon.svg` has them.
fn logo(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let unit = size / 24.0;
    let square = egui::Rect::from_center_size(center, Vec2::splat(size));
    painter.rect_filled(square, 5.5 * unit, color);
    let stroke = Stroke::new(1.9 * unit, Color32::WHITE);
    for side in [-1.0, 1.0] {
        let end = center + vec2(side * 5.4, side * -5.4) * unit;
        painter.circle_stroke(end, 2.6 * unit, stroke);
        let dash = [
            center + vec2(side * 2.5, side * -2.5) * unit,
            center + vec2(side * 3.3, side * -3.3) * unit,
        ];
        painter.line_segment(dash, stroke);
    }
    painter.circle_filled(center, 1.6 * unit, Color32::WHITE);
}
