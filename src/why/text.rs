//! The text of causes, in one place, so that every command shows the same.

use super::{Cause, CauseKind};
use crate::facts::{Kind, NotStarted, Reason, StartProblem, Status, StoppedBy};
use crate::protocol::ServiceState;
use crate::shell::quoted;

/// How many causes a summary names.
const NAMED: usize = 3;

pub(super) fn summary(service: &ServiceState, causes: &[Cause]) -> String {
    let name = &service.name;
    if service.is_up() {
        return format!("{name} is up: {}", why_up(service));
    }
    let own = causes.iter().find(|cause| cause.service == *name);
    let others: Vec<&Cause> = causes
        .iter()
        .filter(|cause| cause.service != *name)
        .collect();
    match (own, others.as_slice()) {
        (Some(own), []) => format!("{name} is not up: {}", own.text),
        (Some(own), others) => format!(
            "{name} is not up: {}; not up either: {}",
            own.text,
            names(others)
        ),
        (None, []) => format!("{name} is not up, and the server does not say why"),
        (None, [one]) => format!("{name} is not up because of {}: {}", one.service, one.text),
        (None, others) => format!("{name} is not up because of {}", names(others)),
    }
}

fn names(causes: &[&Cause]) -> String {
    let shown = causes.iter().take(NAMED).map(|cause| &*cause.service);
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if causes.len() > NAMED {
        shown = format!("{shown} and {} more", causes.len() - NAMED);
    }
    shown
}

fn why_up(service: &ServiceState) -> String {
    let because = match (service.details.kind, service.status) {
        (Some(Kind::Oneshot), _) => "it has run to completion",
        (_, Status::Ready) => "its probe has passed",
        _ => "its process runs, and it has no probe",
    };
    match &service.details.detail {
        Some(detail) => format!("{because} ({detail})"),
        None => because.to_owned(),
    }
}

/// The reason in one line: the server's own, or, where the kind says it all, ours.
pub(super) fn reason(service: &ServiceState, kind: CauseKind) -> String {
    let details = &service.details;
    let own = match kind {
        // Why a service is stopped matters more than who has its port now, or what may be left of it.
        CauseKind::Stopped => {
            let stopped = stopped(details.stopped_by);
            details
                .detail
                .as_ref()
                .map(|detail| format!("{stopped}; {detail}"))
        }
        CauseKind::NotStarted => None,
        _ => details.detail.clone().filter(|detail| !detail.is_empty()),
    };
    own.unwrap_or_else(|| {
        let text = match kind {
            CauseKind::PortInUse => "its port is in use",
            CauseKind::Exited => "its process ended",
            CauseKind::Killed => "a signal ended its process",
            CauseKind::NotReadyInTime => "it was not ready in time",
            CauseKind::Failed => "it failed, and the server does not say why",
            CauseKind::Probing => "it is not ready yet",
            CauseKind::Stranger => "another process answers its probe",
            CauseKind::Working => "it is still at work",
            CauseKind::Starting => "it is being started",
            CauseKind::Stopping => "it is being stopped",
            CauseKind::Stopped => stopped(details.stopped_by),
            CauseKind::NotStarted => not_started(details.reason.as_deref()),
            CauseKind::Waiting => "it has not been started yet",
        };
        text.to_owned()
    })
}

const fn stopped(by: Option<StoppedBy>) -> &'static str {
    match by {
        Some(StoppedBy::StopAll) => "it was stopped with everything else",
        Some(StoppedBy::Shutdown) => "the session is ending",
        Some(StoppedBy::Reload) => "a reload removed it",
        Some(StoppedBy::NotStarted | StoppedBy::StopService | StoppedBy::Other) | None => {
            "it was stopped"
        }
    }
}

const fn not_started(reason: Option<&Reason>) -> &'static str {
    match reason {
        Some(Reason::NotStarted {
            because: NotStarted::AutoStart,
        }) => "it has not been started: it has autoStart: false",
        Some(Reason::NotStarted {
            because: NotStarted::Only,
        }) => "it has not been started: --only left it out",
        Some(Reason::NotStarted {
            because: NotStarted::Reload,
        }) => {
            "it has not been started: the boot left it out, and a reload starts only what it adds or restarts"
        }
        _ => "it has not been started: autoStart is false, or --only left it out",
    }
}

/// The help for a service that waits for a line of its output and has printed none.
pub(super) const BUFFERED: &str = "it has printed nothing: many programs hold back what they write to a pipe; set \
     PYTHONUNBUFFERED=1 for Python, put `stdbuf -oL` in front of other commands";

/// The help for a service that listens, but not where its probe asks.
fn other_port(service: &ServiceState) -> Option<String> {
    let attempts = service.details.reason.as_deref()?.probe()?;
    let asked = attempts.probe.port?;
    (!attempts.listens_on.is_empty()).then(|| {
        format!(
            "{} listens on {}, not on {asked}: correct the port in `ready`, or the one that the command uses",
            service.name,
            attempts.ports()
        )
    })
}

/// What to do about it. `briefly`: without what is long, such as the `PATH` that was searched.
pub(super) fn help(service: &ServiceState, kind: CauseKind, briefly: bool) -> Option<String> {
    let name = quoted(&service.name);
    Some(match kind {
        CauseKind::PortInUse => {
            let holder = &service.details.reason.as_ref()?.port_conflict()?.holder;
            format!("end {holder}, or use another port; then: flowlayer start {name}")
        }
        CauseKind::Stranger => {
            let Reason::Stranger { holder, .. } = service.details.reason.as_deref()? else {
                return None;
            };
            format!(
                "end {holder}, use another port, or, if it is to answer, set \"owner\": \"any\" in `ready`"
            )
        }
        CauseKind::Exited | CauseKind::Killed | CauseKind::NotReadyInTime | CauseKind::Failed => {
            let searched = match service.details.reason.as_deref() {
                Some(Reason::CannotStart(StartProblem::NotFound { name, searched }))
                    if !briefly && !name.contains('/') =>
                {
                    format!("searched PATH: {searched}; ")
                }
                _ => String::new(),
            };
            let port = match kind {
                CauseKind::NotReadyInTime => other_port(service),
                _ => None,
            };
            let port = port.map(|text| format!("{text}; ")).unwrap_or_default();
            format!("{searched}{port}when it is mended: flowlayer start {name}")
        }
        CauseKind::Stopped if service.details.stopped_by == Some(StoppedBy::Shutdown) => {
            return None;
        }
        CauseKind::Stopped | CauseKind::NotStarted => match service.details.reason.as_deref() {
            Some(Reason::PortNotReleased {
                hold, error: None, ..
            }) => format!("end {}; then: flowlayer start {name}", hold.holder),
            _ => format!("flowlayer start {name}"),
        },
        CauseKind::Probing | CauseKind::Working => {
            other_port(service).unwrap_or_else(|| format!("flowlayer logs -f {name}"))
        }
        CauseKind::Starting | CauseKind::Stopping | CauseKind::Waiting => return None,
    })
}
