//! Tables for people: aligned columns of safe text, as wide as the terminal allows.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::color::paint;
use super::sanitize;
use super::wrap::wrapped;

/// Between two columns.
const GAP: &str = "  ";
/// What the last column needs to be worth being beside the others.
const LAST_AT_LEAST: usize = 24;
/// The indentation of the line under a row.
const INDENT: usize = 4;

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text from anywhere.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: sanitize::text(text).replace('\t', " "),
            style: Style::new(),
        }
    }

    /// The same in a style.
    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

/// The table, each line with its end. `width` is that of the terminal; `None`: no terminal.
/// The last column holds sentences; without room beside the others they go below.
pub(crate) fn render(
    titles: &[&str],
    rows: &[Vec<Cell>],
    width: Option<usize>,
    colored: bool,
) -> String {
    let last = titles.len() - 1;
    let heading: Vec<Cell> = titles
        .iter()
        .map(|title| Cell::new(title).styled(Style::new().dimmed()))
        .collect();
    let mut widths: Vec<usize> = heading.iter().map(Cell::width).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(cell.width());
        }
    }
    let before = |widths: &[usize]| widths[..last].iter().map(|width| width + GAP.len()).sum();
    let mut used: usize = before(&widths);
    let longest = widths[last];
    let is_below = width.is_some_and(|width| {
        let left = width.saturating_sub(used);
        left < longest && left < LAST_AT_LEAST
    });
    if is_below {
        used = INDENT;
    }
    let room = width.map(|width| width.saturating_sub(used).max(1));
    let mut text = String::new();
    for (index, row) in std::iter::once(&heading).chain(rows).enumerate() {
        let mut line = String::new();
        for (cell, width) in row[..last].iter().zip(&widths) {
            push(&mut line, cell, &cell.text, colored);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + GAP.len()));
        }
        let sentence = &row[last];
        let pieces = match room {
            _ if sentence.text.is_empty() || (is_below && index == 0) => Vec::new(),
            Some(room) => wrapped(&sentence.text, room),
            None => vec![sentence.text.clone()],
        };
        for (number, piece) in pieces.iter().enumerate() {
            if is_below || number > 0 {
                line.truncate(line.trim_end().len());
                line.push('\n');
                line.push_str(&" ".repeat(used));
            }
            push(&mut line, sentence, piece, colored);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn push(line: &mut String, cell: &Cell, text: &str, colored: bool) {
    if text.is_empty() || cell.style == Style::new() {
        line.push_str(text);
    } else {
        line.push_str(&paint(cell.style, text, colored));
    }
}

/// The width of the terminal that standard output is; `None` when it is none.
pub(crate) fn terminal_width() -> Option<usize> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (columns, _) = crossterm::terminal::size().ok()?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;
    use proptest::prelude::*;

    use super::*;

    fn rows(rows: &[[&str; 3]]) -> Vec<Vec<Cell>> {
        rows.iter()
            .map(|row| row.iter().map(|text| Cell::new(text)).collect())
            .collect()
    }

    const TITLES: [&str; 3] = ["NAME", "STATE", "DETAIL"];

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let rows = rows(&[["api", "ready", ""], ["日本語", "failed", "exit code 1"]]);
        assert_eq!(
            render(&TITLES, &rows, None, false),
            "NAME    STATE   DETAIL\napi     ready\n日本語  failed  exit code 1\n"
        );
    }

    #[test]
    fn long_details_wrap_beside_the_columns_or_go_below_them() {
        let rows = rows(&[["api", "failed", "port 3000 is in use by node (pid 4242)"]]);
        assert_eq!(
            render(&TITLES, &rows, Some(44), false),
            "NAME  STATE   DETAIL\napi   failed  port 3000 is in use by node\n              (pid 4242)\n"
        );
        assert_eq!(
            render(&TITLES, &rows, Some(20), false),
            "NAME  STATE\napi   failed\n    port 3000 is in\n    use by node (pid\n    4242)\n"
        );
    }

    #[test]
    fn color_is_around_the_text_and_only_when_allowed() {
        let cell = Cell::new("failed").styled(AnsiColor::Red.on_default());
        let rows = vec![vec![Cell::new("a"), cell, Cell::new("")]];
        let text = render(&TITLES, &rows, None, true);
        assert!(text.contains("\u{1b}[31mfailed\u{1b}[0m\n"), "{text:?}");
        assert!(!render(&TITLES, &rows, None, false).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn whatever_is_in_it_no_line_steers_the_terminal_or_is_too_wide(
            name in any::<String>(),
            detail in "[ -~\u{1b}\n\r\t漢\u{202e}]{0,80}",
            width in 30_usize..120,
        ) {
            let rows = vec![vec![Cell::new("n"), Cell::new("ready"), Cell::new(&detail)]];
            let text = render(&TITLES, &rows, Some(width), false);
            for line in text.lines() {
                prop_assert!(line.width() <= width, "{line:?}");
            }
            let rows = vec![vec![Cell::new(&name), Cell::new("ready"), Cell::new(&detail)]];
            let text = render(&TITLES, &rows, None, false);
            prop_assert_eq!(text.lines().count(), 2);
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
    }
}
