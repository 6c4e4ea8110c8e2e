//! HTTP CONNECT (RFC 9110, section 9.3.6), with Basic authorization (RFC 7617).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::known::Way;
use super::ntlm::Scheme;
use super::{Failed, broken, login, no_proxy};
use crate::model::{Endpoint, Fault, FaultCode, Proxy, Secret, USER_AGENT_PRODUCT, one_line};
use crate::network::head::{Head, HeadError, is_token, read_head};

/// The name of Basic authorization in the headers.
const BASIC: &str = "Basic";

/// The value of the header that logs in.
pub(super) type Authorization = Zeroizing<String>;

/// What a proxy has answered, and what came behind it.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) leftover: Vec<u8>,
}

/// Asks `proxy` at the other end of `stream` for a connection to `target`, with `authorization` if it is
/// not empty.
pub(super) async fn ask<S>(
    proxy: &Proxy,
    target: &Endpoint,
    authorization: &Authorization,
    stream: &mut S,
) -> Result<(), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = send(proxy, target, authorization, stream).await?;
    let head = &answer.head;
    if head.status == 407 && (authorization.is_empty() || !takes_basic(&offers(head))) {
        return Err(Failed::NotTaken(refusal(proxy, target, head)));
    }
    Ok(end(proxy, target, answer)?)
}

/// The way to log in that the proxy takes, which has refused a request without any.
///
/// # Errors
/// It takes none that is known here.
pub(super) fn way(proxy: &Proxy, target: &Endpoint, head: &Head) -> Result<Way, Fault> {
    let offers = offers(head);
    match ntlm_in(&offers) {
        _ if takes_basic(&offers) => Ok(Way::Basic),
        Some(scheme) => Ok(Way::Ntlm(scheme)),
        None => Err(refusal(proxy, target, head)),
    }
}

/// Sends a request with `authorization`, if it is not empty, and reads the answer.
pub(super) async fn send<S>(
    proxy: &Proxy,
    target: &Endpoint,
    authorization: &Authorization,
    stream: &mut S,
) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let address = proxy.address();
    let asking = async {
        stream.write_all(request(target, authorization).as_bytes()).await?;
        stream.flush().await?;
        read_head(stream).await
    };
    let (head, leftover) = asking.await.map_err(|error| match error {
        HeadError::Io(error) => broken(address, &error),
        HeadError::NotHttp(_) => no_proxy(address, "an HTTP"),
    })?;
    Ok(Answer { head, leftover })
}

/// What the last answer comes to.
pub(super) fn end(proxy: &Proxy, target: &Endpoint, answer: Answer) -> Result<(), Fault> {
    let Answer { head, leftover } = answer;
    if !(200..300).contains(&head.status) {
        return Err(refusal(proxy, target, &head));
    }
    if !leftover.is_empty() {
        let address = proxy.address();
        let detail = format!("{address} sends bytes of its own before the other side has spoken");
        return Err(Fault::new(FaultCode::ProxyRefused, detail));
    }
    Ok(())
}

/// Status and reason on one line.
pub(super) fn words(head: &Head) -> String {
    one_line(&format!("{} {}", head.status, head.reason))
}

fn request(target: &Endpoint, authorization: &Authorization) -> Zeroizing<String> {
    let mut request = Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT_PRODUCT}\r\n"
    ));
    if !authorization.is_empty() {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

/// Basic authorization.
pub(super) fn basic(user: &str, password: &Secret) -> Authorization {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
    Zeroizing::new(format!("{BASIC} {}", BASE64_STANDARD.encode(&*pair)))
}

/// Whether Basic is among `offers`; a proxy that offers nothing is taken to mean it.
fn takes_basic(offers: &[&str]) -> bool {
    offers.is_empty() || has(offers, BASIC)
}

/// Under which name NTLM is among `offers`.
fn ntlm_in(offers: &[&str]) -> Option<Scheme> {
    Scheme::ALL.into_iter().find(|scheme| has(offers, scheme.name()))
}

fn has(offers: &[&str], wanted: &str) -> bool {
    offers.iter().any(|name| name.eq_ignore_ascii_case(wanted))
}

fn refusal(proxy: &Proxy, target: &Endpoint, head: &Head) -> Fault {
    let address = proxy.address();
    let answer = words(head);
    if head.status != 407 {
        let detail = format!("{address} does not open the way to {target} ({answer})");
        return Fault::new(FaultCode::ProxyRefused, detail);
    }
    let offers = offers(head);
    let ntlm = ntlm_in(&offers);
    if ntlm.is_some() || takes_basic(&offers) {
        let mut fault = login(proxy, &answer);
        let negotiates = ntlm == Some(Scheme::Negotiate) && offers.len() == 1;
        if negotiates && proxy.login().is_none() {
            // Which of both it takes is known when it is asked for one.
            fault.detail.push_str(", for NTLM unless it takes Kerberos alone");
        }
        return fault;
    }
    let offers = one_line(&offers.join(", "));
    let detail =
        format!("{address} wants {offers}, and only Basic and NTLM are supported ({answer})");
    Fault::new(FaultCode::ProxyLoginUnsupported, detail)
}

/// The ways to log in that a proxy offers, in one header or in many (RFC 9110, section 11.6.1).
fn offers(head: &Head) -> Vec<&str> {
    let parts = head.all("proxy-authenticate").flat_map(|value| value.split(','));
    let first_words = parts.filter_map(|part| part.split_whitespace().next());
    // Parameters of a way have a sign that no name has.
    first_words.filter(|word| is_token(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_the_target_and_the_user() {
        let target = Endpoint::new("ns.servicebus.windows.net", 443);
        let none = Authorization::default();
        let plain = request(&target, &none);
        assert!(plain.starts_with(
            "CONNECT ns.servicebus.windows.net:443 HTTP/1.1\r\nHost: ns.servicebus.windows.net:443\r\n"
        ));
        assert!(plain.ends_with("\r\n\r\n") && !plain.contains("Authorization"));
        // RFC 7617, section 2.1: UTF-8.
        let with = request(&target, &basic("test", &Secret::new("123\u{a3}")));
        assert!(with.contains("\r\nProxy-Authorization: Basic dGVzdDoxMjPCow==\r\n\r\n"));
        let v6 = request(&Endpoint::new("fd00::1", 443), &none);
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
            let fault = refusal(&proxy, &Endpoint::new("ns", 443), &head);
            (fault.code, fault.detail)
        };
        let basic = "Basic realm=\"x\"";
        for (proxy, offers, code, words) in [
            ("h:1", &[basic][..], FaultCode::ProxyLogin, "wants a user and a password"),
            ("h:1", &[], FaultCode::ProxyLogin, "wants a user and a password"),
            ("u:p@h:1", &["Negotiate", basic], FaultCode::ProxyLogin, "does not take this user"),
            ("u:p@h:1", &["NTLM, basic realm=x"], FaultCode::ProxyLogin, "does not take this user"),
            ("u:p@h:1", &["Negotiate", "NTLM"], FaultCode::ProxyLogin, "does not take this user"),
            ("h:1", &["NTLM"], FaultCode::ProxyLogin, "wants a user and a password"),
            ("h:1", &["Negotiate"], FaultCode::ProxyLogin, "unless it takes Kerberos alone"),
            (
                "h:1",
                &["Digest realm=\"x\", qop=\"auth\", nonce=\"basic\""],
                FaultCode::ProxyLoginUnsupported,
                "wants Digest, and only Basic and NTLM",
            ),
        ] {
            let (seen, detail) = refused(proxy, offers);
            assert_eq!(seen, code, "{detail}");
            assert!(detail.contains(words), "{detail}");
        }
    }
}
