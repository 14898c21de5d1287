//! `get_logs` (docs/logs.md, Queries): which entries an answer has, and
//! where they come from.

use std::collections::BinaryHeap;
use std::sync::Arc;

use super::backlog::Backlog;
use super::disk::{self, Files, Wanted};
use super::page::{self, Page, Piece};
use super::ring::{Ring, Slice};
use super::store::{State, Store};

/// Which entries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Only this service; `None` for all.
    pub service: Option<usize>,
    /// The most entries wanted; the newest of those that match.
    pub limit: usize,
    /// Only entries above this number. Not together with `before_seq`.
    pub after_seq: Option<u64>,
    /// Only entries below this number, those of earlier sessions included.
    pub before_seq: Option<u64>,
}

/// Answers with more bytes of text are rendered outside the threads of the runtime.
const SMALL: usize = 1 << 20;

/// The numbers between two others, neither included.
#[derive(Debug, Clone, Copy)]
struct Range {
    above: u64,
    below: u64,
}

impl Query {
    fn range(&self, session_start: u64) -> Range {
        Range {
            above: match (self.after_seq, self.before_seq) {
                (Some(after), _) => after,
                (None, Some(_)) => 0,
                (None, None) => session_start - 1,
            },
            below: self.before_seq.unwrap_or(u64::MAX),
        }
    }

    /// One more than wanted shows whether there is more.
    fn most(&self) -> usize {
        self.limit.saturating_add(1)
    }

    fn file(&self) -> usize {
        self.service.map_or(disk::ALL, |service| service + 1)
    }
}

/// The matching entries in memory at one moment.
#[derive(Debug)]
struct Snapshot {
    /// The newest matching entries, newest first, one more than wanted if there are that many.
    slices: Vec<Slice>,
    /// Matching entries were evicted and are nowhere else.
    lost: bool,
    /// The entries that may be in the files and not in `slices`; empty if there are enough.
    on_disk: Option<Range>,
}

pub(super) async fn query(store: &Arc<Store>, files: Option<&Arc<Files>>, query: Query) -> Page {
    let snapshot = store.snapshot(&query, files.is_some());
    let max_bytes = store.limits.page_bytes;
    let text: usize = snapshot.slices.iter().map(Slice::text_len).sum();
    let Some((files, range)) = files.zip(snapshot.on_disk) else {
        if text < SMALL {
            return snapshot.into_page(query.limit, max_bytes);
        }
        return in_background(move || snapshot.into_page(query.limit, max_bytes)).await;
    };
    let files = Arc::clone(files);
    in_background(move || with_files(snapshot, &files, range, &query, max_bytes)).await
}

/// Runs slow work outside the threads of the runtime. It fails only if the runtime shuts down, and with
/// it whoever asked.
async fn in_background(work: impl FnOnce() -> Page + Send + 'static) -> Page {
    let page = tokio::task::spawn_blocking(work).await;
    page.unwrap_or_else(|_| Page::nothing_but_truncated())
}

impl Snapshot {
    fn into_page(self, limit: usize, max_bytes: usize) -> Page {
        let pieces = self.slices.into_iter().map(Piece::Memory);
        let mut page = page::assemble(pieces, limit, max_bytes);
        page.truncated |= self.lost;
        page
    }
}

/// Completes the entries in memory with those in the files.
fn with_files(
    snapshot: Snapshot,
    files: &Files,
    range: Range,
    query: &Query,
    max_bytes: usize,
) -> Page {
    let wanted = Wanted {
        above: range.above,
        below: range.below,
        most: query.most(),
        max_bytes,
    };
    let taken = files.newest(query.file(), &wanted);
    let incomplete = taken.as_ref().map_or(true, |taken| taken.damaged)
        || files.lacks(query.file(), range.above, range.below);
    let lines = taken.map(|taken| taken.lines).unwrap_or_default();
    let mut page = page::assemble(merge(snapshot.slices, lines), query.limit, max_bytes);
    page.truncated |= incomplete;
    page
}

/// Merges entries from memory and files, both newest first; memory wins.
fn merge(slices: Vec<Slice>, lines: Vec<(u64, Box<[u8]>)>) -> impl Iterator<Item = Piece> {
    let highest = lines.first().map_or(0, |(seq, _)| *seq);
    let mut slices = slices.into_iter().flat_map(move |slice| {
        // Only where the files have entries too must it be entry by entry.
        let whole = slice.first_seq() > highest;
        let step = if whole { slice.len() } else { 1 };
        slice.split(step)
    });
    let mut slices = std::iter::from_fn(move || slices.next()).peekable();
    let mut lines = lines.into_iter().peekable();
    std::iter::from_fn(move || {
        let line = lines.peek().map_or(0, |(seq, _)| *seq);
        let slice = slices.peek().map_or(0, Slice::first_seq);
        if line > slice {
            return lines.next().map(|(_, line)| Piece::Line(line));
        }
        if line == slice {
            lines.next();
        }
        slices.next().map(Piece::Memory)
    })
}

impl Store {
    fn snapshot(&self, query: &Query, with_files: bool) -> Snapshot {
        let range = query.range(self.first_seq);
        let state = self.lock();
        let rings = match query.service {
            Some(service) => &state.rings[service..=service],
            None => &state.rings[..],
        };
        let evicted = rings.iter().filter_map(|ring| ring.evicted);
        if !with_files {
            let lost = |(first, last)| first < range.below && last > range.above;
            return Snapshot {
                lost: evicted.into_iter().any(lost),
                slices: newest(rings, std::iter::empty(), range, query.most()),
                on_disk: None,
            };
        }
        // Above this number memory has everything.
        let evicted = evicted.map(|(_, last)| last).max();
        let complete = evicted.unwrap_or(0).max(self.first_seq - 1);
        let complete = complete.min(state.first_unwritten() - 1);
        let unwritten = state.unwritten(query.service, range);
        let slices = newest(rings, unwritten, range, query.most());
        drop(state);

        let known = slices.iter().map(|slice| slice.count_above(complete));
        let enough = known.sum::<usize>() >= query.most();
        let on_disk = Range {
            above: range.above,
            below: range.below.min(complete + 1),
        };
        Snapshot {
            lost: false,
            slices,
            on_disk: (!enough && on_disk.above + 1 < on_disk.below).then_some(on_disk),
        }
    }
}

impl State {
    /// The number of the first entry that is not in the files yet.
    fn first_unwritten(&self) -> u64 {
        let next = self.backlog.as_ref().map_or(0, Backlog::next);
        let batch = self.recent.get(next);
        batch.map_or(self.next_seq, |batch| batch.first_seq())
    }

    /// Entries that are neither in the rings any more nor in the files yet, newest first.
    fn unwritten(&self, service: Option<usize>, range: Range) -> impl Iterator<Item = Slice> {
        let next = self.backlog.as_ref().map_or(u64::MAX, Backlog::next);
        let batches = self.recent.from(next).rev();
        let batches = batches.filter(move |batch| service.is_none_or(|it| it == batch.service));
        batches.filter_map(move |batch| {
            let (_, evicted) = self.rings[batch.service].evicted?;
            Slice::within(batch, range.above, range.below.min(evicted + 1))
        })
    }
}

/// The newest matching entries in memory, newest first, at least `most` if there are.
fn newest<'a>(
    rings: &'a [Ring],
    others: impl Iterator<Item = Slice> + 'a,
    range: Range,
    most: usize,
) -> Vec<Slice> {
    let rings = rings
        .iter()
        .map(|ring| ring.newest_first(range.above, range.below));
    let mut sources: Vec<Box<dyn Iterator<Item = Slice> + 'a>> = Vec::new();
    for ring in rings {
        sources.push(Box::new(ring));
    }
    sources.push(Box::new(others));

    // Slices never interleave, so whole ones are merged.
    let mut heads: Vec<Option<Slice>> = sources.iter_mut().map(Iterator::next).collect();
    let mut order = BinaryHeap::with_capacity(heads.len());
    for (source, head) in heads.iter().enumerate() {
        order.extend(head.as_ref().map(|slice| (slice.first_seq(), source)));
    }
    let (mut found, mut count) = (Vec::new(), 0);
    while count < most
        && let Some((_, source)) = order.pop()
    {
        let next = sources[source].next();
        order.extend(next.as_ref().map(|slice| (slice.first_seq(), source)));
        if let Some(slice) = std::mem::replace(&mut heads[source], next) {
            count += slice.len();
            found.push(slice);
        }
    }
    found
}
