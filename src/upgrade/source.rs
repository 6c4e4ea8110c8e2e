//! Asking a web server: whole small answers, with limits.

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, RANGE};
use reqwest::{Response, StatusCode, redirect};
use url::Url;

use crate::http::{Client, Failure, Problem, Way};
use crate::model::{Fault, FaultCode, is_safe};

/// A feed that stands behind another address, or a file that lies in another place, is found over
/// so many redirects.
const MOST_REDIRECTS: usize = 5;

/// A way to the servers of a feed; cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    client: Client,
}

impl Source {
    /// Goes `way`. Only this machine is asked without TLS, and only by a feed `on_this_machine`: what
    /// is fetched is signed, but who asks for what is nobody's business.
    ///
    /// # Errors
    /// [`FaultCode::FeedUnreachable`] with what of the settings cannot be used.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(way: &Way<'_>, on_this_machine: bool) -> Result<Self, Fault> {
        let client =
            way.client(|client| client.redirect(safe_redirects()).https_only(!on_this_machine));
        let client = client.map_err(|problem| Fault::new(FaultCode::FeedUnreachable, problem))?;
        Ok(Self { client })
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        self.client.inner()
    }

    /// What `url` answers, if it has something; of a file, the bytes from `from` on.
    pub(super) async fn get(&self, url: &Url, from: Option<u64>) -> Result<Response, Fault> {
        something(url, self.ask(url, from).await?)
    }

    /// What `url` answers, whatever that is.
    async fn ask(&self, url: &Url, from: Option<u64>) -> Result<Response, Fault> {
        let mut headers = HeaderMap::new();
        // GitHub's interface gives a file, and not its description, to who asks so.
        headers.insert(ACCEPT, HeaderValue::from_static("application/octet-stream"));
        if let Some(from) = from {
            let range = HeaderValue::try_from(format!("bytes={from}-"));
            headers.insert(RANGE, range.expect("digits are a header's value"));
        }
        let call = self.client.inner().get(url.clone()).headers(headers);
        call.send().await.map_err(|error| self.failure(url, &error))
    }

    /// All of what `url` answers, up to `longest` bytes; nothing where the server says that there is
    /// nothing.
    pub(super) async fn read_if_there(
        &self,
        url: &Url,
        longest: usize,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let response = self.ask(url, None).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.body(url, something(url, response)?, longest).await.map(Some)
    }

    async fn body(
        &self,
        url: &Url,
        mut response: Response,
        longest: usize,
    ) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(url, &error))? {
            if body.len() + chunk.len() > longest {
                let why = format!("{url} answers with more than {longest} bytes");
                return Err(Fault::new(FaultCode::ReleaseUnreadable, why));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The fault for a call to `url` that did not come through: [`FaultCode::FeedUnreachable`], or that of
    /// a proxy on the way.
    pub(super) fn failure(&self, url: &Url, error: &reqwest::Error) -> Fault {
        let Failure { problem, words } = self.client.failure(error);
        if error.is_redirect() {
            return unreachable(format!("{} sends elsewhere in vain: {words}", host(url)));
        }
        let what = match problem {
            Problem::Untrusted => "its certificate is not trusted",
            Problem::Unreachable => "it cannot be reached",
            Problem::Proxy(code) => return Fault::new(code, format!("{}: {words}", host(url))),
            Problem::TimedOut => "it does not answer in time",
            Problem::Interrupted => "the connection broke",
        };
        unreachable(format!("{}: {what} ({words})", host(url)))
    }
}

/// Goes where a feed sends to, as often as is usual and never out of this machine without TLS.
fn safe_redirects() -> redirect::Policy {
    let limited = redirect::Policy::limited(MOST_REDIRECTS);
    redirect::Policy::custom(move |attempt| {
        if is_safe(attempt.url()) {
            return limited.redirect(attempt);
        }
        let why = format!("{} is not asked without TLS", host(attempt.url()));
        attempt.error(why)
    })
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the feed")
}

/// What `response` brings, if `url` has something.
fn something(url: &Url, response: Response) -> Result<Response, Fault> {
    let status = response.status();
    if !status.is_success() && status != StatusCode::RANGE_NOT_SATISFIABLE {
        return Err(unreachable(format!("{url} answers {status}")));
    }
    Ok(response)
}

fn unreachable(why: String) -> Fault {
    Fault::new(FaultCode::FeedUnreachable, why)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Served, Server, TlsServer};
    use super::*;

    const LONGEST: usize = 100;

    fn moved_to(place: &str) -> Served {
        Served { moved_to: Some(place.to_owned()), ..Served::default() }
    }

    #[tokio::test]
    async fn this_machine_sends_nobody_out_of_it_without_tls() {
        let server = Server::start().await;
        let source = server.source();
        let there = server.put_bytes("there", b"bytes");
        let place = server.put("here", moved_to(there.as_str()));
        assert_eq!(source.read_if_there(&place, LONGEST).await.unwrap().unwrap(), b"bytes");
        // Nobody is asked for an address there (RFC 6761, section 6.4).
        let place = server.put("out", moved_to("http://updates.invalid/x?sig=secret"));
        let fault = source.read_if_there(&place, LONGEST).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::FeedUnreachable);
        let said = "127.0.0.1 sends elsewhere in vain: updates.invalid is not asked without TLS";
        assert_eq!(fault.detail, said);
        let place = server.put("round", moved_to("round"));
        let fault = source.read_if_there(&place, LONGEST).await.unwrap_err();
        assert!(fault.detail.contains("in vain: too many redirects"), "{fault}");
        let asked = server.asked();
        assert_eq!(asked.iter().filter(|asked| asked.starts_with("round")).count(), 6);
    }

    #[tokio::test]
    async fn a_feed_with_tls_sends_nobody_to_where_there_is_none() {
        let plain = Server::start().await;
        let there = plain.put_bytes("there", b"bytes");
        let server = TlsServer::start(there.as_str()).await;
        let fault = server.source().read_if_there(&server.url, LONGEST).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::FeedUnreachable);
        assert!(fault.detail.starts_with("127.0.0.1 sends elsewhere in vain: "), "{fault}");
        assert_eq!(server.asked(), 1);
        assert_eq!(plain.asked(), [""; 0]);
    }
}
