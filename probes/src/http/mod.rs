//! `http`: passes when a GET answers with a status that is wanted.

mod scheme;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use self::scheme::OtherScheme;
use crate::registry::{Absent, Kind, Parameter, Refusal, Type};
use crate::{Attempt, Context, Probe, errors};

pub(crate) const KIND: Kind = Kind {
    name: "http",
    about: "Passes when a GET of `url` answers with a wanted `status`; redirects are not followed.",
    // The first page of a development server may have to be compiled.
    attempt_timeout: Duration::from_secs(10),
    parameters: &[
        Parameter {
            name: "url",
            about: "An absolute http:// or https:// URL. Certificates of loopback hosts are not verified; `localhost` and `*.localhost` are 127.0.0.1 and ::1.",
            takes: Type::Url,
            absent: Absent::PathOnServicePort,
            default: None,
            example: r#""http://localhost:3000/healthz""#,
        },
        Parameter {
            name: "headers",
            about: "Header fields of the request. Values are shown nowhere.",
            takes: Type::Headers,
            absent: Absent::Accepted,
            default: Some("{}"),
            example: r#"{ "Host": "shop.test" }"#,
        },
        Parameter {
            name: "status",
            about: "The statuses that are wanted: one, a range as text, or a list of these. Default: \"200-399\".",
            takes: Type::Statuses,
            absent: Absent::Accepted,
            default: Some(r#""200-399""#),
            example: r#"[200, "400-404"]"#,
        },
    ],
    build: Some(|arguments| {
        let url = parse(arguments.text("url")?).map_err(|why| Refusal {
            parameter: "url",
            why,
            help: Some("write an absolute URL: \"http://localhost:3000/health\""),
        })?;
        Ok(Arc::new(Http {
            url,
            headers: headers(arguments.headers("headers"))?,
            statuses: arguments.statuses("status").map(<[_]>::to_vec),
            other_scheme: OtherScheme::default(),
            client: OnceLock::new(),
        }))
    }),
};

/// Whether a text is an absolute `http://` or `https://` URL.
///
/// # Errors
/// What is wrong with it, as the end of a sentence: `is not a URL: …`.
pub fn check_url(text: &str) -> Result<(), String> {
    parse(text).map(|_| ())
}

/// The origin of a URL, if it is on this machine: `http://localhost:3002`.
pub fn local_origin(text: &str) -> Option<String> {
    let url = parse(text).ok()?;
    is_loopback(&url).then(|| url.origin().ascii_serialization())
}

/// An absolute URL with the scheme `http` or `https`, and a host.
fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    // `localhost:3000` parses, with `localhost` for its scheme.
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err("does not start with http:// or https://".to_owned())
    }
}

/// Header fields of a request, marked as secret.
fn headers(given: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let field = HeaderName::try_from(name).ok();
        let Some((name, mut value)) = field.zip(HeaderValue::try_from(value).ok()) else {
            return Err(Refusal {
                parameter: "headers",
                why: format!("{name:?} is no header of HTTP"),
                help: None,
            });
        };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

struct Http {
    url: Url,
    headers: HeaderMap,
    /// `None`: those that are wanted unless the configuration says otherwise.
    statuses: Option<Vec<RangeInclusive<u16>>>,
    other_scheme: OtherScheme,
    /// Made by the first attempt, not by the config: a boot must not pay for TLS before it spawns.
    client: OnceLock<Result<Client, String>>,
}

/// What it is configured to ask, without what attempts have left behind: the same before and after them.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Http");
        shown.field("url", &self.url.as_str());
        shown.field("headers", &self.headers);
        shown.field("statuses", &self.statuses);
        shown.finish_non_exhaustive()
    }
}

impl Http {
    fn make_client(&self) -> Result<Client, String> {
        // Only the first call in a process has an effect; a provider installed earlier is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder();
        let host = self.url.host_str().unwrap_or_default();
        if is_localhost(host) {
            // Resolvers differ in what they know of these names (RFC 6761). Port 0: that of the URL.
            let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            client = client.resolve_to_addrs(host, &addresses.map(|ip| (ip, 0).into()));
        }
        if self.url.scheme() == "https" {
            // Servers without TLS may wait for the rest of what they take for a request.
            client = client.connect_timeout(HANDSHAKE);
        }
        client
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            // Without TLS nothing is verified either way, and the system's roots stay unread.
            .tls_danger_accept_invalid_certs(self.url.scheme() == "http" || is_loopback(&self.url))
            .build()
            .map_err(|error| errors::innermost(&error))
    }
}

/// Limit of the handshake with a TLS server.
const HANDSHAKE: Duration = Duration::from_secs(5);

impl Http {
    fn wants(&self, status: StatusCode) -> bool {
        let status = status.as_u16();
        match &self.statuses {
            None => (200..400).contains(&status),
            Some(wanted) => wanted.iter().any(|range| range.contains(&status)),
        }
    }

    /// The words for an answer that is not as wanted.
    fn refusal(&self, status: StatusCode) -> String {
        let has_credentials = !self.url.username().is_empty()
            || self.url.password().is_some()
            || !self.headers.is_empty();
        match (status, has_credentials) {
            (StatusCode::UNAUTHORIZED, false) => format!(
                "status {status}: give credentials in `ready.url` (http://user:password@…) or `ready.headers`"
            ),
            (StatusCode::UNAUTHORIZED, true) => {
                format!("status {status}: the credentials of the probe are refused")
            }
            _ if self.statuses.is_some() => {
                format!("status {status}, which `ready.status` does not name")
            }
            _ => format!("status {status}"),
        }
    }

    /// Why an attempt fails; `None` when it passes.
    fn failure(&self, sent: &reqwest::Result<Response>) -> Option<String> {
        match sent {
            Ok(response) if self.wants(response.status()) => None,
            Ok(response) => Some(self.refusal(response.status())),
            Err(error) => Some(scheme::words(error)),
        }
    }
}

/// Whether the host is this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => is_localhost(host),
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost")
}

#[async_trait]
impl Probe for Http {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn target(&self) -> String {
        let mut shown = self.url.clone();
        // Credentials belong neither on a screen nor in a log. A URL with a host takes both.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.to_string()
    }

    fn label(&self) -> String {
        let host = match self.url.host_str() {
            Some(host) if !is_loopback(&self.url) => host,
            _ => "",
        };
        let port = self.url.port_or_known_default().unwrap_or_default();
        let query = self.url.query().map(|q| format!("?{q}"));
        let (scheme, path) = (self.url.scheme(), self.url.path());
        format!("{scheme} {host}:{port}{path}{}", query.unwrap_or_default())
    }

    fn port(&self) -> Option<u16> {
        is_loopback(&self.url).then(|| self.url.port_or_known_default())?
    }

    async fn attempt(&self, _: &Context<'_>) -> Attempt {
        let client = match self.client.get_or_init(|| self.make_client()) {
            Ok(client) => client,
            Err(why) => return Attempt::Failed(why.clone()),
        };
        let request = client.get(self.url.clone()).headers(self.headers.clone());
        let sent = request.send().await;
        match self.failure(&sent) {
            None => Attempt::Passed,
            Some(failure) => {
                let other = self.other_scheme.named(client, &self.url, &sent, &failure);
                Attempt::Failed(other.await.map_or(failure, str::to_owned))
            }
        }
    }
}

#[cfg(test)]
mod tests;
