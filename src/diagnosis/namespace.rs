//! The way to the namespace, step by step, and what Azure says of the hybrid connection.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::board::Board;
use super::tcp;
use super::{Subject, resolve};
use crate::model::diagnosis::{FactName, Note, NoteCode, Verdict};
use crate::model::metadata::MetadataError;
use crate::model::proxies::{Proxies, ProxyReason};
use crate::model::{
    CheckName, CheckReport, Endpoint, Fault, FaultCode, ProxyDecision, Stamp, USER_AGENT_PRODUCT,
    gateways, is_localhost, one_line,
};
use crate::network::dial::Failure;
use crate::network::each::Dialled;
use crate::network::transport::Transport;
use crate::relay::control::parse_http_date;
use crate::relay::management;
use crate::tls::examine::{Examiner, Seen};

/// How long the proxy, the handshake of TLS and each answer may take.
const PROXY_LIMIT: Duration = Duration::from_secs(5);
const TLS_LIMIT: Duration = Duration::from_secs(4);
const TIME_LIMIT: Duration = Duration::from_secs(3);
const DESCRIBE_LIMIT: Duration = Duration::from_secs(6);
/// Longest head of an answer that is looked at for its time.
const LONGEST_HEAD: usize = 16 * 1024;
/// A clock that is this far off is said, and one that is that far off makes keys useless.
const CLOCK_NOTICED: u64 = 30;
const CLOCK_WRONG: u64 = 5 * 60;

/// What was found on the way.
#[derive(Debug)]
pub(super) struct Found {
    /// The last name of the chain of aliases of the namespace.
    pub(super) canonical: Option<String>,
    /// Who signs in Azure's place.
    pub(super) inspector: Option<String>,
}

/// Goes the way to the namespace.
///
/// # Errors
/// The check that failed.
pub(super) async fn reach(subject: &Subject, board: &Board<'_>) -> Result<Found, CheckName> {
    use CheckName::{Clock, NamespaceTcp, NamespaceTls};
    let namespace = subject.id.namespace();
    let decision = subject.network.proxies().decide(namespace.host(), namespace.port());
    let (canonical, tcp) = match &decision.proxy {
        Some(_) => through(subject, &decision, board).await,
        None => straight(subject, &decision, board).await,
    }
    .inspect_err(|because| board.skip(&[Clock, NamespaceTls], *because))?;
    let tcp = tcp.inspect_err(|because| {
        debug_assert_eq!(*because, NamespaceTcp);
        board.skip(&[Clock, NamespaceTls], *because);
    })?;
    let inspector = secure(subject, tcp, board).await?;
    Ok(Found { canonical, inspector })
}

type Way = Result<(Option<String>, Result<Transport, CheckName>), CheckName>;

/// The way without a proxy, for the reason in `decision`.
async fn straight(subject: &Subject, decision: &ProxyDecision, board: &Board<'_>) -> Way {
    let way = dial(subject, board).await;
    let is_open = matches!(way, Ok((_, Ok(_))));
    board.tell(no_proxy(subject.network.proxies(), decision, is_open), Duration::ZERO);
    way
}

/// That there is no proxy. One that somebody names and that cannot be used is missing where the way
/// is not open without it.
fn no_proxy(proxies: &Proxies, decision: &ProxyDecision, is_open: bool) -> CheckReport {
    let may_be_missing =
        matches!(decision.reason, ProxyReason::NothingNamed | ProxyReason::Unusable);
    let report = match proxies.problems().first() {
        Some(problem) if may_be_missing && !is_open => {
            CheckReport::failed(CheckName::Proxy, problem.fault())
        }
        _ => CheckReport::ok(CheckName::Proxy).noting(NoteCode::NoProxy, ""),
    };
    report.with(FactName::Proxy, decision)
}

/// Dials the namespace itself.
async fn dial(subject: &Subject, board: &Board<'_>) -> Way {
    use CheckName::{NamespaceDns, NamespaceTcp};
    let namespace = subject.id.namespace();
    let start = Instant::now();
    let resolved = match resolve::resolve(namespace.host(), board).await {
        Ok(resolved) => resolved,
        Err(words) => {
            let fault = Fault::new(FaultCode::NamespaceNotResolved, words);
            board.tell_since(CheckReport::failed(NamespaceDns, fault), start);
            board.skip(&[NamespaceTcp], NamespaceDns);
            return Err(NamespaceDns);
        }
    };
    let report = name_report(resolved.canonical.as_deref(), &resolved.addresses);
    board.tell_since(report, start);
    let start = Instant::now();
    let dialled = tcp::dial(&resolved.addresses, namespace.port(), board).await;
    let is_local = is_localhost(namespace.host());
    let report = dial_report(&dialled, is_local);
    board.tell_since(report, start);
    let open = dialled.into_iter().find_map(|one| one.answer.ok());
    Ok((resolved.canonical, open.map(Transport::Tcp).ok_or(NamespaceTcp)))
}

/// The way through the proxy of `decision`.
async fn through(subject: &Subject, decision: &ProxyDecision, board: &Board<'_>) -> Way {
    use CheckName::{NamespaceDns, NamespaceTcp};
    let namespace = subject.id.namespace();
    let start = Instant::now();
    let deadline = board.deadline(PROXY_LIMIT);
    let opening = subject.network.open_tcp(namespace.host(), namespace.port(), deadline);
    let (tcp, resolved) = tokio::join!(
        async {
            let tcp = opening.await;
            let shown = |report: CheckReport| report.with(FactName::Proxy, decision);
            let report = match &tcp {
                Ok(_) => shown(CheckReport::ok(CheckName::Proxy)),
                Err(fault) => shown(CheckReport::failed(CheckName::Proxy, fault.clone())),
            };
            board.tell_since(report, start);
            tcp
        },
        resolve::resolve(namespace.host(), board)
    );
    let canonical = match resolved {
        Ok(resolved) => {
            let report = name_report(resolved.canonical.as_deref(), &resolved.addresses);
            board.tell_since(report.noting(NoteCode::ProxyResolves, ""), start);
            resolved.canonical
        }
        Err(words) => {
            let note = Note::new(NoteCode::ProxyResolves, words);
            board.tell_since(CheckReport::skipped_as(NamespaceDns, note), start);
            None
        }
    };
    let Ok(tcp) = tcp else {
        board.skip(&[NamespaceTcp], CheckName::Proxy);
        return Err(CheckName::Proxy);
    };
    let report = CheckReport::ok(NamespaceTcp).with(FactName::Proxy, decision);
    board.tell(report, Duration::ZERO);
    Ok((canonical, Ok(tcp)))
}

fn name_report(canonical: Option<&str>, addresses: &[IpAddr]) -> CheckReport {
    let mut report = CheckReport::ok(CheckName::NamespaceDns);
    if let Some(canonical) = canonical {
        report = report.with(FactName::CanonicalName, canonical);
        if let Some(stamp) = Stamp::of_canonical(canonical) {
            report = report.with(FactName::Stamp, stamp);
        }
        if gateways::is_private_link(canonical) {
            report = report.noting(NoteCode::PrivateLink, "");
        }
    }
    for address in addresses {
        report = report.with(FactName::Address, address);
    }
    report
}

fn dial_report(dialled: &[Dialled], is_local: bool) -> CheckReport {
    let (words, open) = (tcp::words(dialled), tcp::open(dialled));
    let mut report = match open {
        0 => {
            let code = match tcp::failure(dialled) {
                Failure::TimedOut => FaultCode::AzureTimedOut,
                Failure::Refused | Failure::Unreachable => FaultCode::AzureUnreachable,
            };
            CheckReport::failed(CheckName::NamespaceTcp, Fault::new(code, words.join("; ")))
        }
        _ if open < dialled.len() && !is_local => {
            CheckReport::ok(CheckName::NamespaceTcp).warning(NoteCode::SomeAddressesFail, "")
        }
        _ => CheckReport::ok(CheckName::NamespaceTcp),
    };
    for words in words {
        report = report.with(FactName::Connected, words);
    }
    report
}

/// TLS over `tcp`, and the time of who answers there. Both are looked at whoever signs: what is
/// asked for here is no secret, and a wrong clock is why a certificate is not trusted. Gives who
/// signs in Azure's place.
async fn secure(
    subject: &Subject,
    tcp: Transport,
    board: &Board<'_>,
) -> Result<Option<String>, CheckName> {
    use CheckName::{Clock, NamespaceTls};
    let host = subject.id.namespace().host();
    let start = Instant::now();
    let extra_ca = subject.extra_ca.clone();
    let examiner = tokio::task::spawn_blocking(move || Examiner::trusting(extra_ca.as_deref()));
    let examiner = examiner.await.map_err(|_| NamespaceTls)?;
    let shaken = match board.within(TLS_LIMIT, examiner.shake(host, tcp)).await {
        Some(Ok(shaken)) => shaken,
        failed => {
            let fault = match failed {
                Some(Err(error)) => Fault::new(FaultCode::TlsFailed, format!("{host}: {error}")),
                _ => Fault::new(
                    FaultCode::AzureTimedOut,
                    format!("{host} took the connection and did not answer the TLS handshake"),
                ),
            };
            board.tell_since(CheckReport::failed(NamespaceTls, fault), start);
            board.skip(&[Clock], NamespaceTls);
            return Err(NamespaceTls);
        }
    };
    let (seen, mut stream) = shaken;
    let took = start.elapsed();
    let asking = Instant::now();
    let time = board.within(TIME_LIMIT, ask_time(&mut stream, host)).await.flatten();
    board.tell_since(clock_report(time), asking);
    let report = board.tell(tls_report(host, &seen, examiner.fault()), took);
    if report.verdict == Verdict::Failed {
        return Err(NamespaceTls);
    }
    let inspected = report.notes.into_iter().find(|note| note.code == NoteCode::TlsInspected);
    Ok(inspected.map(|note| note.detail))
}

/// `report` of what was answered where an `inspector` signs in Azure's place. Azure puts a tracking id
/// into what it refuses; without one, the inspector may have answered by itself.
pub(super) fn doubted(report: CheckReport, inspector: Option<&str>) -> CheckReport {
    use FaultCode::{Forbidden, NotFound, ServiceUnavailable, Unauthorized, UnexpectedAnswer};
    let is_answer = |code| {
        matches!(code, Forbidden | NotFound | ServiceUnavailable | Unauthorized | UnexpectedAnswer)
    };
    match (inspector, &report.fault) {
        (Some(inspector), Some(fault)) if fault.tracking_id.is_none() && is_answer(fault.code) => {
            let detail = format!(
                "{inspector} signs in Azure's place, and this has no tracking id of Azure: {fault}"
            );
            let fault = Fault::new(UnexpectedAnswer, detail);
            CheckReport { fault: Some(fault), ..report }
        }
        _ => report,
    }
}

/// What is seen of the certificates; `unusable` says why not all CAs could be loaded.
fn tls_report(host: &str, seen: &Seen, unusable: Option<&Fault>) -> CheckReport {
    let mut report = match (&seen.problem, unusable) {
        (None, None) => CheckReport::ok(CheckName::NamespaceTls),
        (None, Some(fault)) => CheckReport {
            verdict: Verdict::Warning,
            ..CheckReport::failed(CheckName::NamespaceTls, fault.clone())
        },
        (Some(_), Some(fault)) => CheckReport::failed(CheckName::NamespaceTls, fault.clone()),
        (Some(problem), None) => {
            let detail = match seen.issuer() {
                Some(issuer) => format!("{host}: {problem}; signed by {issuer}"),
                None => format!("{host}: {problem}"),
            };
            CheckReport::failed(
                CheckName::NamespaceTls,
                Fault::new(FaultCode::TlsUntrusted, detail),
            )
        }
    };
    if seen.problem.is_none() && is_azure(host) && !seen.is_signed_for_azure() {
        report = report.warning(NoteCode::TlsInspected, seen.issuer().unwrap_or_default());
    }
    if let Some(version) = &seen.version {
        report = report.with(FactName::TlsVersion, version);
    }
    // Of a chain that is as it should be, the first one is enough.
    let shown = if report.verdict == Verdict::Ok { 1 } else { seen.chain.len() };
    for certificate in seen.chain.iter().take(shown) {
        report = report.with(FactName::Certificate, certificate);
    }
    report
}

/// Whether `host` is in one of Azure's clouds, whose certificates are signed for Microsoft.
fn is_azure(host: &str) -> bool {
    let suffixes = [
        ".servicebus.windows.net",
        ".servicebus.chinacloudapi.cn",
        ".servicebus.usgovcloudapi.net",
        ".servicebus.cloudapi.de",
    ];
    suffixes.iter().any(|suffix| host.ends_with(suffix))
}

/// What the other side's clock shows, and this one in the same moment.
async fn ask_time<S>(stream: &mut S, host: &str) -> Option<(Timestamp, Timestamp)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT_PRODUCT}\r\nConnection: close\r\n\r\n"
    );
    let before = Timestamp::now();
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while head.len() < LONGEST_HEAD {
        let read = stream.read(&mut part).await.ok()?;
        head.extend_from_slice(&part[..read]);
        if read == 0 || head.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    let after = Timestamp::now();
    let text = String::from_utf8_lossy(&head);
    let date = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| value.trim())
    })?;
    let between = before.checked_add(after.duration_since(before) / 2).unwrap_or(after);
    Some((parse_http_date(date)?, between))
}

fn clock_report(time: Option<(Timestamp, Timestamp)>) -> CheckReport {
    let Some((theirs, ours)) = time else {
        let note = Note::new(NoteCode::ClockUnknown, "");
        return CheckReport::skipped_as(CheckName::Clock, note);
    };
    let ahead = ours.duration_since(theirs).as_secs();
    let minutes = ahead.unsigned_abs() / 60;
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    let detail = match minutes {
        0 => format!("{} s {direction} Azure's", ahead.unsigned_abs()),
        minutes => format!("{minutes} min {direction} Azure's"),
    };
    let report = match ahead.unsigned_abs() {
        off if off > CLOCK_WRONG => {
            CheckReport::failed_as(CheckName::Clock, Note::new(NoteCode::ClockOff, detail))
        }
        off if off > CLOCK_NOTICED => {
            CheckReport::ok(CheckName::Clock).warning(NoteCode::ClockOff, detail)
        }
        _ => CheckReport::ok(CheckName::Clock),
    };
    report
        .with(FactName::AzureTime, theirs)
        .with(FactName::LocalTime, second(ours))
        .with(FactName::Ahead, ahead)
}

/// Without what is below a second, which the other clock does not tell.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// What needs the service, when it does not run.
pub(super) fn needs_service(check: CheckName) -> CheckReport {
    CheckReport::skipped_as(check, Note::new(NoteCode::NeedsService, ""))
}

/// Asks Azure for the hybrid connection: how many listeners it counts, and the endpoint.
pub(super) async fn describe(
    subject: &Subject,
    found: &Found,
    board: &Board<'_>,
) -> (Option<u32>, Option<Endpoint>) {
    let start = Instant::now();
    let Some(credential) = &subject.credential else {
        board.tell(needs_service(CheckName::Management), Duration::ZERO);
        return (None, None);
    };
    let limit = DESCRIBE_LIMIT.min(board.left());
    let described =
        management::describe_within(&subject.network, &subject.id, credential, limit).await;
    let (report, count, endpoint) = match described {
        Err(fault) => (CheckReport::failed(CheckName::Management, fault), None, None),
        Ok(description) => {
            let count = description.listener_count;
            let (mut report, endpoint) = match description.endpoint {
                Err(error) => (missing(&error), None),
                Ok(read) => {
                    let mut report = CheckReport::ok(CheckName::Management)
                        .with(FactName::Endpoint, &read.endpoint);
                    if read.mended {
                        report = report.warning(NoteCode::MetadataMended, "");
                    }
                    if subject.endpoint.as_ref().is_some_and(|known| *known != read.endpoint) {
                        report = report.warning(NoteCode::EndpointDiffers, "");
                    }
                    (report, Some(read.endpoint))
                }
            };
            if let Some(count) = count {
                report = report.with(FactName::Listeners, count);
            }
            (report, count, endpoint)
        }
    };
    let tracking = report.fault.as_ref().and_then(|fault| fault.tracking_id.clone());
    let report = match tracking {
        Some(id) => report.with(FactName::TrackingId, id),
        None => doubted(report, found.inspector.as_deref()),
    };
    board.tell_since(report, start);
    (count, endpoint)
}

/// The endpoint that Azure has is none.
fn missing(error: &MetadataError) -> CheckReport {
    let detail = one_line(&error.to_string());
    let is_instance = detail.contains('\\');
    let fault = Fault::new(FaultCode::EndpointMissing, detail);
    let report = CheckReport::failed(CheckName::Management, fault);
    if is_instance { report.noting(NoteCode::SqlNamedInstance, "") } else { report }
}

/// Who else listens, by Azure's count and what the listener here does.
pub(super) fn listeners(count: Option<u32>, listening: &CheckReport) -> CheckReport {
    let Some(count) = count else {
        return CheckReport::skipped(CheckName::Listeners, CheckName::Management);
    };
    let is_here = matches!(listening.verdict, Verdict::Ok | Verdict::Warning);
    let report = CheckReport::ok(CheckName::Listeners);
    let report = match (is_here, count) {
        // Azure may count one that came just now, or that has just gone, a moment later.
        (true, 0) => report.noting(NoteCode::ListenerNotCounted, ""),
        (true, 1) | (false, 0) => report,
        (true, more) => report.noting(NoteCode::OtherListeners, (more - 1).to_string()),
        (false, some) => report.warning(NoteCode::ListenedElsewhere, some.to_string()),
    };
    report.with(FactName::Listeners, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_clock_is_right_noticed_or_wrong() {
        for (ours, verdict, detail) in [
            (5, Verdict::Ok, ""),
            (-90, Verdict::Warning, "1 min behind Azure's"),
            (45, Verdict::Warning, "45 s ahead of Azure's"),
            (7200, Verdict::Failed, "120 min ahead of Azure's"),
        ] {
            let report = clock_report(Some((at(0), at(ours))));
            assert_eq!(report.verdict, verdict, "{ours}");
            let said = report.notes.first().map_or("", |note| note.detail.as_str());
            assert_eq!(said, detail);
            assert_eq!(report.facts[2].value, ours.to_string());
        }
        assert_eq!(clock_report(None).verdict, Verdict::Skipped);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_missing_where_nothing_else_leads_to_azure() {
        let proxies = Proxies::default()
            .or_environment(|name| (name == "HTTPS_PROXY").then(|| "gopher://p".to_owned()));
        let decision = proxies.decide("contoso.servicebus.windows.net", 443);
        let report = no_proxy(&proxies, &decision, false);
        assert_eq!(report.fault.unwrap().code, FaultCode::ProxyUnusable);
        assert_eq!(no_proxy(&proxies, &decision, true).verdict, Verdict::Ok);
        let none = Proxies::default();
        let decision = none.decide("contoso.servicebus.windows.net", 443);
        assert_eq!(no_proxy(&none, &decision, false).verdict, Verdict::Ok);
    }

    #[tokio::test]
    async fn the_time_is_in_the_head_of_any_answer() {
        let (mut here, mut there) = tokio::io::duplex(4096);
        let answering = async {
            let mut asked = vec![0; 16];
            there.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"GET / HTTP/1.1\r\n");
            let answer = b"HTTP/1.1 404 Not Found\r\nDATE: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n";
            there.write_all(answer).await.unwrap();
            there
        };
        let (time, _there) = tokio::join!(ask_time(&mut here, "ns"), answering);
        assert_eq!(time.unwrap().0, at(0));
    }

    #[test]
    fn who_else_listens_is_told_by_azures_count() {
        let here = CheckReport::ok(CheckName::Listen);
        let away = CheckReport::skipped(CheckName::Listen, CheckName::NamespaceTls);
        let code = |count, listening| listeners(count, listening).notes.first().map(|n| n.code);
        assert_eq!(code(Some(1), &here), None);
        assert_eq!(code(Some(3), &here), Some(NoteCode::OtherListeners));
        assert_eq!(code(Some(0), &here), Some(NoteCode::ListenerNotCounted));
        assert_eq!(code(Some(1), &away), Some(NoteCode::ListenedElsewhere));
        assert_eq!(listeners(None, &here).because, Some(CheckName::Management));
    }

    #[test]
    fn an_answer_without_a_tracking_id_may_be_of_whoever_signs() {
        let report = |fault| CheckReport::failed(CheckName::Listen, fault);
        let plain = report(Fault::new(FaultCode::Forbidden, "403 Forbidden"));
        let doubtful = doubted(plain.clone(), Some("Corp Inspection"));
        let fault = doubtful.fault.unwrap();
        assert_eq!(fault.code, FaultCode::UnexpectedAnswer);
        assert!(fault.detail.starts_with("Corp Inspection signs"), "{fault}");
        assert!(fault.detail.ends_with("(403): 403 Forbidden"), "{fault}");
        assert_eq!(doubted(plain.clone(), None), plain);
        let id = Some("a-b_G1".to_owned());
        for azures in [
            Fault::new(FaultCode::Forbidden, "").with_tracking_id(id),
            Fault::new(FaultCode::AzureTimedOut, "nobody has answered"),
        ] {
            let azures = report(azures);
            assert_eq!(doubted(azures.clone(), Some("Corp Inspection")), azures);
        }
    }

    #[test]
    fn a_named_instance_is_told_from_other_endpoints_that_are_none() {
        let error = r"db\SQLEXPRESS:1433".parse::<Endpoint>().unwrap_err();
        let report = missing(&error.into());
        assert_eq!(report.fault.unwrap().code, FaultCode::EndpointMissing);
        assert_eq!(report.notes[0].code, NoteCode::SqlNamedInstance);
        assert!(missing(&MetadataError::Empty).notes.is_empty());
    }
}
