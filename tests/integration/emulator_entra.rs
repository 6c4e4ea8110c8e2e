//! Signing in at the emulator's Microsoft Entra.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hybrid_connection_manager::emulator::{
    AzureConfig, AzureFault, EmulatorConfig, SignInStep, UserConfig,
};
use hybrid_connection_manager::model::Secret;
use serde_json::Value;

use crate::emulator_azure::{Azure, BACK, CLIENT, SCOPE, YOU, azure, challenge, query};

const PRINCIPAL: &str = "11111111-2222-3333-4444-555555555555";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn two_tenants() -> AzureConfig {
    AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .tenant("Fabrikam", "fabrikam.com")
        .user(UserConfig::new(YOU, "contoso.com").display_name("You & <me>"))
        .user(UserConfig::new("guest@contoso.com", "contoso.com").guest_of("fabrikam.com"))
}

#[tokio::test]
async fn a_person_signs_in_with_a_browser() {
    let azure = azure(two_tenants()).await;
    let answer = azure.authorize("organizations", &[("prompt", "select_account")]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text.contains("You &amp; &lt;me&gt;") && !answer.text.contains("<script"));
    // The links of the page are what a person clicks.
    let link = answer.text.split("href=\"").find(|link| link.contains("account=guest"));
    let link = link.unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let answer = azure.page(&link, &[]).await;
    assert_eq!(answer.status, 302);
    let back = answer.header("location").to_owned();
    assert!(back.starts_with(BACK), "{back}");
    let members = query(&back);
    assert_eq!(members["state"], "a state", "the state comes back as it went");
    assert!(!back.contains('+'), "{back}");

    let answer = azure.redeem(&members["code"], &[("client_info", "1")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert!(tokens["client_info"].is_string());
    let claims = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["upn"], "guest@contoso.com");
    assert_eq!(claims["aud"], "https://management.azure.com");
    let id = self::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id["aud"], CLIENT);
    assert_eq!(azure.emulator.azure_counters().tokens_issued, 1);
    let state = serde_json::to_string(&azure.emulator.state()).unwrap();
    assert!(!state.contains(tokens["access_token"].as_str().unwrap()), "no token in the state");

    // The second use of the same code.
    let answer = azure.redeem(&members["code"], &[]).await;
    assert_eq!((answer.status, answer.oauth()), (400, ("invalid_grant".into(), 54005)));
    // A token for the tenant where the person is a guest.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT),
        ("refresh_token", refresh),
        ("scope", "https://management.azure.com/.default"),
    ];
    let answer = azure.post("/fabrikam.com/oauth2/v2.0/token", &form).await;
    let other = self::claims(answer.json()["access_token"].as_str().unwrap());
    assert_ne!(other["tid"], claims["tid"]);
    assert_eq!(other["oid"], claims["oid"]);
}

#[tokio::test]
async fn a_code_is_for_one_application_address_and_verifier() {
    let azure = azure(two_tenants()).await;
    for (more, expected) in [
        (("code_verifier", "0123456789012345678901234567890123456789012"), 501481),
        (("code_verifier", "short"), 501481),
        (("redirect_uri", "http://localhost:8/back"), 500112),
        (("client_id", PRINCIPAL), 70000),
    ] {
        let code = azure.code("organizations", YOU).await;
        let answer = azure.redeem(&code, &[more]).await;
        assert_eq!((answer.status, answer.oauth().1), (400, expected));
        let again = azure.redeem(&code, &[]).await;
        assert_eq!(again.oauth().1, 54005, "it is spent");
    }
    assert_eq!(azure.redeem("forged", &[]).await.oauth().0, "invalid_grant");
    let code = azure.code("organizations", YOU).await;
    assert_eq!(azure.emulator.inject_azure(AzureFault::ExpireCodes).unwrap(), 1);
    assert_eq!(azure.redeem(&code, &[]).await.oauth().1, 70008);
}

#[tokio::test]
async fn a_bad_request_gets_a_page_and_goes_nowhere() {
    let azure = azure(two_tenants()).await;
    for (more, expected) in [
        (("redirect_uri", "https://example.com/"), "AADSTS50011"),
        (("redirect_uri", "http://localhost.example.com/"), "AADSTS50011"),
        (("client_id", "nobody"), "AADSTS700016"),
        (("client_id", ""), "AADSTS900144"),
        (("response_type", "token"), "AADSTS700054"),
        (("response_mode", "fragment"), "AADSTS90023"),
        (("code_challenge_method", "plain"), "AADSTS501491"),
        (("code_challenge", "short"), "AADSTS501491"),
        (("scope", "https://vault.azure.net/.default"), "AADSTS500011"),
    ] {
        let answer = azure.authorize("organizations", &[more, ("account", YOU)]).await;
        assert_eq!(answer.status, 400, "{more:?}");
        assert!(answer.text.contains(expected), "{more:?}: {}", answer.text);
        assert!(!answer.headers.contains_key("location"));
    }
    let answer = azure.authorize("nix.example", &[]).await;
    assert!(answer.text.contains("AADSTS90002"));
    let answer = azure.authorize("fabrikam.com", &[("account", YOU)]).await;
    assert!(answer.status == 400 && answer.text.contains("AADSTS50020"), "{}", answer.text);
    assert!(answer.text.contains("tenant 'Fabrikam'"), "{}", answer.text);
    let answer = azure.authorize("organizations", &[("account", "<b>@x")]).await;
    assert!(answer.text.contains("AADSTS50034") && !answer.text.contains("<b>"));
}

#[tokio::test]
async fn a_refusal_goes_back_to_the_application() {
    let azure = azure(two_tenants()).await;
    let answer = azure.authorize("organizations", &[("cancel", "1")]).await;
    let members = query(answer.header("location"));
    assert_eq!(
        (members["error"].as_str(), members["state"].as_str()),
        ("access_denied", "a state")
    );
    for (code, error) in [(50076, "interaction_required"), (53003, "access_denied")] {
        let fault = AzureFault::SignIn { at: Some(SignInStep::Authorize), code, times: Some(1) };
        azure.emulator.inject_azure(fault).unwrap();
        let answer = azure.authorize("organizations", &[("account", YOU)]).await;
        let members = query(answer.header("location"));
        assert_eq!(members["error"], error);
        assert!(members["error_description"].starts_with(&format!("AADSTS{code}: ")));
    }
    azure.code("organizations", YOU).await;
}

#[tokio::test]
async fn an_application_may_want_its_answer_posted() {
    let azure = azure(two_tenants()).await;
    let state = "a \"state\"><b>";
    let posted = [("response_mode", "form_post"), ("account", YOU), ("state", state)];
    let answer = azure.authorize("organizations", &posted).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains(&format!("<form method=\"post\" action=\"{BACK}\">")));
    assert!(answer.text.contains("value=\"a &quot;state&quot;&gt;&lt;b&gt;\""), "{}", answer.text);
    let code = answer.text.split("name=\"code\" value=\"").nth(1).unwrap();
    let code = code.split('"').next().unwrap();
    assert_eq!(azure.redeem(code, &[]).await.status, 200);
}

#[tokio::test]
async fn refresh_tokens_are_refused_in_entras_words() {
    let azure = azure(two_tenants()).await;
    let code = azure.code("organizations", YOU).await;
    let tokens = azure.redeem(&code, &[]).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh)];
    let again = |tenant: &str| {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let azure = &azure;
        async move { azure.post(&path, &form).await }
    };
    assert_eq!(again("organizations").await.status, 200);
    assert_eq!(again("fabrikam.com").await.oauth(), ("invalid_grant".into(), 90072));
    let mfa = AzureFault::SignIn { at: Some(SignInStep::Token), code: 50076, times: Some(1) };
    azure.emulator.inject_azure(mfa).unwrap();
    let answer = again("organizations").await;
    assert_eq!(answer.oauth(), ("interaction_required".into(), 50076));
    let challenge: Value = serde_json::from_str(answer.json()["claims"].as_str().unwrap()).unwrap();
    assert!(challenge["access_token"].is_object());
    azure.emulator.inject_azure(AzureFault::RevokeRefreshTokens).unwrap();
    assert_eq!(again("organizations").await.oauth(), ("invalid_grant".into(), 70043));
}

async fn device(azure: &Azure) -> Value {
    let form = [("client_id", CLIENT), ("scope", SCOPE)];
    let answer = azure.post("/organizations/oauth2/v2.0/devicecode", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn poll(azure: &Azure, device: &Value) -> crate::emulator_azure::Answer {
    let code = device["device_code"].as_str().unwrap();
    let form = [("grant_type", DEVICE), ("client_id", CLIENT), ("device_code", code)];
    azure.post("/organizations/oauth2/v2.0/token", &form).await
}

#[tokio::test]
async fn a_device_waits_for_its_person() {
    let lifetime = Duration::from_secs(60);
    let azure = azure(two_tenants().device_code(Duration::from_secs(30), lifetime)).await;
    let first = device(&azure).await;
    let user_code = first["user_code"].as_str().unwrap();
    assert_eq!((&first["interval"], &first["expires_in"]), (&30.into(), &60.into()));
    assert!(first["message"].as_str().unwrap().contains(user_code));
    assert_eq!(poll(&azure, &first).await.oauth().0, "authorization_pending");
    assert_eq!(poll(&azure, &first).await.oauth().0, "slow_down");

    let page = azure.page("/devicelogin", &[]).await;
    assert!(page.status == 200 && page.text.contains("name=\"code\""));
    let page = azure.page("/devicelogin", &[("code", "WRONG")]).await;
    assert!(page.text.contains("didn't work") || page.text.contains("didn&"), "{}", page.text);
    let written = format!("{} {}", &user_code[..4], user_code[4..].to_lowercase());
    let page = azure.page("/devicelogin", &[("code", &written)]).await;
    assert!(page.text.contains("account=you%40contoso.com"), "{}", page.text);
    let page = azure.page("/devicelogin", &[("code", user_code), ("account", YOU)]).await;
    assert!(page.text.contains("You have signed in"), "{}", page.text);
    let tokens = poll(&azure, &first).await;
    assert!(tokens.json()["access_token"].is_string(), "{}", tokens.text);
    assert_eq!(poll(&azure, &first).await.oauth().0, "bad_verification_code");

    let second = device(&azure).await;
    let code = second["user_code"].as_str().unwrap();
    assert!(azure.emulator.approve_device_code(code, "nobody@x").is_err());
    azure.emulator.decline_device_code(code).unwrap();
    assert_eq!(poll(&azure, &second).await.oauth().0, "authorization_declined");
    let third = device(&azure).await;
    azure.emulator.inject_azure(AzureFault::ExpireCodes).unwrap();
    let code = third["user_code"].as_str().unwrap();
    assert!(azure.emulator.approve_device_code(code, YOU).is_err(), "it has ended");
    assert_eq!(poll(&azure, &third).await.oauth().0, "expired_token");
    let fault = AzureFault::SignIn { at: Some(SignInStep::DeviceCode), code: 53003, times: None };
    azure.emulator.inject_azure(fault).unwrap();
    let form = [("client_id", CLIENT), ("scope", SCOPE)];
    let answer = azure.post("/organizations/oauth2/v2.0/devicecode", &form).await;
    assert_eq!(answer.oauth().1, 53003);
}

#[tokio::test]
async fn a_program_signs_in_with_its_secret() {
    let config = two_tenants().service_principal(PRINCIPAL, Secret::new("hush"), "contoso.com");
    let azure = azure(config).await;
    let ask = |tenant: &'static str, secret: &'static str, scope: &'static str| {
        let azure = &azure;
        async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", PRINCIPAL),
                ("client_secret", secret),
                ("scope", scope),
            ];
            azure.post(&format!("/{tenant}/oauth2/v2.0/token"), &form).await
        }
    };
    let scope = "https://management.core.windows.net//.default";
    let answer = ask("contoso.com", "hush", scope).await.json();
    assert!(answer["refresh_token"].is_null());
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(azure.get("/subscriptions", token).await.status, 200);
    let wrong = ask("contoso.com", "wrong", scope).await;
    assert_eq!((wrong.status, wrong.oauth()), (401, ("invalid_client".into(), 7000215)));
    assert_eq!(ask("fabrikam.com", "hush", scope).await.oauth().1, 700016);
    assert_eq!(
        ask("contoso.com", "hush", "https://management.azure.com/x").await.oauth().1,
        1002012
    );
}

#[tokio::test]
async fn an_app_signs_in_with_its_managed_identity() {
    let azure = azure(two_tenants().managed_identity("contoso.com")).await;
    let (endpoint, header) = azure.emulator.managed_identity().unwrap();
    let resource = azure.emulator.resource_manager();
    let ask = |header: &str| {
        let members = [("api-version", "2019-08-01"), ("resource", resource.as_str())];
        let request = azure.http.get(&endpoint).query(&members);
        azure.send(request.header("X-IDENTITY-HEADER", header))
    };
    let answer = ask(header.expose()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json()["expires_on"].as_str().unwrap().parse::<i64>().is_ok());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(azure.get("/subscriptions", &token).await.status, 200);
    assert_eq!(ask("wrong").await.status, 401);
}

#[tokio::test]
async fn plain_http_serves_the_sign_in_alone() {
    let azure = azure(two_tenants()).await;
    let path = "/contoso.com/v2.0/.well-known/openid-configuration";
    let plain = azure.page(path, &[]).await.json();
    assert!(plain["token_endpoint"].as_str().unwrap().starts_with("http://localhost:"));
    let address = format!("{}{path}", azure.emulator.resource_manager());
    let secure = azure.send(azure.http.get(address)).await.json();
    assert!(secure["issuer"].as_str().unwrap().starts_with("https://localhost:"));
    for path in ["/subscriptions", "/$emulator/state", "/$hc/sql", "/"] {
        let answer = azure.page(path, &[]).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text.contains("https only"), "{}", answer.text);
    }
    let kinds = azure.emulator.azure_counters();
    assert_eq!(kinds.of("discovery"), 2);
    assert_eq!(challenge("x").len(), 43);
    assert!(EmulatorConfig::from_json(r#"{"azure":{"users":[{"name":"x"}]}}"#).is_err());
}
