//! What people want from the cockpit, in as many keys as its page says.

use std::process::Command;

use serde_json::json;

use crate::harness::{Server, Stack, Terminal, flowlayer_in};

/// The keys that the page names for this, after it was checked that they are as many as it says.
#[track_caller]
fn keys_for(what: &str) -> String {
    let page = include_str!("../../docs/tui.md");
    let row = page
        .lines()
        .find(|row| row.starts_with(&format!("| {what}")));
    let row = row.unwrap_or_else(|| panic!("docs/tui.md lacks {what:?}"));
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let keys: Vec<&str> = cells[2]
        .split('`')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .collect();
    assert_eq!(keys.len().to_string(), cells[3], "{row}");
    let typed = keys.iter().map(|key| match *key {
        "space" => " ",
        "tab" => "\t",
        "enter" => "\r",
        key => key,
    });
    typed.collect()
}

/// The cockpit beside a server.
#[track_caller]
fn watch(server: &Server) -> Terminal {
    server.wait_for_line("boot: wave 0");
    let mut command: Command = flowlayer_in(server.path());
    command.env("TZ", "UTC").arg("tui");
    let terminal = Terminal::run(&command, 30, 120);
    terminal.wait_for_text("● connected");
    terminal
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().code, Some(0));
}

/// A worker that needs a file, and a gateway that needs the worker.
fn without_its_file() -> Stack {
    let script =
        "test -f mended || { echo 'FileNotFoundError: mended' >&2; exit 3; }; exec sleep 1000";
    Stack::new().shell("worker", script, json!({})).shell(
        "gateway",
        "exec sleep 1000",
        json!({ "dependsOn": ["worker"] }),
    )
}

#[test]
fn what_has_failed_is_found_with_its_reason_and_started_again() {
    let server = without_its_file().start();
    let mut terminal = watch(&server);
    // A worker that has no probe is up as soon as it runs; then it is not.
    terminal.wait_for_text("✗ worker");
    let keys = keys_for("what has failed, and why");
    let (find, start) = keys.split_at(1);
    terminal.type_keys(find);
    terminal.wait_for("the reason with the last line", |screen| {
        screen.has("· exit code 3: FileNotFoundError: mended")
    });
    std::fs::write(server.path().join("mended"), "").unwrap();
    terminal.type_keys(start);
    terminal.wait_for_text("start worker: done in");
    quit(terminal);
}

#[test]
fn what_is_blocked_comes_up_once_its_cause_is_mended() {
    let closed = crate::harness::free_port();
    let script = "test -f mended || { echo 'no such file: mended' >&2; exit 3; }; exec sleep 1000";
    let server = Stack::new()
        .shell(
            "worker",
            script,
            json!({ "ready": { "type": "log", "pattern": "never" }, "env": { "PORT": closed.to_string() } }),
        )
        .shell("gateway", "exec sleep 1000", json!({ "dependsOn": ["worker"] }))
        .start();
    let mut terminal = watch(&server);
    terminal.wait_for("who blocks it", |screen| {
        screen.has("⊘ gateway") && screen.has("gateway: worker failed")
    });
    std::fs::write(server.path().join("mended"), "").unwrap();
    let keys = keys_for("what is blocked, and by what");
    terminal.type_keys(&keys);
    terminal.wait_for("the gateway waits for a worker that runs", |screen| {
        screen.has("◐ worker") && screen.has("gateway: waiting for worker")
    });
    quit(terminal);
}

#[test]
fn who_logs_errors_since_a_restart_is_seen() {
    let server = Stack::new()
        .shell("api", "echo api is up; exec sleep 1000", json!({}))
        .shell(
            "jobs",
            "echo ERROR early trouble; while test ! -f go; do sleep 0.05; done; echo ERROR late trouble; exec sleep 1000",
            json!({}),
        )
        .start()
        .booted();
    let mut terminal = watch(&server);
    terminal.wait_for_text("early trouble");
    terminal.type_keys(&keys_for("which service logs errors since"));
    terminal.wait_for_text("restart api: done in");
    let jobs = |rows: &[String]| rows.iter().find(|row| row.contains("● jobs")).cloned();
    terminal.wait_for("no error of jobs since", |screen| {
        jobs(&screen.rows).is_some_and(|row| !row.contains(" E"))
    });
    std::fs::write(server.path().join("go"), "").unwrap();
    terminal.wait_for("one error behind jobs", |screen| {
        jobs(&screen.rows).is_some_and(|row| row.contains("  E1 "))
    });
    terminal.type_keys(&keys_for("the last of these errors"));
    terminal.wait_for("the first of two errors, above the mark", |screen| {
        let at = |text: &str| screen.rows.iter().position(|row| row.contains(text));
        let (early, mark) = (at("early trouble"), at("mark 1"));
        screen.has("search errors · 1 of 2")
            && screen.has("1 error since")
            && early.is_some()
            && early < mark
            && mark < at("late trouble")
    });
    quit(terminal);
}

#[test]
fn two_services_share_a_log_that_goes_to_a_file() {
    let server = Stack::new()
        .shell("api", "echo from the api; exec sleep 1000", json!({}))
        .shell("db", "echo from the db; exec sleep 1000", json!({}))
        .shell("web", "echo from the web; exec sleep 1000", json!({}))
        .start()
        .booted();
    let mut terminal = watch(&server);
    terminal.wait_for_text("from the web");
    terminal.type_keys(&keys_for("the log of two services together"));
    terminal.wait_for("both and no other", |screen| {
        screen.has("╭─ api + db ")
            && screen.has("from the api")
            && screen.has("from the db")
            && !screen.has("from the web")
    });
    terminal.type_keys(&keys_for("those lines in a file"));
    terminal.wait_for_text("2 lines written to flowlayer-log-");
    let files = std::fs::read_dir(server.path()).unwrap();
    let mut logs = files.map(|file| file.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("flowlayer-log-")
    });
    let text = std::fs::read_to_string(logs.next().unwrap()).unwrap();
    assert!(text.contains(" api │ from the api\n"), "{text}");
    assert!(text.contains(" db │ from the db\n"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    quit(terminal);
}
