//! The control address of the running emulator, as its client.

use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::header;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{CliError, announcement};
use crate::emulator::AzureFault;
use crate::emulator::control::Met;
use crate::emulator::faults::{InjectedFault, Scope, StandingFault};
use crate::emulator::sender::{SenderError, dial};
use crate::emulator::tls;
use crate::model::{ConnectionSelector, NamespaceAddress};

/// A client of the emulator that runs with a state folder.
pub(super) struct Client {
    address: NamespaceAddress,
    tls: std::sync::Arc<rustls::ClientConfig>,
}

impl Client {
    pub(super) fn of(folder: &Path) -> Result<Self, CliError> {
        let port = announcement(folder)?.port;
        let ca = tls::kept_certificate(folder)?;
        let tls = dial::trusting(Some(&ca))?;
        Ok(Self { address: NamespaceAddress::new("localhost", port), tls })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        read(self.call("GET", path, None::<&()>).await?)
    }

    pub(super) async fn act(
        &self,
        method: &str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), CliError> {
        self.call(method, path, body).await.map(drop)
    }

    /// Lets `fault` happen; says what it met, or `None` for one that lasts.
    pub(super) async fn inject(
        &self,
        on: Option<ConnectionSelector>,
        fault: InjectedFault,
    ) -> Result<Option<usize>, CliError> {
        let lasts = fault.lasts();
        let fault = StandingFault { on: Scope::from(on), fault };
        let met: Met = read(self.call("POST", "faults", Some(&fault)).await?)?;
        Ok((!lasts).then_some(met.met))
    }

    /// Lets `fault` happen in Azure; says what it met, or `None` for one that lasts.
    pub(super) async fn inject_azure(&self, fault: &AzureFault) -> Result<Option<usize>, CliError> {
        let met: Met = read(self.call("POST", "azure-faults", Some(fault)).await?)?;
        Ok((!fault.lasts()).then_some(met.met))
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Value, CliError> {
        let body = body.map(serde_json::to_vec).transpose().map_err(unexpected)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("/$emulator/{path}"))
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(unexpected)?;
        let tls = dial::dial(&self.address, &self.tls).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(unexpected)?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(unexpected)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(unexpected)?.to_bytes();
        driver.abort();
        let value: Value = serde_json::from_slice(&body).map_err(unexpected)?;
        if status.is_success() {
            return Ok(value);
        }
        let text = value["error"].as_str().map_or_else(|| status.to_string(), str::to_owned);
        Err(CliError::Refused(text))
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, CliError> {
    serde_json::from_value(value).map_err(unexpected)
}

fn unexpected(error: impl std::fmt::Display) -> CliError {
    SenderError::Unexpected(error.to_string()).into()
}
