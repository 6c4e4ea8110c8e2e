//! A login by NTLM (MS-NTHT, MS-NLMP): three messages, of which two go to the proxy, over one
//! connection. Who offers `Negotiate` (RFC 4559) takes the same messages under that name, unless it
//! takes Kerberos alone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse,
    DataRepresentation, Ntlm, SecurityBuffer, Sspi as _, SspiImpl as _, Username,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use zeroize::Zeroizing;

use super::connect::{self, Authorization};
use super::{Failed, broken, login};
use crate::model::{Endpoint, Fault, FaultCode, Proxy, Secret};
use crate::network::head::Head;

/// What it is called in the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// By its own name.
    Ntlm,
    /// As one of several that are negotiated.
    Negotiate,
}

impl Scheme {
    /// All, the one that leaves no doubt first.
    pub(super) const ALL: [Self; 2] = [Self::Ntlm, Self::Negotiate];

    /// The name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
        }
    }

    fn authorization(self, message: &[u8]) -> Authorization {
        Zeroizing::new(format!("{} {}", self.name(), BASE64_STANDARD.encode(message)))
    }

    /// The proxy's message in `head`.
    fn challenge(self, head: &Head) -> Option<Vec<u8>> {
        head.all("proxy-authenticate").find_map(|value| {
            let (name, message) = value.split_once(' ')?;
            let is_ours = name.eq_ignore_ascii_case(self.name());
            let message = is_ours.then(|| BASE64_STANDARD.decode(message.trim()).ok()).flatten()?;
            message.starts_with(SIGNATURE).then_some(message)
        })
    }

    /// The fault of a proxy that does not go on after the first message.
    fn not_taken(self, proxy: &Proxy, head: &Head) -> Fault {
        match self {
            Self::Ntlm => refused(proxy, head),
            Self::Negotiate => {
                let (address, answer) = (proxy.address(), connect::words(head));
                let detail = format!(
                    "{address} wants Negotiate and does not take NTLM for it, so it wants Kerberos ({answer})"
                );
                Fault::new(FaultCode::ProxyLoginUnsupported, detail)
            }
        }
    }
}

/// What each message of NTLM begins with (MS-NLMP, section 2.2.1).
const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// Longest page that is read to get behind it, in bytes.
const LONGEST_PAGE: u64 = 256 * 1024;

/// Asks `proxy` at the other end of `stream`, which is new, for a connection to `target`.
pub(super) async fn ask<S>(
    proxy: &Proxy,
    target: &Endpoint,
    (scheme, user, password): (Scheme, &str, &Secret),
    stream: &mut S,
) -> Result<(), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut handshake = Handshake::new(user, password).map_err(|error| of_ours(proxy, &error))?;
    let negotiate = handshake.next(&[]).map_err(|error| of_ours(proxy, &error))?;
    let answer = connect::send(proxy, target, &scheme.authorization(&negotiate), stream).await?;
    if answer.head.status != 407 {
        return Ok(connect::end(proxy, target, answer)?);
    }
    let Some(challenge) = scheme.challenge(&answer.head) else {
        return Err(Failed::NotTaken(scheme.not_taken(proxy, &answer.head)));
    };
    skip_page(&answer, stream).await.map_err(|error| broken(proxy.address(), &error))?;
    let authenticate = handshake.next(&challenge).map_err(|error| of_ours(proxy, &error))?;
    let answer = connect::send(proxy, target, &scheme.authorization(&authenticate), stream).await?;
    match answer.head.status {
        407 => Err(refused(proxy, &answer.head).into()),
        _ => Ok(connect::end(proxy, target, answer)?),
    }
}

/// Reads what a browser would show with an answer, so that the next one is read from its begin.
async fn skip_page<S: AsyncRead + Unpin>(
    answer: &connect::Answer,
    stream: &mut S,
) -> std::io::Result<()> {
    let closes = ["connection", "proxy-connection"]
        .iter()
        .any(|name| answer.head.all(name).any(|value| value.eq_ignore_ascii_case("close")));
    if closes {
        let error = "it closes the connection in the midst of the login by NTLM";
        return Err(std::io::Error::other(error));
    }
    if answer.head.header("transfer-encoding").is_some() {
        return Err(std::io::Error::other("the page with its challenge has no length"));
    }
    let length = answer.head.header("content-length").map_or(Ok(0), |text| text.trim().parse());
    let length: u64 = length.map_err(std::io::Error::other)?;
    let here = u64::try_from(answer.leftover.len()).unwrap_or(u64::MAX);
    match length.checked_sub(here) {
        Some(left) if length <= LONGEST_PAGE => {
            let read = tokio::io::copy(&mut stream.take(left), &mut tokio::io::sink()).await?;
            let is_whole = read == left;
            is_whole.then_some(()).ok_or(std::io::ErrorKind::UnexpectedEof.into())
        }
        _ => Err(std::io::Error::other("the page with its challenge is too long")),
    }
}

fn refused(proxy: &Proxy, head: &Head) -> Fault {
    login(proxy, &connect::words(head))
}

/// The fault of a login that this side cannot do.
fn of_ours(proxy: &Proxy, error: &sspi::Error) -> Fault {
    let detail = format!("no login by NTLM at {}: {error}", proxy.address());
    Fault::new(FaultCode::ProxyLogin, detail)
}

/// This side's messages.
pub(super) struct Handshake {
    ntlm: Ntlm,
    credentials: Option<AuthIdentityBuffers>,
}

impl Handshake {
    /// Of `user`: `DOMAIN\user`, `user@domain` or `user`.
    pub(super) fn new(user: &str, password: &Secret) -> Result<Self, sspi::Error> {
        let username = Username::parse(user)?;
        let identity = AuthIdentity { username, password: password.expose().to_owned().into() };
        let mut ntlm = Ntlm::new();
        let credentials = ntlm
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut ntlm)?;
        Ok(Self { ntlm, credentials: credentials.credentials_handle })
    }

    #[cfg(test)]
    pub(super) fn into_parts(self) -> (Ntlm, Option<AuthIdentityBuffers>) {
        (self.ntlm, self.credentials)
    }

    /// What is to be said after `said`; first after nothing.
    fn next(&mut self, said: &[u8]) -> Result<Zeroizing<Vec<u8>>, sspi::Error> {
        let mut input = [SecurityBuffer::new(said.to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut building = self
            .ntlm
            .initialize_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(ClientRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        self.ntlm.initialize_security_context_impl(&mut building)?.resolve_to_result()?;
        let [message] = output;
        Ok(Zeroizing::new(message.buffer))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::super::testing::{NtlmServer, said};
    use super::*;
    use crate::model::proxy::Login;

    /// What comes of asking a proxy that knows `user` with `password`, and sends `page` with its
    /// challenge.
    async fn asked(user: &str, password: &str, headers: &str, page: &str) -> Result<(), Fault> {
        asked_as(Scheme::Ntlm, user, password, headers, page).await
    }

    /// The same under another name.
    async fn asked_as(
        scheme: Scheme,
        user: &str,
        password: &str,
        headers: &str,
        page: &str,
    ) -> Result<(), Fault> {
        let (mut ours, mut theirs) = duplex(8192);
        let proxy: Proxy = r"http://CORP\me:s3cret@h:1".parse().unwrap();
        let target = Endpoint::new("ns.servicebus.windows.net", 443);
        let mut server = NtlmServer::new(user, password);
        let name = scheme.name();
        let serving = async {
            let challenge = server.answer(&said(scheme, &mut theirs).await).unwrap().unwrap();
            let challenge = BASE64_STANDARD.encode(challenge);
            let answer = format!(
                "HTTP/1.1 407 Login\r\nProxy-Authenticate: Digest\r\n\
                 Proxy-Authenticate: {name} {challenge}\r\n{headers}\r\n{page}"
            );
            theirs.write_all(answer.as_bytes()).await.unwrap();
            let closes = headers.contains("close") || headers.contains("chunked");
            let end = match closes {
                true => return,
                false => server.answer(&said(scheme, &mut theirs).await),
            };
            let answer = match end {
                Ok(None) => "HTTP/1.1 200 Open\r\n\r\n",
                _ => "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n",
            };
            theirs.write_all(answer.as_bytes()).await.unwrap();
        };
        let Login { user, password } = proxy.login().unwrap();
        let password = password.as_ref().unwrap();
        let asking = ask(&proxy, &target, (scheme, user, password), &mut ours);
        tokio::join!(asking, serving).0.map_err(Fault::from)
    }

    #[tokio::test]
    async fn the_user_logs_in_behind_the_page_of_the_challenge() {
        assert_eq!(asked(r"CORP\me", "s3cret", "", "").await, Ok(()));
        let page = "x".repeat(3000);
        let headers = format!("Content-Length: {}\r\n", page.len());
        assert_eq!(asked(r"CORP\me", "s3cret", &headers, &page).await, Ok(()));
    }

    #[tokio::test]
    async fn a_wrong_password_is_named() {
        let fault = asked(r"CORP\me", "another", "", "").await.unwrap_err();
        assert_eq!(fault.code, FaultCode::ProxyLogin, "{fault}");
        assert_eq!(fault.detail, "h:1 does not take this user and password (407 No)");
    }

    #[tokio::test]
    async fn a_proxy_that_does_not_go_through_with_it_is_named() {
        for (headers, words) in [
            ("Connection: close\r\n", "closes the connection in the midst"),
            ("Transfer-Encoding: chunked\r\n", "has no length"),
        ] {
            let fault = asked(r"CORP\me", "s3cret", headers, "").await.unwrap_err();
            assert_eq!(fault.code, FaultCode::ProxyUnreachable, "{fault}");
            assert!(fault.detail.contains(words), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_sends_no_challenge_is_told_by_what_it_offers() {
        for (scheme, answer, code) in [
            (Scheme::Ntlm, "NTLM", FaultCode::ProxyLogin),
            (Scheme::Negotiate, "Negotiate", FaultCode::ProxyLoginUnsupported),
            // A message of another mechanism.
            (Scheme::Negotiate, "Negotiate oRQwEqADCgEB", FaultCode::ProxyLoginUnsupported),
        ] {
            let (mut ours, mut theirs) = duplex(1024);
            let proxy: Proxy = "http://me:s3cret@h:1".parse().unwrap();
            let target = Endpoint::new("ns.servicebus.windows.net", 443);
            let password = Secret::new("s3cret");
            let serving = async {
                said(scheme, &mut theirs).await;
                let answer = format!("HTTP/1.1 407 No\r\nProxy-Authenticate: {answer}\r\n\r\n");
                theirs.write_all(answer.as_bytes()).await.unwrap();
            };
            let asking = ask(&proxy, &target, (scheme, "me", &password), &mut ours);
            let (result, ()) = tokio::join!(asking, serving);
            let Err(Failed::NotTaken(fault)) = result else { panic!("{result:?}") };
            assert_eq!(fault.code, code, "{answer}");
        }
    }

    #[tokio::test]
    async fn the_same_messages_are_taken_as_what_is_negotiated() {
        assert_eq!(asked_as(Scheme::Negotiate, r"CORP\me", "s3cret", "", "").await, Ok(()));
        let fault = asked_as(Scheme::Negotiate, "me", "another", "", "").await.unwrap_err();
        assert_eq!(fault.code, FaultCode::ProxyLogin, "{fault}");
    }
}
