//! The environment is all there is.

use super::Found;

pub(super) fn read() -> Vec<Found> {
    Vec::new()
}
