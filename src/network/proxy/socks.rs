//! SOCKS 5 (RFC 1928), with user and password (RFC 1929). The proxy looks names up.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_socks::Error;
use tokio_socks::tcp::Socks5Stream;

use super::{broken, login, no_proxy};
use crate::model::proxy::Login;
use crate::model::{Endpoint, Fault, FaultCode, Proxy};

/// Asks `proxy` at the other end of `stream` for a connection to `target`.
pub(super) async fn ask<S>(proxy: &Proxy, target: &Endpoint, stream: &mut S) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let to = (target.host(), target.port());
    let asked = match proxy.login() {
        Some(Login { user, password: Some(password) }) => {
            let password = password.expose();
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        _ => Socks5Stream::connect_with_socket(stream, to).await,
    };
    asked.map(drop).map_err(|error| refusal(proxy, target, error))
}

fn refusal(proxy: &Proxy, target: &Endpoint, error: Error) -> Fault {
    let address = proxy.address();
    let answer = match error {
        Error::Io(error) => return broken(address, &error),
        Error::NoAcceptableAuthMethods => {
            return login(proxy, "no method of login is common to both");
        }
        Error::PasswordAuthFailure(code) => return login(proxy, &format!("answer {code}")),
        Error::InvalidAuthValues(_) => {
            let detail = format!("SOCKS has no login without a user or a password: {proxy}");
            return Fault::new(FaultCode::ProxyLogin, detail);
        }
        Error::GeneralSocksServerFailure => "a failure that it does not name (1)",
        Error::ConnectionNotAllowedByRuleset => "its rules do not allow it (2)",
        Error::NetworkUnreachable => "it has no way to that network (3)",
        Error::HostUnreachable => "it cannot reach that host, or not look its name up (4)",
        Error::ConnectionRefused => "that host refuses the connection (5)",
        Error::TtlExpired => "the way there is too long, or nobody answered in time (6)",
        Error::CommandNotSupported => "it does not know CONNECT (7)",
        Error::AddressTypeNotSupported => "it takes no names, or not this kind of address (8)",
        Error::InvalidTargetAddress(_) => "the name is too long for SOCKS 5",
        _ => return no_proxy(address, "a SOCKS 5"),
    };
    let detail = format!("{address} does not open the way to {target}: {answer}");
    Fault::new(FaultCode::ProxyRefused, detail)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// What comes of asking `proxy`, which answers each of `turns` after reading what was asked, and
    /// what was asked.
    async fn asked(proxy: &str, turns: &[&[u8]]) -> (Result<(), Fault>, Vec<Vec<u8>>) {
        let (mut ours, mut theirs) = duplex(1024);
        let target = Endpoint::new("contoso.servicebus.windows.net", 443);
        let proxy: Proxy = proxy.parse().unwrap();
        let answering = async {
            let mut seen = Vec::new();
            for turn in turns {
                let mut bytes = vec![0; 1024];
                let read = theirs.read(&mut bytes).await.unwrap();
                bytes.truncate(read);
                seen.push(bytes);
                theirs.write_all(turn).await.unwrap();
            }
            drop(theirs);
            seen
        };
        tokio::join!(ask(&proxy, &target, &mut ours), answering)
    }

    const NO_LOGIN: &[u8] = &[5, 0];
    const DONE: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

    #[tokio::test]
    async fn the_name_goes_to_the_proxy_and_is_not_looked_up_here() {
        let (result, seen) = asked("socks5://h:1", &[NO_LOGIN, DONE]).await;
        assert_eq!(result, Ok(()));
        assert_eq!(seen[0], [5, 1, 0]);
        let mut expected = vec![5, 1, 0, 3, 30];
        expected.extend(b"contoso.servicebus.windows.net\x01\xbb");
        assert_eq!(seen[1], expected);
    }

    #[tokio::test]
    async fn user_and_password_are_told_as_they_are() {
        let (result, seen) =
            asked("socks5://a%3Ab:p%40%C3%BC@h:1", &[&[5, 2], &[1, 0], DONE]).await;
        assert_eq!(result, Ok(()));
        assert!(seen[0].contains(&2), "{seen:?}");
        assert_eq!(seen[1], "\u{1}\u{3}a:b\u{4}p@ü".as_bytes());
        let (result, _) = asked("socks5://u:wr0ng@h:1", &[&[5, 2], &[1, 9]]).await;
        let fault = result.unwrap_err();
        assert_eq!(fault.code, FaultCode::ProxyLogin);
        assert_eq!(fault.detail, "h:1 does not take this user and password (answer 9)");
        let (result, _) = asked("socks5://h:1", &[&[5, 0xff]]).await;
        let fault = result.unwrap_err();
        assert!(fault.detail.starts_with("h:1 wants a user and a password"), "{fault}");
        let (result, _) = asked("socks5://u@h:1", &[]).await;
        assert!(result.unwrap_err().detail.contains("without a user or a password"));
    }

    #[tokio::test]
    async fn what_the_proxy_answers_is_said_in_words() {
        for (code, words) in [
            (1, "a failure that it does not name"),
            (2, "its rules do not allow it"),
            (3, "no way to that network"),
            (4, "not look its name up"),
            (5, "refuses the connection"),
            (6, "too long"),
            (7, "CONNECT"),
            (8, "takes no names"),
        ] {
            let answer = [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
            let (result, _) = asked("socks5://h:1", &[NO_LOGIN, &answer]).await;
            let fault = result.unwrap_err();
            assert_eq!(fault.code, FaultCode::ProxyRefused, "{code}: {fault}");
            let start = "h:1 does not open the way to contoso.servicebus.windows.net:443: ";
            assert!(fault.detail.starts_with(start) && fault.detail.contains(words), "{fault}");
        }
        let web: &[&[u8]] = &[b"HTTP/1.1 400 Bad Request\r\n\r\n"];
        for strange in [web, &[NO_LOGIN, &[5, 0x99, 0, 1]]] {
            let fault = asked("socks5://h:1", strange).await.0.unwrap_err();
            assert_eq!(fault.code, FaultCode::ProxyRefused);
            assert!(fault.detail.contains("does not answer as a SOCKS 5 proxy does"), "{fault}");
        }
        let (result, _) = asked("socks5://h:1", &[b""]).await;
        assert_eq!(result.unwrap_err().code, FaultCode::ProxyUnreachable);
    }
}
