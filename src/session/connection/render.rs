//! From what the runtime publishes to what travels.

use std::sync::Arc;
use std::time::SystemTime;

use crate::facts::{ConfigState, End, Reason, Status};
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

pub(super) fn snapshot(services: &[Arc<StatusView>], config: &ConfigState) -> Snapshot {
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
        config: Some(config.clone()),
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
    Details {
        up: Some(view.up),
        pid: view.pid,
        exit_code: view.end.and_then(End::code),
        signal: view.end.and_then(End::signal),
        wanted: Some(view.wanted),
        wave: Some(view.wave),
        kind: Some(view.kind),
        since: Some(view.since.into()),
        stopped_by: reason.filter(|_| is_down).and_then(Reason::stopped_by),
        ..Details::default()
    }
    .because(view.reason.clone())
}
