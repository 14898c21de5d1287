use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::registry::tests::{build, closed_port, nothing};
use crate::registry::{Argument, Arguments, Headers};

/// Answers one request with these bytes and returns the request.
async fn answer(listener: &TcpListener, response: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
        request.push(byte[0]);
    }
    stream.write_all(response.as_bytes()).await.unwrap();
    String::from_utf8(request).unwrap()
}

fn http(url: &str) -> Arc<dyn Probe> {
    build(&KIND, "url", Argument::Text(url.to_owned())).unwrap()
}

#[tokio::test]
async fn statuses_from_200_to_399_pass_and_redirects_are_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let probe = http(&format!("http://127.0.0.1:{port}/healthz?deep=1"));
    let failed = |text: &str| Attempt::Failed(text.to_owned());
    for (status, expected) in [
        ("200 OK", Attempt::Passed),
        ("204 No Content", Attempt::Passed),
        ("302 Found", Attempt::Passed),
        ("399 X", Attempt::Passed),
        ("404 Not Found", failed("status 404 Not Found")),
        (
            "503 Service Unavailable",
            failed("status 503 Service Unavailable"),
        ),
    ] {
        let response = format!(
            "HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        );
        let cx = nothing();
        let (attempt, request) = tokio::join!(probe.attempt(&cx), answer(&listener, &response));
        assert_eq!(attempt, expected, "{status}");
        assert!(request.starts_with("GET /healthz?deep=1 HTTP/1.1\r\n"));
    }
}

/// A reload compares probes that have been used with new ones.
#[tokio::test]
async fn the_debug_form_does_not_depend_on_attempts() {
    let (_socket, port) = closed_port();
    let url = format!("http://127.0.0.1:{port}/");
    let (used, new) = (http(&url), http(&url));
    assert!(matches!(used.attempt(&nothing()).await, Attempt::Failed(_)));
    assert_eq!(format!("{used:?}"), format!("{new:?}"));
}

/// A probe of this listener with these parameters besides the URL.
fn probe_of(
    listener: &TcpListener,
    url: &str,
    others: &[(&'static str, Argument)],
) -> Arc<dyn Probe> {
    let port = listener.local_addr().unwrap().port().to_string();
    let url = Argument::Text(url.replace("PORT", &port));
    let arguments = others.iter().cloned().chain([("url", url)]);
    KIND.build.unwrap()(&Arguments(arguments.collect())).unwrap()
}

#[tokio::test]
async fn the_wanted_statuses_and_headers_are_those_of_the_configuration() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let headers = [("Authorization", "Bearer s3cret"), ("Host", "shop.example")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let others = [
        ("status", Argument::Statuses(vec![204..=204, 400..=404])),
        ("headers", Argument::Headers(Headers(headers.to_vec()))),
    ];
    assert!(!format!("{others:?}").contains("s3cret"));
    let probe = probe_of(&listener, "http://127.0.0.1:PORT/", &others);
    assert!(!format!("{probe:?}").contains("s3cret"));
    let unwanted = "status 200 OK, which `ready.status` does not name";
    for (status, expected) in [
        ("200 OK", Attempt::Failed(unwanted.to_owned())),
        ("204 No Content", Attempt::Passed),
        ("404 Not Found", Attempt::Passed),
    ] {
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let cx = nothing();
        let (attempt, request) = tokio::join!(probe.attempt(&cx), answer(&listener, &response));
        assert_eq!(attempt, expected);
        let request = request.to_lowercase();
        for header in ["authorization: bearer s3cret\r\n", "host: shop.example\r\n"] {
            assert!(request.contains(header), "{request}");
        }
    }
}

#[tokio::test]
async fn a_401_says_where_credentials_may_stand() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let response = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    for (url, words) in [
        (
            "http://127.0.0.1:PORT/",
            "`ready.url` (http://user:password@…) or `ready.headers`",
        ),
        (
            "http://me:s3cret@127.0.0.1:PORT/",
            "the credentials of the probe are refused",
        ),
    ] {
        let probe = probe_of(&listener, url, &[]);
        let cx = nothing();
        let (attempt, _) = tokio::join!(probe.attempt(&cx), answer(&listener, response));
        let Attempt::Failed(why) = attempt else {
            panic!("it passed")
        };
        assert!(
            why.starts_with("status 401 Unauthorized: ") && why.ends_with(words),
            "{why}"
        );
    }
}

fn failure(attempt: Attempt) -> String {
    match attempt {
        Attempt::Failed(why) => why,
        Attempt::Passed => panic!("it passed"),
    }
}

/// Servers without TLS drop what they cannot read, or answer it.
#[tokio::test]
async fn https_on_a_port_without_tls_names_http_and_sends_it_no_credentials() {
    for answers_to_tls in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let headers = vec![("X-Key".to_owned(), "s3cret".to_owned())];
        let headers = [("headers", Argument::Headers(Headers(headers)))];
        let probe = probe_of(&listener, "https://me:s3cret@127.0.0.1:PORT/x", &headers);
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 2048]).await.unwrap() > 0);
            stream.write_all(answers_to_tls).await.unwrap();
            drop(stream);
            answer(
                &listener,
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            )
            .await
        };
        let cx = nothing();
        let (attempt, request) = tokio::join!(probe.attempt(&cx), serve);
        assert!(failure(attempt).contains("write http:// in `ready.url`"));
        assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
        let request = request.to_lowercase();
        assert!(
            !request.contains("authorization") && !request.contains("x-key"),
            "{request}"
        );
        // The same failure is not asked about again.
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 2048]).await.unwrap() > 0);
            stream.write_all(answers_to_tls).await.unwrap();
        };
        let (attempt, ()) = tokio::join!(probe.attempt(&cx), serve);
        assert!(failure(attempt).contains("write http:// in `ready.url`"));
    }
}

#[tokio::test]
async fn http_on_a_tls_port_names_https() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        // The first is no handshake, and fails.
        let _ = serve_tls(&listener);
        serve_tls(&listener)
    });
    let probe = http(&format!("http://127.0.0.1:{port}/"));
    let why = failure(probe.attempt(&nothing()).await);
    assert!(why.contains("write https:// in `ready.url`"), "{why}");
    server.join().unwrap().unwrap();
}

#[tokio::test]
async fn what_speaks_neither_is_described_without_the_words_of_a_library() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let probe = probe_of(&listener, "https://127.0.0.1:PORT/", &[]);
    let serve = async {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
            // Until the client has seen that and gone.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    };
    let cx = nothing();
    let (attempt, ()) = tokio::join!(probe.attempt(&cx), serve);
    assert_eq!(failure(attempt), "what answers does not speak TLS");
}

#[tokio::test]
async fn a_refused_connection_is_told_in_two_words() {
    let (_held, port) = closed_port();
    for scheme in ["http", "https"] {
        let probe = http(&format!("{scheme}://127.0.0.1:{port}/"));
        let refused = Attempt::Failed("connection refused".to_owned());
        assert_eq!(probe.attempt(&nothing()).await, refused);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let probe = http(&format!("http://127.0.0.1:{port}/"));
    let cx = nothing();
    let (attempt, _) = tokio::join!(probe.attempt(&cx), answer(&listener, "SSH-2.0-x\r\n\r\n"));
    assert!(matches!(attempt, Attempt::Failed(why) if !why.is_empty()));
}

#[test]
fn labels_are_short_and_targets_are_whole_but_without_credentials() {
    for (url, label, target) in [
        (
            "http://localhost:3002/healthz",
            "http :3002/healthz",
            "http://localhost:3002/healthz",
        ),
        ("http://127.0.0.1", "http :80/", "http://127.0.0.1/"),
        (
            "https://me:secret@[::1]:8443/x?y=1",
            "https :8443/x?y=1",
            "https://[::1]:8443/x?y=1",
        ),
        (
            "https://staging.example/up",
            "https staging.example:443/up",
            "https://staging.example/up",
        ),
    ] {
        let probe = http(url);
        assert_eq!(probe.label(), label);
        assert_eq!(probe.target(), target);
    }
}

#[test]
fn only_absolute_http_urls_are_taken() {
    for wrong in [
        "",
        "/health",
        "localhost:3000/health",
        "ftp://localhost/",
        "http://",
        "http://:80/",
        "http://localhost:99999/",
        "unix:/run/x",
    ] {
        let refusal = build(&KIND, "url", Argument::Text(wrong.to_owned())).unwrap_err();
        assert_eq!(refusal.parameter, "url", "{wrong}");
    }
    assert!(parse("HTTP://localhost").is_ok());
}

/// A server with a certificate that nobody signed, for a name that is not its own, as development
/// servers have it. Answers one request.
fn serve_tls(listener: &std::net::TcpListener) -> std::io::Result<()> {
    use std::io::{Read, Write};

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = include_bytes!("certificate.der").to_vec();
    let key = include_bytes!("key.der").to_vec();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.try_into().unwrap())
        .unwrap();
    let mut session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    let (mut socket, _) = listener.accept()?;
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    let mut request = [0; 1024];
    assert!(stream.read(&mut request)? > 0);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn certificates_of_loopback_hosts_are_not_verified() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || serve_tls(&listener));
    let probe = http(&format!("https://localhost:{port}/"));
    assert_eq!(probe.attempt(&nothing()).await, Attempt::Passed);
    server.join().unwrap().unwrap();
}

#[tokio::test]
async fn names_below_localhost_are_both_loopback_addresses_without_a_resolver() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        // A machine without IPv6 has nothing more to test here.
        let Ok(listener) = TcpListener::bind(address).await else {
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        for host in [
            "localhost",
            "localhost.",
            "no-resolver-knows-this.localhost",
        ] {
            let probe = http(&format!("http://{host}:{port}/"));
            let cx = nothing();
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            let attempt = tokio::time::timeout(Duration::from_secs(5), async {
                tokio::join!(probe.attempt(&cx), answer(&listener, response))
            });
            let (attempt, request) = attempt.await.expect(host);
            assert_eq!(attempt, Attempt::Passed, "{host} at {address}");
            let named = format!("host: {host}:{port}\r\n");
            assert!(request.to_lowercase().contains(&named), "{request}");
        }
    }
}

#[test]
fn only_a_port_of_this_machine_is_one_to_look_after() {
    for (url, port) in [
        ("http://localhost:3002/healthz", Some(3002)),
        ("https://app.localhost/", Some(443)),
        ("http://127.0.0.53/", Some(80)),
        ("http://[::1]:8443/", Some(8443)),
        ("http://[::ffff:127.0.0.1]:8080/", Some(8080)),
        ("http://0.0.0.0:3000/", Some(3000)),
        ("http://192.168.1.2:3000/", None),
        ("https://staging.example/up", None),
    ] {
        assert_eq!(http(url).port(), port, "{url}");
    }
}
