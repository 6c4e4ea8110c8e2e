//! Names and addresses, in the words of the faults.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Notes, Seen, Trial};
use crate::model::{Fault, FaultCode};
use crate::network::dial::Failure;
use crate::network::each::{self, Dialled};
use crate::reach::lookup::{LookUp, Resolved};

/// How long a name may take to be looked up.
const DNS_LIMIT: Duration = Duration::from_secs(10);
/// How long an address may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// The codes of what may be wrong with one kind of target.
pub(super) struct Codes {
    pub(super) unreachable: FaultCode,
    pub(super) timed_out: FaultCode,
    pub(super) refused: FaultCode,
    pub(super) not_resolved: FaultCode,
}

impl Codes {
    fn of(&self, kind: Failure) -> FaultCode {
        match kind {
            Failure::Refused => self.refused,
            Failure::TimedOut => self.timed_out,
            Failure::Unreachable => self.unreachable,
        }
    }
}

/// Looks `host` up. An address is what it is.
pub(super) async fn look_up(
    notes: &mut Notes<'_>,
    host: &str,
    names: &LookUp,
    codes: &Codes,
) -> Result<Resolved, Fault> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Resolved { canonical: None, addresses: vec![address] });
    }
    let start = Instant::now();
    let answer = match timeout(DNS_LIMIT, names(host.to_owned())).await {
        Ok(Ok(resolved)) => Ok(resolved),
        Ok(Err(problem)) => Err(format!("{host}: {problem}")),
        Err(_) => {
            Err(format!("{host}: the resolver did not answer within {} s", DNS_LIMIT.as_secs()))
        }
    };
    let answer = answer.map_err(|words| Fault::new(codes.not_resolved, words));
    let seen = answer.as_ref().map_err(Clone::clone).map(|resolved| {
        let canonical = resolved.canonical.clone();
        Seen::Addresses {
            addresses: resolved.addresses.clone(),
            canonical: canonical.filter(|name| !name.eq_ignore_ascii_case(host)),
        }
    });
    notes.note(Trial::Dns(host.to_owned()), start.elapsed(), seen);
    answer
}

/// Connects each of `addresses` at once and to its end, and gives the first that answered.
pub(super) async fn connect(
    notes: &mut Notes<'_>,
    addresses: &[IpAddr],
    port: u16,
    codes: &Codes,
) -> Result<TcpStream, Fault> {
    let mut dialled: FuturesUnordered<_> = each::dial(addresses, port, LIMIT).collect();
    let (mut first, mut worst) = (None, None);
    while let Some(Dialled { at, took, answer }) = dialled.next().await {
        let answer = answer.map_err(|error| {
            let kind = error.kind();
            (kind, Fault::new(codes.of(kind), format!("{at} {error}")))
        });
        let outcome = answer.as_ref().map(|_| Seen::Open).map_err(|(_, fault)| fault.clone());
        notes.note(Trial::Tcp(at), took, outcome);
        match answer {
            Ok(stream) => first = first.or(Some(stream)),
            Err(failed) => {
                let says_more = worst.as_ref().is_none_or(|(kind, _)| *kind <= failed.0);
                worst = if says_more { Some(failed) } else { worst };
            }
        }
    }
    let nothing = || Fault::new(codes.not_resolved, "the name has no address");
    first.ok_or_else(|| worst.map_or_else(nothing, |(_, fault)| fault))
}
