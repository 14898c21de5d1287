//! What is left when a session dies at any moment, and how the next one goes on.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;

use super::*;

/// Copies a directory as a crash would leave it: at this moment, lock file and all.
pub(super) fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let copied = fs::copy(file.path(), to.join(file.file_name()));
        // The new state may just have replaced the old one.
        let gone = copied.is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound);
        assert!(!gone, "{file:?}");
    }
}

/// Cuts a file off somewhere.
pub(super) fn shorten(path: &Path, part: f64) {
    let Ok(text) = fs::read(path) else { return };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let len = (text.len() as f64 * part) as usize;
    fs::write(path, &text[..len]).unwrap();
}

/// Keeps only some entries of a file.
pub(super) fn keep(dir: &Path, stem: &str, seqs: &BTreeSet<u64>) {
    for part in [format!("{stem}.1.jsonl"), format!("{stem}.jsonl")] {
        keep_in(&dir.join(part), seqs);
    }
}

fn keep_in(path: &Path, seqs: &BTreeSet<u64>) {
    let kept = entries(path);
    let kept = kept
        .iter()
        .filter(|entry| seqs.contains(&entry["seq"].as_u64().unwrap()));
    let lines: Vec<_> = kept.map(|entry| format!("{entry}\n")).collect();
    if path.exists() {
        fs::write(path, lines.concat()).unwrap();
    }
}

fn open(dir: &Path) -> Logs {
    Logs::open(config(dir)).unwrap()
}

#[tokio::test]
async fn a_clean_end_goes_on_with_the_next_number() {
    let dir = tempdir();
    for session in 0..3u64 {
        let logs = open(dir.path());
        assert_eq!(logs.last_seq(), session * 2);
        logs.note(0, "a");
        logs.note(1, "b");
        logs.close().await;
        logs.note(1, "too late");
    }
    assert_eq!(stored(dir.path(), "all"), [1, 2, 3, 4, 5, 6]);
    assert_eq!(stored(dir.path(), "db"), [2, 4, 6]);
}

#[tokio::test]
async fn a_crash_goes_on_after_the_reserved_block() {
    let dir = tempdir();
    let logs = open(dir.path());
    logs.note(0, "a");
    logs.flush().await;
    let after = tempdir();
    copy(dir.path(), after.path());
    let next = open(after.path());
    assert_eq!(next.last_seq(), 1_000_000);
    next.note(0, "b");
    next.close().await;
    assert_eq!(stored(after.path(), "all"), [1, 1_000_001]);
    assert_eq!(open(after.path()).last_seq(), 1_000_001);
    logs.close().await;
}

#[tokio::test]
async fn a_lost_state_is_made_up_from_the_lines() {
    let dir = tempdir();
    let logs = open(dir.path());
    logs.note(0, "a");
    logs.close().await;
    let state = dir.path().join(".flowlayer.json");
    fs::remove_file(&state).unwrap();
    assert_eq!(open_and_close(dir.path()).await, 1);
    fs::write(&state, "{").unwrap();
    assert_eq!(open_and_close(dir.path()).await, 1_000_001);
}

async fn open_and_close(dir: &Path) -> u64 {
    let logs = open(dir);
    let last = logs.last_seq();
    logs.close().await;
    last
}

#[tokio::test]
async fn a_second_server_is_refused_and_disturbs_nothing() {
    let dir = tempdir();
    let logs = open(dir.path());
    let error = Logs::open(config(dir.path())).unwrap_err();
    let pid = std::process::id();
    assert!(matches!(error, OpenError::Locked { pid: Some(it), .. } if it == pid));
    logs.note(0, "a");
    logs.close().await;
    assert_eq!(stored(dir.path(), "api"), [1]);
    open_and_close(dir.path()).await;
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_not_followed() {
    let dir = tempdir();
    let target = dir.path().join("target");
    fs::write(&target, "mine").unwrap();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    std::os::unix::fs::symlink(&target, logs.join("api.jsonl")).unwrap();
    let error = Logs::open(config(&logs)).unwrap_err();
    assert!(matches!(error, OpenError::NotAFile { .. }), "{error}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Each file by itself, cut at any byte: whole lines stay, nothing is used twice, and what
    /// comes later is found.
    #[test]
    fn files_cut_anywhere_are_whole_after_the_next_start(
        batches in proptest::collection::vec((0..2usize, 1..20usize), 1..20),
        cuts in proptest::array::uniform3(0.0..1.0f64),
        state in proptest::bool::ANY,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempdir();
            let logs = open(dir.path());
            for (service, count) in batches {
                for number in 0..count {
                    logs.note(service, &"ä\u{1}".repeat(number * 7));
                }
            }
            soon(logs.flush()).await;
            let after = tempdir();
            copy(dir.path(), after.path());
            for (stem, cut) in ["all", "api", "db"].into_iter().zip(cuts) {
                shorten(&after.path().join(format!("{stem}.jsonl")), cut);
            }
            if state {
                shorten(&after.path().join(".flowlayer.json"), cuts[0]);
            }
            let next = open(after.path());
            let first = next.last_seq() + 1;
            assert!(first > logs.last_seq(), "{first}");
            let before: Vec<_> = ["all", "api", "db"].map(|stem| stored(after.path(), stem)).into();
            next.note(0, "again");
            let page = soon(next.query(Query { before_seq: Some(first), ..super::all(1000) })).await;
            assert_eq!(seqs(&page), before[0]);
            soon(next.close()).await;
            assert_eq!(stored(after.path(), "all").last(), Some(&first));
            assert_eq!(stored(after.path(), "db"), before[2].clone());
            soon(logs.close()).await;
        });
    }
}
