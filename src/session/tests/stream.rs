//! What every client is told without asking.

use super::*;
use crate::facts::{End, Exit};

#[tokio::test]
async fn hello_comes_first_and_the_snapshot_second() {
    let mut api = Api::open().await;
    let mut client = Client::connect(api.address).await;
    // What is said too early is answered after the snapshot.
    client.send(Message::text("{")).await;
    api.logs.note(0, "early");
    let hello = client.next().await;
    assert_eq!(
        hello,
        json!({"type": "event", "name": "hello", "payload": {
            "protocol_version": 1,
            "server": "flowlayer",
            "capabilities": ["get_snapshot", "get_logs", "start_service", "stop_service",
                "restart_service", "start_all", "stop_all", "shutdown", "reload", "history", "terminals"],
            "session_id": SESSION,
            "first_seq": 1,
        }})
    );
    let Request::Subscribe { id, updates, .. } = api.inbox.recv().await.unwrap() else {
        panic!("a subscription comes first");
    };
    api.subscribe(id, updates);
    let snapshot = client.next().await;
    assert_eq!(snapshot["name"], "snapshot");
    assert_eq!(snapshot["payload"]["services"].as_array().unwrap().len(), 3);
    let mut rest = [client.next().await, client.next().await];
    rest.sort_by_key(|message| message["type"].to_string());
    assert_eq!(rest[0]["type"], "error");
    assert_eq!(rest[1]["payload"]["message"], "[flowlayer] early");
    assert_eq!(rest[1]["payload"]["origin"], "flowlayer");
}

#[tokio::test]
async fn status_and_detail_are_told_with_their_time() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_776_508_200_007);
    let mut failed = view(1);
    failed.status = Status::Failed;
    failed.up = false;
    failed.pid = None;
    failed.end = Some(End::Code(1));
    failed.reason = Some(Reason::Exited(Exit::new(End::Code(1), true)));
    failed.wanted = false;
    let view = Arc::new(failed);
    api.send(&client, Update::Status { view, at, after: 0 });
    assert_eq!(
        client.next().await,
        json!({"type": "event", "name": "service_status", "payload": {
            "service": "db", "status": "failed", "timestamp": "2026-04-18T10:30:00.007Z",
            "up": false, "reason": {"code": "exited", "exit_code": 1, "before_ready": true},
            "detail": "exit code 1 before ready", "exit_code": 1, "wanted": false, "wave": 0,
            "kind": "daemon", "since": "1970-01-01T00:00:00.000Z",
        }})
    );
    let mut waiting = super::view(0);
    waiting.reason = Some(Reason::WaitingFor {
        on: vec!["db".into()],
    });
    api.send(
        &client,
        Update::Detail {
            view: Arc::new(waiting),
            at,
        },
    );
    assert_eq!(
        client.next().await,
        json!({"type": "event", "name": "service_detail", "payload": {
            "service": "api", "reason": {"code": "waiting_for", "on": ["db"]}, "detail": "waiting for db", "timestamp": "2026-04-18T10:30:00.007Z",
        }})
    );
}

#[tokio::test]
async fn every_client_sees_the_log_as_it_grows() {
    let mut api = Api::open().await;
    let mut clients = [api.client().await, api.client().await];
    for text in ["one", "two"] {
        api.logs.note(2, text);
    }
    for client in &mut clients {
        for (seq, text) in [(1, "one"), (2, "two")] {
            let event = client.next().await;
            assert_eq!(
                (&event["type"], &event["name"]),
                (&json!("event"), &json!("log"))
            );
            let entry = &event["payload"];
            assert_eq!(entry["seq"], seq);
            assert_eq!(entry["service"], "web");
            assert_eq!(entry["stream"], "stderr");
            assert_eq!(entry["message"], format!("[flowlayer] {text}"));
            let keys: Vec<_> = entry.as_object().unwrap().keys().collect();
            assert_eq!(
                keys,
                [
                    "seq",
                    "service",
                    "phase",
                    "stream",
                    "message",
                    "timestamp",
                    "origin"
                ]
            );
        }
    }
}

#[tokio::test]
async fn an_entry_is_written_by_the_log_as_the_protocol_reads_it() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    let text = "tab\t quote\" \u{1b}[31mred\u{1b}[0m \u{0} \u{2028} \u{fffd} é 😀 \\ /";
    api.logs.note(0, text);
    let Message::Text(event) = client.frame().await else {
        panic!("a text frame");
    };
    let crate::protocol::Incoming::Event(crate::protocol::Event::Log(entry)) =
        crate::protocol::Incoming::parse(&event).unwrap()
    else {
        panic!("{event}");
    };
    assert_eq!(entry.message, format!("[flowlayer] {text}"));
    let again = crate::protocol::message::log(&serde_json::to_string(&entry).unwrap());
    assert_eq!(
        serde_json::from_str::<Value>(&again).unwrap(),
        serde_json::from_str::<Value>(&event).unwrap()
    );
}

#[tokio::test]
async fn one_who_leaves_is_forgotten() {
    let mut api = Api::open().await;
    let mut client = api.client().await;
    soon(client.socket.close(None)).await.unwrap();
    assert!(matches!(
        soon(client.socket.next()).await,
        None | Some(Ok(Message::Close(_)))
    ));
    assert!(matches!(api.asked().await, Request::Unsubscribe(id) if Some(id) == client.id));
    // Without a word too.
    let client = api.client().await;
    let id = client.id;
    drop(client);
    assert!(matches!(api.asked().await, Request::Unsubscribe(gone) if Some(gone) == id));
}
