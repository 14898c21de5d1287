//! `flowlayer wait` and `flowlayer down`.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Child, DEADLINE, Fake, Stack, Terminal, flowlayer_in, free_port, run};

/// A oneshot that takes until a file is there.
const UNTIL_GO: &str = "until [ -e go ]; do sleep 0.05; done";

#[test]
fn it_ends_when_all_are_up_and_a_finished_oneshot_is() {
    let server = Stack::new()
        .shell("build", UNTIL_GO, json!({"kind": "oneshot"}))
        .daemon("api", json!({"dependsOn": ["build"]}))
        .daemon("debug", json!({"autoStart": false}))
        .start();
    let all = Child::spawn(server.client(["wait"]));
    let one = Child::spawn(server.client(["wait", "api", "build", "--json"]));
    server.wait_for_line("build → starting");
    server
        .run(["wait", "--timeout", "2"])
        .refused(124, &["not everything is up within 2 s", "build"]);
    let late = server.run(["wait", "api", "--timeout", "2", "--json"]);
    assert_eq!(
        (late.code, &late.json()["error"]["code"]),
        (Some(124), &json!("timeout"))
    );
    assert!(all.is_running() && one.is_running());
    fs::write(server.path().join("go"), "").unwrap();
    let all = all.finish();
    assert_eq!((all.code, all.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        all.stdout, "api → running\nbuild → ready\n",
        "what is meant to be up"
    );
    let one = one.finish();
    assert_eq!(one.code, Some(0));
    assert_eq!(
        (&one.json()["ok"], &one.json()["error"]),
        (&json!(true), &json!(null))
    );
    server
        .run(["wait", "debug"])
        .refused(1, &["debug is stopped", "nobody is starting it"]);
    server
        .run(["wait", "debgu"])
        .refused(2, &["did you mean \"debug\"?"]);
}

#[test]
fn it_fails_at_once_when_one_fails_or_is_blocked() {
    let server = Stack::new()
        .shell(
            "migrate",
            "until [ -e go ]; do sleep 0.05; done; exit 7",
            json!({"kind": "oneshot"}),
        )
        .daemon("api", json!({"dependsOn": ["migrate"]}))
        .start();
    let all = Child::spawn(server.client(["wait"]));
    let blocked = Child::spawn(server.client(["wait", "api", "--json"]));
    server.wait_for_line("migrate → starting");
    fs::write(server.path().join("go"), "").unwrap();
    all.finish().refused(1, &["migrate failed: exit code 7"]);
    let blocked = blocked.finish();
    blocked.complained(&["api is blocked: migrate failed"]);
    assert_eq!(blocked.code, Some(1));
    let report = blocked.json();
    assert_eq!(report["error"]["code"], "failed");
    assert_eq!(report["failed_services"], json!(["api"]));
}

#[test]
fn what_will_be_blocked_is_not_waited_for() {
    let server = Stack::new()
        .shell("migrate", "exit 7", json!({"kind": "oneshot"}))
        .daemon("api", json!({"dependsOn": ["migrate"]}))
        // Its wave does not resolve, so that the next never comes.
        .shell("slow", "sleep 1000", json!({"kind": "oneshot"}))
        .start();
    server.wait_for_line("migrate → failed");
    server
        .run(["wait", "api"])
        .refused(1, &["api is blocked: migrate failed"]);
}

#[test]
fn a_person_sees_what_is_waited_for_and_then_does_not() {
    let server = Stack::new()
        .shell("build", UNTIL_GO, json!({"kind": "oneshot"}))
        .start();
    let terminal = Terminal::run(&server.client(["wait"]), 10, 60);
    terminal.wait_for_text("build: ");
    fs::write(server.path().join("go"), "").unwrap();
    assert_eq!(terminal.wait_for_end().code, Some(0));
    terminal.wait_for("its answer alone", |screen| {
        screen.rows.iter().filter(|row| !row.is_empty()).count() == 1 && screen.has("build → ready")
    });
}

#[test]
fn without_a_terminal_a_line_says_who_holds_which_wave() {
    let server = Stack::new()
        .shell("build", UNTIL_GO, json!({"kind": "oneshot"}))
        .daemon("api", json!({"dependsOn": ["build"]}))
        .start();
    let api = Child::spawn(server.client(["wait", "api"]));
    api.wait_for_complaint("[flowlayer] wave 0 │ build holds it, running");
    fs::write(server.path().join("go"), "").unwrap();
    let api = api.finish();
    assert_eq!(
        (api.code, api.stdout.as_str()),
        (Some(0), "api → running\n")
    );
}

#[test]
fn it_can_be_called_before_the_session_is_there_and_over_its_restart() {
    let stack = Stack::new().shell("build", UNTIL_GO, json!({"kind": "oneshot"}));
    let path = stack.path().to_owned();
    let mut waits = flowlayer_in(&path);
    waits.args(["wait", "--timeout", "25"]);
    let early = Child::spawn(waits);
    let prepared = stack.prepare();
    let mut again = flowlayer_in(&path);
    again
        .args(["serve", "-s", "127.0.0.1:0"])
        .env("FLOWLAYER_TEST_STACK", &prepared.home.identity);
    let first = Child::spawn(prepared.command);
    first.wait_for_line("build → starting");
    // All of it at once, so that there is nothing in between to be seen.
    first.signal(Signal::SIGKILL);
    first.wait_for_end();
    let second = Child::spawn(again);
    second.wait_for_line("build → starting");
    assert!(early.is_running(), "{}", early.transcript());
    fs::write(path.join("go"), "").unwrap();
    assert_eq!(early.finish().code, Some(0));
    second.signal(Signal::SIGTERM);
    assert_eq!(second.finish().code, Some(0));
}

#[test]
fn without_a_session_it_ends_with_the_time_given() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| run(directory.path(), arguments);
    let address = format!("127.0.0.1:{}", free_port());
    let began = Instant::now();
    run(&["wait", "-a", &address, "--timeout", "0.4"]).refused(3, &["no session at", &address]);
    assert!(began.elapsed() >= Duration::from_millis(400));
    let refuses = Fake::answering("403 Forbidden");
    let began = Instant::now();
    run(&["wait", "-a", &refuses.address, "--timeout", "60"]).refused(3, &["does not accept"]);
    assert!(
        began.elapsed() < DEADLINE,
        "no other attempt would hear anything else"
    );
}

#[test]
fn down_returns_when_the_next_session_can_start() {
    let server = Stack::new()
        .field("logs", json!({"dir": "logs"}))
        .daemon("api", json!({}))
        .start()
        .booted();
    let down = server.run(["down"]);
    assert_eq!((down.code, down.stderr.as_str()), (Some(0), ""));
    let said = &down.stdout;
    assert!(said.starts_with("ended the session of /"), "{said}");
    assert!(said.ends_with("flowlayer.jsonc (1 service)\n"), "{said}");
    // The same address, and the same directory for logs, which only one server may hold.
    let mut next = server.client(["serve", "-s", server.address()]);
    next.env("FLOWLAYER_TEST_STACK", "next");
    let next = Child::spawn(next);
    next.wait_for_line("STARTUP COMPLETE");
    assert_eq!(server.wait_for_end().code, Some(0));
    let again = server.run(["down"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(next.finish().code, Some(0));
    server
        .run(["down"])
        .refused(3, &["no session", "flowlayer up"]);
}

#[test]
fn two_at_once_both_see_the_end() {
    let server = Stack::new()
        .trapping("slow", "sleep 0.5; exit 0", json!({}))
        .start()
        .booted();
    let both = [
        Child::spawn(server.client(["down"])),
        Child::spawn(server.client(["down"])),
    ];
    server.wait_for_line("slow → stopping");
    // This one finds a server that takes no connections any more.
    let late = server.run(["down"]);
    assert_eq!((late.code, late.stderr.as_str()), (Some(0), ""));
    for down in both {
        let down = down.finish();
        assert_eq!((down.code, down.stderr.as_str()), (Some(0), ""));
    }
    assert_eq!(server.wait_for_end().code, Some(0));
}

#[test]
fn what_does_not_want_to_end_is_told_and_can_be_forced() {
    let server = Stack::new().stubborn(60_000).start().booted();
    let late = server.run(["down", "--timeout", "2"]);
    late.refused(124, &["still ending after 2 s", "stubborn", "two signals"]);
    server
        .run(["start", "stubborn"])
        .refused(3, &["it is ending"]);
    assert!(!server.services().is_empty());
    server.signal(Signal::SIGTERM);
    server.wait_for_line("stopping");
    server.signal(Signal::SIGHUP);
    assert_eq!(server.wait_for_end().code, Some(0));
}

#[test]
fn forced_it_has_no_grace() {
    let server = Stack::new().stubborn(60_000).start().booted();
    let down = server.run(["down", "--force"]);
    assert_eq!((down.code, down.stderr.as_str()), (Some(0), ""));
    server.wait_for_end();
}

#[test]
fn a_server_without_the_command_is_not_asked() {
    let server = Stack::new().start().booted();
    let other = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.listen();
    });
    let down = server.run(["down", "-a", &other.address]);
    down.refused(1, &["cannot be ended through its API"]);
}
