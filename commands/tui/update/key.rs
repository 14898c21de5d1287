//! What keys do.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use flowlayer_core::facts::Stream;

use super::notice::notify;
use super::{level, line, navigate, order, palette, select, server, typing};
use crate::tui::cells::plain;
use crate::tui::format::{self, Clock};
use crate::tui::keys::{self, Action, Binding};
use crate::tui::log::Tone;
use crate::tui::message::{After, UiEffect};
use crate::tui::model::{AtQuit, Body, Modal, Model, Panel};
use crate::tui::offers;
use crate::tui::prompt::{Prompt, Purpose};
use crate::tui::services::Selected;
use crate::tui::view::{self, layout};

/// A key was pressed, or is held down.
pub(super) fn key(model: &mut Model, event: KeyEvent, effects: &mut Vec<UiEffect>) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    model.logs.renew_patience();
    forget_notice(model);
    if let Some(first) = model.prefix.take() {
        // It says which key may follow.
        model.notice = None;
        if let Some(action) = keys::action_after(Some(first), event, model.contexts()) {
            return act(model, action, effects);
        }
        if event.code == KeyCode::Esc {
            return;
        }
    }
    let is_typing = model.prompt.is_some();
    // These work in every context, except `q` while typing.
    match keys::action(event, &[keys::Context::Everywhere]) {
        Some(Action::Quit) if !is_typing || event.code != KeyCode::Char('q') => {
            return quit(model, effects);
        }
        Some(Action::Suspend) => return effects.push(UiEffect::Suspend),
        Some(Action::Redraw) => return effects.push(UiEffect::Redraw),
        _ => {}
    }
    if matches!(model.modal, Some(Modal::Palette { .. })) {
        return palette::key(model, event, effects);
    }
    match keys::action(event, model.contexts()) {
        Some(action) if is_typing => typing::act(model, action),
        None if is_typing => typing::key(model, event),
        Some(action) => act(model, action, effects),
        // Any key closes the help.
        None if matches!(model.modal, Some(Modal::Help { .. })) => model.modal = None,
        None => begin_sequence(model, event.code),
    }
}

/// Waits for the second key, where this may be the first, and says which there are.
fn begin_sequence(model: &mut Model, code: KeyCode) {
    let KeyCode::Char(first) = code else {
        return;
    };
    let one = |binding: &Binding| format!("{} {}", binding.shown, binding.help);
    let all: Vec<String> = keys::sequences(first, model.contexts()).map(one).collect();
    if !all.is_empty() {
        model.prefix = Some(first);
        notify(model, Tone::Plain, all.join("  "));
    }
}

/// News that has been read is in the way of the hints.
fn forget_notice(model: &mut Model) {
    /// What has just come has not been read.
    const READ_MS: i64 = 1_000;
    if model
        .notice
        .as_ref()
        .is_some_and(|notice| notice.tone != Tone::Busy && model.now - notice.since >= READ_MS)
    {
        model.notice = None;
    }
}

fn act(model: &mut Model, action: Action, effects: &mut Vec<UiEffect>) {
    if model.modal.is_some() {
        return act_on_modal(model, action, effects);
    }
    if let Err(why) = offers::of(model, action, "")
        && !why.is_empty()
    {
        return notify(model, Tone::Plain, why);
    }
    match action {
        Action::SwitchPanel => switch_panel(model),
        Action::Filter => typing::open_filter(model),
        Action::Find => typing::open_search(model),
        Action::Close if model.saving.is_some() => select::stop_saving(model, effects),
        Action::Close => close(model),
        Action::Info => {
            model.modal = Some(Modal::Info {
                reveal: false,
                scroll: 0,
            });
        }
        Action::Help => {
            let (scroll, search) = (0, String::new());
            model.modal = Some(Modal::Help { scroll, search });
        }
        Action::Palette => palette::open(model),
        Action::Boot => toggle(model, Body::Boot),
        Action::Sessions => open_sessions(model, effects),
        Action::Plan => toggle(model, Body::Plan),
        Action::Detail => open_detail(model),
        Action::Start | Action::Stop | Action::Restart => order::order(model, action, effects),
        Action::OpenUrl => {
            if let Ok(url) = offers::url(model) {
                effects.push(UiEffect::OpenUrl(url.to_owned()));
            }
        }
        Action::NextProblem => next_problem(model),
        Action::ToggleMark => {
            model.services.toggle_mark();
        }
        Action::Zoom => model.is_zoomed = !model.is_zoomed,
        Action::OnlyDown => model.services.toggle_only_down(),
        Action::Order => {
            let order = model.services.change_order();
            notify(model, Tone::Plain, format!("services {}", order.label()));
        }
        Action::Retry if model.is_connected() => {
            server::show_edit(model);
        }
        Action::Retry => effects.push(UiEffect::Retry),
        Action::Copy => select::copy(model, effects),
        Action::Save => select::save(model, effects),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::Left
        | Action::Right => navigate::travel(model, action),
        _ => act_on_log(model, action),
    }
}

/// Ends the cockpit, after a question if what becomes of the session is open. Whoever quits again
/// instead of answering leaves it running, as everything else that is no answer does.
fn quit(model: &mut Model, effects: &mut Vec<UiEffect>) {
    let is_there = model.is_connected() && !model.is_ending();
    match model.at_quit {
        AtQuit::Ask if is_there && model.modal != Some(Modal::Quit) => {
            model.prompt = None;
            model.modal = Some(Modal::Quit);
        }
        AtQuit::Ask | AtQuit::Leave => effects.push(UiEffect::Quit(After::Leave)),
        AtQuit::Stop => effects.push(UiEffect::Quit(After::Stop)),
    }
}

fn act_on_log(model: &mut Model, action: Action) {
    match action {
        Action::NextHit => typing::jump(model, false),
        Action::PreviousHit => typing::jump(model, true),
        Action::Context => show_context(model),
        Action::Stream => {
            model.logs.set_stream(match model.logs.filter.stream {
                None => Some(Stream::Stderr),
                Some(Stream::Stderr) => Some(Stream::Stdout),
                Some(Stream::Stdout) => None,
            });
        }
        Action::Level => level::narrow(model),
        Action::Fields => {
            model.logs.is_raw = !model.logs.is_raw;
            let text = if model.logs.is_raw {
                "lines as they were printed"
            } else {
                "JSON and logfmt as fields"
            };
            notify(model, Tone::Plain, text);
        }
        Action::NextError => level::jump(model, false),
        Action::PreviousError => level::jump(model, true),
        Action::Numbers => {
            model.logs.numbers = !model.logs.numbers;
            let text = if model.logs.numbers {
                "numbers of the entries"
            } else {
                "no numbers"
            };
            notify(model, Tone::Plain, text);
        }
        Action::Quiet => show_quiet(model),
        Action::Clock => {
            let width = layout::areas(model).log_rows().width;
            let (clock, text) = match layout::clock(model, width) {
                Clock::Time => (Clock::Full, "times with date and milliseconds"),
                Clock::Full => (Clock::SinceStart, "times since the start of the service"),
                Clock::SinceStart => (Clock::Off, "no times"),
                Clock::Off => (Clock::Time, "times"),
            };
            model.logs.clock = Some(clock);
            notify(model, Tone::Plain, text);
        }
        Action::Wrap => {
            model.logs.wrap = !model.logs.wrap;
            model.logs.shift = 0;
            let text = if model.logs.wrap {
                "long lines are broken"
            } else {
                "long lines are cut: ← → move"
            };
            notify(model, Tone::Plain, text);
        }
        Action::LineStart => model.logs.shift = 0,
        Action::Mark => {
            let number = model.logs.push_mark(model.now);
            let time = format::time(model.now, Clock::Time, &model.zone);
            notify(model, Tone::Plain, format!("mark {number} at {time}"));
        }
        Action::PreviousMark => navigate::jump_to_mark(model),
        Action::Select => select::toggle_selection(model),
        _ => {}
    }
}

fn act_on_modal(model: &mut Model, action: Action, effects: &mut Vec<UiEffect>) {
    let page = view::modal_page(model).0;
    if let Some(rows) = navigate::rows(action, isize::try_from(page).unwrap_or(0)) {
        return navigate::scroll_modal(model, rows);
    }
    match (&mut model.modal, action) {
        (Some(Modal::Help { search, .. }), Action::Filter) => {
            model.prompt = Some(Prompt::new(Purpose::Help, search.clone()));
        }
        (Some(Modal::Info { reveal, .. }), Action::RevealToken) => *reveal = !*reveal,
        (Some(Modal::Info { .. }), Action::Copy) if !model.target.address.is_empty() => {
            let token = model.target.token.as_ref();
            let token = token.map_or_else(String::new, |token| format!(" --token {token}"));
            let command = format!("flowlayer tui --addr {}{token}", model.target.address);
            effects.push(UiEffect::Copy(command));
            let text = "command sent to the terminal's clipboard, token included";
            notify(model, Tone::Good, text);
        }
        (Some(Modal::Line { text, .. }), Action::Copy) => {
            effects.push(UiEffect::Copy(plain(text)));
            let text = "the line was sent to the terminal's clipboard";
            notify(model, Tone::Good, text);
        }
        (Some(Modal::Sessions { .. }), Action::Sessions) => open_sessions(model, effects),
        (Some(Modal::Sessions { row, choices, .. }), Action::Accept) => {
            if let Some(choice) = choices.as_ref().and_then(|choices| choices.get(*row)) {
                let choice = choice.clone();
                model.modal = None;
                // Choosing the current session changes nothing.
                if choice.address != model.target.address || !model.is_connected() {
                    effects.push(UiEffect::Switch(choice));
                }
            }
        }
        (Some(Modal::Confirm(orders)), Action::Accept) => {
            let orders = std::mem::take(orders);
            model.modal = None;
            order::send(model, orders, effects);
        }
        (Some(Modal::Quit), Action::Accept) => effects.push(UiEffect::Quit(After::Leave)),
        (Some(Modal::Quit), Action::Stop) => effects.push(UiEffect::Quit(After::Stop)),
        (_, Action::Close) => model.modal = None,
        _ => {}
    }
}

fn switch_panel(model: &mut Model) {
    // Details that cover the list are left for it.
    let covers_list = matches!(model.body, Body::Detail | Body::Boot);
    if covers_list && layout::areas(model).list.is_empty() {
        model.body = Body::Log;
    }
    model.focus = match model.focus {
        Panel::Services => Panel::Logs,
        Panel::Logs => Panel::Services,
    };
    model.is_focus_lent = false;
}

fn open_sessions(model: &mut Model, effects: &mut Vec<UiEffect>) {
    model.modal = Some(Modal::Sessions {
        choices: None,
        row: 0,
        is_moved: false,
        looked: model.now,
    });
    effects.push(UiEffect::ListSessions);
}

/// Selects the next service that something is wrong with, and nothing else.
fn next_problem(model: &mut Model) {
    let next = model.services.next_problem(model.now);
    if let Some(name) = next.map(|service| Arc::clone(&service.name)) {
        model.services.clear_marks();
        model.services.selected = Selected::Service(name);
        model.detail_scroll = 0;
    }
}

/// Closes the nearest thing that can be closed.
fn close(model: &mut Model) {
    if model.logs.selection.take().is_some() {
        return;
    }
    if matches!(model.body, Body::Detail | Body::Boot) {
        model.body = Body::Log;
        return;
    }
    if model.focus == Panel::Logs {
        if model.logs.search.is_some() {
            return model.logs.set_search(None);
        }
        if model.logs.filter.is_narrow() {
            (model.logs.filter.stream, model.logs.filter.level) = (None, None);
            model.logs_filter.clear();
            return model.logs.set_filter(None);
        }
    }
    if model.services.clear_marks() {
        return;
    }
    if model.services.is_filtered() {
        return typing::clear_services(model);
    }
    if std::mem::take(&mut model.is_zoomed) {
        return;
    }
    model.notice = None;
}

pub(super) fn open_detail(model: &mut Model) {
    model.detail_scroll = 0;
    toggle(model, Body::Detail);
}

/// Shows this in place of the log, or the log again.
fn toggle(model: &mut Model, body: Body) {
    model.body = if model.body == body { Body::Log } else { body };
}

/// Shows the lines of quiet services among those of all, or not.
fn show_quiet(model: &mut Model) {
    let count = model.services.quiet().len() as u64;
    model.logs.shows_quiet = !model.logs.shows_quiet;
    let with = if model.logs.shows_quiet {
        "with"
    } else {
        "without"
    };
    let quiet = format::count(count, "quiet service");
    notify(model, Tone::Plain, format!("all logs: {with} {quiet}"));
}

fn show_context(model: &mut Model) {
    if !model.logs.filter.is_narrow() {
        return line::open(model);
    }
    let selected = model.logs.selection.map(|selection| selection.cursor);
    if let Some(place) = selected.or_else(|| select::last_on_screen(model)) {
        model.logs_filter.clear();
        model.logs.show_context(place);
    }
}
