//! The two routes and who may use them (docs/protocol.md, HTTP): a pure judgement and its replies.

use std::sync::Arc;

use warp::http::header::{
    ALLOW, AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    USER_AGENT, WWW_AUTHENTICATE,
};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use warp::reply::Response;

use crate::protocol::Token;

/// Bytes of a `User-Agent` that are kept.
const MOST_AGENT: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Health,
    /// `/ws` with everything a WebSocket needs; the key is the client's.
    Upgrade {
        key: HeaderValue,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoCredentials,
    WrongCredentials,
    NoSuchPath,
    WrongMethod,
    NoUpgrade,
    NoKey,
    /// All places for connections with credentials are taken.
    Full,
}

/// Judges a request. Credentials come first, so that without them nothing can be learnt, not even
/// which paths exist.
pub(super) fn judge(
    token: &Token,
    method: &Method,
    path: &str,
    version: Version,
    headers: &HeaderMap,
) -> Result<Verdict, Refusal> {
    authorise(token, headers)?;
    match (path, method) {
        ("/health", &Method::GET) => Ok(Verdict::Health),
        ("/ws", &Method::GET) => upgrade(version, headers).map(|key| Verdict::Upgrade { key }),
        ("/health" | "/ws", _) => Err(Refusal::WrongMethod),
        _ => Err(Refusal::NoSuchPath),
    }
}

fn authorise(token: &Token, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::NoCredentials)?.as_bytes();
    let (scheme, presented) = match value.iter().position(|byte| *byte == b' ') {
        Some(space) => value.split_at(space),
        None => (value, &[][..]),
    };
    let right = scheme.eq_ignore_ascii_case(b"bearer")
        && token.matches(presented.trim_ascii())
        && values.next().is_none();
    right.then_some(()).ok_or(Refusal::WrongCredentials)
}

/// What the client calls itself, bounded; empty where it does not.
pub(super) fn client(headers: &HeaderMap) -> Arc<str> {
    let agent = headers.get(USER_AGENT).and_then(|it| it.to_str().ok());
    let agent = agent.unwrap_or_default();
    // Visible ASCII.
    agent[..agent.len().min(MOST_AGENT)].into()
}

/// The client's key, when the request asks for a WebSocket of the one version there is.
fn upgrade(version: Version, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    let asks = version == Version::HTTP_11
        && lists(headers, &CONNECTION, "upgrade")
        && lists(headers, &UPGRADE, "websocket")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    if !asks {
        return Err(Refusal::NoUpgrade);
    }
    headers
        .get(SEC_WEBSOCKET_KEY)
        .cloned()
        .ok_or(Refusal::NoKey)
}

/// Whether a header that is a list has this member, whatever its case.
fn lists(headers: &HeaderMap, name: &warp::http::HeaderName, member: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(member))
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials => StatusCode::UNAUTHORIZED,
            Self::WrongCredentials => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::NoKey => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// For people who try curl.
    const fn message(self) -> &'static str {
        match self {
            Self::NoCredentials => "send the session token: Authorization: Bearer <token>",
            Self::WrongCredentials => "this is not the token of this session",
            Self::NoSuchPath => "there are two paths: /ws and /health",
            Self::WrongMethod => "use GET",
            Self::NoUpgrade => "/ws speaks WebSocket, version 13",
            Self::NoKey => "the header Sec-WebSocket-Key is missing",
            Self::Full => "too many connections, try later",
        }
    }

    pub(super) fn reply(self) -> Response {
        let body = serde_json::json!({ "ok": false, "error": self.message() });
        let mut response = json(self.status(), body.to_string());
        let headers = response.headers_mut();
        match self {
            Self::NoCredentials => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::WrongMethod => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            Self::NoUpgrade => {
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Self::WrongCredentials | Self::NoSuchPath | Self::NoKey | Self::Full => {}
        }
        response
    }
}

pub(super) fn healthy() -> Response {
    json(StatusCode::OK, r#"{"ok":true}"#.to_owned())
}

/// The answer to an upgrade. No subprotocol and no extension is offered
/// (docs/protocol.md, The WebSocket).
pub(super) fn switching(key: &HeaderValue) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    response
}

fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDSHAKE: &[(&str, &str)] = &[
        ("authorization", "Bearer secret"),
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn judged(method: &Method, path: &str, headers: &HeaderMap) -> Result<Verdict, Refusal> {
        let token = Token::new("secret").unwrap();
        judge(&token, method, path, Version::HTTP_11, headers)
    }

    #[test]
    fn without_valid_credentials_every_path_and_method_is_the_same() {
        let wrong = [
            "Bearer",
            "Bearer ",
            "Bearer secre",
            "Bearer secrets",
            "Basic secret",
            "secret",
            "Bearersecret",
            "bearer SECRET",
            "Bearer secret secret",
            "Bearer\tsecret",
        ];
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            for path in ["/health", "/ws", "/", "/nothing"] {
                let none = judged(&method, path, &HeaderMap::new());
                assert_eq!(none, Err(Refusal::NoCredentials));
                for value in wrong {
                    let verdict = judged(&method, path, &headers(&[("authorization", value)]));
                    assert_eq!(verdict, Err(Refusal::WrongCredentials), "{value}");
                }
            }
        }
        let two = headers(&[
            ("authorization", "Bearer secret"),
            ("authorization", "Bearer x"),
        ]);
        assert_eq!(
            judged(&Method::GET, "/health", &two),
            Err(Refusal::WrongCredentials)
        );
    }

    #[test]
    fn the_scheme_has_no_case() {
        for value in ["Bearer secret", "bearer secret", "BEARER   secret"] {
            let headers = headers(&[("authorization", value)]);
            assert_eq!(
                judged(&Method::GET, "/health", &headers),
                Ok(Verdict::Health)
            );
        }
    }

    #[test]
    fn with_credentials_the_path_then_the_method_then_the_upgrade_counts() {
        let plain = headers(&[("authorization", "Bearer secret")]);
        for path in ["/", "/health/", "/wss", "/ws/x", "/HEALTH"] {
            let verdict = judged(&Method::POST, path, &plain);
            assert_eq!(verdict, Err(Refusal::NoSuchPath), "{path}");
        }
        for path in ["/health", "/ws"] {
            for method in [Method::POST, Method::HEAD, Method::OPTIONS] {
                let verdict = judged(&method, path, &plain);
                assert_eq!(verdict, Err(Refusal::WrongMethod));
            }
        }
        assert_eq!(judged(&Method::GET, "/ws", &plain), Err(Refusal::NoUpgrade));
        assert!(matches!(
            judged(&Method::GET, "/ws", &headers(HANDSHAKE)),
            Ok(Verdict::Upgrade { .. })
        ));
    }

    #[test]
    fn every_part_of_the_handshake_is_needed() {
        for missing in 1..HANDSHAKE.len() {
            let mut list = HANDSHAKE.to_vec();
            let (name, _) = list.remove(missing);
            let expected = if name == "sec-websocket-key" {
                Refusal::NoKey
            } else {
                Refusal::NoUpgrade
            };
            let verdict = judged(&Method::GET, "/ws", &headers(&list));
            assert_eq!(verdict, Err(expected), "{name}");
        }
        let token = Token::new("secret").unwrap();
        let old = judge(
            &token,
            &Method::GET,
            "/ws",
            Version::HTTP_10,
            &headers(HANDSHAKE),
        );
        assert_eq!(old, Err(Refusal::NoUpgrade));
    }

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        let response = switching(&HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(
            response.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
