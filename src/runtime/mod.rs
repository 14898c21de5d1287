//! The runtime: plan in, live stack out.
//!
//! [`lifecycle`] (one service) and [`orchestrator`] (all services) decide and are pure; the actor owns
//! both and performs what they decide; [`Handle`] is what others hold.

mod actor;
pub mod auto_ports;
mod board;
mod diff;
pub mod handle;
mod last_line;
pub mod lifecycle;
mod listening;
pub mod orchestrator;
mod perform;
mod pipes;
mod port_wait;
mod probe_command;
mod prober;
mod record;
mod reload;
pub mod setup;
mod source;
pub mod status;
mod strangers;
mod watch;

pub use actor::{DECISIONS, Ended, Runtime};
pub use handle::{
    Action, Decision, Handle, Outcome, Rejection, ReloadOptions, RequestId, SubscriberId,
    Subscription, Update,
};
pub use setup::{BootSelection, Setup};
pub use source::{KeptPorts, Source};
pub use status::StatusView;
