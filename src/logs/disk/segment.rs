//! Finds places in a file: numbers ascend, so bisection needs only a few lines.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::memchr;

use super::line;

/// Small enough that a search reads little, large enough that it takes few steps.
const PROBE: usize = 4 * 1024;

/// How far to look for a whole entry. The longest one takes less than half a MiB.
const REACH: u64 = 8 << 20;

/// A file up to its length when it was opened.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    len: u64,
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

    /// The number of the first entry.
    pub(crate) fn first(&self) -> io::Result<Option<u64>> {
        Ok(self.entry_from(0)?.map(|(_, seq)| seq))
    }

    /// The last part of the file, long enough for any entry and beginning with one.
    pub(crate) fn end(&self) -> io::Result<Range<u64>> {
        let start = match self.len.saturating_sub(REACH) {
            0 => 0,
            start => self.entry_from(start)?.map_or(self.len, |(at, _)| at),
        };
        Ok(start..self.len)
    }

    /// Where the first line with this number or a higher one begins; the end if there is none.
    pub(crate) fn lower_bound(&self, seq: u64) -> io::Result<u64> {
        self.partition_point(|line| Some(line::seq(line)? < seq))
    }

    /// Where the first line begins of which `is_before` does not hold, if it holds of all lines up to
    /// some place and of none after it. It returns `None` for lines to ignore.
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

    /// The first line at `from` or later for which `say` returns something: where, and what. Looks no
    /// further than [`REACH`], so that a file that is not ours costs little.
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

    /// Appends the next bytes of a range to `out`, at most `most`, and removes them from the range. If
    /// the file has become shorter, the range ends.
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

    use super::*;

    #[test]
    fn a_file_that_is_not_ours_is_given_up_soon() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; 12 << 20]).unwrap();
        let segment = Segment::new(file).unwrap();
        assert_eq!(segment.lower_bound(5).unwrap(), segment.len);
    }
}
