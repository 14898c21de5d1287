//! Services that behave as badly as they can.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{contiguous, ends_well};
use crate::harness::{Server, Stack};

/// A stack of one such service, beside one that is well.
fn beside(script: &str, rest: Value) -> Stack {
    Stack::new()
        .field("logs", json!({ "dir": "logs", "maxBytes": 4 << 20 }))
        .shell("bad", script, rest)
        .shell("well", "echo fine; exec sleep 1000000", json!({}))
}

/// The server still does what it is asked to.
#[track_caller]
fn is_alive(server: &Server) {
    let mut client = server.connect();
    assert!(
        client
            .command("restart_service", &json!({ "service": "well" }))
            .is_ok()
    );
}

#[test]
fn one_that_closes_its_pipes_is_not_taken_for_dead() {
    let server = beside(
        "echo before; exec >&- 2>&- <&-; exec sleep 1000000",
        json!({}),
    )
    .start()
    .booted();
    server.wait_for_line("before");
    is_alive(&server);
    let mut client = server.connect();
    let bad = &client.services()[0];
    assert_eq!(bad["status"], "running", "{bad}");
    ends_well(&server);
}

#[test]
fn a_hundred_megabytes_without_a_newline_are_cut_and_cost_no_memory() {
    let server = beside(
        "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo done; exec sleep 1000000",
        json!({ "ready": { "type": "log", "pattern": "^done$" } }),
    )
    .argument("--quiet")
    .start();
    server.wait_for_line("bad → ready");
    is_alive(&server);
    let peak = server
        .servers()
        .iter()
        .map(|process| peak_mb(process.pid))
        .max();
    assert!(peak < Some(400), "{peak:?} MB");
    ends_well(&server);
    let all = contiguous(&server.path().join("logs"));
    let cut = all.iter().filter(|entry| entry["partial"] == true).count();
    assert!(cut > 10, "{cut} parts");
}

/// The most memory a process has held.
fn peak_mb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kb: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kb / 1024
}

#[test]
fn bytes_that_are_no_text_are_valid_json_all_the_same() {
    let server = beside(
        "head -c 2000000 /dev/urandom; echo; echo done; exec sleep 1000000",
        json!({ "ready": { "type": "log", "pattern": "done$" } }),
    )
    .start();
    server.wait_for_line("bad → ready");
    is_alive(&server);
    ends_well(&server);
}

#[test]
fn what_never_becomes_a_program_fails_alone() {
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .file("closed", "#!/bin/sh\n")
        .service("no-file", json!({ "cmd": "./missing" }))
        .service("no-right", json!({ "cmd": "./closed" }))
        .service("no-place", json!({ "cmd": "true", "cwd": "nowhere" }))
        .daemon("well", json!({}))
        .start();
    server.wait_for_line("STARTUP INCOMPLETE — 1 up, 3 failed; runtime active");
    is_alive(&server);
    ends_well(&server);
    // The reason stands in the service's own log, and on the terminal once.
    let all = contiguous(&server.path().join("logs"));
    assert_eq!(
        all.iter()
            .filter(|entry| entry["service"] == "no-file")
            .count(),
        1
    );
    let told = server
        .lines()
        .into_iter()
        .filter(|line| line.contains("./missing"));
    assert_eq!(told.count(), 1, "{:#?}", server.lines());
}

#[test]
fn one_that_stops_itself_still_ends_in_its_grace() {
    let server = beside(
        "trap 'echo asked; exit 0' TERM; echo stopping; kill -STOP $$; while :; do sleep 0.05; done",
        json!({}),
    )
    .start()
    .booted();
    server.wait_for_line("bad  │ stopping");
    let began = Instant::now();
    ends_well(&server);
    assert!(began.elapsed() < Duration::from_secs(8), "within the grace");
    assert!(server.lines().iter().any(|line| line == "bad  │ asked"));
}

#[test]
fn one_that_swallows_every_signal_is_killed_after_its_grace() {
    let server = beside(
        "trap '' HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU CHLD; \
         sh -c 'while :; do sleep 1; done' & echo armed; while :; do sleep 1; done",
        json!({ "stopGraceMs": 200, "ready": { "type": "log", "pattern": "armed" } }),
    )
    .start()
    .booted();
    is_alive(&server);
    ends_well(&server);
}

#[test]
fn five_hundred_children_are_gone_with_it() {
    let server = beside(
        "i=0; while [ $i -lt 500 ]; do sleep 1000000 & i=$((i+1)); done; echo forked; wait",
        json!({ "ready": { "type": "log", "pattern": "forked" } }),
    )
    .start()
    .booted();
    assert!(server.services().len() > 500);
    is_alive(&server);
    let mut client = server.connect();
    assert!(
        client
            .command("stop_service", &json!({ "service": "bad" }))
            .is_ok()
    );
    assert_eq!(server.services().len(), 1);
    ends_well(&server);
}

/// What a oneshot has left is counted as long as it is there.
#[test]
fn what_a_oneshot_has_left_is_counted_down_as_it_ends() {
    let server = Stack::new()
        .shell(
            "pg",
            "setsid sleep 1000001 >/dev/null 2>&1 & setsid sleep 1000002 >/dev/null 2>&1 & exit 0",
            json!({ "kind": "oneshot" }),
        )
        .start()
        .booted();
    let mut client = server.connect();
    assert_eq!(client.services()[0]["detail"], "left 2 processes running");
    for (last, words) in [
        ("1000001", json!("left 1 process running")),
        ("1000002", json!("")),
    ] {
        let sleeps = server.services();
        let sleep = sleeps
            .iter()
            .find(|process| process.command.ends_with(last));
        let pid = Pid::from_raw(sleep.unwrap().pid.cast_signed());
        kill(pid, Signal::SIGKILL).unwrap();
        let told = client.wait_for("the new count", |message| {
            message["name"] == "service_detail"
        });
        assert_eq!(told["payload"]["detail"], words);
    }
    assert_eq!(client.services()[0]["detail"], Value::Null);
}
