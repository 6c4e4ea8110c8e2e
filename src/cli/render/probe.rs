//! What was tried, a line each.

use std::time::Duration;

use super::style::{Role, Style};
use super::text::{self, plain};
use crate::reach::probe::{Probe, Seen, Step, Trial};

/// Seconds that a clock may be off before that is said.
const CLOCK_NOTICED: u64 = 30;

/// A step.
pub(crate) fn step(step: &Step, style: Style) -> Vec<String> {
    let name = step.trial.as_str().to_uppercase();
    let took = time(step.took);
    let (role, said) = match &step.outcome {
        Ok(seen) => (Role::Good, words(&step.trial, seen)),
        Err(fault) => (Role::Bad, fault.to_string()),
    };
    let said = style.paint(role, &plain(&said));
    vec![format!("  {name:<6}{took:>9}  {said}")]
}

/// That `target` answers.
pub(crate) fn success(target: &str, probe: &Probe) -> String {
    format!("Connection to {target} successful, in {}", time(probe.took()))
}

fn time(took: Duration) -> String {
    match took.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        _ => text::millis(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
    }
}

fn words(trial: &Trial, seen: &Seen) -> String {
    let target = trial.target();
    match seen {
        Seen::Addresses { addresses, canonical } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            let alias = canonical.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            format!("{target}: {}{alias}", addresses.join(", "))
        }
        Seen::OpenWay { decision } => format!("the proxy opens the way: {decision}"),
        Seen::Open => format!("{target} answers"),
        Seen::Secure { version, signed_by } => {
            let version = version.as_deref().unwrap_or("?");
            let signer = signed_by.as_deref().unwrap_or("?");
            format!("{target}: TLS {version}, signed by {signer}")
        }
        Seen::Answer { status, reason, clock_ahead } => {
            let clock = clock_ahead.and_then(clock).unwrap_or_default();
            format!("{target} answers {} {clock}", format!("{status} {reason}").trim())
                .trim_end()
                .to_owned()
        }
    }
}

/// That this machine's clock is off, where it is.
fn clock(ahead: i64) -> Option<String> {
    let off = ahead.unsigned_abs();
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    (off >= CLOCK_NOTICED).then(|| format!("(the clock of this machine is {off} s {side} Azure's)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fault, FaultCode};

    fn shown(trial: Trial, outcome: Result<Seen, Fault>) -> String {
        let it = Step { trial, took: Duration::from_micros(1_834), outcome };
        step(&it, Style::PLAIN).join("\n")
    }

    #[test]
    fn times_are_as_exact_as_they_are_short() {
        let shown = [1_834, 126_000, 10_001_000].map(|it| time(Duration::from_micros(it)));
        assert_eq!(shown, ["1.8 ms", "126 ms", "10.0 s"]);
    }

    #[test]
    fn each_step_is_a_line_with_its_time() {
        let host = || "contoso.servicebus.windows.net".to_owned();
        let canonical = Some("ns-sb2-prod-am3-010.cloudapp.net".to_owned());
        let addresses = vec!["40.74.252.255".parse().unwrap()];
        assert_eq!(
            shown(Trial::Dns(host()), Ok(Seen::Addresses { addresses, canonical })),
            "  DNS      1.8 ms  contoso.servicebus.windows.net: 40.74.252.255 (ns-sb2-prod-am3-010.cloudapp.net)"
        );
        assert_eq!(
            shown(Trial::Tcp("[fd00::5]:1433".parse().unwrap()), Ok(Seen::Open)),
            "  TCP      1.8 ms  [fd00::5]:1433 answers"
        );
        let (version, signed_by) = (Some("1.3".to_owned()), Some("Corp\u{1b}[2J CA".to_owned()));
        let secure = shown(Trial::Tls(host()), Ok(Seen::Secure { version, signed_by }));
        assert!(secure.contains("TLS 1.3, signed by Corp") && !secure.contains('\u{1b}'));
        let answer =
            |ahead| Seen::Answer { status: 200, reason: "OK".to_owned(), clock_ahead: Some(ahead) };
        let http = |ahead| shown(Trial::Http(format!("https://{}/", host())), Ok(answer(ahead)));
        assert!(http(-3).ends_with("https://contoso.servicebus.windows.net/ answers 200 OK"));
        assert!(http(-90).ends_with("(the clock of this machine is 90 s behind Azure's)"));
        let fault = Fault::new(FaultCode::EndpointRefused, "10.0.0.5:1 refused the connection");
        assert_eq!(
            shown(Trial::Tcp("10.0.0.5:1".parse().unwrap()), Err(fault)),
            "  TCP      1.8 ms  The endpoint refused the connection: 10.0.0.5:1 refused the connection"
        );
    }
}
