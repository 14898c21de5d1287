//! What a command of the user is about, and whose lines the log shows: what is marked, else what is selected. Nothing
//! that the list does not show is ever among them.

use std::sync::Arc;

use super::{Names, Selected, Services};

/// The services that keys act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// All of the stack.
    All,
    /// None: the filter hides everything.
    None,
    /// This one.
    One(Arc<str>),
    /// These, at least two.
    Several(Names),
}

impl Targets {
    fn of(names: &Names) -> Self {
        match (names.len(), names.first()) {
            (_, None) => Self::None,
            (1, Some(name)) => Self::One(Arc::clone(name)),
            _ => Self::Several(Arc::clone(names)),
        }
    }
}

impl Services {
    /// What keys act on now.
    pub(crate) fn targets(&self) -> Targets {
        if !self.marked_shown.is_empty() {
            return Targets::of(&self.marked_shown);
        }
        match (&self.selected, &self.part) {
            (Selected::All, None) => Targets::All,
            (Selected::All, Some(part)) => Targets::of(part),
            (Selected::Service(name), Some(part)) if !part.contains(name) => Targets::None,
            (Selected::Service(name), _) => Targets::One(Arc::clone(name)),
        }
    }

    /// Whether the keys act on something else than what is selected.
    pub(crate) fn acts_beyond_selection(&self) -> bool {
        let is_selected = |name| matches!(&self.selected, Selected::Service(it) if it == name);
        !self.marked_shown.iter().all(is_selected)
    }

    /// Marks the selected service, or takes the mark away; whether there is one.
    pub(crate) fn toggle_mark(&mut self) -> bool {
        let Selected::Service(name) = &self.selected else {
            return false;
        };
        if !self.marked.remove(name) {
            self.marked.insert(Arc::clone(name));
        }
        self.retarget();
        true
    }

    /// Takes all marks away; whether there were any.
    pub(crate) fn clear_marks(&mut self) -> bool {
        let had = !self.marked.is_empty();
        self.marked.clear();
        self.retarget();
        had
    }

    /// Whether this one is marked.
    pub(crate) fn is_marked(&self, name: &str) -> bool {
        self.marked.contains(name)
    }

    /// How many are marked, and how many of those are shown.
    pub(crate) fn marks(&self) -> (usize, usize) {
        (self.marked.len(), self.marked_shown.len())
    }

    /// Keeps the sets that [`Self::targets`] hands out.
    pub(super) fn retarget(&mut self) {
        let marked = |name: &&Arc<str>| self.marked.contains(*name);
        let shown = || self.shown().map(|service| &service.name);
        let marked_shown = Arc::new(shown().filter(marked).map(Arc::clone).collect());
        let part = self
            .is_filtered()
            .then(|| Arc::new(shown().map(Arc::clone).collect()));
        (self.marked_shown, self.part) = (marked_shown, part);
    }
}
