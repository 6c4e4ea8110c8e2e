//! The shape of what was tried.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::shapes::FaultShape;
use crate::reach::probe::{Probe, Seen, Step};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProbeShape<'a> {
    target: &'a str,
    answers: bool,
    microseconds: u64,
    fault: Option<FaultShape<'a>>,
    steps: Vec<StepShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StepShape<'a> {
    step: &'static str,
    target: String,
    microseconds: u64,
    addresses: Option<&'a [IpAddr]>,
    canonical_name: Option<&'a str>,
    tls_version: Option<&'a str>,
    signed_by: Option<&'a str>,
    proxy: Option<&'a str>,
    http_status: Option<u16>,
    clock_ahead_seconds: Option<i64>,
    fault: Option<FaultShape<'a>>,
}

impl<'a> ProbeShape<'a> {
    pub(super) fn of(target: &'a str, probe: &'a Probe) -> Self {
        Self {
            target,
            answers: probe.fault.is_none(),
            microseconds: micros(probe.took()),
            fault: probe.fault.as_ref().map(FaultShape::of),
            steps: probe.steps.iter().map(StepShape::of).collect(),
        }
    }
}

impl<'a> StepShape<'a> {
    fn of(step: &'a Step) -> Self {
        let mut shape = Self {
            step: step.trial.as_str(),
            target: step.trial.target(),
            microseconds: micros(step.took),
            addresses: None,
            canonical_name: None,
            tls_version: None,
            signed_by: None,
            proxy: None,
            http_status: None,
            clock_ahead_seconds: None,
            fault: step.outcome.as_ref().err().map(FaultShape::of),
        };
        match &step.outcome {
            Ok(Seen::Addresses { addresses, canonical }) => {
                shape.addresses = Some(addresses);
                shape.canonical_name = canonical.as_deref();
            }
            Ok(Seen::OpenWay { decision }) => shape.proxy = Some(decision),
            Ok(Seen::Secure { version, signed_by }) => {
                shape.tls_version = version.as_deref();
                shape.signed_by = signed_by.as_deref();
            }
            Ok(Seen::Answer { status, clock_ahead, .. }) => {
                shape.http_status = Some(*status);
                shape.clock_ahead_seconds = *clock_ahead;
            }
            Ok(Seen::Open) | Err(_) => {}
        }
        shape
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
