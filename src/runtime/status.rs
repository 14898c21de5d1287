//! A service as published: its status and the facts beside it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::facts::{End, Kind, Reason, ServiceSpec, Status};

/// One service as published: in snapshots, in status events, on the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// Index in the name-sorted list of services; the same everywhere in the core.
    pub service: usize,
    /// The service's name, byte for byte as in the config.
    pub name: Arc<str>,
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// The reason for its status: what it waits for, why it failed, who stopped it.
    pub reason: Option<Reason>,
    /// Process id of the leader while it lives.
    pub pid: Option<u32>,
    /// How its last life ended, until the next one begins.
    pub end: Option<End>,
    /// Whether it is meant to be up (docs/lifecycle.md, Up and wanted).
    pub wanted: bool,
    /// What it depends on directly, sorted.
    pub depends_on: Arc<[Arc<str>]>,
    /// Its layer in the startup plan, from 0.
    pub wave: usize,
    /// Daemon or oneshot.
    pub kind: Kind,
    /// Since when it has this status.
    pub since: SystemTime,
    /// What the session runs for it.
    pub spec: Arc<ServiceSpec>,
    /// Its probe, short: `http :3002/healthz`.
    pub ready_label: Option<Arc<str>>,
}

#[cfg(test)]
impl StatusView {
    /// A running daemon without anything special.
    pub(crate) fn sample(service: usize, name: &str) -> Self {
        Self {
            service,
            name: name.into(),
            status: Status::Running,
            up: true,
            reason: None,
            pid: None,
            end: None,
            wanted: true,
            depends_on: Arc::default(),
            wave: 0,
            kind: Kind::Daemon,
            since: SystemTime::UNIX_EPOCH,
            spec: Arc::default(),
            ready_label: None,
        }
    }
}
