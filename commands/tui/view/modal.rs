//! Windows above everything: help, connection info, sessions, questions.

use flowlayer_core::facts::Change;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::hints::{self, Hint};
use super::layout::Edges;
use super::row_writer::{RowWriter, panel};
use crate::terminal::changes;
use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::keys::{self, Context};
use crate::tui::message::{self, Choice, Link, Order};
use crate::tui::model::{Modal, Model, stack_name};
use crate::tui::palette::{self, Entry};
use crate::tui::theme::Theme;

type Line = Vec<Span<'static>>;

/// Columns that names and addresses of sessions are padded to at most.
const WIDEST: usize = 24;

pub(super) fn draw(model: &Model, screen: Rect, buffer: &mut Buffer) {
    let mut draw = |title, lines: Vec<Line>, scroll| {
        window(model, screen, title, &lines, scroll, buffer);
    };
    match &model.modal {
        None => {}
        Some(Modal::Help { scroll, search }) => draw(" help ", help(model, search), *scroll),
        Some(Modal::Palette { row }) => {
            let room = usize::from(screen.height.saturating_sub(2));
            let lines = self::palette(model, *row);
            draw(" what to do ", lines, (row + 1).saturating_sub(room));
        }
        Some(Modal::Info { reveal, scroll }) => {
            draw(" connection ", info(model, *reveal), *scroll);
        }
        Some(Modal::Line { rows, scroll, .. }) => {
            let line = |row: &String| vec![Span::styled(row.clone(), model.theme.text())];
            draw(" line ", rows.iter().map(line).collect(), *scroll);
        }
        Some(Modal::Sessions { choices, row, .. }) => {
            let lines = sessions(model, choices.as_deref(), *row);
            let room = usize::from(screen.height.saturating_sub(2));
            draw(" sessions ", lines, (row + 2).saturating_sub(room));
        }
        Some(Modal::Confirm(orders)) => draw(" really? ", question(model, orders), 0),
        Some(Modal::Problems { scroll }) => {
            draw(" the configuration has problems ", problems(model), *scroll);
        }
        Some(Modal::Quit) => draw(" quit ", quitting(model), 0),
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
    let widths = lines.iter().map(|line| line.iter().map(Span::width).sum());
    let width = u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX);
    let width = width.saturating_add(4).max(24).min(screen.width);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let height = height.saturating_add(2).min(screen.height);
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    Clear.render(area, buffer);
    let inside = Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(3),
        height: area.height.saturating_sub(2),
    };
    let hidden = lines.len().saturating_sub(usize::from(inside.height));
    let scroll = scroll.min(hidden);
    let (first, last, all) = (scroll + 1, lines.len() + scroll - hidden, lines.len());
    let place = format!(" {first}–{last} of {all} ↑↓ ");
    let right = (hidden > 0).then(|| Span::styled(place, theme.dim()));
    let title = [Span::styled(title, theme.accent())];
    panel(
        buffer,
        area,
        Edges::Box,
        theme.edge(true),
        &title,
        right.as_slice(),
    );
    for (y, line) in (0..inside.height).zip(lines.iter().skip(scroll)) {
        RowWriter::new(buffer, inside, y).spans(line);
    }
}

/// The rows of a window that can be scrolled.
pub(super) fn rows(model: &Model) -> usize {
    match &model.modal {
        Some(Modal::Help { search, .. }) => help(model, search).len(),
        Some(Modal::Info { reveal, .. }) => info(model, *reveal).len(),
        Some(Modal::Line { rows, .. }) => rows.len(),
        Some(Modal::Problems { .. }) => problems(model).len(),
        _ => 0,
    }
}

/// A part of the help: a title, and its lines.
struct Section {
    title: &'static str,
    lines: Vec<Line>,
}

/// The key table and the symbols, or the lines of them that contain this.
fn help(model: &Model, search: &str) -> Vec<Line> {
    let theme = model.theme;
    let search = search.to_lowercase();
    let mut lines = Vec::new();
    for section in sections(model) {
        let is_wanted = |line: &Line| {
            let text: String = line.iter().map(|span| &*span.content).collect();
            text.to_lowercase().contains(&search) || section.title.contains(&search)
        };
        let wanted: Vec<Line> = section
            .lines
            .iter()
            .filter(|it| is_wanted(it))
            .cloned()
            .collect();
        if wanted.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(vec![Span::styled(section.title, theme.accent())]);
        lines.extend(wanted);
    }
    if lines.is_empty() {
        lines.push(vec![Span::styled("no line contains that", theme.dim())]);
    }
    fitted(model, lines)
}

fn sections(model: &Model) -> Vec<Section> {
    let theme = model.theme;
    // What can be pressed just now comes first.
    let near = model.contexts_below();
    let far = Context::ALL
        .into_iter()
        .filter(|context| !near.contains(context));
    let keys = near.iter().copied().chain(far).map(|context| Section {
        title: context.title(),
        lines: keys::of(context)
            .map(|binding| key_line(theme, binding.shown, binding.help))
            .collect(),
    });
    let symbol = |state: State| {
        let padding = " ".repeat(10_usize.saturating_sub(state.word().width()));
        vec![
            Span::styled(
                format!("  {} {}{padding}", state.symbol(), state.word()),
                theme.state(state),
            ),
            Span::styled(state.meaning(), theme.text()),
        ]
    };
    let symbols = Section {
        title: "symbols",
        lines: State::ALL.into_iter().map(symbol).collect(),
    };
    keys.chain([symbols]).collect()
}

fn key_line(theme: Theme, keys: &'static str, help: &'static str) -> Line {
    let padding = " ".repeat(12_usize.saturating_sub(keys.width()));
    vec![
        Span::styled(format!("  {keys}{padding}"), theme.accent()),
        Span::styled(help, theme.text()),
    ]
}

/// What can be done now, with this row selected.
fn palette(model: &Model, row: usize) -> Vec<Line> {
    let theme = model.theme;
    let entries = palette::entries(model);
    if entries.is_empty() {
        return vec![vec![Span::styled(
            "nothing to do is called that",
            theme.dim(),
        )]];
    }
    let one = |(index, entry): (usize, &Entry)| {
        let binding = entry.binding;
        let mut line = key_line(theme, binding.shown, binding.help);
        if entry.word != binding.hint && !entry.word.is_empty() {
            line.push(Span::styled(format!(" ({})", entry.word), theme.dim()));
        }
        if index == row {
            for span in &mut line {
                span.style = theme.selected(true);
            }
        }
        line
    };
    entries.iter().enumerate().map(one).collect()
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

fn info(model: &Model, reveal: bool) -> Vec<Line> {
    let (theme, target) = (model.theme, &model.target);
    let mut lines = Vec::new();
    let mut add = |label: &str, text: String, style: Style| {
        let label = Span::styled(format!("{label:<9}"), theme.dim());
        lines.push(vec![label, Span::styled(text, style)]);
    };
    let text = theme.text();
    let (symbol, state, style) = super::header::label(model);
    let address = match target.address.as_str() {
        "" => "none yet",
        address => address,
    };
    add("address", address.to_owned(), text);
    add("found", target.found.to_owned(), text);
    add("state", format!("{symbol} {state}"), style);
    let since = format::duration(model.now - model.link_since);
    add("since", format!("{since} ago"), text);
    if let Link::Reconnecting { why, .. }
    | Link::Unreachable { why, .. }
    | Link::Incompatible { why } = &model.link
    {
        add("why", plain(why), text);
    }
    let token = match &target.token {
        None => "none".to_owned(),
        Some(token) if reveal => plain(token),
        Some(_) => "••••••••••••  (t shows it)".to_owned(),
    };
    add("token", token, text);
    let config = target.config.as_deref().unwrap_or("not known");
    add("config", plain(config), text);
    if let Some(session) = &model.session_id {
        add("session", plain(session), text);
    }
    let version = concat!("flowlayer ", env!("CARGO_PKG_VERSION"), ", protocol 1");
    add("client", version.to_owned(), text);
    fitted(model, lines)
}

fn sessions(model: &Model, choices: Option<&[Choice]>, row: usize) -> Vec<Line> {
    let theme = model.theme;
    let Some(choices) = choices else {
        return vec![vec![Span::styled("looking…", theme.dim())]];
    };
    if choices.is_empty() {
        let none = "No live session of yours on this machine.";
        let help = "flowlayer up starts one.";
        return vec![
            vec![Span::styled(none, theme.text())],
            vec![Span::styled(help, theme.dim())],
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
        let config = plain(choice.config.as_deref().unwrap_or("?"));
        let pid = choice.pid.map(|pid| format!("  pid {pid}"));
        let pid = pid.unwrap_or_default();
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
    plain(stack_name(choice.config.as_deref()).unwrap_or("?"))
}

/// All that keeps the edited configuration from being used, errors first.
fn problems(model: &Model) -> Vec<Line> {
    let theme = model.theme;
    let problems = model.edited.iter().flat_map(|edited| &edited.problems);
    let mut problems: Vec<_> = problems.collect();
    problems.sort_by_key(|problem| problem.severity != "error");
    let mut lines = Vec::new();
    for problem in problems {
        let style = if problem.severity == "error" {
            theme.bad()
        } else {
            theme.warning()
        };
        let place = format!("{}:{} ", problem.line, problem.column);
        let text = match problem.path.as_str() {
            "" => plain(&problem.message),
            path => plain(&format!("{path}: {}", problem.message)),
        };
        lines.push(vec![
            Span::styled(place, theme.dim()),
            Span::styled(format!("{} ", plain(&problem.severity)), style),
            Span::styled(text, theme.text()),
        ]);
        if let Some(help) = &problem.help {
            let help = Span::styled(plain(help), theme.dim());
            lines.push(vec![Span::raw("  "), help]);
        }
    }
    let rest = "Nothing was changed. Mend the file, then R reloads it.";
    lines.extend([Vec::new(), vec![Span::styled(rest, theme.text())]]);
    fitted(model, lines)
}

/// What a reload would do, with the question.
fn reload(model: &Model, changes: &[Change]) -> Vec<Line> {
    let theme = model.theme;
    let hints = answers(model, Context::Question);
    let text = changes::render(changes, false);
    let lines = text.lines().map(|line| {
        let style = if line.starts_with(' ') {
            theme.text()
        } else {
            theme.accent()
        };
        vec![Span::styled(line.to_owned(), style)]
    });
    let question = vec![Span::styled("Reload the configuration?", theme.text())];
    let rest = [Vec::new(), question, hints];
    fitted(model, lines.chain(rest).collect())
}

fn question(model: &Model, orders: &[Order]) -> Vec<Line> {
    if let [Order::Reload(changes)] = orders {
        return reload(model, changes);
    }
    let all = model.services.all();
    let alive = all.iter().filter(|service| service.has_process()).count();
    let text = match orders {
        [Order::StopAll] => format!(
            "Stop all services? {alive} of {} {} a process.",
            all.len(),
            if alive == 1 { "has" } else { "have" }
        ),
        orders => {
            let text = message::labels(orders);
            let mut letters = text.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            let text: String = first.into_iter().chain(letters).collect();
            format!("{}?", plain(&text))
        }
    };
    asked(model, text, Context::Question)
}

fn quitting(model: &Model) -> Vec<Line> {
    let name = stack_name(model.target.config.as_deref()).map_or("the session".to_owned(), plain);
    let mut lines = asked(
        model,
        format!("Leave {name} running, or stop it?"),
        Context::Quitting,
    );
    if let Some(line) = lines.first_mut() {
        line.push(Span::raw("  "));
        line.extend(super::header::tally(model));
    }
    lines
}

/// A question, and the keys that answer it.
fn asked(model: &Model, text: String, context: Context) -> Vec<Line> {
    let text = vec![Span::styled(text, model.theme.text())];
    fitted(model, vec![text, Vec::new(), answers(model, context)])
}

fn answers(model: &Model, context: Context) -> Line {
    let hints: Vec<Hint> = keys::of(context)
        .filter_map(|binding| Hint::new(model, binding))
        .collect();
    hints::spans(&hints, model.theme)
}
