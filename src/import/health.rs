//! Health checks of other tools as readiness probes.

use serde_json::{Map, Value, json};

use super::shell::{self, positive};
use super::yaml::Node;

/// What a check command asks for, when a probe of our own asks the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// A GET of a URL of this machine.
    Http {
        port: u16,
        /// Everything from the path on.
        path: String,
        tls: bool,
        /// Its header fields: an object of strings.
        headers: Map<String, Value>,
        /// Whether every status is a success.
        any_status: bool,
    },
    /// A connection to a port of this machine.
    Tcp { port: u16 },
}

/// Recognises `curl`, `wget` and `nc -z` at the service itself; `None` for everything else, which
/// then runs as it is.
pub(super) fn recognise(argv: &[String]) -> Option<Check> {
    let (program, arguments) = argv.split_first()?;
    let program = program.rsplit('/').next()?;
    match program {
        "curl" | "wget" => {
            let is_curl = program == "curl";
            let (headers, arguments) = headers(arguments, is_curl)?;
            // Anything but a plain GET is not the same.
            let harmless = |option: &&String| {
                !option.starts_with('-')
                    || [
                        "-f",
                        "-s",
                        "-S",
                        "-fs",
                        "-sf",
                        "-fsS",
                        "-sSf",
                        "-q",
                        "-qO-",
                        "-O",
                        "-I",
                        "-L",
                        "-fsSL",
                        "-sS",
                        "-k",
                        "--fail",
                        "--silent",
                        "--show-error",
                        "--spider",
                        "--quiet",
                        "--no-verbose",
                        "-nv",
                        "--tries=1",
                        "--head",
                    ]
                    .contains(&option.as_str())
            };
            // Without it curl takes every status for a success.
            let fails = |option: &&String| {
                option.as_str() == "--fail"
                    || option.starts_with('-') && !option.starts_with("--") && option.contains('f')
            };
            if !arguments.iter().all(harmless) {
                return None;
            }
            let any_status = is_curl && !arguments.iter().any(fails);
            let mut urls = arguments.into_iter().filter(|argument| {
                !argument.starts_with('-') && (argument.contains("://") || argument.contains(':'))
            });
            let url = urls.next()?;
            urls.next().is_none().then_some(())?;
            let (port, path, tls) = http(url)?;
            Some(Check::Http {
                port,
                path,
                tls,
                headers,
                any_status,
            })
        }
        "nc" | "netcat" => {
            let is_scan = arguments
                .iter()
                .any(|option| option.starts_with('-') && option.contains('z'));
            let plain = arguments
                .iter()
                .filter(|argument| !argument.starts_with('-'));
            let words: Vec<&String> = plain.collect();
            let [host, port] = words.as_slice() else {
                return None;
            };
            (is_scan && is_here(host)).then_some(())?;
            Some(Check::Tcp {
                port: positive(port)?,
            })
        }
        _ => None,
    }
}

/// The argv of a shell line in which nothing but its first command matters
/// (`curl -f http://localhost || exit 1`).
pub(super) fn argv(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let line = line.strip_suffix("|| exit 1").unwrap_or(line);
    let words = shell::words(line.trim_end())?;
    let argv: Vec<String> = words.into_iter().map(|word| word.text).collect();
    (!argv.is_empty() && !argv[0].is_empty()).then_some(argv)
}

/// The header fields that are sent, and the arguments without them; `None` when one cannot be read.
fn headers(arguments: &[String], is_curl: bool) -> Option<(Map<String, Value>, Vec<&String>)> {
    let mut headers = Map::new();
    let mut others = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let field = match argument.as_str() {
            "-H" if is_curl => arguments.next()?,
            "--header" => arguments.next()?,
            long => {
                let Some(field) = long.strip_prefix("--header=") else {
                    others.push(argument);
                    continue;
                };
                field
            }
        };
        let (name, value) = field.split_once(':')?;
        let is_plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let (name, value) = (name.trim(), value.trim());
        if !is_header_name(name) || !is_plain(value) || headers.contains_key(name) {
            return None;
        }
        headers.insert(name.to_owned(), json!(value));
    }
    Some((headers, others))
}

/// Whether a configuration takes it for the name of a header field.
pub(super) fn is_header_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}

/// The port, the rest from the path on, and whether it is TLS.
fn http(url: &str) -> Option<(u16, String, bool)> {
    let (tls, rest) = match url.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some(_) => return None,
        None => (false, url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, positive(port)?),
        None => (authority, if tls { 443 } else { 80 }),
    };
    let is_path = path.chars().all(|c| c.is_ascii_graphic());
    (is_here(host) && is_path).then(|| (port, path.to_owned(), tls))
}

fn is_here(host: &str) -> bool {
    matches!(
        host,
        "localhost" | "127.0.0.1" | "0.0.0.0" | "::1" | "[::1]"
    )
}

/// What is said of how often a check is made, where any of these keys is given.
pub(super) fn timing(check: &Node, keys: &[&str]) -> Option<String> {
    let given: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|key| check.get(key).is_some())
        .collect();
    (!given.is_empty()).then(|| {
        format!(
            "{}: FlowLayer probes every 200 ms until the probe passes (ready.timeoutMs sets a limit)",
            given.join(", ")
        )
    })
}

impl Check {
    /// The probe, with the port as this machine sees it.
    pub(super) fn probe(&self, here: impl Fn(u16) -> Option<u16>) -> Option<Value> {
        Some(match self {
            Self::Http {
                port,
                path,
                tls,
                headers,
                any_status,
            } => {
                let scheme = if *tls { "https" } else { "http" };
                let url = format!("{scheme}://localhost:{}{path}", here(*port)?);
                let mut probe = json!({ "type": "http", "url": url });
                if !headers.is_empty() {
                    probe["headers"] = json!(headers);
                }
                if *any_status {
                    probe["status"] = json!("100-599");
                }
                probe
            }
            Self::Tcp { port } => json!({ "type": "tcp", "port": here(*port)? }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Option<Check> {
        recognise(&argv(line)?)
    }

    #[test]
    fn what_a_probe_of_ours_asks_too_is_recognised() {
        let http = |port, path: &str| {
            Some(Check::Http {
                port,
                path: path.to_owned(),
                tls: false,
                headers: Map::new(),
                any_status: false,
            })
        };
        let probe = |line: &str| check(line).and_then(|check| check.probe(Some));
        let any = json!({ "type": "http", "url": "http://localhost:80/", "status": "100-599" });
        for line in [
            "curl http://localhost/",
            "/usr/bin/curl -sS http://localhost/",
        ] {
            assert_eq!(probe(line), Some(any.clone()), "{line}");
        }
        let with_headers = json!({
            "type": "http", "url": "http://localhost:80/",
            "headers": { "Host": "shop.example", "X-A": "b: c" },
        });
        assert_eq!(
            probe("curl -f -H 'Host: shop.example' --header 'X-A: b: c' http://localhost/"),
            Some(with_headers)
        );
        assert_eq!(
            check("curl -f http://localhost:80/health || exit 1"),
            http(80, "/health")
        );
        assert_eq!(check("curl --fail http://127.0.0.1/"), http(80, "/"));
        assert_eq!(check("wget -q --spider localhost:8080/x"), http(8080, "/x"));
        assert_eq!(
            check("nc -z localhost 5432"),
            Some(Check::Tcp { port: 5432 })
        );
        for other in [
            "curl -f http://example.org/",
            "curl -H @file http://localhost/",
            "curl http://localhost/ -H",
            "curl -X POST http://localhost/",
            "curl http://localhost | grep ok",
            "curl http://localhost:0/",
            "pg_isready -U x",
            "nc -z db 5432",
            "",
        ] {
            assert_eq!(check(other), None, "{other}");
        }
    }
}
