//! Who gets the stop signal, when and how often, with real services (docs/lifecycle.md, Stopping).

use serde_json::{Value, json};

use crate::harness::{Child, Server, Stack, free_port, until};

fn service(name: &str) -> Value {
    json!({ "service": name })
}

/// Stops the service `it`; returns its lines.
#[track_caller]
fn stopped(stack: &Server) -> Vec<String> {
    let mut client = stack.connect();
    let it = service("it");
    assert!(client.command("stop_service", &it).is_ok());
    let logs = client.command("get_logs", &it).result.expect("a result");
    let entries = logs["data"]["entries"].as_array().expect("a list");
    let message = |entry: &Value| entry["message"].as_str().expect("a text").to_owned();
    entries.iter().map(message).collect()
}

fn armed(mut rest: Value) -> Value {
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
fn a_service_gets_its_own_stop_signal() {
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

/// What `prlimit` leaves no trace of, and nobody saw below its service: not in the looks that follow its start.
#[test]
fn a_stop_names_what_belongs_to_no_known_service() {
    let script = "sleep 0.6; (exec prlimit --locks=unlimited --rss=unlimited env -i setsid \
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

/// How many processes of this machine run exactly this command line: also finds those that have
/// thrown their environment away.
fn running(command: &str) -> usize {
    let wanted: Vec<u8> = command
        .bytes()
        .map(|byte| if byte == b' ' { 0 } else { byte })
        .collect();
    let processes = std::fs::read_dir("/proc").expect("a Linux").flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(|line| line.strip_suffix(b"\0") == Some(&wanted))
        .count()
}

#[test]
fn a_stop_ends_what_left_the_group_the_session_and_its_parent() {
    // A time nobody else sleeps.
    let sleep = format!("sleep 7{}.5", std::process::id());
    let script = format!(
        "setsid {sleep} & (setsid sh -c '{sleep} & {sleep}' &) ; (env -i setsid {sleep} &) ; echo armed; {sleep}; :"
    );
    let stack = Stack::new()
        .shell(
            "wild",
            &script,
            json!({ "ready": { "type": "log", "pattern": "armed" } }),
        )
        .daemon("calm", json!({}))
        .start()
        .booted();
    stack.wait_for_processes("five sleeps", |_| running(&sleep) == 5);
    let mut client = stack.connect();
    assert!(client.command("stop_service", &service("wild")).is_ok());
    assert_eq!(running(&sleep), 0);
    assert_eq!(stack.services().len(), 1, "the other one is not touched");
}

#[test]
fn a_stop_that_takes_its_time_ends_in_sigkill_after_the_grace() {
    let stack = Stack::new().stubborn(300).start().booted();
    let mut client = stack.connect();
    assert!(client.command("stop_service", &service("stubborn")).is_ok());
    assert_eq!(client.services()[0]["signal"], json!("SIGKILL"));
}

#[test]
fn a_stop_command_does_the_stopping_and_its_output_is_logged() {
    let stack = Stack::new()
        .shell(
            "worker",
            "echo $$ > worker.pid; trap 'exit 0' USR1; echo armed; while :; do sleep 0.05; done",
            json!({
                "stopCmd": ["sh", "-c", "echo bye $NAME; kill -USR1 $(cat worker.pid)"],
                "env": { "NAME": "worker" },
                "ready": { "type": "log", "pattern": "armed" },
            }),
        )
        .start()
        .booted();
    let mut client = stack.connect();
    assert!(client.command("stop_service", &service("worker")).is_ok());
    let logs = client
        .command("get_logs", &service("worker"))
        .result
        .expect("a result");
    assert_eq!(logs["data"]["entries"][1]["message"], json!("bye worker"));
}

/// A container goes a moment after the command that ends it, and is not below the server.
#[test]
fn a_stop_waits_for_a_port_that_somebody_else_holds() {
    let port = free_port();
    let stack = Stack::new().daemon("db", json!({ "port": port })).start();
    stack.wait_for_line("db → running");
    let holder = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    let restart = Child::spawn(stack.client(["restart", "db"]));
    until("the stop waits for the port", || {
        let status = stack.run(["status"]).stdout;
        let waits = status.contains("waiting for its port");
        waits.then_some(()).ok_or(status)
    });
    drop(holder);
    let restarted = restart.finish();
    assert_eq!(restarted.code, Some(0), "{restarted:?}");

    let _holder = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    let stopped = stack.run(["stop", "db"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    let status = stack.run(["status", "db"]);
    let me = format!("pid {}", std::process::id());
    for words in ["stopped", "was not released", &me] {
        assert!(status.stdout.contains(words), "{words}: {status:?}");
    }
    let started = stack.run(["start", "db"]);
    assert_eq!(started.code, Some(1), "{started:?}");
    assert!(started.stderr.contains(&me), "{started:?}");
}
