//! The first row: the name of the stack, the state of the connection, the keys for the selected service.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::row_writer::RowWriter;
use crate::terminal::status::State;
use crate::tui::cells::plain;
use crate::tui::message::Link;
use crate::tui::model::{Model, stack_name};
use crate::tui::service::{Selected, ServiceModel};
use crate::tui::theme::Theme;

/// The symbol of the connection's state, and a short text.
pub(super) fn label(model: &Model) -> (&'static str, String, Style) {
    let theme = model.theme;
    let in_seconds = |at: i64| {
        let seconds = ((at - model.now).max(0) + 999) / 1_000;
        if seconds == 0 {
            "now".to_owned()
        } else {
            format!("in {seconds}s")
        }
    };
    match &model.link {
        Link::Choosing => ("·", "no session chosen".to_owned(), theme.dim()),
        Link::Connecting => ("◌", "connecting".to_owned(), theme.warning()),
        Link::Connected if model.is_ending() => {
            ("◑", "being taken down".to_owned(), theme.warning())
        }
        Link::Connected => ("●", "connected".to_owned(), theme.good()),
        Link::Reconnecting { retry_at, .. } => (
            "◐",
            format!("reconnecting {}", in_seconds(*retry_at)),
            theme.warning(),
        ),
        Link::Unreachable { retry_at, .. } => (
            "✗",
            format!("unreachable, again {}", in_seconds(*retry_at)),
            theme.bad(),
        ),
        Link::TokenRequired => ("✗", "token required".to_owned(), theme.bad()),
        Link::InvalidToken => ("✗", "invalid token".to_owned(), theme.bad()),
        Link::Incompatible { .. } => ("✗", "not a server for this client".to_owned(), theme.bad()),
    }
}

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut writer = RowWriter::new(buffer, area, 0);
    writer.skip(1).write("FlowLayer", theme.accent());
    // The state of the connection goes before everything else that wants space.
    let (symbol, text, style) = label(model);
    writer
        .skip(2)
        .write(symbol, style)
        .skip(1)
        .write(&text, style);
    if model.edited.is_some() {
        writer.skip(2).write("edited: R reloads", theme.warning());
    }
    writer.right(&actions(model));
    if let Some(name) = stack_name(model.target.config.as_deref()).map(plain)
        && usize::from(writer.left()) > name.width() + 4
    {
        writer
            .skip(2)
            .write(&name, theme.text().add_modifier(Modifier::BOLD));
    }
    // In order of importance: how many are up, the address of the server, the other states.
    let mut tally = tally(model);
    let width = |tally: &[Span<'_>]| tally.iter().map(Span::width).sum::<usize>();
    let up = tally.first().map_or(0, Span::width);
    let address = model.target.address.width() + 2;
    if usize::from(writer.left()) > up + address + 5 {
        writer.skip(2).write(&model.target.address, theme.dim());
    }
    if usize::from(writer.left()) <= width(&tally) + 5 {
        tally.truncate(1);
    }
    if usize::from(writer.left()) > width(&tally) + 4 {
        writer.skip(3).spans(&tally);
    }
}

/// `6/7 up · 1 failed`.
pub(super) fn tally(model: &Model) -> Vec<Span<'static>> {
    let (services, theme) = (&model.services, model.theme);
    let all = services.all().len();
    if all == 0 {
        return Vec::new();
    }
    let up = services.all().iter().filter(|it| it.is_up()).count();
    let style = if up == all {
        theme.good()
    } else {
        theme.text()
    };
    let mut spans = vec![Span::styled(format!("{up}/{all} up"), style)];
    for state in [State::Failed, State::Blocked] {
        let count = services.count(|it| it == state);
        if count > 0 {
            let text = format!("{count} {}", state.word());
            spans.push(Span::styled(" · ", theme.dim()));
            spans.push(Span::styled(text, theme.state(state)));
        }
    }
    spans
}

/// The keys for the selected service, with their present effect.
fn actions(model: &Model) -> Vec<Span<'static>> {
    if !model.is_connected() || model.is_ending() {
        return Vec::new();
    }
    let keys: &[(&str, &str)] = match (&model.services.selected, model.services.current()) {
        (Selected::All, _) => &[("s", "start all"), ("x", "stop all")],
        (Selected::Service(_), Some(service)) => of_service(service),
        (Selected::Service(_), None) => &[],
    };
    hints(keys.iter().copied(), model.theme)
}

fn of_service(service: &ServiceModel) -> &'static [(&'static str, &'static str)] {
    match service.state() {
        State::Up => &[("s", "restart"), ("x", "stop")],
        State::Done => &[("s", "run again"), ("x", "stop")],
        State::Running => &[("r", "restart"), ("x", "stop")],
        State::Starting | State::Stopping => &[],
        State::Waiting | State::Blocked => &[("s", "start now"), ("x", "give up")],
        State::Stopped | State::Failed => &[("s", "start")],
    }
}

/// `s start all  x stop all `.
pub(super) fn hints<'a>(
    keys: impl Iterator<Item = (&'a str, &'a str)>,
    theme: Theme,
) -> Vec<Span<'static>> {
    keys.flat_map(|(key, word)| {
        [
            Span::styled(key.to_owned(), theme.accent()),
            Span::styled(format!(" {word}  "), theme.dim()),
        ]
    })
    .collect()
}
