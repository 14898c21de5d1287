//! What a terminal prints, to lines as the terminal would leave them (docs/logs.md, Services with a terminal).
//!
//! The line that is being written is a row of cells, and so are the rows that the cursor has gone back to. A row
//! becomes a line of the log when the cursor leaves it below. Rows that it goes back to were logged before: what
//! they show in the end follows once the cursor is below them again, or rests. Blocks of plain lines, which most
//! output is, take a short cut.

mod escapes;
mod page;
mod row;
mod style;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use memchr::{memchr_iter, memrchr};

use super::{Lines, MAX_LINE, SILENCE, Splitter};
use escapes::{Escapes, Sequence};
use page::Page;

/// Cuts what a terminal prints into lines.
#[derive(Debug)]
pub struct TerminalSplitter {
    /// Makes entries of lines.
    lines: Splitter,
    escapes: Escapes,
    /// The beginning of a character.
    character: Vec<u8>,
    /// What is not on the alternate screen.
    page: Page,
    /// Whether the alternate screen is shown, of which nothing is logged.
    is_alternate: bool,
    /// What has become an entry of the line that has not ended.
    emitted: String,
    /// How often an entry was made of it because nothing came.
    pauses: u32,
    /// Whether something has changed since then.
    is_settled: bool,
}

impl TerminalSplitter {
    /// For a terminal of this size.
    pub fn new(rows: u16, cols: u16) -> Self {
        Self {
            lines: Splitter::default(),
            escapes: Escapes::default(),
            character: Vec::new(),
            page: Page::new(usize::from(rows), usize::from(cols)),
            is_alternate: false,
            emitted: String::new(),
            pauses: 0,
            is_settled: true,
        }
    }

    /// The terminal has this size from here on.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.page.resize(usize::from(rows), usize::from(cols));
    }

    /// Takes what one read brought, emits the lines that are complete now, and shows what a screen has to see:
    /// everything, but for lines that are out of its sight by the end.
    pub fn push(
        &mut self,
        mut chunk: &[u8],
        emit: &mut dyn FnMut(Lines),
        show: &mut dyn FnMut(&[u8]),
    ) {
        while !chunk.is_empty() {
            let plain = if self.is_at_rest() {
                plain_lines(chunk)
            } else {
                0
            };
            if plain > 0 {
                let block = &chunk[..plain];
                self.lines.push(block, emit);
                show(in_sight(block, self.page.rows()));
                chunk = &chunk[plain..];
                continue;
            }
            // To the end of the line, where it may be at rest again.
            let end = memchr_iter(b'\n', chunk)
                .next()
                .map_or(chunk.len(), |at| at + 1);
            self.is_settled = false;
            self.interpret(&chunk[..end], emit);
            show(&chunk[..end]);
            chunk = &chunk[end..];
        }
    }

    /// Whether plain lines that come now are lines of the log as they are.
    fn is_at_rest(&self) -> bool {
        self.escapes.is_text()
            && self.character.is_empty()
            && !self.is_alternate
            && self.emitted.is_empty()
            && self.page.is_at_rest()
    }

    fn interpret(&mut self, mut bytes: &[u8], emit: &mut dyn FnMut(Lines)) {
        while let Some(&first) = bytes.first() {
            if self.escapes.is_text() && first >= 0x20 && first != 0x7f {
                let is_text = |byte: &u8| *byte >= 0x20 && *byte != 0x7f;
                let end = bytes.iter().position(|byte| !is_text(byte));
                let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                self.text(text, emit);
                bytes = rest;
                continue;
            }
            self.break_character(emit);
            bytes = &bytes[1..];
            if let Some(sequence) = self.escapes.take(first) {
                if sequence == Sequence::Escape(b'c') {
                    // The terminal is reset.
                    self.is_alternate = false;
                }
                if let Some(is_alternate) = alternate(&sequence) {
                    self.is_alternate = is_alternate;
                } else if !self.is_alternate && self.page.obey(&sequence) {
                    self.end_line(emit);
                }
            }
        }
    }

    /// Text without control characters; the last character may not be complete.
    fn text(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Lines)) {
        if self.is_alternate {
            return;
        }
        let bytes = if self.character.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            let mut whole = std::mem::take(&mut self.character);
            whole.extend_from_slice(bytes);
            Cow::Owned(whole)
        };
        let whole = super::whole_characters(&bytes);
        let (whole, rest) = bytes.split_at(whole);
        self.print(whole, emit);
        self.character.extend_from_slice(rest);
    }

    /// A control character ends a character that is not complete.
    fn break_character(&mut self, emit: &mut dyn FnMut(Lines)) {
        if !self.character.is_empty() {
            let begun = std::mem::take(&mut self.character);
            self.print(&begun, emit);
        }
    }

    fn print(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Lines)) {
        for c in String::from_utf8_lossy(bytes).chars() {
            self.page.print(c);
            if self.page.line_len() >= MAX_LINE {
                // Too long to be held: what is there is final.
                let text = self.page.take_line();
                self.push_end(&text, b"", emit);
            }
        }
    }

    /// The cursor has left a line at the bottom: rows that it went back to before, then this one.
    fn end_line(&mut self, emit: &mut dyn FnMut(Lines)) {
        for text in self.page.take_held() {
            self.lines.push(text.as_bytes(), emit);
            self.lines.push(b"\n", emit);
        }
        let text = self.page.end_line();
        self.push_end(&text, b"\n", emit);
    }

    /// The end of a line, of which something may have become an entry.
    fn push_end(&mut self, text: &str, end: &[u8], emit: &mut dyn FnMut(Lines)) {
        let emitted = std::mem::take(&mut self.emitted);
        self.pauses = 0;
        let rest = text.strip_prefix(&*emitted).unwrap_or(text);
        if rest.is_empty() && !emitted.is_empty() {
            return;
        }
        self.lines.push(rest.as_bytes(), emit);
        self.lines.push(end, emit);
    }

    /// The stream has ended: what is left is a line too.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Lines)) {
        self.break_character(emit);
        for text in self.page.take_held() {
            self.lines.push(text.as_bytes(), emit);
            self.lines.push(b"\n", emit);
        }
        let text = self.page.take_line();
        if !text.is_empty() {
            self.push_end(&text, b"", emit);
        }
        self.lines.finish(emit);
    }

    /// Nothing has come for [`TerminalSplitter::patience`]: emits what there is of the line.
    pub fn pause(&mut self, emit: &mut dyn FnMut(Lines)) {
        self.is_settled = true;
        self.pauses += 1;
        for text in self.page.take_held() {
            self.lines.push(text.as_bytes(), emit);
            self.lines.push(b"\n", emit);
        }
        if !self.page.is_at_bottom() {
            return;
        }
        let text = self.page.line();
        let rest = text.strip_prefix(&*self.emitted).unwrap_or(&text);
        if !rest.is_empty() {
            emit(Lines::unfinished(rest));
        }
        self.emitted = text;
    }

    /// How much silence makes an entry of an unfinished line; `None` when there is nothing to make
    /// one of.
    pub fn patience(&self) -> Option<Duration> {
        let is_something = !self.is_settled && !self.is_alternate && self.page.has_text();
        is_something.then(|| SILENCE * (1 << self.pauses.min(20)))
    }

    /// What there is of a line that has no end yet and has not been emitted.
    pub fn unfinished(&self) -> Cow<'_, str> {
        let text = self.page.line();
        let rest = text.strip_prefix(&*self.emitted).unwrap_or(&text);
        Cow::Owned(rest.to_owned())
    }
}

/// Whether this shows the alternate screen, or leaves it.
fn alternate(sequence: &Sequence<'_>) -> Option<bool> {
    match sequence {
        Sequence::Csi(parameters, byte @ (b'h' | b'l')) => {
            let mut modes = parameters.private_modes();
            modes
                .any(|mode| matches!(mode, 47 | 1047 | 1049))
                .then_some(*byte == b'h')
        }
        _ => None,
    }
}

/// How much of this is whole lines of nothing but plain characters.
fn plain_lines(chunk: &[u8]) -> usize {
    let is_plain = |byte: &u8| matches!(byte, 0x20..=0x7e | b'\n' | b'\r' | b'\t');
    let end = chunk.iter().position(|byte| !is_plain(byte));
    let mut block = &chunk[..end.unwrap_or(chunk.len())];
    if let Some(alone) = memchr_iter(b'\r', block).find(|at| block.get(at + 1) != Some(&b'\n')) {
        block = &block[..alone];
    }
    memrchr(b'\n', block).map_or(0, |at| at + 1)
}

/// The lines of a block that a screen with so many rows shows in the end. Only where each begins in the first
/// column it makes no difference where the cursor was.
fn in_sight(block: &[u8], rows: usize) -> &[u8] {
    let Some(first) = memchr::memrchr_iter(b'\n', block).nth(rows) else {
        return block;
    };
    let returns = memchr_iter(b'\r', block).count();
    if returns == memchr_iter(b'\n', block).count() {
        &block[first + 1..]
    } else {
        block
    }
}
