//! Disks that are full, fail, or go away.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{contiguous, ends_well};
use crate::harness::{Child, Client, Stack, journal, skipped, through, until};

const CHATTY: &str = "while :; do echo 0123456789012345678901234567890123456789; sleep 0.001; done";

/// How many entries the service has now, by its highest number.
fn last_seq(client: &mut Client) -> u64 {
    let reply = client.command("get_logs", &json!({ "limit": 1 }));
    let data = reply.result.unwrap();
    data["data"]["entries"][0]["seq"].as_u64().unwrap_or(0)
}

/// Nothing is missing in what a client is given.
#[track_caller]
fn memory_is_whole(client: &mut Client) {
    let reply = client.command("get_logs", &json!({ "limit": 1000 }));
    let data = reply.result.unwrap();
    let entries = data["data"]["entries"].as_array().unwrap();
    assert!(!entries.is_empty());
    for two in entries.windows(2) {
        assert_eq!(
            two[0]["seq"].as_u64().map(|seq| seq + 1),
            two[1]["seq"].as_u64()
        );
    }
}

/// Waits until the service has printed more.
fn more(client: &mut Client) {
    let wanted = last_seq(client) + 20;
    until("20 more lines", || match last_seq(client) {
        seq if seq >= wanted => Ok(()),
        seq => Err(seq),
    });
}

#[test]
fn a_terminal_on_a_full_disk_costs_nothing_but_its_lines() {
    let prepared = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("api", CHATTY, json!({}))
        .prepare();
    let mut command = through(&[], &prepared.command);
    let full = fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else {
        return skipped("a full terminal", "/dev/full not found");
    };
    command
        .stdin(Stdio::null())
        .stderr(full.try_clone().unwrap())
        .stdout(full);
    let child = Child::spawn_as_is(command);
    let address = prepared.home.address.clone().unwrap();
    let mut client = Client::connect(&address, crate::harness::TOKEN, || child.is_running());
    client.wait_status("api", "running");
    more(&mut client);
    memory_is_whole(&mut client);
    child.signal(Signal::SIGTERM);
    assert_eq!(child.wait_for_end().code, Some(0));
    prepared.home.assert_nothing_left();
    contiguous(&prepared.home.directory.path().join("logs"));
}

#[test]
fn a_log_directory_that_is_removed_is_made_anew() {
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("api", CHATTY, json!({}))
        .start()
        .booted();
    let mut client = server.connect();
    more(&mut client);
    let logs = server.path().join("logs");
    let wait_for_file = || {
        until("all.jsonl", || {
            fs::metadata(logs.join("all.jsonl")).map(drop)
        });
    };
    // Lines reach clients before they reach files, and what was never there is not missed.
    wait_for_file();
    // It may be writing into it right now.
    until("an empty place", || fs::remove_dir_all(&logs));
    more(&mut client);
    server.wait_for_line("was removed");
    memory_is_whole(&mut client);
    wait_for_file();
    ends_well(&server);
}

#[test]
fn a_file_system_that_is_full_loses_lines_of_files_and_nothing_else() {
    let what = "a full log disk";
    let mounts = "mkdir -p logs && mount -t tmpfs -o size=256k tmpfs logs";
    let unshare = |script: &str| -> Vec<String> {
        ["unshare", "-rm", "sh", "-c", script, "sh"]
            .map(str::to_owned)
            .to_vec()
    };
    let scratch = tempfile::tempdir().unwrap();
    let tried = unshare(mounts);
    let tried = Command::new(&tried[0])
        .args(&tried[1..])
        .current_dir(scratch.path())
        .output();
    if !tried.is_ok_and(|out| out.status.success()) {
        return skipped(what, "unshare cannot mount here");
    }
    let script = unshare(&format!("{mounts}; exec \"$@\""));
    let before: Vec<&str> = script.iter().map(String::as_str).collect();
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("api", "while :; do seq 1000; sleep 0.01; done", json!({}))
        .argument("--quiet")
        .start_with(|command| Child::spawn(through(&before, &command)))
        .booted();
    let mut client = server.connect();
    let line = server.wait_for_line("No space left");
    assert!(line.starts_with("[flowlayer] "), "{line}");
    more(&mut client);
    memory_is_whole(&mut client);
    let reply = client.command("stop_all", &Value::Null);
    assert!(reply.is_ok(), "{reply:?}");
    // The mount is the server's alone; it goes with it.
    let logs = PathBuf::from(format!("/proc/{}/cwd/logs", server.child_pid()));
    assert!(!journal::entries_of(&logs)["all"].is_empty());
    assert_eq!(server.stop().code, Some(0));
}
