//! Both ways against a server's log with gaps.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::facts::{Origin, Stream};

/// A server's log: entries of three services, with gaps.
#[derive(Debug, Clone)]
struct Log {
    entries: Vec<Entry>,
    /// An answer has so many at most, as if they were large.
    cut: usize,
    /// Older ones are gone.
    gone: bool,
}

fn entry(seq: u64, service: usize) -> Entry {
    Entry {
        seq,
        service: ["a", "b", "c"][service].into(),
        phase: "ready".into(),
        stream: Stream::Stdout,
        message: "".into(),
        timestamp: (UNIX_EPOCH + Duration::from_millis(seq * 10)).into(),
        partial: false,
        origin: Origin::Service,
    }
}

/// Counts the questions, of which there must not be many.
struct Server<'a>(&'a Log, Cell<usize>);

// The tests run on one thread.
impl Pages for Server<'_> {
    fn page(&self, query: LogsQuery) -> impl Future<Output = Result<Page, CommandError>> + Send {
        self.1.set(self.1.get() + 1);
        let LogsCursor::Before(before) = query.cursor else {
            panic!("{query:?}");
        };
        let limit = query.limit.map_or(500, NonZeroU64::get);
        let matching: Vec<&Entry> = self
            .0
            .entries
            .iter()
            .filter(|entry| entry.seq < before.get())
            .filter(|entry| {
                query
                    .service
                    .as_deref()
                    .is_none_or(|it| it == &*entry.service)
            })
            .collect();
        let count = matching
            .len()
            .min(self.0.cut)
            .min(usize::try_from(limit).unwrap());
        let page = Page {
            entries: matching[matching.len() - count..]
                .iter()
                .map(|entry| (*entry).clone())
                .collect(),
            truncated: count < matching.len() || self.0.gone,
            effective_limit: limit,
        };
        std::future::ready(Ok(page))
    }
}

fn log() -> impl Strategy<Value = Log> {
    let step = prop_oneof![8 => Just(1u64), 2 => 2..5u64, 1 => 1_000..3_000_000u64];
    let entries = prop::collection::vec((step, 0..3usize), 0..120);
    (entries, 1..40usize, any::<bool>()).prop_map(|(entries, cut, gone)| {
        let mut seq = 0;
        let entries = entries.into_iter().map(|(step, service)| {
            seq += step;
            entry(seq, service)
        });
        Log {
            entries: entries.collect(),
            cut,
            gone,
        }
    })
}

/// What nothing ever waits for is done at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

proptest! {
    #[test]
    fn both_ways_give_every_entry_once(
        log in log(), services in prop::sample::subsequence(vec!["a", "b", "c"], 0..=3),
        first in 0..150u64, width in 0..10_000_000u64, few in prop::option::of(1..50u64),
    ) {
        let span = Span { first, end: first + width };
        let services: Vec<String> = services.into_iter().map(str::to_owned).collect();
        let mut wanted: Vec<u64> = log.entries.iter()
            .filter(|entry| services.is_empty() || services.iter().any(|it| **it == *entry.service))
            .map(|entry| entry.seq)
            .filter(|seq| (span.first..span.end).contains(seq))
            .collect();
        let server = Server(&log, Cell::new(0));
        let mut oldest = Oldest::new(&server, &services, span);
        let mut got = Vec::new();
        while let Some(entry) = now(oldest.next()).unwrap() {
            got.push(entry.seq);
        }
        prop_assert_eq!(&got, &wanted);
        let mut newest = Newest::new(&server, &services, span, few);
        got.clear();
        while let Some(entry) = now(newest.next()).unwrap() {
            got.push(entry.seq);
        }
        wanted.reverse();
        prop_assert_eq!(got, wanted);
        prop_assert!(log.gone || !newest.lost());
    }

    #[test]
    fn a_moment_is_found(log in log(), moment in 0..2_000u64) {
        let end = log.entries.last().map_or(1, |entry| entry.seq + 1);
        let span = Span { first: 1, end };
        let server = Server(&log, Cell::new(0));
        let at = (UNIX_EPOCH + Duration::from_millis(moment)).into();
        let number = now(number_at(&server, span, at)).unwrap();
        for entry in &log.entries {
            prop_assert_eq!(entry.seq >= number, entry.timestamp >= at, "{}", entry.seq);
        }
        prop_assert!(server.1.get() < 64);
    }
}

#[test]
fn a_wide_gap_costs_few_questions() {
    let entries = [entry(1, 0), entry(900_000_000, 0)].to_vec();
    let log = Log {
        entries,
        cut: 5000,
        gone: false,
    };
    let server = Server(&log, Cell::new(0));
    let span = Span {
        first: 1,
        end: 900_000_001,
    };
    let mut oldest = Oldest::new(&server, &[], span);
    let mut count = 0;
    while now(oldest.next()).unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 2);
    assert!(server.1.get() < 50, "{}", server.1.get());
}

#[test]
fn what_is_gone_is_told() {
    let log = Log {
        entries: vec![entry(7, 0)],
        cut: 10,
        gone: true,
    };
    let server = Server(&log, Cell::new(0));
    let span = Span { first: 1, end: 8 };
    let mut newest = Newest::new(&server, &[], span, None);
    assert!(now(newest.next()).unwrap().is_some());
    assert!(!newest.lost());
    assert!(now(newest.next()).unwrap().is_none());
    assert!(newest.lost());
}
