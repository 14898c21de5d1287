//! Who may use the page (docs/security.md, The page).
//!
//! The printed address carries a code in its fragment, which browsers send to nobody. The page
//! exchanges it, once, for a cookie and a key. A cookie goes to every port of the host, so it
//! proves nothing alone; the key is in the local storage, which belongs to this port alone. The
//! socket needs both.

use std::sync::{Mutex, PoisonError};

use flowlayer_core::protocol::Token;
use warp::http::header::{COOKIE, HOST, ORIGIN};
use warp::http::{HeaderMap, HeaderValue, StatusCode};

#[derive(Debug)]
pub(super) struct Access {
    port: u16,
    /// `None` when it was used.
    code: Mutex<Option<Token>>,
    cookie: Token,
    key: Token,
}

impl Access {
    pub(super) fn new(port: u16) -> Self {
        Self {
            port,
            code: Mutex::new(Some(Token::generate())),
            cookie: Token::generate(),
            key: Token::generate(),
        }
    }

    /// The address to open, with the code.
    pub(super) fn address(&self) -> String {
        let code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        let code = code.as_ref().map_or("", Token::expose);
        format!("http://127.0.0.1:{}/#code={code}", self.port)
    }

    /// Whether a request comes from the page itself. Another name for this machine is refused: a
    /// page whose name resolves to it would have the same origin. So is another origin: its scripts
    /// could make the browser send the cookie.
    pub(super) fn check_source(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let host = only(headers, &HOST).ok_or(StatusCode::FORBIDDEN)?;
        let own = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        if !own.iter().any(|own| own == host) {
            return Err(StatusCode::FORBIDDEN);
        }
        let is_own = |origin| origin == format!("http://{host}");
        if headers.contains_key(ORIGIN) && !only(headers, &ORIGIN).is_some_and(is_own) {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(())
    }

    /// Whether a request has the cookie.
    pub(super) fn check_cookie(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let name = self.cookie_name();
        let values = headers.get_all(COOKIE).into_iter();
        let mut cookies = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='));
        if cookies.any(|(its, value)| its == name && self.cookie.matches(value.as_bytes())) {
            Ok(())
        } else {
            Err(StatusCode::UNAUTHORIZED)
        }
    }

    /// Whether this is the key.
    pub(super) fn has_key(&self, presented: &str) -> bool {
        self.key.matches(presented.as_bytes())
    }

    /// Takes the code, if it is the right one and the first; returns the value of `Set-Cookie` and
    /// the key.
    pub(super) fn exchange(&self, presented: &[u8]) -> Option<(HeaderValue, &str)> {
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if !code.as_ref()?.matches(presented) {
            return None;
        }
        *code = None;
        let cookie = format!(
            "{}={}; HttpOnly; SameSite=Strict; Path=/",
            self.cookie_name(),
            self.cookie.expose()
        );
        Some((HeaderValue::try_from(cookie).ok()?, self.key.expose()))
    }

    /// Several bridges on one host share their cookies.
    fn cookie_name(&self) -> String {
        format!("flowlayer_{}", self.port)
    }
}

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &warp::http::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::try_from(*value).unwrap());
        }
        headers
    }

    #[test]
    fn a_request_must_name_this_host_and_come_from_its_own_origin() {
        let access = Access::new(7000);
        let passes = |pairs: &[_]| access.check_source(&headers(pairs)).is_ok();
        assert!(passes(&[("host", "127.0.0.1:7000")]));
        assert!(passes(&[
            ("host", "localhost:7000"),
            ("origin", "http://localhost:7000")
        ]));
        for host in [
            "127.0.0.1",
            "127.0.0.1:7001",
            "evil.example:7000",
            "127.0.0.1:7000.evil.example",
            "localhost.:7000",
            "",
        ] {
            assert!(!passes(&[("host", host)]), "{host}");
        }
        for origin in [
            "http://127.0.0.1:7001",
            "https://127.0.0.1:7000",
            "http://localhost:7000",
            "http://evil.example",
            "null",
            "",
        ] {
            let pairs = [("host", "127.0.0.1:7000"), ("origin", origin)];
            assert!(!passes(&pairs), "{origin}");
        }
        assert!(!passes(&[]));
        assert!(!passes(&[
            ("host", "127.0.0.1:7000"),
            ("host", "evil.example")
        ]));
        let own = ("origin", "http://127.0.0.1:7000");
        assert!(!passes(&[("host", "127.0.0.1:7000"), own, own]));
    }

    #[test]
    fn a_code_is_good_for_one_exchange() {
        let access = Access::new(7000);
        let address = access.address();
        let code = address.split_once("#code=").unwrap().1;
        assert!(access.exchange(b"").is_none());
        assert!(access.exchange(b"fl_guessed").is_none());
        let (cookie, key) = access.exchange(code.as_bytes()).unwrap();
        assert!(access.exchange(code.as_bytes()).is_none(), "used twice");
        assert!(access.has_key(key) && !access.has_key("") && !access.has_key(code));
        let cookie = cookie.to_str().unwrap().to_owned();
        assert!(cookie.starts_with("flowlayer_7000=") && cookie.contains("HttpOnly"));
        let pair = cookie.split(';').next().unwrap();
        let accepted = |value: &str| access.check_cookie(&headers(&[("cookie", value)])).is_ok();
        assert!(accepted(&format!("other=1; {pair}")));
        assert!(!accepted(&pair.replace("7000", "7001")));
        assert!(!accepted("flowlayer_7000=fl_stale"));
        assert!(access.check_cookie(&HeaderMap::new()).is_err());
    }
}
