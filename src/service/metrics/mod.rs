//! The metrics of the service, and whether it is ready and alive, over HTTP at the address of
//! the setting `metrics.listen`. HTTP has no accounts: whoever reaches that address reads them.

mod exposition;
mod families;
mod registry;
mod server;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

pub(super) use self::registry::Registry;
use super::supervisor::Supervisor;
use crate::model::{Fault, FaultCode, MetricsAddress};

/// The wait before an address is tried again at which could not be listened.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Answers at the address of the settings, whichever that is, for ever.
pub(super) async fn serve(supervisor: Arc<Supervisor>) {
    let mut wanted = supervisor.metrics_at();
    loop {
        let address = *wanted.borrow_and_update();
        let opened = match address {
            Some(address) => Some((address, TcpListener::bind(address.socket()).await)),
            None => None,
        };
        match opened {
            None => {
                tell(&supervisor, None);
                another(&mut wanted, address).await;
            }
            Some((address, Ok(listener))) => {
                tell(&supervisor, None);
                log_open(address);
                tokio::select! {
                    () = server::run(&listener, &supervisor, address) => {}
                    () = another(&mut wanted, Some(address)) => {}
                }
                info!(address = %address.socket(), "the metrics cannot be read here any more");
            }
            Some((address, Err(error))) => {
                tell(&supervisor, Some(closed(address.socket(), &error)));
                let pause = timeout(TRY_AGAIN, another(&mut wanted, Some(address))).await;
                pause.unwrap_or_default();
            }
        }
    }
}

/// Waits until the settings say something else than `address`.
async fn another(
    wanted: &mut watch::Receiver<Option<MetricsAddress>>,
    address: Option<MetricsAddress>,
) {
    if wanted.wait_for(|wanted| *wanted != address).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn log_open(address: MetricsAddress) {
    let (is_remote, address) = (address.is_remote(), address.socket());
    info!(%address, "the metrics can be read");
    if is_remote {
        warn!(
            %address,
            "whoever reaches this machine there can read the metrics, in which the hybrid connections have their names"
        );
    }
}

fn closed(address: SocketAddr, error: &io::Error) -> Fault {
    let detail = match error.kind() {
        io::ErrorKind::AddrInUse => format!("another program listens at {address}"),
        io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine"),
        _ => format!("{address}: {error}"),
    };
    Fault::new(FaultCode::MetricsClosed, detail)
}

/// Tells whether something keeps the metrics from being read.
fn tell(supervisor: &Supervisor, fault: Option<Fault>) {
    supervisor.hub().set_fault(FaultCode::MetricsClosed, fault);
}

#[cfg(test)]
mod tests;
