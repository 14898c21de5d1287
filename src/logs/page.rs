//! The answer to a query, as JSON that is sent to the client unchanged.

use std::ops::Range;

use super::ring::Slice;

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
    /// All entries as JSON objects (docs/logs.md, An entry) with `,` between them: the inside of an
    /// array.
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
    #[cfg(test)]
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.ends.len()).map(|index| {
            let start = match index {
                0 => 0,
                _ => self.ends[index - 1] + 1,
            };
            &self.json[start..self.ends[index]]
        })
    }

    /// The answer when nothing could be read.
    pub(super) fn nothing_but_truncated() -> Self {
        Self {
            truncated: true,
            ..Self::default()
        }
    }
}

/// A part of a page before it is put together.
#[derive(Debug)]
pub(super) enum Piece {
    Memory(Slice),
    Line(Box<[u8]>),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Memory(slice) => slice.len(),
            Self::Line(_) => 1,
        }
    }

    /// Leaves only the newest entries.
    fn keep(&mut self, most: usize) {
        if let Self::Memory(slice) = self {
            slice.range.start = slice.range.start.max(slice.range.end.saturating_sub(most));
        }
    }

    /// Appends the entries, each followed by `,`, and where they end.
    fn render(&self, out: &mut Vec<u8>, ends: &mut Vec<usize>) {
        match self {
            Self::Memory(slice) => slice.batch.render_page(slice.range.clone(), out, ends),
            Self::Line(line) => {
                // The file may be damaged. Replacing invalid UTF-8 here keeps the ends of the entries
                // after it right.
                out.extend_from_slice(String::from_utf8_lossy(line).as_bytes());
                ends.push(out.len());
                out.push(b',');
            }
        }
    }
}

/// Puts a page together from pieces, newest first, of which no two overlap: the newest `limit`
/// entries, or as many as fit.
pub(super) fn assemble(
    pieces: impl IntoIterator<Item = Piece>,
    limit: usize,
    max_bytes: usize,
) -> Page {
    let mut page = Page::default();
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    let mut blocks: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for mut piece in pieces {
        let room = limit - ends.len();
        if piece.len() > room {
            page.truncated = true;
            piece.keep(room);
        }
        // What exceeds the limit is cut off below; more would be wasted.
        if room == 0 || out.len() > max_bytes {
            page.truncated = true;
            break;
        }
        let start = (out.len(), ends.len());
        piece.render(&mut out, &mut ends);
        blocks.push((start.0..out.len(), start.1..ends.len()));
    }
    let mut bytes = Vec::with_capacity(out.len());
    page.ends.reserve_exact(ends.len());
    for (text, marks) in blocks.into_iter().rev() {
        let (from, to) = (text.start, bytes.len());
        page.ends
            .extend(ends[marks].iter().map(|end| end - from + to));
        bytes.extend_from_slice(&out[text]);
    }
    bytes.pop();
    page.json = String::from_utf8(bytes).expect("JSON is UTF-8");
    page.shorten(max_bytes);
    page
}

impl Page {
    /// Drops the oldest entries until the rest fits.
    fn shorten(&mut self, max_bytes: usize) {
        if self.json.len() <= max_bytes {
            return;
        }
        self.truncated = true;
        let excess = self.json.len() - max_bytes;
        // The first entry that may begin a page is the first one after enough bytes.
        let dropped = self.ends.partition_point(|end| end + 1 < excess) + 1;
        if dropped >= self.ends.len() {
            self.json.clear();
            self.ends.clear();
            return;
        }
        let start = self.ends[dropped - 1] + 1;
        self.json.drain(..start);
        self.ends.drain(..dropped);
        for end in &mut self.ends {
            *end -= start;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(seq: u64) -> Piece {
        let text = format!("{{\"seq\":{seq},\"message\":\"{}\"}}", "x".repeat(5));
        Piece::Line(text.into_bytes().into_boxed_slice())
    }

    #[test]
    fn a_damaged_line_leaves_the_others_whole() {
        let damaged = Piece::Line((*b"{\"seq\":2,\xff\xff}").into());
        let page = assemble([line(3), damaged, line(1)], 10, 1000);
        let entries: Vec<_> = page.entries().collect();
        let Piece::Line(first) = line(1) else {
            unreachable!()
        };
        assert_eq!(entries[0].as_bytes(), &*first);
        assert_eq!(entries[1], "{\"seq\":2,\u{fffd}\u{fffd}}");
        assert!(entries[2].starts_with("{\"seq\":3,"));
    }

    proptest! {
        #[test]
        fn a_page_is_the_newest_that_fit(count in 0..120u64, limit in 1..130usize, max in 0..3000usize) {
            let page = assemble((1..=count).rev().map(line), limit, max);
            prop_assert!(page.json().len() <= max);
            let entries: Vec<_> = page.entries().collect();
            prop_assert_eq!(entries.join(","), page.json());
            let first = count - entries.len() as u64 + 1;
            for (entry, seq) in entries.iter().zip(first..) {
                let wanted = format!("{{\"seq\":{seq},");
                prop_assert!(entry.starts_with(&wanted));
            }
            prop_assert_eq!(page.truncated, first > 1);
            // Another one would not have fitted, or was not wanted.
            if first > 1 && page.len() < limit {
                let Piece::Line(next) = line(first - 1) else { unreachable!() };
                let comma = usize::from(!page.is_empty());
                prop_assert!(page.json().len() + next.len() + comma > max);
            }
        }
    }
}
