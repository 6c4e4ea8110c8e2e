//! Names and addresses, in the words of the faults.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Notes, Seen, Trial};
use crate::model::{Fault, FaultCode};
use crate::reach::lookup::{LookUp, Resolved};

/// How long a name may take to be looked up.
const DNS_LIMIT: Duration = Duration::from_secs(10);
/// How long an address may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// The codes of what may be wrong with one kind of target, what says least first.
pub(super) struct Codes {
    pub(super) unreachable: FaultCode,
    pub(super) timed_out: FaultCode,
    pub(super) refused: FaultCode,
    pub(super) not_resolved: FaultCode,
}

impl Codes {
    fn weight(&self, fault: &Fault) -> u8 {
        match fault.code {
            code if code == self.refused && self.refused != self.unreachable => 2,
            code if code == self.timed_out => 1,
            _ => 0,
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
    let mut dialled: FuturesUnordered<_> = addresses
        .iter()
        .map(|address| async move {
            let (address, start) = (SocketAddr::new(*address, port), Instant::now());
            let stream = match timeout(LIMIT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(fault(address, &error, codes)),
                Err(_) => Err(silent(address, codes)),
            };
            (address, start.elapsed(), stream)
        })
        .collect();
    let (mut first, mut worst) = (None, None::<Fault>);
    while let Some((address, took, stream)) = dialled.next().await {
        let outcome = stream.as_ref().map(|_| Seen::Open).map_err(Clone::clone);
        notes.note(Trial::Tcp(address), took, outcome);
        match stream {
            Ok(stream) => first = first.or(Some(stream)),
            Err(fault) => {
                let is_worse =
                    worst.as_ref().is_none_or(|it| codes.weight(it) <= codes.weight(&fault));
                worst = if is_worse { Some(fault) } else { worst };
            }
        }
    }
    let nothing = || Fault::new(codes.not_resolved, "the name has no address");
    first.ok_or_else(|| worst.unwrap_or_else(nothing))
}

fn fault(address: SocketAddr, error: &io::Error, codes: &Codes) -> Fault {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Fault::new(codes.refused, format!("{address} refused the connection"))
        }
        io::ErrorKind::TimedOut => silent(address, codes),
        _ => Fault::new(codes.unreachable, format!("{address} could not be reached: {error}")),
    }
}

fn silent(address: SocketAddr, codes: &Codes) -> Fault {
    let detail = format!("{address} did not answer within {} s", LIMIT.as_secs());
    Fault::new(codes.timed_out, detail)
}
