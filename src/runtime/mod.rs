//! The runtime: plan in, live stack out.

pub mod handle;
pub mod lifecycle;
pub mod orchestrator;
pub mod status;

pub use handle::{
    Action, Decision, Handle, Outcome, Rejection, RequestId, SubscriberId, Subscription, Update,
};
pub use status::{ServiceKind, Status, StatusView};
