//! Records across sessions, crashes and failing disks.

use std::fs;

use super::disk_failure::{Disk, PLENTY};
use super::*;

fn line(number: u64) -> String {
    format!("{{\"number\":{number},\"event\":\"x\"}}")
}

fn private(number: u64) -> String {
    format!("{{\"number\":{number},\"private\":true,\"event\":\"y\"}}")
}

async fn numbers(
    logs: &Logs,
    limit: usize,
    after: Option<u64>,
    before: Option<u64>,
) -> (Vec<u64>, bool) {
    let query = RecordQuery {
        limit,
        after,
        before,
    };
    let page = logs.records(query).await;
    let entries = page.entries();
    let numbers = entries.map(|entry| {
        let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
        assert_eq!(entry["event"], "x");
        entry["number"].as_u64().unwrap()
    });
    (numbers.collect(), page.truncated)
}

#[tokio::test]
async fn numbers_go_on_in_the_next_session_and_private_records_are_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let first = Logs::open(config(dir.path())).unwrap();
    first.record(false, line);
    first.record(true, private);
    first.record(false, line);
    let key = first.key();
    soon(first.close()).await;
    drop(first);
    let file = dir.path().join("@events.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{}\n{}\n{}\n", line(1), private(2), line(3)));
    // As a crash in the middle of a write leaves it.
    fs::write(&file, format!("{text}{{\"number\":4,\"ev")).unwrap();

    let second = Logs::open(config(dir.path())).unwrap();
    assert_eq!(second.key(), key);
    assert_eq!(second.record(false, line), 4);
    assert_eq!(numbers(&second, 9, None, None).await, (vec![4], false));
    assert_eq!(
        numbers(&second, 9, None, Some(4)).await,
        (vec![1, 3], false)
    );
    assert_eq!(
        numbers(&second, 9, Some(0), None).await,
        (vec![1, 3, 4], false)
    );
    assert_eq!(numbers(&second, 2, Some(0), None).await, (vec![3, 4], true));
    assert_eq!(numbers(&second, 1, None, Some(4)).await, (vec![3], true));
    soon(second.close()).await;
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .ends_with(&format!("{}\n", line(4)))
    );
}

#[tokio::test]
async fn the_file_of_another_program_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("@events.jsonl");
    fs::write(&file, "{\"id\":1}\nno json").unwrap();
    let logs = Logs::open(config(dir.path())).unwrap();
    logs.record(false, line);
    assert_eq!(numbers(&logs, 9, None, None).await, (vec![1], false));
    assert_eq!(numbers(&logs, 9, None, Some(9)).await, (vec![1], false));
    soon(logs.close()).await;
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{{\"id\":1}}\nno json\n{}\n", line(1)));
}

#[tokio::test]
async fn records_wait_for_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::with_space(0);
    let logs = disk.logs(config(dir.path()));
    let mut warnings = logs.warnings();
    logs.record(false, line);
    let warning = soon(warnings.next()).await;
    assert!(matches!(warning, LogWarning::Failing { .. }), "{warning:?}");
    logs.record(false, line);
    disk.add_space(PLENTY);
    let mut more = 0;
    let resumed = loop {
        more += 1;
        logs.record(false, line);
        let soon = tokio::time::timeout(Duration::from_millis(50), warnings.next());
        if let Ok(warning) = soon.await {
            break warning;
        }
        assert!(more < 200, "it goes on");
    };
    assert!(
        matches!(resumed, LogWarning::Resumed { missed: 0, .. }),
        "{resumed:?}"
    );
    soon(logs.close()).await;
    let text = fs::read_to_string(dir.path().join("@events.jsonl")).unwrap();
    let all: Vec<String> = (1..=2 + more).map(line).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), all);
}
