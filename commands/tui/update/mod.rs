//! The one place where the model changes: a message in, effects out. No I/O, no clock.

mod key;
mod level;
mod line;
mod mouse;
mod navigate;
mod notice;
mod order;
mod palette;
mod select;
mod server;
mod sessions;
mod typing;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::log::{Scope, Tone};
use super::message::{Link, Message, UiEffect};
use super::model::{Body, Model, Panel};
use super::services::Targets;
use super::view::layout;
use notice::notify;

/// Applies a message at this time (milliseconds since 1970) and returns the effects.
pub(crate) fn update(model: &mut Model, now: i64, message: Message) -> Vec<UiEffect> {
    model.now = now;
    let mut effects = Vec::new();
    match message {
        Message::Key(event) => key::key(model, event, &mut effects),
        Message::Paste(text) => typing::paste(model, &text),
        Message::Mouse(event) => mouse::mouse(model, event, &mut effects),
        Message::Resize { columns, rows } => {
            (model.columns, model.rows) = (columns, rows);
            line::refit(model);
        }
        Message::Tick => {
            model.logs.tick();
            sessions::look_again(model, &mut effects);
        }
        Message::Link(link) => server::link(model, link),
        Message::Hello { session_id, is_new } => server::hello(model, session_id, is_new),
        Message::Snapshot(states) => model.services.replace(states),
        Message::ConfigChanged(changed) => server::config_changed(model, changed),
        Message::Status { state, at } => server::status(model, state, at),
        Message::Detail(state) => {
            model
                .services
                .update(&state.name, |service| service.details = state.details);
        }
        Message::Lines(lines) => {
            for line in lines {
                model.logs.push_line(line);
            }
        }
        Message::Gap { first, last } => model.logs.push_gap(first, last),
        Message::Page { request, result } => server::page(model, &request, result),
        Message::Accepted(id) => server::accepted(model, id),
        Message::Finished { id, outcome } => server::finished(model, id, outcome),
        Message::Sessions(found) => sessions::found(model, found),
        Message::Opened(Ok(url)) => notify(model, Tone::Good, format!("opened {url}")),
        Message::Opened(Err(why)) => notify(model, Tone::Bad, why),
        Message::Saving(saving) => {
            if let Some(known) = &mut model.saving {
                *known = saving;
            }
        }
        Message::Saved(result) => select::saved(model, result),
    }
    typing::forget_progress(model);
    settle(model, &mut effects);
    effects
}

/// What has to be true after every message.
fn settle(model: &mut Model, effects: &mut Vec<UiEffect>) {
    if model
        .notice
        .as_ref()
        .is_some_and(|notice| notice.until <= model.now)
    {
        model.notice = None;
    }
    keep_focus_in_sight(model);
    let scope = match model.services.targets() {
        Targets::All => Scope::All,
        Targets::None => Scope::Several(Arc::default()),
        Targets::One(name) => Scope::Service(name),
        Targets::Several(names) => Scope::Several(names),
    };
    let hidden = if scope == Scope::All && !model.logs.shows_quiet {
        Arc::clone(model.services.quiet())
    } else {
        Arc::default()
    };
    model.logs.set_scope(scope, hidden);
    if model.body == Body::Log && model.logs.is_following() && !layout::areas(model).main.is_empty()
    {
        let logs = &mut model.logs;
        logs.errors.look_at(&logs.filter.scope);
    }
    if model.link != Link::Connected {
        return;
    }
    let geometry = layout::geometry(model);
    if let Some(request) = model.logs.wanted(geometry) {
        effects.push(UiEffect::FetchPage(request));
    }
}

/// Details that leave the list no space have the focus as long as that is so.
fn keep_focus_in_sight(model: &mut Model) {
    let covers_list =
        matches!(model.body, Body::Detail | Body::Boot) && layout::areas(model).list.is_empty();
    if covers_list && model.focus == Panel::Services {
        (model.focus, model.is_focus_lent) = (Panel::Logs, true);
    } else if !covers_list && std::mem::take(&mut model.is_focus_lent) {
        model.focus = Panel::Services;
    }
}
