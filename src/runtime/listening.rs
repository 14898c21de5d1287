//! Where a service listens while nobody listens on the port of its probe (docs/lifecycle.md, Probes).

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Ready;
use crate::{ports, process};

/// How long a service may take to listen before it is asked where it does.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ports that are named.
const NAMED: usize = 8;

/// Looks the ports up, ever less often: each look goes through all processes.
#[derive(Debug)]
pub(super) struct Listening {
    /// The port of the probe.
    port: Option<u16>,
    /// The leader of the service.
    leader: Option<u32>,
    began: Instant,
    next: Instant,
}

impl Listening {
    pub(super) fn new(ready: &Ready, leader: Option<u32>) -> Self {
        let began = Instant::now();
        // Before its time is over.
        let half = ready.timeout.map(|timeout| timeout / 2);
        Self {
            port: ready.probe.port(),
            leader,
            began,
            next: began + half.unwrap_or(PATIENCE).min(PATIENCE),
        }
    }

    /// After a failed attempt: the ports on which the service listens instead, if it was time to look.
    pub(super) async fn elsewhere(&mut self) -> Option<Vec<u16>> {
        let (port, leader) = (self.port?, self.leader?);
        let now = Instant::now();
        if now < self.next {
            return None;
        }
        self.next = now + (now - self.began);
        let look = tokio::task::spawn_blocking(move || {
            ports::other_ports(port, |pid| process::child_above(pid) == Some(leader))
        });
        let mut ports = look.await.ok()?.ok()?;
        ports.truncate(NAMED);
        Some(ports)
    }
}
