//! Lines of files, read from either end, and of several files merged in the order of their numbers.

use std::io;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::line;
use super::segment::Segment;

const CHUNK: usize = 1 << 20;

/// A stretch of a file that begins and ends between two lines.
pub(crate) type Part = (Segment, Range<u64>);

/// Whole lines of one file, one after the other.
pub(crate) trait Reader {
    /// Goes to the next line; false at the end.
    fn advance(&mut self) -> io::Result<bool>;

    /// The line, without its end.
    fn line(&self) -> &[u8];
}

/// From the oldest line on.
#[derive(Debug)]
pub(crate) struct Forward {
    /// What is still to be read; the last one is next.
    parts: Vec<Part>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Up to here there are whole lines.
    whole: usize,
}

impl Forward {
    /// Parts of one file, the older ones first.
    pub(crate) fn new(mut parts: Vec<Part>) -> Self {
        parts.reverse();
        Self {
            parts,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            whole: 0,
        }
    }

    /// Reads until there is another whole line; false at the end.
    fn fill(&mut self, from: usize) -> io::Result<bool> {
        self.buffer.drain(..from);
        self.whole = 0;
        while self.whole == 0 {
            let Some((segment, range)) = self.parts.last_mut() else {
                return Ok(false);
            };
            if range.is_empty() {
                self.parts.pop();
                // A last line that has no end (yet).
                self.buffer.clear();
                continue;
            }
            let known = self.buffer.len();
            segment.read_on(range, CHUNK, &mut self.buffer)?;
            self.whole = memrchr(b'\n', &self.buffer[known..]).map_or(0, |at| known + at + 1);
        }
        Ok(true)
    }
}

impl Reader for Forward {
    fn advance(&mut self) -> io::Result<bool> {
        let mut next = if self.whole == 0 { 0 } else { self.end + 1 };
        if next >= self.whole {
            if !self.fill(next)? {
                return Ok(false);
            }
            next = 0;
        }
        self.start = next;
        let rest = &self.buffer[next..self.whole];
        self.end = next + memchr(b'\n', rest).unwrap_or(rest.len());
        Ok(true)
    }

    fn line(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

/// From the newest line back.
#[derive(Debug)]
pub(crate) struct Backward {
    /// What is still to be read; the last one is next.
    parts: Vec<Part>,
    buffer: Vec<u8>,
    /// The line.
    start: usize,
    end: usize,
    /// Whether the buffer's end has been brought to the end of a line.
    is_settled: bool,
}

impl Backward {
    /// Parts of one file, the older ones first.
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        Self {
            parts,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            is_settled: false,
        }
    }

    /// Reads more in front; false when the part has no more.
    fn fill(&mut self) -> io::Result<bool> {
        let Some((segment, range)) = self.parts.last_mut() else {
            return Ok(false);
        };
        if range.is_empty() {
            return Ok(false);
        }
        // Few lines are wanted more often than many.
        let size = (self.buffer.len() * 2).clamp(64 * 1024, CHUNK) as u64;
        let from = range.end.saturating_sub(size).max(range.start);
        let mut front = Vec::new();
        let mut stretch = from..range.end;
        while !stretch.is_empty() {
            segment.read_on(&mut stretch, CHUNK, &mut front)?;
        }
        range.end = from;
        front.append(&mut self.buffer);
        self.buffer = front;
        Ok(true)
    }

    /// Cuts off a last line that has no end (yet); false at the end of everything.
    fn settle(&mut self) -> io::Result<bool> {
        while !self.is_settled {
            if let Some(at) = memrchr(b'\n', &self.buffer) {
                self.buffer.truncate(at + 1);
                self.start = self.buffer.len();
                self.is_settled = true;
            } else if !self.fill()? {
                self.buffer.clear();
                if self.parts.pop().is_none() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Reader for Backward {
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            if !self.settle()? {
                return Ok(false);
            }
            // Before the line there is the end of the one before.
            let Some(end) = self.start.checked_sub(1) else {
                self.buffer.clear();
                if !self.fill()? {
                    self.parts.pop();
                    self.is_settled = false;
                    continue;
                }
                self.start = self.buffer.len();
                continue;
            };
            if let Some(before) = memrchr(b'\n', &self.buffer[..end]) {
                (self.start, self.end) = (before + 1, end);
                return Ok(true);
            }
            // Its beginning is not here, or it is the first of all.
            self.buffer.truncate(self.start);
            let known = self.buffer.len();
            if self.fill()? {
                self.start = self.buffer.len();
                debug_assert!(self.start > known);
                continue;
            }
            (self.start, self.end) = (0, end);
            return Ok(true);
        }
    }

    fn line(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

/// Several files as one, in the order of the numbers.
#[derive(Debug)]
pub(crate) struct Merged<R> {
    files: Vec<R>,
    /// By file: the number of its line; `None` at its end.
    heads: Vec<Option<u64>>,
    /// The file that the last line came from.
    last: Option<usize>,
    newest_first: bool,
}

impl<R: Reader> Merged<R> {
    pub(crate) fn new(files: Vec<R>, newest_first: bool) -> io::Result<Self> {
        let mut merged = Self {
            heads: vec![None; files.len()],
            files,
            last: None,
            newest_first,
        };
        if merged.files.len() > 1 {
            for file in 0..merged.files.len() {
                merged.advance(file)?;
            }
        }
        Ok(merged)
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // One file has its order already.
        if self.files.len() == 1 {
            let has_line = self.files[0].advance()?;
            return Ok(has_line.then(|| self.files[0].line()));
        }
        if let Some(last) = self.last.take() {
            self.advance(last)?;
        }
        let heads = self.heads.iter().enumerate();
        let heads = heads.filter_map(|(file, seq)| Some(((*seq)?, file)));
        let next = if self.newest_first {
            heads.max()
        } else {
            heads.min()
        };
        let Some((_, file)) = next else {
            return Ok(None);
        };
        self.last = Some(file);
        Ok(Some(self.files[file].line()))
    }

    fn advance(&mut self, file: usize) -> io::Result<()> {
        let before = self.heads[file];
        self.heads[file] = if self.files[file].advance()? {
            // What is no entry stays where it stands in its file.
            line::seq(self.files[file].line()).or(before).or(Some(0))
        } else {
            None
        };
        Ok(())
    }
}
