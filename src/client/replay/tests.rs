//! Replay against a model of a server that loses, cuts and restarts.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::facts::{Origin, Stream};

fn entry(seq: u64) -> Entry {
    Entry {
        seq,
        service: "api".into(),
        phase: "running".into(),
        stream: Stream::Stdout,
        message: format!("line {seq}").into(),
        timestamp: (UNIX_EPOCH + Duration::from_secs(seq)).into(),
        partial: false,
        origin: Origin::Service,
    }
}

/// What a server has.
#[derive(Debug, Default)]
struct Log {
    entries: BTreeMap<u64, Entry>,
    /// Pages longer than this are cut to it, and claim to be large.
    cut: Option<usize>,
}

impl Log {
    fn with(seqs: impl IntoIterator<Item = u64>) -> Self {
        Self {
            entries: seqs.into_iter().map(|seq| (seq, entry(seq))).collect(),
            cut: None,
        }
    }

    fn answer(&self, query: &LogsQuery) -> Piece {
        let limit = usize::try_from(query.limit.unwrap().get()).unwrap();
        let matching: Vec<&Entry> = match query.cursor {
            LogsCursor::End => self.entries.values().collect(),
            LogsCursor::After(seq) => self.entries.range(seq + 1..).map(|(_, e)| e).collect(),
            LogsCursor::Before(seq) => self.entries.range(..seq.get()).map(|(_, e)| e).collect(),
        };
        let most = limit.min(self.cut.unwrap_or(usize::MAX));
        let skipped = matching.len().saturating_sub(most);
        let cut = self.cut.is_some_and(|cut| cut < limit.min(matching.len()));
        Piece {
            entries: matching[skipped..].iter().copied().cloned().collect(),
            truncated: skipped > 0,
            bytes: if cut { MAY_BE_CUT + 1 } else { 1000 },
        }
    }
}

/// What a consumer has seen.
#[derive(Debug, Default)]
struct Seen {
    delivered: Vec<u64>,
    gaps: Vec<Gap>,
    asked: Option<LogsQuery>,
    questions: usize,
}

impl Seen {
    fn take(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Deliver(entries) => {
                    assert!(!entries.is_empty());
                    self.delivered.extend(entries.iter().map(|entry| entry.seq));
                }
                Step::Gap(gap) => self.gaps.push(gap),
                Step::Ask(query) => {
                    assert_eq!(self.asked, None, "one page at a time");
                    self.asked = Some(query);
                    self.questions += 1;
                }
            }
        }
    }

    fn settle(&mut self, replay: &mut Replay, log: &Log) {
        while let Some(query) = self.asked.take() {
            self.take(replay.page(log.answer(&query)));
        }
    }
}

fn follow(start: Start, missed: Missed) -> Replay {
    Replay::new(Follow { start, missed })
}

fn connected(replay: &mut Replay, log: &Log) -> Seen {
    let mut seen = Seen::default();
    seen.take(replay.connected(false));
    seen.settle(replay, log);
    seen
}

#[test]
fn it_begins_with_the_newest_and_goes_on() {
    let log = Log::with(1..=10);
    let mut replay = follow(Start::Newest(3), Missed::Fetch);
    let mut seen = connected(&mut replay, &log);
    seen.take(replay.live(entry(11)));
    assert_eq!(seen.delivered, [8, 9, 10, 11]);
    assert_eq!((seen.gaps.len(), seen.questions), (0, 1));
}

#[test]
fn it_can_begin_with_what_is_to_come() {
    let log = Log::with(1..=10);
    let mut replay = follow(Start::Newest(0), Missed::Fetch);
    let mut seen = connected(&mut replay, &log);
    assert!(seen.delivered.is_empty());
    seen.take(replay.live(entry(11)));
    assert_eq!(seen.delivered, [11]);
    // Of an empty log too.
    let mut replay = follow(Start::Newest(0), Missed::Fetch);
    let mut seen = connected(&mut replay, &Log::default());
    seen.take(replay.live(entry(1)));
    assert_eq!(seen.delivered, [1]);
}

#[test]
fn what_comes_live_before_the_page_is_not_doubled() {
    let log = Log::with(1..=10);
    let mut replay = follow(Start::Newest(3), Missed::Fetch);
    let mut seen = Seen::default();
    seen.take(replay.connected(false));
    for seq in [9, 10, 11] {
        seen.take(replay.live(entry(seq)));
    }
    assert!(seen.delivered.is_empty());
    seen.settle(&mut replay, &log);
    assert_eq!(seen.delivered, [8, 9, 10, 11]);
}

#[test]
fn a_gap_is_asked_for_from_its_end() {
    let log = Log::with(1..=20);
    let mut replay = follow(Start::After(0), Missed::Fetch);
    let mut seen = connected(&mut replay, &Log::with(1..=10));
    seen.take(replay.live(entry(15)));
    let before = NonZeroU64::new(15).unwrap();
    let asked = seen.asked.clone().unwrap();
    assert_eq!(asked.cursor, LogsCursor::Before(before));
    assert_eq!(asked.limit, NonZeroU64::new(4));
    seen.settle(&mut replay, &log);
    assert_eq!(seen.delivered, (1..=15).collect::<Vec<_>>());
}

#[test]
fn what_the_server_has_lost_is_a_gap() {
    let mut log = Log::with((1..=10).chain(15..=17));
    let mut replay = follow(Start::After(0), Missed::Fetch);
    let seen = connected(&mut replay, &log);
    assert_eq!(seen.delivered, (1..=10).chain(15..=17).collect::<Vec<_>>());
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 11,
            last: 14
        }]
    );
    log.entries.insert(30, entry(30));
    let mut seen = Seen::default();
    seen.take(replay.live(entry(30)));
    seen.settle(&mut replay, &log);
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 18,
            last: 29
        }]
    );
    assert_eq!(seen.delivered, [30]);
}

#[test]
fn a_long_absence_is_made_up_in_pieces_of_bounded_size() {
    let log = Log::with(1..=100_000);
    let mut replay = follow(Start::After(10), Missed::Fetch);
    let seen = connected(&mut replay, &log);
    assert_eq!(seen.delivered, (11..=100_000).collect::<Vec<_>>());
    assert!(seen.questions > 20 && seen.gaps.is_empty());
}

#[test]
fn a_page_cut_to_size_is_asked_for_in_smaller_pieces() {
    let mut log = Log::with(1..=1000);
    log.cut = Some(7);
    let mut replay = follow(Start::After(0), Missed::Fetch);
    let seen = connected(&mut replay, &log);
    assert_eq!(seen.delivered, (1..=1000).collect::<Vec<_>>());
    assert!(seen.gaps.is_empty());
}

#[test]
fn a_window_skips_what_is_too_much_and_says_so() {
    let log = Log::with(1..=1000);
    let mut replay = follow(Start::Newest(5), Missed::Window(5));
    connected(&mut replay, &Log::with(1..=10));
    replay.disconnected();
    let seen = connected(&mut replay, &log);
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 11,
            last: 995
        }]
    );
    assert_eq!(seen.delivered, (996..=1000).collect::<Vec<_>>());
    let log = Log::with(1..=2000);
    let mut seen = Seen::default();
    seen.take(replay.live(entry(2000)));
    seen.settle(&mut replay, &log);
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 1001,
            last: 1994
        }]
    );
    assert_eq!(seen.delivered, (1995..=2000).collect::<Vec<_>>());
}

#[test]
fn without_room_nothing_is_delivered_and_little_is_kept() {
    let log = Log::with(1..=50_000);
    let mut replay = follow(Start::After(0), Missed::Fetch);
    let mut seen = connected(&mut replay, &Log::with(1..=1));
    seen.take(replay.room(false));
    for seq in 2..=50_000 {
        seen.take(replay.live(entry(seq)));
    }
    assert_eq!(seen.delivered, [1]);
    assert!(replay.buffer.bytes() < (4 << 20) + 1000);
    seen.take(replay.room(true));
    seen.settle(&mut replay, &log);
    assert_eq!(seen.delivered, (1..=50_000).collect::<Vec<_>>());
}

#[test]
fn a_restarted_server_that_goes_on_counting_is_followed_where_the_old_one_ended() {
    let mut replay = follow(Start::After(0), Missed::Fetch);
    connected(&mut replay, &Log::with(1..=10));
    replay.disconnected();
    let mut seen = Seen::default();
    seen.take(replay.connected(true));
    seen.take(replay.live(entry(21)));
    seen.settle(&mut replay, &Log::with((1..=15).chain(20..=21)));
    assert_eq!(seen.delivered, (11..=15).chain(20..=21).collect::<Vec<_>>());
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 16,
            last: 19
        }]
    );
}

#[test]
fn an_entry_that_is_known_lets_the_log_of_a_restarted_server_be_recognised() {
    let log = Log::with((1..=12).chain(20..=21));
    let timestamp = log.entries[&10].timestamp;
    let mut replay = follow(Start::AfterEntry { seq: 10, timestamp }, Missed::Fetch);
    // The first server has nothing new before it goes.
    connected(&mut replay, &Log::with(1..=10));
    replay.disconnected();
    let mut seen = Seen::default();
    seen.take(replay.connected(true));
    seen.settle(&mut replay, &log);
    assert_eq!(seen.delivered, [11, 12, 20, 21]);
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 13,
            last: 19
        }]
    );
}

#[test]
fn a_restarted_server_that_begins_anew_is_followed_from_its_beginning() {
    let mut replay = follow(Start::After(0), Missed::Fetch);
    connected(&mut replay, &Log::with(1..=10));
    replay.disconnected();
    let mut log = Log::with(1..=30);
    for entry in log.entries.values_mut() {
        entry.timestamp = (UNIX_EPOCH + Duration::from_secs(1_000_000)).into();
    }
    let mut seen = Seen::default();
    seen.take(replay.connected(true));
    seen.take(replay.live(log.entries[&30].clone()));
    seen.settle(&mut replay, &log);
    assert_eq!(seen.delivered, (1..=30).collect::<Vec<_>>());
    // A window begins with the newest, without asking who it is.
    let mut replay = follow(Start::Newest(3), Missed::Window(3));
    connected(&mut replay, &Log::with(1..=10));
    replay.disconnected();
    let mut seen = Seen::default();
    seen.take(replay.connected(true));
    seen.settle(&mut replay, &log);
    assert_eq!((seen.delivered, seen.questions), (vec![28, 29, 30], 1));
}

#[test]
fn a_page_that_fails_is_a_gap_and_not_the_end() {
    let mut replay = follow(Start::After(0), Missed::Fetch);
    let mut seen = connected(&mut replay, &Log::with(1..=10));
    seen.take(replay.live(entry(15)));
    seen.asked = None;
    seen.take(replay.failed());
    assert_eq!(
        seen.gaps,
        [Gap {
            first: 11,
            last: 14
        }]
    );
    assert_eq!(seen.delivered.last(), Some(&15));
}

#[derive(Debug, Clone)]
enum Happening {
    /// So many entries are written; this many of every eight reach the live stream.
    Written(u64, u64),
    /// Numbers that the server loses at once.
    Lost(u64),
    /// The page under way is answered.
    Answered,
    Reconnected,
    Room(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1_u64..200, 0_u64..=8).prop_map(|(count, live)| Happening::Written(count, live)),
        1 => (1_u64..100).prop_map(Happening::Lost),
        6 => Just(Happening::Answered),
        1 => Just(Happening::Reconnected),
        1 => any::<bool>().prop_map(Happening::Room),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is lost on the way: ascending, nothing twice, every number delivered or in a gap,
    /// and, when everything is to be fetched, nothing in a gap that the server has.
    #[test]
    fn every_number_is_delivered_once_or_known_to_be_missing(
        happenings in prop::collection::vec(happening(), 1..60),
        window in prop::option::of(1_usize..50),
        newest in prop::option::of(0_usize..20),
        cut in prop::option::of(1_usize..40),
        before in 0_u64..100,
    ) {
        let missed = window.map_or(Missed::Fetch, Missed::Window);
        let start = newest.map_or(Start::After(0), Start::Newest);
        let mut log = Log::with(1..=before);
        log.cut = cut;
        let mut end = before;
        let mut replay = follow(start, missed);
        let mut seen = Seen::default();
        seen.take(replay.connected(false));
        for happening in happenings {
            match happening {
                Happening::Written(count, live) => {
                    for seq in end + 1..=end + count {
                        log.entries.insert(seq, entry(seq));
                        if seq % 8 < live {
                            seen.take(replay.live(entry(seq)));
                        }
                    }
                    end += count;
                }
                Happening::Lost(count) => end += count,
                Happening::Answered => {
                    if let Some(query) = seen.asked.take() {
                        seen.take(replay.page(log.answer(&query)));
                    }
                }
                Happening::Reconnected => {
                    replay.disconnected();
                    seen.asked = None;
                    seen.take(replay.connected(false));
                }
                Happening::Room(room) => seen.take(replay.room(room)),
            }
        }
        // The end is quiet: there is room, and one last entry comes through.
        seen.settle(&mut replay, &log);
        seen.take(replay.room(true));
        end += 1;
        log.entries.insert(end, entry(end));
        seen.take(replay.live(entry(end)));
        seen.settle(&mut replay, &log);

        prop_assert!(seen.delivered.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(seen.delivered.last(), Some(&end));
        let mut covered: Vec<(u64, u64)> = seen.delivered.iter().map(|seq| (*seq, *seq)).collect();
        covered.extend(seen.gaps.iter().map(|gap| (gap.first, gap.last)));
        covered.sort_unstable();
        for pair in covered.windows(2) {
            prop_assert_eq!(pair[0].1 + 1, pair[1].0);
        }
        if missed == Missed::Fetch {
            for gap in &seen.gaps {
                prop_assert!(log.entries.range(gap.first..=gap.last).next().is_none());
            }
            if start == Start::After(0) {
                prop_assert_eq!(seen.delivered.len(), log.entries.len());
            }
        }
    }
}
