//! Windows above everything: help, connection info, sessions, questions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::cells::plain;
use crate::tui::keys::{self, Context};
use crate::tui::message::{Choice, Link, Order};
use crate::tui::model::{Modal, Model};
use crate::tui::words;

type Line = Vec<Span<'static>>;

/// Columns that names and addresses of sessions are padded to at most.
const WIDEST: usize = 24;

pub(super) fn draw(model: &Model, screen: Rect, buffer: &mut Buffer) {
    match &model.modal {
        None => {}
        Some(Modal::Help { scroll }) => {
            let lines = help(model);
            window(model, screen, " help ", &lines, *scroll, buffer);
        }
        Some(Modal::Info { reveal, scroll }) => window(
            model,
            screen,
            " connection ",
            &info(model, *reveal),
            *scroll,
            buffer,
        ),
        Some(Modal::Sessions { choices, row, .. }) => {
            let lines = sessions(model, choices.as_deref(), *row);
            let room = usize::from(screen.height.saturating_sub(2));
            window(
                model,
                screen,
                " sessions ",
                &lines,
                (row + 2).saturating_sub(room),
                buffer,
            );
        }
        Some(Modal::Confirm(order)) => window(
            model,
            screen,
            " really? ",
            &question(model, order),
            0,
            buffer,
        ),
    }
}

/// A window in the middle, as large as its content and the screen allow.
fn window(
    model: &Model,
    screen: Rect,
    title: &str,
    lines: &[Line],
    scroll: usize,
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let widest = lines
        .iter()
        .map(|line| line.iter().map(Span::width).sum())
        .max()
        .unwrap_or(0);
    let width = u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .saturating_add(4)
        .max(24)
        .min(screen.width);
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2)
        .min(screen.height);
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buffer[(x, y)].reset();
        }
    }
    let inside = Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(3),
        height: area.height.saturating_sub(2),
    };
    let hidden = lines.len().saturating_sub(usize::from(inside.height));
    let scroll = scroll.min(hidden);
    let right = if hidden > 0 {
        vec![Span::styled(
            format!(
                " {}–{} of {} ↑↓ ",
                scroll + 1,
                lines.len() - (hidden - scroll),
                lines.len()
            ),
            theme.dim(),
        )]
    } else {
        Vec::new()
    };
    let title = [Span::styled(title.to_owned(), theme.accent())];
    panel(buffer, area, true, theme.edge(true), &title, &right);
    for (y, line) in (0..inside.height).zip(lines.iter().skip(scroll)) {
        let mut writer = RowWriter::new(buffer, inside, y);
        for span in line {
            writer.write(&span.content, span.style);
        }
    }
}

/// The rows of a window that can be scrolled.
pub(super) fn rows(model: &Model) -> usize {
    match &model.modal {
        Some(Modal::Help { .. }) => help(model).len(),
        Some(Modal::Info { reveal, .. }) => info(model, *reveal).len(),
        _ => 0,
    }
}

fn help(model: &Model) -> Vec<Line> {
    let theme = model.theme;
    let mut lines = Vec::new();
    // What can be pressed just now comes first.
    let near = model.contexts_below();
    let far = Context::ALL
        .into_iter()
        .filter(|context| !near.contains(context));
    for context in near.iter().copied().chain(far) {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(vec![Span::styled(context.title(), theme.accent())]);
        for binding in keys::of(context) {
            let padding = " ".repeat(12_usize.saturating_sub(binding.shown.width()));
            lines.push(vec![
                Span::styled(format!("  {}{padding}", binding.shown), theme.key()),
                Span::styled(binding.help, theme.text()),
            ]);
        }
    }
    lines.push(Vec::new());
    lines.push(vec![Span::styled("symbols", theme.accent())]);
    for state in State::ALL {
        let padding = " ".repeat(10_usize.saturating_sub(state.word().width()));
        lines.push(vec![
            Span::styled(
                format!("  {} {}{padding}", state.symbol(), state.word()),
                theme.state(state),
            ),
            Span::styled(state.meaning(), theme.text()),
        ]);
    }
    fitted(model, lines)
}

/// Lines that are too long for a window on this screen are broken; what goes on stands below where
/// the last of its spans began.
fn fitted(model: &Model, lines: Vec<Line>) -> Vec<Line> {
    let room = usize::from(model.columns.saturating_sub(4));
    let mut fitted = Vec::with_capacity(lines.len());
    for mut line in lines {
        let width: usize = line.iter().map(Span::width).sum();
        let last = if width > room { line.pop() } else { None };
        let Some(last) = last else {
            fitted.push(line);
            continue;
        };
        let before: usize = line.iter().map(Span::width).sum();
        let indent = Span::raw(" ".repeat(before));
        for text in wrapped(&last.content, room.saturating_sub(before).max(8)) {
            let mut start = std::mem::replace(&mut line, vec![indent.clone()]);
            start.push(Span::styled(text, last.style));
            fitted.push(start);
        }
    }
    fitted
}

fn row(label: &str, text: String, label_style: Style, style: Style) -> Line {
    vec![
        Span::styled(format!("{label:<9}"), label_style),
        Span::styled(text, style),
    ]
}

fn info(model: &Model, reveal: bool) -> Vec<Line> {
    let (theme, target) = (model.theme, &model.target);
    let (symbol, words, style) = super::header::label(model);
    let mut lines = vec![
        row("address", target.address.clone(), theme.dim(), theme.text()),
        row("found", target.found.to_owned(), theme.dim(), theme.text()),
        row("state", format!("{symbol} {words}"), theme.dim(), style),
    ];
    let since = words::duration(model.now - model.link_since);
    lines.push(row(
        "since",
        format!("{since} ago"),
        theme.dim(),
        theme.text(),
    ));
    if let Link::Reconnecting { why, .. }
    | Link::Unreachable { why, .. }
    | Link::Incompatible { why } = &model.link
    {
        lines.push(row("why", plain(why), theme.dim(), theme.text()));
    }
    let token = match &target.token {
        None => "none".to_owned(),
        Some(token) if reveal => plain(token),
        Some(_) => "••••••••••••  (t shows it)".to_owned(),
    };
    lines.push(row("token", token, theme.dim(), theme.text()));
    let config = target
        .config
        .as_deref()
        .map_or_else(|| "not known".to_owned(), plain);
    lines.push(row("config", config, theme.dim(), theme.text()));
    if let Some(session) = &model.session_id {
        lines.push(row("session", plain(session), theme.dim(), theme.text()));
    }
    let version = concat!("flowlayer ", env!("CARGO_PKG_VERSION"), ", protocol 1");
    lines.push(row("client", version.to_owned(), theme.dim(), theme.text()));
    fitted(model, lines)
}

fn sessions(model: &Model, choices: Option<&[Choice]>, row: usize) -> Vec<Line> {
    let theme = model.theme;
    let Some(choices) = choices else {
        return vec![vec![Span::styled("looking…", theme.dim())]];
    };
    if choices.is_empty() {
        return vec![
            vec![Span::styled(
                "No live session of yours on this machine.",
                theme.text(),
            )],
            vec![Span::styled(
                "flowlayer serve -s 127.0.0.1:6999 starts one.",
                theme.dim(),
            )],
        ];
    }
    let column = |text: fn(&Choice) -> String| {
        let widths = choices.iter().map(move |choice| text(choice).width());
        widths.max().unwrap_or(0).min(WIDEST)
    };
    let (names, addresses) = (column(name), column(|choice| choice.address.clone()));
    let one = |(index, choice): (usize, &Choice)| {
        let style = if index == row {
            theme.selected(true)
        } else {
            theme.text()
        };
        let dim = if index == row { style } else { theme.dim() };
        let here = if choice.address == model.target.address {
            "●"
        } else {
            " "
        };
        let config = choice
            .config
            .as_deref()
            .map_or_else(|| "?".to_owned(), plain);
        let pid = choice
            .pid
            .map(|pid| format!("  pid {pid}"))
            .unwrap_or_default();
        let padded = |text: &str, width: usize| {
            let padding = " ".repeat(width.saturating_sub(text.width()));
            format!("{text}{padding}  ")
        };
        vec![
            Span::styled(format!("{here} "), style),
            Span::styled(padded(&name(choice), names), style),
            Span::styled(padded(&choice.address, addresses), dim),
            Span::styled(config, dim),
            Span::styled(format!("{pid} "), dim),
        ]
    };
    choices.iter().enumerate().map(one).collect()
}

/// What people call the stack: the directory of its configuration.
fn name(choice: &Choice) -> String {
    let path = std::path::Path::new(choice.config.as_deref().unwrap_or_default());
    let directory = path.parent().and_then(std::path::Path::file_name);
    directory.map_or_else(|| "?".to_owned(), |name| plain(&name.to_string_lossy()))
}

fn question(model: &Model, order: &Order) -> Vec<Line> {
    let theme = model.theme;
    let all = model.services.all();
    let alive = all.iter().filter(|service| service.has_process()).count();
    let text = match order {
        Order::StopAll => format!(
            "Stop all services? {alive} of {} {} a process.",
            all.len(),
            if alive == 1 { "has" } else { "have" }
        ),
        order => format!("{}?", order.words()),
    };
    let mut lines = vec![vec![Span::styled(text, theme.text())], Vec::new()];
    lines.push(super::header::hints(
        keys::of(Context::Question).map(|binding| (binding.shown, binding.hint)),
        theme,
    ));
    lines
}
