//! Why a service is not up, for the detail view: the causes that the core finds, with the log lines that are here.

use flowlayer_core::facts::{Holder, Origin, Stream, Timestamp};
use flowlayer_core::protocol::ServiceState;
use flowlayer_core::why::{Cause, CauseKind, Explainer, LogLine};

use super::cells::plain;
use super::log::{Content, Item};
use super::model::Model;
use super::service::ServiceModel;

/// Causes shown. If more services fail, they usually have one cause, which is among these.
const SHOWN: usize = 4;
/// Lines shown of the log of a cause.
const LINES: usize = 5;

/// A label and a text.
pub(crate) type Fact = (&'static str, String);

/// Each cause with its facts, the root causes first.
pub(crate) fn of(model: &Model, service: &ServiceModel) -> Vec<Fact> {
    if service.is_up() {
        return Vec::new();
    }
    let all = model.services.all().iter();
    let states: Vec<ServiceState> = all.map(state).collect();
    let why = Explainer::new(&states).explain(&service.name);
    let mut causes = why.map(|why| why.causes).unwrap_or_default();
    let mut facts = Vec::new();
    let more = causes.len().saturating_sub(SHOWN);
    let mut label = "because of";
    for cause in causes.iter_mut().take(SHOWN) {
        if cause.wants_log() {
            cause.take_log(lines(model, &cause.service.clone()), LINES);
        }
        // What is wrong with the service itself is above.
        if cause.service != *service.name {
            let path = cause.path.join(" → ");
            let path = if path.is_empty() {
                &cause.service
            } else {
                &path
            };
            facts.push((
                std::mem::take(&mut label),
                plain(&format!("{path}: {}", cause.text)),
            ));
        }
        about(cause, &mut facts);
    }
    if more > 0 {
        facts.push(("", format!("and {more} more")));
    }
    facts
}

/// What is known beyond the reason.
fn about(cause: &Cause, facts: &mut Vec<Fact>) {
    use CauseKind::{NotReadyInTime, Probing, Stranger};
    if let Some(probe) = &cause.probe
        && !matches!(cause.kind, Probing | Stranger | NotReadyInTime)
    {
        let error = probe.last_error.as_deref().unwrap_or("no answer yet");
        facts.push(("its probe", plain(&format!("{}: {error}", probe.target))));
    }
    if let Some(port) = &cause.port_conflict {
        let holder = Holder {
            pid: port.pid,
            name: port.process.clone(),
        };
        facts.push((
            "its port",
            plain(&format!("{}, held by {holder}", port.port)),
        ));
    }
    let mut label = match cause.log.first().map(|line| line.stream) {
        Some(Stream::Stderr) => "stderr",
        _ => "stdout",
    };
    for line in &cause.log {
        facts.push((std::mem::take(&mut label), plain(&line.message)));
    }
    if let Some(help) = &cause.help {
        facts.push(("help", plain(help)));
    }
}

/// The newest lines of a service, as far as they are here.
fn lines(model: &Model, service: &str) -> Vec<LogLine> {
    let line = |item: &std::sync::Arc<Item>| match &item.content {
        Content::Line { stream, text, .. } if item.service.as_deref() == Some(service) => {
            Some(LogLine {
                seq: item.place.seq,
                stream: *stream,
                message: text.to_string(),
                timestamp: Timestamp(item.at),
                origin: Origin::Service,
            })
        }
        _ => None,
    };
    model.logs.recent.above(0).filter_map(line).collect()
}

fn state(service: &ServiceModel) -> ServiceState {
    ServiceState {
        name: service.name.to_string(),
        status: service.status,
        details: service.details.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    fn shown(name: &str) -> Vec<Fact> {
        let model = fixture::model(80, 24, true);
        let service = model.services.get(name).unwrap();
        of(&model, service)
    }

    #[test]
    fn who_is_blocked_is_told_by_whom_with_the_log_and_the_help() {
        let facts = shown("gateway");
        for (label, text) in [
            ("because of", "gateway → worker: exit code 1 before ready"),
            ("stderr", "error: QUEUE_URL is not set"),
            ("help", "when it is mended: flowlayer start worker"),
        ] {
            let fact = (label, text.to_owned());
            assert!(facts.contains(&fact), "{fact:?} is not in {facts:?}");
        }
        let own = shown("worker");
        assert!(
            own.iter().all(|(label, _)| *label != "because of"),
            "{own:?}"
        );
        assert!(own.iter().any(|(label, _)| *label == "stderr"), "{own:?}");
        assert!(shown("api").is_empty(), "it is up");
    }
}
