//! The lines of one read of a pipe: lines of one service that share everything but number and text.
//! Log lines are kept, counted, passed around and dropped in batches.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::lines::Lines;
use crate::facts::{Origin, Status, Stream, Timestamp};

/// Consecutive entries of one service. Immutable except for its cached JSON.
#[derive(Debug)]
pub struct Batch {
    /// Index of the service in the name-sorted list.
    pub service: usize,
    /// Its name.
    pub name: Arc<str>,
    /// The pipe the lines came from.
    pub stream: Stream,
    /// The status of the service when the lines were read.
    pub phase: Status,
    /// When the lines were read.
    pub timestamp: Timestamp,
    first_seq: u64,
    lines: Lines,
    /// Who wrote the lines.
    pub origin: Origin,
    /// The JSON form, cached on first use and dropped for good when the batch leaves the list of
    /// recent ones, so that old batches stay small.
    rendered: Mutex<Slot>,
}

#[derive(Debug)]
enum Slot {
    Empty,
    Kept(Arc<Rendered>),
    Closed,
}

/// Every entry of a batch as a JSON object (docs/logs.md, An entry), each followed by `\n`.
#[derive(Debug)]
pub struct Rendered {
    json: String,
    /// Where each object ends, before its `\n`.
    ends: Vec<usize>,
}

impl Rendered {
    /// All objects, each followed by `\n`: exactly what is in the files.
    pub fn as_str(&self) -> &str {
        &self.json
    }

    /// The object of one entry, without the `\n`.
    ///
    /// # Panics
    /// When `index` is not below the number of entries.
    pub fn entry(&self, index: usize) -> &str {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] + 1,
        };
        &self.json[start..self.ends[index]]
    }

    /// The objects of all entries in order, without the `\n`.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.ends.len()).map(|index| self.entry(index))
    }
}

impl Batch {
    /// A batch whose number, phase and time are set by the store when it is added.
    pub(super) fn new(
        service: usize,
        name: Arc<str>,
        stream: Stream,
        origin: Origin,
        lines: Lines,
    ) -> Self {
        Self {
            service,
            name,
            stream,
            phase: Status::Unknown,
            timestamp: Timestamp(0),
            first_seq: 0,
            lines,
            origin,
            rendered: Mutex::new(Slot::Empty),
        }
    }

    pub(super) fn number(&mut self, first_seq: u64, phase: Status, timestamp: Timestamp) {
        self.first_seq = first_seq;
        self.phase = phase;
        self.timestamp = timestamp;
    }

    /// `seq` of the first entry; the others follow without a gap.
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// `seq` of the last entry.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.len() as u64 - 1
    }

    /// The number of entries, never 0.
    pub fn len(&self) -> usize {
        self.lines.count()
    }

    /// Never true: a batch holds at least one entry.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The message of an entry, and whether the next entry continues it (docs/logs.md, An entry).
    ///
    /// # Panics
    /// When `index` is not below [`Batch::len`].
    pub fn line(&self, index: usize) -> (&str, bool) {
        self.lines.get(index)
    }

    /// Every entry: its `seq`, its message, and whether the next entry continues it.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = (u64, &str, bool)> + DoubleEndedIterator {
        (0..self.len()).map(|index| {
            let (message, partial) = self.line(index);
            (self.first_seq + index as u64, message, partial)
        })
    }

    /// The JSON form of all entries, rendered once and shared by all followers.
    pub fn rendered(&self) -> Arc<Rendered> {
        let mut slot = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Slot::Kept(rendered) = &*slot {
            return Arc::clone(rendered);
        }
        let rendered = Arc::new(self.render());
        if matches!(*slot, Slot::Empty) {
            *slot = Slot::Kept(Arc::clone(&rendered));
        }
        rendered
    }

    fn render(&self) -> Rendered {
        let mut json = Vec::new();
        let mut ends = Vec::with_capacity(self.len());
        self.render_range(0..self.len(), b"\n", &mut json, |end| ends.push(end));
        json.shrink_to_fit();
        Rendered {
            json: String::from_utf8(json).expect("JSON is UTF-8"),
            ends,
        }
    }

    /// Appends the JSON objects of all entries, each followed by `\n`, without keeping them.
    pub(super) fn render_lines(&self, out: &mut Vec<u8>) {
        self.render_range(0..self.len(), b"\n", out, |_| {});
    }

    /// Appends the JSON objects of some entries, each followed by `,`, and where they end.
    pub(super) fn render_page(
        &self,
        range: Range<usize>,
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) {
        self.render_range(range, b",", out, |end| ends.push(end));
    }

    /// Appends the entries `range` as JSON objects, each followed by `after`. `end` gets the length
    /// of `out` at the end of each object. Everything but number and message is the same for the
    /// whole batch and formatted once.
    fn render_range(
        &self,
        range: Range<usize>,
        after: &[u8],
        out: &mut Vec<u8>,
        mut end: impl FnMut(usize),
    ) {
        let head = format!(
            ",\"service\":{},\"phase\":\"{}\",\"stream\":\"{}\",\"message\":",
            serde_json::Value::from(&*self.name),
            self.phase.as_str(),
            self.stream.as_str(),
        );
        let tail = format!(",\"timestamp\":\"{}\"", self.timestamp);
        let end_of_entry: &[u8] = match self.origin {
            Origin::Service => b"}",
            Origin::FlowLayer | Origin::Failure | Origin::Other => b",\"origin\":\"flowlayer\"}",
        };
        let plain = !needs_escapes(self.text());
        out.reserve(self.text().len() + range.len() * (head.len() + tail.len() + 24));
        for index in range {
            let (message, partial) = self.line(index);
            out.extend_from_slice(b"{\"seq\":");
            // Writing to memory does not fail, and every number and string has a JSON form.
            let _ = serde_json::to_writer(&mut *out, &(self.first_seq + index as u64));
            out.extend_from_slice(head.as_bytes());
            if plain {
                out.push(b'"');
                out.extend_from_slice(message.as_bytes());
                out.push(b'"');
            } else {
                let _ = serde_json::to_writer(&mut *out, message);
            }
            out.extend_from_slice(tail.as_bytes());
            if partial {
                out.extend_from_slice(b",\"partial\":true");
            }
            out.extend_from_slice(end_of_entry);
            end(out.len());
            out.extend_from_slice(after);
        }
    }

    /// The batch is no longer recent: drops its JSON form for good. Returns it, to be freed where no
    /// lock is held.
    pub(super) fn forget_rendered(&self) -> Option<Arc<Rendered>> {
        let mut slot = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *slot, Slot::Closed) {
            Slot::Kept(rendered) => Some(rendered),
            Slot::Empty | Slot::Closed => None,
        }
    }

    pub(super) fn text(&self) -> &str {
        self.lines.text()
    }

    /// Bytes of memory, allocator and reference counts included; the JSON form is not.
    pub(super) fn memory(&self) -> usize {
        // Two counts, a pointer in two lists, about 16 bytes of the allocator for each block.
        size_of::<Self>() + self.lines.heap() + 2 * 8 + 2 * 8 + 3 * 16
    }
}

/// Whether a text of several lines may hold a character that JSON escapes; their line feeds do not
/// count. Asked in blocks without a branch, which the compiler turns into vector instructions.
fn needs_escapes(text: &str) -> bool {
    let escaped = |&byte: &u8| matches!(byte, 0..=9 | 11..=31 | b'"' | b'\\');
    let mut blocks = text.as_bytes().chunks(256);
    blocks.any(|block| {
        block
            .iter()
            .fold(false, |found, byte| escaped(byte) | found)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::lines::Splitter;

    /// One entry as `serde_json` writes it.
    #[derive(serde::Serialize)]
    struct Entry<'a> {
        seq: u64,
        service: &'a str,
        phase: &'a str,
        stream: &'a str,
        message: &'a str,
        timestamp: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        partial: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<&'a str>,
    }

    proptest! {
        #[test]
        fn entries_are_what_serde_json_makes_of_them(
            name in "\\PC{0,9}|[\"\\\\\u{0}-\u{1f}]{1,3}",
            text in proptest::collection::vec("\\PC{0,9}|[\"\\\\\u{0}-\u{9}\u{b}-\u{1f}\u{7f}]{0,5}", 1..30),
            first in prop_oneof![1..2000u64, Just(999_999_999_990u64)],
            cut in 0..30usize,
            origin in prop::sample::select(vec![Origin::Service, Origin::FlowLayer, Origin::Failure]),
        ) {
            let mut batches = Vec::new();
            let text = text.join("\n") + "\n";
            let long = format!("{}\r\n", "é".repeat(40_000));
            Splitter::default().push((text + &long).as_bytes(), &mut |lines| batches.push(lines));
            for lines in batches {
                let mut batch = Batch::new(0, name.as_str().into(), Stream::Stderr, origin, lines);
                batch.number(first, Status::Ready, Timestamp(1_735_689_600_120));
                let wanted = batch.lines().map(|(seq, message, partial)| {
                    serde_json::to_string(&Entry {
                        seq,
                        service: &name,
                        phase: "ready",
                        stream: "stderr",
                        message,
                        timestamp: batch.timestamp.to_string(),
                        partial,
                        origin: (origin != Origin::Service).then_some("flowlayer"),
                    })
                    .unwrap()
                });
                let wanted: Vec<_> = wanted.collect();
                let rendered = batch.rendered();
                prop_assert_eq!(rendered.entries().collect::<Vec<_>>(), wanted.clone());
                prop_assert_eq!(rendered.as_str(), wanted.join("\n") + "\n");
                let (mut page, mut ends) = (Vec::new(), Vec::new());
                let cut = cut.min(batch.len());
                batch.render_page(cut..batch.len(), &mut page, &mut ends);
                prop_assert_eq!(String::from_utf8(page).unwrap(), wanted[cut..].iter().map(|e| e.clone() + ",").collect::<String>());
            }
        }
    }
}
