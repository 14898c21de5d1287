//! Commands and their outcomes.

use super::*;

async fn pair() -> (Fake, Client, Events, Peer) {
    pair_with(Timings::default()).await
}

/// A client that soon loses patience.
async fn impatient() -> (Fake, Client, Events, Peer) {
    pair_with(Timings {
        ack: Duration::from_millis(200),
        answer: Duration::from_millis(200),
        ..Timings::default()
    })
    .await
}

async fn pair_with(timings: Timings) -> (Fake, Client, Events, Peer) {
    let fake = Fake::new().await;
    let mut config = fake.config();
    config.timings = Timings {
        backoff: config.timings.backoff,
        ..timings
    };
    let (client, mut events) = start(config);
    let peer = fake.welcome("one").await;
    events.label("connected").await;
    (fake, client, events, peer)
}

fn restart() -> Command {
    Command::RestartService("api".to_owned())
}

#[tokio::test]
async fn an_action_is_accepted_then_done() {
    let (_fake, client, _events, mut peer) = pair().await;
    let mut call = client.call(restart());
    let mut message = peer.hears().await;
    let id = message["id"].take();
    assert_eq!(message["payload"], json!({"service": "api"}));
    peer.accepts(&id).await;
    assert_eq!(soon(call.accepted()).await, Ok(()));
    peer.results(&id, json!({"ok": true})).await;
    assert_eq!(soon(call.finished()).await, Ok(Reply::Done));
}

#[tokio::test]
async fn a_refusal_is_told_to_both() {
    let (_fake, client, _events, mut peer) = pair().await;
    let mut call = client.call(restart());
    let id = peer.hears_command("restart_service").await;
    let error = json!({"code": "service_busy", "message": "api is stopping"});
    peer.say(json!({"type": "ack", "id": id, "payload": {"accepted": false, "error": error}}))
        .await;
    let refused = soon(call.accepted()).await.unwrap_err();
    assert!(matches!(&refused, CommandError::Refused(body) if body.code == "service_busy"));
    assert_eq!(soon(call.finished()).await, Err(refused));
}

#[tokio::test]
async fn a_failure_brings_its_reason_and_its_services() {
    let (_fake, client, _events, mut peer) = pair().await;
    let acting = tokio::spawn(async move { client.act(Command::StartAll).await });
    let id = peer.hears_command("start_all").await;
    peer.accepts(&id).await;
    let error = json!({"code": "internal_error", "message": "db failed"});
    peer.results(
        &id,
        json!({"ok": false, "error": error, "failed_services": ["api", "db"]}),
    )
    .await;
    let Err(CommandError::Failed {
        error,
        failed_services,
    }) = soon(acting).await.unwrap()
    else {
        panic!("it failed");
    };
    assert_eq!(error.message, "db failed");
    assert_eq!(failed_services, ["api", "db"]);
}

#[tokio::test]
async fn answers_are_matched_by_id() {
    let (_fake, client, _events, mut peer) = pair().await;
    let first = client.call(Command::GetSnapshot);
    let second = client.call(Command::GetLogs(LogsQuery::default()));
    let snapshot = peer.hears_command("get_snapshot").await;
    let logs = peer.hears_command("get_logs").await;
    peer.accepts(&logs).await;
    peer.accepts(&snapshot).await;
    let data = json!({"entries": [entry(7)], "truncated": true, "effective_limit": 1});
    peer.results(&logs, json!({"ok": true, "data": data})).await;
    let data = json!({"services": [{"name": "db", "status": "ready"}]});
    peer.results(&snapshot, json!({"ok": true, "data": data}))
        .await;
    let Ok(Reply::Snapshot(services)) = soon(first.finished()).await else {
        panic!("a snapshot");
    };
    assert_eq!(services[0].name, "db");
    let Ok(Reply::Logs(page)) = soon(second.finished()).await else {
        panic!("a page");
    };
    assert_eq!(
        (page.entries[0].seq, page.truncated, page.effective_limit),
        (7, true, 1)
    );
    assert_eq!(&*page.entries[0].message, "line 7");
}

#[tokio::test]
async fn what_is_not_answered_in_time_has_failed() {
    let (_fake, client, mut events, mut peer) = impatient().await;
    let (mut action, question) = (client.call(restart()), client.call(Command::GetSnapshot));
    let late = peer.hears_command("restart_service").await;
    let id = peer.hears_command("get_snapshot").await;
    peer.accepts(&id).await;
    let late_ack = soon(action.accepted()).await;
    assert!(matches!(late_ack, Err(CommandError::NoAnswer(_))));
    let no_answer = soon(question.finished()).await;
    assert!(matches!(no_answer, Err(CommandError::NoAnswer(_))));
    // What comes after all is for nobody, and does no harm.
    peer.accepts(&late).await;
    peer.results(&late, json!({"ok": true})).await;
    peer.say(
        json!({"type": "event", "name": "service_detail", "payload": {
        "service": "api", "detail": "still here", "timestamp": "2026-04-18T10:30:00.000Z"}}),
    )
    .await;
    while !matches!(events.expect().await, Event::Detail(_)) {}
}

#[tokio::test]
async fn an_accepted_action_may_take_its_time() {
    let (_fake, client, _events, mut peer) = impatient().await;
    let mut call = client.call(restart());
    let id = peer.hears_command("restart_service").await;
    peer.accepts(&id).await;
    assert_eq!(soon(call.accepted()).await, Ok(()));
    // The patience for an answer ends; that for an action does not.
    let no_answer = soon(client.snapshot()).await;
    assert!(matches!(no_answer, Err(CommandError::NoAnswer(_))));
    peer.results(&id, json!({"ok": true})).await;
    assert_eq!(soon(call.finished()).await, Ok(Reply::Done));
}

#[tokio::test]
async fn what_was_pending_at_a_disconnect_has_failed_and_is_not_sent_again() {
    let (fake, client, mut events, mut peer) = pair().await;
    let mut call = client.call(restart());
    let id = peer.hears_command("restart_service").await;
    peer.accepts(&id).await;
    assert_eq!(soon(call.accepted()).await, Ok(()));
    drop(peer);
    assert_eq!(soon(call.finished()).await, Err(CommandError::Disconnected));
    events.label("reconnecting").await;
    let mut peer = fake.welcome("one").await;
    events.label("connected").await;
    let _call = client.call(Command::StopAll);
    // The first thing it hears.
    peer.hears_command("stop_all").await;
}

#[tokio::test]
async fn without_a_connection_nothing_is_sent() {
    let (_socket, address) = closed_port();
    let mut patient = config(&address);
    patient.timings.backoff = vec![Duration::from_secs(3600)];
    let (client, mut events) = start(patient);
    events.label("unreachable").await;
    let error = soon(client.act(restart())).await.unwrap_err();
    assert_eq!(error, CommandError::NotConnected);
}

#[tokio::test]
async fn questions_get_through_however_many_actions_wait() {
    let (_fake, client, _events, mut peer) = pair().await;
    let mut calls: Vec<Call> = (0..25).map(|_| client.call(Command::StartAll)).collect();
    for _ in 0..24 {
        let id = peer.hears_command("start_all").await;
        peer.accepts(&id).await;
    }
    let last = calls.pop().unwrap();
    assert_eq!(soon(last.finished()).await, Err(CommandError::TooMany));
    let _question = client.call(Command::GetSnapshot);
    peer.hears_command("get_snapshot").await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_an_error_not_a_hang() {
    let (_fake, client, _events, mut peer) = pair().await;
    for payload in [
        json!({"ok": true}),
        json!({"ok": true, "data": 3}),
        json!([]),
    ] {
        let call = client.call(Command::GetSnapshot);
        let id = peer.hears_command("get_snapshot").await;
        peer.accepts(&id).await;
        peer.results(&id, payload).await;
        assert!(matches!(
            soon(call.finished()).await,
            Err(CommandError::Unreadable(_))
        ));
    }
}
