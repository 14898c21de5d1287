//! What is shown, in which order, and what keys act on.

use std::sync::Arc;

use flowlayer_core::facts::{ServiceSpec, Status, Timestamp};
use flowlayer_core::protocol::{Details, ServiceState};

use super::*;
use crate::tui::log::Matcher;

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

fn by_name(pattern: &str) -> Option<ServicesFilter> {
    Matcher::new(pattern, false).ok().map(ServicesFilter::Name)
}

fn several(names: &[&str]) -> Targets {
    Targets::Several(Arc::new(names.iter().map(|&name| name.into()).collect()))
}

#[test]
fn what_the_filter_hides_is_never_acted_on() {
    let mut services = services();
    assert_eq!(services.targets(), Targets::All);
    services.set_filter(by_name("b"));
    assert_eq!(services.targets(), several(&["db", "web"]));
    services.set_filter(by_name("web"));
    assert_eq!(services.targets(), Targets::One("web".into()));
    services.set_filter(by_name("nothing"));
    assert_eq!(services.targets(), Targets::None);
    services.set_filter(None);
    assert_eq!(services.targets(), Targets::All);
}

#[test]
fn marks_count_before_the_selection_as_long_as_they_are_shown() {
    let mut services = services();
    assert!(!services.toggle_mark(), "all logs cannot be marked");
    for name in ["db", "web"] {
        services.selected = Selected::Service(name.into());
        assert!(services.toggle_mark());
    }
    services.selected = Selected::Service("api".into());
    assert_eq!(services.targets(), several(&["db", "web"]));
    services.set_filter(by_name("i"));
    assert_eq!(services.targets(), Targets::One("api".into()));
    assert_eq!(services.marks(), (2, 0));
    services.set_filter(by_name("d"));
    assert_eq!(services.targets(), Targets::One("db".into()));
    services.set_filter(None);
    services.replace(vec![state("api", 0), state("web", 1)]);
    assert_eq!(services.targets(), Targets::One("web".into()), "db is gone");
    services.selected = Selected::Service("api".into());
    assert!(services.clear_marks());
    assert_eq!(services.targets(), Targets::One("api".into()));
}

fn with_status(name: &str, status: Status) -> ServiceState {
    let mut state = state(name, 0);
    state.status = status;
    state.details.since = Some(Timestamp(0));
    state
}

fn names(services: &Services) -> Vec<&str> {
    services.shown().map(|service| &*service.name).collect()
}

#[test]
fn only_what_is_not_up_is_shown_and_what_is_selected_stays() {
    let mut services = Services::default();
    services.replace(vec![
        with_status("a", Status::Ready),
        with_status("b", Status::Failed),
        with_status("c", Status::Running),
    ]);
    services.toggle_only_down();
    assert_eq!(names(&services), ["b", "c"]);
    services.selected = Selected::Service("c".into());
    services.update("c", |service| service.status = Status::Ready);
    assert_eq!(names(&services), ["b", "c"], "somebody is at it");
    services.step(-1);
    assert_eq!(names(&services), ["b"]);
    services.toggle_only_down();
    assert_eq!(names(&services), ["a", "b", "c"]);
}

#[test]
fn problems_come_worst_first_and_begin_again() {
    let mut services = Services::default();
    services.replace(vec![
        with_status("a", Status::Running),
        with_status("b", Status::Ready),
        with_status("c", Status::Failed),
        with_status("d", Status::Failed),
    ]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let name = Arc::clone(&services.next_problem(10_000).unwrap().name);
        seen.push(name.to_string());
        services.selected = Selected::Service(name);
    }
    assert_eq!(seen, ["c", "d", "a", "c"]);
    services.selected = Selected::Service("d".into());
    let next = services.next_problem(9_999).map(|service| &*service.name);
    assert_eq!(next, Some("c"), "a has not been slow for long enough");
}

#[test]
fn the_list_is_sorted_by_wave_state_or_name() {
    let mut services = Services::default();
    let mut first = state("z", 0);
    first.status = Status::Ready;
    let mut second = state("y", 1);
    second.status = Status::Failed;
    services.replace(vec![first, second]);
    assert_eq!(names(&services), ["z", "y"]);
    assert_eq!(services.change_order(), Order::State);
    assert_eq!(names(&services), ["y", "z"]);
    services.update("y", |service| service.status = Status::Ready);
    services.update("z", |service| service.status = Status::Failed);
    assert_eq!(names(&services), ["z", "y"]);
    assert_eq!(services.change_order(), Order::Name);
    assert_eq!(names(&services), ["y", "z"]);
}
