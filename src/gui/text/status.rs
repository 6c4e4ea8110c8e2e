//! The word for a status.

use std::rc::Rc;

use super::Texts;
use crate::gui::theme::Tone;
use crate::model::StatusLabel;

impl Texts {
    /// The word for `label`.
    pub(crate) fn status(&self, label: StatusLabel) -> Rc<str> {
        self.get(match label {
            StatusLabel::Connected => "status-connected",
            StatusLabel::Connecting => "status-connecting",
            StatusLabel::NotConnected => "status-not-connected",
            StatusLabel::Disabled => "status-disabled",
            StatusLabel::Stopping => "status-stopping",
        })
    }
}

/// The tone of `label`, which stands beside its word and never alone.
pub(crate) fn tone_of(label: StatusLabel) -> Tone {
    match label {
        StatusLabel::Connected => Tone::Ok,
        StatusLabel::Connecting => Tone::Warn,
        StatusLabel::NotConnected => Tone::Bad,
        StatusLabel::Disabled | StatusLabel::Stopping => Tone::Neutral,
    }
}
