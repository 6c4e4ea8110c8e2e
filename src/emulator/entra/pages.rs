//! The pages that a person sees. They load nothing and run no scripts.

use hyper::{Response, StatusCode};

use super::error::EntraError;
use crate::emulator::answer::Body;
use crate::emulator::azure::{self, User, escape};
use crate::emulator::encoding::url_encode;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;background:#f3f2f1;color:#201f1e;margin:0;\
display:grid;place-items:center;min-height:100vh}\
main{background:#fff;padding:2.5rem;width:min(24rem,86vw);border-radius:8px;\
box-shadow:0 2px 12px #0003}\
h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.4rem 0}ul{list-style:none;padding:0;margin:1rem 0}\
a.account{display:block;padding:.7rem .9rem;margin:.4rem 0;border:1px solid #8a8886;\
border-radius:6px;text-decoration:none;color:inherit}\
a.account:hover,a.account:focus{background:#eff6fc;border-color:#0f6cbd}\
a{color:#0f6cbd}small{color:#605e5c;overflow-wrap:anywhere}\
input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;text-transform:uppercase}\
button{font:inherit;margin-top:1rem;padding:.5rem 1.5rem;background:#0f6cbd;color:#fff;\
border:0;border-radius:4px}\
@media(prefers-color-scheme:dark){body{background:#11100f;color:#f3f2f1}main{background:#252423}\
a{color:#62abf5}small{color:#c8c6c4}a.account:hover,a.account:focus{background:#323130}}";

/// The account picker: a link for each person, the one that `hint` names first, and one to
/// refuse. `target` is the page's own address.
pub(super) fn picker(
    users: &[&User],
    hint: Option<&str>,
    target: &str,
    app: &str,
) -> Response<Body> {
    let mut users = users.to_vec();
    users.sort_by_key(|user| !hint.is_some_and(|hint| hint.eq_ignore_ascii_case(&user.name)));
    let entry = |user: &&User| {
        let link = escape(&with(target, "account", &user.name));
        let (name, display) = (escape(&user.name), escape(&user.display_name));
        format!(
            "<li><a class=\"account\" href=\"{link}\"><strong>{display}</strong><br><small>{name}</small></a></li>"
        )
    };
    let entries: String = users.iter().map(entry).collect();
    let entries = if entries.is_empty() {
        "<li>There is no account in this organisation.</li>".to_owned()
    } else {
        entries
    };
    let cancel = escape(&with(target, "cancel", "1"));
    let app = escape(app);
    page(
        StatusCode::OK,
        "Pick an account",
        &format!(
            "<p>This is the emulator's sign-in page: there are no passwords.</p>\
             <ul>{entries}</ul><p><a href=\"{cancel}\">Cancel</a></p>\
             <p><small>Application {app}</small></p>"
        ),
    )
}

/// The form for the code that a device shows.
pub(super) fn device_form(problem: Option<&str>) -> Response<Body> {
    let problem =
        problem.map(|text| format!("<p role=\"alert\">{}</p>", escape(text))).unwrap_or_default();
    let body = format!(
        "{problem}<form action=\"/devicelogin\"><p><label for=\"code\">Enter the code that is \
         shown on your device.</label></p><input id=\"code\" name=\"code\" autofocus required \
         autocomplete=\"off\"><button>Next</button></form>"
    );
    page(StatusCode::OK, "Enter code", &body)
}

/// The way back to an application that wants its answer posted: a form that sends itself
/// where there are scripts, and with a click where there are none.
pub(super) fn post_back<'a>(
    address: &str,
    members: impl Iterator<Item = (&'a str, &'a str)>,
) -> Response<Body> {
    let field = |(name, value): (&str, &str)| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
    };
    let fields: String = members.map(field).collect();
    let body = format!(
        "<form method=\"post\" action=\"{}\">{fields}<button>Continue</button></form>\
         <script>document.forms[0].submit()</script>",
        escape(address)
    );
    page(StatusCode::OK, "Back to the application", &body)
}

/// The end of a sign-in.
pub(super) fn done(title: &str, text: &str) -> Response<Body> {
    page(StatusCode::OK, title, &format!("<p>{}</p>", escape(text)))
}

/// A refusal on a page, as Entra shows what it cannot send back to the application.
pub(super) fn refusal(error: &EntraError) -> Response<Body> {
    let body = format!(
        "<p>Sorry, but we’re having trouble signing you in.</p><p><small>{}</small></p>",
        escape(&error.description())
    );
    page(StatusCode::BAD_REQUEST, "Sign in", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – Azure emulator</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    azure::html(status, page)
}

/// `target` with one more query member.
pub(super) fn with(target: &str, name: &str, value: &str) -> String {
    let separator = if target.contains('?') { '&' } else { '?' };
    // Not every application reads a plus as a space.
    let value = url_encode(value).replace('+', "%20");
    format!("{target}{separator}{name}={value}")
}
