//! Commands and their answers.

use super::*;
use crate::runtime::handle::Urgency;

#[tokio::test]
async fn what_is_no_command_gets_an_error_and_the_connection_stays() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let table = [
        ("{", json!(null), "invalid_json", "invalid json message"),
        ("[]", json!(null), "invalid_json", "invalid json message"),
        (
            r#"{"id":"7"}"#,
            json!("7"),
            "missing_type",
            "type is required",
        ),
        (
            r#"{"type":"command"}"#,
            json!(null),
            "missing_id",
            "command.id is required",
        ),
        (
            r#"{"type":"command","id":"7"}"#,
            json!("7"),
            "missing_name",
            "command.name is required",
        ),
        (
            r#"{"type":"ack"}"#,
            json!(null),
            "missing_id",
            "ack.id is required",
        ),
        (
            r#"{"type":"ack","id":"7"}"#,
            json!("7"),
            "invalid_payload",
            "ack.payload.accepted is required",
        ),
        (
            r#"{"type":"result"}"#,
            json!(null),
            "missing_id",
            "result.id is required",
        ),
        (
            r#"{"type":"result","id":"7"}"#,
            json!("7"),
            "invalid_payload",
            "result.payload.ok is required",
        ),
        (
            r#"{"type":"event"}"#,
            json!(null),
            "missing_name",
            "event.name is required",
        ),
        (
            r#"{"type":"error"}"#,
            json!(null),
            "invalid_payload",
            "error.payload.code and error.payload.message are required",
        ),
        (
            r#"{"type":"x","id":"7"}"#,
            json!("7"),
            "unknown_type",
            "unknown message type",
        ),
        (
            r#"{"type":"event","name":"log"}"#,
            json!(null),
            "unsupported_message_type",
            "only command messages can be routed",
        ),
    ];
    for (message, id, code, words) in table {
        for frame in [Message::text(message), Message::binary(message.as_bytes())] {
            client.send(frame).await;
            let answer = client.next().await;
            assert_eq!(answer["type"], "error", "{message}");
            assert_eq!(answer["id"], id, "{message}");
            assert_eq!(answer.get("id").is_some(), !id.is_null(), "{message}");
            assert_eq!(answer["payload"], json!({"code": code, "message": words}));
        }
    }
    client.send(Message::binary(&b"\xff\xfe"[..])).await;
    assert_eq!(client.next().await["payload"]["code"], "invalid_json");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_the_ack() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let table = [
        ("re_load", json!(null), "unknown_command"),
        (
            "start_service",
            json!({"service": "foo"}),
            "unknown_service",
        ),
        (
            "start_service",
            json!({"service": "API"}),
            "unknown_service",
        ),
        ("get_logs", json!({"service": "foo"}), "unknown_service"),
        ("start_service", json!(null), "invalid_payload"),
        ("stop_service", json!({"service": 3}), "invalid_payload"),
        ("get_logs", json!({"limit": 0}), "invalid_payload"),
        (
            "get_logs",
            json!({"after_seq": 1, "before_seq": 2}),
            "invalid_payload",
        ),
    ];
    for (name, payload, code) in table {
        client.command("7", name, payload).await;
        let answer = client.next().await;
        assert_eq!(answer["type"], "ack");
        assert_eq!(answer["id"], "7");
        assert_eq!(answer["payload"]["accepted"], false);
        assert_eq!(answer["payload"]["error"]["code"], code, "{name}");
    }
    client
        .command("8", "stop_service", json!({"service": "foo"}))
        .await;
    let answer = client.next().await;
    assert_eq!(
        answer["payload"]["error"]["message"],
        "service \"foo\" is not defined"
    );
}

#[tokio::test]
async fn an_action_is_acknowledged_watched_and_ended_in_order() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    client
        .command("a", "restart_service", json!({"service": "db"}))
        .await;
    let (subscriber, request, action) = api.action().await;
    assert_eq!((Some(subscriber), action), (client.id, Action::Restart(1)));
    api.accept(&client, request);
    api.send_status(&client, 1, Status::Stopping);
    api.send_status(&client, 1, Status::Running);
    api.done(&client, request);
    assert_eq!(
        client.next().await,
        json!({"type": "ack", "id": "a", "payload": {"accepted": true}})
    );
    assert_eq!(client.next().await["payload"]["status"], "stopping");
    assert_eq!(client.next().await["payload"]["status"], "running");
    assert_eq!(
        client.next().await,
        json!({"type": "result", "id": "a", "payload": {"ok": true}})
    );
}

#[tokio::test]
async fn every_action_reaches_the_runtime() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let table = [
        ("start_service", json!({"service": "api"}), Action::Start(0)),
        (
            "stop_service",
            json!({"service": "web", "x": 1}),
            Action::Stop(2),
        ),
        ("start_all", json!({}), Action::StartAll),
        ("stop_all", json!(null), Action::StopAll),
        ("shutdown", json!(null), Action::Shutdown(Urgency::Graceful)),
        (
            "shutdown",
            json!({"force": true}),
            Action::Shutdown(Urgency::Now),
        ),
    ];
    for (name, payload, expected) in table {
        client.command(name, name, payload).await;
        let (_, request, action) = api.action().await;
        assert_eq!(action, expected);
        api.accept(&client, request);
        let outcome = Outcome::Failed {
            message: "db failed".to_owned(),
            failed_services: vec!["api".into(), "db".into()],
        };
        let report = None;
        let result = Update::Result {
            request,
            outcome,
            report,
        };
        api.send(&client, result);
        assert_eq!(client.next().await["payload"]["accepted"], true);
        assert_eq!(
            client.next().await,
            json!({"type": "result", "id": name, "payload": {
                "ok": false,
                "error": {"code": "internal_error", "message": "db failed"},
                "failed_services": ["api", "db"],
            }})
        );
    }
}

#[tokio::test]
async fn what_is_busy_is_refused_with_the_words_of_the_runtime() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    client.command("a", "start_all", json!(null)).await;
    let (_, request, _) = api.action().await;
    let decision = Decision::Busy(crate::runtime::Rejection {
        message: "the session is shutting down".to_owned(),
    });
    api.send(&client, Update::Ack { request, decision });
    assert_eq!(
        client.next().await["payload"],
        json!({"accepted": false, "error": {
            "code": "service_busy", "message": "the session is shutting down"
        }})
    );
}

#[tokio::test]
async fn get_snapshot_answers_with_the_services() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    client.command("a", "get_snapshot", json!(null)).await;
    assert_eq!(client.next().await["payload"], json!({"accepted": true}));
    let Request::Snapshot(_, request) = api.asked().await else {
        panic!("a snapshot is asked for");
    };
    let update = Update::Snapshot {
        request: Some(request),
        services: snapshot(),
        config: Arc::default(),
    };
    api.send(&client, update);
    let answer = client.next().await;
    assert_eq!(
        (&answer["type"], &answer["id"]),
        (&json!("result"), &json!("a"))
    );
    let services = answer["payload"]["data"]["services"]
        .as_array()
        .unwrap()
        .clone();
    let names: Vec<_> = services
        .iter()
        .map(|service| service["name"].clone())
        .collect();
    assert_eq!(names, SERVICES.map(Value::from));
    assert_eq!(
        services[0],
        json!({"name": "api", "status": "running", "up": true, "pid": 4242, "wanted": true, "wave": 0,
            "kind": "daemon", "since": "1970-01-01T00:00:00.000Z",
            "spec": {"argv": [], "cwd": "", "auto_start": false, "grace_ms": 0}})
    );
}

#[tokio::test]
async fn get_logs_answers_with_entries_and_the_limit_that_applied() {
    let mut api = Api::open().await;
    for (service, text) in [(0, "one"), (1, "two"), (1, "three"), (1, "four")] {
        api.logs.note(service, text);
    }
    let mut client = api.client().await;
    let mut ask = async |payload: Value| {
        client.command("a", "get_logs", payload).await;
        assert_eq!(client.next().await["payload"], json!({"accepted": true}));
        let mut result = client.next().await;
        assert_eq!(result["payload"]["ok"], true);
        result["payload"]["data"].take()
    };
    let seqs = |data: &Value| -> Vec<u64> {
        let entries = data["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["seq"].as_u64().unwrap())
            .collect()
    };
    let all = ask(json!(null)).await;
    assert_eq!(seqs(&all), [1, 2, 3, 4]);
    assert_eq!(
        (&all["truncated"], &all["effective_limit"]),
        (&json!(false), &json!(500))
    );
    let db = ask(json!({"service": "db"})).await;
    assert_eq!(seqs(&db), [3, 4]);
    assert_eq!(
        (&db["truncated"], &db["effective_limit"]),
        (&json!(true), &json!(2))
    );
    let before = ask(json!({"before_seq": 3, "limit": 1})).await;
    assert_eq!(
        (seqs(&before), &before["effective_limit"]),
        (vec![2], &json!(1))
    );
    let after = ask(json!({"after_seq": 3, "limit": 9_000_000_000_u64})).await;
    assert_eq!(seqs(&after), [4]);
    assert_eq!(after["effective_limit"], json!(9_000_000_000_u64));
}

#[tokio::test]
async fn get_events_answers_with_records() {
    let mut api = Api::open().await;
    for _ in 0..4 {
        let record = |number| format!("{{\"number\":{number},\"event\":\"boot_started\"}}");
        api.logs.record(false, record);
    }
    let mut client = api.client().await;
    let mut ask = async |payload: Value| {
        client.command("a", "get_events", payload).await;
        assert_eq!(client.next().await["payload"], json!({"accepted": true}));
        client.next().await["payload"]["data"].take()
    };
    let record = |number| json!({"number": number, "event": "boot_started"});
    assert_eq!(
        ask(json!(null)).await,
        json!({"events": [record(1), record(2), record(3), record(4)], "truncated": false,
            "effective_limit": 1000})
    );
    assert_eq!(
        ask(json!({"after": 1, "before": 4, "limit": 1})).await,
        json!({"events": [record(3)], "truncated": true, "effective_limit": 1})
    );
}

#[tokio::test]
async fn a_command_may_come_in_pieces() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let text = r#"{"type":"command","id":"é","name":"stop_all"}"#.as_bytes();
    let pieces = text.chunks(5).count();
    for (index, piece) in text.chunks(5).enumerate() {
        let opcode = if index == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let last = index + 1 == pieces;
        let frame = Frame::message(piece.to_vec(), OpCode::Data(opcode), last);
        client.send(Message::Frame(frame)).await;
        client.send(Message::Ping(vec![1].into())).await;
    }
    let (_, _, action) = api.action().await;
    assert_eq!(action, Action::StopAll);
}
