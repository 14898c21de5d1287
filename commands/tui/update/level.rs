//! Keys for levels: the next error, and how serious lines have to be to be shown.

use flowlayer_core::logs::Level;

use super::notice::notify;
use super::typing;
use crate::tui::log::Tone;
use crate::tui::log::search::Search;
use crate::tui::log::sought::Sought;
use crate::tui::model::{Body, Model, Panel};

/// Goes to the next error, through the whole log, where `n` and `N` go on.
pub(super) fn jump(model: &mut Model, is_up: bool) {
    (model.body, model.focus, model.is_focus_lent) = (Body::Log, Panel::Logs, false);
    let search = model.logs.search.as_ref();
    if !search.is_some_and(|search| matches!(search.sought, Sought::Errors)) {
        model.logs.set_search(Some(Search::for_errors()));
    }
    typing::jump(model, is_up);
}

/// Shows less, or everything again.
pub(super) fn narrow(model: &mut Model) {
    let (level, text) = match model.logs.filter.level {
        None => (Some(Level::Info), "lines of level info and worse"),
        Some(Level::Info) => (Some(Level::Warn), "lines of level warn and worse"),
        Some(Level::Warn) => (Some(Level::Error), "errors only"),
        Some(_) => (None, "lines of all levels"),
    };
    model.logs.set_level(level);
    notify(model, Tone::Plain, text);
}
