//! What the log panel says when it has no lines to show: why, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::terminal::wrap::wrapped;
use crate::tui::cells::plain;
use crate::tui::message::{Choice, Link, Listener};
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

const RETRIES: &str = "It is tried again every few seconds; o shows the sessions that run here.";

/// So many other sessions are named; `o` shows all.
const OTHERS: usize = 3;

/// A paragraph and its style.
type Paragraph = (String, Style);

/// Why there is nothing to see, and what to do about it.
fn paragraphs(model: &Model) -> Vec<Paragraph> {
    let theme = model.theme;
    let target = &model.target;
    let bad = |text: &str| (text.to_owned(), theme.bad());
    let say = |text: &str| (text.to_owned(), theme.text());
    let dim = |text: &str| (text.to_owned(), theme.dim());
    match &model.link {
        Link::Connected => {
            let narrow = model.logs.filter.is_narrow();
            let text = match (model.logs.window.loading, narrow) {
                (Some(_), _) => "loading…",
                (None, true) if model.logs.has_given_up() => "no match so far; any key searches on",
                (None, true) => "no line matches; esc shows all",
                (None, false) if !model.logs.filter.hidden.is_empty() => {
                    "no output yet; Q shows that of quiet services too"
                }
                (None, false) => "no output yet",
            };
            vec![dim(text)]
        }
        Link::Choosing => vec![dim("choose a session with o")],
        Link::Connecting => vec![dim("connecting…")],
        Link::Reconnecting { why, .. } => vec![(why.clone(), theme.warning())],
        Link::Unreachable { why, listener, .. } => {
            let what = match (&target.config, listener) {
                (Some(config), Listener::Absent) => format!("no session of {} runs", plain(config)),
                _ => why.clone(),
            };
            let mut paragraphs = vec![bad(&what), say("")];
            match listener {
                Listener::Absent => paragraphs.extend([
                    say("Start it in another terminal; this screen connects by itself:"),
                    (format!("  {}", plain(&target.start)), theme.accent()),
                ]),
                Listener::Present => paragraphs.push(say(
                    "It is no FlowLayer server, or one that has no time or room for us: end it, or \
                     serve elsewhere. It is tried again; o shows the sessions that run here.",
                )),
                Listener::Unknown => paragraphs.push(dim(RETRIES)),
            }
            if !model.others.is_empty() {
                paragraphs.extend([say(""), say("Others run here; o switches to one of them:")]);
                let named = model.others.iter().take(OTHERS).map(other);
                paragraphs.extend(named.map(|other| dim(&other)));
            }
            paragraphs
        }
        Link::TokenRequired => vec![
            bad("The server wants a token, and none is known for this address."),
            say(""),
            say("It is printed when the server boots. Pass it on:"),
            (
                format!("  flowlayer tui --addr {} --token <token>", target.address),
                theme.accent(),
            ),
        ],
        Link::InvalidToken => vec![
            bad("The server refuses this token."),
            say(""),
            say(
                "The right one is printed when the server boots, or is the session.token of its \
                 configuration.",
            ),
            dim(RETRIES),
        ],
        Link::Incompatible { why } => vec![bad(why)],
    }
}

/// A session that one could switch to, in one line.
fn other(choice: &Choice) -> String {
    let config = choice.config.as_deref().unwrap_or("?");
    plain(&format!("  {}  {config}", choice.address))
}

/// Shows it in place of the lines. Without space, blank rows are left out.
pub(super) fn draw(model: &Model, rows: Rect, buffer: &mut Buffer) {
    let columns = usize::from(rows.width.saturating_sub(2));
    let broken = |(text, style): Paragraph| {
        let lines = wrapped(&text, columns).into_iter();
        lines.map(move |line| (line, style))
    };
    let mut lines: Vec<Paragraph> = paragraphs(model).into_iter().flat_map(broken).collect();
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
