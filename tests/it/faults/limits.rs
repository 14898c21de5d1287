//! Limits of the system: descriptors and processes.

use std::process::Command;

use nix::unistd::geteuid;
use serde_json::{Value, json};

use super::{ends_well, runs_through};
use crate::harness::{Child, Server, Stack, skipped, through};

/// A stack of many services, on a server that becomes itself in this way.
fn crowd(count: usize, script: &str, before: &[&str], prepare: impl FnOnce(&Stack)) -> Server {
    let mut stack = Stack::new().field("logs", json!({ "dir": "logs" }));
    for number in 0..count {
        let name = format!("s{number:02}");
        stack = stack.shell(&name, script, json!({}));
    }
    prepare(&stack);
    stack.start_with(|command| Child::spawn(through(before, &command)))
}

/// Some run, the others say why not, and the server does what it is asked to.
#[track_caller]
fn some_run(server: &Server, why: &str) {
    let summary = server.wait_for_line("STARTUP ");
    assert!(summary.contains("INCOMPLETE"), "{summary}");
    let refused: Vec<String> = server
        .lines()
        .into_iter()
        .filter(|line| line.contains("→ failed"))
        .collect();
    assert!(
        refused.iter().all(|line| line.contains(why)),
        "{refused:#?}"
    );
    let running = server.services().len();
    assert!(running > 0);
    let mut client = server.connect();
    let reply = client.command("stop_all", &Value::Null);
    assert!(reply.is_ok(), "{reply:?}");
    assert_eq!(server.services(), []);
    // With what has become free again, one of those that were refused can be started.
    let name = refused[0].split(" → ").next().unwrap();
    let name = name.rsplit(' ').next().unwrap();
    let reply = client.command("start_service", &json!({ "service": name }));
    assert!(reply.is_ok(), "{reply:?}");
}

#[test]
fn without_descriptors_some_services_fail_and_all_can_be_stopped() {
    let server = crowd(
        40,
        "exec sleep 1000000",
        &["sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"],
        |_| {},
    );
    some_run(&server, "too many open files");
    ends_well(&server);
}

/// Nobody's, and of no other test.
const USER: &str = "54321";

#[test]
fn without_processes_some_services_fail_and_all_can_be_stopped() {
    let what = "fork failure";
    if !geteuid().is_root() {
        // A limit for the tester's own user would hold the tests up.
        return skipped(what, "needs root, to be a user without processes");
    }
    let user = format!("--reuid={USER}");
    let as_user = ["setpriv", &user, "--clear-groups"];
    let limited = [&["prlimit", "--nproc=24:24"], &as_user[..]].concat();
    if !runs_through(&limited) {
        return skipped(
            what,
            "setpriv or prlimit not found, or the binary cannot be run by others",
        );
    }
    let server = crowd(30, "exec sleep 1000000", &limited, |stack| {
        let given = Command::new("chown")
            .args(["-R", USER])
            .arg(stack.path())
            .status();
        assert!(given.unwrap().success());
    });
    some_run(&server, "process");
    ends_well(&server);
}
