//! Requests that are not WebSockets.

use super::*;

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

#[track_caller]
fn starts(response: &str, status: &str) {
    let line = response.lines().next().unwrap_or_default();
    assert_eq!(line, format!("HTTP/1.1 {status}"), "{response}");
}

#[tokio::test]
async fn credentials_come_first() {
    let api = Api::open().await;
    for line in [
        "GET /health",
        "GET /ws",
        "GET /nothing",
        "POST /health",
        "DELETE /",
    ] {
        let response = api.http(&request(line, "")).await;
        starts(&response, "401 Unauthorized");
        assert!(
            response.contains("www-authenticate: Bearer\r\n"),
            "{response}"
        );
        let response = api
            .http(&request(line, "authorization: Bearer wrong\r\n"))
            .await;
        starts(&response, "403 Forbidden");
        assert!(!response.contains("www-authenticate"), "{response}");
    }
}

#[tokio::test]
async fn with_credentials_the_routes_answer() {
    let api = Api::open().await;
    let ask = |line: &str| {
        let request = request(line, "authorization: bearer secret\r\n");
        let api = &api;
        async move { api.http(&request).await }
    };
    let response = ask("GET /health?x=1").await;
    starts(&response, "200 OK");
    assert!(
        response.contains("content-type: application/json\r\n"),
        "{response}"
    );
    assert!(response.ends_with("\r\n\r\n{\"ok\":true}"), "{response}");
    starts(&ask("GET /nothing").await, "404 Not Found");
    let response = ask("POST /health").await;
    starts(&response, "405 Method Not Allowed");
    assert!(response.contains("allow: GET\r\n"), "{response}");
    let response = ask("GET /ws").await;
    starts(&response, "426 Upgrade Required");
    assert!(response.contains("upgrade: websocket\r\n"), "{response}");
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let api = Api::open().await;
    let mut socket = TcpStream::connect(api.address).await.unwrap();
    for _ in 0..3 {
        let request = "GET /health HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"{\"ok\":true}") {
            let mut byte = [0];
            soon(socket.read_exact(&mut byte)).await.unwrap();
            response.extend(byte);
        }
    }
}

#[tokio::test]
async fn headers_that_do_not_come_are_not_waited_for() {
    let api = Api::with(|config| config.limits.headers = Duration::from_millis(50)).await;
    for begun in ["", "GET /health HTTP/1.1\r\nauthoriz"] {
        let mut socket = TcpStream::connect(api.address).await.unwrap();
        socket.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = soon(socket.read_to_end(&mut rest)).await;
    }
}

#[tokio::test]
async fn garbage_is_answered_and_hung_up_on() {
    let api = Api::open().await;
    let response = api.http("\u{16}\u{3}\u{1} hello\r\n\r\n").await;
    starts(&response, "400 Bad Request");
    let long = request("GET /health", &format!("x: {}\r\n", "a".repeat(100_000)));
    let mut socket = TcpStream::connect(api.address).await.unwrap();
    let _ = socket.write_all(long.as_bytes()).await;
    let mut response = Vec::new();
    let _ = soon(socket.read_to_end(&mut response)).await;
    assert!(
        !response.starts_with(b"HTTP/1.1 401"),
        "such a header is not read"
    );
    // Still there for others.
    starts(
        &api.http(&request("GET /health", "")).await,
        "401 Unauthorized",
    );
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let mut api = Api::with(|config| config.limits.connections = 2).await;
    let first = api.client().await;
    let _second = api.client().await;
    let health = request("GET /health", "authorization: Bearer secret\r\n");
    let response = api.http(&health).await;
    starts(&response, "503 Service Unavailable");
    let body = response.split("\r\n\r\n").nth(1).unwrap();
    assert!(
        response.contains(&format!("content-length: {}\r\n", body.len())),
        "{response}"
    );
    // A place is given back when its WebSocket has gone.
    drop(first);
    assert!(matches!(api.asked().await, Request::Unsubscribe(_)));
    soon(async {
        loop {
            let response = api.http(&health).await;
            if response.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    })
    .await;
}

/// They took all places, and who had the token could not even end the session.
#[tokio::test]
async fn who_has_no_credentials_keeps_nobody_out() {
    let api = Api::with(|config| {
        config.limits.connections = 2;
        config.limits.without_credentials = 4;
    })
    .await;
    let mut half = Vec::new();
    for _ in 0..20 {
        let mut socket = TcpStream::connect(api.address).await.unwrap();
        socket.write_all(b"GET /health HT").await.unwrap();
        half.push(socket);
    }
    let health = request("GET /health", "authorization: Bearer secret\r\n");
    starts(&api.http(&health).await, "200 OK");
    // That one was the 21st: the oldest are gone, the newest still there.
    for oldest in &mut half[..17] {
        let mut rest = Vec::new();
        let _ = soon(oldest.read_to_end(&mut rest)).await;
    }
    let mut newest = half.pop().unwrap();
    newest.write_all(b"TP/1.1\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    soon(newest.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}
