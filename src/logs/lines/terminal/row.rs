//! One line of a terminal while it is written: cells, which can be written over and erased.

use unicode_width::UnicodeWidthChar;

use super::style::Style;

/// From one tab stop to the next.
const TAB: usize = 8;

#[derive(Debug, Clone, Default)]
enum Text {
    /// Never written, or erased.
    #[default]
    Nothing,
    Char(char),
    /// A character with what combines with it.
    Cluster(Box<str>),
    /// The rest of a wide character or a tab on its left.
    Rest,
}

#[derive(Debug, Clone, Default)]
struct Cell {
    text: Text,
    style: Style,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    cells: Vec<Cell>,
}

impl Row {
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Writes a character; how many columns it takes.
    pub(super) fn write(&mut self, at: usize, c: char, style: Style) -> usize {
        let width = c.width().unwrap_or(0);
        if width == 0 {
            self.combine(at, c);
            return 0;
        }
        self.put(at, Text::Char(c), width, style);
        width
    }

    /// Moves to the next tab stop; the column there. What is passed stays, and at the end of the line the tab is
    /// part of it.
    pub(super) fn tab(&mut self, at: usize, style: Style) -> usize {
        let next = (at / TAB + 1) * TAB;
        if at >= self.cells.len() {
            self.put(at, Text::Char('\t'), next - at, style);
        }
        next
    }

    fn put(&mut self, at: usize, text: Text, width: usize, style: Style) {
        self.break_up(at);
        self.break_up(at + width);
        let end = at + width;
        if self.cells.len() < end {
            self.cells.resize_with(end, Cell::default);
        }
        self.cells[at] = Cell { text, style };
        for cell in &mut self.cells[at + 1..end] {
            cell.text = Text::Rest;
        }
    }

    /// What reaches over this column from the left ends: what is left of it is blank.
    fn break_up(&mut self, at: usize) {
        if !matches!(self.cells.get(at), Some(cell) if matches!(cell.text, Text::Rest)) {
            return;
        }
        let is_rest = |cell: &Cell| matches!(cell.text, Text::Rest);
        let before = self.cells[..at].iter().rposition(|cell| !is_rest(cell));
        let from = before.unwrap_or(0);
        let rest = self.cells[at..].iter().take_while(|cell| is_rest(cell));
        let to = at + rest.count();
        for cell in &mut self.cells[from..to] {
            cell.text = Text::Char(' ');
        }
    }

    fn combine(&mut self, at: usize, c: char) {
        let end = at.min(self.cells.len());
        let before = self.cells[..end].iter_mut().rev();
        let mut before = before.skip_while(|cell| matches!(cell.text, Text::Rest));
        let Some(cell) = before.next() else { return };
        match &mut cell.text {
            Text::Char(first) => cell.text = Text::Cluster([*first, c].iter().collect()),
            Text::Cluster(text) if text.len() < 64 => *text = format!("{text}{c}").into(),
            _ => {}
        }
    }

    /// Erases from one column up to another.
    pub(super) fn erase(&mut self, from: usize, to: usize) {
        self.break_up(from);
        self.break_up(to);
        if to >= self.cells.len() {
            self.cells.truncate(from);
            return;
        }
        for cell in self.cells.get_mut(from..to).into_iter().flatten() {
            *cell = Cell::default();
        }
    }

    /// Takes cells out; what follows moves to the left.
    pub(super) fn delete(&mut self, from: usize, count: usize) {
        let end = from.saturating_add(count).min(self.cells.len());
        self.break_up(from);
        self.break_up(end);
        if from < end {
            self.cells.drain(from..end);
        }
    }

    /// Puts empty cells in; what follows moves to the right.
    pub(super) fn insert(&mut self, at: usize, count: usize) {
        self.break_up(at);
        if at < self.cells.len() {
            let empty = std::iter::repeat_with(Cell::default).take(count);
            self.cells.splice(at..at, empty);
        }
    }

    /// The line, with its colours. What was never written at its end is left out.
    pub(super) fn text(&self) -> String {
        let is_nothing = |cell: &Cell| matches!(cell.text, Text::Nothing);
        let end = self.cells.iter().rposition(|cell| !is_nothing(cell));
        let cells = &self.cells[..end.map_or(0, |end| end + 1)];
        let mut text = String::with_capacity(cells.len() + 8);
        let mut style = Style::default();
        for cell in cells {
            let own = match &cell.text {
                Text::Rest => continue,
                Text::Nothing => Style::default(),
                _ => cell.style,
            };
            own.write(style, &mut text);
            style = own;
            match &cell.text {
                Text::Nothing => text.push(' '),
                Text::Char(c) => text.push(*c),
                Text::Cluster(cluster) => text.push_str(cluster),
                Text::Rest => {}
            }
        }
        Style::default().write(style, &mut text);
        text
    }
}
