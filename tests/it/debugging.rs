//! `FLOWLAYER_LOG` and the decision trace (docs/debugging.md).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flowlayer_core::runtime::orchestrator::trace::Trace;
use serde_json::{Value, json};

use crate::harness::{Child, Finished, Stack, TOKEN, flowlayer_in, free_port};

const DECISIONS: &str = "flowlayer::decisions=trace";

/// The statuses that the only session of a trace ends with.
fn played(path: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(path).unwrap();
    let mut sessions = Trace::read(&text).unwrap();
    assert_eq!(sessions.len(), 1);
    let statuses = sessions.remove(0).play(|_, _, _| {}).unwrap();
    let named = statuses
        .into_iter()
        .map(|(name, status)| (name.to_string(), json!(status)));
    named.collect()
}

#[test]
fn the_trace_of_a_boot_that_fails_plays_back_to_the_statuses_that_clients_see() {
    let stack = Stack::new()
        .shell(
            "db",
            ": argument; env; exec sleep 1000000",
            json!({ "env": { "PASSWORD": "hunter2" } }),
        )
        .shell(
            "migrate",
            "exit 3",
            json!({ "kind": "oneshot", "dependsOn": ["db"] }),
        )
        .daemon("api", json!({ "dependsOn": ["migrate"] }))
        .daemon(
            "docs",
            json!({ "ready": {
                "type": "http",
                "url": format!("http://me:hunter2@127.0.0.1:{}/", free_port()),
                "headers": { "Authorization": "Bearer hunter2" },
                "timeoutMs": 300,
            } }),
        );
    let path = stack.path().join("session.trace");
    let server = stack
        .variable("FLOWLAYER_LOG", DECISIONS)
        .variable("FLOWLAYER_LOG_FILE", &path)
        .start();
    server.wait_for_line("STARTUP INCOMPLETE");
    server.wait_for_line("PASSWORD=hunter2");
    let seen: BTreeMap<String, Value> = server
        .connect()
        .snapshot
        .iter()
        .map(|service| {
            (
                service["name"].as_str().unwrap().to_owned(),
                service["status"].clone(),
            )
        })
        .collect();
    assert_eq!(seen["migrate"], "failed");
    assert_eq!(played(&path), seen);

    assert_eq!(server.stop().code, Some(0));
    let text = fs::read_to_string(&path).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object(), "{line}");
    }
    assert!(
        !text.contains("hunter2") && !text.contains("argument"),
        "{text}"
    );
    let down = played(&path);
    assert_eq!(
        (&down["db"], &down["migrate"]),
        (&json!("stopped"), &json!("failed"))
    );
    let inherited = |line: &String| line.contains("FLOWLAYER_LOG");
    assert!(
        !server.lines().iter().any(inherited),
        "a service inherits them"
    );
}

#[test]
fn the_log_names_what_happens_and_no_values() {
    let stack = Stack::new()
        .file("secrets.env", "PASSWORD=hunter2\n")
        .daemon("api", json!({ "envFile": "secrets.env" }));
    let path = stack.path().join("flowlayer.log");
    let server = stack
        .variable("FLOWLAYER_LOG", "debug")
        .variable("FLOWLAYER_LOG_FILE", &path)
        .start()
        .booted();
    let _ = server.connect();
    server.stop();
    let text = fs::read_to_string(&path).unwrap();
    for words in [
        "flowlayer::config: configuration read",
        "secrets.env names=[\"PASSWORD\"]",
        "flowlayer::session: session starts",
        "flowlayer::session: connection opens",
        "service=\"api\" event=Spawned",
        "service=\"api\" effect=TakeDown",
        "service=\"api\" event=Exited",
        "flowlayer::session: session ended",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for secret in ["hunter2", TOKEN, "flowlayer::decisions"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// Runs a command on a configuration whose service would leave a file.
fn refused(arguments: &[&str], filter: &str, file: &str) -> Finished {
    let stack = Stack::new().shell("api", "touch started; exec sleep 1000000", json!({}));
    let home = stack.prepare().home;
    let mut command = flowlayer_in(home.directory.path());
    command
        .args(arguments)
        .env("FLOWLAYER_LOG", filter)
        .env("FLOWLAYER_LOG_FILE", file);
    let finished = Child::spawn(command).finish();
    assert!(!home.directory.path().join("started").exists());
    home.assert_nothing_left();
    finished
}

#[test]
fn a_wrong_filter_names_the_word_that_is_wrong() {
    let finished = refused(&["serve"], "debug,flowlayer::decisions=trce", "");
    assert_eq!(finished.code, Some(2));
    let words = "Error: FLOWLAYER_LOG: \"trce\" is not a level; known: off, error, warn, info, debug, trace";
    assert_eq!(finished.stderr.trim_end(), words);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_starts() {
    for (arguments, code) in [
        (&["serve"][..], 1),
        (&["serve", "--detach"], 1),
        (&["status"], 1),
        (&["run", "--", "touch", "started"], 125),
    ] {
        let finished = refused(arguments, "debug", "missing/file");
        assert_eq!(finished.code, Some(code), "{arguments:?}");
        let words =
            "Error: cannot write to missing/file (FLOWLAYER_LOG_FILE): No such file or directory";
        assert!(finished.stderr.starts_with(words), "{}", finished.stderr);
    }
}
