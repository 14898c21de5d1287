//! The services as the list shows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowlayer_core::facts::{Kind, OutputMode, Status};
use flowlayer_core::protocol::{Details, ServiceState};

use super::log::Matcher;
use crate::terminal::status::State;

/// A service: what the server says of it.
#[derive(Debug, Clone)]
pub(crate) struct ServiceModel {
    /// Byte for byte.
    pub(crate) name: Arc<str>,
    /// Its place among the names, which decides its colour.
    pub(crate) rank: usize,
    /// Its status.
    pub(crate) status: Status,
    /// The rest.
    pub(crate) details: Details,
    /// When its last start began, where that was seen, in milliseconds since 1970.
    pub(crate) began: Option<i64>,
    /// How long that start took until it was up, in milliseconds.
    pub(crate) took: Option<i64>,
}

impl ServiceModel {
    /// Its state.
    pub(crate) fn state(&self) -> State {
        State::of(self.status, &self.details)
    }

    /// Whether it has reached its terminal startup state. Other servers do not report that.
    pub(crate) fn is_up(&self) -> bool {
        self.details.up.unwrap_or(self.status == Status::Ready)
    }

    /// Whether there is something of it to stop: a process, or the start of one.
    pub(crate) fn has_process(&self) -> bool {
        match self.status {
            Status::Starting | Status::Running | Status::Stopping => true,
            Status::Ready => self.details.kind != Some(Kind::Oneshot) || self.details.pid.is_some(),
            Status::Unknown | Status::Stopped | Status::Failed => false,
        }
    }

    /// The groups it is in.
    fn groups(&self) -> &[String] {
        let spec = self.details.spec.as_ref();
        spec.map_or(&[], |spec| &spec.groups)
    }

    /// Whether its lines are not to be among those of all.
    pub(crate) fn is_quiet(&self) -> bool {
        let spec = self.details.spec.as_ref();
        spec.is_some_and(|spec| spec.output == OutputMode::Quiet)
    }

    /// Whether it depends on the other directly.
    pub(crate) fn depends_on(&self, other: &Self) -> bool {
        let mut names = self.details.depends_on.iter();
        names.any(|name| **name == *other.name)
    }

    /// Takes in a status of this time, in milliseconds since 1970.
    pub(crate) fn change(&mut self, at: i64, status: Status, details: Details) {
        let was_up = self.is_up();
        self.status = status;
        self.details = details;
        match status {
            Status::Starting => (self.began, self.took) = (Some(at), None),
            _ if self.is_up() && !was_up => self.took = self.began.map(|began| at - began),
            _ => {}
        }
    }
}

/// What the list points at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Selected {
    /// `all logs`.
    #[default]
    All,
    /// A service, by name, so that it stays when the list changes.
    Service(Arc<str>),
}

/// What of the list is wanted.
#[derive(Debug)]
pub(crate) enum ServicesFilter {
    /// Names that contain this.
    Name(Matcher),
    /// The services of a group; of all whose names contain it where none has this name.
    Group(String),
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// By wave, then by name.
    all: Vec<ServiceModel>,
    /// Indices of what the filter lets through.
    shown: Vec<usize>,
    /// Those whose lines are not among those of all.
    quiet: Arc<BTreeSet<Arc<str>>>,
    filter: Option<ServicesFilter>,
    /// What it points at.
    pub(crate) selected: Selected,
}

impl Services {
    /// All of them, by wave, then by name.
    pub(crate) fn all(&self) -> &[ServiceModel] {
        &self.all
    }

    /// Those whose lines are not to be among those of all.
    pub(crate) const fn quiet(&self) -> &Arc<BTreeSet<Arc<str>>> {
        &self.quiet
    }

    /// Those that the filter lets through.
    pub(crate) fn shown(
        &self,
    ) -> impl ExactSizeIterator<Item = &ServiceModel> + DoubleEndedIterator {
        self.shown.iter().map(|index| &self.all[*index])
    }

    /// By name.
    pub(crate) fn get(&self, name: &str) -> Option<&ServiceModel> {
        self.all.iter().find(|service| *service.name == *name)
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
        let service = self.all.iter_mut().find(|service| *service.name == *name)?;
        let before = service.clone();
        change(service);
        Some(before)
    }

    /// Replaces everything by a snapshot.
    pub(crate) fn replace(&mut self, states: Vec<ServiceState>) {
        let mut all: Vec<ServiceModel> = states
            .into_iter()
            .map(|state| ServiceModel {
                name: state.name.into(),
                rank: 0,
                status: state.status,
                details: state.details,
                began: None,
                took: None,
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        for (rank, service) in all.iter_mut().enumerate() {
            service.rank = rank;
        }
        all.sort_by_key(|service| service.details.wave.unwrap_or(usize::MAX));
        let quiet = all.iter().filter(|service| service.is_quiet());
        self.quiet = Arc::new(quiet.map(|service| Arc::clone(&service.name)).collect());
        self.all = all;
        if self.current().is_none() {
            self.selected = Selected::All;
        }
        self.apply_filter();
    }

    /// Shows only what this lets through.
    pub(crate) fn set_filter(&mut self, filter: Option<ServicesFilter>) {
        self.filter = filter;
        self.apply_filter();
    }

    /// The services of a group; `None` when there is none of this name.
    pub(crate) fn members(&self, group: &str) -> Option<BTreeSet<Arc<str>>> {
        let is_member = |service: &&ServiceModel| service.groups().iter().any(|name| name == group);
        let members = self.all.iter().filter(is_member);
        let members: BTreeSet<_> = members.map(|service| Arc::clone(&service.name)).collect();
        (!members.is_empty()).then_some(members)
    }

    /// Whether there is a filter.
    pub(crate) const fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    fn apply_filter(&mut self) {
        let members = match &self.filter {
            Some(ServicesFilter::Group(group)) => self.members(group),
            _ => None,
        };
        let is_shown = |service: &ServiceModel| match (&self.filter, &members) {
            (None, _) => true,
            (Some(ServicesFilter::Name(matcher)), _) => matcher.is_match(&service.name),
            (Some(ServicesFilter::Group(_)), Some(members)) => members.contains(&service.name),
            (Some(ServicesFilter::Group(part)), None) => {
                service.groups().iter().any(|group| group.contains(part))
            }
        };
        self.shown = (0..self.all.len())
            .filter(|index| is_shown(&self.all[*index]))
            .collect();
        if self.is_filtered() && self.row().is_none() {
            self.selected = self.at(usize::from(!self.shown.is_empty()));
        }
    }

    /// Rows of the list: `all logs`, then the services.
    pub(crate) fn rows(&self) -> usize {
        self.shown.len() + 1
    }

    /// What is in a row; beyond the end the last.
    pub(crate) fn at(&self, row: usize) -> Selected {
        let index = row.min(self.shown.len()).checked_sub(1);
        index.map_or(Selected::All, |index| {
            Selected::Service(Arc::clone(&self.all[self.shown[index]].name))
        })
    }

    /// The row that is selected; `None` when the filter hides it.
    pub(crate) fn row(&self) -> Option<usize> {
        match &self.selected {
            Selected::All => Some(0),
            Selected::Service(name) => self
                .shown()
                .position(|service| service.name == *name)
                .map(|index| index + 1),
        }
    }

    /// Moves the selection by rows.
    pub(crate) fn step(&mut self, rows: isize) {
        let row = self.row().unwrap_or(0).saturating_add_signed(rows);
        self.selected = self.at(row);
    }

    /// How many stand like this.
    pub(crate) fn count(&self, is_so: impl Fn(State) -> bool) -> usize {
        self.all
            .iter()
            .filter(|service| is_so(service.state()))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::ServiceSpec;

    use super::*;

    fn state(name: &str, wave: usize) -> ServiceState {
        let details = Details {
            wave: Some(wave),
            ..Details::default()
        };
        ServiceState {
            name: name.to_owned(),
            status: Status::Ready,
            details,
        }
    }

    fn services() -> Services {
        let mut services = Services::default();
        services.replace(vec![state("api", 1), state("db", 0), state("web", 2)]);
        services
    }

    #[test]
    fn they_stand_in_the_order_of_startup_and_keep_their_colors() {
        let services = services();
        let order: Vec<(&str, usize)> = services
            .all()
            .iter()
            .map(|service| (&*service.name, service.rank))
            .collect();
        assert_eq!(order, [("db", 1), ("api", 0), ("web", 2)]);
    }

    #[test]
    fn the_selection_stays_with_its_service_and_inside_the_list() {
        let mut services = services();
        services.step(2);
        assert_eq!(services.selected, Selected::Service("api".into()));
        services.replace(vec![state("api", 0), state("db", 1)]);
        assert_eq!(services.row(), Some(1));
        services.step(100);
        assert_eq!(services.selected, Selected::Service("db".into()));
        services.step(-100);
        assert_eq!(services.selected, Selected::All);
        services.step(2);
        services.replace(vec![state("api", 0)]);
        assert_eq!(services.selected, Selected::All, "it is gone");
    }

    #[test]
    fn a_filter_moves_the_selection_to_what_it_shows() {
        let mut services = services();
        services.step(1);
        services.set_filter(Matcher::new("w", false).ok().map(ServicesFilter::Name));
        assert_eq!(services.selected, Selected::Service("web".into()));
        assert_eq!(services.rows(), 2);
        services.set_filter(None);
        assert_eq!((services.rows(), services.row()), (4, Some(3)));
    }

    #[test]
    fn a_group_filters_by_its_name_or_a_part_of_one() {
        let mut services = Services::default();
        let grouped = |name, groups: &[&str]| {
            let mut state = state(name, 0);
            state.details.spec = Some(Arc::new(ServiceSpec {
                groups: groups.iter().map(|&group| group.to_owned()).collect(),
                ..ServiceSpec::default()
            }));
            state
        };
        services.replace(vec![
            grouped("api", &["back"]),
            grouped("db", &["backend", "data"]),
            grouped("web", &[]),
        ]);
        let mut shown = |group: &str| -> Vec<String> {
            services.set_filter(Some(ServicesFilter::Group(group.to_owned())));
            services
                .shown()
                .map(|service| service.name.to_string())
                .collect()
        };
        assert_eq!(shown("back"), ["api"]);
        assert_eq!(shown("bac"), ["api", "db"]);
        assert_eq!(shown("data"), ["db"]);
        assert_eq!(shown("x"), [""; 0]);
    }
}
