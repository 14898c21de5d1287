//! The files of the page, as they are in `page/`, and the headers that every reply has.

use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderName, HeaderValue};
use warp::reply::Response;

/// Nothing but our own files runs, is shown or is asked, and nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Makes the table of files; the name of a file is its path.
macro_rules! files {
    ($($name:literal: $kind:literal,)*) => {
        const FILES: &[(&str, &str, &str)] =
            &[$((concat!("/", $name), $kind, include_str!(concat!("page/", $name)))),*];
    };
}

files! {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon-up.svg": "image/svg+xml",
    "icon-wait.svg": "image/svg+xml",
    "icon-down.svg": "image/svg+xml",
    "main.js": "text/javascript; charset=utf-8",
    "actions.js": "text/javascript; charset=utf-8",
    "details.js": "text/javascript; charset=utf-8",
    "connection.js": "text/javascript; charset=utf-8",
    "state.js": "text/javascript; charset=utf-8",
    "table.js": "text/javascript; charset=utf-8",
    "level.js": "text/javascript; charset=utf-8",
    "log.js": "text/javascript; charset=utf-8",
    "logs.js": "text/javascript; charset=utf-8",
    "row.js": "text/javascript; charset=utf-8",
    "stream.js": "text/javascript; charset=utf-8",
    "history.js": "text/javascript; charset=utf-8",
    "header.js": "text/javascript; charset=utf-8",
    "reload.js": "text/javascript; charset=utf-8",
    "graph.js": "text/javascript; charset=utf-8",
    "timeline.js": "text/javascript; charset=utf-8",
    "keys.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "ansi.js": "text/javascript; charset=utf-8",
}

/// The file at this path.
pub(super) fn file(path: &str) -> Option<Response> {
    let path = if path == "/" { "/index.html" } else { path };
    let (_, kind, text) = FILES.iter().find(|(name, ..)| *name == path)?;
    let mut reply = Response::new((*text).into());
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Some(reply)
}

/// The reply with the headers that every one has.
pub(super) fn guarded(mut reply: Response) -> Response {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        let name = HeaderName::from_static(name);
        reply.headers_mut().insert(name, value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_file_and_the_page_is_small() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/commands/web/page");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("/{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
        names.sort();
        let mut listed: Vec<&str> = FILES.iter().map(|(name, ..)| *name).collect();
        listed.sort_unstable();
        assert_eq!(names, listed);
        let bytes: usize = FILES.iter().map(|(.., text)| text.len()).sum();
        assert!(bytes < 150_000, "{bytes} bytes");
    }

    #[test]
    fn no_file_sets_html_or_refers_to_elsewhere() {
        for (name, _, text) in FILES {
            let namespace = "http://www.w3.org/2000/svg";
            let text = text.replace(namespace, "");
            for banned in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "DOMParser",
                "http:/",
                "https:/",
            ] {
                assert!(!text.contains(banned), "{name}: {banned}");
            }
        }
    }
}
