//! Peers that send too much, take too little, or say nothing.

use super::*;
use tokio::net::TcpSocket;

/// A client whose system holds little for it, so that it soon takes nothing more.
async fn narrow(api: &mut Api) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(api.address).await.unwrap();
    let mut client = Client::over(stream, api.address).await;
    api.introduce(&mut client).await;
    client
}

/// Fills the log until a client that does not read has lost entries.
fn flood(api: &Api) -> u64 {
    let line = "x".repeat(60_000);
    for _ in 0..200 {
        api.logs.note(0, &line);
    }
    api.logs.last_seq()
}

#[tokio::test]
async fn a_message_may_have_one_mebibyte_and_not_a_byte_more() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let mut message = r#"{"type":"command","id":"1","name":"stop_all","x":""#.to_owned();
    let room = (1 << 20) - message.len() - 2;
    message.push_str(&"x".repeat(room));
    message.push_str("\"}");
    assert_eq!(message.len(), 1 << 20);
    client.send(Message::text(message.clone())).await;
    assert_eq!(api.action().await.2, Action::StopAll);
    client.send(Message::text(message + " ")).await;
    assert_eq!(client.close_code().await, CloseCode::Size);
}

#[tokio::test]
async fn broken_frames_are_named_in_the_close_code() {
    // Text that is not UTF-8; a frame without a mask; a reserved opcode.
    let frames: [(&[u8], u16); 3] = [
        (b"\x81\x81\x00\x00\x00\x00\xff", 1007),
        (b"\x81\x01a", 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
    ];
    let mut api = Api::open().await;
    for (frame, code) in frames {
        let mut client = api.client().await;
        client.socket.get_mut().write_all(frame).await.unwrap();
        assert_eq!(client.close_code().await, CloseCode::from(code));
    }
}

#[tokio::test]
async fn only_so_many_commands_are_taken_at_once() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    for id in 0..33 {
        client
            .command(&id.to_string(), "start_all", json!(null))
            .await;
    }
    let mut requests = Vec::new();
    for _ in 0..32 {
        let (_, request, _) = api.action().await;
        api.accept(&client, request);
        requests.push(request);
    }
    // All 32 acks have arrived, so the connection has done all it will do about what it has read.
    for id in 0..32 {
        assert_eq!(client.next().await["id"], id.to_string());
    }
    assert!(api.inbox.try_recv().is_err());
    api.done(&client, requests[5]);
    assert_eq!(client.next().await["id"], "5");
    let (_, request, _) = api.action().await;
    api.accept(&client, request);
    assert_eq!(client.next().await["id"], "32");
}

#[tokio::test]
async fn one_who_is_not_read_is_still_told() {
    let mut api = Api::with(|config| config.limits.commands_in_flight = 1).await;
    let mut client = api.client().await;
    client.command("a", "start_all", json!(null)).await;
    client.command("b", "start_all", json!(null)).await;
    let (_, request, _) = api.action().await;
    api.accept(&client, request);
    assert_eq!(client.next().await["id"], "a");
    api.send_status(&client, 0, Status::Starting);
    assert_eq!(client.next().await["name"], "service_status");
    api.logs.note(0, "still here");
    assert_eq!(client.next().await["name"], "log");
}

#[tokio::test]
async fn replies_that_are_not_taken_stop_the_reading() {
    let mut api = Api::with(|config| config.limits.unsent_bytes = 100_000).await;
    let mut client = narrow(&mut api).await;
    // Every message gets an error; none is read by the client.
    let message = format!("{{\"id\":\"{}\"}}", "x".repeat(1000));
    let mut sent = 0_u32;
    let pause = Duration::from_millis(300);
    // Once the server does not read, the system's buffers fill and sending comes to a halt.
    while tokio::time::timeout(pause, client.socket.send(Message::text(message.clone())))
        .await
        .is_ok()
    {
        sent += 1;
        assert!(sent < 100_000, "the server takes without end");
    }
    // It goes on as soon as the client reads: the answers to all that went out come in order.
    for _ in 0..sent {
        assert_eq!(client.next().await["payload"]["code"], "missing_type");
    }
}

#[tokio::test]
async fn long_replies_arrive_whole_and_in_turn() {
    let mut api = Api::open().await;
    let line = "é".repeat(30_000);
    for _ in 0..40 {
        api.logs.note(1, &line);
    }
    let mut client = api.client().await;
    client.command("a", "get_logs", json!({"limit": 40})).await;
    client.command("b", "get_logs", json!({"limit": 1})).await;
    let mut results = Vec::new();
    while results.len() < 2 {
        let answer = client.next().await;
        if answer["type"] == "result" {
            results.push(answer);
        }
    }
    results.sort_by_key(|result| result["id"].to_string());
    for (result, count) in results.iter().zip([40, 1]) {
        let entries = result["payload"]["data"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), count);
        assert!(
            entries
                .iter()
                .all(|entry| entry["message"] == format!("[flowlayer] {line}"))
        );
    }
}

#[tokio::test]
async fn one_who_takes_no_status_is_closed() {
    let mut api = Api::with(|config| {
        config.limits.status_wait = Duration::from_millis(200);
        config.limits.close = Duration::from_secs(20);
    })
    .await;
    let mut client = narrow(&mut api).await;
    let mut failed = view(0);
    failed.reason = Some(long_reason(100_000));
    let view = Arc::new(failed);
    let at = SystemTime::now();
    for _ in 0..200 {
        let view = Arc::clone(&view);
        api.send(&client, Update::Status { view, at, after: 0 });
    }
    // The test reads only when the server has given up, and finds what had been sent before.
    soon(api.subscribers[&client.id.unwrap()].closed()).await;
    assert_eq!(client.close_code().await, CloseCode::Policy);
}

#[tokio::test]
async fn one_who_is_slow_loses_log_entries_and_nothing_else() {
    let mut api = Api::with(|config| config.limits.status_wait = Duration::from_millis(100)).await;
    let mut client = narrow(&mut api).await;
    let last = flood(&api);
    // More than the system's buffers and the log's recent batches hold together has been written;
    // then a command is answered, in spite of all.
    client.command("a", "start_all", json!(null)).await;
    let (_, request, _) = api.action().await;
    api.accept(&client, request);
    let mut seen = Vec::new();
    loop {
        let message = client.next().await;
        if message["name"] != "log" {
            assert_eq!(message["id"], "a");
            break;
        }
        seen.push(message["payload"]["seq"].as_u64().unwrap());
    }
    assert!(seen.is_sorted_by(|a, b| a < b));
    while seen.last() != Some(&last) {
        seen.push(client.next().await["payload"]["seq"].as_u64().unwrap());
    }
    assert!(seen.is_sorted_by(|a, b| a < b));
    assert!(
        (seen.len() as u64) < last,
        "nothing was lost, so nothing was tested"
    );
}

#[tokio::test]
async fn a_silent_peer_is_dropped_and_one_that_answers_pings_is_not() {
    let mut api = Api::with(|config| {
        config.limits.ping = Duration::from_millis(20);
        config.limits.silence = Duration::from_secs(1);
    })
    .await;
    let mut lively = api.client().await;
    let silent = api.client().await;
    // Reading is what answers the pings.
    let reading = tokio::spawn(async move {
        while let Some(Ok(Message::Ping(_))) = lively.socket.next().await {}
    });
    assert!(matches!(api.asked().await, Request::Unsubscribe(id) if Some(id) == silent.id));
    assert!(!reading.is_finished());
    reading.abort();
}
