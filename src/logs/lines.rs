//! Bytes to lines (docs/logs.md, From output to entries): pure, fast, across reads of any size.
//!
//! A block of complete lines is found, checked for UTF-8 and copied once; the lines in it are a
//! table of offsets. Only the beginning of a line that is not complete yet stays behind.

pub mod terminal;

use std::borrow::Cow;
use std::time::Duration;

use memchr::{memchr, memchr_iter, memrchr};

/// The longest message of one entry, in bytes of UTF-8. A longer line is cut into several.
pub const MAX_LINE: usize = 64 * 1024;

/// So much silence after the beginning of a line makes an entry of it, each time twice as much within
/// one line.
const SILENCE: Duration = Duration::from_millis(500);

/// The most entries that come out together, so that what is made from them stays small too.
const MAX_ENTRIES: usize = 16 * 1024;

/// Several lines in one piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Every entry, each followed by `\n`. A `\r` before it is still there.
    text: Box<str>,
    /// Where the `\n` of each entry is. Empty for a single entry, the most frequent case, where
    /// the table would cost more than the text.
    ends: Box<[u32]>,
    /// Ascending indices of the entries that are not the end of their line.
    partial: Box<[u32]>,
}

impl Lines {
    /// One entry; line breaks in it become spaces.
    pub fn one(message: &str) -> Self {
        let mut text = String::with_capacity(message.len() + 1);
        text.extend(
            message
                .chars()
                .map(|c| if c == '\n' || c == '\r' { ' ' } else { c }),
        );
        text.push('\n');
        Self {
            text: text.into_boxed_str(),
            ends: Box::default(),
            partial: Box::default(),
        }
    }

    /// The text of a line that goes on.
    fn unfinished(text: &str) -> Self {
        let mut builder = Builder::default();
        builder.push_cut(text, true);
        builder.finish()
    }

    /// The number of entries, never 0.
    pub fn count(&self) -> usize {
        self.ends.len().max(1)
    }

    /// The message of an entry, and whether its line goes on.
    ///
    /// # Panics
    /// When `index` is not below [`Lines::count`].
    #[inline]
    pub fn get(&self, index: usize) -> (&str, bool) {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize + 1,
        };
        let end = match self.ends.get(index) {
            Some(end) => *end as usize,
            None => self.text.len() - 1,
        };
        let line = &self.text[start..end];
        if !self.partial.is_empty() && self.is_partial(index) {
            return (line, true);
        }
        (line.strip_suffix('\r').unwrap_or(line), false)
    }

    /// Everything as it stands: entries, `\n` after each, `\r` perhaps before that.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn heap(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends) + size_of_val(&*self.partial)
    }

    fn is_partial(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.partial.binary_search(&index).is_ok())
    }

    /// `text` is complete lines, with a `\n` at each place in `ends`.
    fn from_block(text: Vec<u8>, ends: Vec<u32>) -> Self {
        match String::from_utf8(text) {
            Ok(text) if text.len() <= MAX_LINE || all_short(&text, &ends) => Self {
                text: text.into_boxed_str(),
                ends: if ends.len() == 1 {
                    Box::default()
                } else {
                    ends.into_boxed_slice()
                },
                partial: Box::default(),
            },
            Ok(text) => Builder::cut_lines(&text),
            Err(error) => Builder::cut_lines(&String::from_utf8_lossy(error.as_bytes())),
        }
    }
}

fn all_short(text: &str, ends: &[u32]) -> bool {
    let mut start = 0;
    ends.iter().all(|&end| {
        let line = &text.as_bytes()[start..end as usize];
        start = end as usize + 1;
        message_len(line) <= MAX_LINE
    })
}

/// The length without a `\r` at the end, which is not part of the message.
#[inline]
fn message_len(line: &[u8]) -> usize {
    line.len() - usize::from(line.last() == Some(&b'\r'))
}

/// Puts lines together one by one, for the text that cannot be taken as it is.
#[derive(Default)]
struct Builder {
    text: String,
    ends: Vec<u32>,
    partial: Vec<u32>,
}

impl Builder {
    fn cut_lines(text: &str) -> Lines {
        let mut builder = Self {
            text: String::with_capacity(text.len()),
            ..Self::default()
        };
        for line in text.split_terminator('\n') {
            builder.push_cut(line, false);
        }
        builder.finish()
    }

    /// A line in as many entries as it takes, `partial` for the last.
    fn push_cut(&mut self, mut line: &str, partial: bool) {
        while let Some((piece, rest)) = cut(line) {
            self.push(piece, true);
            line = rest;
        }
        self.push(line, partial);
    }

    fn push(&mut self, entry: &str, partial: bool) {
        if partial {
            self.partial.push(offset(self.ends.len()));
        }
        self.text.push_str(entry);
        self.ends.push(offset(self.text.len()));
        self.text.push('\n');
    }

    fn finish(self) -> Lines {
        Lines {
            text: self.text.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
            partial: self.partial.into_boxed_slice(),
        }
    }
}

/// The first piece of a line that is too long for one entry, and the rest, never empty.
fn cut(line: &str) -> Option<(&str, &str)> {
    if message_len(line.as_bytes()) <= MAX_LINE {
        return None;
    }
    let mut at = MAX_LINE;
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    Some(line.split_at(at))
}

/// Blocks are a read and what was left of earlier ones, a few hundred KiB at most.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Cuts a stream of bytes into lines. Every byte is looked at once, whatever the sizes of the
/// reads and of the lines; it never holds more than [`MAX_LINE`] and a few bytes.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of a line whose end has not been read. Holds no `\n`.
    tail: Vec<u8>,
    /// How many times this line has become an entry as far as it was there.
    pauses: u32,
}

impl Splitter {
    /// Takes what one read brought and emits the lines that are complete now.
    pub fn push(&mut self, mut chunk: &[u8], emit: &mut dyn FnMut(Lines)) {
        if self.pauses > 0
            && let Some(end) = memchr(b'\n', chunk)
        {
            if self.is_all_emitted(&chunk[..end]) {
                self.tail.clear();
                chunk = &chunk[end + 1..];
            }
            self.pauses = 0;
        }
        let Some(last) = memrchr(b'\n', chunk) else {
            self.tail.extend_from_slice(chunk);
            self.cut_tail(emit);
            return;
        };
        let (mut block, rest) = chunk.split_at(last + 1);
        while !block.is_empty() {
            let count = memchr_iter(b'\n', block).count().min(MAX_ENTRIES);
            let head = self.tail.len();
            let mut ends = Vec::with_capacity(count);
            ends.extend(
                memchr_iter(b'\n', block)
                    .take(count)
                    .map(|at| offset(head + at)),
            );
            let end = ends.last().map_or(0, |end| *end as usize) + 1 - head;
            let mut text = Vec::with_capacity(head + end);
            text.append(&mut self.tail);
            text.extend_from_slice(&block[..end]);
            emit(Lines::from_block(text, ends));
            block = &block[end..];
        }
        // A flood must not leave large buffers behind with every quiet pipe.
        if self.tail.capacity() > 4096 && rest.len() <= 4096 {
            self.tail = Vec::new();
        }
        self.tail.extend_from_slice(rest);
        self.cut_tail(emit);
    }

    /// The stream has ended: what is left is a line too.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Lines)) {
        if self.tail.is_empty() || self.pauses > 0 && self.is_all_emitted(b"") {
            return;
        }
        let mut text = std::mem::take(&mut self.tail);
        let end = offset(text.len());
        text.push(b'\n');
        emit(Lines::from_block(text, vec![end]));
    }

    /// Nothing has come for [`Splitter::patience`]: emits what there is of the line.
    pub fn pause(&mut self, emit: &mut dyn FnMut(Lines)) {
        let settled = self.settled();
        if settled == 0 {
            return;
        }
        let lines = Lines::unfinished(&String::from_utf8_lossy(&self.tail[..settled]));
        self.tail = self.tail[settled..].to_vec();
        self.pauses += 1;
        emit(lines);
    }

    /// How much silence makes an entry of an unfinished line; `None` when there is nothing to make
    /// one of.
    pub fn patience(&self) -> Option<Duration> {
        (self.settled() > 0).then(|| SILENCE * (1 << self.pauses.min(20)))
    }

    /// What has been read and not emitted of a line that has no end yet.
    pub fn unfinished(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.tail[..self.settled()])
    }

    /// How much of the tail can be an entry. A `\r` waits: it may belong to the line end.
    fn settled(&self) -> usize {
        let whole = &self.tail[..whole_characters(&self.tail)];
        let returns = whole.iter().rev().take_while(|byte| **byte == b'\r');
        whole.len() - returns.count()
    }

    /// Whether the line would end without anything new if this were the rest of it.
    fn is_all_emitted(&self, rest: &[u8]) -> bool {
        matches!((&*self.tail, rest), ([], [] | [b'\r']) | ([b'\r'], []))
    }

    /// Emits the beginning of a line that is too long already, so that it need not be held.
    fn cut_tail(&mut self, emit: &mut dyn FnMut(Lines)) {
        // Replacing invalid bytes makes text no shorter, so with an unfinished character (3 bytes)
        // and a `\r` to spare there is something to cut.
        if self.tail.len() < MAX_LINE + 5 {
            return;
        }
        let (whole, unfinished) = self.tail.split_at(whole_characters(&self.tail));
        let text = String::from_utf8_lossy(whole);
        let mut builder = Builder::default();
        let mut rest = &*text;
        while let Some((piece, after)) = cut(rest) {
            builder.push(piece, true);
            rest = after;
        }
        self.tail = [rest.as_bytes(), unfinished].concat();
        emit(builder.finish());
    }
}

/// The length without a character at the end of which not all bytes are there yet.
fn whole_characters(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        let needs = match bytes[at] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        // A start that cannot be completed is invalid, but whether it is shows with what follows.
        return if needs > back { at } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests;
