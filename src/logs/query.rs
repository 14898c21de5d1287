//! `get_logs` (SPEC 3.4).

use std::collections::BinaryHeap;

use super::ring::Slice;
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

/// The entries found, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    json: String,
    /// Where each object ends in `json`.
    ends: Vec<usize>,
    /// Matching entries were left out: more than the limit, lost to memory or disk, or too much
    /// for one answer.
    pub truncated: bool,
}

impl Page {
    /// All entries as JSON objects (SPEC 3.3) with `,` between them: the inside of an array.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No entry was found.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Each entry as a JSON object, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.ends.len()).map(|index| {
            let start = match index {
                0 => 0,
                _ => self.ends[index - 1] + 1,
            };
            &self.json[start..self.ends[index]]
        })
    }
}

/// What lies between two numbers, neither included.
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
}

/// The newest entries in memory that match, newest batch first, at least `most` if there are.
fn newest(state: &State, service: Option<usize>, range: Range, most: usize) -> Vec<Slice> {
    let mut found = Vec::new();
    let mut count = 0;
    let mut take = |slice: Slice| {
        count += slice.len();
        found.push(slice);
        count >= most
    };
    if let Some(service) = service {
        let _ = state.rings[service]
            .newest_first(range.above, range.below)
            .any(&mut take);
        return found;
    }
    let mut rings: Vec<_> = state
        .rings
        .iter()
        .map(|ring| ring.newest_first(range.above, range.below))
        .collect();
    // Numbers of two batches never interleave, so whole batches are merged.
    let mut heads: BinaryHeap<(u64, usize)> = BinaryHeap::new();
    let mut slices: Vec<Option<Slice>> = rings.iter_mut().map(Iterator::next).collect();
    for (ring, slice) in slices.iter().enumerate() {
        heads.extend(slice.as_ref().map(|slice| (slice.first_seq(), ring)));
    }
    while let Some((_, ring)) = heads.pop() {
        let next = rings[ring].next();
        heads.extend(next.as_ref().map(|slice| (slice.first_seq(), ring)));
        if let Some(slice) = std::mem::replace(&mut slices[ring], next)
            && take(slice)
        {
            break;
        }
    }
    found
}

impl Store {
    pub(super) fn query(&self, query: &Query) -> Page {
        let range = query.range(self.first_seq);
        let (slices, lost) = {
            let state = self.lock();
            let found = newest(&state, query.service, range, query.limit.saturating_add(1));
            let rings = match query.service {
                Some(service) => &state.rings[service..=service],
                None => &state.rings[..],
            };
            let lost = rings.iter().filter_map(super::ring::Ring::evicted);
            let lost = lost
                .filter(|(first, last)| *first < range.below && *last > range.above)
                .count();
            (found, lost > 0)
        };
        let mut page = Page {
            truncated: lost,
            ..Page::default()
        };
        page.fill(slices, query.limit, self.limits.page_bytes);
        page
    }
}

impl Page {
    /// Renders the newest `limit` entries of `slices`, which come newest first.
    fn fill(&mut self, slices: Vec<Slice>, limit: usize, max_bytes: usize) {
        let mut room = limit;
        let mut chosen = Vec::new();
        for mut slice in slices {
            if slice.len() > room {
                self.truncated = true;
                slice.range.start = slice.range.end - room;
            }
            room -= slice.len();
            chosen.push(slice);
        }
        let mut out = Vec::new();
        for slice in chosen.into_iter().rev().filter(|slice| slice.len() > 0) {
            slice
                .batch
                .render_page(slice.range, &mut out, &mut self.ends);
        }
        out.pop();
        self.json = super::json::text(out);
        self.shorten(max_bytes);
    }

    /// Drops the oldest entries until the rest fits.
    fn shorten(&mut self, max_bytes: usize) {
        let Some(excess) = self.json.len().checked_sub(max_bytes + 1) else {
            return;
        };
        let drop = self.ends.partition_point(|end| *end <= excess) + 1;
        let drop = drop.min(self.ends.len());
        let bytes = self.ends[drop - 1] + 1;
        self.json.drain(..bytes.min(self.json.len()));
        self.ends.drain(..drop);
        for end in &mut self.ends {
            *end -= bytes;
        }
        self.truncated = true;
    }
}
