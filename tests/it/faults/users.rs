//! Processes of another user: what root starts as somebody else is ended; what may not be signalled is named.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::json;

use super::{ends_well, runs_through};
use crate::harness::{Child, Server, Stack, TOKEN, run, skipped, through, until};

const NOBODY: u32 = 65534;

/// `setpriv`, with which a process becomes another user's.
fn setpriv() -> Option<PathBuf> {
    let found = Command::new("sh")
        .args(["-c", "command -v setpriv"])
        .output()
        .ok()?;
    let path = String::from_utf8(found.stdout).ok()?;
    geteuid()
        .is_root()
        .then(|| PathBuf::from(path.trim()))
        .filter(|path| path.is_file())
}

#[test]
fn services_that_become_another_user_are_ended_with_all_they_have() {
    if setpriv().is_none() {
        return skipped("services of another user", "needs root and setpriv");
    }
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell(
            "db",
            "exec setpriv --reuid=65534 --regid=65534 --clear-groups env -i sh -c \
             '(setsid /bin/sleep 1000000 &); /bin/sleep 1000000 & echo up; wait'",
            json!({ "ready": { "type": "log", "pattern": "up" } }),
        )
        .start()
        .booted();
    let mut client = server.connect();
    assert!(
        client
            .command("stop_service", &json!({ "service": "db" }))
            .is_ok()
    );
    let left: Vec<u32> = of_user(NOBODY, &sleeping("1000000"));
    assert_eq!(left, [0; 0]);
    ends_well(&server);
}

/// Processes of a user with just this command line.
fn of_user(user: u32, command: &str) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt;
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| process.metadata().is_ok_and(|data| data.uid() == user))
        .filter(|process| {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).ends_with(command)
        })
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}

/// A server of a user without rights, with a service that becomes root's by a set-user-id program. The
/// argument is what root's process sleeps.
fn unprivileged(asleep: &str) -> Option<Server> {
    let what = "processes of another user that may not be signalled";
    let Some(setpriv) = setpriv() else {
        skipped(what, "needs root and setpriv");
        return None;
    };
    let as_nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    if !runs_through(&as_nobody) {
        skipped(what, "the binary cannot be run by others");
        return None;
    }
    let stack = Stack::new()
        .shell(
            "db",
            &format!(
                "echo up; exec ./become-root --reuid=0 --regid=0 --clear-groups sleep {asleep}"
            ),
            json!({ "stopGraceMs": 100, "ready": { "type": "log", "pattern": "up" } }),
        )
        .daemon("api", json!({ "dependsOn": ["db"] }));
    let program = stack.path().join("become-root");
    fs::copy(setpriv, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    chown(stack.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let server = stack
        .start_with(|command| Child::spawn(through(&as_nobody, &command)))
        .booted();
    server.wait_for_processes("root's sleep", |_| {
        !of_user(0, &sleeping(asleep)).is_empty()
    });
    Some(server)
}

fn sleeping(asleep: &str) -> String {
    format!("sleep\0{asleep}\0")
}

/// Ends what the server could not.
fn end_by_hand(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed());
    kill(pid, Signal::SIGKILL).unwrap();
    until("its end", || match kill(pid, None) {
        Ok(()) => Err("it is there"),
        Err(_) => Ok(()),
    });
}

#[test]
fn a_stop_that_may_not_signal_says_whom_and_why() {
    let asleep = format!("71{}.5", std::process::id());
    let Some(server) = unprivileged(&asleep) else {
        return;
    };
    let [pid] = of_user(0, &sleeping(&asleep))[..] else {
        panic!("one is wanted")
    };
    let words =
        format!("could not end pid {pid} (sleep, belongs to user 0 (root), end it by hand)");
    let mut client = server.connect();
    let reply = client.command("stop_service", &json!({ "service": "db" }));
    let result = reply.result.unwrap();
    assert_eq!(result["ok"], false);
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains(&words), "{message}");
    let db = &client.services()[1];
    assert_eq!(
        (&db["status"], &db["detail"]),
        (&json!("failed"), &json!(words))
    );
    server.wait_for_line(&format!("db → failed ({words})"));
    // A second life would not begin beside it.
    let reply = client.command("start_service", &json!({ "service": "db" }));
    let message = reply.result.unwrap()["error"]["message"].to_string();
    assert!(
        message.contains("not started: of its last run, could not end"),
        "{message}"
    );
    // The end of the session does not wait for what waiting does not help.
    server.signal(Signal::SIGTERM);
    server.wait_for_line(&format!("[flowlayer] {words}"));
    server.wait_for_processes("the server's end", |all| {
        all.iter().all(|process| process.pid == pid)
    });
    end_by_hand(pid);
    assert_eq!(server.wait_for_end().code, Some(1));
}

#[test]
fn the_guardian_says_whom_it_could_not_end() {
    let asleep = format!("72{}.5", std::process::id());
    let Some(server) = unprivileged(&asleep) else {
        return;
    };
    let [pid] = of_user(0, &sleeping(&asleep))[..] else {
        panic!("one is wanted")
    };
    server.kill_serving();
    server.wait_for_processes("the guardian's end", |all| {
        all.iter().all(|process| process.pid == pid)
    });
    end_by_hand(pid);
    let end = server.wait_for_end();
    assert_eq!(end.code, Some(1));
    let words =
        format!("could not end pid {pid} (sleep, belongs to user 0 (root), end it by hand)");
    assert!(end.stderr.contains(&words), "{}", end.stderr);
}

/// The client gave the token of a configuration to whoever listened at its address.
#[test]
fn the_token_of_a_configuration_is_not_given_to_another_user() {
    let asleep = format!("73{}.5", std::process::id());
    let Some(server) = unprivileged(&asleep) else {
        return;
    };
    let configured = |address: &str| {
        let session = json!({ "addr": address, "token": TOKEN });
        Stack::new().field("session", session).prepare().home
    };
    let mapped = server
        .address()
        .replace("127.0.0.1:", "[::ffff:127.0.0.1]:");
    for address in [&mapped, server.address()] {
        let own = configured(address);
        let refused = run(own.directory.path(), ["status"]);
        assert_eq!(refused.code, Some(3), "{address}");
        refused.complained(&["user 65534 listens at", "--addr"]);
    }
    let own = configured(server.address());
    let named = run(
        own.directory.path(),
        ["status", "--addr", server.address(), "--token", TOKEN],
    );
    assert_eq!(named.code, Some(0), "{}", named.stderr);
    let [pid] = of_user(0, &sleeping(&asleep))[..] else {
        panic!("one is wanted")
    };
    server.signal(Signal::SIGTERM);
    server.wait_for_processes("the server's end", |all| {
        all.iter().all(|process| process.pid == pid)
    });
    end_by_hand(pid);
    server.wait_for_end();
}
