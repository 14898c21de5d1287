//! Waiting for a port to be free: before a start and after a stop (docs/lifecycle.md, Ports).

use std::time::Duration;

use tokio::time::Instant;

use super::lifecycle::Event as Step;
use crate::facts::{Holder, PortHold, Reason};
use crate::ports;
use crate::process::{self, LifeId};

/// How long a port may stay in use after a stop (docs/lifecycle.md, Ports).
pub(super) const RELEASE_LIMIT: Duration = Duration::from_secs(5);

/// Waits until a port has no listener; returns the listener if the limit is over. The system does not report
/// when that happens, so it is asked, ever less often.
pub(super) async fn await_free(port: u16, limit: Duration) -> std::io::Result<Option<Holder>> {
    let blocking = async |look: fn(u16) -> std::io::Result<Option<Holder>>| {
        tokio::task::spawn_blocking(move || look(port))
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    };
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(5);
    while Instant::now() < deadline {
        let taken = blocking(|port| Ok(ports::is_taken(port)?.then(Holder::default)));
        if taken.await?.is_none() {
            return Ok(None);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
    blocking(ports::listener).await
}

/// Waits for the port of a stopped service.
pub(super) async fn await_release(life: LifeId, port: u16) -> Step {
    let (holder, error) = match await_free(port, RELEASE_LIMIT).await {
        Ok(None) => return Step::PortReleased(life, None),
        Ok(Some(holder)) => (holder, None),
        Err(error) => (Holder::default(), Some(error.to_string())),
    };
    let hold = PortHold { port, holder };
    if hold.holder.pid.and_then(process::child_above).is_some() {
        return Step::PortHeld(life, hold);
    }
    let reason = Reason::PortNotReleased {
        hold,
        ours: false,
        error,
        by: None,
    };
    Step::PortReleased(life, Some(reason))
}
