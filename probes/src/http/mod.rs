//! `http`: passes when a GET answers with a status from 200 to 399.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Url, redirect};

use crate::registry::{Absent, Kind, Parameter, Refusal, Type};
use crate::{Attempt, Context, Probe, errors};

pub(crate) const KIND: Kind = Kind {
    name: "http",
    about: "Passes when a GET of `url` answers with a status from 200 to 399; redirects are not followed.",
    // The first page of a development server may have to be compiled.
    attempt_timeout: Duration::from_secs(10),
    parameters: &[Parameter {
        name: "url",
        about: "An absolute http:// or https:// URL. Certificates of loopback hosts are not verified; `localhost` and `*.localhost` are 127.0.0.1 and ::1.",
        takes: Type::Url,
        absent: Absent::Refused,
    }],
    build: Some(|arguments| {
        let url = parse(arguments.text("url")?).map_err(|why| Refusal {
            parameter: "url",
            why,
            help: Some("write an absolute URL: \"http://localhost:3000/health\""),
        })?;
        Ok(Arc::new(Http {
            url,
            client: OnceLock::new(),
        }))
    }),
};

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

#[derive(Debug)]
struct Http {
    url: Url,
    /// Made by the first attempt, not by the config: a boot must not pay for TLS before it spawns.
    client: OnceLock<Result<Client, String>>,
}

impl Http {
    /// Whether the host is this machine.
    fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
            Err(_) => is_localhost(host),
        }
    }

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
        client
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            // Without TLS nothing is verified either way, and the system's roots stay unread.
            .tls_danger_accept_invalid_certs(self.url.scheme() == "http" || self.is_loopback())
            .build()
            .map_err(|error| errors::innermost(&error))
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
            Some(host) if !self.is_loopback() => host,
            _ => "",
        };
        let port = self.url.port_or_known_default().unwrap_or_default();
        let query = self.url.query().map(|q| format!("?{q}"));
        let (scheme, path) = (self.url.scheme(), self.url.path());
        format!("{scheme} {host}:{port}{path}{}", query.unwrap_or_default())
    }

    fn port(&self) -> Option<u16> {
        self.is_loopback()
            .then(|| self.url.port_or_known_default())?
    }

    async fn attempt(&self, _: &Context<'_>) -> Attempt {
        let client = match self.client.get_or_init(|| self.make_client()) {
            Ok(client) => client,
            Err(why) => return Attempt::Failed(why.clone()),
        };
        match client.get(self.url.clone()).send().await {
            Ok(response) if (200..400).contains(&response.status().as_u16()) => Attempt::Passed,
            Ok(response) => Attempt::Failed(format!("status {}", response.status())),
            Err(error) => Attempt::Failed(errors::innermost(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
