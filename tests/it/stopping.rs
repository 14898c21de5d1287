//! Who is told to end, when and how often, with real services (docs/lifecycle.md, Stopping).

use serde_json::{Value, json};

use crate::harness::{Server, Stack};

/// Stops the service `it`; returns its lines.
#[track_caller]
fn stopped(stack: &Server) -> Vec<String> {
    let mut client = stack.connect();
    let it = json!({ "service": "it" });
    assert!(client.command("stop_service", &it).is_ok());
    let logs = client.command("get_logs", &it).result.expect("a result");
    let entries = logs["data"]["entries"].as_array().expect("a list");
    let message = |entry: &Value| entry["message"].as_str().expect("a text").to_owned();
    entries.iter().map(message).collect()
}

fn armed(rest: Value) -> Value {
    let mut rest = rest;
    rest["ready"] = json!({ "type": "log", "pattern": "armed" });
    rest
}

/// Passes SIGTERM on to its child, as npm and many launchers do; the child takes a second one for "at once".
const FORWARDER: &str = "sh -c 'n=0; trap \"n=\\$((n+1)); echo asked \\$n times\" TERM; echo armed; \
    until [ $n -gt 0 ]; do sleep 0.02; done; \
    i=0; while [ $i -lt 20 ]; do sleep 0.02; i=$((i+1)); done; echo done' & \
    trap 'kill -TERM $!' TERM; wait; wait; echo child has ended";

#[test]
fn the_child_of_a_leader_that_forwards_is_asked_once() {
    let stack = Stack::new()
        .shell("it", FORWARDER, armed(json!({ "stopScope": "leader" })))
        .start()
        .booted();
    assert_eq!(
        stopped(&stack),
        ["armed", "asked 1 times", "done", "child has ended"]
    );
}

#[test]
fn workers_finish_when_their_leader_lets_them() {
    let script = "(trap 'echo LOST; exit 1' TERM; until [ -e drain ]; do sleep 0.02; done; echo result) & \
        trap 'touch drain' TERM; echo armed; wait; wait; echo drained";
    let stack = Stack::new()
        .shell("it", script, armed(json!({ "stopScope": "leader" })))
        .start()
        .booted();
    assert_eq!(stopped(&stack), ["armed", "result", "drained"]);
}

#[test]
fn a_stop_command_that_only_asks_leaves_the_service_its_grace() {
    let script = "trap 'echo DISTURBED' TERM; trap 'sleep 1.5; echo saved; exit 0' USR1; \
        echo armed; while :; do sleep 0.02; done";
    let stop = json!({ "stopCmd": ["sh", "-c", "kill -USR1 $FLOWLAYER_PID"] });
    let stack = Stack::new().shell("it", script, armed(stop)).start();
    assert_eq!(stopped(&stack.booted()), ["armed", "saved"]);
}

#[test]
fn a_service_is_told_by_its_own_signal() {
    let script = "trap 'echo interrupted; exit 0' INT; trap 'echo TERMINATED' TERM; \
        echo armed; while :; do sleep 0.02; done";
    let stack = Stack::new()
        .shell("it", script, armed(json!({ "stopSignal": "SIGINT" })))
        .start()
        .booted();
    let spec = stack.connect().services()[0]["spec"].clone();
    assert_eq!(spec["stop_signal"], json!("SIGINT"));
    assert_eq!(stopped(&stack), ["armed", "interrupted"]);
}

/// What `prlimit` leaves no trace of, and nobody saw below its service.
#[test]
fn a_stop_names_what_belongs_to_no_known_service() {
    let script = "(exec prlimit --locks=unlimited --rss=unlimited env -i setsid \
        sh -c 'sleep 100 </dev/null >/dev/null 2>&1 &'); echo armed; exec sleep 1000";
    let stack = Stack::new().shell("it", script, armed(json!({}))).start();
    let stack = stack.booted();
    let words = "of no known service, and still running: pid ";
    let lines = stopped(&stack);
    assert!(lines[1].contains(&format!("stopped; {words}")), "{lines:?}");
    let state = stack.connect().services()[0].clone();
    assert!(
        state["detail"].as_str().unwrap().starts_with(words),
        "{state}"
    );
    assert_eq!(state["reason"]["unowned"].as_array().unwrap().len(), 1);
    assert_eq!(stack.stop().code, Some(0), "it ends with the session");
}
