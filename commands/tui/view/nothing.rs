//! What the log panel says when it has no lines to show: why, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::pen::Pen;
use crate::tui::message::Link;
use crate::tui::model::Model;

/// Why nothing is known of the services now, in one line.
pub(super) fn trouble(link: &Link) -> Option<&str> {
    match link {
        Link::Choosing | Link::Connecting | Link::Connected => None,
        Link::Reconnecting { why, .. }
        | Link::Unreachable { why, .. }
        | Link::Incompatible { why } => Some(why),
        Link::TokenRequired => Some("the server wants a token: start this with --token"),
        Link::InvalidToken => Some("the server refuses this token; o lists the sessions"),
    }
}

/// A paragraph, and how it is to look.
type Paragraph = (String, Style);

/// Why there is nothing to see, and what to do about it.
fn paragraphs(model: &Model) -> Vec<Paragraph> {
    let theme = model.theme;
    let address = &model.target.address;
    match &model.link {
        Link::Connected => {
            let narrow = model.logs.sieve.is_narrow();
            let text = match (model.logs.window.loading, narrow) {
                (Some(_), _) => "loading…",
                (None, true) if model.logs.has_given_up() => "no match so far; any key searches on",
                (None, true) => "no line matches; esc shows all",
                (None, false) => "no output yet",
            };
            vec![(text.to_owned(), theme.dim())]
        }
        Link::Choosing => vec![("choose a session with o".to_owned(), theme.dim())],
        Link::Connecting => vec![("connecting…".to_owned(), theme.dim())],
        Link::Reconnecting { why, .. } => vec![(why.clone(), theme.warning())],
        Link::Unreachable { why, .. } => vec![
            (why.clone(), theme.bad()),
            (String::new(), theme.text()),
            (
                "Start a stack in another terminal; this screen connects by itself:".to_owned(),
                theme.text(),
            ),
            (format!("  flowlayer serve -s {address}"), theme.accent()),
        ],
        Link::TokenRequired => vec![
            (
                "The server wants a token, and none is known for this address.".to_owned(),
                theme.bad(),
            ),
            (String::new(), theme.text()),
            (
                "It is printed when the server boots. Pass it on:".to_owned(),
                theme.text(),
            ),
            (
                format!("  flowlayer tui --addr {address} --token <token>"),
                theme.accent(),
            ),
        ],
        Link::InvalidToken => vec![
            ("The server refuses this token.".to_owned(), theme.bad()),
            (String::new(), theme.text()),
            (
                "The right one is printed when the server boots, or is the session.token of its configuration."
                    .to_owned(),
                theme.text(),
            ),
            (
                "It is tried again every few seconds; o shows the sessions that run here.".to_owned(),
                theme.dim(),
            ),
        ],
        Link::Incompatible { why } => vec![(why.clone(), theme.bad())],
    }
}

/// Says it in place of the lines. Blank rows are left out where the space is short.
pub(super) fn draw(model: &Model, rows: Rect, buffer: &mut Buffer) {
    let columns = usize::from(rows.width.saturating_sub(2));
    let mut lines: Vec<Paragraph> = Vec::new();
    for (text, style) in paragraphs(model) {
        let broken = wrapped(&text, columns).into_iter();
        lines.extend(broken.map(|line| (line, style)));
    }
    let room = usize::from(rows.height);
    if lines.len() > room {
        lines.retain(|(line, _)| !line.trim().is_empty());
    }
    let is_cut = lines.len() > room;
    for (y, (line, style)) in (0..rows.height).zip(&lines) {
        Pen::new(buffer, rows, y).skip(1).write(line, *style);
    }
    if is_cut && room > 0 {
        let corner = Rect {
            x: rows.right().saturating_sub(1),
            width: rows.width.min(1),
            ..rows
        };
        Pen::new(buffer, corner, rows.height - 1).write("…", model.theme.dim());
    }
}

/// Broken at blanks, and within words that are wider than a line. What a line starts with, those
/// that follow start with too.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let indent = " ".repeat(text.len() - text.trim_start().len());
    let columns = columns.max(indent.len() + 1);
    let mut lines = Vec::new();
    let mut line = indent.clone();
    for word in text.split_whitespace() {
        let is_first = line.trim().is_empty();
        if !is_first && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::replace(&mut line, indent.clone()));
        } else if !is_first {
            line.push(' ');
        }
        for character in word.chars() {
            if line.width() + character.width().unwrap_or(0) > columns && line != indent {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}
