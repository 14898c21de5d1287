//! Which services are shown, and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Selected, Services};
use crate::terminal::status::State;
use crate::tui::log::Matcher;
use crate::tui::service::ServiceModel;

/// What of the list is wanted.
#[derive(Debug)]
pub(crate) enum ServicesFilter {
    /// Names that contain this.
    Name(Matcher),
    /// The services of a group; of all whose names contain it where none has this name.
    Group(String),
}

/// How the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// By wave, then by name.
    #[default]
    Wave,
    /// What is wrong first, then by wave.
    State,
    /// By name.
    Name,
}

impl Order {
    /// The one after it.
    const fn next(self) -> Self {
        match self {
            Self::Wave => Self::State,
            Self::State => Self::Name,
            Self::Name => Self::Wave,
        }
    }

    /// For the title of the list.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Wave => "by wave",
            Self::State => "by state",
            Self::Name => "by name",
        }
    }
}

/// Where a state goes when the list is sorted by it.
const fn rank(state: State) -> u8 {
    match state {
        State::Failed => 0,
        State::Blocked => 1,
        State::Starting | State::Running | State::Stopping => 2,
        State::Waiting => 3,
        State::Stopped => 4,
        State::Up => 5,
        State::Done => 6,
    }
}

impl Services {
    /// Shows only what this lets through.
    pub(crate) fn set_filter(&mut self, filter: Option<ServicesFilter>) {
        self.filter = filter;
        self.arrange();
    }

    /// Points at the first service that is shown.
    pub(crate) fn select_first(&mut self) {
        self.selected = self.at(1);
    }

    /// Shows only what is not up, or everything.
    pub(crate) fn toggle_only_down(&mut self) {
        self.only_down = !self.only_down;
        self.arrange();
    }

    /// Whether only what is not up is shown.
    pub(crate) const fn is_only_down(&self) -> bool {
        self.only_down
    }

    /// Sorts the list in the next way.
    pub(crate) fn change_order(&mut self) -> Order {
        self.order = self.order.next();
        self.arrange();
        self.order
    }

    /// How the list is sorted.
    pub(crate) const fn order(&self) -> Order {
        self.order
    }

    /// Shows all of them.
    pub(crate) fn show_all(&mut self) {
        (self.filter, self.only_down) = (None, false);
        self.arrange();
    }

    /// The services of a group; `None` when there is none of this name.
    pub(crate) fn members(&self, group: &str) -> Option<BTreeSet<Arc<str>>> {
        let is_member = |service: &&ServiceModel| service.groups().iter().any(|name| name == group);
        let members = self.all.iter().filter(is_member);
        let members: BTreeSet<_> = members.map(|service| Arc::clone(&service.name)).collect();
        (!members.is_empty()).then_some(members)
    }

    /// Whether less than all of them is shown.
    pub(crate) const fn is_filtered(&self) -> bool {
        self.filter.is_some() || self.only_down
    }

    /// Finds out again what is shown, after the services, the filter or the order have changed.
    pub(super) fn arrange(&mut self) {
        let members = match &self.filter {
            Some(ServicesFilter::Group(group)) => self.members(group),
            _ => None,
        };
        let is_wanted = |service: &ServiceModel| match (&self.filter, &members) {
            (None, _) => true,
            (Some(ServicesFilter::Name(matcher)), _) => matcher.is_match(&service.name),
            (Some(ServicesFilter::Group(_)), Some(members)) => members.contains(&service.name),
            (Some(ServicesFilter::Group(part)), None) => {
                service.groups().iter().any(|group| group.contains(part))
            }
        };
        // What is selected stays when it comes up: somebody is at it.
        let is_down = |service: &ServiceModel| {
            let is_selected =
                matches!(&self.selected, Selected::Service(name) if *name == service.name);
            is_selected || !service.is_up() && !service.is_left_out()
        };
        let all = &self.all;
        let is_shown = |index: &usize| {
            let service = &all[*index];
            is_wanted(service) && (!self.only_down || is_down(service))
        };
        let mut shown: Vec<usize> = (0..all.len()).filter(is_shown).collect();
        match self.order {
            Order::Wave => {}
            Order::State => shown.sort_by_key(|index| rank(all[*index].state())),
            Order::Name => shown.sort_by_key(|index| all[*index].rank),
        }
        self.shown = shown;
        self.retarget();
        if self.is_filtered() && self.row().is_none() {
            self.select_first();
        }
    }
}
