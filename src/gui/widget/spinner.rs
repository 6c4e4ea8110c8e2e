//! Something is under way.

use egui::{Color32, Pos2, Response, Sense, Shape, Stroke, Ui, Vec2, vec2};

/// How often it moves. It is seen as moving, and costs a tenth of what smooth motion would.
const STEP: std::time::Duration = std::time::Duration::from_millis(120);
/// Steps of a turn.
const STEPS: f64 = 10.0;

/// A small ring that turns.
pub(crate) fn spinner(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(14.0, 17.0), Sense::hover());
    let turn = (ui.input(|input| input.time) / STEP.as_secs_f64()).floor() / STEPS;
    ring(ui, rect.center(), turn.fract() as f32, color);
    ui.ctx().request_repaint_after(STEP);
    response
}

fn ring(ui: &Ui, center: Pos2, turn: f32, color: Color32) {
    let at = |part: f32| center + 5.0 * Vec2::angled((turn + part) * std::f32::consts::TAU);
    let points = (0u8..=20).map(|step| at(f32::from(step) / 20.0 * 0.7)).collect();
    ui.painter().add(Shape::line(points, Stroke::new(1.8, color)));
}
