//! Attempts, failures and what is said about them.

use super::*;
use crate::facts::Status;

#[tokio::test]
async fn a_server_introduces_itself_and_is_heard() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(fake.config());
    let mut peer = fake.welcome("one").await;
    assert_eq!(
        events.expect().await,
        Event::Connection(ConnectionState::Connecting)
    );
    assert_eq!(
        events.expect().await,
        Event::Connection(ConnectionState::Connected)
    );
    let Event::Session(session) = events.expect().await else {
        panic!("a session");
    };
    assert_eq!(session.hello.session_id.as_deref(), Some("one"));
    assert_eq!(
        (session.address, session.restarted),
        (fake.address(), false)
    );
    let Event::Snapshot(services) = events.expect().await else {
        panic!("a snapshot");
    };
    assert_eq!(
        (services[0].name.as_str(), services[0].status),
        ("api", Status::Running)
    );
    let at = "2026-04-18T10:30:00.000Z";
    // What is not understood is passed over.
    peer.say(json!({"type": "event", "name": "weather", "payload": 3}))
        .await;
    peer.say(json!({"type": "event", "name": "service_status", "payload": 3}))
        .await;
    peer.say(
        json!({"type": "event", "name": "service_status", "payload": {
        "service": "api", "status": "failed", "timestamp": at, "exit_code": 1}}),
    )
    .await;
    peer.say(
        json!({"type": "event", "name": "service_detail", "payload": {
        "service": "api", "detail": "waiting", "timestamp": at}}),
    )
    .await;
    let Event::Status { state, .. } = events.expect().await else {
        panic!("a status");
    };
    assert_eq!(
        (state.status, state.details.exit_code),
        (Status::Failed, Some(1))
    );
    let Event::Detail(state) = events.expect().await else {
        panic!("a detail");
    };
    assert_eq!(state.details.exit_code, Some(1));
    assert_eq!(state.details.detail.as_deref(), Some("waiting"));
    assert_eq!(state.details.reason, None, "a code of a later version");
}

#[tokio::test]
async fn the_token_travels_in_the_header_and_is_looked_up_for_every_attempt() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    let address = fake.address();
    let asked = Arc::new(AtomicUsize::new(0));
    config.target = Arc::new(move || {
        let attempt = asked.fetch_add(1, Ordering::Relaxed);
        Ok(Target {
            address: address.clone(),
            token: (attempt > 0).then(|| Token::new(format!("t{attempt}")).unwrap()),
            recipient: Recipient::Anybody,
        })
    });
    let (_client, _events) = start(config);
    let refusal = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    let first = fake.answer(refusal).await.to_ascii_lowercase();
    assert!(!first.contains("authorization"), "{first}");
    let second = fake.answer(refusal).await.to_ascii_lowercase();
    assert!(second.contains("authorization: bearer t1\r\n"), "{second}");
    assert!(second.starts_with("get /ws http/1.1\r\n"), "{second}");
}

#[tokio::test]
async fn every_refusal_has_its_name() {
    let table = [
        ("HTTP/1.1 401 Unauthorized", "token required"),
        ("HTTP/1.1 403 Forbidden", "invalid token"),
        ("HTTP/1.1 404 Not Found", "not a flowlayer server"),
        ("HTTP/1.1 200 OK", "not a flowlayer server"),
        ("HTTP/1.1 503 Service Unavailable", "too many connections"),
        ("SSH-2.0-OpenSSH_9.6", "not a flowlayer server"),
    ];
    for (line, label) in table {
        let fake = Fake::new().await;
        let (_client, mut events) = start(fake.config());
        fake.answer(&format!("{line}\r\ncontent-length: 0\r\n\r\n"))
            .await;
        let state = events.label(label).await;
        assert!(matches!(
            state,
            ConnectionState::Failing {
                retry_at: Some(_),
                ..
            }
        ));
    }
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again_soon() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.timings.backoff.push(Duration::from_secs(3600));
    let (client, mut events) = start(config);
    fake.answer("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        .await;
    let ConnectionState::Failing { retry_at, why } = events.label("invalid token").await else {
        panic!("it fails");
    };
    let wait = retry_at.unwrap() - std::time::Instant::now();
    assert!(wait > Duration::from_secs(3000));
    assert!(!why.to_string().contains("secret"));
    // Unless somebody asks for it.
    client.retry_now();
    fake.welcome("one").await;
    events.label("connected").await;
}

#[tokio::test]
async fn strangers_are_recognised_by_what_they_say() {
    let table = [
        (
            json!({"type": "event", "name": "snapshot", "payload": {"services": []}}),
            "not a flow",
        ),
        (
            json!({"type": "event", "name": "hello", "payload": {
            "protocol_version": 1, "server": "other"}}),
            "not a flow",
        ),
        (
            json!({"type": "event", "name": "hello", "payload": {
            "protocol_version": 2, "server": "flowlayer"}}),
            "protocol version 2 is not supported",
        ),
        (json!("hi"), "not a flow"),
    ];
    for (first, label) in table {
        let fake = Fake::new().await;
        let (_client, mut events) = start(fake.config());
        let mut peer = fake.upgrade().await;
        peer.say(first).await;
        events.label(label).await;
    }
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.timings.handshake = Duration::from_millis(50);
    let (_client, mut events) = start(config.clone());
    let quiet = fake.accept().await;
    events.label("unreachable").await;
    drop(quiet);
    let (_client, mut events) = start(config);
    // One that upgrades and then says nothing is a stranger. The first client tries again too, so
    // all are treated alike.
    let server = async {
        let mut peers = Vec::new();
        loop {
            peers.push(fake.upgrade().await);
        }
    };
    tokio::select! {
        _ = events.label("not a flowlayer server") => {}
        () = server => {}
    }
}

#[tokio::test]
async fn a_first_attempt_that_fails_is_repeated() {
    let (socket, address) = closed_port();
    let (_client, mut events) = start(config(&address));
    let state = events.label("unreachable").await;
    let ConnectionState::Failing { why, .. } = state else {
        panic!("{state:?}");
    };
    assert!(
        why.to_string()
            .starts_with(&format!("cannot reach {address}: ")),
        "{why}"
    );
    let fake = Fake {
        listener: socket.listen(16).unwrap(),
    };
    fake.welcome("one").await;
    events.label("connected").await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let fake = Fake::new().await;
    let (_client, mut events) = start(fake.config());
    for (session, restarted) in [("one", false), ("one", false), ("two", true)] {
        let mut peer = fake.welcome(session).await;
        loop {
            if let Event::Session(session) = events.expect().await {
                assert_eq!(session.restarted, restarted);
                break;
            }
        }
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
            code: 1001.into(),
            reason: "bye".into(),
        };
        soon(peer.socket.close(Some(frame))).await.unwrap();
        let state = events.label("reconnecting").await;
        let ConnectionState::Reconnecting { why, .. } = state else {
            panic!("{state:?}");
        };
        let reason = "bye".to_owned();
        assert_eq!(why, Failure::Closed { code: 1001, reason });
    }
}

#[tokio::test]
async fn the_waits_grow_until_a_connection_holds() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.timings.backoff = [5, 40, 80].map(Duration::from_millis).to_vec();
    let (_client, mut events) = start(config);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let before = std::time::Instant::now();
        drop(fake.welcome("one").await);
        let ConnectionState::Reconnecting { retry_at, .. } = events.label("reconnecting").await
        else {
            panic!("it reconnects");
        };
        waits.push(retry_at - before);
    }
    assert!(waits[1] >= Duration::from_millis(40));
    assert!(waits[2] >= Duration::from_millis(80));
}

#[tokio::test]
async fn persistence_has_an_end() {
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    for persistence in [Persistence::Once, Persistence::OnceConnected] {
        let fake = Fake::new().await;
        let mut config = fake.config();
        config.persistence = persistence;
        let (refused, _) = tokio::join!(connect(config.clone()), fake.answer(refusal));
        let address = fake.address();
        assert_eq!(refused.unwrap_err(), Failure::InvalidToken(address));

        let (connected, peer) = tokio::join!(connect(config), fake.welcome("one"));
        let mut connected = connected.unwrap();
        assert_eq!(connected.services.len(), 1);
        drop(peer);
        if persistence == Persistence::Once {
            while soon(connected.events.next()).await.is_some() {}
            let error = connected.client.snapshot().await.unwrap_err();
            assert_eq!(error, CommandError::NotConnected);
        } else {
            connected.events.label("reconnecting").await;
            fake.welcome("one").await;
            connected.events.label("connected").await;
        }
    }
}

#[tokio::test]
async fn a_server_that_has_gone_quiet_is_given_up() {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.timings.ping = Duration::from_millis(20);
    config.timings.silence = Duration::from_millis(60);
    let (_client, mut events) = start(config);
    // It does not read, so it does not answer the ping.
    let _peer = fake.welcome("one").await;
    let ConnectionState::Reconnecting { why, .. } = events.label("reconnecting").await else {
        panic!("it reconnects");
    };
    assert!(matches!(why, Failure::Silent(_)));
}

#[tokio::test]
async fn nobody_wants_it_any_more() {
    let fake = Fake::new().await;
    let (client, mut events) = start(fake.config());
    let mut peer = fake.welcome("one").await;
    while !matches!(events.expect().await, Event::Snapshot(_)) {}
    drop(client);
    let end = soon(peer.socket.next()).await;
    assert!(matches!(end, Some(Ok(Message::Close(_)))), "{end:?}");
    while soon(events.next()).await.is_some() {}
}
