//! Boots made by hand, and random ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::facts::{
    BootEnd, Definition, FORMAT, Kind, Reason, Record, State, Status, StatusRecord, StopCause,
    Timestamp, What,
};

/// Makes the records of a session.
#[derive(Default)]
struct Script {
    records: Vec<Record>,
}

fn state(status: Status, up: bool, reason: Option<Reason>) -> State {
    State {
        status,
        up,
        wanted: true,
        pid: None,
        end: None,
        reason,
        since: Timestamp(0),
    }
}

impl Script {
    fn add(&mut self, at: i64, what: What) {
        self.records.push(Record {
            number: self.records.len() as u64 + 1,
            private: false,
            timestamp: Timestamp(at),
            seq: 0,
            what,
        });
    }

    fn started(&mut self, session: &str) {
        self.add(
            0,
            What::SessionStarted {
                format: FORMAT,
                session: session.to_owned(),
                version: "1".to_owned(),
                config: "/c".to_owned(),
                first_seq: 1,
                services: 0,
            },
        );
    }

    fn defined(&mut self, name: &str, wave: usize, depends_on: &[&str]) {
        self.defined_as(Kind::Daemon, name, wave, depends_on);
    }

    fn defined_as(&mut self, kind: Kind, name: &str, wave: usize, depends_on: &[&str]) {
        self.add(
            0,
            What::Defined(Box::new(Definition {
                service: name.into(),
                kind,
                wave,
                depends_on: depends_on.iter().map(|it| Arc::from(*it)).collect(),
                spec: Arc::default(),
                state: Some(state(Status::Unknown, false, None)),
            })),
        );
    }

    fn status(&mut self, at: i64, name: &str, status: Status, up: bool) {
        self.add(
            at,
            What::Status(Box::new(StatusRecord {
                service: name.into(),
                state: state(status, up, None),
            })),
        );
    }

    fn boot(&mut self, name: &str, start: i64, running: i64, up: i64) {
        self.status(start, name, Status::Starting, false);
        self.status(running, name, Status::Running, false);
        self.status(up, name, Status::Ready, true);
    }

    fn booted(&mut self, at: i64) {
        self.add(
            at,
            What::BootEnded(BootEnd {
                up: 0,
                failed: 0,
                blocked: 0,
                cancelled: false,
            }),
        );
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let records = self.records.iter();
        records.map(|it| serde_json::to_vec(it).unwrap()).collect()
    }
}

/// `db` takes 1 s, `slow` beside it 5 s; `api` depends on `db` alone, `web` on `api`.
fn shop() -> Run {
    let mut script = Script::default();
    script.started("s");
    script.defined("api", 1, &["db"]);
    script.defined("db", 0, &[]);
    script.defined("slow", 0, &[]);
    script.defined("web", 2, &["api"]);
    script.add(1000, What::BootStarted);
    script.status(1000, "db", Status::Starting, false);
    script.status(1000, "slow", Status::Starting, false);
    script.status(1010, "db", Status::Running, false);
    script.status(1010, "slow", Status::Running, false);
    script.status(2000, "db", Status::Ready, true);
    script.status(6000, "slow", Status::Ready, true);
    script.boot("api", 6000, 6010, 7000);
    script.boot("web", 7000, 7005, 7010);
    script.booted(7010);
    Run::new(script.records)
}

#[test]
fn what_takes_the_time_of_a_oneshot_is_its_work() {
    let mut script = Script::default();
    script.started("s");
    script.defined_as(Kind::Oneshot, "build", 0, &[]);
    script.add(1000, What::BootStarted);
    script.boot("build", 1000, 1010, 3000);
    script.booted(3000);
    let timeline = Timeline::of(&Run::new(script.records)).unwrap();
    assert_eq!(timeline.services[0].gate, Some(Gate::Work));
}

#[test]
fn a_timeline_says_what_each_service_waited_for_and_what_waves_cost() {
    let timeline = Timeline::of(&shop()).unwrap();
    assert_eq!((timeline.total_ms, timeline.ended), (6010, true));
    let step = |name: &str| {
        let services = timeline.services.iter();
        services.clone().find(|it| &*it.service == name).unwrap()
    };
    assert_eq!(step("db").gate, Some(Gate::Probe));
    assert_eq!(step("api").gate, Some(Gate::Wave));
    assert_eq!(&*step("api").waited_for.as_ref().unwrap().service, "slow");
    assert_eq!(step("web").gate, Some(Gate::Dependency));
    assert_eq!(step("slow").own_ms(), Some(5000));
    let path: Vec<_> = timeline.critical_path.iter().map(|it| &**it).collect();
    assert_eq!(path, ["slow", "api", "web"]);
    // slow alone takes 5 s; db, api and web take 2.01 s one after the other.
    assert_eq!(timeline.waves_cost_ms, 1010);
    assert_eq!(&*timeline.longest().unwrap().service, "slow");
}

#[test]
fn sessions_are_told_apart_by_their_ends_and_versions() {
    let mut text = Vec::new();
    let mut script = Script::default();
    script.started("first");
    script.defined("api", 0, &[]);
    script.add(
        5000,
        What::SessionEnded {
            clean: true,
            left: Vec::new(),
            guardian_lost: false,
        },
    );
    script.started("killed");
    script.status(7000, "api", Status::Failed, false);
    // A step of the clock.
    script.status(3000, "api", Status::Ready, true);
    text.extend(script.lines());
    text.push(b"not a record".to_vec());
    let newer = String::from_utf8(text[0].clone()).unwrap();
    let newer = newer.replace("\"number\":1,", "\"number\":9,");
    let newer = newer.replace("\"format\":1", "\"format\":2");
    text.push(newer.into_bytes());
    text.push(b"{\"number\":10,\"timestamp\":\"2026-01-01T00:00:00Z\",\"seq\":0,\"event\":\"later\",\"x\":[]}".to_vec());
    let mut lister = Lister::default();
    for line in &text {
        lister.take(line);
    }
    let runs = lister.into_runs();
    let told: Vec<_> = runs
        .iter()
        .map(|run| (&*run.session, run.is_newer, run.end, run.failed.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("first", true, RunEnd::NotRecorded, 0),
            ("killed", false, RunEnd::NotRecorded, 1),
            ("first", false, RunEnd::Clean, 0),
        ]
    );
    assert_eq!(runs[2].last, Timestamp(5000));
    assert!(runs[1].last >= runs[1].started);
    assert_eq!(runs[1].lost_records, 0);
}

#[test]
fn the_last_moment_is_the_one_before_the_end_begins() {
    let mut script = Script::default();
    script.started("s");
    script.defined("api", 0, &[]);
    script.status(1, "api", Status::Failed, false);
    script.add(2, What::ShuttingDown);
    let stopped = Reason::Stopped {
        by: StopCause::SessionEnd,
        unowned: Vec::new(),
    };
    script.add(
        3,
        What::Status(Box::new(StatusRecord {
            service: "api".into(),
            state: state(Status::Stopped, false, Some(stopped)),
        })),
    );
    let run = Run::new(script.records);
    assert_eq!(run.states(run.end())[0].status, Status::Failed);
    assert_eq!(run.states(run.records.len())[0].status, Status::Stopped);
}

#[test]
fn a_difference_names_fields_variables_and_outcomes() {
    let run = |port: Option<u16>, mark: &str, status: Status| {
        let mut script = Script::default();
        script.started("s");
        script.defined("api", 0, &[]);
        if let What::Defined(definition) = &mut script.records[1].what {
            Arc::make_mut(&mut definition.spec).port = port;
        }
        let marks = BTreeMap::from([("LEVEL".to_owned(), mark.to_owned())]);
        let service = "api".into();
        script.add(0, What::Variables { service, marks });
        script.add(0, What::BootStarted);
        script.status(0, "api", Status::Starting, false);
        script.status(100, "api", status, status == Status::Ready);
        script.booted(100);
        Run::new(script.records)
    };
    let old = run(Some(1), "a", Status::Ready);
    assert_eq!(Differences::between(&old, &old).definitions, []);
    assert_eq!(Differences::between(&old, &old).outcomes, []);
    let new = run(Some(2), "b", Status::Failed);
    let found = Differences::between(&old, &new);
    let fields: Vec<_> = found.definitions[0]
        .fields
        .iter()
        .map(|it| (&*it.field, it.old.as_deref(), it.new.as_deref()))
        .collect();
    assert_eq!(
        fields,
        [("port", Some("1"), Some("2")), ("env.LEVEL", None, None)]
    );
    let outcome = &found.outcomes[0];
    assert!(outcome.old.as_ref().unwrap().up && !outcome.new.as_ref().unwrap().up);
}

proptest! {
    #[test]
    fn a_timeline_of_anything_adds_up(
        steps in proptest::collection::vec((0..6usize, 0..7u8, 0..100i64, any::<bool>()), 0..60),
        waves in proptest::collection::vec(0..4usize, 6),
        end in proptest::option::of(0..2000i64),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut script = Script::default();
        script.started("s");
        for (name, wave) in names.iter().zip(&waves) {
            let earlier = names.iter().zip(&waves).filter(|(_, it)| *it < wave);
            let earlier: Vec<_> = earlier.map(|(name, _)| *name).step_by(2).collect();
            script.defined(name, *wave, &earlier);
        }
        script.add(0, What::BootStarted);
        let mut at = 0;
        for (service, status, step, up) in steps {
            // The clock steps back now and then.
            at += if step > 95 { -1000 } else { step };
            let status = [
                Status::Starting, Status::Running, Status::Ready, Status::Failed,
                Status::Stopped, Status::Stopping, Status::Unknown,
            ][usize::from(status)];
            script.status(at, names[service], status, up);
        }
        if let Some(end) = end {
            script.booted(at + end);
        }
        let run = Run::new(script.records);
        let timeline = Timeline::of(&run).unwrap();
        prop_assert_eq!(timeline.ended, end.is_some());
        prop_assert_eq!(timeline.services.len(), names.len());
        prop_assert!(timeline.waves_cost_ms <= timeline.total_ms);
        for step in &timeline.services {
            if let Some(resolved) = step.resolved_ms {
                prop_assert!(step.started_ms.unwrap() <= resolved);
                prop_assert!(resolved <= timeline.total_ms);
            }
            if let Some(wait) = &step.waited_for {
                let other = timeline.services.iter().find(|it| it.service == wait.service).unwrap();
                prop_assert!(other.wave < step.wave);
                prop_assert!(other.resolved_ms <= step.started_ms);
            }
        }
        let waves_of_path = timeline.critical_path.iter().map(|name| {
            timeline.services.iter().find(|it| it.service == *name).unwrap().wave
        });
        prop_assert!(waves_of_path.is_sorted_by(|a, b| a < b));
        // The states are those of the last records.
        for state in run.states(run.records.len()) {
            let last = run.records.iter().rev().find_map(|record| match &record.what {
                What::Status(status) if *status.service == *state.name => Some(status.state.status),
                _ => None,
            });
            prop_assert_eq!(state.status, last.unwrap_or(Status::Unknown));
        }
    }
}
