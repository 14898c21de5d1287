//! The picture of the cockpit in the documentation: drawn by the view itself from the sample.
//!
//! `UPDATE_PICTURES=1 cargo test -p flowlayer --lib picture` draws it anew.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::message::Message;
use super::model::Model;
use super::sample::{self, NOW};
use super::service::Selected;
use super::update::update;
use super::view;

/// Pixels of a cell.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const MARGIN: f32 = 12.0;
const GROUND: &str = "#16181d";
const TEXT: &str = "#d5d8df";

fn color(color: Color) -> Option<String> {
    let named = match color {
        Color::Reset => return None,
        Color::Black => "#16181d",
        Color::Red => "#f26d78",
        Color::Green => "#7bd88f",
        Color::Yellow => "#e5c76b",
        Color::Blue => "#6ca8f0",
        Color::Magenta => "#c792ea",
        Color::Cyan => "#62c4d3",
        Color::Gray => "#abb0bb",
        Color::DarkGray => "#6b7280",
        Color::LightRed => "#ff8f98",
        Color::LightGreen => "#9be8ab",
        Color::LightYellow => "#f2da91",
        Color::LightBlue => "#92c0f7",
        Color::LightMagenta => "#dcb4f5",
        Color::LightCyan => "#8fdce8",
        Color::White => "#ffffff",
        Color::Indexed(24) => "#1f4e6b",
        Color::Indexed(_) => "#3a3f4b",
        Color::Rgb(red, green, blue) => return Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    };
    Some(named.to_owned())
}

fn svg(buffer: &Buffer) -> String {
    let size = |cells: u16, pixels: f32| f32::from(cells) * pixels + 2.0 * MARGIN;
    let (width, height) = (
        size(buffer.area.width, WIDTH),
        size(buffer.area.height, HEIGHT),
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"14\" fill=\"{TEXT}\">\n<title>flowlayer tui</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let first = &buffer[(x, y)];
            let style = |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg, cell.modifier);
            // Cells that look alike go together.
            let (start, mut text) = (x, String::new());
            while x < buffer.area.width && style(&buffer[(x, y)]) == style(first) {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                x += u16::try_from(symbol.width().max(1)).unwrap_or(1);
            }
            run(&mut out, (start, x - start, y), &text, first);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn run(out: &mut String, (x, cells, y): (u16, u16, u16), text: &str, cell: &ratatui::buffer::Cell) {
    let left = f32::from(x) * WIDTH + MARGIN;
    let top = f32::from(y) * HEIGHT + MARGIN;
    let width = f32::from(cells) * WIDTH;
    if let Some(ground) = color(cell.bg) {
        // Writing to a `String` does not fail.
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT:.1}\" fill=\"{ground}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut attributes = String::new();
    if let Some(color) = color(cell.fg) {
        let _ = write!(attributes, " fill=\"{color}\"");
    }
    if cell.modifier.contains(Modifier::BOLD) {
        attributes.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::ITALIC) {
        attributes.push_str(" font-style=\"italic\"");
    }
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\"{attributes}>{text}</text>",
        top + 13.5
    );
}

fn drawn(model: &Model) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    view::draw(model, &mut buffer);
    buffer
}

#[track_caller]
fn is_current(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/{name} is not what the cockpit looks like now: \
         UPDATE_PICTURES=1 cargo test -p flowlayer --lib picture"
    );
}

#[test]
fn the_picture_is_what_it_looks_like() {
    let mut model = sample::model(112, 24, true);
    model.services.selected = Selected::Service("mailer".into());
    update(&mut model, NOW, Message::Tick);
    model.services.selected = Selected::All;
    update(&mut model, NOW, Message::Tick);
    model.logs.window.loading = None;
    model.logs.window.older = super::log::window::Older::Beginning;
    let screen = drawn(&model);
    is_current("tui.svg", &svg(&screen));
    is_current("tui.txt", &view::rows_of(&screen));
}

/// The page about the cockpit names every key and every sign.
#[test]
fn the_page_is_complete() {
    let page = include_str!("../../docs/tui.md");
    for binding in super::keys::BINDINGS {
        let keys = binding
            .shown
            .split(' ')
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(" ");
        let row = format!("| {keys} | {} |", binding.help);
        assert!(page.contains(&row), "docs/tui.md lacks: {row}");
    }
    for look in super::theme::Look::ALL {
        let row = format!(
            "| `{}` | {} | {} |",
            look.sign(),
            look.word(),
            look.meaning()
        );
        assert!(page.contains(&row), "docs/tui.md lacks: {row}");
    }
}
