//! Writes the difference between two frames to the terminal.
//!
//! Terminals disagree about how many columns a cluster of characters takes: Thai vowels, flags,
//! Devanagari, emoji of several parts. So nothing is written relative to such a cluster: what comes
//! after it is placed anew, and a row that has or had one is erased and written as a whole when it
//! changes, because what a terminal has left in it is not known.

use std::io::{self, Write};

use crossterm::cursor::MoveTo;
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthChar;

/// The terminal as it was left by the frame before.
pub(crate) struct FrameWriter<W: Write> {
    backend: CrosstermBackend<W>,
    shown: Buffer,
    /// What the next frame is drawn into, kept for its memory.
    next: Buffer,
    cursor: Option<Position>,
    /// What the terminal shows is not `shown`, but anything.
    is_foreign: bool,
}

impl<W: Write> FrameWriter<W> {
    /// Of a terminal that may show anything and hides its cursor.
    pub(crate) fn new(out: W) -> Self {
        Self {
            backend: CrosstermBackend::new(out),
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            cursor: None,
            is_foreign: true,
        }
    }

    /// The next frame is written whole, onto a screen that is cleared first.
    pub(crate) const fn forget(&mut self) {
        self.is_foreign = true;
    }

    /// Draws a frame of this size; only what has changed is written, and for the same frame nothing.
    pub(crate) fn draw(
        &mut self,
        (width, height): (u16, u16),
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<()> {
        let area = Rect::new(0, 0, width, height);
        self.next.resize(area);
        self.next.reset();
        let cursor = draw(&mut self.next);
        let is_whole = self.is_foreign || self.shown.area != area;
        if !is_whole && cursor == self.cursor && self.next.content == self.shown.content {
            return Ok(());
        }
        // Terminals that know it show the frame at once, others take no notice.
        queue!(self.backend, BeginSynchronizedUpdate)?;
        if is_whole {
            self.shown.resize(area);
            self.shown.reset();
            queue!(self.backend, Clear(ClearType::All))?;
        }
        if self.cursor.is_some() {
            self.backend.hide_cursor()?;
        }
        self.write_changes()?;
        if let Some(cursor) = cursor {
            self.backend.set_cursor_position(cursor)?;
            self.backend.show_cursor()?;
        }
        queue!(self.backend, EndSynchronizedUpdate)?;
        Write::flush(&mut self.backend)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        (self.cursor, self.is_foreign) = (cursor, false);
        Ok(())
    }

    fn write_changes(&mut self) -> io::Result<()> {
        let Self {
            backend,
            shown,
            next,
            ..
        } = self;
        let width = usize::from(next.area.width);
        if width == 0 {
            return Ok(());
        }
        let is_complex: Vec<bool> = shown
            .content
            .chunks(width)
            .zip(next.content.chunks(width))
            .map(|(before, after)| {
                before != after && before.iter().chain(after).any(|cell| !is_simple(cell))
            })
            .collect();
        let simple = shown
            .diff_iter(next)
            .filter(|(_, y, _)| !is_complex[usize::from(*y)]);
        backend.draw(simple)?;
        for (y, row) in (0_u16..).zip(next.content.chunks(width)) {
            if !is_complex[usize::from(y)] {
                continue;
            }
            queue!(backend, MoveTo(0, y), Clear(ClearType::UntilNewLine))?;
            // Where the clusters are comes from the widths that the layout counted with.
            let mut cells = (0_u16..).zip(row).peekable();
            let mut covered = 0;
            while cells.peek().is_some() {
                let mut is_placed_anew = false;
                let run = std::iter::from_fn(|| {
                    if is_placed_anew {
                        return None;
                    }
                    // The second half of a wide character.
                    while cells.next_if(|(x, _)| *x < covered).is_some() {}
                    let (x, cell) = cells.next()?;
                    is_placed_anew = !is_simple(cell);
                    covered = x + columns(cell);
                    Some((x, y, cell))
                });
                // Every call places the cursor before its first cell.
                backend.draw(run)?;
            }
        }
        Ok(())
    }
}

/// As many as the layout has given it.
fn columns(cell: &Cell) -> u16 {
    use unicode_width::UnicodeWidthStr;
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

/// Whether every terminal moves its cursor by one column for it.
fn is_simple(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    if let [byte] = symbol.as_bytes() {
        return byte.is_ascii();
    }
    let mut characters = symbol.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return false;
    };
    // Latin, Greek, Cyrillic and Armenian without what combines; punctuation, arrows, lines, shapes.
    matches!(
        character,
        '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}'
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2070}'..='\u{20cf}'
            | '\u{2100}'..='\u{2bff}' | '\u{fffd}'
    ) && character.width() == Some(1)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use ratatui::style::Style;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// The output, for the holder of its other end.
    #[derive(Clone, Default)]
    struct Output(Rc<RefCell<Vec<u8>>>);

    impl Output {
        fn take(&self) -> String {
            String::from_utf8(self.0.take()).unwrap()
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written for these frames, one after the other.
    fn written(frames: &[&[&str]]) -> Vec<String> {
        let output = Output::default();
        let mut writer = FrameWriter::new(output.clone());
        let mut parts = Vec::new();
        for rows in frames {
            let size = (20, u16::try_from(rows.len()).unwrap());
            let draw = |buffer: &mut Buffer| {
                for (y, row) in (0..).zip(*rows) {
                    buffer.set_string(0, y, row, Style::new());
                }
                None
            };
            writer.draw(size, draw).unwrap();
            parts.push(output.take());
        }
        parts
    }

    #[test]
    fn for_the_same_frame_nothing_is_written() {
        let parts = written(&[&["one", "กำ two"], &["one", "กำ two"]]);
        assert!(parts[0].contains("one"));
        assert_eq!(parts[1], "");

        let output = Output::default();
        let mut writer = FrameWriter::new(output.clone());
        writer.draw((0, 0), |_| None).unwrap();
        output.take();
        writer.draw((0, 0), |_| None).unwrap();
        assert_eq!(output.take(), "", "without any room too");
        writer.forget();
        writer.draw((0, 0), |_| None).unwrap();
        assert_ne!(output.take(), "", "unless it is wanted anew");
    }

    #[test]
    fn a_frame_is_shown_at_once_where_the_terminal_can() {
        let part = &written(&[&["one"]])[0];
        assert!(part.starts_with("\u{1b}[?2026h"), "{part:?}");
        assert!(part.ends_with("\u{1b}[?2026l"), "{part:?}");
    }

    #[test]
    fn the_cursor_alone_is_a_change() {
        let output = Output::default();
        let mut writer = FrameWriter::new(output.clone());
        let at = |x| move |_: &mut Buffer| Some(Position { x, y: 0 });
        writer.draw((5, 1), at(1)).unwrap();
        output.take();
        writer.draw((5, 1), at(1)).unwrap();
        assert_eq!(output.take(), "");
        writer.draw((5, 1), at(2)).unwrap();
        assert!(output.take().contains("\u{1b}[1;3H\u{1b}[?25h"));
        writer.draw((5, 1), |_| None).unwrap();
        assert!(output.take().contains("\u{1b}[?25l"));
    }

    #[test]
    fn what_follows_a_cluster_is_placed_anew() {
        for cluster in ["กำ", "🇩🇪", "漢", "👍"] {
            let part = &written(&[&[&format!("a{cluster}z")]])[0];
            let after = part.split_once(cluster).unwrap().1;
            let placed = format!("\u{1b}[1;{}Hz", 2 + cluster.width());
            assert!(after.contains(&placed), "{part:?} has no {placed:?}");
        }
    }

    #[test]
    fn a_row_that_had_a_cluster_is_erased_and_written_whole() {
        let parts = written(&[
            &["same", "x กำ yyyy"],
            &["same", "x .. yyyy"],
            &["same", "x ,. yyyy"],
        ]);
        assert!(parts[1].contains("\u{1b}[2;1H\u{1b}[K"), "{:?}", parts[1]);
        assert!(parts[1].contains("x .. yyyy"), "{:?}", parts[1]);
        assert!(!parts[1].contains("same"), "the others are left alone");
        assert!(!parts[2].contains("yyyy"), "and then only what changes");
    }
}
