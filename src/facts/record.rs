//! What happened to a session, as records: made by the runtime, kept with the log, read by everybody
//! (docs/history.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Change, End, Kind, ProcessInfo, Reason, ServiceSpec, Status, Timestamp};

/// The format of the records that this version makes; a higher one is of a later version.
pub const FORMAT: u32 = 1;

/// Something that happened, in its place among the lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Ascends with every record, across the sessions of a directory.
    pub number: u64,
    /// For the directory alone: no client gets it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private: bool,
    /// When. Clocks step: it may be before that of the record before.
    pub timestamp: Timestamp,
    /// The number of the newest log entry at that moment.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A session began.
    SessionStarted {
        /// [`FORMAT`].
        format: u32,
        /// Its id.
        session: String,
        /// The version of the program.
        version: String,
        /// The configuration, absolute.
        config: String,
        /// The number that its first log entry has or will have.
        first_seq: u64,
        /// How many services it has.
        services: usize,
    },
    /// A service is defined like this from here on; at the start of a session each is.
    Defined(Box<Definition>),
    /// What stands for the values of a service's variables: equal values have equal marks, as long as the key of
    /// the directory is the same.
    Variables {
        /// The service.
        service: Arc<str>,
        /// By name.
        marks: BTreeMap<String, String>,
    },
    /// The boot began.
    BootStarted,
    /// The boot has resolved.
    BootEnded(BootEnd),
    /// A status of a service, as published.
    Status(Box<StatusRecord>),
    /// Somebody wants something done. Its number is that of the command in what follows.
    Command {
        /// Who: the `User-Agent` of the connection, or `signal`.
        by: Arc<str>,
        /// The name of the command in the protocol.
        command: String,
        /// The service it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<Arc<str>>,
    },
    /// A command was refused.
    Refused {
        /// The number of its record.
        command: u64,
        /// Why.
        message: String,
    },
    /// A command has ended.
    Result {
        /// The number of its record.
        command: u64,
        /// Whether it worked.
        ok: bool,
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The failed and blocked services among those it was about, sorted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failed_services: Vec<Arc<str>>,
    },
    /// An attempt of a probe failed: the first of a wait, or the last before the wait ended.
    ProbeFailed {
        /// The service.
        service: Arc<str>,
        /// Which attempt, from 1.
        attempt: u64,
        /// What it ran into.
        error: String,
        /// When; that of the record, unless it is the last one.
        at: Timestamp,
        /// No attempt of this wait failed after it.
        #[serde(default, skip_serializing_if = "is_default")]
        last: bool,
    },
    /// A signal is sent to the processes of a service, or of all.
    Signal {
        /// The service; absent for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<Arc<str>>,
        /// Which.
        signal: String,
    },
    /// The definitions of a reload count from here on. Those that differ follow.
    Reloaded {
        /// What differs.
        changes: Vec<Change>,
        /// Services that the session does not have any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<Arc<str>>,
    },
    /// The session began to end.
    ShuttingDown,
    /// The session has ended.
    SessionEnded {
        /// Everything could be stopped.
        clean: bool,
        /// What could not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<ProcessInfo>,
        /// It ended because its guardian had died.
        #[serde(default, skip_serializing_if = "is_default")]
        guardian_lost: bool,
    },
    /// Something that a later version records.
    #[serde(other)]
    Unknown,
}

/// How a boot ended; the numbers count services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootEnd {
    /// Services that are up.
    pub up: usize,
    /// Services that failed.
    pub failed: usize,
    /// Services that are blocked.
    pub blocked: usize,
    /// Ended by a `stop_all` or a signal.
    pub cancelled: bool,
}

/// A service as a session defines it, and its state when it did so first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub service: Arc<str>,
    /// Daemon or oneshot.
    pub kind: Kind,
    /// Its layer in the startup plan, from 0.
    pub wave: usize,
    /// What it depends on directly, sorted.
    #[serde(default)]
    pub depends_on: Arc<[Arc<str>]>,
    /// What the session runs for it.
    pub spec: Arc<ServiceSpec>,
    /// Its state; absent where a reload defines a known service anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// A published status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// The service.
    pub service: Arc<str>,
    /// Its state.
    #[serde(flatten)]
    pub state: State,
}

/// The state of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// Whether it is meant to be up.
    pub wanted: bool,
    /// Process id of the leader while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How its last life ended, until the next one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when it has this status.
    pub since: Timestamp,
}

impl Record {
    /// Reads a line; `None` if it is no record.
    pub fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
