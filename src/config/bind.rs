//! An address to listen on, as `session.bind` and `-s` have it (docs/config.md, Top level).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// A name or address, IPv6 without brackets; empty: all interfaces.
    pub host: String,
    /// The port; 0, which only `-s` may give, takes a free one.
    pub port: u16,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Nothing in it.
    #[error("the address is empty")]
    Empty,
    /// No `:port`.
    #[error("the port is missing")]
    NoPort,
    /// Not a number, or out of range.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// Several colons outside of brackets.
    #[error("an IPv6 address must be in brackets: [::1]:6999")]
    Brackets,
    /// Neither a name nor an address.
    #[error("the host is neither a name nor an IP address")]
    Host,
}

/// Whether port 0, any free port, may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortZero {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

impl Bind {
    /// Reads `host:port`, `[v6]:port`, `:port` (all interfaces) or a bare port (`127.0.0.1`).
    pub fn parse(text: &str, zero: PortZero) -> Result<Self, BindError> {
        let (host, port) = split(text)?;
        let host = match host {
            Some(host) => checked_host(host)?,
            None => Ipv4Addr::LOCALHOST.to_string(),
        };
        let port = checked_port(port, zero)?;
        Ok(Self { host, port })
    }

    /// Whether only this machine can connect.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Whether it means every interface.
    pub fn is_every_interface(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host.is_empty() || ip.is_ok_and(|ip| ip.to_canonical().is_unspecified())
    }

    /// Hosts to try to listen on, best first: for all interfaces IPv6, which takes IPv4 along, and
    /// IPv4 where the machine has no IPv6.
    pub fn hosts(&self) -> Vec<&str> {
        if self.host.is_empty() {
            vec!["::", "0.0.0.0"]
        } else {
            vec![&self.host]
        }
    }

    /// `host:port` for a client on this machine.
    pub fn dial(&self) -> String {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
            _ if self.is_every_interface() => Ipv4Addr::LOCALHOST.to_string(),
            _ => self.host.clone(),
        };
        Self { host, ..*self }.to_string()
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Host (`None` for a bare port) and port, unchecked.
fn split(text: &str) -> Result<(Option<&str>, &str), BindError> {
    if text.is_empty() {
        return Err(BindError::Empty);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok((None, text));
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(BindError::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| BindError::Host)?;
        let port = rest.strip_prefix(':').ok_or(BindError::NoPort)?;
        return Ok((Some(host), port));
    }
    let (host, port) = text.rsplit_once(':').ok_or(BindError::NoPort)?;
    if host.contains(':') && !host.contains('/') {
        return Err(BindError::Brackets);
    }
    Ok((Some(host), port))
}

fn checked_host(host: &str) -> Result<String, BindError> {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Ok(host.to_owned());
    }
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    // A name that ends in a number would be taken for an IPv4 address by everything else.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    if host.bytes().all(named) && (!numeric || host.parse::<Ipv4Addr>().is_ok()) {
        Ok(host.to_owned())
    } else {
        Err(BindError::Host)
    }
}

fn checked_port(port: &str, zero: PortZero) -> Result<u16, BindError> {
    // A sign would pass for part of a number.
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BindError::Port);
    }
    match port.parse() {
        Ok(0) if zero == PortZero::Refused => Err(BindError::Port),
        Ok(port) => Ok(port),
        Err(_) => Err(BindError::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(String, u16), BindError> {
        Bind::parse(text, PortZero::Refused).map(|bind| (bind.host, bind.port))
    }

    #[test]
    fn the_four_forms() {
        let ok = |host: &str, port| Ok((host.to_owned(), port));
        assert_eq!(parse("6999"), ok("127.0.0.1", 6999));
        assert_eq!(parse(":6999"), ok("", 6999));
        assert_eq!(parse("192.168.1.10:1"), ok("192.168.1.10", 1));
        assert_eq!(parse("localhost:65535"), ok("localhost", 65535));
        assert_eq!(parse("[::1]:6999"), ok("::1", 6999));
        assert_eq!(parse("my-box.local:80"), ok("my-box.local", 80));
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, error) in [
            ("", BindError::Empty),
            ("localhost", BindError::NoPort),
            ("[::1]", BindError::NoPort),
            ("localhost:", BindError::Port),
            ("localhost:http", BindError::Port),
            ("localhost:+80", BindError::Port),
            ("0", BindError::Port),
            (":0", BindError::Port),
            ("65536", BindError::Port),
            ("99999999999999999999", BindError::Port),
            ("::1:6999", BindError::Brackets),
            ("[::1:6999", BindError::Host),
            ("[localhost]:80", BindError::Host),
            ("http://localhost:80", BindError::Host),
            ("local host:80", BindError::Host),
            ("300.1.1.1:80", BindError::Host),
            (" 127.0.0.1:80", BindError::Host),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn port_0_is_for_those_who_may() {
        let bind = Bind::parse("127.0.0.1:0", PortZero::Allowed);
        assert_eq!(bind.map(|bind| bind.port), Ok(0));
    }

    #[test]
    fn what_it_means_for_clients() {
        for (text, loopback, every, dial) in [
            ("6999", true, false, "127.0.0.1:6999"),
            (":6999", false, true, "127.0.0.1:6999"),
            ("0.0.0.0:6999", false, true, "127.0.0.1:6999"),
            ("[::]:6999", false, true, "[::1]:6999"),
            ("[::1]:6999", true, false, "[::1]:6999"),
            ("LocalHost:6999", true, false, "LocalHost:6999"),
            ("10.0.0.5:6999", false, false, "10.0.0.5:6999"),
        ] {
            let bind = Bind::parse(text, PortZero::Refused).unwrap();
            assert_eq!(bind.is_loopback(), loopback, "{text}");
            assert_eq!(bind.is_every_interface(), every, "{text}");
            assert_eq!(bind.dial(), dial, "{text}");
        }
    }
}
