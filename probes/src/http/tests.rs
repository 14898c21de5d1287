use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::registry::Argument;
use crate::registry::tests::{build, closed_port, nothing};

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
