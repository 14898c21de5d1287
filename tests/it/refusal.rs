//! What `serve` does not start: wrong configurations, busy addresses. Nothing runs then
//! (docs/cli.md, Exit codes).

use std::net::TcpListener;

use serde_json::json;

use crate::harness::{Stack, run};

/// Would leave a trace if it ran.
const TRACE: &str = "touch started; exec sleep 1000000";

#[test]
fn a_busy_address_is_fatal_and_nothing_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let server = Stack::new()
        .without_api()
        .shell("api", TRACE, json!({}))
        .argument("-s")
        .argument(&address)
        .start();
    let finished = server.wait_for_end();
    assert_eq!(finished.code, Some(1));
    finished.complained(&[&address]);
    assert!(!server.path().join("started").exists());
}

#[test]
fn a_log_directory_that_cannot_be_made_is_fatal() {
    for directory in ["not-a-directory", "not-a-directory/logs"] {
        let server = Stack::new()
            .file("not-a-directory", "")
            .field("logs", json!({ "dir": directory }))
            .shell("api", TRACE, json!({}))
            .start();
        let finished = server.wait_for_end();
        assert_eq!(finished.code, Some(1));
        finished.complained(&[directory]);
        assert!(!server.path().join("started").exists());
    }
}

/// The path stood in the error as it is, line ends included.
#[test]
fn a_log_file_that_cannot_be_written_is_named_in_one_line() {
    let directory = "a\nError: all is well\u{9b}";
    let server = Stack::new()
        .file(&format!("{directory}/all.jsonl/file"), "")
        .field("logs", json!({ "dir": directory }))
        .shell("api", TRACE, json!({}))
        .start();
    let finished = server.wait_for_end();
    assert_eq!(finished.code, Some(1));
    finished.complained(&["a␊Error: all is well\u{fffd}/all.jsonl: it is not a regular file"]);
}

#[test]
fn a_wrong_configuration_gives_its_problems_and_no_help() {
    let server = Stack::new()
        .file(
            "flowlayer.jsonc",
            "{\n  \"services\": {\n    \"api\": { \"cmd\": \"true\", \"dependOn\": [\"db\"] },\n  },\n}\n",
        )
        .start();
    let finished = server.wait_for_end();
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("did you mean \"dependsOn\"?"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("flowlayer.jsonc:3:"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains("Usage:"), "{}", finished.stderr);
}

#[test]
fn a_cycle_is_found_before_anything_starts() {
    let server = Stack::new()
        .shell("a", TRACE, json!({ "dependsOn": ["b"] }))
        .shell("b", TRACE, json!({ "dependsOn": ["a"] }))
        .start();
    let finished = server.wait_for_end();
    assert_eq!(finished.code, Some(2));
    assert!(
        finished
            .stderr
            .contains("dependency cycle detected among services"),
        "{}",
        finished.stderr
    );
    assert!(!server.path().join("started").exists());
}

#[test]
fn a_configuration_that_cannot_be_read_is_one_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    for command in ["serve", "plan", "validate"] {
        for (name, word) in [("missing.jsonc", "missing.jsonc"), (".", "directory")] {
            let finished = run(directory.path(), [command, name]);
            assert_eq!(finished.code, Some(2), "{command} {name}");
            finished.complained(&[word]);
        }
    }
}

#[test]
fn a_bind_and_a_name_that_make_no_sense_are_usage_errors() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("flowlayer.jsonc"),
        "{\"services\":{\"api\":{\"cmd\":\"true\"}}}",
    )
    .unwrap();
    for [option, value] in [
        ["-s", "127.0.0.1:99999"],
        ["-s", "nonsense"],
        ["--only", "nobody"],
    ] {
        let finished = run(directory.path(), ["serve", option, value]);
        assert_eq!(finished.code, Some(2), "{value}: {}", finished.stderr);
        assert!(
            finished.stderr.starts_with("Error: "),
            "{}",
            finished.stderr
        );
        assert!(finished.stderr.contains(value), "{}", finished.stderr);
        assert!(
            finished.stderr.ends_with("flowlayer serve --help\n"),
            "{}",
            finished.stderr
        );
    }
}
