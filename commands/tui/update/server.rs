//! News from the server and about the connection to it.

use std::sync::Arc;

use flowlayer_core::facts::{ConfigChanged, Status, Timestamp};
use flowlayer_core::protocol::ServiceState;

use super::notice::notify;
use crate::terminal::status::State;
use crate::tui::format;
use crate::tui::log::Tone;
use crate::tui::log::page::PageRequest;
use crate::tui::log::window::Direction;
use crate::tui::message::{CommandId, Link, NoPage, Order, Outcome, Page};
use crate::tui::model::{Modal, Model};
use crate::tui::reasons;
use crate::tui::view::layout;

/// The connection is in another state.
pub(super) fn link(model: &mut Model, link: Link) {
    if std::mem::discriminant(&model.link) != std::mem::discriminant(&link) {
        model.link_since = model.now;
        let was_connected = model.link == Link::Connected;
        if let (true, Link::Reconnecting { why, .. }) = (was_connected, &link) {
            let text = format!("connection lost: {why}");
            model
                .logs
                .push_event(model.now, None, None, (Tone::Bad, &text));
        }
        // Pending requests will not be answered any more.
        model.logs.window.loading = None;
    }
    model.link = link;
}

/// A server has introduced itself.
pub(super) fn hello(model: &mut Model, session_id: Option<String>, is_new: bool) {
    let is_first = model.session_id.is_none() && model.services.all().is_empty();
    if is_new {
        // What was said of the session before is about nothing that is there now.
        model.notice = None;
        model.logs.forget();
        model.services.forget_starts();
        if !is_first {
            model.logs.push_event(
                model.now,
                None,
                None,
                (Tone::Plain, "the server was restarted: a new session"),
            );
        }
    } else if !is_first {
        model
            .logs
            .push_event(model.now, None, None, (Tone::Good, "connected again"));
    }
    model.session_id = session_id;
    // It comes again where it is still so.
    model.edited = None;
    if matches!(model.modal, Some(Modal::Problems { .. })) {
        model.modal = None;
    }
    model.logs.renew_patience();
}

/// The configuration was edited, or what was edited counts now.
pub(super) fn config_changed(model: &mut Model, changed: Box<ConfigChanged>) {
    let was_edited = model.edited.is_some();
    if changed.stale && !was_edited {
        let text = "the configuration was edited: R shows what has changed";
        model
            .logs
            .push_event(model.now, None, None, (Tone::Plain, text));
    }
    model.edited = changed.stale.then_some(changed);
    let is_current = match &model.modal {
        Some(Modal::Problems { .. }) => has_problems(model),
        Some(Modal::Confirm(orders)) => match (orders.as_slice(), &model.edited) {
            ([Order::Reload(shown)], Some(edited)) => *shown == edited.changes,
            ([Order::Reload(_)], None) => false,
            _ => true,
        },
        _ => true,
    };
    if !is_current {
        model.modal = None;
        show_edit(model);
        let text = if model.edited.is_some() {
            "the configuration was edited again"
        } else {
            "the session runs the configuration as it is now"
        };
        notify(model, Tone::Plain, text);
    }
}

fn has_problems(model: &Model) -> bool {
    let edited = model.edited.as_ref();
    edited.is_some_and(|edited| !edited.problems.is_empty())
}

/// Asks whether the edited configuration is to be applied, or shows what keeps it from that.
pub(super) fn show_edit(model: &mut Model) {
    let Some(edited) = &model.edited else {
        return;
    };
    model.modal = Some(if has_problems(model) {
        Modal::Problems { scroll: 0 }
    } else {
        Modal::Confirm(vec![Order::Reload(edited.changes.clone())])
    });
}

/// A service is in another state, or the same is said again.
pub(super) fn status(model: &mut Model, state: ServiceState, at: Timestamp) {
    let at = at.0;
    let name = state.name;
    let Some(before) = model.services.update(&name, |service| {
        service.change(at, state.status, state.details);
    }) else {
        return;
    };
    let Some(service) = model.services.get(&name) else {
        return;
    };
    let state = service.state();
    if before.status == service.status && before.state() == state {
        return;
    }
    let tone = match state {
        State::Up | State::Done => Tone::Good,
        State::Failed | State::Blocked => Tone::Bad,
        State::Starting | State::Running | State::Stopping => Tone::Busy,
        State::Waiting | State::Stopped => Tone::Plain,
    };
    // What a service under way waits for changes faster than it is read, and is in the list.
    let reason = if tone == Tone::Busy {
        None
    } else {
        reasons::reported(service)
    };
    let reason = reason
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    let news = format!("{name} → {}{reason}", state.word());
    let text = format!("{} {news}", state.symbol());
    let (name, status) = (Arc::clone(&service.name), service.status);
    model
        .logs
        .push_event(at, Some(name), Some(status), (tone, &text));
    if status == Status::Failed {
        notify(model, Tone::Bad, news);
    }
}

/// A page of the log has come, or has not.
pub(super) fn page(model: &mut Model, request: &PageRequest, result: Result<Page, NoPage>) {
    match result {
        Ok(page) => {
            let geometry = layout::geometry(model);
            model
                .logs
                .page(request, page.entries, page.is_truncated, geometry);
            seek(model);
        }
        Err(no_page) => {
            model.logs.page_failed(request);
            model.logs.stop_seeking();
            if let (NoPage::Failed(why), true) = (no_page, model.is_connected()) {
                notify(
                    model,
                    Tone::Bad,
                    format!("log entries could not be loaded: {why}"),
                );
            }
        }
    }
}

/// Continues a search beyond the window.
fn seek(model: &mut Model) {
    let geometry = layout::geometry(model);
    let Some(direction) = model.logs.seeking() else {
        return;
    };
    if model.logs.jump(direction == Direction::Older, geometry) {
        model.notice = None;
    } else if model.logs.window.question(direction).is_none() {
        model.logs.stop_seeking();
        notify(
            model,
            Tone::Plain,
            super::typing::nothing_further(direction),
        );
    } else {
        super::typing::notify_progress(model, direction);
    }
}

/// The server has taken a command on.
pub(super) fn accepted(model: &mut Model, id: CommandId) {
    if let Some(pending) = model.pending.get(&id) {
        let order = pending.order.clone();
        let target = order
            .service()
            .map(|name| format!(" {name}"))
            .unwrap_or_default();
        let text = format!("command {}{target} acknowledged", order.name());
        model.logs.push_event(
            model.now,
            order.service().cloned(),
            None,
            (Tone::Plain, &text),
        );
    }
}

/// A command has ended.
pub(super) fn finished(model: &mut Model, id: CommandId, outcome: Outcome) {
    let Some(pending) = model.pending.remove(&id) else {
        return;
    };
    let order = pending.order;
    let label = order.label();
    let (tone, text) = match outcome {
        Outcome::Done => {
            let took = format::duration(model.now - pending.since);
            (Tone::Good, format!("{label}: done in {took}"))
        }
        Outcome::Refused(why) => (Tone::Bad, format!("{label}: refused: {why}")),
        Outcome::NotReloaded { why, now } => {
            config_changed(model, now);
            if model.modal.is_none() {
                show_edit(model);
            }
            (Tone::Bad, format!("{label}: {why}"))
        }
        Outcome::Failed { why, services } => (
            Tone::Bad,
            format!("{label}: {}", failure(model, &order, &why, &services)),
        ),
        Outcome::Lost(why) => (Tone::Bad, format!("{label}: no answer: {why}")),
    };
    model
        .logs
        .push_event(model.now, order.service().cloned(), None, (tone, &text));
    notify(model, tone, text);
}

/// What went wrong. Of the service that the order names its state and reason say it best, and do not name
/// it again.
fn failure(model: &Model, order: &Order, why: &str, services: &[String]) -> String {
    let ordered = order.service().map(|name| &**name);
    let own = ordered
        .filter(|&name| services.iter().any(|service| service == name))
        .and_then(|name| model.services.get(name))
        .filter(|service| matches!(service.state(), State::Failed | State::Blocked))
        .and_then(|service| Some((service.state().word(), reasons::reported(service)?)));
    let text = match own {
        Some((word, reason)) => format!("{word}: {reason}"),
        None => format!("failed: {why}"),
    };
    match services {
        [] => text,
        [one] if ordered == Some(one) => text,
        several => format!("{text} [{}]", several.join(", ")),
    }
}
