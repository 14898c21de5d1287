//! Many lines at once: all of them arrive, in order, everywhere they should.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_flood_is_in_the_files() {
    let dir = tempdir();
    let mut config = config(dir.path());
    config.limits.gather = Duration::from_millis(40);
    config.buffer_size = 100;
    let logs = Logs::open(config).unwrap();
    let lines = 60_000;
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    for service in 0..2 {
        let (read, mut write) = std::io::pipe().unwrap();
        readers.push(logs.read_pipe(read.into(), service, Stream::Stdout, None));
        writers.push(std::thread::spawn(move || {
            let text: Vec<_> = (1..=lines).map(|line| format!("{line}\n")).collect();
            for chunk in text.concat().as_bytes().chunks(4096) {
                write.write_all(chunk).unwrap();
            }
        }));
    }
    for reader in &mut readers {
        soon(reader.ended()).await;
    }
    for writer in writers {
        writer.join().unwrap();
    }
    let page = logs
        .query(Query {
            service: Some(1),
            ..all(1000)
        })
        .await;
    assert_eq!((page.len(), page.truncated), (1000, true));
    soon(logs.close()).await;
    assert_eq!(logs.last_seq(), 2 * lines);
    let all = stored(dir.path(), "all");
    assert!(all.iter().copied().eq(1..=2 * lines));
    for stem in ["api", "db"] {
        let messages = entries(&dir.path().join(format!("{stem}.jsonl")));
        let messages = messages
            .iter()
            .map(|entry| entry["message"].as_str().unwrap());
        assert!(messages.eq((1..=lines).map(|line| line.to_string())));
    }
}

#[tokio::test]
async fn a_slow_follower_is_told_how_much_it_has_lost() {
    let mut config = LogsConfig::new(vec!["api".into()]);
    config.limits.recent_bytes = 10_000;
    let logs = Logs::open(config).unwrap();
    let mut slow = logs.cursor();
    for _ in 0..1000 {
        logs.note(0, "x");
    }
    let mut next = 1;
    let mut lost = 0;
    while next <= 1000 {
        let taken = soon(slow.next()).await;
        lost += taken.skipped;
        assert_eq!(taken.batches[0].first_seq(), next + taken.skipped);
        next = taken.batches.last().unwrap().last_seq() + 1;
    }
    assert!(lost > 0 && lost < 1000, "{lost}");
    assert_eq!(slow.next_seq(), 1001);
}

#[tokio::test]
async fn what_is_recent_does_not_depend_on_who_looks() {
    let mut config = LogsConfig::new(vec!["api".into()]);
    config.limits.recent_bytes = 10_000;
    let logs = Logs::open(config).unwrap();
    let mut cursor = logs.cursor();
    logs.note(0, "x");
    let first = soon(cursor.next()).await.batches.remove(0);
    let kept = first.rendered();
    assert!(Arc::ptr_eq(&kept, &first.rendered()), "made once");
    for _ in 0..100 {
        logs.note(0, "y");
    }
    let again = first.rendered();
    assert!(!Arc::ptr_eq(&again, &first.rendered()), "not kept any more");
    assert_eq!(kept.as_str(), again.as_str());
}
