//! A log line as cells: what a service printed, made safe, with its colours.
//!
//! [`terminal::sanitize`](crate::terminal::sanitize) leaves nothing but text, tabs and colour sequences;
//! what remains to be done is to read those sequences, to expand tabs, and to cut graphemes down to
//! what every terminal shows equally wide.

use std::ops::ControlFlow;

use anstyle::Ansi256Color;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::terminal::sanitize::{append_safe, text};

/// Columns between tab stops.
const TAB: usize = 8;

/// Characters that only join or modify the one before. Terminals disagree about how wide such
/// sequences are, and a disagreement shifts everything to the right of it.
const fn is_joiner(character: char) -> bool {
    matches!(
        character,
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// One character position of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    /// What to draw: one grapheme, or blanks for a tab.
    pub(crate) symbol: &'a str,
    /// In columns: 1 or 2, up to 8 for a tab.
    pub(crate) width: usize,
    /// Its colours.
    pub(crate) style: Style,
    /// Where it starts in [`plain`], in bytes.
    pub(crate) offset: usize,
}

/// The line without anything but its text, to be kept: for filters, searches and copies.
pub(crate) fn plain(message: &str) -> String {
    text(message).into_owned()
}

/// A part of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece<'a> {
    /// Printable ASCII: as many columns as bytes, each a cell. Most of most lines, however long,
    /// comes in a few of these.
    Run(Cell<'a>),
    /// One character position.
    Cell(Cell<'a>),
}

impl<'a> Piece<'a> {
    /// Its cells, without those in the first columns of a run.
    pub(crate) fn cells(self, skip: usize) -> impl Iterator<Item = Cell<'a>> {
        let (cell, step) = match self {
            Self::Run(run) => (run, 1),
            Self::Cell(cell) => (cell, cell.symbol.len().max(1)),
        };
        let skip = if step == 1 { skip } else { 0 };
        (skip..cell.symbol.len()).step_by(step).map(move |at| Cell {
            symbol: &cell.symbol[at..at + step],
            width: if step == 1 { 1 } else { cell.width },
            offset: cell.offset + at,
            ..cell
        })
    }

    /// In columns.
    pub(crate) const fn width(&self) -> usize {
        match self {
            Self::Run(cell) | Self::Cell(cell) => cell.width,
        }
    }
}

/// Hands out a line from left to right until the caller has had enough.
pub(crate) fn pieces(
    message: &str,
    colored: bool,
    mut take: impl FnMut(Piece<'_>) -> ControlFlow<()>,
) {
    let mut safe = String::with_capacity(message.len());
    append_safe(&mut safe, message, colored);
    let mut style = Style::new();
    let (mut column, mut offset) = (0, 0);
    let mut rest = safe.as_str();
    while !rest.is_empty() {
        let cell = |symbol, width, offset| Cell {
            symbol,
            width,
            style,
            offset,
        };
        if let Some((parameters, after)) = rest
            .strip_prefix("\u{1b}[")
            .and_then(|sequence| sequence.split_once('m'))
        {
            style = with_sequence(style, parameters);
            rest = after;
            continue;
        }
        let run = run_length(rest);
        if run > 0 {
            if take(Piece::Run(cell(&rest[..run], run, offset))).is_break() {
                return;
            }
            column += run;
            offset += run;
            rest = &rest[run..];
            continue;
        }
        let end = mixed_length(rest);
        if end == 0 {
            // A tab; or an escape that is no colour, which the filter does not let through.
            let width = TAB - column % TAB;
            let tab = cell(&"        "[..width], width, offset);
            if take(Piece::Cell(tab)).is_break() {
                return;
            }
            column += width;
            offset += 1;
            rest = &rest[1..];
            continue;
        }
        let (text, after) = rest.split_at(end);
        for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
            let symbol = shown(grapheme.symbol);
            let width = symbol.width();
            if width > 0 && take(Piece::Cell(cell(symbol, width, offset))).is_break() {
                return;
            }
            column += width;
            offset += grapheme.symbol.len();
        }
        rest = after;
    }
}

/// How many bytes at the start are printable ASCII, each a grapheme of its own: the last one before
/// something else may be the start of a longer one.
fn run_length(text: &str) -> usize {
    let special = |byte| !matches!(byte, 0x20..=0x7e);
    match text.bytes().position(special) {
        None => text.len(),
        Some(end) if text.as_bytes()[end].is_ascii() => end,
        Some(end) => end.saturating_sub(1),
    }
}

/// How many bytes at the start are to be looked at grapheme by grapheme: up to an escape or a tab, or
/// to where two characters of ASCII meet, which no grapheme spans.
fn mixed_length(text: &str) -> usize {
    let mut was_ascii = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\x1b' | b'\t' => return at,
            0x20..=0x7e if was_ascii => return at,
            _ => was_ascii = byte.is_ascii(),
        }
    }
    text.len()
}

/// Stands for what ends a line or a paragraph in the middle of a line.
const SEPARATOR: &str = "\u{fffd}";

/// The part of a grapheme that is drawn: up to the first joiner.
fn shown(grapheme: &str) -> &str {
    let mut characters = grapheme.char_indices();
    if let Some((_, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')) = characters.next() {
        return SEPARATOR;
    }
    let end = characters.find(|(_, character)| is_joiner(*character));
    end.map_or(grapheme, |(at, _)| &grapheme[..at])
}

/// How many columns a line takes when it is not broken, as far as it goes beyond `most` or less.
pub(crate) fn width(message: &str, most: usize) -> usize {
    let mut width = 0;
    pieces(message, false, |piece| {
        width += piece.width();
        if width < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    width.min(most)
}

/// How many rows a line takes when it is broken at this many columns; at least one.
pub(crate) fn rows(message: &str, columns: usize) -> usize {
    // Nearly every line is narrower than it has bytes, and most fit.
    if columns == 0 || (message.len() <= columns && !message.contains('\t')) {
        return 1;
    }
    let mut wrap = Wrap::new(columns);
    pieces(message, false, |piece| {
        match piece {
            Piece::Run(run) => wrap.run(run.width),
            Piece::Cell(cell) => {
                wrap.place(cell.width);
            }
        }
        ControlFlow::Continue(())
    });
    wrap.row + 1
}

/// The row and the column of this byte of [`plain`], in rows of this many columns.
pub(crate) fn place_of(message: &str, offset: usize, columns: usize) -> (usize, usize) {
    let mut wrap = Wrap::new(columns);
    pieces(message, false, |piece| {
        let (is_before, cell) = match piece {
            Piece::Run(run) => {
                wrap.run(offset.saturating_sub(run.offset).min(run.width));
                (offset >= run.offset + run.width, None)
            }
            Piece::Cell(cell) => (cell.offset < offset, Some(cell)),
        };
        if !is_before {
            return ControlFlow::Break(());
        }
        cell.map(|cell| wrap.place(cell.width));
        ControlFlow::Continue(())
    });
    wrap.place(1)
}

/// Breaks a line into rows, cell by cell.
#[derive(Debug)]
pub(crate) struct Wrap {
    columns: usize,
    row: usize,
    column: usize,
}

impl Wrap {
    /// For rows of this many columns.
    pub(crate) const fn new(columns: usize) -> Self {
        Self {
            columns,
            row: 0,
            column: 0,
        }
    }

    /// The row and column of the next cell, which is so wide.
    pub(crate) fn place(&mut self, width: usize) -> (usize, usize) {
        if self.column + width > self.columns && self.column > 0 {
            self.row += 1;
            self.column = 0;
        }
        let place = (self.row, self.column);
        self.column += width;
        place
    }

    /// Where the next cell would be, unless it does not fit there any more.
    pub(crate) const fn column(&self) -> usize {
        self.column
    }

    /// Places this many cells of one column each.
    pub(crate) fn run(&mut self, cells: usize) {
        let room = self.columns.saturating_sub(self.column);
        if cells <= room {
            self.column += cells;
            return;
        }
        // Each row has at least one, even if there is no space for it.
        let columns = self.columns.max(1);
        let here = if self.column == 0 {
            columns.min(cells)
        } else {
            room
        };
        let below = cells - here;
        self.row += below.div_ceil(columns);
        self.column = match below % columns {
            0 => columns,
            part => part,
        };
    }
}

/// The style after a colour sequence, its parameters separated by `;` and `:`.
fn with_sequence(mut style: Style, parameters: &str) -> Style {
    let mut numbers = parameters.split(';').map(|parameter| {
        let mut parts = parameter.split(':');
        let first = parts.next().and_then(|part| part.parse::<u16>().ok());
        (first.unwrap_or(0), parts)
    });
    while let Some((number, mut parts)) = numbers.next() {
        match number {
            0 => style = Style::new(),
            1 => style = style.add_modifier(Modifier::BOLD),
            2 => style = style.add_modifier(Modifier::DIM),
            3 => style = style.add_modifier(Modifier::ITALIC),
            // `4:0` is no underline.
            4 if parts.next() == Some("0") => style = style.remove_modifier(Modifier::UNDERLINED),
            4 => style = style.add_modifier(Modifier::UNDERLINED),
            // Blinking is dropped; reversed and struck text are kept.
            7 => style = style.add_modifier(Modifier::REVERSED),
            9 => style = style.add_modifier(Modifier::CROSSED_OUT),
            22 => style = style.remove_modifier(Modifier::BOLD | Modifier::DIM),
            23 => style = style.remove_modifier(Modifier::ITALIC),
            24 => style = style.remove_modifier(Modifier::UNDERLINED),
            27 => style = style.remove_modifier(Modifier::REVERSED),
            29 => style = style.remove_modifier(Modifier::CROSSED_OUT),
            30..=37 => style.fg = basic(number - 30),
            40..=47 => style.bg = basic(number - 40),
            90..=97 => style.fg = basic(number - 90 + 8),
            100..=107 => style.bg = basic(number - 100 + 8),
            38 | 48 => {
                let inner: Vec<&str> = parts.collect();
                let color = if inner.is_empty() {
                    extended(|| numbers.next().map(|(number, _)| number))
                } else {
                    // `38:2::r:g:b` has an unused colour space before the colour.
                    let space = (inner.len() > 4).then_some(1);
                    let parts = (0..inner.len()).filter(|at| Some(*at) != space);
                    let mut numbers = parts.filter_map(|at| inner[at].parse().ok());
                    extended(|| numbers.next())
                };
                let place = if number == 38 {
                    &mut style.fg
                } else {
                    &mut style.bg
                };
                *place = color.or(*place);
            }
            39 => style.fg = None,
            49 => style.bg = None,
            // Hidden text (8) is shown: a log is for reading.
            _ => {}
        }
    }
    style
}

/// One of the sixteen colours; `None` for other numbers.
fn basic(number: u16) -> Option<Color> {
    let number = u8::try_from(number).ok()?;
    Ansi256Color(number).into_ansi().map(Color::from)
}

/// `5;n` or `2;r;g;b`.
fn extended(mut next: impl FnMut() -> Option<u16>) -> Option<Color> {
    let kind = next()?;
    let mut byte = || next().and_then(|number| u8::try_from(number).ok());
    match kind {
        5 => byte().map(Color::Indexed),
        2 => Some(Color::Rgb(byte()?, byte()?, byte()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
