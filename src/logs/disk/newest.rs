//! The newest entries of a file, read from its end.

use std::io;

use super::line;
use super::reader::{Backward, Part, Reader};
use super::segment::Segment;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) above: u64,
    pub(crate) below: u64,
    pub(crate) most: usize,
    /// No more are taken once they have this many bytes.
    pub(crate) max_bytes: usize,
}

impl Wanted {
    /// One entry, whatever it is.
    pub(crate) const ANY: Self = Self {
        above: 0,
        below: u64::MAX,
        most: 1,
        max_bytes: usize::MAX,
    };
}

/// Entries from the end of a file.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    /// Number and text (without `\n`) of each entry, newest first.
    pub(crate) lines: Vec<(u64, Box<[u8]>)>,
    /// There was a line that is not an entry.
    pub(crate) damaged: bool,
}

/// The newest wanted entries of a file. `parts` holds nothing outside the wanted numbers.
pub(crate) fn newest(parts: Vec<Part>, wanted: &Wanted) -> io::Result<Newest> {
    let mut reader = Backward::new(parts);
    let (mut newest, mut bytes) = (Newest::default(), 0);
    while newest.lines.len() < wanted.most && bytes < wanted.max_bytes && reader.advance()? {
        let entry = reader.line();
        let below = newest.lines.last().map_or(wanted.below, |(seq, _)| *seq);
        match line::seq(entry) {
            // Where numbers do not ascend somebody else has written.
            Some(seq) if seq > wanted.above && seq < below && line::is_whole(entry) => {
                bytes += entry.len();
                newest.lines.push((seq, entry.into()));
            }
            _ => newest.damaged = true,
        }
    }
    Ok(newest)
}

pub(crate) fn last(segment: Segment) -> io::Result<Option<u64>> {
    let end = segment.end()?;
    let newest = newest(vec![(segment, end)], &Wanted::ANY)?;
    Ok(newest.lines.first().map(|(last, _)| *last))
}

/// The numbers of the first and of the last entry.
pub(crate) fn first_and_last(segment: Segment) -> io::Result<Option<(u64, u64)>> {
    let first = segment.first()?;
    Ok(first.zip(last(segment)?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn segment(text: &[u8]) -> Segment {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        Segment::new(file).unwrap()
    }

    fn entry(seq: u64, width: usize) -> String {
        format!("{{\"seq\":{seq},\"message\":\"{}\"}}\n", "x".repeat(width))
    }

    /// Numbers with gaps, lines of all lengths, garbage between them, perhaps a torn end.
    fn file() -> impl Strategy<Value = (Vec<u64>, Vec<u8>)> {
        let width = prop_oneof![5 => 0..40usize, 2 => 0..10_000usize, 1 => 0..300_000usize];
        let line = (1..5u64, width, proptest::bool::weighted(0.1));
        (proptest::collection::vec(line, 0..40), "[a-z{]{0,9}").prop_map(|(lines, torn)| {
            let (mut seq, mut seqs, mut text) = (0, Vec::new(), String::new());
            for (step, width, garbage) in lines {
                if garbage {
                    text += &"garbage".repeat(width % 100);
                    text.push('\n');
                } else {
                    seq += step;
                    seqs.push(seq);
                    text += &entry(seq, width);
                }
            }
            (seqs, (text + &torn).into_bytes())
        })
    }

    proptest! {
        #[test]
        fn any_range_is_found((seqs, text) in file(), above in 0..90u64, width in 1..90u64, most in 0..9usize) {
            let segment = segment(&text);
            let below = above + width;
            let range = segment.lower_bound(above + 1).unwrap()..segment.lower_bound(below).unwrap();
            let wanted = Wanted { above, below, most, ..Wanted::ANY };
            let found = newest(vec![(segment, range)], &wanted).unwrap();
            let got: Vec<u64> = found.lines.iter().map(|(seq, _)| *seq).collect();
            let matching = seqs.iter().rev().copied().filter(|seq| *seq > above && *seq < below);
            prop_assert_eq!(got, matching.take(most).collect::<Vec<_>>());
            let ends = seqs.first().map(|first| (*first, seqs[seqs.len() - 1]));
            prop_assert_eq!(first_and_last(self::segment(&text)).unwrap(), ends);
        }
    }

    #[test]
    fn what_is_taken_is_bounded_in_bytes() {
        let text: String = (1..=100).map(|seq| entry(seq, 1000)).collect();
        let segment = segment(text.as_bytes());
        let all = 0..segment.len();
        let wanted = Wanted {
            most: 100,
            max_bytes: 5000,
            ..Wanted::ANY
        };
        let found = newest(vec![(segment, all)], &wanted).unwrap();
        assert_eq!(found.lines.len(), 5);
    }
}
