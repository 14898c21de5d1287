//! Writing into one row, from left to right, never further than allowed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Block, BorderType, Widget};
use unicode_width::UnicodeWidthStr;

use super::layout::Edges;

/// A place in a row and the end of the space there.
pub(super) struct RowWriter<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> RowWriter<'a> {
    /// At the start of a row of the area; rows below it take nothing.
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect, row: u16) -> Self {
        let is_inside = row < area.height;
        let end = if is_inside { area.right() } else { area.x };
        let end = end.min(buffer.area.right());
        Self {
            buffer,
            x: area.x.min(end),
            y: area.y.saturating_add(row),
            end,
        }
    }

    /// Columns that are left.
    pub(super) const fn left(&self) -> u16 {
        self.end - self.x
    }

    /// Writes text; what does not fit ends in `…`.
    pub(super) fn write(&mut self, text: &str, style: Style) -> &mut Self {
        if self.left() == 0 || text.is_empty() || self.y >= self.buffer.area.bottom() {
            return self;
        }
        let (room, buffer) = (usize::from(self.left()), &mut *self.buffer);
        if text.width() <= room {
            (self.x, _) = buffer.set_stringn(self.x, self.y, text, room, style);
        } else {
            let (x, _) = buffer.set_stringn(self.x, self.y, text, room - 1, style);
            buffer.set_stringn(x, self.y, "…", 1, style);
            self.x = self.end;
        }
        self
    }

    /// Writes styled texts.
    pub(super) fn spans(&mut self, spans: &[Span<'_>]) -> &mut Self {
        for span in spans {
            self.write(&span.content, span.style);
        }
        self
    }

    /// Writes text in a column of this width.
    pub(super) fn column(&mut self, text: &str, width: u16, style: Style) -> &mut Self {
        let end = self.end;
        let column_end = self.x.saturating_add(width).min(end);
        self.end = column_end;
        self.write(text, style);
        self.x = column_end;
        self.end = end;
        self
    }

    /// Writes at the right end, unless that would touch what is there already, one blank between.
    pub(super) fn right(&mut self, spans: &[Span<'_>]) -> &mut Self {
        let width = spans.iter().map(|span| span.content.width()).sum::<usize>();
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        if width < self.left() {
            let start = self.x;
            self.x = self.end - width;
            self.spans(spans);
            self.end = (self.end - width).max(start);
            self.x = start;
        }
        self
    }

    /// Leaves columns as they are.
    pub(super) fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Where the next character goes.
    pub(super) const fn x(&self) -> u16 {
        self.x
    }
}

/// Columns for the title of a panel and the text at its right together.
pub(super) fn title_room(area: Rect, edges: Edges) -> usize {
    // The corners, and a piece of the edge at either end.
    let corners = if edges == Edges::Box { 4 } else { 0 };
    usize::from(area.width.saturating_sub(corners))
}

/// A panel's edges and titles; without space for edges only the title.
pub(super) fn panel(
    buffer: &mut Buffer,
    area: Rect,
    edges: Edges,
    edge: Style,
    title: &[Span<'_>],
    right: &[Span<'_>],
) {
    if area.is_empty() {
        return;
    }
    if edges != Edges::Box {
        if edges == Edges::Rule {
            let line = "─".repeat(usize::from(area.width));
            RowWriter::new(buffer, area, 0).write(&line, edge);
        }
        return titles(&mut RowWriter::new(buffer, area, 0), title, right);
    }
    let block = Block::bordered().border_type(BorderType::Rounded);
    block.border_style(edge).render(area, buffer);
    let mut writer = RowWriter::new(buffer, area.inner(Margin::new(1, 0)), 0);
    writer.skip(1);
    let mut spans = right.to_vec();
    if !spans.is_empty() {
        spans.push(Span::styled("─", edge));
    }
    titles(&mut writer, title, &spans);
}

/// What is at the right is short and changes: the title gives way, as long as its beginning is there.
fn titles(writer: &mut RowWriter<'_>, title: &[Span<'_>], right: &[Span<'_>]) {
    /// Columns of the title that the right side always leaves.
    const BEGINNING: usize = 10;
    let width: usize = title.iter().map(Span::width).sum();
    let wanted: usize = right.iter().map(Span::width).sum();
    if wanted + width.min(BEGINNING) < usize::from(writer.left()) {
        writer.right(right);
    }
    writer.spans(title);
}
