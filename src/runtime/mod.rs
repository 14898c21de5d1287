//! The runtime: plan in, live stack out.
//!
//! [`lifecycle`] (one service) and [`orchestrator`] (all services) decide and are pure; the actor owns
//! both and performs what they decide; [`Handle`] is what others hold.

mod actor;
mod board;
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
pub mod setup;
pub mod status;
mod strangers;

pub use actor::{DECISIONS, Ended, Runtime};
pub use handle::{
    Action, Decision, Handle, Outcome, Rejection, RequestId, SubscriberId, Subscription, Update,
};
pub use setup::Setup;
pub use status::StatusView;
