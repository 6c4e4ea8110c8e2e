//! A text that never prints itself.

use std::fmt;

use zeroize::Zeroizing;

/// A key or token. `Debug` shows no part of it, there is no `Display`, and the
/// memory is wiped when the value is dropped.
///
/// It has no `Serialize`: the places where a secret is written (the connections file, the
/// local channel towards the service, and its answer to
/// [`ExportConnections`](crate::ipc::protocol::Request::ExportConnections)) say so with
/// `#[serde(with = "crate::model::secret::exposed")]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every caller is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Serialises a [`Secret`] as its text; for use with `#[serde(with)]` only.
pub mod exposed {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Secret;

    /// Writes the text of `secret`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    /// Reads a text into a [`Secret`].
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let shown = format!("{:?}", Some(Secret::new("dGVzdA==")));
        assert_eq!(shown, "Some(Secret(…))");
    }
}
