//! From what the runtime publishes to what travels.

use std::sync::Arc;
use std::time::SystemTime;

use crate::protocol::{
    CAPABILITIES, Details, Hello, Kind, PROTOCOL_VERSION, PortConflict, ProbeState, SERVER_NAME,
    ServiceState, ServiceStatus, Snapshot, Status, StoppedBy,
};
use crate::runtime::{self, ServiceKind, StatusView};
use crate::session::config::SessionConfig;

pub(super) fn hello(config: &SessionConfig) -> Hello {
    Hello {
        protocol_version: PROTOCOL_VERSION,
        server: SERVER_NAME.to_owned(),
        capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
        session_id: Some(config.session_id.to_string()),
        first_seq: Some(config.first_seq),
    }
}

pub(super) fn snapshot(services: &[Arc<StatusView>]) -> Snapshot {
    Snapshot {
        services: services
            .iter()
            .map(|view| ServiceState {
                name: view.name.to_string(),
                status: status(view.status),
                details: Details {
                    depends_on: view.depends_on.iter().map(ToString::to_string).collect(),
                    ..details(view)
                },
            })
            .collect(),
    }
}

pub(super) fn service_status(view: &StatusView, at: SystemTime) -> ServiceStatus {
    ServiceStatus {
        service: view.name.to_string(),
        status: status(view.status),
        timestamp: at.into(),
        details: details(view),
    }
}

fn details(view: &StatusView) -> Details {
    Details {
        up: Some(view.up),
        detail: view.detail.clone(),
        pid: view.pid,
        exit_code: view.exit_code,
        signal: view.signal.map(str::to_owned),
        wanted: Some(view.wanted),
        depends_on: Vec::new(),
        blocked_by: view.blocked_by.iter().map(ToString::to_string).collect(),
        wave: Some(view.wave),
        kind: Some(match view.kind {
            ServiceKind::Daemon => Kind::Daemon,
            ServiceKind::Oneshot => Kind::Oneshot,
        }),
        since: Some(view.since.into()),
        probe: view.reasons.probe.as_ref().map(probe).map(Box::new),
        port_conflict: view
            .reasons
            .port_conflict
            .as_ref()
            .map(port_conflict)
            .map(Box::new),
        stopped_by: view.reasons.stopped_by.map(stopped_by),
    }
}

fn probe(tally: &runtime::ProbeTally) -> ProbeState {
    ProbeState {
        target: tally.target.clone(),
        attempts: tally.failed,
        waited_ms: u64::try_from(tally.waited.as_millis()).unwrap_or(u64::MAX),
        last_error: tally.last_error.clone(),
    }
}

fn port_conflict(conflict: &runtime::PortConflict) -> PortConflict {
    PortConflict {
        port: conflict.port,
        pid: conflict.pid,
        process: conflict.process.clone(),
    }
}

fn stopped_by(by: runtime::StoppedBy) -> StoppedBy {
    match by {
        runtime::StoppedBy::NotStarted => StoppedBy::NotStarted,
        runtime::StoppedBy::StopService => StoppedBy::StopService,
        runtime::StoppedBy::StopAll => StoppedBy::StopAll,
        runtime::StoppedBy::Shutdown => StoppedBy::Shutdown,
    }
}

fn status(status: runtime::Status) -> Status {
    match status {
        runtime::Status::Unknown => Status::Unknown,
        runtime::Status::Starting => Status::Starting,
        runtime::Status::Running => Status::Running,
        runtime::Status::Ready => Status::Ready,
        runtime::Status::Stopping => Status::Stopping,
        runtime::Status::Stopped => Status::Stopped,
        runtime::Status::Failed => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rooms_use_the_same_words() {
        use runtime::Status as Inside;
        for inside in [
            Inside::Unknown,
            Inside::Starting,
            Inside::Running,
            Inside::Ready,
            Inside::Stopping,
            Inside::Stopped,
            Inside::Failed,
        ] {
            assert_eq!(inside.as_str(), status(inside).as_str());
        }
    }
}
