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

/// Columns of the name of the program.
const BRAND: usize = 11;

/// Shown once the configuration was edited.
const EDITED: &str = "edited: R reloads";

/// Shown where it cannot be used as it is.
const BROKEN: &str = "edited, with problems: R shows them";

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
    let (symbol, text, style) = label(model);
    let health = health(model);
    if has_brand(model, area) {
        writer.skip(1).write("FlowLayer", theme.accent()).skip(1);
    }
    // The state of the connection goes before everything else that wants space, and that of the services.
    writer
        .skip(1)
        .write(symbol, style)
        .skip(1)
        .write(&text, style);
    if !health.is_empty() {
        writer.skip(2).spans(&health);
    }
    if let Some((text, style)) = edited(model) {
        writer.skip(2).write(text, style);
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
    let address = model.target.address.width() + 2;
    if usize::from(writer.left()) > address + 2 {
        writer.skip(2).write(&model.target.address, theme.dim());
    }
}

/// What is said of an edited configuration.
fn edited(model: &Model) -> Option<(&'static str, Style)> {
    let edited = model.edited.as_ref()?;
    Some(if edited.problems.is_empty() {
        (EDITED, model.theme.warning())
    } else {
        (BROKEN, model.theme.bad())
    })
}

/// Columns of what is always there.
fn needed(model: &Model) -> usize {
    let edited = edited(model).map_or(0, |(text, _)| text.width() + 2);
    let health: usize = health(model).iter().map(Span::width).sum();
    3 + label(model).1.width() + 2 + health + edited
}

/// Whether there is space for the name of the program.
fn has_brand(model: &Model, area: Rect) -> bool {
    usize::from(area.width) > needed(model) + BRAND
}

/// How the services are: `✓6 ◐1 ✗1 ⊘1`, green when all that is wanted is up. What was left out of the boot on purpose is
/// not counted.
pub(super) fn health(model: &Model) -> Vec<Span<'static>> {
    let theme = model.theme;
    let wanted = model.services.all().iter().filter(|it| !it.is_left_out());
    let mut counts = [0_usize; 5];
    for service in wanted {
        let kind = match service.state() {
            State::Up | State::Done => 0,
            State::Waiting | State::Starting | State::Running | State::Stopping => 1,
            State::Failed => 2,
            State::Blocked => 3,
            State::Stopped => 4,
        };
        counts[kind] += 1;
    }
    let shown = [
        State::Done,
        State::Running,
        State::Failed,
        State::Blocked,
        State::Stopped,
    ];
    let is_all_up = counts[1..].iter().all(|count| *count == 0);
    let mut spans = Vec::new();
    for (state, count) in shown
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
    {
        let style = match state {
            State::Done if !is_all_up => theme.text(),
            state => theme.state(state),
        };
        let blank = if spans.is_empty() { "" } else { " " };
        let text = format!("{blank}{}{count}", state.symbol());
        spans.push(Span::styled(text, style));
    }
    spans
}

/// `6/7 up · 1 failed`.
pub(super) fn tally(model: &Model) -> Vec<Span<'static>> {
    let (services, theme) = (&model.services, model.theme);
    let left_out = services.all().iter().filter(|it| it.is_left_out());
    let all = services.all().len() - left_out.count();
    if services.all().is_empty() {
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
    if hints
        .iter()
        .any(|hint| hint.binding.action == Action::Start)
    {
        hints.retain(|hint| !restarts(hint));
    }
    if !model.is_connected() {
        hints.clear();
    }
    let brand = if has_brand(model, area) { BRAND } else { 0 };
    let width = hints::width(&hints);
    match usize::from(area.width).checked_sub(brand + needed(model) + width) {
        Some(1..) => (area.right() - u16::try_from(width).unwrap_or(0), hints),
        _ => (area.right(), Vec::new()),
    }
}
