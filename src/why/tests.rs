use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::facts::{
    End, Exit, Holder, Kind, NotStarted, Origin, PortHold, Probe, ProbeAttempts, Reason,
    StartProblem, StoppedBy, Stream,
};
use crate::protocol::Details;

fn service(name: &str, wave: usize, status: Status, needs: &[&str]) -> ServiceState {
    let since = UNIX_EPOCH + Duration::from_secs(1_776_508_200);
    ServiceState {
        name: name.to_owned(),
        status,
        details: Details {
            up: Some(status == Status::Ready),
            wave: Some(wave),
            kind: Some(Kind::Daemon),
            since: Some(since.into()),
            depends_on: needs.iter().map(ToString::to_string).collect(),
            ..Details::default()
        },
    }
}

trait With: Sized {
    fn with(self, change: impl FnOnce(&mut Details)) -> Self;

    /// As a server of ours publishes it for this reason.
    fn because(self, reason: Reason) -> Self;
}

impl With for ServiceState {
    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(&mut self.details);
        self
    }

    fn because(self, reason: Reason) -> Self {
        self.with(|details| {
            details.detail = reason.detail();
            details.reason = Some(Box::new(reason));
        })
    }
}

fn attempts(failed: u64, elapsed_ms: u64, last: Option<&str>) -> ProbeAttempts {
    ProbeAttempts {
        probe: Probe {
            r#type: "tcp".to_owned(),
            target: ":5432".to_owned(),
            port: Some(5432),
        },
        attempts: failed,
        elapsed_ms,
        pending_ms: None,
        last: last.map(str::to_owned),
        listens_on: Vec::new(),
    }
}

fn failed_db() -> ServiceState {
    service("db", 0, Status::Failed, &[])
        .with(|details| details.exit_code = Some(1))
        .because(Reason::Exited(Exit::new(End::Code(1), true)))
}

fn blocked(name: &str, wave: usize, needs: &[&str], by: &[&str]) -> ServiceState {
    service(name, wave, Status::Stopped, needs).with(|details| {
        details.blocked_by = by.iter().map(ToString::to_string).collect();
        details.detail = Some(format!("blocked: {} failed", by.join(", ")));
    })
}

#[track_caller]
fn explain(services: &[ServiceState], name: &str) -> Explanation {
    Explainer::new(services).explain(name).expect("it is there")
}

#[test]
fn a_blocked_service_is_followed_down_to_what_failed() {
    let services = [
        blocked("api", 1, &["db"], &["db"]),
        failed_db(),
        blocked("web", 2, &["api"], &["db"]),
    ];
    let why = explain(&services, "web");
    assert!(!why.up);
    assert_eq!(
        why.summary,
        "web is not up because of db: exit code 1 before ready"
    );
    let [cause] = why.causes.as_slice() else {
        panic!("{why:#?}");
    };
    assert_eq!((cause.kind, cause.exit_code), (CauseKind::Exited, Some(1)));
    assert_eq!(cause.path, ["web", "api", "db"]);
}

#[test]
fn the_path_goes_along_dependencies() {
    let services = [
        service("api", 1, Status::Unknown, &["db"]),
        service("db", 0, Status::Running, &[]).because(Reason::Probing(attempts(
            12,
            2400,
            Some("connection refused"),
        ))),
        service("web", 2, Status::Unknown, &["api"]),
    ];
    let why = explain(&services, "web");
    let [cause] = why.causes.as_slice() else {
        panic!("{why:#?}");
    };
    assert_eq!(cause.path, ["web", "api", "db"]);
    assert_eq!(cause.kind, CauseKind::Probing);
    assert_eq!(
        cause.text,
        "waiting for tcp :5432: connection refused (12 attempts, 2.4 s)"
    );
    let brief = Explainer::new(&services).explain_briefly("web").unwrap();
    assert!(brief.causes[0].path.is_empty());
}

#[test]
fn a_wait_for_a_line_of_a_silent_service_names_buffering() {
    let waiting = |r#type: &str| {
        let mut attempts = attempts(1, 2400, Some("no line has matched"));
        attempts.probe.r#type = r#type.to_owned();
        service("db", 0, Status::Running, &[]).because(Reason::Probing(attempts))
    };
    let help = |service: ServiceState, ages: &[i64]| {
        let lines = ages.iter().map(|age| LogLine {
            seq: 1,
            stream: Stream::Stdout,
            message: "up".to_owned(),
            timestamp: Timestamp(service.details.since.unwrap().0 + age),
            origin: Origin::Service,
        });
        let mut why = explain(std::slice::from_ref(&service), "db");
        why.causes[0].take_log(lines, 10);
        why.causes[0].help.clone().unwrap()
    };
    for printed in [&[][..], &[-5]] {
        assert!(help(waiting("log"), printed).contains("PYTHONUNBUFFERED"));
    }
    assert_eq!(help(waiting("log"), &[-5, 1]), "flowlayer logs -f db");
    assert_eq!(help(waiting("tcp"), &[]), "flowlayer logs -f db");
}

#[test]
fn where_it_listens_instead_is_the_help() {
    let elsewhere = ProbeAttempts {
        listens_on: vec![3000, 9229],
        ..attempts(9, 2000, Some("connection refused"))
    };
    let named = "db listens on 3000, 9229, not on 5432: correct the port in `ready`, or the one that the command uses";
    let help = |service: ServiceState| Cause::of(&service, Some(Vec::new())).help.unwrap();
    let probing =
        service("db", 0, Status::Running, &[]).because(Reason::Probing(elsewhere.clone()));
    assert_eq!(help(probing), named);
    let failed = failed_db().because(Reason::NotReadyInTime {
        limit_ms: 2000,
        attempts: elsewhere.clone(),
        port: None,
    });
    assert_eq!(
        help(failed),
        format!("{named}; when it is mended: flowlayer start db")
    );
    let exited = failed_db().because(Reason::Exited(Exit {
        probing: Some(Box::new(elsewhere)),
        ..Exit::new(End::Code(1), true)
    }));
    assert_eq!(help(exited), "when it is mended: flowlayer start db");
}

#[test]
fn each_kind_of_cause_is_told_apart() {
    let cases = [
        (failed_db(), CauseKind::Exited, "exit code 1 before ready"),
        (
            failed_db().because(Reason::Exited(Exit::new(End::Signal(9), false))),
            CauseKind::Killed,
            "killed by SIGKILL",
        ),
        (
            failed_db().because(Reason::PortInUse(PortHold {
                port: 3000,
                holder: Holder {
                    pid: Some(4242),
                    name: Some("node".to_owned()),
                },
            })),
            CauseKind::PortInUse,
            "port 3000 is in use by node (pid 4242)",
        ),
        (
            service("db", 0, Status::Running, &[]).because(Reason::Stranger {
                attempts: attempts(1, 200, Some("answered by postgres")),
                holder: Holder::default(),
            }),
            CauseKind::Stranger,
            "waiting for tcp :5432: answered by postgres (1 attempt, 0.2 s)",
        ),
        (
            failed_db().because(Reason::NotReadyInTime {
                limit_ms: 2000,
                attempts: attempts(9, 2000, None),
                port: None,
            }),
            CauseKind::NotReadyInTime,
            "not ready within 2 s: waiting for tcp :5432 (2.0 s)",
        ),
        (
            service("db", 0, Status::Running, &[])
                .with(|details| details.kind = Some(Kind::Oneshot)),
            CauseKind::Working,
            "it is still at work",
        ),
        (
            service("db", 0, Status::Stopped, &[])
                .with(|details| details.stopped_by = Some(StoppedBy::StopAll)),
            CauseKind::Stopped,
            "it was stopped with everything else",
        ),
        (
            service("db", 0, Status::Stopped, &[])
                .with(|details| details.stopped_by = Some(StoppedBy::NotStarted))
                .because(Reason::NotStarted {
                    because: NotStarted::Only,
                }),
            CauseKind::NotStarted,
            "it has not been started: --only left it out",
        ),
        (
            service("db", 0, Status::Stopped, &[])
                .with(|details| details.stopped_by = Some(StoppedBy::NotStarted))
                .because(Reason::NotStarted {
                    because: NotStarted::Reload,
                }),
            CauseKind::NotStarted,
            "it has not been started: the boot left it out, and a reload starts only what it adds or restarts",
        ),
        (
            service("db", 0, Status::Unknown, &[]),
            CauseKind::Waiting,
            "it has not been started yet",
        ),
    ];
    for (state, kind, text) in cases {
        let why = explain(&[state], "db");
        assert_eq!(why.causes.len(), 1, "{why:#?}");
        assert_eq!((why.causes[0].kind, &*why.causes[0].text), (kind, text));
        assert_eq!(why.summary, format!("db is not up: {text}"));
    }
}

/// The whole PATH used to stand in every line that named the reason.
#[test]
fn a_missing_program_names_the_path_once() {
    let missing = StartProblem::NotFound {
        name: "nod".to_owned(),
        searched: "/usr/bin:/bin".to_owned(),
    };
    let api = service("api", 0, Status::Failed, &[]).because(Reason::CannotStart(missing));
    let why = explain(&[api], "api");
    assert!(!why.summary.contains("/usr/bin"), "{}", why.summary);
    assert!(!why.causes[0].text.contains("/usr/bin"), "{:?}", why.causes);
    assert_eq!(
        why.causes[0].help.as_deref(),
        Some("searched PATH: /usr/bin:/bin; when it is mended: flowlayer start api")
    );
}

#[test]
fn what_is_up_says_because_of_what() {
    let ready = service("db", 0, Status::Ready, &[]);
    assert_eq!(
        explain(std::slice::from_ref(&ready), "db").summary,
        "db is up: its probe has passed"
    );
    let plain = ServiceState {
        status: Status::Running,
        ..ready.clone()
    };
    let why = explain(&[plain], "db");
    assert_eq!(
        why.summary,
        "db is up: its process runs, and it has no probe"
    );
    assert!(why.up && why.causes.is_empty());
    let oneshot = ready.with(|details| {
        details.kind = Some(Kind::Oneshot);
        details.detail = Some("left 2 processes running".to_owned());
    });
    assert_eq!(
        explain(&[oneshot], "db").summary,
        "db is up: it has run to completion (left 2 processes running)"
    );
}

#[test]
fn a_service_that_failed_names_the_dependency_that_is_down_too() {
    let services = [
        service("api", 1, Status::Failed, &["db"])
            .with(|details| details.detail = Some("exit code 2".to_owned())),
        service("db", 0, Status::Stopped, &[])
            .with(|details| details.stopped_by = Some(StoppedBy::StopService)),
    ];
    let why = explain(&services, "api");
    assert_eq!(why.summary, "api is not up: exit code 2; not up either: db");
    let order: Vec<&str> = why.causes.iter().map(|cause| &*cause.service).collect();
    assert_eq!(order, ["db", "api"], "the root first");
}

#[test]
fn who_waits_for_a_wave_is_told_for_whom() {
    let services = [
        service("fast", 0, Status::Ready, &[]),
        service("other", 1, Status::Unknown, &["fast"]),
        service("slow", 0, Status::Running, &[]).with(|details| details.kind = Some(Kind::Oneshot)),
    ];
    let why = explain(&services, "other");
    assert_eq!(
        why.summary,
        "other is not up because of slow: it is still at work"
    );
    assert!(why.causes[0].path.is_empty(), "it does not depend on slow");
    let overview = Explainer::new(&services).overview();
    assert_eq!((overview.services_up, overview.services), (1, 3));
    assert!(!overview.up);
    assert_eq!(overview.causes.len(), 1);
    assert_eq!(overview.causes[0].affects, ["other"]);
}

#[test]
fn an_overview_names_each_cause_once() {
    let services = [
        blocked("api", 1, &["db"], &["db"]),
        failed_db(),
        service("ok", 0, Status::Ready, &[]),
        blocked("web", 2, &["api"], &["db"]),
    ];
    let overview = Explainer::new(&services).overview();
    assert_eq!(overview.causes.len(), 1);
    assert_eq!(overview.causes[0].cause.service, "db");
    assert_eq!(overview.causes[0].affects, ["api", "web"]);
}

#[test]
fn a_server_that_tells_nothing_but_states_is_understood() {
    let bare = |name: &str, status| ServiceState {
        name: name.to_owned(),
        status,
        details: Details::default(),
    };
    let services = [
        bare("a", Status::Ready),
        bare("b", Status::Failed),
        bare("c", Status::Stopped),
    ];
    assert!(explain(&services, "a").up);
    assert_eq!(
        explain(&services, "b").summary,
        "b is not up: it failed, and the server does not say why"
    );
    assert_eq!(
        explain(&services, "c").summary,
        "c is not up: it was stopped"
    );
    assert!(Explainer::new(&services).explain("d").is_none());
}

#[test]
fn the_log_lines_of_a_cause_are_those_on_stderr_and_not_ours() {
    let line = |seq, stream, message: &str| LogLine {
        seq,
        stream,
        message: message.to_owned(),
        timestamp: UNIX_EPOCH.into(),
        origin: Origin::Service,
    };
    let why = explain(&[failed_db()], "db");
    let mut cause = why.causes[0].clone();
    let lines = [
        line(1, Stream::Stderr, "one"),
        line(2, Stream::Stdout, "out"),
        line(3, Stream::Stderr, "two"),
        line(
            4,
            Stream::Stderr,
            "[flowlayer] of a service that writes like us",
        ),
        LogLine {
            origin: Origin::FlowLayer,
            ..line(5, Stream::Stderr, "[flowlayer] exit code 1")
        },
    ];
    cause.take_log(lines.clone(), 2);
    let seqs: Vec<u64> = cause.log.iter().map(|line| line.seq).collect();
    assert_eq!(seqs, [3, 4]);
    cause.take_log([lines[1].clone(), lines[4].clone()], 2);
    assert_eq!(cause.log[0].message, "out");
}

/// A stack in any state the fields allow, possible or not.
fn stack() -> impl Strategy<Value = Vec<ServiceState>> {
    let status = prop::sample::select(vec![
        Status::Unknown,
        Status::Starting,
        Status::Running,
        Status::Ready,
        Status::Stopping,
        Status::Stopped,
        Status::Failed,
    ]);
    let stopped_by = prop::option::of(prop::sample::select(vec![
        StoppedBy::NotStarted,
        StoppedBy::StopAll,
        StoppedBy::Other,
    ]));
    let one = (
        status,
        any::<bool>(),
        stopped_by,
        prop::collection::vec(0..12usize, 0..4),
        0..4usize,
    );
    prop::collection::vec(one, 1..12).prop_map(|services| {
        services
            .into_iter()
            .enumerate()
            .map(|(index, (status, up, stopped_by, needs, wave))| {
                let needs: Vec<String> = needs.iter().map(|need| format!("s{need}")).collect();
                let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                service(&format!("s{index}"), wave, status, &needs).with(|details| {
                    details.up = Some(up && matches!(status, Status::Running | Status::Ready));
                    details.stopped_by = stopped_by.filter(|_| status == Status::Stopped);
                })
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_service_is_explained_whatever_is_published(services in stack()) {
        let explainer = Explainer::new(&services);
        let overview = explainer.overview();
        for service in &services {
            let why = explainer.explain(&service.name).unwrap();
            prop_assert_eq!(why.up, service.is_up());
            for cause in &why.causes {
                if let Some(first) = cause.path.first() {
                    prop_assert_eq!(first, &service.name);
                    prop_assert_eq!(cause.path.last(), Some(&cause.service));
                }
                let named = overview.causes.iter().find(|one| one.cause.service == cause.service);
                let named = named.expect("in the overview too");
                prop_assert!(
                    cause.service == service.name || named.affects.contains(&service.name)
                );
                // Every step of the path is a dependency that is not up.
                for step in cause.path.windows(2) {
                    let from = services.iter().find(|one| one.name == step[0]).unwrap();
                    let needs = from.details.depends_on.iter().chain(&from.details.blocked_by);
                    prop_assert!(needs.clone().any(|need| *need == step[1]), "{:?}", cause.path);
                    let next = services.iter().find(|one| one.name == step[1]).unwrap();
                    prop_assert!(!next.is_up());
                }
            }
            let waves: Vec<_> = why.causes.iter().map(|cause| {
                services.iter().find(|one| one.name == cause.service).unwrap().details.wave
            }).collect();
            prop_assert!(waves.is_sorted(), "root causes first");
            serde_json::to_string(&why).unwrap();
        }
    }

    #[test]
    fn without_cycles_whatever_is_not_up_has_a_cause(services in stack()) {
        let mut services = services;
        for index in 0..services.len() {
            services[index].details.depends_on.retain(|need| {
                need[1..].parse::<usize>().is_ok_and(|need| need < index)
            });
            let details = &services[index].details;
            let wave = details.depends_on.iter().filter_map(|need| {
                services.iter().find(|one| one.name == *need)?.details.wave
            }).max().map_or(0, |wave| wave + 1);
            services[index].details.wave = Some(wave);
        }
        let explainer = Explainer::new(&services);
        for service in services.iter().filter(|service| !service.is_up()) {
            let why = explainer.explain(&service.name).unwrap();
            prop_assert!(!why.causes.is_empty(), "{:?}", why);
        }
    }
}

/// `why` after such a stop named neither the port nor who has it.
#[test]
fn a_port_that_was_not_released_is_named_with_its_holder() {
    let holder = Holder {
        pid: Some(4242),
        name: Some("node".to_owned()),
    };
    let stopped = service("db", 0, Status::Stopped, &[])
        .with(|details| details.stopped_by = Some(StoppedBy::StopService))
        .because(Reason::PortNotReleased {
            hold: PortHold { port: 3000, holder },
            ours: false,
            error: None,
            by: None,
        });
    let why = explain(std::slice::from_ref(&stopped), "db");
    let [cause] = why.causes.as_slice() else {
        panic!("{why:#?}");
    };
    assert_eq!(cause.kind, CauseKind::Stopped);
    assert_eq!(
        cause.text,
        "it was stopped; port 3000 was not released within 5 s: node (pid 4242) listens on it"
    );
    let help = "end node (pid 4242); then: flowlayer start db";
    assert_eq!(cause.help.as_deref(), Some(help));
}

/// `status --json` repeated it with every service that depends on the one.
#[test]
fn a_brief_explanation_leaves_the_path_that_was_searched_out() {
    let missing = StartProblem::NotFound {
        name: "srv".to_owned(),
        searched: "/usr/bin:/bin".to_owned(),
    };
    let services = [
        service("db", 0, Status::Failed, &[]).because(Reason::CannotStart(missing)),
        blocked("api", 1, &["db"], &["db"]),
    ];
    for name in ["db", "api"] {
        let brief = Explainer::new(&services).explain_briefly(name).unwrap();
        let help = brief.causes[0].help.as_deref();
        assert_eq!(help, Some("when it is mended: flowlayer start db"));
        let whole = explain(&services, name).causes[0].help.clone();
        assert!(whole.unwrap().contains("/usr/bin:/bin"));
    }
}
