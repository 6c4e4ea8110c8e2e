//! The way through an HTTP proxy: a CONNECT, and then the bytes are ours (RFC 9110,
//! section 9.3.6).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::control::one_line;
use super::dial;
use super::websocket::handshake::{Head, UpgradeError, read_head};
use crate::model::proxy::Login;
use crate::model::{Endpoint, Fault, FaultCode, Proxy, USER_AGENT_PRODUCT};

/// Opens a connection to `host` through `proxy` before `deadline`.
///
/// # Errors
/// [`FaultCode::ProxyUnreachable`] and [`FaultCode::ProxyRefused`];
/// [`FaultCode::ProxyPasswordSealed`] without asking the proxy: wrong passwords may lock the
/// account.
pub(super) async fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    if proxy.password_is_sealed() {
        return Err(Fault::new(FaultCode::ProxyPasswordSealed, proxy.to_string()));
    }
    let (address, start) = (proxy.address(), Instant::now());
    let limit = deadline.saturating_duration_since(start);
    let mut tcp = dial::connect(address.host(), address.port(), limit)
        .await
        .map_err(|error| Fault::new(FaultCode::ProxyUnreachable, error.to_string()))?;
    let target = Endpoint::new(host, port);
    let asking = async {
        tcp.write_all(request(proxy, &target).as_bytes()).await?;
        read_head(&mut tcp).await
    };
    let answered = timeout_at(deadline, asking).await.map_err(|_| {
        let seconds = start.elapsed().as_secs();
        let detail = format!(
            "{address} took the connection and did not open the way to {target} within {seconds} s"
        );
        Fault::new(FaultCode::ProxyUnreachable, detail)
    })?;
    let (head, leftover) = answered.map_err(|error| no_answer(address, error))?;
    if !(200..300).contains(&head.status) {
        return Err(refusal(proxy, &target, &head));
    }
    if !leftover.is_empty() {
        let detail = format!("{address} sends bytes of its own before the other side has spoken");
        return Err(Fault::new(FaultCode::ProxyRefused, detail));
    }
    Ok(tcp)
}

fn request(proxy: &Proxy, target: &Endpoint) -> Zeroizing<String> {
    let mut request = Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT_PRODUCT}\r\n"
    ));
    if let Some(Login { user, password: Some(password) }) = proxy.login() {
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let basic = Zeroizing::new(BASE64_STANDARD.encode(&*pair));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&basic);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

fn no_answer(address: &Endpoint, error: UpgradeError) -> Fault {
    match error {
        UpgradeError::Io(error) => Fault::new(
            FaultCode::ProxyUnreachable,
            format!("{address} took the connection and broke it: {error}"),
        ),
        UpgradeError::NotWebSocket(_) | UpgradeError::Refused(_) => Fault::new(
            FaultCode::ProxyRefused,
            format!("what listens at {address} does not answer as an HTTP proxy does"),
        ),
    }
}

fn refusal(proxy: &Proxy, target: &Endpoint, head: &Head) -> Fault {
    let address = proxy.address();
    let answer = one_line(&format!("{} {}", head.status, head.reason));
    let detail = if head.status != 407 {
        format!("{address} does not open the way to {target} ({answer})")
    } else {
        let offered = head.all("proxy-authenticate");
        let schemes: Vec<_> =
            offered.filter_map(|value| value.split([' ', ',']).next()).map(one_line).collect();
        if !schemes.is_empty() && schemes.iter().all(|name| !name.eq_ignore_ascii_case("basic")) {
            let schemes = schemes.join(", ");
            format!("{address} wants {schemes}, and only Basic is supported ({answer})")
        } else if proxy.login().is_some() {
            format!("{address} does not take this user and password ({answer})")
        } else {
            format!("{address} wants a user and a password ({answer})")
        }
    };
    Fault::new(FaultCode::ProxyRefused, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::websocket::handshake::Head;

    #[test]
    fn the_request_names_the_target_and_the_user() {
        let target = Endpoint::new("ns.servicebus.windows.net", 443);
        let plain = request(&"h:1".parse().unwrap(), &target);
        assert!(plain.starts_with(
            "CONNECT ns.servicebus.windows.net:443 HTTP/1.1\r\nHost: ns.servicebus.windows.net:443\r\n"
        ));
        assert!(plain.ends_with("\r\n\r\n") && !plain.contains("Authorization"));
        // RFC 7617, section 2.1: UTF-8.
        let with = request(&"test:123%C2%A3@h:1".parse().unwrap(), &target);
        assert!(with.contains("\r\nProxy-Authorization: Basic dGVzdDoxMjPCow==\r\n\r\n"));
        let v6 = request(&"h:1".parse().unwrap(), &Endpoint::new("fd00::1", 443));
        assert!(v6.starts_with("CONNECT [fd00::1]:443 HTTP/1.1\r\n"));
    }

    #[test]
    fn a_refused_login_is_told_from_a_missing_one_and_from_another_kind() {
        let refused = |proxy: &str, offers: &[&str]| {
            let mut head = Head::for_test(407);
            for offer in offers {
                head = head.with_header_for_test("proxy-authenticate", offer);
            }
            let proxy = proxy.parse().unwrap();
            refusal(&proxy, &Endpoint::new("ns", 443), &head).detail
        };
        let basic = "Basic realm=\"x\"";
        assert!(refused("h:1", &[basic]).contains("wants a user and a password"));
        assert!(refused("u:p@h:1", &["Negotiate", basic]).contains("does not take this user"));
        let detail = refused("u:p@h:1", &["Negotiate", "NTLM"]);
        assert!(detail.contains("wants Negotiate, NTLM, and only Basic"), "{detail}");
    }
}
