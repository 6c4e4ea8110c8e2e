//! The course of a number over the last minutes, without axes.

use egui::{Color32, Painter, Rect, Shape, Stroke, pos2};

/// Paints `points`, oldest first, over the whole of `rect`; the highest reaches the top.
pub(crate) fn sparkline(painter: &Painter, rect: Rect, points: &[u64], color: Color32) {
    let most = points.iter().copied().max().unwrap_or(0);
    if points.len() < 2 || most == 0 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
    let step = rect.width() / (points.len() - 1) as f32;
    let mut x = rect.left() - step;
    let line = points.iter().map(|point| {
        x += step;
        pos2(x, rect.bottom() - rect.height() * (*point as f64 / most as f64) as f32)
    });
    painter.add(Shape::line(line.collect(), Stroke::new(1.5, color)));
}
