//! The last row: the prompt, else the last event, else the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use super::row_writer::RowWriter;
use crate::tui::keys;
use crate::tui::log::Tone;
use crate::tui::model::{Body, Modal, Model, Notice, Panel};
use crate::tui::prompt::{Prompt, Purpose};

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    if let Some(prompt) = &model.prompt {
        return Some(typing(model, prompt, area, buffer));
    }
    match &model.notice {
        Some(notice) => news(model, notice, area, buffer),
        None => hints(model, area, buffer),
    }
    None
}

fn typing(model: &Model, prompt: &Prompt, area: Rect, buffer: &mut Buffer) -> Position {
    let theme = model.theme;
    let label = match (prompt.purpose, prompt.is_regex) {
        (Purpose::FilterServices, false) => "services with ",
        (Purpose::FilterServices, true) => "services like ",
        (Purpose::FilterLogs, false) => "lines with ",
        (Purpose::FilterLogs, true) => "lines like ",
        (Purpose::Search, false) => "find ",
        (Purpose::Search, true) => "find like ",
    };
    let mut writer = RowWriter::new(buffer, area, 0);
    writer.skip(1).write(label, theme.accent());
    match &prompt.error {
        Some(error) => writer.right(&[Span::styled(format!("{error} "), theme.bad())]),
        None => writer.right(&super::header::hints(
            keys::of(keys::Context::Typing).map(|binding| (binding.shown, binding.hint)),
            theme,
        )),
    };
    let room = Rect {
        x: writer.x(),
        width: writer.left(),
        ..area
    };
    // A long text is scrolled to its cursor.
    let scroll = prompt
        .input
        .visual_scroll(usize::from(room.width.saturating_sub(1)));
    let column = |columns| u16::try_from(columns).unwrap_or(u16::MAX);
    Paragraph::new(prompt.text())
        .scroll((0, column(scroll)))
        .render(room, buffer);
    let x = room
        .x
        .saturating_add(column(prompt.input.visual_cursor().saturating_sub(scroll)));
    Position::new(x.min(area.right().saturating_sub(1)), area.y)
}

fn news(model: &Model, notice: &Notice, area: Rect, buffer: &mut Buffer) {
    let symbol = match notice.tone {
        Tone::Plain => "·",
        Tone::Good => "✓",
        Tone::Busy => "◌",
        Tone::Bad => "✗",
    };
    let style = model.theme.tone(notice.tone);
    RowWriter::new(buffer, area, 0)
        .skip(1)
        .write(symbol, style)
        .skip(1)
        .write(&notice.text, style);
}

/// The most useful keys for the present state of the log.
fn now(model: &Model) -> &'static [(&'static str, &'static str)] {
    let logs = &model.logs;
    if model.modal.is_some() {
        match model.modal {
            Some(Modal::Confirm(_) | Modal::Quit) => &[],
            Some(Modal::Sessions { .. }) => &[("enter", "connect"), ("esc", "close")],
            _ => &[("esc", "close")],
        }
    } else if model.is_blank() {
        &[("R", "retry"), ("o", "sessions"), ("i", "info")]
    } else if model.body == Body::Detail && model.focus == Panel::Logs {
        &[("esc", "close")]
    } else if model.focus != Panel::Logs || model.body != Body::Log {
        &[]
    } else if logs.selection.is_some() {
        &[
            ("y", "copy"),
            ("↑↓", "extend"),
            ("Y", "to a file"),
            ("esc", "drop"),
        ]
    } else if logs.search.is_some() {
        &[("n", "next"), ("N", "previous"), ("esc", "end search")]
    } else if logs.filter.is_narrow() {
        &[("esc", "clear"), ("enter", "context")]
    } else {
        &[]
    }
}

/// Where only one panel has space, how to come to the other is worth more than what can be done.
fn to_other_panel(model: &Model) -> Option<(&'static str, &'static str)> {
    let is_single = model.modal.is_none() && super::layout::areas(model).is_single();
    let other = match (model.body, model.focus) {
        (Body::Plan, _) => return None,
        (Body::Log, Panel::Services) => "log",
        (Body::Log | Body::Detail, _) => "list",
    };
    is_single.then_some(("tab", other))
}

/// As many as fit, the important ones first; help is always among them.
fn hints(model: &Model, area: Rect, buffer: &mut Buffer) {
    let contexts = match model.modal {
        Some(Modal::Help { .. }) => &[keys::Context::Detail],
        None if model.is_blank() => &[keys::Context::Everywhere],
        _ => model.contexts(),
    };
    let table = contexts
        .iter()
        .flat_map(|context| keys::of(*context))
        .filter(|binding| !binding.hint.is_empty())
        .map(|binding| (binding.shown.split(' ').next().unwrap_or(""), binding.hint));
    let mut all: Vec<(&str, &str)> = Vec::new();
    // Who selects is not about to leave; else one thing goes before the way to the other panel.
    let now = now(model);
    let is_selecting = model.logs.selection.is_some();
    let most = if is_selecting { usize::MAX } else { 1 };
    let (before, after) = now.split_at(now.len().min(most));
    let now = before.iter().copied().chain(to_other_panel(model));
    for hint in now.chain(after.iter().copied()).chain(table) {
        let is_known = all.iter().any(|(key, _)| *key == hint.0);
        // In the plan, and while nothing is known, there is one panel.
        let has_panels = model.body != Body::Plan && !model.is_blank() || hint.0 != "tab";
        if !is_known && has_panels {
            all.push(hint);
        }
    }
    let width = |(key, word): &(&str, &str)| key.width() + word.width() + 3;
    let is_last = |(_, word): &(&str, &str)| matches!(*word, "help" | "quit");
    let (last, mut first): (Vec<_>, Vec<_>) = all.into_iter().partition(is_last);
    let room = usize::from(area.width.saturating_sub(1));
    let mut used: usize = last.iter().map(width).sum();
    first.retain(|hint| {
        used += width(hint);
        used <= room
    });
    let hints = super::header::hints(first.into_iter().chain(last), model.theme);
    RowWriter::new(buffer, area, 0).skip(1).spans(&hints);
}
