//! The page in the browser: a request for a code, the account picker, the way back.

use hyper::Response;
use url::{Host, Url};
use uuid::Uuid;

use super::error::{About, EntraError};
use super::issuer::Code;
use super::scope::{self, Scope};
use super::{pages, pkce};
use crate::emulator::answer::Body;
use crate::emulator::azure::{self, Directory, SignInStep, Tenant, User};
use crate::emulator::call::Call;
use crate::emulator::hub::Hub;

/// A request that is good.
struct Wish<'a> {
    client_id: &'a str,
    redirect_uri: &'a str,
    state: Option<&'a str>,
    challenge: &'a str,
    scope: Scope,
    tenant: Option<&'a Tenant>,
    /// Whether the answer is posted to the application, not a part of the address.
    posts_back: bool,
}

pub(super) fn answer(hub: &Hub, call: &Call, tenant: &str) -> Response<Body> {
    let wish = match read(hub, call, tenant) {
        Ok(wish) => wish,
        Err(error) => return pages::refusal(&error),
    };
    if call.query.get("cancel").is_some() {
        let error =
            EntraError::new("access_denied", 65004, "User declined to consent to access the app.");
        return back_with_error(&wish, &error);
    }
    if call.query.get("prompt") == Some("none") {
        let text = "Silent sign-in request was sent but no user is signed in.";
        return back_with_error(&wish, &EntraError::new("login_required", 50058, text));
    }
    let directory = &hub.azure.directory;
    match call.query.get("account") {
        Some(account) => choose(hub, call, &wish, account),
        None => {
            let users = users_in(directory, wish.tenant);
            pages::picker(&users, call.query.get("login_hint"), &call.target, wish.client_id)
        }
    }
}

/// The people who may sign in to `tenant`, or all.
pub(super) fn users_in<'a>(directory: &'a Directory, tenant: Option<&Tenant>) -> Vec<&'a User> {
    let may = |user: &&User| tenant.is_none_or(|tenant| user.is_in(&tenant.id));
    directory.users.iter().filter(may).collect()
}

/// The tenant that the path names; `None` for any.
pub(super) fn tenant_of<'a>(
    directory: &'a Directory,
    name: &str,
) -> Result<Option<&'a Tenant>, EntraError> {
    if ["organizations", "common"].iter().any(|any| any.eq_ignore_ascii_case(name)) {
        return Ok(None);
    }
    directory.tenant(name).map(Some).ok_or_else(|| {
        let text = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are \
             signing into the correct cloud. Check with your subscription administrator, this may \
             happen if there are no active subscriptions for the tenant."
        );
        EntraError::new("invalid_request", 90002, text)
    })
}

/// Whether `client_id` can be an application's.
pub(super) fn check_client_id(
    directory: &Directory,
    client_id: &str,
    tenant: &str,
) -> Result<(), EntraError> {
    match Uuid::try_parse(client_id) {
        Ok(_) => Ok(()),
        Err(_) => {
            let tenant = directory.tenant_name(tenant);
            Err(EntraError::numbered(700016, About { user: "", client_id, tenant }))
        }
    }
}

fn read<'a>(hub: &'a Hub, call: &'a Call, tenant: &str) -> Result<Wish<'a>, EntraError> {
    let get = |name: &'static str| {
        let value = call.query.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| EntraError::missing(name))
    };
    let client_id = get("client_id")?;
    check_client_id(&hub.azure.directory, client_id, tenant)?;
    let redirect_uri = get("redirect_uri")?;
    check_redirect(redirect_uri, client_id)?;
    let tenant = tenant_of(&hub.azure.directory, tenant)?;
    if get("response_type")? != "code" {
        let text = "The response_type is not enabled for the application; it must be 'code'.";
        return Err(EntraError::new("unsupported_response_type", 700054, text));
    }
    let posts_back = match call.query.get("response_mode") {
        None | Some("query") => false,
        Some("form_post") => true,
        Some(_) => {
            let text = "The response_mode must be 'query' or 'form_post'.";
            return Err(EntraError::new("invalid_request", 90023, text));
        }
    };
    let scope = scope::read(get("scope")?, hub.port)?;
    let challenge = call.query.get("code_challenge").ok_or_else(|| {
        let text = "Proof Key for Code Exchange is required for authorization code redemption.";
        EntraError::new("invalid_request", 9002325, text)
    })?;
    if call.query.get("code_challenge_method") != Some("S256") || challenge.len() != 43 {
        let text = "Invalid size of Code_Challenge parameter, or a method other than S256.";
        return Err(EntraError::new("invalid_request", 501491, text));
    }
    if !pkce::is_well_formed(challenge) {
        return Err(EntraError::new("invalid_request", 501491, "Invalid Code_Challenge."));
    }
    let state = call.query.get("state");
    Ok(Wish { posts_back, client_id, redirect_uri, state, challenge, scope, tenant })
}

/// Whether the code may be sent to `address`: this machine alone.
fn check_redirect(address: &str, client_id: &str) -> Result<(), EntraError> {
    let is_loopback = Url::parse(address).is_ok_and(|url| {
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
            _ => false,
        };
        url.scheme() == "http"
            && is_here
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if is_loopback {
        return Ok(());
    }
    let text = format!(
        "The redirect URI '{address}' specified in the request does not match the redirect URIs \
         configured for the application '{client_id}'. Make sure the redirect URI sent in the \
         request matches one added to your application in the Azure portal."
    );
    Err(EntraError::new("invalid_request", 50011, text))
}

fn choose(hub: &Hub, call: &Call, wish: &Wish<'_>, account: &str) -> Response<Body> {
    let directory = &hub.azure.directory;
    let Some(user) = directory.user(account) else {
        let text = format!(
            "We couldn't find an account with that username: '{account}'. To sign into this \
             application, the account must be added to the directory."
        );
        return pages::refusal(&EntraError::new("invalid_request", 50034, text));
    };
    let tenant = directory.tenant_name(wish.tenant.map_or("", |tenant| &tenant.id));
    let about = About { user: &user.name, client_id: wish.client_id, tenant };
    if wish.tenant.is_some_and(|tenant| !user.is_in(&tenant.id)) {
        return pages::refusal(&EntraError::numbered(50020, about));
    }
    if let Some(number) = hub.azure.faults.sign_in(SignInStep::Authorize) {
        return back_with_error(wish, &EntraError::numbered(number, about));
    }
    let home = user.tenants.first().cloned().unwrap_or_default();
    let code = hub.azure.issuer.add_code(Code {
        user: user.name.clone(),
        tenant: wish.tenant.map_or(home, |tenant| tenant.id.clone()),
        client_id: wish.client_id.to_owned(),
        redirect_uri: wish.redirect_uri.to_owned(),
        challenge: wish.challenge.to_owned(),
        scope: wish.scope.clone(),
        nonce: call.query.get("nonce").map(str::to_owned),
    });
    back(wish, &[("code", &code)])
}

fn back_with_error(wish: &Wish<'_>, error: &EntraError) -> Response<Body> {
    back(wish, &[("error", &error.error), ("error_description", &error.description())])
}

/// Sends the browser back to the application; the state goes with it as it came.
fn back(wish: &Wish<'_>, members: &[(&str, &str)]) -> Response<Body> {
    let state = wish.state.map(|state| ("state", state));
    let members = members.iter().copied().chain(state);
    if wish.posts_back {
        return pages::post_back(wish.redirect_uri, members);
    }
    let address = members.fold(wish.redirect_uri.to_owned(), |address, (name, value)| {
        pages::with(&address, name, value)
    });
    azure::redirect(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_to_this_machine_alone() {
        for good in ["http://localhost", "http://localhost:5/back?x=1", "http://127.0.0.1:80/"] {
            assert!(check_redirect(good, "c").is_ok(), "{good}");
        }
        for bad in [
            "https://localhost",
            "http://localhost.example",
            "http://localhost@example.com",
            "http://127.0.0.1.example/",
            "http://example.com/localhost",
            "http://localhost/#x",
            "/back",
            "",
        ] {
            assert!(check_redirect(bad, "c").is_err(), "{bad}");
        }
    }
}
