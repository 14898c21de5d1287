//! How a session ends for its clients (docs/protocol.md, The end of a session).

use super::*;

impl Api {
    fn end_runtime(&mut self) {
        self.subscribers.clear();
    }

    async fn stop_accepting(&self) {
        soon(self.server.as_ref().unwrap().stop_accepting()).await;
    }

    fn close(&mut self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.server.take().unwrap().close())
    }
}

#[tokio::test]
async fn websockets_stay_when_no_connection_is_taken_any_more() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let idle = TcpStream::connect(api.address).await.unwrap();
    api.http("GET /health HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await;
    // Neither a WebSocket nor a connection without a request is waited for.
    api.stop_accepting().await;
    drop(idle);
    let refused = async {
        loop {
            if TcpStream::connect(api.address).await.is_err() {
                return;
            }
        }
    };
    soon(refused).await;
    client.command("a", "get_logs", json!(null)).await;
    assert_eq!(client.next().await["type"], "ack");
    assert_eq!(client.next().await["payload"]["ok"], true);
    api.send_status(&client, 0, Status::Stopping);
    assert_eq!(client.next().await["payload"]["status"], "stopping");
}

#[tokio::test]
async fn a_request_under_way_is_answered_at_the_end() {
    let api = Api::open().await;
    let mut socket = TcpStream::connect(api.address).await.unwrap();
    socket
        .write_all(b"GET /health HTTP/1.1\r\nauthorization: ")
        .await
        .unwrap();
    // A connection accepted after this one has been answered, so this one has been read.
    api.http("GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await;
    let stopped = tokio::spawn(api.server.as_ref().unwrap().stop_accepting());
    socket.write_all(b"Bearer secret\r\n\r\n").await.unwrap();
    let mut response = String::new();
    soon(socket.read_to_string(&mut response)).await.unwrap();
    assert!(response.ends_with("{\"ok\":true}"), "{response}");
    soon(stopped).await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_not_waited_for() {
    let limit = Duration::from_millis(100);
    let api = Api::with(|config| config.limits.requests_at_stop = limit).await;
    let mut socket = TcpStream::connect(api.address).await.unwrap();
    socket.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
    api.http("GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await;
    api.stop_accepting().await;
    let mut rest = Vec::new();
    let _ = soon(socket.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn what_is_pending_comes_before_the_end() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    client.command("a", "stop_all", json!(null)).await;
    let (_, request, _) = api.action().await;
    api.accept(&client, request);
    api.send_status(&client, 0, Status::Stopped);
    api.done(&client, request);
    api.logs.note(0, "last words");
    api.end_runtime();
    let closing = api.close();
    let (mut seen, mut logged) = (Vec::new(), 0);
    let code = loop {
        match client.frame().await {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                match message["name"].as_str().or(message["type"].as_str()) {
                    Some("log") => logged += 1,
                    name => seen.push(name.unwrap().to_owned()),
                }
            }
            Message::Close(frame) => break frame.unwrap().code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(seen, ["ack", "service_status", "result"]);
    assert_eq!(logged, 1);
    assert_eq!(code, CloseCode::Away);
    client.finish().await;
    soon(closing).await.unwrap();
}

#[tokio::test]
async fn closing_does_not_need_the_runtime_to_have_ended() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    api.send_status(&client, 0, Status::Stopped);
    let closing = api.close();
    assert_eq!(client.next().await["name"], "service_status");
    assert_eq!(client.close_code().await, CloseCode::Away);
    soon(closing).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_play_along_cannot_hold_the_end_up() {
    let mut api = Api::with(|config| {
        config.limits.drain = Duration::from_millis(50);
        config.limits.close = Duration::from_millis(50);
    })
    .await;
    let client = api.client().await;
    let mut big = view(0);
    big.reason = Some(long_reason(1_000_000));
    let view = Arc::new(big);
    for _ in 0..30 {
        let (view, at) = (Arc::clone(&view), SystemTime::now());
        api.send(&client, Update::Status { view, at, after: 0 });
    }
    api.end_runtime();
    soon(api.close()).await.unwrap();
}

#[tokio::test]
async fn dropping_the_server_closes_everything() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    drop(api.server.take());
    assert!(!matches!(soon(client.socket.next()).await, Some(Ok(_))));
    assert!(matches!(api.asked().await, Request::Unsubscribe(_)));
}
