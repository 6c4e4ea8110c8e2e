//! The proxy's side of a login by NTLM, for tests.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sspi::{
    AuthIdentityBuffers, BufferType, DataRepresentation, Ntlm, SecurityBuffer, SecurityStatus,
    ServerRequestFlags, Sspi as _, SspiImpl as _,
};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::ntlm::{Handshake, Scheme};
use crate::model::Secret;

/// The other side of the login, which knows one user.
pub(super) struct NtlmServer {
    ntlm: Ntlm,
    credentials: Option<AuthIdentityBuffers>,
}

impl NtlmServer {
    pub(super) fn new(user: &str, password: &str) -> Self {
        let (ntlm, credentials) =
            Handshake::new(user, &Secret::new(password)).unwrap().into_parts();
        Self { ntlm, credentials }
    }

    /// The answer to `said`, or nothing when the login is complete.
    pub(super) fn answer(&mut self, said: &[u8]) -> Result<Option<Vec<u8>>, sspi::Error> {
        let mut input = [SecurityBuffer::new(said.to_vec(), BufferType::Token)];
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let building = self
            .ntlm
            .accept_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        let status =
            self.ntlm.accept_security_context_impl(building)?.resolve_to_result().unwrap().status;
        match status {
            SecurityStatus::CompleteAndContinue | SecurityStatus::CompleteNeeded => {
                self.ntlm.complete_auth_token(&mut output)?;
                Ok(None)
            }
            SecurityStatus::ContinueNeeded => Ok(Some(output.remove(0).buffer)),
            other => panic!("{other:?}"),
        }
    }
}

/// The message in the next request.
pub(super) async fn said<S: AsyncRead + Unpin>(scheme: Scheme, stream: &mut S) -> Vec<u8> {
    let request = request(stream).await;
    assert!(request.starts_with("CONNECT ns.servicebus.windows.net:443 HTTP/1.1\r\n"));
    let header = format!("Proxy-Authorization: {} ", scheme.name());
    let message = request.split(&header).nth(1).unwrap();
    BASE64_STANDARD.decode(message.lines().next().unwrap()).unwrap()
}

/// The next request. It has no status: it is read byte by byte up to its empty line.
pub(super) async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}
