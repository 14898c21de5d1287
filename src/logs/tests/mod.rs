//! The log as others see it.

mod bounds;
mod crash;
mod disk_failure;
mod flood;
mod hostile;
mod model;
mod records;

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

fn logs(buffer_size: usize) -> Logs {
    let mut config = LogsConfig::new(vec!["api".into(), "db".into()]);
    config.buffer_size = buffer_size;
    Logs::open(config).unwrap()
}

/// Nothing here waits for long; a test that hangs fails.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("in time")
}

fn messages(taken: &Taken) -> Vec<String> {
    let lines = taken.batches.iter().flat_map(|batch| batch.lines());
    lines.map(|(_, text, _)| text.to_owned()).collect()
}

#[tokio::test]
async fn lines_of_a_pipe_arrive_numbered_with_their_phase() {
    let logs = logs(10);
    let mut cursor = logs.cursor();
    logs.set_phase(1, Status::Ready);
    let (read, mut write) = std::io::pipe().unwrap();
    let mut reader = logs.read_pipe(read.into(), 1, Stream::Stdout, None);
    write.write_all(b"one\ntwo\r\nthree").unwrap();
    drop(write);
    soon(reader.ended()).await;
    soon(reader.ended()).await;
    assert_eq!(logs.last_seq(), 3);
    let taken = soon(cursor.next()).await;
    assert_eq!(taken.skipped, 0);
    assert_eq!(messages(&taken), ["one", "two", "three"]);
    let batch = &taken.batches[0];
    assert_eq!((batch.first_seq(), batch.service), (1, 1));
    assert_eq!((batch.phase, batch.stream), (Status::Ready, Stream::Stdout));
    assert_eq!(
        batch.rendered().entry(1),
        format!(
            r#"{{"seq":2,"service":"db","phase":"ready","stream":"stdout","message":"two","timestamp":"{}"}}"#,
            batch.timestamp
        )
    );
}

#[tokio::test]
async fn a_cut_pipe_logs_its_unfinished_line_and_nothing_after_it() {
    let logs = logs(10);
    let mut cursor = logs.cursor();
    let (read, mut write) = std::io::pipe().unwrap();
    let reader = logs.read_pipe(read.into(), 0, Stream::Stdout, None);
    write.write_all(b"line\npart").unwrap();
    assert_eq!(messages(&soon(cursor.next()).await), ["line"]);
    reader.cut();
    assert_eq!(logs.last_seq(), 2);
    // Nobody reads any more; the pipe may be gone or not.
    let _ = write.write_all(b"ial\nmore\n");
    logs.note(0, "that was it");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(messages(&soon(cursor.next()).await));
    }
    assert_eq!(seen, ["part", "[flowlayer] that was it"]);
}

#[tokio::test]
async fn a_descriptor_that_is_no_pipe_is_noted() {
    let logs = logs(10);
    let file = tempfile::tempfile().unwrap();
    let mut reader = logs.read_pipe(file.into(), 0, Stream::Stderr, None);
    soon(reader.ended()).await;
    let page = logs.query(all(10)).await;
    assert!(page.json().contains("[flowlayer] cannot read stderr"));
}

#[tokio::test]
async fn only_what_we_add_has_an_origin() {
    let dir = tempdir();
    let logs = Logs::open(config(dir.path())).unwrap();
    let (read, mut write) = std::io::pipe().unwrap();
    let mut reader = logs.read_pipe(read.into(), 0, Stream::Stderr, None);
    write.write_all(b"[flowlayer] says the service\n").unwrap();
    drop(write);
    soon(reader.ended()).await;
    logs.note(0, "a note");
    logs.note_failure(0, "exit code 1");
    let page = logs.query(all(10)).await;
    soon(logs.close()).await;
    let file = std::fs::read_to_string(dir.path().join("all.jsonl")).unwrap();
    assert!(file.lines().eq(page.entries()));
    let origins = page.entries().map(|entry| {
        let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
        entry["origin"].clone()
    });
    let flowlayer = serde_json::Value::from("flowlayer");
    let wanted = [serde_json::Value::Null, flowlayer.clone(), flowlayer];
    assert_eq!(origins.collect::<Vec<_>>(), wanted);
}

struct Watch {
    seen: Mutex<Vec<String>>,
    left: AtomicUsize,
}

impl LineWatch for Watch {
    fn line(&self, line: &str) -> bool {
        self.seen.lock().unwrap().push(line.to_owned());
        self.left.fetch_sub(1, Ordering::Relaxed) > 1
    }
}

#[tokio::test]
async fn a_watch_sees_lines_until_it_has_enough() {
    let logs = logs(10);
    let watch = Arc::new(Watch {
        seen: Mutex::default(),
        left: AtomicUsize::new(2),
    });
    let (read, mut write) = std::io::pipe().unwrap();
    let mut reader = logs.read_pipe(read.into(), 0, Stream::Stdout, Some(watch.clone()));
    write.write_all(b"a\nb\nc\nd\n").unwrap();
    drop(write);
    soon(reader.ended()).await;
    assert_eq!(*watch.seen.lock().unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_watch_sees_a_line_as_it_grows_and_over_pauses() {
    let logs = logs(10);
    let mut cursor = logs.cursor();
    let watch = Arc::new(Watch {
        seen: Mutex::default(),
        left: AtomicUsize::new(usize::MAX),
    });
    let (read, mut write) = std::io::pipe().unwrap();
    let mut reader = logs.read_pipe(read.into(), 0, Stream::Stdout, Some(watch.clone()));
    write.write_all(b"Listening on ").unwrap();
    let taken = soon(cursor.next()).await;
    assert_eq!(taken.batches[0].line(0), ("Listening on ", true));
    write.write_all(b"3000").unwrap();
    let taken = soon(cursor.next()).await;
    assert_eq!(taken.batches[0].line(0), ("3000", true));
    write.write_all(b"\nready\n").unwrap();
    drop(write);
    soon(reader.ended()).await;
    assert_eq!(messages(&soon(cursor.next()).await), ["ready"]);
    assert_eq!(
        *watch.seen.lock().unwrap(),
        ["Listening on ", "Listening on 3000", "ready"]
    );
}

/// A directory that goes away with the test, in memory where there is such a place: what is
/// written durably costs a disk many milliseconds each time.
fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// The log of a session in a directory that writes at once.
fn config(dir: &Path) -> LogsConfig {
    let mut config = LogsConfig::new(vec!["api".into(), "db".into()]);
    config.dir = Some(dir.to_owned());
    config.limits.gather = Duration::ZERO;
    config
}

/// The entries in one part of a file. Every line must be one.
#[track_caller]
fn entries(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "{path:?} is torn");
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{path:?}: {line}"));
    text.lines().map(parse).collect()
}

/// The numbers in both parts of a file, which ascend.
#[track_caller]
fn stored(dir: &Path, stem: &str) -> Vec<u64> {
    let parts = [format!("{stem}.1.jsonl"), format!("{stem}.jsonl")];
    let entries = parts.iter().flat_map(|part| entries(&dir.join(part)));
    let seqs: Vec<u64> = entries
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{stem}: {seqs:?}");
    seqs
}

fn all(limit: usize) -> Query {
    Query {
        service: None,
        limit,
        after_seq: None,
        before_seq: None,
    }
}

fn seqs(page: &Page) -> Vec<u64> {
    let seq = |entry: &str| {
        let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
        entry["seq"].as_u64().unwrap()
    };
    let seqs: Vec<u64> = page.entries().map(seq).collect();
    let joined: Vec<serde_json::Value> =
        serde_json::from_str(&format!("[{}]", page.json())).unwrap();
    assert_eq!(joined.len(), seqs.len());
    seqs
}

#[tokio::test]
async fn pages_are_the_newest_that_match_and_say_what_is_missing() {
    let logs = logs(3);
    for index in 0..5 {
        logs.note(0, &format!("\"{index}\""));
        logs.note(1, "x");
    }
    // Services hold 5, 7, 9 and 6, 8, 10.
    let page = logs.query(all(10)).await;
    assert_eq!((seqs(&page), page.truncated), ((5..=10).collect(), true));
    let page = logs
        .query(Query {
            after_seq: Some(4),
            ..all(10)
        })
        .await;
    assert_eq!((seqs(&page), page.truncated), ((5..=10).collect(), false));
    let page = logs
        .query(Query {
            after_seq: Some(6),
            ..all(2)
        })
        .await;
    assert_eq!((seqs(&page), page.truncated), (vec![9, 10], true));
    let page = logs
        .query(Query {
            before_seq: Some(8),
            service: Some(0),
            ..all(2)
        })
        .await;
    assert_eq!((seqs(&page), page.truncated), (vec![5, 7], true));
    let page = logs
        .query(Query {
            before_seq: Some(1),
            ..all(2)
        })
        .await;
    assert_eq!((seqs(&page), page.truncated), (vec![], false));
}
