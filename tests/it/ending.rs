//! How `serve` ends by signals and with its terminal, and that nothing is left (SPEC 4.4, 4.5).

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Stack, Terminal};

const FOREVER: &str = "exec sleep 1000000";

#[test]
fn each_of_the_three_signals_ends_it_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let server = Stack::new()
            .shell("db", FOREVER, json!({}))
            .shell("api", FOREVER, json!({ "dependsOn": ["db"] }))
            .start()
            .booted();
        server.signal(signal);
        let finished = server.wait_for_end();
        assert_eq!(
            (finished.code, finished.signal),
            (Some(0), None),
            "{signal}"
        );
        let stopped = |name: &str| {
            finished
                .stdout
                .find(&format!("[flowlayer] {name} → stopped"))
        };
        assert!(
            stopped("api").unwrap() < stopped("db").unwrap(),
            "dependents first"
        );
    }
}

#[test]
fn a_ctrl_c_on_the_terminal_reaches_the_server_alone() {
    let stack = Stack::new().shell(
        "api",
        "trap 'echo interrupted; exit 1' INT; echo up; while :; do sleep 0.1; done",
        json!({}),
    );
    let prepared = stack.prepare();
    let mut terminal = Terminal::run(&prepared.command, 40, 120);
    terminal.wait_for_text("api │ up");
    terminal.wait_for_text("STARTUP COMPLETE");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    let shown = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(shown.contains("api → "), "{shown}");
    assert!(!shown.contains("interrupted"), "{shown}");
    assert!(!shown.contains("failed"), "{shown}");
    prepared.home.assert_nothing_left();
}

#[test]
fn a_terminal_that_closes_ends_it_and_leaves_nothing() {
    let prepared = Stack::new().shell("api", FOREVER, json!({})).prepare();
    let terminal = Terminal::run(&prepared.command, 40, 120);
    terminal.wait_for_text("STARTUP COMPLETE");
    assert_eq!(terminal.hang_up().code, Some(0));
    prepared.home.assert_nothing_left();
}
