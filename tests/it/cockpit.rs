//! The cockpit on a real terminal, against a real server.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Child, Server, Stack, Terminal, flowlayer_in, free_port};

/// `flowlayer tui` in this directory, which is where its user's sessions are registered too.
fn tui(directory: &Path) -> Command {
    let mut command = flowlayer_in(directory);
    command.env("TZ", "UTC").arg("tui");
    command
}

/// The cockpit beside a server, found without any flag.
#[track_caller]
fn watch(server: &Server) -> Terminal {
    // It is registered before it starts anything; a cockpit that came first would have to try again.
    server.wait_for_line("boot: wave 0");
    let terminal = Terminal::run(&tui(server.path()), 30, 120);
    terminal.wait_for_text("● connected");
    terminal
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    terminal.wait_for_bytes("\u{1b}[?1049l");
}

/// A store that is up, an api that waits for a port nobody opens, a worker that fails and a gateway
/// that it blocks.
fn troubled() -> Stack {
    let closed = free_port();
    Stack::new()
        .shell("store", "echo store is open; exec sleep 1000", json!({}))
        .shell(
            "api",
            "echo api is thinking; exec sleep 1000",
            json!({ "ready": { "type": "tcp", "port": closed }, "dependsOn": ["store"] }),
        )
        .shell(
            "worker",
            "echo no queue >&2; exit 3",
            json!({ "dependsOn": ["store"], "ready": { "type": "tcp", "port": closed } }),
        )
        .daemon("gateway", json!({ "dependsOn": ["worker"] }))
}

#[test]
fn why_a_service_waits_fails_or_is_blocked_is_on_the_screen() {
    let server = troubled().start();
    let mut terminal = watch(&server);
    terminal.wait_for("all states with their reasons", |screen| {
        let list = |sign: &str, name: &str, word: &str| {
            screen.rows.iter().any(|row| {
                let row = row.chars().take(48).collect::<String>();
                row.contains(&format!("{sign} {name}")) && row.contains(word)
            })
        };
        list("●", "store", "ready")
            && list("◐", "api", "running")
            && list("✗", "worker", "failed")
            && screen.has("connection refused: tcp")
            && screen.has("exit code 3")
    });
    terminal.wait_for_text("no queue");
    // The plan has the same states.
    terminal.type_keys("p");
    terminal.wait_for("three waves", |screen| {
        screen.has("wave 0 1/1") && screen.has("wave 2 0/1")
    });
    terminal.type_keys("p");
    // What the configuration says is in the details.
    terminal.type_keys("jjd");
    terminal.wait_for("the details of the api", |screen| {
        screen.has("api is thinking") && screen.has("depends on") && screen.has("● store")
    });
    quit(terminal);
}

#[test]
fn services_are_stopped_started_and_restarted() {
    let server = Stack::new()
        .shell("api", "echo life $$; exec sleep 1000", json!({}))
        .daemon("db", json!({}))
        .start()
        .booted();
    let mut terminal = watch(&server);
    terminal.wait_for_text("2/2 up");
    terminal.type_keys("j");
    terminal.wait_for_text("life");
    terminal.type_keys("r");
    terminal.wait_for_text("restart api: done in");
    terminal.type_keys("x");
    terminal.wait_for_text("stop api: done in");
    terminal.wait_for_text("1/2 up");
    terminal.type_keys("s");
    terminal.wait_for_text("start api: done in");
    terminal.wait_for_text("2/2 up");
    let screen = terminal.screen();
    assert!(
        screen.has("api → stopped"),
        "events are in the log: {}",
        screen.rows.join("\n")
    );
    // Everything is stopped only after a question.
    terminal.type_keys("gx");
    terminal.wait_for_text("Stop all services?");
    terminal.type_keys("n");
    terminal.type_keys("x");
    terminal.wait_for_text("Stop all services?");
    terminal.type_keys("y");
    terminal.wait_for_text("stop all: done in");
    terminal.wait_for_text("0/2 up");
    quit(terminal);
}

#[test]
fn a_long_log_is_followed_scrolled_filtered_and_searched() {
    let script =
        "i=0; while [ $i -lt 12000 ]; do i=$((i+1)); echo line $i of many; done; exec sleep 1000";
    let server = Stack::new()
        .shell("api", script, json!({}))
        .start()
        .booted();
    let mut terminal = watch(&server);
    terminal.wait_for_text("line 12000 of many");
    terminal.type_keys("\t");
    // The server holds 5,000 of them.
    terminal.type_keys("g");
    terminal.wait_for("the oldest that is held", |screen| {
        screen.has("line 7001 of many")
    });
    terminal.type_keys("G");
    terminal.wait_for_text("line 12000 of many");
    terminal.type_keys("/line 11.99\t\r");
    terminal.wait_for("only matches", |screen| {
        screen.has("line 11199 of many") && screen.has("line 11999 of many") && !screen.has("12000")
    });
    terminal.type_keys("\u{1b}");
    terminal.wait_for_text("line 12000 of many");
    terminal.type_keys("fline 8000 \r");
    terminal.wait_for("the hit and what is around it", |screen| {
        screen.has("line 8000 of many") && screen.has("line 8001 of many")
    });
    quit(terminal);
}

#[test]
fn a_server_that_dies_and_comes_back_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let config = json!({ "services": { "api": { "cmd": ["sh", "-c", "echo born as $$; exec sleep 1000"] } } });
    std::fs::write(directory.path().join("flowlayer.jsonc"), config.to_string()).unwrap();
    let serve = || {
        let mut command = flowlayer_in(directory.path());
        command.args(["serve", "-s", &address]);
        Child::spawn(command)
    };
    let first = serve();
    first.wait_for_line("STARTUP COMPLETE");
    // Both generate their token, so the second is known from the registry only.
    let terminal = Terminal::run(&tui(directory.path()), 30, 120);
    let screen = terminal.wait_for_text("born as");
    let line = |screen: &crate::harness::Screen| {
        screen
            .rows
            .iter()
            .find(|row| row.contains("born as"))
            .unwrap()
            .clone()
    };
    let before = line(&screen);
    first.signal(Signal::SIGTERM);
    terminal.wait_for("the loss", |screen| {
        screen.has("reconnecting") || screen.has("connection lost")
    });
    first.wait_for_end();
    let second = serve();
    second.wait_for_line("STARTUP COMPLETE");
    terminal.wait_for("the new session alone", |screen| {
        screen.has("● connected") && screen.has("born as") && !screen.rows.contains(&before)
    });
    quit(terminal);
    second.signal(Signal::SIGTERM);
    assert_eq!(second.wait_for_end().code, Some(0));
}

#[test]
fn a_key_is_on_the_screen_while_lines_pour_in() {
    let server = Stack::new()
        .shell(
            "flood",
            "while :; do yes a line of fifty bytes that is printed without end | head -n 500; sleep 0.01; done",
            json!({}),
        )
        .shell(
            "quiet",
            "echo all is quiet here; exec sleep 1000",
            json!({}),
        )
        .start();
    let mut terminal = watch(&server);
    terminal.wait_for_text("a line of fifty bytes");
    terminal.type_keys("jj");
    terminal.wait_for_text("all is quiet here");
    terminal.type_keys("g");
    terminal.wait_for_text("a line of fifty bytes");
    quit(terminal);
}
