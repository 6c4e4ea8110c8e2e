//! The system has one.

#[expect(clippy::unused_async, reason = "another system has to be asked")]
pub(super) async fn is_there() -> bool {
    true
}
