//! The screen of a terminal, as far as the log needs it: the row with the cursor, and rows that it went back to.

use std::collections::BTreeMap;

use super::escapes::{Parameters, Sequence};
use super::row::Row;
use super::style::Style;

/// Where the cursor is, and how it writes.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    row: usize,
    /// From the beginning of the line, which may be wrapped into several rows.
    col: usize,
    style: Style,
}

#[derive(Debug)]
pub(super) struct Page {
    rows: usize,
    cols: usize,
    /// The rows that scroll: from the first up to the second, that one included.
    margins: (usize, usize),
    /// The row is that in which its line begins.
    cursor: Cursor,
    saved: Cursor,
    /// The line with the cursor.
    line: Row,
    /// Other rows with text that is not logged.
    held: BTreeMap<usize, Row>,
    /// The first row of which nothing is logged yet.
    frontier: usize,
}

impl Page {
    pub(super) fn new(rows: usize, cols: usize) -> Self {
        let (rows, cols) = (rows.max(1), cols.max(1));
        Self {
            rows,
            cols,
            margins: (0, rows - 1),
            cursor: Cursor::default(),
            saved: Cursor::default(),
            line: Row::default(),
            held: BTreeMap::new(),
            frontier: 0,
        }
    }

    pub(super) fn resize(&mut self, rows: usize, cols: usize) {
        if (self.rows, self.cols) == (rows, cols) {
            return;
        }
        (self.rows, self.cols) = (rows.max(1), cols.max(1));
        let last = self.rows - 1;
        self.margins = (0, last);
        self.cursor.row = self.cursor.row.min(last);
        self.frontier = self.frontier.min(last);
        self.held.retain(|row, _| *row < last);
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a plain line would scroll the whole screen and leave everything else as it is.
    pub(super) fn is_at_rest(&self) -> bool {
        let last = self.rows - 1;
        self.margins == (0, last)
            && (self.cursor.row, self.cursor.col, self.frontier) == (last, 0, last)
            && self.cursor.style == Style::default()
            && self.line.is_empty()
            && self.held.is_empty()
    }

    pub(super) fn print(&mut self, c: char) {
        self.cursor.col += self.line.write(self.cursor.col, c, self.cursor.style);
    }

    /// Whether the line with the cursor is the one that is logged next.
    pub(super) fn is_at_bottom(&self) -> bool {
        (self.frontier..=self.margins.1).contains(&self.cursor.row)
    }

    /// What the line with the cursor has.
    pub(super) fn line(&self) -> String {
        self.line.text()
    }

    pub(super) fn line_len(&self) -> usize {
        self.line.len()
    }

    pub(super) fn has_text(&self) -> bool {
        !self.line.is_empty() || !self.held.is_empty()
    }

    /// Takes that, leaving the cursor at its beginning.
    pub(super) fn take_line(&mut self) -> String {
        self.cursor.col = 0;
        std::mem::take(&mut self.line).text()
    }

    /// Takes the texts of other rows, from top to bottom. Rows below those that scroll show a status, which is no
    /// part of the log.
    pub(super) fn take_held(&mut self) -> Vec<String> {
        let held = std::mem::take(&mut self.held);
        let last = self.margins.1;
        let rows = held.into_iter().filter(|(row, _)| *row <= last);
        let texts = rows.map(|(_, row)| row.text());
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Goes to the line below the bottom one, whose text this is.
    pub(super) fn end_line(&mut self) -> String {
        let next = self.physical_row() + 1;
        let text = self.take_line();
        self.cursor.row = next.min(self.margins.1);
        self.frontier = self.cursor.row;
        text
    }

    /// Does what a control character or sequence says. True when the line has ended, and [`Self::end_line`] is
    /// to be called.
    pub(super) fn obey(&mut self, sequence: &Sequence<'_>) -> bool {
        match sequence {
            Sequence::Control(byte) => return self.control(*byte),
            Sequence::Escape(b'D' | b'E') => return self.line_feed(),
            Sequence::Escape(b'M') => self.go_up(1),
            Sequence::Escape(b'7') => self.saved = self.cursor,
            Sequence::Escape(b'8') => self.restore(),
            Sequence::Escape(b'c') => *self = Self::new(self.rows, self.cols),
            Sequence::Csi(parameters, byte) if parameters.are_plain() => {
                self.csi(*parameters, *byte);
            }
            Sequence::Escape(_) | Sequence::Csi(..) => {}
        }
        false
    }

    fn control(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' | 0x0b | 0x0c => return self.line_feed(),
            b'\r' => self.cursor.col = self.row_begin(),
            0x08 => self.cursor.col = self.cursor.col.saturating_sub(1).max(self.row_begin()),
            b'\t' => self.cursor.col = self.line.tab(self.cursor.col, self.cursor.style),
            _ => {}
        }
        false
    }

    fn csi(&mut self, parameters: Parameters<'_>, byte: u8) {
        let count = parameters.count();
        let (begin, col) = (self.row_begin(), self.cursor.col);
        let in_row = |col: usize| begin + col.min(self.cols - 1);
        match byte {
            b'm' => self.cursor.style.apply(parameters.0),
            b'A' => self.go_up(count),
            b'B' | b'e' => self.go_to(self.physical_row() + count, col - begin),
            b'C' | b'a' => self.cursor.col = in_row(col - begin + count),
            b'D' => self.cursor.col = col.saturating_sub(count).max(begin),
            b'E' => self.go_to(self.physical_row() + count, 0),
            b'F' => {
                self.go_up(count);
                self.cursor.col = self.row_begin();
            }
            b'G' | b'`' => self.cursor.col = in_row(count - 1),
            b'H' | b'f' => self.go_to(count - 1, parameters.get(1).unwrap_or(1) - 1),
            b'd' => self.go_to(count - 1, col - begin),
            b'J' => self.erase_page(parameters.get(0)),
            b'K' => match parameters.get(0) {
                None => self.line.erase(col, begin + self.cols),
                Some(1) => self.line.erase(begin, col + 1),
                _ => self.line.erase(begin, begin + self.cols),
            },
            b'P' => self.line.delete(col, count),
            b'@' => self.line.insert(col, count.min(self.cols)),
            b'X' => self.line.erase(col, (col + count).min(begin + self.cols)),
            b'r' => self.set_margins(parameters),
            b's' => self.saved = self.cursor,
            b'u' => self.restore(),
            _ => {}
        }
    }

    /// The row in which the cursor is. At the right edge it waits for the next character before it wraps.
    fn physical_row(&self) -> usize {
        self.cursor.row + self.row_begin() / self.cols
    }

    /// The column in which that row begins.
    fn row_begin(&self) -> usize {
        self.cursor.col.saturating_sub(1) / self.cols * self.cols
    }

    fn line_feed(&mut self) -> bool {
        if self.cursor.row > self.margins.1 {
            // Below what scrolls.
            return false;
        }
        if self.cursor.row >= self.frontier {
            return true;
        }
        self.go_to(self.physical_row() + 1, 0);
        false
    }

    fn go_up(&mut self, count: usize) {
        let begin = self.row_begin();
        let wrapped = begin / self.cols;
        if count <= wrapped {
            self.cursor.col -= count * self.cols;
        } else {
            let col = self.cursor.col - begin;
            self.go_to(self.physical_row().saturating_sub(count), col);
        }
    }

    fn go_to(&mut self, row: usize, col: usize) {
        let (row, col) = (row.min(self.rows - 1), col.min(self.cols - 1));
        self.cursor.col = col;
        if row == self.cursor.row {
            return;
        }
        let left = std::mem::take(&mut self.line);
        if !left.is_empty() {
            self.held.insert(self.cursor.row, left);
        }
        self.line = self.held.remove(&row).unwrap_or_default();
        self.cursor.row = row;
    }

    fn restore(&mut self) {
        let Cursor { row, col, style } = self.saved;
        self.go_to(row, 0);
        (self.cursor.col, self.cursor.style) = (col, style);
    }

    fn erase_page(&mut self, what: Option<usize>) {
        let row = self.cursor.row;
        match what {
            None => {
                self.line.erase(self.cursor.col, usize::MAX);
                self.held.retain(|held, _| *held < row);
                if (row, self.cursor.col) == (0, 0) {
                    self.frontier = 0;
                }
            }
            Some(1) => {
                self.line.erase(0, self.cursor.col + 1);
                self.held.retain(|held, _| *held > row);
            }
            Some(2) => {
                self.line = Row::default();
                self.held.clear();
                self.frontier = 0;
            }
            Some(_) => {}
        }
    }

    fn set_margins(&mut self, parameters: Parameters<'_>) {
        let last = self.rows - 1;
        let top = parameters.get(0).unwrap_or(1) - 1;
        let bottom = parameters.get(1).map_or(last, |row| row - 1).min(last);
        if top < bottom {
            self.margins = (top, bottom);
            self.frontier = self.frontier.min(bottom);
            self.go_to(0, 0);
        }
    }
}
