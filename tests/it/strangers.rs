//! Others who answer the probe of a service (docs/lifecycle.md, Probes).

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Server, Stack, flowlayer, free_port, until};

/// A command that listens on a port.
fn listen(port: u16) -> String {
    let program = flowlayer();
    let program = program.get_program().display();
    format!("exec '{program}' serve -s 127.0.0.1:{port} -c inner.json")
}

fn stack() -> Stack {
    Stack::new().file("inner.json", "{\"services\":{}}")
}

/// The first cause of a service being down, once that is a stranger.
fn stranger(server: &Server, service: &str) -> Value {
    until("a stranger", || {
        let why = server.run(["why", service, "--json"]);
        let causes = &serde_json::from_str::<Value>(&why.stdout).unwrap()["causes"];
        let is_stranger = causes[0]["kind"] == "stranger";
        is_stranger.then(|| causes[0].clone()).ok_or(why)
    })
}

#[test]
#[cfg(target_os = "linux")]
fn who_listened_before_the_start_makes_nobody_ready() {
    let stranger_socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger_socket.local_addr().unwrap().port();
    let probe = json!({ "type": "tcp", "port": port });
    let script = format!("until [ -e go ]; do sleep 0.05; done; {}", listen(port));
    let mut patient = probe.clone();
    patient["timeoutMs"] = json!(300);
    let mut careless = probe.clone();
    careless["owner"] = json!("any");
    let server = stack()
        .shell("api", &script, json!({ "ready": probe }))
        .daemon("web", json!({ "dependsOn": ["api"] }))
        .daemon("brief", json!({ "ready": patient }))
        .daemon("careless", json!({ "ready": careless }))
        .start();
    server.wait_for_line("careless → ready");
    let me = format!("(pid {})", std::process::id());
    let cause = stranger(&server, "web");
    assert_eq!(cause["service"], "api");
    for (field, part) in [
        ("text", "answered by"),
        ("text", &me),
        ("help", &me),
        ("help", "\"owner\": \"any\""),
    ] {
        let text = cause[field].as_str().unwrap();
        assert!(text.contains(part), "{text}");
    }
    let line = server.wait_for_line("brief → failed");
    assert!(line.contains("not ready within 0.3 s"), "{line}");
    assert!(line.contains("answered by") && line.contains(&me), "{line}");
    let mut client = server.connect();
    let services = client.services();
    let api = services.iter().find(|it| it["name"] == "api").unwrap();
    assert_eq!(
        (&api["status"], &api["up"]),
        (&json!("running"), &json!(false))
    );
    let reason = &api["reason"];
    assert_eq!(reason["code"], "stranger");
    assert_eq!(reason["holder"]["pid"], std::process::id());
    assert_eq!(reason["probe"]["target"], format!("127.0.0.1:{port}"));

    drop(stranger_socket);
    fs::write(server.path().join("go"), "").unwrap();
    server.wait_for_line("api → ready");
    server.wait_for_line("web → running");
}

#[test]
#[cfg(target_os = "linux")]
fn a_dependency_may_answer_and_another_service_may_not() {
    let port = free_port();
    let probe = json!({ "type": "tcp", "port": port });
    let needs = |name: &str| json!({ "dependsOn": [name], "ready": probe });
    let server = stack()
        .shell(
            "db",
            &listen(port),
            json!({ "port": port, "ready": { "type": "tcp" } }),
        )
        .daemon("other", json!({}))
        .daemon("user", needs("db"))
        .daemon("indirect", needs("user"))
        .daemon("unrelated", needs("other"))
        .start();
    server.wait_for_line("user → ready");
    let cause = stranger(&server, "unrelated");
    let text = cause["text"].as_str().unwrap();
    assert!(text.contains("answered by flowlayer"), "{text}");
    let start = server.run(["start", "indirect"]);
    assert_eq!(start.code, Some(0), "{start:?}");
}
