//! What keys do.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind};
use flowlayer::protocol::Stream;

use super::{layout, notify, typing};
use crate::tui::ansi;
use crate::tui::keys::{self, Action};
use crate::tui::log::pane::{Clock, Selection};
use crate::tui::log::viewport::Position;
use crate::tui::log::{Content, Geometry, Place, Tone};
use crate::tui::message::{Effect, Order};
use crate::tui::model::{Body, Modal, Model, Panel, Pending};
use crate::tui::service::Selected;

/// A key was pressed, or is held down.
pub(super) fn key(model: &mut Model, event: KeyEvent, effects: &mut Vec<Effect>) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    model.logs.renew_patience();
    forget_notice(model);
    match keys::action(event, model.contexts()) {
        // Ctrl-C quits wherever one is.
        _ if keys::action(event, &[keys::Context::Everywhere]) == Some(Action::Quit)
            && (model.prompt.is_none() || event.code != crossterm::event::KeyCode::Char('q')) =>
        {
            effects.push(Effect::Quit);
        }
        _ if keys::action(event, &[keys::Context::Everywhere]) == Some(Action::Suspend) => {
            effects.push(Effect::Suspend);
        }
        _ if keys::action(event, &[keys::Context::Everywhere]) == Some(Action::Redraw) => {
            effects.push(Effect::Redraw);
        }
        Some(action) if model.prompt.is_some() => typing::act(model, action),
        None if model.prompt.is_some() => typing::key(model, event),
        Some(action) => act(model, action, effects),
        // Help is left by whatever is pressed.
        None if matches!(model.modal, Some(Modal::Help { .. })) => model.modal = None,
        None => {}
    }
}

/// Good news that has been read is in the way of the hints.
fn forget_notice(model: &mut Model) {
    /// What has just come has not been read.
    const READ_MS: i64 = 1_000;
    if model.notice.as_ref().is_some_and(|notice| {
        matches!(notice.tone, Tone::Plain | Tone::Good) && model.now - notice.since >= READ_MS
    }) {
        model.notice = None;
    }
}

fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    if model.modal.is_some() {
        return act_on_modal(model, action, effects);
    }
    match action {
        Action::Quit => effects.push(Effect::Quit),
        Action::SwitchPanel => {
            model.focus = match model.focus {
                Panel::Services => Panel::Logs,
                Panel::Logs => Panel::Services,
            };
        }
        Action::Filter => typing::open_filter(model),
        Action::Find => typing::open_search(model),
        Action::Close => close(model),
        Action::Info => {
            model.modal = Some(Modal::Info {
                reveal: false,
                scroll: 0,
            });
        }
        Action::Help => model.modal = Some(Modal::Help { scroll: 0 }),
        Action::Sessions => open_sessions(model, effects),
        Action::Plan => {
            model.body = if model.body == Body::Plan {
                Body::Log
            } else {
                Body::Plan
            };
        }
        Action::Detail => open_detail(model),
        Action::Start | Action::Stop | Action::Restart => order(model, action, effects),
        Action::Retry => effects.push(Effect::Retry),
        Action::Copy => copy(model, effects),
        Action::Save => save(model, effects),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::Left
        | Action::Right => travel(model, action),
        _ => act_on_log(model, action),
    }
}

fn act_on_log(model: &mut Model, action: Action) {
    match action {
        Action::NextHit => typing::jump(model, false),
        Action::PreviousHit => typing::jump(model, true),
        Action::Context => show_context(model),
        Action::Stream => {
            model.logs.set_stream(match model.logs.sieve.stream {
                None => Some(Stream::Stderr),
                Some(Stream::Stderr) => Some(Stream::Stdout),
                Some(Stream::Stdout) => None,
            });
        }
        Action::Clock => {
            let width = layout::areas(model).log_rows().width;
            let (clock, words) = match layout::clock(model, width) {
                Clock::Time => (Clock::Full, "times with date and milliseconds"),
                Clock::Full => (Clock::Off, "no times"),
                Clock::Off => (Clock::Time, "times"),
            };
            model.logs.clock = Some(clock);
            notify(model, Tone::Plain, words);
        }
        Action::Wrap => {
            model.logs.wrap = !model.logs.wrap;
            model.logs.shift = 0;
            let words = if model.logs.wrap {
                "long lines are broken"
            } else {
                "long lines are cut: ← → move"
            };
            notify(model, Tone::Plain, words);
        }
        Action::LineStart => model.logs.shift = 0,
        Action::Mark => {
            let number = model.logs.push_mark(model.now);
            notify(model, Tone::Plain, format!("mark {number}"));
        }
        Action::PreviousMark => jump_to_mark(model),
        Action::Select => toggle_selection(model),
        _ => {}
    }
}

fn act_on_modal(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let page = usize::from(model.rows.saturating_sub(2));
    let last = super::super::view::modal_rows(model).saturating_sub(page);
    match (&mut model.modal, action) {
        (
            Some(Modal::Help { scroll } | Modal::Info { scroll, .. }),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown,
        ) => {
            *scroll = match action {
                Action::Up => scroll.saturating_sub(1),
                Action::Down => *scroll + 1,
                Action::PageUp => scroll.saturating_sub(page),
                _ => *scroll + page,
            }
            .min(last);
        }
        (Some(Modal::Info { reveal, .. }), Action::RevealToken) => *reveal = !*reveal,
        (Some(Modal::Info { .. }), Action::Copy) => {
            let token = model
                .target
                .token
                .as_deref()
                .map(|token| format!(" --token {token}"));
            let command = format!(
                "flowlayer tui --addr {}{}",
                model.target.address,
                token.unwrap_or_default()
            );
            effects.push(Effect::Copy(command));
            notify(
                model,
                Tone::Good,
                "command sent to the terminal's clipboard, token included",
            );
        }
        (Some(Modal::Sessions { .. }), Action::Sessions) => open_sessions(model, effects),
        (Some(Modal::Sessions { row, .. }), Action::Up) => *row = row.saturating_sub(1),
        (Some(Modal::Sessions { row, choices }), Action::Down) => {
            let last = choices
                .as_ref()
                .map_or(0, |choices| choices.len().saturating_sub(1));
            *row = (*row + 1).min(last);
        }
        (Some(Modal::Sessions { row, choices }), Action::Accept) => {
            if let Some(choice) = choices.as_ref().and_then(|choices| choices.get(*row)) {
                let choice = choice.clone();
                model.modal = None;
                // Whoever chooses where they are stays there.
                if choice.address != model.target.address || !model.is_connected() {
                    effects.push(Effect::Switch(choice));
                }
            }
        }
        (Some(Modal::Confirm(order)), Action::Accept) => {
            let order = order.clone();
            model.modal = None;
            send(model, order, effects);
        }
        (_, Action::Close) => model.modal = None,
        _ => {}
    }
}

fn open_sessions(model: &mut Model, effects: &mut Vec<Effect>) {
    model.modal = Some(Modal::Sessions {
        choices: None,
        row: 0,
    });
    effects.push(Effect::ListSessions);
}

/// Closes the nearest thing that can be closed.
fn close(model: &mut Model) {
    if model.logs.selection.take().is_some() {
        return;
    }
    if model.body == Body::Detail {
        model.body = Body::Log;
        return;
    }
    if model.focus == Panel::Logs {
        if model.logs.search.is_some() {
            return model.logs.set_search(None);
        }
        if model.logs.sieve.is_narrow() {
            model.logs.sieve.stream = None;
            model.logs_filter.clear();
            return model.logs.set_filter(None);
        }
    }
    if model.services.is_filtered() {
        return typing::clear_services(model);
    }
    model.notice = None;
}

fn open_detail(model: &mut Model) {
    if model.services.current().is_none() {
        return notify(
            model,
            Tone::Plain,
            "details are of one service: select it first",
        );
    }
    model.detail_scroll = 0;
    model.body = if model.body == Body::Detail {
        Body::Log
    } else {
        Body::Detail
    };
}

fn order(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let order = match (&model.services.selected, action) {
        (Selected::All, Action::Start) => Order::StartAll,
        (Selected::All, Action::Stop) => {
            if model.is_connected() {
                model.modal = Some(Modal::Confirm(Order::StopAll));
                return;
            }
            Order::StopAll
        }
        (Selected::All, _) => {
            return notify(
                model,
                Tone::Plain,
                "a restart is of one service: select it first",
            );
        }
        (Selected::Service(name), Action::Stop) => Order::Stop(Arc::clone(name)),
        (Selected::Service(name), Action::Start) => {
            let is_up = model
                .services
                .get(name)
                .is_some_and(super::super::service::Service::is_up);
            let make = if is_up { Order::Restart } else { Order::Start };
            make(Arc::clone(name))
        }
        (Selected::Service(name), _) => Order::Restart(Arc::clone(name)),
    };
    send(model, order, effects);
}

fn send(model: &mut Model, order: Order, effects: &mut Vec<Effect>) {
    if !model.is_connected() {
        return notify(
            model,
            Tone::Bad,
            format!("{}: not connected", order.words()),
        );
    }
    let id = model.next_command;
    model.next_command += 1;
    notify(model, Tone::Busy, format!("{}…", order.words()));
    model.pending.insert(
        id,
        Pending {
            order: order.clone(),
            since: model.now,
        },
    );
    effects.push(Effect::Send { id, order });
}

fn travel(model: &mut Model, action: Action) {
    let page = isize::try_from(layout::geometry(model).height)
        .unwrap_or(0)
        .max(2)
        - 1;
    if model.body == Body::Plan {
        return travel_plan(model, action);
    }
    if model.focus == Panel::Services {
        match action {
            Action::Up => model.services.step(-1),
            Action::Down => model.services.step(1),
            Action::PageUp => model.services.step(-page),
            Action::PageDown => model.services.step(page),
            Action::Top => model.services.selected = Selected::All,
            Action::Bottom => model.services.step(isize::MAX),
            _ => {}
        }
        model.detail_scroll = 0;
        return;
    }
    if model.body == Body::Detail {
        model.detail_scroll = match action {
            Action::Up => model.detail_scroll.saturating_sub(1),
            Action::PageUp => model.detail_scroll.saturating_sub(page.unsigned_abs()),
            Action::Down => (model.detail_scroll + 1).min(1_000),
            Action::PageDown => (model.detail_scroll + page.unsigned_abs()).min(1_000),
            _ => model.detail_scroll,
        };
        return;
    }
    if model.logs.selection.is_some() {
        let rows = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::Top => isize::MIN / 2,
            Action::Bottom => isize::MAX / 2,
            _ => 0,
        };
        if rows != 0 {
            return extend_selection(model, rows);
        }
    }
    let geometry = layout::geometry(model);
    match action {
        Action::Up => model.logs.scroll(-1, geometry),
        Action::Down => model.logs.scroll(1, geometry),
        Action::PageUp => model.logs.scroll(-page, geometry),
        Action::PageDown => model.logs.scroll(page, geometry),
        Action::Top => model.logs.rewind(),
        Action::Bottom => model.logs.follow(),
        Action::Left => sideways(model, true),
        Action::Right => sideways(model, false),
        _ => {}
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
        let most = widest_on_screen(model, geometry).saturating_sub(geometry.columns);
        model.logs.shift = (shift + jump).min(most).max(shift);
    }
}

/// Columns of the longest line on the screen.
fn widest_on_screen(model: &Model, geometry: Geometry) -> usize {
    let window = &model.logs.window;
    let start = model.logs.position.start(window, geometry).index;
    let items = window.items().iter().skip(start).take(geometry.height);
    items.map(|item| ansi::width(item.raw())).max().unwrap_or(0)
}

/// In the plan, left and right go to the neighbouring wave, to the same row or the last.
fn travel_plan(model: &mut Model, action: Action) {
    let all = model.services.all();
    let current = model
        .services
        .current()
        .map(|service| Arc::clone(&service.name));
    let index = current.and_then(|name| all.iter().position(|service| service.name == name));
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

/// The item in the last row of the screen.
fn last_on_screen(model: &Model) -> Option<Place> {
    let geometry = layout::geometry(model);
    let items = model.logs.window.items();
    let start = model.logs.position.start(&model.logs.window, geometry);
    let mut rows = geometry.height + start.skip;
    let mut last = None;
    for item in items.iter().skip(start.index) {
        if rows == 0 {
            break;
        }
        last = Some(item.place);
        rows = rows.saturating_sub(geometry.rows(item));
    }
    last
}

fn toggle_selection(model: &mut Model) {
    if model.logs.selection.take().is_some() {
        return;
    }
    let start = last_on_screen(model);
    model.logs.selection = start.map(|place| Selection {
        anchor: place,
        cursor: place,
    });
}

/// Moves the end of the selection by items and keeps it on the screen.
fn extend_selection(model: &mut Model, rows: isize) {
    let geometry = layout::geometry(model);
    let logs = &mut model.logs;
    let (Some(selection), items) = (&mut logs.selection, logs.window.items()) else {
        return;
    };
    let last = items.len().saturating_sub(1);
    let index = logs
        .window
        .index_of(selection.cursor)
        .saturating_add_signed(rows)
        .min(last);
    let Some(item) = items.get(index) else {
        return;
    };
    selection.cursor = item.place;
    let start = logs.position.start(&logs.window, geometry);
    let shown: usize = items
        .range(start.index.min(index)..index)
        .map(|item| geometry.rows(item))
        .sum();
    if index < start.index {
        logs.position = Position::At {
            top: item.place,
            skip: 0,
        };
    } else if shown + geometry.rows(item) > geometry.height + start.skip {
        let down = shown + geometry.rows(item) - geometry.height - start.skip;
        logs.scroll(isize::try_from(down).unwrap_or(0), geometry);
    }
}

fn show_context(model: &mut Model) {
    if !model.logs.sieve.is_narrow() {
        return open_detail(model);
    }
    let selected = model.logs.selection.map(|selection| selection.cursor);
    if let Some(place) = selected.or_else(|| last_on_screen(model)) {
        model.logs_filter.clear();
        model.logs.show_context(place);
    }
}

fn jump_to_mark(model: &mut Model) {
    let geometry = layout::geometry(model);
    let logs = &mut model.logs;
    let start = logs.position.start(&logs.window, geometry).index;
    let items = logs.window.items();
    let is_mark = |index: &usize| matches!(items[*index].content, Content::Mark(_));
    let Some(index) = (0..start.min(items.len())).rev().find(is_mark) else {
        return notify(model, Tone::Plain, "no mark further up: m draws one");
    };
    logs.position = Position::at(
        crate::tui::log::viewport::Start { index, skip: 0 },
        false,
        &logs.window,
        geometry,
    );
}

/// The lines of the selection, or of the screen when there is none.
fn chosen_text(model: &mut Model) -> Option<(String, usize)> {
    if model.logs.selection.is_none() {
        let geometry = layout::geometry(model);
        let start = model.logs.position.start(&model.logs.window, geometry);
        let anchor = model.logs.window.items().get(start.index)?.place;
        let cursor = last_on_screen(model)?;
        model.logs.selection = Some(Selection { anchor, cursor });
    }
    let text = model.logs.selected_text();
    model.logs.selection = None;
    text.filter(|(_, lines)| *lines > 0)
}

fn copy(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((text, lines)) = chosen_text(model) else {
        return notify(model, Tone::Plain, "there is no line to copy");
    };
    effects.push(Effect::Copy(text));
    let lines = super::super::words::count(lines, "line");
    notify(
        model,
        Tone::Good,
        format!("{lines} sent to the terminal's clipboard"),
    );
}

fn save(model: &mut Model, effects: &mut Vec<Effect>) {
    match chosen_text(model) {
        Some((text, _)) => effects.push(Effect::Save(text)),
        None => notify(model, Tone::Plain, "there is no line to write"),
    }
}
