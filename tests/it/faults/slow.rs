//! Limits of half a minute and more, waited for in real time. They are not part of every run of the tests:
//! `FLOWLAYER_SLOW=1` asks for them.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{closed_after, upgrade};
use crate::harness::{Server, Stack, flowlayer, free_port, skipped};

fn asked_for(what: &str) -> bool {
    let asked = std::env::var_os("FLOWLAYER_SLOW").is_some();
    if !asked {
        skipped(what, "FLOWLAYER_SLOW not set");
    }
    asked
}

const SECOND: Duration = Duration::from_secs(1);

fn with_a_stop_command_that_hangs() -> Server {
    Stack::new()
        .daemon(
            "api",
            json!({ "stopCmd": ["sh", "-c", "setsid sleep 1000000 & sleep 1000000"] }),
        )
        .start()
        .booted()
}

/// That nothing happens before the limit is what is tested, so that there is no event to wait for.
#[track_caller]
fn is_left_alone_for_25_seconds(server: &Server) {
    std::thread::sleep(25 * SECOND);
    assert_eq!(server.services().len(), 4, "{:#?}", server.services());
}

#[test]
fn a_stop_command_has_thirty_seconds() {
    if !asked_for("the limit of a stopCmd") {
        return;
    }
    let server = with_a_stop_command_that_hangs();
    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    is_left_alone_for_25_seconds(&server);
    server.wait_for_line("stopCmd took longer than 30 s and was ended: sending SIGTERM instead");
    assert_eq!(server.wait_for_end().code, Some(0));
    let took = began.elapsed();
    assert!((30 * SECOND..38 * SECOND).contains(&took), "{took:?}");
}

#[test]
fn a_stop_command_of_the_guardian_has_thirty_seconds() {
    if !asked_for("the limit of a stopCmd of the guardian") {
        return;
    }
    let server = with_a_stop_command_that_hangs();
    let began = Instant::now();
    server.kill_serving();
    is_left_alone_for_25_seconds(&server);
    assert_eq!(server.wait_for_end().code, Some(1));
    let took = began.elapsed();
    assert!((30 * SECOND..38 * SECOND).contains(&took), "{took:?}");
}

#[test]
fn a_peer_that_answers_no_ping_is_dropped_after_a_minute() {
    if !asked_for("a silent peer") {
        return;
    }
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let took = closed_after(upgrade(&server));
    assert!((55 * SECOND..85 * SECOND).contains(&took), "{took:?}");
    assert!(
        server
            .connect()
            .command("get_snapshot", &Value::Null)
            .is_ok()
    );
}

/// Five seconds are short enough for every run.
#[test]
fn a_port_that_something_of_ours_keeps_fails_the_stop_after_five_seconds() {
    let port = free_port();
    let listen = format!(
        "exec '{}' serve -s 127.0.0.1:{port} -c inner.json",
        flowlayer().get_program().display()
    );
    let server = Stack::new()
        .file("inner.json", "{\"services\":{}}")
        .daemon("api", json!({ "port": port }))
        .shell(
            "other",
            &listen,
            json!({ "dependsOn": ["api"], "ready": { "type": "tcp", "port": port } }),
        )
        .argument("--quiet")
        .start()
        .booted();
    let mut client = server.connect();
    let began = Instant::now();
    let reply = client.command("stop_service", &json!({ "service": "api" }));
    let took = began.elapsed();
    let result = reply.result.unwrap();
    let message = result["error"]["message"].as_str().unwrap();
    let words = format!("port {port} was not released within 5 s");
    assert!(message.contains(&words), "{message}");
    assert!((5 * SECOND..9 * SECOND).contains(&took), "{took:?}");
    // It could not be stopped, which the end of the session says too.
    assert_eq!(server.stop().code, Some(1));
}
