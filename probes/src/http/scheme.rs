//! Where http meets a TLS port or the reverse: the words of TLS and HTTP libraries do not say so.

use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};

use crate::errors;

/// Limit of the one question in the other scheme.
const LIMIT: Duration = Duration::from_secs(2);

const USE_HTTP: &str = "this port speaks HTTP without TLS: write http:// in `ready.url`";
const USE_HTTPS: &str = "this port speaks TLS: write https:// in `ready.url`";

/// The last failure that may come of the wrong scheme, and what asking with the other one said of it.
#[derive(Debug, Default)]
pub(super) struct OtherScheme(Mutex<Option<(String, Option<&'static str>)>>);

impl OtherScheme {
    /// Names the right scheme if the failure comes of the wrong one. Asks once for the same failure in
    /// succession, without credentials.
    pub(super) async fn named(
        &self,
        client: &Client,
        url: &Url,
        sent: &reqwest::Result<Response>,
        failure: &str,
    ) -> Option<&'static str> {
        let is_suspicious = match sent {
            // What servers say that know what they have got.
            Ok(response) => response.status() == StatusCode::BAD_REQUEST && url.scheme() == "http",
            Err(error) => !causes(error).any(is_refusal),
        };
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !is_suspicious {
            return None;
        }
        let named = match last {
            Some((known, named)) if known == failure => named,
            _ => ask(client, url).await,
        };
        let seen = Some((failure.to_owned(), named));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        named
    }
}

/// Asks with the other scheme, and says so if that is the right one.
async fn ask(client: &Client, url: &Url) -> Option<&'static str> {
    let (scheme, words) = match url.scheme() {
        "https" => ("http", USE_HTTP),
        _ => ("https", USE_HTTPS),
    };
    let mut other = url.clone();
    let port = url.port_or_known_default();
    // A URL with a host takes all of these.
    let _ = other.set_scheme(scheme);
    let _ = other.set_port(port);
    let _ = other.set_username("");
    let _ = other.set_password(None);
    let answer = client.get(other).timeout(LIMIT).send().await.ok()?;
    // So a TLS port answers, too.
    let is_complaint = scheme == "http" && answer.status() == StatusCode::BAD_REQUEST;
    (!is_complaint).then_some(words)
}

/// An error of a request in a few words.
pub(super) fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() && error.is_connect() {
        return "no connection within 5 s".to_owned();
    }
    match causes(error).find_map(tls) {
        Some(rustls::Error::InvalidMessage(_)) => "what answers does not speak TLS".to_owned(),
        Some(rustls::Error::InvalidCertificate(why)) => {
            format!("its certificate is not valid: {why}")
        }
        Some(other) => format!("TLS: {}", errors::short(other)),
        None => errors::innermost(error),
    }
}

/// The error and those it comes of.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The error of TLS in one of the system, which does not name it as its source.
fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    tls(error.downcast_ref::<io::Error>()?.get_ref()?)
}
