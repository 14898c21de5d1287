//! What `serve` says while a stack comes up, and after (docs/cli.md, What it prints).

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::harness::Stack;

#[test]
fn a_boot_is_told_in_the_words_of_the_documents() {
    let server = Stack::new()
        .shell(
            "db",
            "echo open for business; exec sleep 1000000",
            json!({
                "ready": { "type": "log", "pattern": "open" }
            }),
        )
        .shell(
            "migrate",
            "exit 0",
            json!({ "kind": "oneshot", "dependsOn": ["db"] }),
        )
        .daemon("api", json!({ "dependsOn": ["migrate"] }))
        .start()
        .booted();
    let address = server.address();
    let mut lines = server.own_lines();
    let time = lines.remove(lines.len() - 2);
    assert!(time.starts_with("[flowlayer] boot: up in "), "{time}");
    assert!(time.ends_with(" (flowlayer timeline)"), "{time}");
    assert_eq!(
        lines,
        [
            "[flowlayer] boot: validating config and graph…",
            &format!("[flowlayer] boot: session API: {address} (/ws, /health)"),
            "[flowlayer] boot: session token: (from -token)",
            "[flowlayer] boot: DAG computed — 3 nodes, 3 waves",
            "[flowlayer] boot: wave 0 │ db → starting",
            "[flowlayer] boot: wave 0 │ db → ready (log line /open/)",
            "[flowlayer] boot: wave 1 │ migrate → starting",
            "[flowlayer] boot: wave 1 │ migrate → ready",
            "[flowlayer] boot: wave 2 │ api → starting",
            "[flowlayer] boot: wave 2 │ api → running",
            "STARTUP COMPLETE — runtime active",
        ]
    );
    server.wait_for_line("db      │ open for business");
}

/// A probe that never passes must not leave a boot silent: the line comes after 10 s.
#[test]
fn a_boot_that_waits_says_who_holds_it_and_why() {
    let port = crate::harness::free_port();
    let server = Stack::new()
        .without_api()
        .service(
            "search",
            json!({
                "cmd": ["sleep", "1000"],
                "ready": { "type": "tcp", "port": port, "timeoutMs": 14_000 },
            }),
        )
        .start();
    let line = server.wait_for_line("holds it");
    let expected =
        format!("wave 0 │ search holds it, waiting for tcp 127.0.0.1:{port}: connection refused (");
    assert!(line.contains(&expected), "{line}");
    server.wait_for_line("STARTUP INCOMPLETE");
}

#[test]
fn a_boot_that_fails_names_the_reason_and_what_it_blocks() {
    let server = Stack::new()
        .without_api()
        .shell(
            "ping",
            "exit 1",
            json!({ "ready": { "type": "log", "pattern": "never" } }),
        )
        .daemon("users", json!({ "dependsOn": ["ping"] }))
        .daemon("web", json!({ "dependsOn": ["users"] }))
        .daemon("docs", json!({}))
        .start();
    let summary = server.wait_for_line("STARTUP ");
    assert_eq!(
        summary,
        "STARTUP INCOMPLETE — 1 up, 1 failed, 2 blocked; runtime active"
    );
    for line in [
        "[flowlayer] boot: DAG computed — 4 nodes, 3 waves",
        "[flowlayer] boot: wave 0 │ ping → failed (process exited before ready: exit code 1)",
        "[flowlayer] boot: wave 0 │ docs → running",
        "[flowlayer] boot: wave 1 │ users → blocked (ping failed)",
        "[flowlayer] boot: wave 2 │ web → blocked (ping failed)",
    ] {
        assert!(
            server.own_lines().iter().any(|own| own == line),
            "{line}: {:#?}",
            server.lines()
        );
    }
}

#[test]
fn after_the_boot_every_change_is_a_short_line() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let mut client = server.connect();
    let api = server.services();
    let api = api.first().unwrap();
    kill(Pid::from_raw(api.pid.cast_signed()), Signal::SIGKILL).unwrap();
    let failed = server.wait_for_line("[flowlayer] api → failed");
    assert_eq!(failed, "[flowlayer] api → failed (killed by SIGKILL)");
    assert!(
        client
            .command("start_service", &json!({ "service": "api" }))
            .is_ok()
    );
    assert!(
        client
            .command("stop_service", &json!({ "service": "api" }))
            .is_ok()
    );
    server.wait_for_line("[flowlayer] api → stopped");
    let lines = server.own_lines();
    let summary = lines
        .iter()
        .position(|line| line.starts_with("STARTUP"))
        .unwrap();
    assert_eq!(
        lines[summary + 1..],
        [
            "[flowlayer] api → failed (killed by SIGKILL)",
            "[flowlayer] api → starting",
            "[flowlayer] api → running",
            "[flowlayer] api → stopping",
            "[flowlayer] api → stopped",
        ]
    );
}

#[test]
fn a_boot_ended_by_a_stop_says_so() {
    let server = Stack::new()
        .daemon(
            "db",
            json!({ "ready": { "type": "log", "pattern": "never" } }),
        )
        .daemon("api", json!({ "dependsOn": ["db"] }))
        .start();
    server.wait_for_line("db → starting");
    let mut client = server.connect();
    client.wait_status("db", "running");
    assert!(client.command("stop_all", &json!(null)).is_ok());
    assert_eq!(server.wait_for_line("STARTUP "), "STARTUP CANCELLED");
}

#[test]
fn only_a_generated_token_is_ever_shown() {
    let server = Stack::new()
        .without_api()
        .argument("-s")
        .argument("127.0.0.1:0")
        .start()
        .booted();
    let line = server.wait_for_line("session token: ");
    let token = line
        .strip_prefix("[flowlayer] boot: session token: ")
        .unwrap();
    assert!(token.starts_with("fl_") && token.len() == 39, "{token}");

    let secret = "s3cret-t0ken";
    let stacks = [
        (
            Stack::new()
                .without_api()
                .argument(format!("-token={secret}")),
            "(from -token)",
        ),
        (
            Stack::new()
                .without_api()
                .variable("FLOWLAYER_TOKEN", secret),
            "(from FLOWLAYER_TOKEN)",
        ),
        (
            Stack::new()
                .without_api()
                .field("session", json!({ "token": secret })),
            "(from config)",
        ),
    ];
    for (stack, source) in stacks {
        let server = stack
            .shell("env", "env; exec sleep 1000000", json!({}))
            .argument("-s")
            .argument("127.0.0.1:0")
            .start()
            .booted();
        let line = server.wait_for_line("session token: ");
        assert_eq!(line, format!("[flowlayer] boot: session token: {source}"));
        server.wait_for_line("env │ PATH=");
        let finished = server.stop();
        assert!(!finished.stdout.contains(secret), "{}", finished.stdout);
        assert!(!finished.stderr.contains(secret), "{}", finished.stderr);
    }
}

#[test]
fn an_address_others_can_reach_is_warned_about() {
    let server = Stack::new()
        .without_api()
        .argument("-s")
        .argument("0.0.0.0:0")
        .start()
        .booted();
    server.wait_for_line("warning: the session API on 0.0.0.0:");
}

#[test]
fn an_empty_stack_is_complete() {
    let server = Stack::new().start().booted();
    server.wait_for_line("DAG computed — 0 nodes, 0 waves");
    assert_eq!(server.stop().code, Some(0));
}
