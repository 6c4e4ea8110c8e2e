//! Signing in, in every way, against the emulator's Microsoft Entra.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hybrid_connection_manager::azure::sign_in::BrowserFlow;
use hybrid_connection_manager::azure::{
    Azure, AzureErrorKind, DeviceCode, Method, Setup, Subscription, Unread,
};
use hybrid_connection_manager::emulator::{AzureConfig, AzureFault, SignInStep, UserConfig};
use hybrid_connection_manager::model::Settings;
use tokio::sync::mpsc;
use url::Url;

use crate::azure_account::{Cloud, Person, get, redirect_of, refused};
use crate::bed::within;
use crate::emulator_azure::YOU;
use crate::proxy::{Manner, Proxy};

fn quick_codes() -> AzureConfig {
    AzureConfig::new().device_code(Duration::from_secs(1), Duration::from_secs(900))
}

async fn subscriptions(azure: &Azure) -> Vec<Subscription> {
    azure.subscriptions().await.unwrap().list
}

#[tokio::test]
async fn a_person_signs_in_with_the_browser_and_sees_how_it_ended() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let person = Person::picking(YOU);
    let azure = Azure::with_browser(&cloud.setup(), person.opener()).await.unwrap();
    assert_eq!(azure.account().name, YOU);
    assert_eq!(azure.account().method, Method::Browser);
    assert!(azure.account().tenant_id.is_some() && azure.token_ends().is_some());
    assert_eq!(subscriptions(&azure).await[0].name, "Contoso Production");
    let answer = person.answer.lock().unwrap().clone().unwrap();
    // The port is closed, and the page has said so before.
    let (host, port) = (answer.host_str().unwrap(), answer.port().unwrap());
    assert_eq!(host, "localhost");
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
    within(async {
        while person.last_page.lock().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (status, page) = person.last_page.lock().unwrap().clone().unwrap();
    assert!(status == 200 && page.contains("You are signed in"), "{page}");
}

#[tokio::test]
async fn who_cancels_in_the_browser_is_told_so_here_too() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let setup = cloud.setup();
    // The link of the page that declines.
    let pages = Arc::new(Mutex::new(None));
    let seen = pages.clone();
    let open = move |page: &Url| {
        *seen.lock().unwrap() = Some(page.clone());
        Ok(())
    };
    let signing_in = tokio::spawn(async move { Azure::with_browser(&setup, open).await });
    let page = within(async {
        loop {
            if let Some(page) = pages.lock().unwrap().take() {
                return page;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (_, html) = get(page.clone()).await;
    let link = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let mut link = link.filter(|link| !link.contains("account="));
    let link = link.next().unwrap_or_else(|| panic!("{html}")).replace("&amp;", "&");
    let back = redirect_of(page.join(&link).unwrap()).await;
    let _page = tokio::spawn(get(back));
    let error = refused(signing_in.await.unwrap());
    assert_eq!(error.kind, AzureErrorKind::SignInDenied);
}

#[tokio::test]
async fn what_azure_refuses_is_said_in_words_with_its_code() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    for (step, code, kind) in [
        (SignInStep::Authorize, 65001, AzureErrorKind::ConsentRequired),
        (SignInStep::Authorize, 53003, AzureErrorKind::ConditionalAccess),
        (SignInStep::Token, 50076, AzureErrorKind::InteractionRequired),
        (SignInStep::Token, 700_016, AzureErrorKind::UnknownApplication),
    ] {
        let fault = AzureFault::SignIn { at: Some(step), code, times: None };
        cloud.emulator.inject_azure(fault).unwrap();
        let person = Person::picking(YOU);
        let error = refused(Azure::with_browser(&cloud.setup(), person.opener()).await);
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(error.code, Some(format!("AADSTS{code}")));
        assert!(error.correlation_id.is_some(), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(kind.advice()) && !text.contains("Trace ID"), "{text}");
        cloud.emulator.clear_faults();
    }
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_limit() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let sign_in = async |open: fn(&Url) -> io::Result<()>| {
        let flow = BrowserFlow::new(open).within(Duration::from_millis(50));
        refused(Azure::with_person(&cloud.setup(), Method::Browser, flow).await)
    };
    let error = sign_in(|_| Ok(())).await;
    assert_eq!(error.kind, AzureErrorKind::SignInTimedOut);
    let error = sign_in(|_| Err(io::Error::other("no browser is installed"))).await;
    assert_eq!(error.kind, AzureErrorKind::NoBrowser);
    assert!(error.to_string().contains("no browser is installed"));
}

#[tokio::test]
async fn a_forged_answer_is_not_used() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let runtime = tokio::runtime::Handle::current();
    let open = move |page: &Url| {
        let page = page.clone();
        runtime.spawn(async move {
            let back = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
            let mut forged = Url::parse(&back).unwrap();
            forged.set_query(Some("code=stolen&state=guessed"));
            let (status, _) = get(forged).await;
            assert_eq!(status, 400);
        });
        Ok(())
    };
    let flow = BrowserFlow::new(open).within(Duration::from_millis(800));
    let error = refused(Azure::with_person(&cloud.setup(), Method::Browser, flow).await);
    assert_eq!(error.kind, AzureErrorKind::ForgedAnswer, "{error}");
    assert_eq!(cloud.emulator.azure_counters().tokens_issued, 0);
}

#[tokio::test]
async fn a_code_that_has_expired_is_told_apart() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let (settings, runtime) = (cloud.settings(), tokio::runtime::Handle::current());
    let cloud = Arc::new(cloud);
    let expiring = cloud.clone();
    let open = move |page: &Url| {
        let (cloud, mut page) = (expiring.clone(), page.clone());
        runtime.spawn(async move {
            page.query_pairs_mut().append_pair("account", YOU);
            let back = redirect_of(page).await;
            cloud.emulator.inject_azure(AzureFault::ExpireCodes).unwrap();
            get(back).await
        });
        Ok(())
    };
    let error = refused(Azure::with_browser(&Setup::of(&settings).unwrap(), open).await);
    assert_eq!(error.kind, AzureErrorKind::CodeExpired, "{error}");
}

#[tokio::test]
async fn a_device_code_signs_in_from_another_device() {
    let cloud = Cloud::start(quick_codes()).await;
    let (shown, mut codes) = mpsc::channel(1);
    let show = move |code: DeviceCode| shown.try_send(code).unwrap();
    let setup = cloud.setup();
    let signing_in = tokio::spawn(async move { Azure::with_device_code(&setup, show).await });
    let code = codes.recv().await.unwrap();
    assert!(code.address.contains("/devicelogin"), "{code:?}");
    assert!(code.expires_at > jiff::Timestamp::now());
    cloud.emulator.approve_device_code(&code.code, YOU).unwrap();
    let azure = within(signing_in).await.unwrap().unwrap();
    assert_eq!(azure.account().name, YOU);
    assert_eq!(azure.account().method, Method::DeviceCode);
    assert_eq!(subscriptions(&azure).await.len(), 1);
}

#[tokio::test]
async fn a_device_code_can_be_declined_or_expire() {
    let cloud = Cloud::start(quick_codes()).await;
    for (is_declined, kind) in
        [(true, AzureErrorKind::SignInDenied), (false, AzureErrorKind::CodeExpired)]
    {
        let (shown, mut codes) = mpsc::channel(1);
        let show = move |code: DeviceCode| shown.try_send(code).unwrap();
        let setup = cloud.setup();
        let signing_in = tokio::spawn(async move { Azure::with_device_code(&setup, show).await });
        let code = codes.recv().await.unwrap();
        match is_declined {
            true => cloud.emulator.decline_device_code(&code.code).unwrap(),
            false => drop(cloud.emulator.inject_azure(AzureFault::ExpireCodes).unwrap()),
        }
        let error = refused(within(signing_in).await.unwrap());
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[tokio::test]
async fn a_guest_sees_the_subscriptions_of_other_tenants() {
    use hybrid_connection_manager::emulator::SubscriptionConfig;
    let config = AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .tenant("Fabrikam", "fabrikam.com")
        .user(UserConfig::new(YOU, "contoso.com").guest_of("fabrikam.com"))
        .subscription(SubscriptionConfig::new("Own", "contoso.com"))
        .subscription(SubscriptionConfig::new("Shared", "fabrikam.com"));
    let cloud = Cloud::start(config).await;
    let azure = cloud.you().await;
    let found = azure.subscriptions().await.unwrap();
    let names: Vec<_> = found.list.iter().map(|it| (&*it.name, it.tenant.as_deref())).collect();
    assert_eq!(names, [("Own", None), ("Shared", Some("Fabrikam"))]);
    assert!(found.problems.is_empty());
    // One tenant that wants more than a refresh token is named, and the others are there.
    cloud.emulator.inject_azure(AzureFault::RevokeRefreshTokens).unwrap();
    let azure = cloud.you().await;
    let fault = AzureFault::SignIn { at: Some(SignInStep::Token), code: 50076, times: None };
    cloud.emulator.inject_azure(fault).unwrap();
    let found = azure.subscriptions().await.unwrap();
    assert_eq!(found.list.len(), 1);
    let [(Unread::Tenant { name, .. }, error)] = &found.problems[..] else { panic!("{found:?}") };
    assert_eq!((&**name, error.kind), ("Fabrikam", AzureErrorKind::InteractionRequired));
}

#[tokio::test]
async fn what_is_not_azure_is_said_so() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let fault = AzureFault::Html { path: Some("/token".to_owned()), times: None };
    cloud.emulator.inject_azure(fault).unwrap();
    let error = refused(Azure::with_browser(&cloud.setup(), Person::picking(YOU).opener()).await);
    assert_eq!(error.kind, AzureErrorKind::NotAzure, "{error}");
    cloud.emulator.clear_faults();
    let fault = AzureFault::Cut { path: Some("/token".to_owned()), times: None };
    cloud.emulator.inject_azure(fault).unwrap();
    let error = refused(Azure::with_browser(&cloud.setup(), Person::picking(YOU).opener()).await);
    assert_eq!(error.kind, AzureErrorKind::Interrupted, "{error}");
}

#[tokio::test]
async fn a_cloud_that_is_away_or_not_trusted_is_told_apart() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let mut settings: Settings = cloud.settings();
    // Sign-in over TLS, without the emulator's CA.
    let authority = cloud.emulator.resource_manager();
    settings.set("azure.authority", &authority).unwrap();
    settings.set("network.extra_ca_certificates", "").unwrap();
    let code = |settings: &Settings| {
        let setup = Setup::of(settings).unwrap();
        async move { refused(Azure::with_device_code(&setup, |_| ()).await) }
    };
    assert_eq!(code(&settings).await.kind, AzureErrorKind::Untrusted);
    settings.set("azure.authority", "https://localhost:1").unwrap();
    assert_eq!(code(&settings).await.kind, AzureErrorKind::Unreachable);
    settings.set("azure.authority", "https://nowhere.invalid").unwrap();
    let error = code(&settings).await;
    assert_eq!(error.kind, AzureErrorKind::Unreachable);
    assert!(error.to_string().contains("nowhere.invalid"), "{error}");
    settings.set("network.extra_ca_certificates", "/nowhere/ca.pem").unwrap();
    let error = code(&settings).await;
    assert_eq!(error.kind, AzureErrorKind::BadSetting);
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

#[tokio::test]
async fn a_sign_in_is_cancelled_by_dropping_it() {
    let cloud = Cloud::start(AzureConfig::new()).await;
    let setup = cloud.setup();
    let (shown, mut pages) = mpsc::channel(1);
    let open = move |page: &Url| shown.try_send(page.clone()).map_err(io::Error::other);
    let signing_in = tokio::spawn(async move { Azure::with_browser(&setup, open).await });
    let page = pages.recv().await.unwrap();
    let back = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
    let port = Url::parse(&back).unwrap().port().unwrap();
    signing_in.abort();
    assert!(signing_in.await.unwrap_err().is_cancelled());
    within(async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn everything_goes_through_the_listeners_proxy() {
    let cloud = Cloud::start(quick_codes()).await;
    let proxy = Proxy::start(Manner::OpenFor("me:p@ss".to_owned())).await;
    let mut settings = cloud.settings();
    settings.set("azure.authority", &cloud.emulator.resource_manager()).unwrap();
    settings.set("network.proxy", &format!("http://me:p%40ss@{}", proxy.address)).unwrap();
    let sign_in = async |settings: &Settings| {
        let (shown, mut codes) = mpsc::channel(1);
        let show = move |code: DeviceCode| shown.try_send(code).unwrap();
        let setup = Setup::of(settings).unwrap();
        let signing_in = Azure::with_device_code(&setup, show);
        let approving = async {
            if let Some(code) = codes.recv().await {
                cloud.emulator.approve_device_code(&code.code, YOU).unwrap();
            }
        };
        tokio::join!(within(signing_in), approving).0
    };
    let azure = sign_in(&settings).await.unwrap();
    assert_eq!(subscriptions(&azure).await.len(), 1);
    let target = cloud.emulator.resource_manager().replace("https://", "");
    assert!(!proxy.asked().is_empty() && proxy.asked().iter().all(|asked| *asked == target));
    // A wrong password, and a proxy that is not there.
    settings.set("network.proxy", &format!("http://me:wrong@{}", proxy.address)).unwrap();
    let error = refused(sign_in(&settings).await);
    assert_eq!(error.kind, AzureErrorKind::ProxyRefused, "{error}");
    assert!(!error.to_string().contains("wrong"), "{error}");
    let words = format!("{} does not take this user and password (407 ", proxy.address);
    assert!(error.to_string().contains(&words), "{error}");
    proxy.behave(Manner::Answer("HTTP/1.1 403 Not for you\r\n\r\n"));
    let error = refused(sign_in(&settings).await);
    assert_eq!(error.kind, AzureErrorKind::ProxyRefused, "{error}");
    let words = format!("does not open the way to {target} (403 Not for you)");
    assert!(error.to_string().contains(&words), "{error}");
    settings.set("network.proxy", "http://127.0.0.1:1").unwrap();
    assert_eq!(refused(sign_in(&settings).await).kind, AzureErrorKind::ProxyUnreachable);
}
