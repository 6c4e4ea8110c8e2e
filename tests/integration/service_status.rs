//! What the service says of a connection while Azure has its moods, and how the
//! connection comes back.

use std::time::{Duration, Instant};

use hybrid_connection_manager::emulator::{HybridConnectionConfig, InjectedFault};
use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::model::{ConnectionStatus, ConnectionView, FaultCode, StatusLabel};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bed::{Bed, NAME, NAMESPACE, add, listener_string, named, skip, skip_until, within};

fn is_down(view: &ConnectionView) -> bool {
    view.status.label() != StatusLabel::Connected
}

async fn try_now(bed: &mut Bed) {
    bed.host.request(Request::TryNow { connection: Some(named(NAME)) }).await.unwrap();
}

#[tokio::test]
async fn an_outage_of_azure_shows_at_once_and_ends_by_itself() {
    let bed = Bed::connected().await;
    let listener = bed.tracking_id();
    let start = Instant::now();
    let mut away = bed.azure_goes_down().await;
    away.host.until(NAME, is_down).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let view = away.host.until_fault(NAME, FaultCode::AzureUnreachable).await;
    assert_eq!(view.status.label(), StatusLabel::NotConnected);
    let tries_again =
        |view: &ConnectionView| matches!(view.status, ConnectionStatus::Waiting { attempt: 3, .. });
    away.host.until(NAME, tries_again).await;

    let mut bed = away.azure_comes_back().await;
    bed.host.until_connected(NAME).await;
    assert_eq!(bed.tracking_id(), listener);
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn a_lost_channel_is_back_at_once_and_its_streams_live_on() {
    for (fault, code) in [
        (InjectedFault::Drop { streams: false }, FaultCode::ChannelLost),
        (InjectedFault::Reset { streams: false }, FaultCode::ChannelLost),
        (InjectedFault::ExpireTokens, FaultCode::TokenExpired),
        (InjectedFault::Recycle, FaultCode::Recycled),
    ] {
        let mut bed = Bed::connected().await;
        let listener = bed.tracking_id();
        let (mut app, mut endpoint) = bed.stream().await;
        assert_eq!(bed.inject(fault.clone()), 1);
        let view = bed.host.until(NAME, is_down).await;
        let ConnectionStatus::Waiting { until, fault: seen, .. } = &view.status else {
            panic!("{fault:?}: {:?}", view.status)
        };
        assert_eq!(seen.code, code, "{fault:?}");
        // What happens every day is shown as no fault.
        let shown = view.status.fault().map(|fault| fault.code);
        assert_eq!(shown, Some(code).filter(|&code| code != FaultCode::Recycled));
        let wait = until.duration_since(Timestamp::now()).as_millis();
        assert!(wait <= 1200, "{fault:?}: {wait} ms");
        skip(Duration::from_secs(2)).await;
        bed.host.until_connected(NAME).await;
        bed.azure_until(|azure| azure.listeners.len() == 1).await;
        assert_eq!((bed.azure().total_listeners, bed.tracking_id()), (2, listener));
        app.write_all(&[7]).await.unwrap();
        app.flush().await.unwrap();
        assert_eq!(within(endpoint.read_u8()).await.unwrap(), 7, "{fault:?}");
        let view = bed.host.view(NAME).await;
        assert_eq!((view.traffic.active_streams, view.traffic.total_streams), (1, 1));
        bed.end().await;
    }
}

fn refuse(status: u16, reason: &str, times: Option<u32>) -> InjectedFault {
    InjectedFault::RefuseListens { status, reason: reason.to_owned(), times }
}

#[tokio::test]
async fn a_refusal_is_named_and_tried_again_seldom_or_when_asked() {
    for (fault, code, asked) in [
        (refuse(401, "The token has an invalid signature.", None), FaultCode::Unauthorized, true),
        (
            refuse(403, "Authorization failed for specified action: Listen.", None),
            FaultCode::Forbidden,
            true,
        ),
        (refuse(404, "Endpoint does not exist.", None), FaultCode::NotFound, true),
        (InjectedFault::IpFirewall { times: None }, FaultCode::IpBlocked, true),
        (InjectedFault::IpFirewall { times: None }, FaultCode::IpBlocked, false),
    ] {
        let mut bed = Bed::start().await;
        bed.inject(fault);
        bed.host.add(&bed.emulator, NAME).await;
        let view = bed.host.until_fault(NAME, code).await;
        let ConnectionStatus::Waiting { until, fault, .. } = &view.status else {
            panic!("{:?}", view.status)
        };
        let wait = until.duration_since(Timestamp::now()).as_secs();
        assert!((55..=75).contains(&wait), "{code}: {wait} s");
        assert!(fault.tracking_id.is_some() && !fault.detail.contains('\n'), "{fault:?}");
        assert_eq!(view.status.label(), StatusLabel::NotConnected);
        bed.emulator.clear_faults();
        if asked {
            try_now(&mut bed).await;
        } else {
            skip(Duration::from_secs(75)).await;
        }
        bed.host.until_connected(NAME).await;
        bed.end().await;
    }
}

#[tokio::test]
async fn an_error_of_azure_itself_passes_without_help() {
    let mut bed = Bed::start().await;
    bed.inject(refuse(503, "The server is busy.", Some(1)));
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_fault(NAME, FaultCode::ServiceUnavailable).await;
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn a_hybrid_connection_that_is_removed_and_made_again_comes_back() {
    let mut bed = Bed::connected().await;
    bed.emulator.remove_hybrid_connection(NAMESPACE, NAME).unwrap();
    bed.host.until_fault(NAME, FaultCode::EntityRemoved).await;
    bed.host.until_fault(NAME, FaultCode::NotFound).await;
    let again = HybridConnectionConfig::new(NAME).endpoint(bed.endpoint.address());
    bed.emulator.create_hybrid_connection(NAMESPACE, &again).unwrap();
    try_now(&mut bed).await;
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn a_silent_channel_is_found_and_replaced() {
    let mut bed = Bed::connected().await;
    bed.inject(InjectedFault::BlackHole);
    let step = Duration::from_secs(5);
    skip_until(step, bed.host.until_fault(NAME, FaultCode::ChannelLost)).await;
    let view = bed.host.view(NAME).await;
    assert!(view.events.iter().any(|event| event.text.contains("ping")), "{:?}", view.events);
    // The handshakes that follow are not answered either.
    skip_until(step, bed.host.until_fault(NAME, FaultCode::AzureTimedOut)).await;
    bed.emulator.clear_faults();
    skip_until(step, bed.host.until_connected(NAME)).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn what_a_newer_azure_may_say_does_no_harm() {
    let mut bed = Bed::connected().await;
    bed.inject(InjectedFault::FragmentMessages { bytes: 7 });
    for harmless in [
        InjectedFault::UnknownMessage,
        InjectedFault::OversizedMessage { bytes: 1 << 20 },
        InjectedFault::PingFlood { count: 1000 },
    ] {
        assert_eq!(bed.inject(harmless), 1);
        // Whatever it was, the channel has dealt with it when this comes through.
        bed.stream().await;
    }
    assert_eq!(bed.azure().total_listeners, 1);
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn tokens_are_renewed_in_time_for_as_long_as_the_key_is_good() {
    let mut bed = Bed::connected().await;
    let expiry = |bed: &Bed| bed.azure().listeners[0].token_expires.unwrap();
    let first = expiry(&bed);
    // A token names the second in which it ends.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // Renewed at 75 to 80 % of an hour.
    skip(Duration::from_secs(40 * 60)).await;
    bed.stream().await;
    assert_eq!(expiry(&bed), first, "too early");
    skip(Duration::from_secs(9 * 60)).await;
    let renewed = async {
        while expiry(&bed) == first {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(renewed).await;
    assert_eq!(bed.azure().total_listeners, 1);

    // With a key that is good no longer, the open channel ends at the next renewal.
    bed.emulator.regenerate_keys(NAMESPACE, Some(NAME), "defaultListener").unwrap();
    bed.stream().await;
    bed.host.until_connected(NAME).await;
    skip(Duration::from_secs(49 * 60)).await;
    bed.host.until_fault(NAME, FaultCode::TokenExpired).await;
    bed.host.until_fault(NAME, FaultCode::Unauthorized).await;
    let string = listener_string(&bed.emulator, NAME);
    bed.host.request(add(string, true)).await.unwrap();
    bed.host.until_connected(NAME).await;
    bed.end().await;
}
