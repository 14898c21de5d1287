//! How causes are worded. One place, so that every face of the product says the same.

use super::{Cause, CauseKind};
use crate::protocol::{Kind, PortConflict, ProbeState, ServiceState, Status, StoppedBy};
use crate::shell::quoted;

/// How many causes a summary names.
const NAMED: usize = 3;

/// The answer in one line.
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

/// The reason in one line.
pub(super) fn reason(service: &ServiceState, kind: CauseKind) -> String {
    let details = &service.details;
    // A stopped service's detail is about its port, not about why it was stopped.
    let own_words = match kind {
        CauseKind::Stopped | CauseKind::NotStarted => None,
        _ => details.detail.clone().filter(|detail| !detail.is_empty()),
    };
    own_words.unwrap_or_else(|| match kind {
        CauseKind::PortInUse => details
            .port_conflict
            .as_ref()
            .map_or_else(|| "its port is in use".to_owned(), |it| port(it)),
        CauseKind::Exited => match details.exit_code {
            Some(code) => format!("exit code {code}"),
            None => "it ended".to_owned(),
        },
        CauseKind::Killed => match &details.signal {
            Some(signal) => format!("killed by {signal}"),
            None => "killed by a signal".to_owned(),
        },
        CauseKind::NotReadyInTime => "it was not ready in time".to_owned(),
        CauseKind::Failed => "it failed, and the server does not say why".to_owned(),
        CauseKind::Probing => details
            .probe
            .as_ref()
            .map_or_else(|| "it is not ready yet".to_owned(), |it| probe(it)),
        CauseKind::Working => "it is still at work".to_owned(),
        CauseKind::Starting => "it is being started".to_owned(),
        CauseKind::Stopping => "it is being stopped".to_owned(),
        CauseKind::Stopped => stopped(details.stopped_by).to_owned(),
        CauseKind::NotStarted => {
            "it has not been started: autoStart is false, or --only left it out".to_owned()
        }
        CauseKind::Waiting => "it has not been started yet".to_owned(),
    })
}

const fn stopped(by: Option<StoppedBy>) -> &'static str {
    match by {
        Some(StoppedBy::StopAll) => "it was stopped with everything else",
        Some(StoppedBy::Shutdown) => "the session is ending",
        Some(StoppedBy::NotStarted | StoppedBy::StopService | StoppedBy::Other) | None => {
            "it was stopped"
        }
    }
}

fn port(conflict: &PortConflict) -> String {
    format!("port {} is in use by {}", conflict.port, conflict.holder())
}

/// `waiting for tcp :5432: connection refused (12 attempts, 2.4 s)`.
fn probe(probe: &ProbeState) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is for reading")]
    let seconds = probe.waited_ms as f64 / 1000.0;
    match &probe.last_error {
        None => format!("waiting for {} ({seconds:.1} s)", probe.target),
        Some(error) => {
            let attempts = if probe.attempts == 1 {
                "1 attempt".to_owned()
            } else {
                format!("{} attempts", probe.attempts)
            };
            format!(
                "waiting for {}: {error} ({attempts}, {seconds:.1} s)",
                probe.target
            )
        }
    }
}

/// Whether it failed because its probe did not pass in time, not because its process ended. The
/// stop that follows ends the process too, so the words decide.
pub(super) fn is_over_time(service: &ServiceState) -> bool {
    service.details.probe.is_some()
        && service
            .details
            .detail
            .as_ref()
            .is_some_and(|detail| detail.starts_with("not ready within "))
}

/// What can be done about it.
pub(super) fn help(service: &ServiceState, kind: CauseKind) -> Option<String> {
    let name = quoted(&service.name);
    Some(match kind {
        CauseKind::PortInUse => {
            let conflict = service.details.port_conflict.as_ref()?;
            let holder = conflict.holder();
            format!("end {holder}, or use another port; then: flowlayer start {name}")
        }
        CauseKind::Exited | CauseKind::Killed | CauseKind::NotReadyInTime | CauseKind::Failed => {
            format!("when it is mended: flowlayer start {name}")
        }
        CauseKind::Stopped if service.details.stopped_by == Some(StoppedBy::Shutdown) => {
            return None;
        }
        CauseKind::Stopped | CauseKind::NotStarted => format!("flowlayer start {name}"),
        CauseKind::Probing | CauseKind::Working => format!("flowlayer logs -f {name}"),
        CauseKind::Starting | CauseKind::Stopping | CauseKind::Waiting => return None,
    })
}
