//! Whether services are up, will be, or will not be. Pure.

use std::time::Duration;

use flowlayer_core::facts::{Causes, Reason, Status, Timestamp};
use flowlayer_core::protocol::ServiceState;
use tokio::time::Instant;

use crate::session::report::why;
use crate::timeout;

/// How it looks.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Verdict {
    /// All are up.
    Up,
    /// Some are on their way.
    Coming,
    /// These have failed or are blocked.
    Lost { names: Vec<String>, why: String },
    /// These are down, and nothing is starting them.
    AtRest { names: Vec<String>, why: String },
}

/// So many services are named in one line.
const NAMED: usize = 5;

/// Whether this is one of those that are waited for. Without names these are the ones that are
/// meant to be up, and those that have failed to be.
pub(super) fn is_about(service: &ServiceState, names: &[String]) -> bool {
    if names.is_empty() {
        !is_at_rest(service)
    } else {
        names.contains(&service.name)
    }
}

/// Down, and left there: by a stop, or never asked for.
fn is_at_rest(service: &ServiceState) -> bool {
    service.status == Status::Stopped && service.details.wanted == Some(false)
}

fn is_lost(service: &ServiceState) -> bool {
    service.status == Status::Failed || !service.details.blocked_by.is_empty()
}

/// Looks at the services with these names; without names, at all that are meant to be up.
pub(super) fn judge(services: &[&ServiceState], names: &[String]) -> Verdict {
    let about = || {
        services
            .iter()
            .copied()
            .filter(|service| is_about(service, names))
    };
    let lost: Vec<&ServiceState> = about().filter(|service| is_lost(service)).collect();
    if !lost.is_empty() {
        return Verdict::Lost {
            names: lost.iter().map(|service| service.name.clone()).collect(),
            why: listed(&lost, lost_words),
        };
    }
    let is_ending = services
        .iter()
        .any(|service| service.status == Status::Stopping);
    let resting: Vec<&ServiceState> = about().filter(|service| is_at_rest(service)).collect();
    if !resting.is_empty() && !is_ending {
        return Verdict::AtRest {
            names: resting.iter().map(|service| service.name.clone()).collect(),
            why: listed(&resting, |service| {
                format!("{} is stopped, and nobody is starting it", service.name)
            }),
        };
    }
    if about().next().is_none() && !services.is_empty() {
        return if is_ending {
            Verdict::Coming
        } else {
            Verdict::AtRest {
                names: Vec::new(),
                why: "no service is meant to be up: `flowlayer start --all` starts them".to_owned(),
            }
        };
    }
    if about().all(ServiceState::is_up) {
        Verdict::Up
    } else {
        Verdict::Coming
    }
}

/// `db failed: exit code 1`, `api is blocked: db failed`.
fn lost_words(service: &ServiceState) -> String {
    let name = &service.name;
    let word = if service.status == Status::Failed {
        "failed"
    } else {
        "is blocked"
    };
    let why = match service.details.reason.as_deref() {
        Some(Reason::Blocked { by }) => Causes(by).to_string(),
        _ => why(service),
    };
    if why.is_empty() {
        format!("{name} {word}")
    } else {
        format!("{name} {word}: {why}")
    }
}

/// When the services that are up without a probe have settled; `None` when all have.
pub(super) fn settled_at(services: &[&ServiceState], names: &[String]) -> Option<Instant> {
    let unproven = services.iter().filter(|service| {
        is_about(service, names) && service.status == Status::Running && service.is_up()
    });
    let now = Timestamp::now().0;
    let ages = unproven.filter_map(|service| {
        let age = now - service.details.since?.0;
        // A negative one is that of a clock that was set.
        u64::try_from(age).ok().map(Duration::from_millis)
    });
    timeout::settled_at(ages)
}

fn listed(services: &[&ServiceState], why: impl Fn(&ServiceState) -> String) -> String {
    let shown: Vec<String> = services
        .iter()
        .take(NAMED)
        .map(|service| why(service))
        .collect();
    match services.len() - shown.len() {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::{BlockedBy, Code};
    use flowlayer_core::protocol::Details;

    use super::*;

    fn service(name: &str, status: Status, wanted: bool) -> ServiceState {
        ServiceState {
            name: name.to_owned(),
            status,
            details: Details {
                up: Some(status == Status::Ready),
                wanted: Some(wanted),
                ..Details::default()
            },
        }
    }

    /// By the failure of `db`.
    fn blocked(name: &str, status: Status) -> ServiceState {
        let mut service = service(name, status, true);
        service.details = service.details.because(Reason::Blocked {
            by: vec![BlockedBy {
                service: "db".into(),
                code: Code::Exited,
            }],
        });
        service
    }

    fn verdict(services: &[ServiceState], names: &[&str]) -> Verdict {
        let services: Vec<&ServiceState> = services.iter().collect();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        judge(&services, &names)
    }

    #[test]
    fn up_is_all_that_were_asked_for_or_all_that_are_meant_to_be() {
        let up = service("api", Status::Ready, true);
        let idle = service("debug", Status::Stopped, false);
        let coming = service("web", Status::Running, true);
        let planned = service("job", Status::Unknown, false);
        assert_eq!(verdict(&[], &[]), Verdict::Up);
        assert_eq!(verdict(&[up.clone(), idle.clone()], &[]), Verdict::Up);
        let all = [up, idle, coming, planned];
        assert_eq!(verdict(&all, &["api"]), Verdict::Up);
        for names in [&[][..], &["web"], &["job", "api"]] {
            assert_eq!(verdict(&all, names), Verdict::Coming, "{names:?}");
        }
    }

    #[test]
    fn what_failed_or_is_blocked_is_lost_at_once() {
        let mut failed = service("db", Status::Failed, false);
        failed.details.detail = Some("exit code 1 before ready".to_owned());
        let blocked = blocked("api", Status::Stopped);
        let coming = service("web", Status::Starting, true);
        let all = [blocked, failed, coming];
        assert_eq!(
            verdict(&all, &[]),
            Verdict::Lost {
                names: vec!["api".to_owned(), "db".to_owned()],
                why: "api is blocked: db failed; db failed: exit code 1 before ready".to_owned(),
            }
        );
        assert_eq!(verdict(&all, &["web"]), Verdict::Coming);
    }

    #[test]
    fn what_is_blocked_is_lost_before_its_wave_has_come() {
        let failed = service("db", Status::Failed, false);
        let slow = service("build", Status::Running, true);
        let mut up = service("cache", Status::Ready, true);
        up.details.depends_on = vec!["db".to_owned()];
        let all = [failed, slow, blocked("web", Status::Unknown), up];
        let why = "web is blocked: db failed".to_owned();
        let names = vec!["web".to_owned()];
        assert_eq!(verdict(&all, &["web"]), Verdict::Lost { names, why });
        assert_eq!(verdict(&all, &["build"]), Verdict::Coming);
        assert_eq!(verdict(&all, &["cache"]), Verdict::Up, "it runs already");
    }

    #[test]
    fn what_nobody_starts_is_at_rest_unless_something_is_still_ending() {
        let stopped = || service("api", Status::Stopped, false);
        let AtRest { names, .. } = verdict(&[stopped()], &["api"]) else {
            panic!("not at rest")
        };
        assert_eq!(names, ["api"]);
        assert!(matches!(verdict(&[stopped()], &[]), AtRest { .. }));
        let stopping = service("db", Status::Stopping, false);
        let both = [stopped(), stopping];
        for names in [&["api"][..], &[], &["db"]] {
            assert_eq!(verdict(&both, names), Verdict::Coming, "{names:?}");
        }
        // In the middle of a restart.
        let between = service("api", Status::Stopped, true);
        assert_eq!(verdict(&[between], &["api"]), Verdict::Coming);
    }

    use Verdict::AtRest;
}
