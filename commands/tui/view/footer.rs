//! The last row: the prompt, else the last event, else the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget};

use super::hints::{self, Hint};
use super::row_writer::RowWriter;
use crate::tui::format;
use crate::tui::keys::{self, Action};
use crate::tui::log::Tone;
use crate::tui::model::{Body, Modal, Model, Notice, Panel};
use crate::tui::prompt::{Prompt, Purpose};

/// The column in which hints start.
pub(crate) const START: u16 = 1;

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    if let Some(prompt) = &model.prompt {
        return Some(typing(model, prompt, area, buffer));
    }
    if let Some(saving) = &model.saving {
        let lines = format::count(saving.lines, "line");
        let percent = saving.seq.saturating_mul(100) / saving.until.max(1);
        let text = format!("writing the log: {lines}, {percent} %; esc stops");
        RowWriter::new(buffer, area, 0)
            .skip(START)
            .write(&text, model.theme.warning());
    } else if let Some(notice) = &model.notice {
        news(model, notice, area, buffer);
    } else {
        let hints = hints::spans(&hints(model, area.width), model.theme);
        RowWriter::new(buffer, area, 0).skip(START).spans(&hints);
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
        (Purpose::Palette, _) => "do ",
        (Purpose::Help, _) => "help on ",
    };
    let mut writer = RowWriter::new(buffer, area, 0);
    writer.skip(1).write(label, theme.accent());
    match &prompt.error {
        Some(error) => writer.right(&[Span::styled(format!("{error} "), theme.bad())]),
        None => writer.right(&hints::spans(&self::hints(model, u16::MAX), theme)),
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

/// The most useful keys in the present state.
fn first(model: &Model) -> &'static [Action] {
    use Action::{
        Accept, Close, Context, Copy, Filter, Info, NextHit, PreviousHit, Retry, Save, Sessions, Up,
    };
    let logs = &model.logs;
    let is_in_log = model.focus == Panel::Logs && model.body == Body::Log;
    if model.prompt.is_some() {
        &[]
    } else if let Some(modal) = &model.modal {
        match modal {
            Modal::Confirm(_) | Modal::Quit | Modal::Palette { .. } => &[],
            Modal::Sessions { .. } => &[Accept, Close],
            Modal::Help { .. } | Modal::Info { .. } | Modal::Problems { .. } => &[Close],
            Modal::Line { .. } => &[Copy, Close],
        }
    } else if model.is_blank() {
        &[Retry, Sessions, Info]
    } else if !model.is_connected() {
        &[Retry]
    } else if is_in_log && logs.selection.is_some() {
        &[Copy, Up, Save, Close]
    } else if is_in_log && logs.search.is_some() {
        &[NextHit, PreviousHit, Close]
    } else if is_in_log && logs.filter.is_narrow() {
        &[Close, Context]
    } else if matches!(model.body, Body::Detail | Body::Boot) && model.focus == Panel::Logs {
        &[Close]
    } else if model.services.is_filtered() || model.services.marks().0 > 0 {
        &[Close, Filter]
    } else {
        &[]
    }
}

/// Where only one panel has space, how to come to the other is worth more than what can be done.
fn to_other_panel(model: &Model) -> Option<&'static str> {
    let is_single = model.modal.is_none() && super::layout::areas(model).is_single();
    let other = match (model.body, model.focus) {
        (Body::Plan, _) => return None,
        (Body::Log, Panel::Services) => "log",
        (Body::Log | Body::Detail | Body::Boot, _) => "list",
    };
    is_single.then_some(other)
}

/// As many as fit in so many columns, the important ones first; help is always among them.
pub(crate) fn hints(model: &Model, columns: u16) -> Vec<Hint> {
    let contexts = match model.modal {
        None if model.is_blank() => &[keys::Context::Everywhere],
        _ => model.contexts(),
    };
    let is_selecting = model.logs.selection.is_some();
    let of = |action| match action {
        Action::Up => keys::of(keys::Context::Logs)
            .find(|binding| binding.action == action)
            .map(|binding| Hint {
                binding,
                key: "↑↓",
                word: "extend".to_owned(),
            }),
        _ => Hint::of(model, contexts, action),
    };
    let mut all: Vec<Hint> = first(model).iter().filter_map(|it| of(*it)).collect();
    if let (Some(word), Some(mut hint)) = (to_other_panel(model), of(Action::SwitchPanel)) {
        // Who selects is not about to leave; else one thing goes before the way to the other panel.
        let at = if is_selecting { all.len() } else { 1 };
        word.clone_into(&mut hint.word);
        all.insert(at.min(all.len()), hint);
    }
    let (_, above) = super::header::actions(model, super::layout::areas(model).header);
    let above = above.iter().filter(|_| model.modal.is_none());
    let above: Vec<Action> = above.map(|hint| hint.binding.action).collect();
    let is_acting = model.modal.is_none() && model.prompt.is_none() && !is_selecting;
    if above.is_empty() && is_acting {
        // There is no space for them in the first row.
        all.extend([Action::Start, Action::Stop].into_iter().filter_map(of));
    }
    let table = contexts.iter().flat_map(|context| keys::of(*context));
    for binding in table.filter(|binding| !binding.hint.is_empty()) {
        let action = binding.action;
        let is_help = model.is_typing(Purpose::Help);
        if is_help && action == Action::ToggleRegex {
            continue;
        }
        let is_known = all.iter().any(|hint| hint.binding.action == action)
            || above.contains(&action)
            || action == Action::Restart && above.contains(&Action::Start);
        if !is_known {
            all.extend(Hint::new(model, binding));
        }
    }
    let is_last = |hint: &Hint| matches!(hint.binding.action, Action::Help | Action::Quit);
    let (last, mut hints): (Vec<_>, Vec<_>) = all.into_iter().partition(is_last);
    let room = usize::from(columns.saturating_sub(START));
    let mut used = hints::width(&last);
    hints.retain(|hint| {
        used += hint.width();
        used <= room
    });
    hints.extend(last);
    hints
}
