//! The list of services: which of them are shown and in which order, which are marked, and which one it points at.

mod filter;
mod targets;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use flowlayer_core::protocol::ServiceState;
use unicode_width::UnicodeWidthStr;

pub(crate) use self::filter::{Order, ServicesFilter};
pub(crate) use self::targets::Targets;
use super::service::ServiceModel;
use crate::terminal::status::State;

/// What the list points at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Selected {
    /// `all logs`; with a filter, all that it lets through.
    #[default]
    All,
    /// A service, by name, so that it stays when the list changes.
    Service(Arc<str>),
}

/// Names of services that others hold on to.
pub(crate) type Names = Arc<BTreeSet<Arc<str>>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// By wave, then by name.
    all: Vec<ServiceModel>,
    /// Columns of the widest name; every frame asks for them.
    widest: u16,
    /// Where in `all` each name is.
    index: HashMap<Arc<str>, usize>,
    /// Indices of what is shown, as the list has it.
    shown: Vec<usize>,
    /// Those whose lines are not among those of all.
    quiet: Names,
    filter: Option<ServicesFilter>,
    /// Whether only what is not up is shown.
    only_down: bool,
    order: Order,
    marked: BTreeSet<Arc<str>>,
    /// Those that are marked and shown.
    marked_shown: Names,
    /// Those that are shown, while that is not all.
    part: Option<Names>,
    /// What it points at.
    pub(crate) selected: Selected,
}

impl Services {
    /// All of them, by wave, then by name.
    pub(crate) fn all(&self) -> &[ServiceModel] {
        &self.all
    }

    /// Those whose lines are not to be among those of all.
    pub(crate) const fn quiet(&self) -> &Names {
        &self.quiet
    }

    /// Columns of the widest name.
    pub(crate) const fn widest_name(&self) -> u16 {
        self.widest
    }

    /// Those that are in the list, as it has them.
    pub(crate) fn shown(
        &self,
    ) -> impl ExactSizeIterator<Item = &ServiceModel> + DoubleEndedIterator {
        self.shown.iter().map(|index| &self.all[*index])
    }

    /// The one in a row of the list, whose first row is `all logs`.
    pub(crate) fn in_row(&self, row: usize) -> Option<&ServiceModel> {
        let index = self.shown.get(row.checked_sub(1)?)?;
        self.all.get(*index)
    }

    /// By name.
    pub(crate) fn get(&self, name: &str) -> Option<&ServiceModel> {
        self.all.get(*self.index.get(name)?)
    }

    /// The one the list points at.
    pub(crate) fn current(&self) -> Option<&ServiceModel> {
        match &self.selected {
            Selected::All => None,
            Selected::Service(name) => self.get(name),
        }
    }

    /// Changes one; the service as it was, when it is known.
    pub(crate) fn update(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut ServiceModel),
    ) -> Option<ServiceModel> {
        let service = self.all.get_mut(*self.index.get(name)?)?;
        let before = service.clone();
        change(service);
        if self.only_down || self.order == Order::State {
            self.arrange();
        }
        Some(before)
    }

    /// Replaces everything by a snapshot.
    pub(crate) fn replace(&mut self, states: Vec<ServiceState>) {
        let mut all: Vec<ServiceModel> = states.into_iter().map(ServiceModel::new).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        for (rank, service) in all.iter_mut().enumerate() {
            service.rank = rank;
            // What was seen of its start is not in a snapshot.
            if let Some(before) = self.get(&service.name) {
                (service.began, service.took) = (before.began, before.took);
            }
        }
        all.sort_by_key(|service| service.details.wave.unwrap_or(usize::MAX));
        let quiet = all.iter().filter(|service| service.is_quiet());
        self.quiet = Arc::new(quiet.map(|service| Arc::clone(&service.name)).collect());
        let widths = all.iter().map(|service| service.name.width());
        self.widest = u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX);
        let names = all.iter().map(|service| Arc::clone(&service.name));
        self.index = names.zip(0..).collect();
        self.all = all;
        let index = &self.index;
        self.marked.retain(|name| index.contains_key(name));
        if self.current().is_none() {
            self.selected = Selected::All;
        }
        self.arrange();
    }

    /// What was seen of starts is of another session.
    pub(crate) fn forget_starts(&mut self) {
        for service in &mut self.all {
            (service.began, service.took) = (None, None);
        }
    }

    /// Rows of the list: `all logs`, then the services.
    pub(crate) fn rows(&self) -> usize {
        self.shown.len() + 1
    }

    /// What is in a row; beyond the end the last.
    pub(crate) fn at(&self, row: usize) -> Selected {
        let service = self.in_row(row.min(self.shown.len()));
        service.map_or(Selected::All, |service| {
            Selected::Service(Arc::clone(&service.name))
        })
    }

    /// The row that is selected; `None` when the filter hides it.
    pub(crate) fn row(&self) -> Option<usize> {
        match &self.selected {
            Selected::All => Some(0),
            Selected::Service(name) => {
                let index = *self.index.get(name)?;
                let row = self.shown.iter().position(|shown| *shown == index)?;
                Some(row + 1)
            }
        }
    }

    /// Selects this again; everything, when it is gone.
    pub(crate) fn select_again(&mut self, selected: Selected) {
        self.selected = selected;
        if self.current().is_none() {
            self.selected = Selected::All;
        }
    }

    /// Moves the selection by rows.
    pub(crate) fn step(&mut self, rows: isize) {
        let row = self.row().unwrap_or(0).saturating_add_signed(rows);
        self.selected = self.at(row);
        if self.only_down {
            // What has come up was in the list only as long as it was selected.
            self.arrange();
        }
    }

    /// The next service after the selected one that something is wrong with, the worst first; after the last one the
    /// first again.
    pub(crate) fn next_problem(&self, now: i64) -> Option<&ServiceModel> {
        let problem = |service: &ServiceModel| service.problem(now);
        let mut problems: Vec<(u8, usize)> = (0..)
            .zip(self.shown())
            .filter_map(|(row, service)| Some((problem(service)?, row)))
            .collect();
        problems.sort_unstable();
        let row = self.row().and_then(|row| row.checked_sub(1));
        let here = problems.iter().position(|(_, at)| Some(*at) == row);
        let next = here.map_or(0, |here| (here + 1) % problems.len());
        let (_, row) = problems.get(next)?;
        self.in_row(row + 1)
    }

    /// How many stand like this.
    pub(crate) fn count(&self, is_so: impl Fn(State) -> bool) -> usize {
        self.all
            .iter()
            .filter(|service| is_so(service.state()))
            .count()
    }
}
