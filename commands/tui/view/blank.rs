//! What the log panel says when it has no lines to show: why, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::terminal::wrap::wrapped;
use crate::tui::message::{Link, Peer};
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

/// A paragraph, and how it is to state.
type Paragraph = (String, Style);

/// Why there is nothing to see, and what to do about it.
fn paragraphs(model: &Model) -> Vec<Paragraph> {
    let theme = model.theme;
    let address = &model.target.address;
    match &model.link {
        Link::Connected => {
            let narrow = model.logs.filter.is_narrow();
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
        Link::Unreachable { why, peer, .. } => {
            let mut paragraphs = vec![(why.clone(), theme.bad()), (String::new(), theme.text())];
            match peer {
                Peer::Nobody => paragraphs.extend([
                    (
                        "Start a stack in another terminal; this screen connects by itself:"
                            .to_owned(),
                        theme.text(),
                    ),
                    (format!("  flowlayer serve -s {address}"), theme.accent()),
                ]),
                Peer::Somebody => paragraphs.push((
                    "It is no FlowLayer server, or one that has no time or room for us: end it, or \
                     serve elsewhere. It is tried again; o shows the sessions that run here."
                        .to_owned(),
                    theme.text(),
                )),
                Peer::Unknown => paragraphs.push((
                    "It is tried again every few seconds; o shows the sessions that run here."
                        .to_owned(),
                    theme.dim(),
                )),
            }
            paragraphs
        }
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
        RowWriter::new(buffer, rows, y).skip(1).write(line, *style);
    }
    if is_cut && room > 0 {
        let corner = Rect {
            x: rows.right().saturating_sub(1),
            width: rows.width.min(1),
            ..rows
        };
        RowWriter::new(buffer, corner, rows.height - 1).write("…", model.theme.dim());
    }
}
