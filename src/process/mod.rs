//! Processes: starts, watches, signals and reaps them; and the guardian, which takes them down when
//! the server cannot any more (docs/lifecycle.md, Stopping; docs/lifecycle.md, The guardian).
//!
//! In the server one thread owns all of it; [`Processes`] is its handle, [`Event`]s are its answers. It knows
//! nothing of the rest of the core: a service is a number.
//!
//! From the bottom up, each using only what stands before it: `message` (requests and events), `system`
//! (system calls, what differs between systems), `signals` and `terminal`, `ownership` (which process belongs to
//! which service), `takedown` (who was sent which signal), `leftovers` (of a command in the foreground), `link` (from
//! server to guardian), `table` (scans, reaps, reports), `spawn`, then `worker` (the server's thread) and `guardian`,
//! which drive table and spawn. `captured` stands beside them: a command that a client runs for its
//! output.

pub mod captured;
pub mod guardian;
pub mod leftovers;
mod link;
mod message;
mod ownership;
mod signals;
mod spawn;
mod system;
mod table;
mod takedown;
mod terminal;
#[cfg(test)]
mod tests;
mod worker;

pub use crate::facts::{End, ProcessInfo, Stdio};
pub use message::{
    Event, LAST_GRACE, LifeId, Mode, Request, Role, SpawnError, SpawnRequest, StopCommand, Streams,
    Teardown,
};
pub use ownership::child_above;
pub use signals::{Ask, EndSignals, Interrupts};
pub use system::conceal_argument;
pub use system::prepare::hangup_is_ignored;
pub use system::pty::{DEFAULT_SIZE, Size, set_size};
pub use system::wait::Watched;
pub use terminal::foreground::suspend_job;
pub use terminal::{Reach, Witness, background, foreground};
pub use worker::{Processes, start};
