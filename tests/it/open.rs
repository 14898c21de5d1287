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

/// A browser that only notes what it is to open, and `open` on a terminal with it.
#[cfg(target_os = "linux")]
struct Browser(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Browser {
    fn new() -> Self {
        let browser = Self(tempfile::tempdir().expect("a directory"));
        let program = browser.0.path().join("xdg-open");
        let seen = browser.0.path().join("seen");
        let script = format!("#!/bin/sh\necho \"$@\" >> {}\n", seen.display());
        fs::write(&program, script).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
        browser
    }

    fn open(&self, server: &Server, service: &str) -> Terminal {
        let path = env::var("PATH").expect("a path");
        let path = format!("{}:{path}", self.0.path().display());
        let mut command = server.client(["open", service]);
        command.env("PATH", path).env("DISPLAY", ":0");
        Terminal::run(&command, 10, 80)
    }

    /// Waits until it has opened these.
    #[track_caller]
    fn has_opened(&self, urls: &str) {
        until("the browser is started", || {
            let seen = fs::read_to_string(self.0.path().join("seen")).unwrap_or_default();
            if seen == urls { Ok(()) } else { Err(seen) }
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_browser_is_started() {
    let server = stack();
    let browser = Browser::new();
    let terminal = browser.open(&server, "web");
    terminal.wait_for_text("http://localhost:3000/app");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    browser.has_opened("http://localhost:3000/app\n");
}

#[cfg(target_os = "linux")]
#[test]
fn what_clients_do_not_get_is_not_opened() {
    let server = Stack::new()
        .daemon("remote", json!({ "url": "http://${env.SECRET}:3000/" }))
        .daemon(
            "admin",
            json!({ "url": "http://me:hunter2@localhost:3001/x" }),
        )
        .variable("SECRET", "hunter2")
        .start()
        .booted();
    let browser = Browser::new();
    let terminal = browser.open(&server, "remote");
    terminal.wait_for_text("cannot open a url with ${env.…} in it");
    assert_eq!(terminal.wait_for_end().code, Some(1));
    let printed = server.run(["open", "remote"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert_eq!(printed.stdout, "http://${env.SECRET}:3000/\n");
    let terminal = browser.open(&server, "admin");
    terminal.wait_for_text("http://***@localhost:3001/x");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    browser.has_opened("http://localhost:3001/x\n");
}
