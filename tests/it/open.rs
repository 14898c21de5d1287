//! `flowlayer open`: where a service is, and the browser that shows it (docs/cli.md, open).

use std::os::unix::fs::PermissionsExt;
use std::{env, fs};

use serde_json::{Value, json};

use crate::harness::{Server, Stack, Terminal, until};

fn stack() -> Server {
    Stack::new()
        .daemon("db", json!({ "port": 4999, "groups": ["all"] }))
        .daemon(
            "web",
            json!({ "url": "http://localhost:3000/app", "groups": ["all"] }),
        )
        .start()
        .booted()
}

#[test]
fn status_and_open_say_where_a_service_is() {
    let server = stack();
    let status = server.run(["status"]);
    assert!(
        status.stdout.contains(" http://localhost:3000/app "),
        "{status:?}"
    );
    assert!(status.stdout.contains(" :4999 "), "{status:?}");
    let status = server.run(["status", "--json", "web"]);
    let status: Value = serde_json::from_str(&status.stdout).expect("a document");
    assert_eq!(
        status["services"][0]["url"],
        json!("http://localhost:3000/app")
    );
    for arguments in [
        &["open", "web"][..],
        &["open", "@all"],
        &["open", "--print", "web"],
    ] {
        let opened = server.run(arguments);
        assert_eq!(opened.code, Some(0), "{opened:?}");
        assert_eq!(
            opened.stdout, "http://localhost:3000/app\n",
            "{arguments:?}"
        );
    }
    let without = server.run(["open", "db"]);
    assert_eq!(without.code, Some(1), "{without:?}");
    assert!(without.stderr.contains("\"db\" has no url"), "{without:?}");
    assert_eq!(server.run(["open", "wbe"]).code, Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_browser_is_started() {
    let server = stack();
    let directory = tempfile::tempdir().expect("a directory");
    let browser = directory.path().join("xdg-open");
    let seen = directory.path().join("seen");
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\n", seen.display());
    fs::write(&browser, script).expect("a program");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("its mode");
    let path = env::var("PATH").expect("a path");
    let path = format!("{}:{path}", directory.path().display());
    let mut command = server.client(["open", "web"]);
    command.env("PATH", path).env("DISPLAY", ":0");
    let terminal = Terminal::run(&command, 10, 80);
    terminal.wait_for_text("http://localhost:3000/app");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    until("the browser is started", || {
        let seen = fs::read_to_string(&seen).unwrap_or_default();
        if seen == "http://localhost:3000/app\n" {
            Ok(())
        } else {
            Err(seen)
        }
    });
}
