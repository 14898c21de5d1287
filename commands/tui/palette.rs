//! The palette: every key that is offered, found by what it does.

use super::keys::{self, Action, Binding};
use super::model::Model;
use super::offers;
use super::prompt::Purpose;

/// A row of the palette.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) binding: &'static Binding,
    /// What it does now, where that differs from what the table says.
    pub(crate) word: String,
}

/// What can be done now, and contains every word that is typed.
pub(crate) fn entries(model: &Model) -> Vec<Entry> {
    let prompt = model.prompt.as_ref();
    let typed = prompt.filter(|prompt| prompt.purpose == Purpose::Palette);
    let typed = typed.map_or("", |prompt| prompt.text()).to_lowercase();
    let wanted: Vec<&str> = typed.split_whitespace().collect();
    let contexts = model.contexts_below().iter();
    let bindings = contexts.flat_map(|context| keys::of(*context));
    let mut entries: Vec<Entry> = Vec::new();
    for binding in bindings.filter(|binding| !is_movement(binding.action)) {
        let is_known = entries
            .iter()
            .any(|entry| entry.binding.action == binding.action);
        let Ok(word) = offers::of(model, binding.action, binding.hint) else {
            continue;
        };
        let text = format!("{} {} {word}", binding.shown, binding.help).to_lowercase();
        if !is_known && wanted.iter().all(|word| text.contains(word)) {
            let word = word.into_owned();
            entries.push(Entry { binding, word });
        }
    }
    // What begins with what is typed is what is meant most likely.
    entries.sort_by_key(|entry| !entry.binding.help.to_lowercase().starts_with(&typed));
    entries
}

/// What nobody looks for by its name.
const fn is_movement(action: Action) -> bool {
    matches!(
        action,
        Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom
            | Action::Palette
    )
}
