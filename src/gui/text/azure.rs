//! What comes of an Azure account, in words.

use super::Texts;
use crate::azure::{AzureError, AzureErrorKind, Unusable};
use crate::gui::state::NotAdded;
use crate::model::metadata::MetadataError;
use crate::model::{CloudName, FaultCode};

impl Texts {
    /// What happened, in one short sentence without a full stop.
    pub(crate) fn azure_summary(&self, kind: AzureErrorKind) -> String {
        self.format(&format!("azure-error-{}", kind.as_str()), None)
    }

    /// What to do about it.
    pub(crate) fn azure_advice(&self, kind: AzureErrorKind) -> String {
        self.format(&format!("azure-advice-{}", kind.as_str()), None)
    }

    /// Azure's own code and correlation id, as far as there are any.
    pub(crate) fn azure_ids(&self, error: &AzureError) -> Option<String> {
        let ids = [("azure-code", &error.code), ("azure-correlation", &error.correlation_id)];
        let ids = ids
            .into_iter()
            .filter_map(|(key, id)| Some(self.with(key, &[("id", id.as_deref()?.into())])));
        let ids: Vec<String> = ids.collect();
        (!ids.is_empty()).then(|| ids.join(" · "))
    }

    /// All of it, for the clipboard: a line each.
    pub(crate) fn azure_error(&self, error: &AzureError) -> String {
        let summary = self.azure_summary(error.kind);
        let first = match error.detail.as_str() {
            "" => summary,
            detail => self.more_about(&summary, detail),
        };
        let lines = [Some(first), Some(self.azure_advice(error.kind)), self.azure_ids(error)];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// Why one was not added, in a few words.
    pub(crate) fn not_added(&self, why: &NotAdded) -> String {
        match why {
            NotAdded::Azure(error) => self.azure_summary(error.kind),
            NotAdded::Service(failure) => failure.0.clone(),
            NotAdded::Stopped => self.get("azure-not-sent").to_string(),
        }
    }

    /// Why one was not added, with all that is known.
    pub(crate) fn not_added_long(&self, why: &NotAdded) -> String {
        match why {
            NotAdded::Azure(error) => self.azure_error(error),
            NotAdded::Service(_) | NotAdded::Stopped => self.not_added(why),
        }
    }

    /// Why a hybrid connection cannot be added, in a few words.
    pub(crate) fn unusable(&self, why: &Unusable) -> String {
        let key = match why {
            Unusable::NoAddress(_) => "unusable-no-address",
            Unusable::OddShape => "unusable-odd-shape",
            Unusable::NoEndpoint(MetadataError::Empty) => "unusable-no-metadata",
            Unusable::NoEndpoint(MetadataError::NotJson { .. }) => "unusable-not-json",
            Unusable::NoEndpoint(MetadataError::NoEndpoint) => "unusable-no-endpoint",
            Unusable::NoEndpoint(MetadataError::Endpoint(_)) => "unusable-bad-endpoint",
        };
        self.get(key).to_string()
    }

    /// The same with what was seen, and what to do.
    pub(crate) fn unusable_long(&self, why: &Unusable) -> String {
        match why {
            Unusable::NoAddress(seen) => self.more_about(&self.unusable(why), seen),
            Unusable::OddShape => self.unusable(why),
            Unusable::NoEndpoint(_) => {
                let advice = self.fault_advice(FaultCode::EndpointMissing);
                format!("{}\n{advice}", self.unusable(why))
            }
        }
    }

    /// The name of a cloud; a custom one is known by where it is.
    pub(crate) fn cloud(&self, cloud: CloudName, authority: &str) -> String {
        let key = match cloud {
            CloudName::Public => "cloud-public",
            CloudName::China => "cloud-china",
            CloudName::UsGovernment => "cloud-us-government",
            CloudName::Custom => {
                let name = self.get("cloud-custom");
                let place = authority.split_once("://").map_or(authority, |(_, place)| place);
                let place = place.trim_end_matches('/');
                let is_known = !place.is_empty();
                return if is_known { format!("{name} · {place}") } else { name.to_string() };
            }
        };
        self.get(key).to_string()
    }
}
