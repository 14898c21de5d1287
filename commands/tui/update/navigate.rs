//! Moving about: in the list, in the plan, in the details, in the log.

use std::sync::Arc;

use super::notice::notify;
use super::select;
use crate::tui::cells;
use crate::tui::keys::Action;
use crate::tui::log::Tone;
use crate::tui::log::viewport::{Position, Start};
use crate::tui::log::window::Newer;
use crate::tui::log::{Content, Geometry};
use crate::tui::model::{Body, Modal, Model, Panel};
use crate::tui::services::Selected;
use crate::tui::view::{self, layout};

/// The rows a key moves by, with pages of this many rows.
pub(super) const fn rows(action: Action, page: isize) -> Option<isize> {
    match action {
        Action::Up => Some(-1),
        Action::Down => Some(1),
        Action::PageUp => Some(-page),
        Action::PageDown => Some(page),
        Action::Top => Some(isize::MIN / 2),
        Action::Bottom => Some(isize::MAX / 2),
        _ => None,
    }
}

/// A key that moves.
pub(super) fn travel(model: &mut Model, action: Action) {
    let geometry = layout::geometry(model);
    let page = isize::try_from(geometry.height).unwrap_or(0).max(2) - 1;
    let rows = rows(action, page);
    match (model.body, model.focus, rows) {
        (Body::Plan, _, _) => travel_plan(model, action),
        (_, Panel::Services, rows) => {
            if let Some(rows) = rows {
                model.services.step(rows);
            }
            model.detail_scroll = 0;
        }
        (Body::Detail | Body::Boot, Panel::Logs, rows) => {
            scroll_detail(model, rows.unwrap_or(0));
        }
        (Body::Log, Panel::Logs, Some(rows)) if model.logs.selection.is_some() => {
            select::extend_selection(model, rows);
            let window = &model.logs.window;
            let is_all = match action {
                Action::Top => !window.has_older(),
                Action::Bottom => window.newer == Newer::Live,
                _ => true,
            };
            if !is_all {
                let text = "selected as far as is loaded: `flowlayer logs` writes everything";
                notify(model, Tone::Plain, text);
            }
        }
        (Body::Log, Panel::Logs, rows) => match (action, rows) {
            (Action::Top, _) => model.logs.rewind(),
            (Action::Bottom, _) => model.logs.follow(),
            (_, Some(rows)) => model.logs.scroll(rows, geometry),
            (_, None) => sideways(model, action == Action::Left),
        },
    }
}

/// Scrolls the details.
pub(super) fn scroll_detail(model: &mut Model, rows: isize) {
    let last = match model.body {
        Body::Boot => view::boot::last_row(model),
        _ => view::last_detail_row(model),
    };
    model.detail_scroll = model.detail_scroll.saturating_add_signed(rows).min(last);
}

/// Scrolls the window that is open, or selects another row of it.
pub(super) fn scroll_modal(model: &mut Model, rows: isize) {
    let (_, last) = view::modal_page(model);
    match &mut model.modal {
        Some(
            Modal::Help { scroll, .. }
            | Modal::Info { scroll, .. }
            | Modal::Line { scroll, .. }
            | Modal::Problems { scroll },
        ) => {
            *scroll = scroll.saturating_add_signed(rows).min(last);
        }
        Some(Modal::Sessions {
            choices,
            row,
            is_moved,
            ..
        }) => {
            let last = choices.as_ref().map_or(0, Vec::len).saturating_sub(1);
            *row = row.saturating_add_signed(rows.signum()).min(last);
            *is_moved = true;
        }
        Some(Modal::Confirm(_) | Modal::Quit | Modal::Palette { .. }) | None => {}
    }
}

/// Half a screen to the left or to the right, as far as the lines on the screen reach.
pub(super) fn sideways(model: &mut Model, is_left: bool) {
    let geometry = layout::geometry(model);
    let jump = (geometry.columns / 2).max(1);
    let shift = model.logs.shift;
    if is_left {
        model.logs.shift = shift.saturating_sub(jump);
    } else if !model.logs.wrap {
        let end = shift + jump + geometry.columns;
        let most = widest_on_screen(model, geometry, end).saturating_sub(geometry.columns);
        model.logs.shift = most.max(shift);
    }
}

/// Columns of the longest line on the screen, or `end` when it is longer.
fn widest_on_screen(model: &Model, geometry: Geometry, end: usize) -> usize {
    let window = &model.logs.window;
    let start = model.logs.position.start(window, geometry).index;
    let mut widest = 0;
    for item in window.items().iter().skip(start).take(geometry.height) {
        widest = cells::width(&geometry.text(item), end).max(widest);
        if widest == end {
            break;
        }
    }
    widest
}

/// In the plan, left and right go to the neighbouring wave, to the same row or the last.
fn travel_plan(model: &mut Model, action: Action) {
    let all = model.services.all();
    let current = model.services.current().map(|service| &service.name);
    let index = current.and_then(|name| all.iter().position(|service| service.name == *name));
    let wave = |index: usize| all[index].details.wave;
    let Some(index) = index else {
        if let Some(first) = all.first() {
            model.services.selected = Selected::Service(Arc::clone(&first.name));
        }
        return;
    };
    let first_of = |wave_of: usize| {
        (0..all.len())
            .find(|at| wave(*at) == wave(wave_of))
            .unwrap_or(wave_of)
    };
    let row = index - first_of(index);
    let in_column_of = |neighbour: usize| {
        let first = first_of(neighbour);
        (first..all.len())
            .take_while(|at| wave(*at) == wave(first))
            .take(row + 1)
            .last()
    };
    let target = match action {
        Action::Up => index.checked_sub(1),
        Action::Down => Some(index + 1),
        Action::Left => first_of(index).checked_sub(1).and_then(in_column_of),
        Action::Right => (index..all.len())
            .find(|at| wave(*at) != wave(index))
            .and_then(in_column_of),
        Action::Top => Some(0),
        Action::Bottom => Some(all.len() - 1),
        _ => None,
    };
    if let Some(service) = target.and_then(|target| all.get(target)) {
        model.services.selected = Selected::Service(Arc::clone(&service.name));
    }
}

/// Up to the next mark.
pub(super) fn jump_to_mark(model: &mut Model) {
    let geometry = layout::geometry(model);
    let logs = &mut model.logs;
    let start = logs.position.start(&logs.window, geometry).index;
    let items = logs.window.items();
    let is_mark = |index: &usize| matches!(items[*index].content, Content::Mark(_));
    let Some(index) = (0..start.min(items.len())).rev().find(is_mark) else {
        return notify(model, Tone::Plain, "no mark further up: m draws one");
    };
    logs.position = Position::at(Start { index, skip: 0 }, false, &logs.window, geometry);
}
