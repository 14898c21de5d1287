//! Reading back: numbers ascend in a file, so a place in it is found by looking at a few lines.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::{memchr, memrchr};

use super::line;

/// Small enough that a search reads little, large enough that it takes few steps.
const PROBE: usize = 4 * 1024;

/// How far a whole entry is looked for. The longest one takes less than half a MiB.
const REACH: u64 = 8 << 20;

/// What is read at once when lines are taken.
const BLOCK: u64 = 128 * 1024;

/// A file as far as it was written when it was opened.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    len: u64,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) above: u64,
    pub(crate) below: u64,
    /// The most entries.
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

    fn has_enough(&self, taken: &Taken) -> bool {
        taken.lines.len() >= self.most || taken.bytes >= self.max_bytes
    }
}

/// Lines taken from the end of a range, and what else was seen.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Number and text (without `\n`) of each entry, newest first.
    pub(crate) lines: Vec<(u64, Box<[u8]>)>,
    /// Bytes of the texts.
    pub(crate) bytes: usize,
    /// There was a line that is no entry.
    pub(crate) damaged: bool,
}

impl Segment {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, len })
    }

    /// Its size when it was opened, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The numbers of the first and of the last entry.
    pub(crate) fn ends(&self) -> io::Result<Option<(u64, u64)>> {
        let first = self.entry_from(0)?;
        Ok(first.map(|(_, seq)| seq).zip(self.last()?))
    }

    /// The number of the last entry.
    pub(crate) fn last(&self) -> io::Result<Option<u64>> {
        let start = self.len.saturating_sub(REACH);
        let start = match start {
            0 => 0,
            _ => match self.entry_from(start)? {
                Some((at, _)) => at,
                None => return Ok(None),
            },
        };
        let mut last = Taken::default();
        self.take_back(start..self.len, &Wanted::ANY, &mut last)?;
        Ok(last.lines.first().map(|(last, _)| *last))
    }

    /// Where the first line with this number or a higher one begins; the end when there is none.
    pub(crate) fn lower_bound(&self, seq: u64) -> io::Result<u64> {
        self.partition_point(|line| Some(line::seq(line)? < seq))
    }

    /// Where the lines begin of which `is_before` does not hold, when it holds of all lines up to
    /// some place and of none after it. It says nothing of lines that are not to be looked at.
    pub(crate) fn partition_point(
        &self,
        is_before: impl Fn(&[u8]) -> Option<bool>,
    ) -> io::Result<u64> {
        // It holds of every line that begins before `low`, and of none from `high` on.
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.first_from(middle, &is_before)? {
                Some((at, true)) if at < high => low = at + 1,
                _ => high = middle,
            }
        }
        let first = self.first_from(low, &is_before)?;
        Ok(first.map_or(self.len, |(at, _)| at))
    }

    /// The first whole entry that begins at `from` or later: where, and its number.
    fn entry_from(&self, from: u64) -> io::Result<Option<(u64, u64)>> {
        self.first_from(from, &line::seq)
    }

    /// The first line that begins at `from` or later and of which something can be said: where, and
    /// what. Looks no further than [`REACH`], so that a file that is not ours costs little.
    fn first_from<T>(
        &self,
        from: u64,
        say: &impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Option<(u64, T)>> {
        // A line begins where the one before ends.
        let mut window = Window::at(from.saturating_sub(1));
        if from > 0 && !window.skip_line(self)? {
            return Ok(None);
        }
        while window.start < from + REACH {
            let at = window.start;
            let Some(line) = window.line(self)? else {
                break;
            };
            if let Some(said) = say(line) {
                return Ok(Some((at, said)));
            }
            window.skip_line(self)?;
        }
        Ok(None)
    }

    /// Takes wanted entries from the end of a range that begins and ends at line starts, newest
    /// first, until `taken` holds enough. A last line without its end is no line yet.
    pub(crate) fn take_back(
        &self,
        range: Range<u64>,
        wanted: &Wanted,
        taken: &mut Taken,
    ) -> io::Result<()> {
        // What was read of lines that begin before it.
        let mut pending: Vec<u8> = Vec::new();
        let mut start = range.end;
        while start > range.start && !wanted.has_enough(taken) {
            let from = start.saturating_sub(BLOCK).max(range.start);
            let mut block = self.read(from..start)?;
            start = from;
            block.append(&mut pending);
            // Lines from the first known beginning on are complete.
            let known = if from == range.start {
                0
            } else {
                match memchr(b'\n', &block) {
                    Some(end) => end + 1,
                    None => block.len(),
                }
            };
            take_lines(&block[known..], wanted, taken);
            block.truncate(known);
            pending = block;
        }
        Ok(())
    }

    /// Appends what comes next of a range to `out`, up to `most` bytes, and takes it off the
    /// range. A file that has become shorter ends the range.
    pub(crate) fn read_on(
        &self,
        range: &mut Range<u64>,
        most: usize,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let known = out.len();
        let rest = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        out.resize(known + rest.min(most), 0);
        let count = self.file.read_at(&mut out[known..], range.start)?;
        out.truncate(known + count);
        range.start = if count == 0 {
            range.end
        } else {
            range.start + count as u64
        };
        Ok(())
    }

    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut block = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
        self.file.read_exact_at(&mut block, range.start)?;
        Ok(block)
    }
}

fn take_lines(mut text: &[u8], wanted: &Wanted, taken: &mut Taken) {
    // Whatever follows the last line end is not a line.
    text = &text[..memrchr(b'\n', text).map_or(0, |end| end + 1)];
    while let Some(rest) = text.strip_suffix(b"\n") {
        if wanted.has_enough(taken) {
            return;
        }
        let start = memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let entry = &rest[start..];
        text = &rest[..start];
        let below = taken.lines.last().map_or(wanted.below, |(seq, _)| *seq);
        match line::seq(entry) {
            // Where numbers do not ascend somebody else has written.
            Some(seq) if seq > wanted.above && seq < below && line::is_whole(entry) => {
                taken.bytes += entry.len();
                taken.lines.push((seq, entry.into()));
            }
            _ => taken.damaged = true,
        }
    }
}

/// A part of the file that moves and grows forwards, line by line.
struct Window {
    /// Where in the file `bytes` begins.
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn at(start: u64) -> Self {
        Self {
            start,
            bytes: Vec::new(),
        }
    }

    /// The line that begins at the start, without its end; `None` if it has no end within reach.
    fn line(&mut self, segment: &Segment) -> io::Result<Option<&[u8]>> {
        let end = self.find_end(segment)?;
        Ok(end.map(|end| &self.bytes[..end]))
    }

    /// Moves behind the next line end; `false` if there is none within reach.
    fn skip_line(&mut self, segment: &Segment) -> io::Result<bool> {
        let Some(end) = self.find_end(segment)? else {
            return Ok(false);
        };
        self.bytes.drain(..=end);
        self.start += end as u64 + 1;
        Ok(true)
    }

    fn find_end(&mut self, segment: &Segment) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.bytes[searched..]) {
                return Ok(Some(searched + at));
            }
            searched = self.bytes.len();
            let next = self.start + searched as u64;
            let end = segment.len.min(next + PROBE.max(searched) as u64);
            if end <= next || searched as u64 > REACH {
                return Ok(None);
            }
            self.bytes.extend(segment.read(next..end)?);
        }
    }
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

    /// Numbers with holes, lines of all lengths, garbage between them, perhaps a torn end.
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
            let mut taken = Taken::default();
            let wanted = Wanted { above, below, most, ..Wanted::ANY };
            segment.take_back(range, &wanted, &mut taken).unwrap();
            let got: Vec<u64> = taken.lines.iter().map(|(seq, _)| *seq).collect();
            let matching = seqs.iter().rev().copied().filter(|seq| *seq > above && *seq < below);
            prop_assert_eq!(got, matching.take(most).collect::<Vec<_>>());
            let ends = seqs.first().map(|first| (*first, seqs[seqs.len() - 1]));
            prop_assert_eq!(segment.ends().unwrap(), ends);
        }
    }

    #[test]
    fn what_is_taken_is_bounded_in_bytes() {
        let text: String = (1..=100).map(|seq| entry(seq, 1000)).collect();
        let segment = segment(text.as_bytes());
        let mut taken = Taken::default();
        let wanted = Wanted {
            most: 100,
            max_bytes: 5000,
            ..Wanted::ANY
        };
        segment
            .take_back(0..segment.len, &wanted, &mut taken)
            .unwrap();
        assert_eq!(taken.lines.len(), 5);
    }

    #[test]
    fn a_file_that_is_not_ours_is_given_up_soon() {
        let segment = segment(&vec![b'x'; 12 << 20]);
        assert_eq!(segment.lower_bound(5).unwrap(), segment.len);
    }
}
