//! From what the runtime publishes to what travels.

use std::sync::Arc;
use std::time::SystemTime;

use crate::facts::{End, Reason, Status};
use crate::protocol::{
    CAPABILITIES, Details, Hello, PROTOCOL_VERSION, SERVER_NAME, ServiceDetail, ServiceState,
    ServiceStatus, Snapshot,
};
use crate::runtime::StatusView;
use crate::session::config::SessionConfig;

/// What the specs of all services of a snapshot may come to, roughly in bytes. Beyond that they are left
/// out: one message stays under 15 MiB.
const MOST_SPECS: usize = 10 << 20;

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
    let size: usize = services.iter().map(|view| view.spec.size()).sum();
    Snapshot {
        services: services
            .iter()
            .map(|view| ServiceState {
                name: view.name.to_string(),
                status: view.status,
                details: Details {
                    depends_on: view.depends_on.iter().map(ToString::to_string).collect(),
                    spec: (size <= MOST_SPECS).then(|| Arc::clone(&view.spec)),
                    ..details(view)
                },
            })
            .collect(),
    }
}

pub(super) fn service_status(view: &StatusView, at: SystemTime) -> ServiceStatus {
    ServiceStatus {
        service: view.name.to_string(),
        status: view.status,
        timestamp: at.into(),
        details: details(view),
    }
}

pub(super) fn service_detail(view: &StatusView, at: SystemTime) -> ServiceDetail {
    ServiceDetail {
        service: view.name.to_string(),
        reason: view.reason.clone().map(Box::new),
        detail: view
            .reason
            .as_ref()
            .map(Reason::to_string)
            .unwrap_or_default(),
        timestamp: at.into(),
    }
}

fn details(view: &StatusView) -> Details {
    let reason = view.reason.as_ref();
    let is_down = matches!(view.status, Status::Stopping | Status::Stopped);
    let blocked_by = reason.map(Reason::blocked_by).unwrap_or_default();
    Details {
        up: Some(view.up),
        reason: reason.cloned().map(Box::new),
        detail: reason.and_then(Reason::detail),
        pid: view.pid,
        exit_code: view.end.and_then(End::code),
        signal: view.end.and_then(End::signal),
        wanted: Some(view.wanted),
        depends_on: Vec::new(),
        blocked_by: blocked_by.iter().map(|by| by.service.to_string()).collect(),
        wave: Some(view.wave),
        kind: Some(view.kind),
        since: Some(view.since.into()),
        probe: reason.and_then(Reason::probe).map(|it| Box::new(it.into())),
        port_conflict: reason
            .and_then(Reason::port_conflict)
            .map(|it| Box::new(it.into())),
        stopped_by: reason.filter(|_| is_down).and_then(Reason::stopped_by),
        spec: None,
    }
}
