//! What is wrong with the connection, and what to do about it.

use egui::{Frame, Margin, Ui};
use jiff::SignedDuration;

use super::super::{Cx, explain, manage};
use crate::gui::text;
use crate::gui::theme::{CONTROL_RADIUS, SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::{ConnectionStatus, ConnectionView, FaultCode, Retry};

/// A new connection string mends it.
pub(super) fn wants_another_key(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::Unauthorized
            | FaultCode::Forbidden
            | FaultCode::TokenSpent
            | FaultCode::KeySealed
            | FaultCode::NotFound
    )
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    let Some(fault) = view.status.fault() else { return };
    let tone = match fault.code.retry() {
        Retry::Soon if matches!(view.status, ConnectionStatus::Connecting { .. }) => Tone::Warn,
        Retry::Soon | Retry::Slowly | Retry::Never => Tone::Bad,
    };
    let color = cx.palette.strong(tone);
    let frame = Frame::new()
        .fill(cx.palette.soft(tone))
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        let summary = cx.texts.fault_summary(fault.code);
        widget::wrapped(ui, &summary, semibold(TEXT), color);
        let advice = cx.texts.fault_advice(fault.code);
        widget::wrapped(ui, &advice, regular(TEXT), color);
        let seen = text::seen(fault);
        if !seen.is_empty() {
            widget::selectable(ui, seen, regular(SMALL), color);
        }
        if let Some(tracking_id) = &fault.tracking_id {
            let text = cx.texts.with("tracking-id", &[("id", tracking_id.as_str().into())]);
            widget::selectable(ui, &text, regular(SMALL), color);
        }
        countdown(ui, cx, view);
        buttons(ui, cx, view, fault.code);
        explain::link(ui, cx, fault.code);
    });
    ui.add_space(4.0);
}

fn countdown(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    let ConnectionStatus::Waiting { until, .. } = &view.status else { return };
    let Some(left) = cx.texts.until(*until, cx.now) else { return };
    let text = cx.texts.with("retry-in", &[("left", left.into())]);
    widget::wrapped(ui, &text, regular(SMALL), cx.palette.text);
    let into_second = until.duration_since(cx.now).subsec_nanos().max(1);
    cx.again_at(cx.now + SignedDuration::from_nanos(i64::from(into_second)));
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView, code: FaultCode) {
    let attached = cx.state.is_attached();
    ui.horizontal_wrapped(|ui| {
        if wants_another_key(code)
            && manage::button(ui, cx, Kind::Plain, &cx.texts.get("update"), attached)
        {
            cx.act(Action::AskUpdate(view.id.clone()));
        }
        if matches!(view.status, ConnectionStatus::Waiting { .. })
            && manage::button(ui, cx, Kind::Plain, &cx.texts.get("try-now"), attached)
        {
            cx.act(Action::TryNow(vec![view.id.clone()]));
        }
    });
}
