//! Which keys are offered now, and in which word. What would be refused is not offered; pressing it all the same says
//! why. Hints, palette and keys all ask here.

use std::borrow::Cow;

use flowlayer_core::facts::{Reason, Status, StoppedBy};

use super::keys::Action;
use super::log::Content;
use super::message::Order;
use super::model::{Body, Model, Panel};
use super::service::ServiceModel;
use super::services::Targets;
use super::{format, reasons};
use crate::terminal::status::State;

/// The word for a key, or why it does nothing now.
pub(crate) type Offer = Result<Cow<'static, str>, Cow<'static, str>>;

#[expect(clippy::unnecessary_wraps, reason = "the counterpart of `no`")]
fn yes(word: &'static str) -> Offer {
    Ok(Cow::Borrowed(word))
}

fn no(why: &'static str) -> Offer {
    Err(Cow::Borrowed(why))
}

fn when(is_so: bool, word: &'static str, otherwise: &'static str) -> Offer {
    if is_so { yes(word) } else { no(otherwise) }
}

/// What the action is called now, where `word` is what the table calls it.
pub(crate) fn of(model: &Model, action: Action, word: &'static str) -> Offer {
    let logs = &model.logs;
    match action {
        Action::Start | Action::Stop | Action::Restart => order(model, action),
        Action::Retry => retry(model),
        Action::OpenUrl => url(model).map(|_| Cow::Borrowed(word)),
        Action::NextProblem => {
            let next = model.services.next_problem(model.now);
            let hidden = "no problem among the services that are shown";
            let none = "no problem: nothing has failed, is blocked, or takes long to be ready";
            let is_part = model.services.is_filtered();
            when(next.is_some(), word, if is_part { hidden } else { none })
        }
        Action::OnlyDown if model.services.is_only_down() => yes("all services"),
        Action::ToggleMark => match model.services.current() {
            None => no("a mark is for one service: select it first"),
            Some(service) if model.services.is_marked(&service.name) => yes("unmark"),
            Some(_) => yes(word),
        },
        Action::Detail => when(
            model.services.current().is_some(),
            word,
            "details are of one service: select it first",
        ),
        Action::Context if logs.filter.is_narrow() => yes(word),
        Action::Context => of(model, Action::Copy, "in full"),
        Action::NextHit | Action::PreviousHit => when(
            logs.search.is_some(),
            word,
            "nothing is searched for: f starts a search",
        ),
        Action::Quiet => when(
            !model.services.quiet().is_empty(),
            word,
            "no service is quiet: `\"output\": \"quiet\"` in the configuration makes one",
        ),
        Action::PreviousMark => {
            let mut items = logs.window.items().iter();
            let has_mark = items.any(|item| matches!(item.content, Content::Mark(_)));
            when(has_mark, word, "no mark further up: m draws one")
        }
        Action::Save if model.saving.is_some() => no("a log is being written: esc stops that"),
        Action::Save if logs.selection.is_some() => yes("to a file"),
        Action::Copy | Action::Save => {
            let mut items = logs.window.items().iter();
            when(items.any(|item| item.is_line()), word, "there is no line")
        }
        Action::SwitchPanel => when(model.body != Body::Plan && !model.is_blank(), word, ""),
        Action::Close => close(model),
        _ => yes(word),
    }
}

/// What `esc` does now.
fn close(model: &Model) -> Offer {
    let logs = &model.logs;
    let is_in_log = model.focus == Panel::Logs;
    if model.saving.is_some() {
        yes("stop writing")
    } else if logs.selection.is_some() {
        yes("drop")
    } else if matches!(model.body, Body::Detail | Body::Boot) {
        yes("close")
    } else if model.body == Body::Plan {
        yes("back")
    } else if is_in_log && logs.search.is_some() {
        yes("end search")
    } else if is_in_log && logs.filter.is_narrow() {
        yes("clear")
    } else if model.services.marks().0 > 0 {
        yes("unmark all")
    } else if model.services.is_filtered() {
        yes("clear")
    } else if model.is_zoomed {
        yes("all panels")
    } else {
        no("")
    }
}

fn retry(model: &Model) -> Offer {
    if !model.is_connected() {
        return yes("retry");
    }
    match &model.edited {
        None => no("the configuration has not changed"),
        Some(edited) if edited.problems.is_empty() => yes("reload"),
        Some(_) => yes("problems"),
    }
}

/// The url that is to be opened.
pub(crate) fn url(model: &Model) -> Result<&str, Cow<'static, str>> {
    let Targets::One(name) = model.services.targets() else {
        return Err("a url is of one service: select it first".into());
    };
    let url = model.services.get(&name).and_then(ServiceModel::url);
    url.ok_or_else(|| format!("{name} has no url: `url` in the configuration gives it one").into())
}

/// Whether a command on services would be accepted.
fn order(model: &Model, action: Action) -> Offer {
    if !model.is_connected() {
        return no("not connected");
    }
    if model.is_ending() {
        return no("the session is ending");
    }
    if let Some(service) = being_stopped(model) {
        let why = reasons::of(service).unwrap_or_default();
        let text = format!("everything is being stopped: {} {why}", service.name);
        return Err(text.trim_end().to_owned().into());
    }
    let several = |count: usize| format::count(count as u64, "service");
    match (model.services.targets(), action) {
        (Targets::None, _) => no("the filter hides all services"),
        (Targets::All, Action::Restart) => {
            no("a restart is of one service: select it first, or mark several")
        }
        (Targets::All, Action::Start) if is_booting(model) => {
            let held = model.held().map(|held| format!(": {held}"));
            let held = held.unwrap_or_default();
            Err(format!("the boot is in progress{held}").into())
        }
        (Targets::All, Action::Start) => yes("start all"),
        (Targets::All, _) => yes("stop all"),
        (Targets::One(name), _) => match model.services.get(&name) {
            Some(service) => of_service(service, action),
            None => no("it is gone"),
        },
        (Targets::Several(names), _) => {
            let is_possible = |name: &&std::sync::Arc<str>| {
                let service = model.services.get(name);
                service.is_some_and(|service| of_service(service, action).is_ok())
            };
            let is_up = |name| model.services.get(name).is_some_and(ServiceModel::is_up);
            let verb = match action {
                Action::Start if names.iter().all(|name| is_up(name)) => "restart",
                Action::Start => "start",
                Action::Stop => "stop",
                _ => "restart",
            };
            match names.iter().filter(is_possible).count() {
                0 => Err(format!("nothing to {verb} among these {}", several(names.len())).into()),
                count => Ok(format!("{verb} {count}").into()),
            }
        }
    }
}

/// Whether a service has not had its turn since the boot, or the last start of all of them, began.
fn is_booting(model: &Model) -> bool {
    let mut services = model.services.all().iter();
    services.any(|service| {
        // A status of a later version is unknown too, and has no such reason.
        let reason = service.details.reason.as_deref();
        let waits = matches!(
            reason,
            Some(Reason::WaitingForWave { .. } | Reason::WaitingFor { .. })
        );
        waits && service.status == Status::Unknown
    })
}

/// A service that a `stop_all` in progress waits for.
fn being_stopped(model: &Model) -> Option<&ServiceModel> {
    model.services.all().iter().find(|service| {
        service.state() == State::Stopping && service.details.stopped_by == Some(StoppedBy::StopAll)
    })
}

/// The same for a command on one service.
fn of_service(service: &ServiceModel, action: Action) -> Offer {
    let name = &service.name;
    let state = service.state();
    match (state, action) {
        (State::Starting | State::Stopping, _) => {
            let why = reasons::of(service).map(|why| format!(": {why}"));
            let word = state.word();
            Err(format!("{name} is {word}{}", why.unwrap_or_default()).into())
        }
        (State::Running, Action::Start) => {
            Err(format!("{name} has been started and is not ready yet: r restarts it").into())
        }
        (State::Up | State::Running, Action::Start | Action::Restart) => yes("restart"),
        (State::Done, Action::Start | Action::Restart) => yes("run again"),
        (State::Up | State::Running | State::Done, _) => yes("stop"),
        (State::Waiting | State::Blocked, Action::Start | Action::Restart) => yes("start now"),
        (State::Waiting | State::Blocked, _) => yes("give up"),
        (State::Stopped | State::Failed, Action::Start | Action::Restart) => yes("start"),
        (State::Stopped | State::Failed, _) => Err(format!("{name} does not run").into()),
    }
}

/// What the key sends: a command for each service that takes one.
pub(crate) fn orders(model: &Model, action: Action) -> Vec<Order> {
    let one = |name: &std::sync::Arc<str>| {
        let service = model.services.get(name)?;
        of_service(service, action).ok()?;
        let name = std::sync::Arc::clone(name);
        Some(match action {
            Action::Stop => Order::Stop(name),
            Action::Start if !service.is_up() => Order::Start(name),
            _ => Order::Restart(name),
        })
    };
    match (model.services.targets(), action) {
        (Targets::All, Action::Start) => vec![Order::StartAll],
        (Targets::All, Action::Stop) => vec![Order::StopAll],
        (Targets::All | Targets::None, _) => Vec::new(),
        (Targets::One(name), _) => one(&name).into_iter().collect(),
        (Targets::Several(names), _) => names.iter().filter_map(one).collect(),
    }
}

impl Model {
    /// What the services wait for whose wave has not come.
    pub(crate) fn held(&self) -> Option<String> {
        use crate::session::watch::{Holder, held_wave};
        let services = self.services.all();
        if !services.iter().any(|it| it.state() == State::Waiting) {
            return None;
        }
        let held = held_wave(services.iter().map(|service| Holder {
            wave: service.details.wave.unwrap_or_default(),
            name: &service.name,
            status: service.status,
            is_up: service.is_up(),
            why: reasons::reported(service).map(Cow::Owned),
        }))?;
        Some(super::cells::plain(&held))
    }
}
