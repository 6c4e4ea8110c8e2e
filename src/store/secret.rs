//! A secret in a file: `{ "protection": …, "value": … }`. The protection `none` has the
//! secret itself as its value; any other has the base64 of what the system sealed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::schema::Object;
use crate::model::Secret;
use crate::platform::seal::{PROTECTIONS, SealError, Sealer};

/// The file's mode protects it.
const NO_PROTECTION: &str = "none";

/// A secret as a file has it.
#[derive(Clone, PartialEq, Serialize)]
pub(super) struct StoredSecret {
    protection: String,
    #[serde(serialize_with = "crate::model::secret::exposed::serialize")]
    value: Secret,
    /// What a newer version wrote about it.
    #[serde(flatten)]
    unknown: Object,
}

impl StoredSecret {
    /// Reads a secret, or says what is wrong with it without its value.
    pub(super) fn read(stored: Value) -> Result<Self, String> {
        let Value::Object(mut stored) = stored else {
            return Err("is not an object".to_owned());
        };
        let protection = take_text(&mut stored, "protection")?;
        if protection != NO_PROTECTION && !PROTECTIONS.contains(&protection.as_str()) {
            return Err("is protected in a way that this version cannot undo".to_owned());
        }
        let value = Secret::new(take_text(&mut stored, "value")?);
        Ok(Self { protection, value, unknown: stored })
    }

    /// As it is written.
    pub(super) fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("plain values always become JSON")
    }

    /// The same with what a newer version wrote about `other`.
    pub(super) fn with_unknown_of(mut self, other: &Self) -> Self {
        self.unknown.clone_from(&other.unknown);
        self
    }
}

/// How secrets are protected from now on.
#[derive(Debug)]
pub(super) struct Protection(Option<Box<dyn Sealer>>);

impl Protection {
    /// By `sealer`; without one, by the file's mode alone.
    pub(super) fn by(sealer: Option<Box<dyn Sealer>>) -> Self {
        Self(sealer)
    }

    /// Whether the system seals secrets.
    pub(super) fn seals(&self) -> bool {
        self.0.is_some()
    }

    /// Whether `stored` is protected as it would be now.
    pub(super) fn is_of(&self, stored: &StoredSecret) -> bool {
        let wanted = self.0.as_ref().map_or(NO_PROTECTION, |sealer| sealer.protection());
        stored.protection == wanted
    }

    /// Protects `secret` for the place in the file that `entropy` names.
    ///
    /// # Errors
    /// Those of the sealer, and where what it seals cannot be unsealed.
    pub(super) fn protect(
        &self,
        secret: &Secret,
        entropy: &str,
    ) -> Result<StoredSecret, SealError> {
        let Some(sealer) = &self.0 else {
            let protection = NO_PROTECTION.to_owned();
            return Ok(StoredSecret { protection, value: secret.clone(), unknown: Object::new() });
        };
        let sealed = sealer.seal(secret.expose().as_bytes(), entropy.as_bytes())?;
        let again = sealer.unseal(sealer.protection(), &sealed, entropy.as_bytes())?;
        if text_of(&again).as_ref() != Some(secret) {
            return Err(SealError::NotReversible);
        }
        Ok(StoredSecret {
            protection: sealer.protection().to_owned(),
            value: Secret::new(BASE64_STANDARD.encode(sealed)),
            unknown: Object::new(),
        })
    }

    /// The secret in `stored`, or why it cannot be read here, in words that follow its
    /// name.
    pub(super) fn read(&self, stored: &StoredSecret, entropy: &str) -> Result<Secret, String> {
        let StoredSecret { protection, value, .. } = stored;
        if protection == NO_PROTECTION {
            return Ok(value.clone());
        }
        let Some(sealer) = &self.0 else {
            return Err(format!("is sealed ({protection}), which this system cannot undo"));
        };
        let sealed = BASE64_STANDARD
            .decode(value.expose())
            .map_err(|_| format!("is sealed ({protection}), and damaged: it is not base64"))?;
        let unsealed = sealer
            .unseal(protection, &sealed, entropy.as_bytes())
            .map_err(|error| format!("is sealed ({protection}), and {error}"))?;
        text_of(&unsealed)
            .ok_or_else(|| format!("is sealed ({protection}), and there is no text in it"))
    }
}

fn text_of(unsealed: &Zeroizing<Vec<u8>>) -> Option<Secret> {
    let text = std::str::from_utf8(unsealed).ok()?;
    (!text.is_empty()).then(|| Secret::new(text))
}

/// Takes a text that is not empty out of `object`, or says what is there instead.
pub(super) fn take_text(object: &mut Object, name: &str) -> Result<String, String> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) => Err(format!("has an empty \"{name}\"")),
        Some(_) => Err(format!("has a \"{name}\" that is not a text")),
        None => Err(format!("has no \"{name}\"")),
    }
}
