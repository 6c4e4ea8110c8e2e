//! A client of the emulator's Azure: reqwest over TLS, and the browser's part by hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybrid_connection_manager::emulator::{AzureConfig, Emulator, EmulatorConfig};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
pub(crate) const SCOPE: &str =
    "https://management.azure.com/.default offline_access openid profile";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const BACK: &str = "http://localhost:7/back";
pub(crate) const YOU: &str = "you@contoso.com";

/// An emulator with Azure, and an HTTP client that trusts it.
pub(crate) struct Azure {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
}

/// An answer: its status, headers and JSON (or text) body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The code of Resource Manager's error.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The OAuth error and the AADSTS number.
    pub(crate) fn oauth(&self) -> (String, u64) {
        let body = self.json();
        let number = body["error_codes"][0].as_u64().unwrap();
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
        assert!(text.contains("Trace ID: ") && text.contains("Correlation ID: "), "{text}");
        (body["error"].as_str().unwrap().to_owned(), number)
    }
}

pub(crate) async fn start(config: EmulatorConfig) -> Azure {
    let emulator = Emulator::start(config.port(0)).await.unwrap();
    let ca = reqwest::Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([ca])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    Azure { emulator, http }
}

/// One hybrid connection, `contoso/sql`, and this Azure.
pub(crate) async fn azure(config: AzureConfig) -> Azure {
    start(EmulatorConfig::new().hybrid_connection("contoso", "sql", "db:1433").azure(config)).await
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The members of a query.
pub(crate) fn query(address: &str) -> std::collections::BTreeMap<String, String> {
    url::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

impl Azure {
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// A GET of Entra over plain HTTP.
    pub(crate) async fn page(&self, path: &str, members: &[(&str, &str)]) -> Answer {
        let address = format!("{}{path}", self.emulator.authority());
        self.send(self.http.get(address).query(members)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let address = format!("{}{path}", self.emulator.resource_manager());
        self.send(self.http.post(address).form(form)).await
    }

    /// What the application sends the browser to, as `user`.
    pub(crate) async fn authorize(&self, tenant: &str, more: &[(&str, &str)]) -> Answer {
        let challenge = challenge(VERIFIER);
        let usual = [
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", BACK),
            ("scope", SCOPE),
            ("state", "a state"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let is_free = |(name, _): &&(&str, &str)| !more.iter().any(|(other, _)| other == name);
        let mut all: Vec<(&str, &str)> = usual.iter().filter(is_free).copied().collect();
        all.extend(more);
        self.page(&format!("/{tenant}/oauth2/v2.0/authorize"), &all).await
    }

    /// A code for `user`.
    pub(crate) async fn code(&self, tenant: &str, user: &str) -> String {
        let answer = self.authorize(tenant, &[("account", user)]).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        query(answer.header("location"))["code"].clone()
    }

    pub(crate) async fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let is_free = |(name, _): &&(&str, &str)| !more.iter().any(|(other, _)| other == name);
        let mut all: Vec<(&str, &str)> = usual.iter().filter(is_free).copied().collect();
        all.push(("code", code));
        all.extend(more);
        self.post("/organizations/oauth2/v2.0/token", &all).await
    }

    /// An access token of `user` for `tenant`.
    pub(crate) async fn token(&self, tenant: &str, user: &str) -> String {
        let code = self.code(tenant, user).await;
        let answer = self.redeem(&code, &[]).await;
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks Resource Manager.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let version = if path.to_ascii_lowercase().contains("microsoft.") {
            "2024-01-01"
        } else {
            "2022-12-01"
        };
        let manager = self.emulator.resource_manager();
        let address = format!("{manager}{path}{separator}api-version={version}");
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.http.request(method, address).bearer_auth(token)).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, token).await
    }

    /// The path of the subscription with this name.
    pub(crate) async fn subscription_called(&self, name: &str, token: &str) -> String {
        let list = self.get("/subscriptions", token).await.json();
        let all = list["value"].as_array().unwrap();
        let found = all.iter().find(|subscription| subscription["displayName"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    /// The path of the first subscription that the token shows.
    pub(crate) async fn subscription(&self, token: &str) -> String {
        let answer = self.get("/subscriptions", token).await;
        answer.json()["value"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// The members called `name` of a list's items.
pub(crate) fn each(list: &Value, name: &str) -> Vec<String> {
    let items = list["value"].as_array().unwrap().iter();
    items.map(|item| item[name].as_str().unwrap().to_owned()).collect()
}
