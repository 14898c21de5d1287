//! Readiness probes of FlowLayer: the [`Probe`] trait, the registry, one file a kind.
//!
//! To add a kind, write a file with a `pub(crate) const KIND: Kind` in it and name that constant in
//! [`KINDS`]: how the configuration reads, checks and documents it follows from that.
#![forbid(unsafe_code)]

use std::fmt;

use async_trait::async_trait;

mod errors;
mod exec;
mod http;
mod log;
mod none;
mod registry;
mod tcp;

pub use http::{check_url, local_origin};
pub use registry::{
    Absent, Argument, Arguments, Build, Headers, KINDS, Kind, Parameter, Refusal, Type,
};

/// What one attempt found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Attempt {
    /// Ready.
    Passed,
    /// Not ready (yet), and why, in one line for people: `connection refused`.
    Failed(String),
}

/// How a command ended that a probe asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandEnd {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it.
    Signal(&'static str),
    /// It could not be started, or its limit ran out and it was ended: why.
    NotRun(String),
}

/// Runs a command in the service's environment and directory. The core implements it: probes do
/// not spawn.
#[async_trait]
pub trait RunCommand: Send + Sync {
    /// Runs argv to its end. The caller's limit applies: on expiry the future is dropped and the
    /// command and all its descendants are ended.
    async fn run(&self, argv: &[String]) -> CommandEnd;
}

/// What the core fills in for an attempt.
pub struct Context<'a> {
    /// Whether a line of this life of the service has matched [`Probe::pattern`].
    pub line_matched: bool,
    /// A way to run a command.
    pub commands: &'a dyn RunCommand,
}

/// One way to find out whether a service is ready.
///
/// A probe makes one attempt at a time and knows of nothing else: no services, schedules, retries,
/// limits or events. The core owns all of those.
#[async_trait]
pub trait Probe: fmt::Debug + Send + Sync {
    /// The kind as the configuration names it: `http`.
    fn kind(&self) -> &'static str;

    /// What is probed, without credentials: `http://localhost:3002/healthz`, `127.0.0.1:8088`.
    fn target(&self) -> String;

    /// The same, short, for the boot line `ready (…)`: `http :3002/healthz`, `tcp :8088`.
    fn label(&self) -> String;

    /// Lines to watch for, when the probe depends on output: the core matches them and says so in
    /// [`Context::line_matched`], and attempts only then.
    fn pattern(&self) -> Option<&regex::Regex> {
        None
    }

    /// The port of this machine that it asks, if that is what it does: on a loopback address, `localhost` or
    /// the unspecified address.
    fn port(&self) -> Option<u16> {
        None
    }

    /// One attempt. It must be cancel-safe: the core drops it at its limit, at a stop, at exit.
    async fn attempt(&self, cx: &Context<'_>) -> Attempt;
}
