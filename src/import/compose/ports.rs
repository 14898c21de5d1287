//! The ports of a compose service, in all their spellings.

use super::Reader;
use crate::import::draft::DraftService;
use crate::import::shell::positive;
use crate::import::yaml::Node;

/// A port of a container, and where this machine sees it.
#[derive(Clone, Copy)]
pub(super) struct Published {
    pub(super) host: u16,
    pub(super) inner: u16,
}

enum Port {
    Fixed(Published),
    /// The first of a range, and what is said of the others.
    First(Published, String),
    /// Why it is not one that can be checked.
    Other(&'static str),
}

/// `80`, `8080:80`, `127.0.0.1:8080:80`, `[::1]:8080:80`, each with `/tcp` or `/udp`.
fn short(text: &str) -> Port {
    let (text, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    if protocol != "tcp" {
        return Port::Other("only TCP ports are checked");
    }
    let Some((before, inner)) = text.rsplit_once(':') else {
        return Port::Other("Docker chooses its number");
    };
    let (address, host) = before.rsplit_once(':').unwrap_or(("", before));
    at(address, host, inner)
}

/// A port of an address of this machine.
fn at(address: &str, host: &str, inner: &str) -> Port {
    let address = address.trim_start_matches('[').trim_end_matches(']');
    if !["", "127.0.0.1", "localhost", "0.0.0.0", "::1", "::"].contains(&address) {
        return Port::Other("it is not published on the loopback address, where FlowLayer looks");
    }
    fixed(host, inner)
}

/// Of a range the first one.
fn fixed(host: &str, inner: &str) -> Port {
    match (range(host), range(inner)) {
        (Some((host, last)), Some((inner, last_inner))) => {
            let first = Published { host, inner };
            if last == host {
                return Port::Fixed(first);
            }
            let others = match last - host {
                1 => last.to_string(),
                _ => format!("{}-{last}", host + 1),
            };
            // One port of the container gets any of the range.
            Port::First(
                first,
                if last_inner == inner {
                    format!("{others}: Docker takes a free one of {host}-{last}; {host} is assumed")
                } else {
                    format!("{others}: FlowLayer checks one a service")
                },
            )
        }
        (None, Some(_)) if host.is_empty() || host == "0" => {
            Port::Other("Docker chooses its number")
        }
        _ => Port::Other("it is no port number"),
    }
}

/// The first and the last of `3000` or `3000-3005`.
fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (positive(first)?, positive(last)?);
    (first <= last).then_some((first, last))
}

/// The long form; `replaced` puts values in place of variables.
fn long(item: &Node, replaced: impl Fn(&str) -> String) -> Port {
    let text = |key: &str| item.get(key).and_then(Node::text).map(&replaced);
    if text("protocol").is_some_and(|protocol| protocol != "tcp") {
        return Port::Other("only TCP ports are checked");
    }
    let (Some(inner), Some(host)) = (text("target"), text("published")) else {
        return Port::Other("Docker chooses its number");
    };
    at(&text("host_ip").unwrap_or_default(), &host, &inner)
}

impl Reader {
    /// The TCP ports that this machine sees, in order.
    pub(super) fn ports(&self, from: &Node, service: &mut DraftService) -> Vec<Published> {
        let mut ports = Vec::new();
        for item in from.get("ports").map(Node::items).unwrap_or_default() {
            let others = self.unset.take();
            let published = match item.text() {
                Some(text) => short(&self.replaced(text)),
                None => long(item, |text| self.replaced(text)),
            };
            let published = if self.unset.borrow().is_empty() {
                published
            } else {
                Port::Other("it has a variable that is not set")
            };
            self.unset.borrow_mut().extend(others);
            match published {
                Port::Fixed(published) => ports.push(published),
                Port::First(published, others) => {
                    ports.push(published);
                    service.note(format!("the ports (line {}) {others}", item.line));
                }
                Port::Other(why) => {
                    let shown = item.text().unwrap_or("in the long form");
                    service.note(format!("the port {shown} (line {}): {why}", item.line));
                }
            }
        }
        if let [_, others @ ..] = ports.as_slice()
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|port| port.host.to_string()).collect();
            service.note(format!(
                "further ports ({}): FlowLayer checks one a service",
                others.join(", ")
            ));
        }
        ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_in_every_form() {
        let read = |text: &str| match short(text) {
            Port::Fixed(port) | Port::First(port, _) => Ok((port.host, port.inner)),
            Port::Other(why) => Err(why),
        };
        for (text, wanted) in [
            ("8080:80", (8080, 80)),
            ("127.0.0.1:8080:80/tcp", (8080, 80)),
            ("[::1]:8080:80", (8080, 80)),
            ("3000-3005:4000-4005", (3000, 4000)),
        ] {
            assert_eq!(read(text), Ok(wanted), "{text}");
        }
        for text in [
            "80",
            "53:53/udp",
            "a:b",
            ":80",
            "0:80",
            "70000:80",
            "5-3:5-3",
            "192.168.1.5:8080:80",
            "[fe80::1]:8080:80",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
