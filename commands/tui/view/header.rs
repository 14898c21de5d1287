//! The first row: the name of the stack, the state of the connection, the keys for the selected service.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::hints::{self, Hint};
use super::row_writer::RowWriter;
use crate::terminal::status::State;
use crate::tui::cells::plain;
use crate::tui::keys::{Action, Context};
use crate::tui::message::Link;
use crate::tui::model::{Model, stack_name};

/// Shown once the configuration was edited.
const EDITED: &str = "edited: R reloads";

/// What the keys for services do.
const ACTIONS: [Action; 4] = [
    Action::Start,
    Action::Stop,
    Action::Restart,
    Action::OpenUrl,
];

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
        writer.skip(2).write(EDITED, theme.warning());
    }
    let (_, actions) = actions(model, area);
    writer.right(&hints::spans(&actions, theme));
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

/// The keys for the services that they act on, and the column they start in; none where there is no space beside the
/// state of the connection.
pub(crate) fn actions(model: &Model, area: Rect) -> (u16, Vec<Hint>) {
    let restarts = |hint: &Hint| hint.binding.action == Action::Restart;
    let everywhere = &[Context::Everywhere];
    let mut hints: Vec<Hint> = ACTIONS
        .iter()
        .filter_map(|action| Hint::of(model, everywhere, *action))
        .collect();
    // `s` does it as well.
    if hints.iter().any(|hint| hint.binding.action == Action::Start) {
        hints.retain(|hint| !restarts(hint));
    }
    if !model.is_connected() {
        hints.clear();
    }
    let edited = model.edited.as_ref().map_or(0, |_| EDITED.width() + 2);
    let before = 14 + label(model).1.width() + edited;
    let width = hints::width(&hints);
    match usize::from(area.width).checked_sub(before + width) {
        Some(1..) => (area.right() - u16::try_from(width).unwrap_or(0), hints),
        _ => (area.right(), Vec::new()),
    }
}
