//! The screen as a picture, for the documentation.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::tui::model::Model;

/// A cell, and the space around all of them, in the units of the picture.
const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 12.0;
/// From the top of a row to the line on which letters stand.
const BASE: f32 = 13.5;

const GROUND: &str = "#16181d";
const TEXT: &str = "#d5d8df";

fn color(color: Color) -> &'static str {
    match color {
        Color::Red | Color::LightRed => "#f26d78",
        Color::Green => "#7bd88f",
        Color::LightGreen => "#a5e6b3",
        Color::Yellow => "#e5c76b",
        Color::LightYellow => "#f2da91",
        Color::Blue => "#6ca8f0",
        Color::LightBlue => "#9cc4f5",
        Color::Magenta => "#c792ea",
        Color::LightMagenta => "#dab6f3",
        Color::Cyan => "#62c4d3",
        Color::LightCyan => "#8fdce8",
        Color::Indexed(24) => "#1f4e6b",
        Color::Indexed(238) => "#3a3f4a",
        Color::Indexed(255) => "#ffffff",
        Color::Indexed(244) => "#8b919d",
        _ => TEXT,
    }
}

/// What has one style, from left to right: where it starts, its text and its first cell.
fn runs(row: &[Cell]) -> Vec<(usize, String, &Cell)> {
    let mut runs: Vec<(usize, String, &Cell)> = Vec::new();
    let mut covered = 0;
    for (x, cell) in row.iter().enumerate() {
        if x < covered {
            continue;
        }
        covered = x + cell.symbol().width().max(1);
        match runs.last_mut() {
            Some((_, text, first)) if first.style() == cell.style() => text.push_str(cell.symbol()),
            _ => runs.push((x, cell.symbol().to_owned(), cell)),
        }
    }
    runs
}

/// The screen as SVG.
pub(super) fn svg(model: &Model) -> String {
    let (columns, rows) = (f32::from(model.columns), f32::from(model.rows));
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    super::draw(model, &mut buffer);
    let (width, height) = (
        columns * CELL.0 + 2.0 * MARGIN,
        rows * CELL.1 + 2.0 * MARGIN,
    );
    let mut svg = String::new();
    // Writing to a `String` does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" \
         fill=\"{TEXT}\">\n<title>flowlayer tui</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>"
    );
    let mut top = MARGIN;
    for row in buffer.content.chunks(usize::from(model.columns)) {
        for (x, text, cell) in runs(row) {
            run(&mut svg, (x, top), &text, cell);
        }
        top += CELL.1;
    }
    svg.push_str("</svg>\n");
    svg
}

fn run(svg: &mut String, (x, top): (usize, f32), text: &str, cell: &Cell) {
    let place = |columns: usize| f32::from(u16::try_from(columns).unwrap_or(0)) * CELL.0;
    let left = place(x) + MARGIN;
    let whole = place(text.width());
    if cell.bg != Color::Reset {
        let (height, fill) = (CELL.1, color(cell.bg));
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{whole:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let blank = text.width() - text.trim_start().width();
    let (left, width) = (left + place(blank), place(shown.width()));
    let shown = shown.replace('&', "&amp;").replace('<', "&lt;");
    let mut style = String::new();
    if cell.fg != Color::Reset {
        let _ = write!(style, " fill=\"{}\"", color(cell.fg));
    }
    if cell.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::ITALIC) {
        style.push_str(" font-style=\"italic\"");
    }
    let base = top + BASE;
    let _ = writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\"{style}>{shown}</text>"
    );
}
