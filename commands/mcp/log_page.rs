//! As many entries of the log as fit, with the numbers that lead on. Pure.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::commands::Document;
use super::reply::truncate;

/// What is left for the rest of the document, in bytes.
const ENVELOPE: usize = 512;

/// Gaps that are listed; more of them are one more sign of the same.
const MAX_GAPS: usize = 8;

/// Which entries are kept when not all fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The first ones after this number.
    After(u64),
    /// The last ones.
    Newest,
}

/// Collects entries, in the order of their numbers.
#[derive(Debug)]
pub(super) struct LogPage {
    direction: Direction,
    max_bytes: usize,
    /// With the length of each as JSON.
    entries: VecDeque<(usize, Document)>,
    used: usize,
    is_cut: bool,
    /// Whether every entry comes, so that a missing number is a gap.
    is_unfiltered: bool,
}

impl LogPage {
    pub(super) fn new(direction: Direction, max_bytes: usize, is_unfiltered: bool) -> Self {
        Self {
            direction,
            max_bytes: max_bytes.saturating_sub(ENVELOPE),
            entries: VecDeque::new(),
            used: 0,
            is_cut: false,
            is_unfiltered,
        }
    }

    /// Takes an entry as `flowlayer logs --json` prints it; breaks when no more are wanted.
    pub(super) fn take(&mut self, line: &[u8]) -> ControlFlow<()> {
        // Whatever else there may be in a file is no entry.
        let Ok(mut entry) = serde_json::from_slice::<Document>(line) else {
            return ControlFlow::Continue(());
        };
        entry.remove("phase");
        let mut length = length(&entry);
        if length > self.max_bytes / 2 {
            shorten(&mut entry, self.max_bytes / 8);
            length = self::length(&entry);
        }
        if self.direction != Direction::Newest && self.used + length > self.max_bytes {
            self.is_cut = true;
            return ControlFlow::Break(());
        }
        self.used += length;
        self.entries.push_back((length, entry));
        while self.used > self.max_bytes
            && let Some((length, _)) = self.entries.pop_front()
        {
            self.used -= length;
            self.is_cut = true;
        }
        ControlFlow::Continue(())
    }

    /// The document of the tool.
    pub(super) fn into_document(self) -> Document {
        let seqs: Vec<u64> = self
            .entries
            .iter()
            .filter_map(|(_, entry)| seq(entry))
            .collect();
        let next = match self.direction {
            Direction::After(seq) => Some(seqs.last().copied().unwrap_or(seq)),
            Direction::Newest => seqs.last().copied(),
        };
        let mut document = Document::new();
        if self.is_unfiltered {
            document.insert("gaps".to_owned(), self.gaps(&seqs));
        }
        let entries: Vec<Value> = self.entries.into_iter().map(|(_, it)| it.into()).collect();
        document.insert("entries".to_owned(), entries.into());
        document.insert("next_seq".to_owned(), json!(next));
        if self.is_cut {
            let what = match self.direction {
                Direction::After(_) => "more entries follow: call again with after_seq = next_seq",
                Direction::Newest => "older entries are left out: use services, grep or max_bytes",
            };
            document.insert("cut".to_owned(), what.into());
        }
        document
    }

    fn gaps(&self, seqs: &[u64]) -> Value {
        let before = match self.direction {
            Direction::After(seq) => Some(seq),
            Direction::Newest => None,
        };
        let all: Vec<u64> = before.into_iter().chain(seqs.iter().copied()).collect();
        let gaps = all.windows(2).filter(|pair| pair[1] > pair[0] + 1);
        gaps.take(MAX_GAPS)
            .map(|pair| json!({ "first": pair[0] + 1, "last": pair[1] - 1 }))
            .collect()
    }
}

fn seq(entry: &Document) -> Option<u64> {
    entry.get("seq")?.as_u64()
}

/// Of an entry in a list, as JSON.
fn length(entry: &Document) -> usize {
    // Nothing in it can refuse to be written.
    serde_json::to_string(entry).map_or(0, |json| json.len() + 1)
}

/// Keeps the beginning of the message of an entry.
fn shorten(entry: &mut Document, most: usize) {
    let Some(Value::String(message)) = entry.get_mut("message") else {
        return;
    };
    let whole = message.len();
    truncate(message, most);
    let note = format!("… (cut: {whole} bytes)");
    message.push_str(&note);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(direction: Direction, numbers: &[u64], message: &str) -> (Document, usize) {
        let mut page = LogPage::new(direction, 4096, true);
        let mut taken = 0;
        for seq in numbers {
            let line = json!({
                "seq": seq, "service": "api", "phase": "ready", "stream": "stdout",
                "message": message, "timestamp": "2026-04-18T09:21:14.000Z",
            });
            taken += 1;
            if page.take(line.to_string().as_bytes()).is_break() {
                break;
            }
        }
        (page.into_document(), taken)
    }

    fn seqs(document: &Document) -> Vec<u64> {
        let entries = document["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|it| it["seq"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn what_fits_is_whole() {
        let (document, _) = page(Direction::Newest, &[4, 5, 6], "x");
        assert_eq!(seqs(&document), [4, 5, 6]);
        assert_eq!(document["next_seq"], 6);
        assert_eq!(document["gaps"], json!([]));
        assert!(!document.contains_key("cut"));
        assert_eq!(document["entries"][0].get("phase"), None);
    }

    #[test]
    fn the_newest_are_kept_or_the_first_after_a_number() {
        let numbers: Vec<u64> = (1..=200).collect();
        let (newest, taken) = page(Direction::Newest, &numbers, "x");
        assert_eq!((taken, newest["next_seq"].as_u64()), (200, Some(200)));
        let (first, taken) = page(Direction::After(0), &numbers, "x");
        let last = *seqs(&first).last().unwrap();
        assert_eq!(first["next_seq"], last);
        assert_eq!(taken as u64, last + 1, "no more are read than are needed");
        for document in [newest, first] {
            assert!(Value::from(document.clone()).to_string().len() <= 4096);
            assert!(document.contains_key("cut"));
        }
    }

    #[test]
    fn gaps_are_the_numbers_that_are_missing() {
        let (document, _) = page(Direction::After(2), &[5, 6, 9], "x");
        let gaps = json!([{"first": 3, "last": 4}, {"first": 7, "last": 8}]);
        assert_eq!(document["gaps"], gaps);
        let (newest, _) = page(Direction::Newest, &[5, 6], "x");
        assert_eq!(newest["gaps"], json!([]), "older entries are no gap");
        let mut filtered = LogPage::new(Direction::After(2), 4096, false);
        let _ = filtered.take(br#"{"seq":9,"message":""}"#);
        assert!(!filtered.into_document().contains_key("gaps"));
    }

    #[test]
    fn nothing_new_leads_to_the_same_number() {
        assert_eq!(page(Direction::After(7), &[], "").0["next_seq"], 7);
        assert_eq!(page(Direction::Newest, &[], "").0["next_seq"], Value::Null);
    }

    #[test]
    fn an_entry_longer_than_the_page_is_cut() {
        for message in ["x".repeat(64 * 1024), "\u{1}€".repeat(16 * 1024)] {
            for direction in [Direction::Newest, Direction::After(0)] {
                let (document, _) = page(direction, &[1], &message);
                assert_eq!(seqs(&document), [1]);
                let text = Value::from(document).to_string();
                assert!(
                    text.len() <= 4096 && text.contains("(cut: 65536 bytes)"),
                    "{text}"
                );
            }
        }
    }
}
