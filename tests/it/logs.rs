//! No line is lost: files, paging back, crashes, a second server
//! (docs/logs.md, What the files promise).

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Server, Stack, journal};

fn seqs(entries: &[Value]) -> Vec<u64> {
    entries
        .iter()
        .map(|entry| entry["seq"].as_u64().expect("a number"))
        .collect()
}

/// A stack that counts into the logs of a directory and keeps little in memory.
fn counting(logs: &Path, lines: u32) -> Server {
    Stack::new()
        .field("logs", json!({ "dir": logs, "bufferSize": 100 }))
        .shell(
            "count",
            &format!("seq 1 {lines}"),
            json!({ "kind": "oneshot" }),
        )
        .argument("--quiet")
        .start()
}

#[test]
fn with_a_directory_every_line_is_in_the_files() {
    let stack = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("a", "seq 1 100000", json!({ "kind": "oneshot" }))
        .shell("b", "seq 1 100000", json!({ "kind": "oneshot" }))
        .argument("--quiet")
        .start()
        .booted();
    stack.stop();
    let files = journal::entries_of(&stack.path().join("logs"));
    for name in ["a", "b"] {
        let entries = &files[name];
        assert!(
            entries
                .iter()
                .zip(1u32..)
                .all(|(entry, line)| entry["message"].as_str() == Some(&line.to_string()))
        );
        assert_eq!(entries.len(), 100_000);
    }
    let all = seqs(&files["all"]);
    assert!(
        all.into_iter().eq(1..=200_000),
        "contiguous over all services"
    );
}

#[test]
fn a_client_pages_back_through_what_memory_no_longer_holds() {
    let logs = tempfile::tempdir().expect("a directory");
    let stack = counting(logs.path(), 5000).booted();
    let mut client = stack.connect();
    let mut before = Value::Null;
    let mut seen = Vec::new();
    loop {
        let mut payload = json!({ "service": "count", "limit": 700 });
        if !before.is_null() {
            payload["before_seq"] = before;
        }
        let data = client
            .command("get_logs", &payload)
            .result
            .expect("accepted")["data"]
            .clone();
        let page = data["entries"].as_array().expect("a list").clone();
        let Some(first) = page.first() else { break };
        before = first["seq"].clone();
        seen.splice(0..0, page);
        assert_eq!(data["truncated"], json!(before != json!(1)), "{before}");
    }
    let lines: Vec<&str> = seen
        .iter()
        .map(|entry| entry["message"].as_str().expect("text"))
        .collect();
    assert!(
        lines
            .into_iter()
            .eq((1..=5000).map(|line| line.to_string()))
    );
}

#[test]
fn numbers_go_on_after_a_clean_end_and_are_never_used_again_after_a_crash() {
    let logs = tempfile::tempdir().expect("a directory");
    let all = || seqs(&journal::entries_of(logs.path())["all"]);
    counting(logs.path(), 1000).booted().stop();
    assert!(all().into_iter().eq(1..=1000));

    counting(logs.path(), 1000).booted().crash();

    counting(logs.path(), 1000).booted().stop();
    let all = all();
    assert!(all.is_sorted_by(|a, b| a < b), "no number twice");
    assert!(
        all.ends_with(&(1_001_001..=1_002_000).collect::<Vec<u64>>()),
        "on from the reserved block"
    );
}

#[test]
fn a_second_server_on_the_same_directory_starts_nothing_and_names_the_first() {
    let logs = tempfile::tempdir().expect("a directory");
    let stack = counting(logs.path(), 10).booted();
    let end = counting(logs.path(), 10).wait_for_end();
    assert_eq!(end.code, Some(1));
    let holds = stack
        .servers()
        .iter()
        .any(|process| end.stderr.contains(&process.pid.to_string()));
    assert!(end.stderr.starts_with("Error: ") && holds, "{}", end.stderr);
}

#[test]
fn a_line_without_end_is_cut_and_bytes_that_are_no_text_are_replaced() {
    let stack = Stack::new()
        .shell(
            "odd",
            r"printf 'a\377b\r\n\n'; head -c 200000 /dev/zero | tr '\0' x; printf 'end'",
            json!({ "kind": "oneshot" }),
        )
        .argument("--quiet")
        .start()
        .booted();
    let reply = stack
        .connect()
        .command("get_logs", &json!({ "service": "odd" }))
        .result;
    let data = reply.expect("accepted")["data"].clone();
    let entries = data["entries"].as_array().expect("a list").clone();
    assert_eq!(entries[0]["message"], json!("a\u{fffd}b"));
    assert_eq!(entries[1]["message"], json!(""));
    let parts = &entries[2..];
    assert!(
        parts[..parts.len() - 1]
            .iter()
            .all(|part| part["partial"] == json!(true))
    );
    assert!(parts[parts.len() - 1].get("partial").is_none());
    let whole: String = parts
        .iter()
        .map(|part| part["message"].as_str().expect("text"))
        .collect();
    assert_eq!(whole, "x".repeat(200_000) + "end");
}
