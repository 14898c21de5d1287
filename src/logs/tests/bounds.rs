//! Memory stays within its bounds and numbers have no gaps, whatever is printed.

use proptest::prelude::*;

use super::*;
use crate::logs::lines::Splitter;

/// The entries that memory must hold: of each service the newest ones that fit.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    entries: usize,
    service_bytes: usize,
    total_bytes: usize,
}

proptest! {
    #[test]
    fn memory_holds_the_newest_and_no_more(
        batches in proptest::collection::vec((0..3usize, 1..30usize, 0..300usize), 1..60),
        bounds in (1..40usize, 2_000..20_000usize, 3_000..30_000usize).prop_map(
            |(entries, service_bytes, total_bytes)| Bounds { entries, service_bytes, total_bytes }
        ),
    ) {
        let mut config = LogsConfig::new(vec!["a".into(), "b".into(), "c".into()]);
        config.buffer_size = bounds.entries;
        config.limits.service_bytes = bounds.service_bytes;
        config.limits.total_bytes = bounds.total_bytes;
        config.limits.recent_bytes = 5_000;
        let logs = Logs::open(config).unwrap();
        let mut cursor = logs.cursor();
        let mut held: Vec<Arc<Batch>> = Vec::new();
        let mut next = 1;
        for (service, count, width) in batches {
            let text = format!("{}\n", "x".repeat(width)).repeat(count);
            Splitter::default().push(text.as_bytes(), &mut |lines| {
                held.extend(logs.store.append(service, Stream::Stdout, lines));
            });
            // A follower that keeps up sees everything, without a gap.
            let taken = cursor.try_next().unwrap();
            prop_assert_eq!(taken.skipped, 0);
            for batch in taken.batches {
                prop_assert_eq!(batch.first_seq(), next);
                next = batch.last_seq() + 1;
            }
            prop_assert_eq!(logs.last_seq() + 1, next);
            check(&logs, &held, bounds);
        }
    }
}

/// Compares what memory holds with all that it was given.
fn check(logs: &Logs, given: &[Arc<Batch>], bounds: Bounds) {
    let state = logs.store.lock();
    let mut total = 0;
    let given_bytes: usize = given.iter().map(|batch| batch.memory()).sum();
    for (service, ring) in state.rings.iter().enumerate() {
        let slices: Vec<_> = ring.newest_first(0, u64::MAX).collect();
        let held = slices.iter().flat_map(|slice| {
            let first = slice.first_seq();
            (first..first + slice.len() as u64).rev()
        });
        let held: Vec<u64> = held.collect();
        let all = given.iter().rev().filter(|batch| batch.service == service);
        let all = all.flat_map(|batch| batch.lines().rev().map(|(seq, ..)| seq));
        let all: Vec<u64> = all.collect();
        assert!(held.len() <= bounds.entries);
        assert!(ring.bytes <= bounds.service_bytes);
        assert!(all.starts_with(&held), "the newest are held");
        let bytes: usize = slices.iter().map(|slice| slice.batch.memory()).sum();
        assert_eq!(ring.bytes, bytes, "what is counted is what is there");
        let evicted = &all[held.len()..];
        let ends = evicted.last().copied().zip(evicted.first().copied());
        assert_eq!(ring.evicted, ends);
        if given_bytes <= bounds.service_bytes.min(bounds.total_bytes) {
            assert_eq!(held.len(), all.len().min(bounds.entries), "there was room");
        }
        total += ring.bytes;
    }
    assert!(total <= bounds.total_bytes);
}
