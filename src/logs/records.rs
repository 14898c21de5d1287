//! What happened to the session, as lines that the runtime renders (docs/history.md): numbered, the newest kept
//! in memory, all of them handed to the writer of the files.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{self, Files, Wanted};
use super::page::{self, Page, Piece};

/// Records kept in memory.
const MOST: usize = 10_000;

/// Bytes of records kept in memory.
const MOST_BYTES: usize = 32 << 20;

/// Which records are asked for; the newest of those that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordQuery {
    /// The most records wanted.
    pub limit: usize,
    /// Only records above this number.
    pub after: Option<u64>,
    /// Only records below this number, those of earlier sessions included unless `after` excludes them.
    pub before: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Records {
    /// The number of the first record of this session.
    first: u64,
    has_files: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: u64,
    kept: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
    /// Whole lines that the writer has not taken.
    unwritten: Vec<u8>,
}

impl Records {
    pub(super) fn new(first: u64, has_files: bool) -> Self {
        Self {
            first,
            has_files,
            state: Mutex::new(State {
                next: first,
                kept: VecDeque::new(),
                bytes: 0,
                unwritten: Vec::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the line that `render` makes of its number, and returns that number. A private one is for the files
    /// alone.
    pub(super) fn append(&self, is_private: bool, render: impl FnOnce(u64) -> String) -> u64 {
        let mut state = self.lock();
        let number = state.next;
        if is_private && !self.has_files {
            return number;
        }
        state.next += 1;
        let line = render(number);
        if self.has_files {
            state.unwritten.extend_from_slice(line.as_bytes());
            state.unwritten.push(b'\n');
        }
        if !is_private {
            state.keep(number, line.into());
        }
        number
    }

    /// Moves what is to be written behind `text`.
    pub(super) fn take_unwritten(&self, text: &mut Vec<u8>) {
        text.append(&mut self.lock().unwritten);
    }

    /// The newest that match, newest first, one more than wanted if there are that many; and the lowest number
    /// that memory answers for.
    fn newest(&self, query: &RecordQuery, above: u64) -> (Vec<Piece>, u64) {
        let below = query.before.unwrap_or(u64::MAX);
        let state = self.lock();
        let kept = state.kept.iter().rev();
        let lines = kept
            .skip_while(|(number, _)| *number >= below)
            .take_while(|(number, _)| *number > above)
            .take(query.limit.saturating_add(1))
            .map(|(_, line)| Piece::Line(line.as_bytes().into()));
        let lowest = state.kept.front().map_or(state.next, |(number, _)| *number);
        // Nothing was there before the first, whatever its number.
        let lowest = if state.kept.len() as u64 == state.next - self.first {
            self.first
        } else {
            lowest
        };
        (lines.collect(), lowest)
    }

    pub(super) async fn query(
        &self,
        files: Option<&Arc<Files>>,
        query: RecordQuery,
        max_bytes: usize,
    ) -> Page {
        let above = match (query.after, query.before) {
            (Some(after), _) => after,
            (None, Some(_)) => 0,
            (None, None) => self.first - 1,
        };
        let (lines, lowest) = self.newest(&query, above);
        let below = query.before.unwrap_or(u64::MAX).min(lowest);
        let is_enough = lines.len() > query.limit || below <= above.saturating_add(1);
        let Some(files) = files.filter(|_| !is_enough) else {
            let mut page = page::assemble(lines, query.limit, max_bytes);
            page.truncated |= !is_enough && above.max(self.first - 1) + 1 < below;
            return page;
        };
        let files = Arc::clone(files);
        let read = tokio::task::spawn_blocking(move || {
            let wanted = Wanted {
                above,
                below,
                most: query.limit.saturating_add(1) - lines.len(),
                max_bytes,
            };
            let read = public_records(&files, wanted);
            let is_damaged = read.as_ref().map_or(true, |(_, damaged)| *damaged);
            let read = read.map(|(lines, _)| lines).unwrap_or_default();
            let all = lines.into_iter().chain(read.into_iter().map(Piece::Line));
            let mut page = page::assemble(all, query.limit, max_bytes);
            page.truncated |= is_damaged;
            page
        });
        read.await.unwrap_or_else(|_| Page::nothing_but_truncated())
    }
}

/// The newest wanted records in the files that are not private, and whether something there is damaged.
fn public_records(files: &Files, mut wanted: Wanted) -> std::io::Result<(Vec<Box<[u8]>>, bool)> {
    let (mut found, mut bytes, mut damaged) = (Vec::new(), 0, false);
    loop {
        let newest = files.records(&wanted)?;
        damaged |= newest.damaged;
        let is_last = newest.lines.len() < wanted.most;
        let Some((lowest, _)) = newest.lines.last() else {
            break;
        };
        wanted.below = *lowest;
        let public = newest.lines.into_iter().map(|(_, line)| line);
        for line in public.filter(|line| !disk::is_private(line)) {
            wanted.most -= 1;
            bytes += line.len();
            found.push(line);
        }
        if is_last || wanted.most == 0 || bytes >= wanted.max_bytes {
            break;
        }
    }
    Ok((found, damaged))
}

impl State {
    fn keep(&mut self, number: u64, line: Arc<str>) {
        self.bytes += line.len();
        self.kept.push_back((number, line));
        while self.kept.len() > MOST || self.bytes > MOST_BYTES {
            let Some((_, oldest)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(page: &Page) -> Vec<u64> {
        let entries = page.entries();
        entries
            .map(|entry| {
                let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
                entry["number"].as_u64().unwrap()
            })
            .collect()
    }

    fn line(number: u64) -> String {
        format!("{{\"number\":{number},\"event\":\"x\"}}")
    }

    #[tokio::test]
    async fn memory_keeps_the_newest_and_admits_the_rest() {
        let records = Records::new(1, false);
        for _ in 0..MOST + 5 {
            records.append(false, line);
        }
        let ask = |limit, after, before| {
            let query = RecordQuery {
                limit,
                after,
                before,
            };
            records.query(None, query, 1 << 20)
        };
        let newest = ask(3, None, None).await;
        let last = MOST as u64 + 5;
        assert_eq!(numbers(&newest), [last - 2, last - 1, last]);
        assert!(newest.truncated);
        let above = ask(3, Some(last - 2), None).await;
        assert_eq!(
            (numbers(&above), above.truncated),
            (vec![last - 1, last], false)
        );
        let oldest = ask(9, None, Some(8)).await;
        assert_eq!((numbers(&oldest), oldest.truncated), (vec![6, 7], true));
        let gone = ask(9, None, Some(3)).await;
        assert_eq!((numbers(&gone), gone.truncated), (vec![], true));
    }

    #[tokio::test]
    async fn private_records_are_nowhere_without_files() {
        let records = Records::new(1, false);
        records.append(true, line);
        assert_eq!(records.append(false, line), 1);
    }
}
