//! Filters and searches being typed. A filter works with every character, a search on enter.

use crossterm::event::KeyEvent;

use super::notice::notify;
use crate::terminal::lines::grouped;
use crate::tui::format::{self, Clock};
use crate::tui::keys::Action;
use crate::tui::log::search::Search;
use crate::tui::log::window::Direction;
use crate::tui::log::{Matcher, Tone};
use crate::tui::model::{Modal, Model, Notice, Panel};
use crate::tui::prompt::{Prompt, Purpose};
use crate::tui::services::ServicesFilter;
use crate::tui::view::layout;

/// Starts typing a filter for the panel that has the focus.
pub(super) fn open_filter(model: &mut Model) {
    let (purpose, text) = match model.focus {
        Panel::Services => (Purpose::FilterServices, model.services_filter.clone()),
        Panel::Logs => (Purpose::FilterLogs, model.logs_filter.clone()),
    };
    let mut prompt = Prompt::new(purpose, text);
    prompt.before = model.services.selected.clone();
    model.prompt = Some(prompt);
}

/// Starts typing a search.
pub(super) fn open_search(model: &mut Model) {
    model.prompt = Some(Prompt::new(Purpose::Search, String::new()));
}

/// Inserts pasted text into a prompt.
pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some(prompt) = &mut model.prompt {
        prompt.paste(text);
        apply(model);
    }
}

/// A key that is not in the table.
pub(super) fn key(model: &mut Model, event: KeyEvent) {
    if model.prompt.as_mut().is_some_and(|it| it.press(event)) {
        apply(model);
    }
}

/// A key that is.
pub(super) fn act(model: &mut Model, action: Action) {
    match action {
        Action::Accept => accept(model),
        Action::ToggleRegex => {
            if let Some(prompt) = &mut model.prompt {
                prompt.is_regex = !prompt.is_regex;
            }
            apply(model);
        }
        _ => {
            let Some(prompt) = model.prompt.take() else {
                return;
            };
            match prompt.purpose {
                Purpose::FilterServices => {
                    model.services_filter.clear();
                    model.services.set_filter(None);
                    model.services.select_again(prompt.before);
                }
                Purpose::FilterLogs => clear_logs(model),
                Purpose::Search => model.logs.set_search(None),
                Purpose::Help => set_help(model, String::new()),
                Purpose::Palette => model.modal = None,
            }
        }
    }
}

/// Shows all services.
pub(super) fn clear_services(model: &mut Model) {
    model.services_filter.clear();
    model.services.show_all();
}

/// Shows all lines.
pub(super) fn clear_logs(model: &mut Model) {
    model.logs_filter.clear();
    let filter = &model.logs.filter;
    if filter.pattern.is_some() || filter.members.is_some() {
        model.logs.set_filter(None);
    }
}

/// Compiles the typed pattern, and filters by it at once.
fn apply(model: &mut Model) {
    let Some(prompt) = &mut model.prompt else {
        return;
    };
    let text = prompt.text().to_owned();
    match prompt.purpose {
        Purpose::Help => return set_help(model, text),
        Purpose::Palette => return model.modal = Some(Modal::Palette { row: 0 }),
        Purpose::FilterServices | Purpose::FilterLogs | Purpose::Search => {}
    }
    if prompt.purpose == Purpose::FilterServices
        && let Some(group) = text.strip_prefix('@')
    {
        prompt.error = None;
        let filter = ServicesFilter::Group(group.to_owned());
        model.services_filter = text;
        model.services.set_filter(Some(filter));
        return model.services.select_first();
    }
    // `@GROUP`, and what its lines are to contain.
    let group = text
        .strip_prefix('@')
        .filter(|_| prompt.purpose == Purpose::FilterLogs);
    let (group, pattern) = match group.map(|rest| rest.split_once(' ').unwrap_or((rest, ""))) {
        Some((group, pattern)) => match model.services.members(group) {
            Some(members) => (Some(members), pattern),
            None => (None, text.as_str()),
        },
        None => (None, text.as_str()),
    };
    let compiled = (!pattern.is_empty()).then(|| Matcher::new(pattern, prompt.is_regex));
    let matcher = match compiled.transpose() {
        Ok(matcher) => matcher,
        Err(error) => return prompt.error = Some(error),
    };
    prompt.error = None;
    match prompt.purpose {
        Purpose::FilterServices => {
            let is_empty = matcher.is_none();
            let before = prompt.before.clone();
            model.services_filter = text;
            model.services.set_filter(matcher.map(ServicesFilter::Name));
            if is_empty {
                model.services.select_again(before);
            } else {
                model.services.select_first();
            }
        }
        Purpose::FilterLogs => {
            model.logs_filter = text;
            model.logs.set_group_filter(group, matcher);
        }
        Purpose::Search => {
            let search = matcher.map(|matcher| Search::new(text, matcher));
            model.logs.set_search(search);
        }
        Purpose::Help | Purpose::Palette => {}
    }
}

/// Shows the lines of the help that contain this.
fn set_help(model: &mut Model, search: String) {
    model.modal = Some(Modal::Help { scroll: 0, search });
}

fn accept(model: &mut Model) {
    let Some(prompt) = model.prompt.take_if(|it| it.error.is_none()) else {
        return;
    };
    if prompt.purpose == Purpose::Search && model.logs.search.is_some() {
        jump(model, true);
    }
}

/// What [`notify_progress`] begins with.
const SEARCHING: &str = "searching ";

/// What is said about a search is gone with it.
pub(super) fn forget_progress(model: &mut Model) {
    let is_progress = |notice: &Notice| notice.text.starts_with(SEARCHING);
    if model.logs.seeking().is_none() && model.notice.as_ref().is_some_and(is_progress) {
        model.notice = None;
    }
}

/// Says as far as where the log was looked through.
pub(super) fn notify_progress(model: &mut Model, direction: Direction) {
    let window = &model.logs.window;
    let is_up = direction == Direction::Older;
    let (seq, line) = if is_up {
        let first = window.items().iter().find(|item| item.is_line());
        (window.complete_down_to(), first)
    } else {
        let last = window.items().iter().rfind(|item| item.is_line());
        (window.complete_up_to(), last)
    };
    let line = line.filter(|line| Some(line.place.seq) == seq);
    let time = line.map(|line| format::time(line.at, Clock::Full, &model.zone));
    let time = time.map_or_else(String::new, |time| format!(", {}", time.trim_end()));
    let (back, down) = if is_up {
        ("back", "down")
    } else {
        ("on", "up")
    };
    let place = seq.map_or_else(
        || "…".to_owned(),
        |seq| format!(": no match {down} to seq {}{time}", grouped(seq)),
    );
    let text = format!("{SEARCHING}{back}{place}; G stops");
    notify(model, Tone::Busy, text);
}

/// Goes to the next match, through the whole log.
pub(super) fn jump(model: &mut Model, is_up: bool) {
    let geometry = layout::geometry(model);
    if model.logs.search.is_none() {
        let text = "nothing is searched for: f starts a search";
        return notify(model, Tone::Plain, text);
    }
    if model.logs.jump(is_up, geometry) {
        return;
    }
    let direction = if is_up {
        Direction::Older
    } else {
        Direction::Newer
    };
    if model.logs.window.question(direction).is_some() {
        model.logs.seek(direction, geometry);
        notify_progress(model, direction);
    } else {
        notify(model, Tone::Plain, nothing_further(direction));
    }
}

/// Reports that the whole log was searched in this direction.
pub(super) const fn nothing_further(direction: Direction) -> &'static str {
    match direction {
        Direction::Older => "no match further up: this is the beginning of the log",
        Direction::Newer | Direction::Gap => "no match further down: this is the end of the log",
    }
}
