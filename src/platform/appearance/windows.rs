//! Windows tells each window.

use super::Appearance;

pub(super) struct Appearances;

impl Appearances {
    pub(super) async fn follow() -> Option<Self> {
        std::future::ready(None).await
    }

    pub(super) async fn next(&mut self) -> Option<Appearance> {
        std::future::ready(None).await
    }
}
