//! Events (docs/protocol.md, Events).

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::entry::LogEntry;
use super::terminal::TerminalOutput;
use crate::facts::{
    ConfigChanged, ConfigState, Holder, Kind, PortHold, ProbeAttempts, Reason, ServiceSpec, Status,
    StoppedBy, Timestamp,
};

/// The version in `hello`; another one is another language.
pub const PROTOCOL_VERSION: u64 = 1;

/// The `server` in `hello`.
pub const SERVER_NAME: &str = "flowlayer";

/// What a server offers, in the order of `hello`; what we add later is appended.
pub const CAPABILITIES: [&str; 11] = [
    "get_snapshot",
    "get_logs",
    "start_service",
    "stop_service",
    "restart_service",
    "start_all",
    "stop_all",
    "shutdown",
    "reload",
    HISTORY,
    TERMINALS,
];

/// The capability that offers `get_events`; this and [`TERMINALS`] are no names of commands.
pub const HISTORY: &str = "history";

/// The capability that offers `attach_terminal` and what belongs to it.
pub const TERMINALS: &str = "terminals";

/// An event, by its name.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// First on every connection.
    Hello(Hello),
    /// Second on every connection, and after every reload.
    Snapshot(Snapshot),
    /// A status changed, or was repeated.
    ServiceStatus(ServiceStatus),
    /// A new reason within the same status.
    ServiceDetail(ServiceDetail),
    /// The configuration of the session was edited, or a reload has taken it over.
    ConfigChanged(ConfigChanged),
    /// The screen of a service has changed.
    TerminalOutput(TerminalOutput),
    /// One log line.
    Log(LogEntry<'a>),
    /// One this version does not know; to be ignored.
    Unknown {
        /// Its name.
        name: String,
    },
}

/// Who is speaking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub protocol_version: u64,
    /// [`SERVER_NAME`].
    pub server: String,
    /// The commands it takes.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// New for every `serve`. Absent from servers other than ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The number that the first log entry of this session has or will have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u64>,
}

/// The state of all services; the `data` of a `get_snapshot` result too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Sorted by name.
    pub services: Vec<ServiceState>,
    /// The configuration they come from. Absent from servers other than ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigState>,
}

/// What a server reports beyond name and status (docs/protocol.md, Services). Every field is optional, and
/// one that does not parse counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Whether the terminal startup state is reached.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub up: Option<bool>,
    /// Why it is there, as data. A reason of a later version counts as left out: `detail` has its line.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<Reason>>,
    /// The line for people that the reason renders as.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Process id of the leader while it lives.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Exit code of the last life, when it ended by exiting.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Name of the signal that ended the last life.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Whether it is meant to be up: by the boot, a start, or somebody who depends on it; ended by a
    /// stop and by its own failure.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub wanted: Option<bool>,
    /// The services it depends on directly, sorted. In snapshots only.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The services that keep it from starting, sorted.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<String>,
    /// Its layer in the startup plan, from 0.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub wave: Option<usize>,
    /// Daemon or oneshot.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Since when it has this status.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The probe it waits for, or that had not passed when its last life failed.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub probe: Option<Box<ProbeState>>,
    /// Who had its port when it was to be started.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub port_conflict: Option<Box<PortConflict>>,
    /// Who stopped it, when nothing is to start it.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StoppedBy>,
    /// What the session runs for it. In snapshots only.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub spec: Option<Arc<ServiceSpec>>,
}

impl Details {
    /// The same with this reason or with none, and with the fields that repeat its facts.
    #[must_use]
    pub fn because(self, reason: impl Into<Option<Reason>>) -> Self {
        let reason = reason.into();
        let facts = reason.as_ref();
        let blocked_by = facts.map_or(&[][..], Reason::blocked_by).iter();
        Self {
            detail: facts.and_then(Reason::detail),
            blocked_by: blocked_by.map(|by| by.service.to_string()).collect(),
            probe: facts
                .and_then(Reason::probe)
                .map(|attempts| Box::new(attempts.into())),
            port_conflict: facts
                .and_then(Reason::port_conflict)
                .map(|hold| Box::new(hold.into())),
            reason: reason.map(Box::new),
            ..self
        }
    }
}

/// A value that does not parse becomes the default: one field of a later server must not cost its clients
/// the whole snapshot.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// A timestamp that does not parse becomes the current time: what happened matters more than when.
fn or_now<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    Ok(lenient::<D, Option<Timestamp>>(deserializer)?.unwrap_or_else(Timestamp::now))
}

impl From<&ProbeAttempts> for ProbeState {
    fn from(attempts: &ProbeAttempts) -> Self {
        Self {
            target: format!("{} {}", attempts.probe.r#type, attempts.probe.target),
            attempts: attempts.attempts,
            waited_ms: attempts.elapsed_ms,
            pending_ms: attempts.pending_ms,
            last_error: attempts.last.clone(),
            listens_on: attempts.listens_on.clone(),
        }
    }
}

impl From<&PortHold> for PortConflict {
    fn from(hold: &PortHold) -> Self {
        let Holder { pid, name } = hold.holder.clone();
        Self {
            port: hold.port,
            pid,
            process: name,
        }
    }
}

/// Attempts of a probe that has not passed; the same facts as [`Reason::Probing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeState {
    /// What it looks at.
    pub target: String,
    /// Attempts that failed.
    pub attempts: u64,
    /// Since the first attempt, in milliseconds.
    pub waited_ms: u64,
    /// An attempt in progress has had no answer for so long, in milliseconds; absent while attempts are quick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_ms: Option<u64>,
    /// What the last failed attempt ran into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Nobody listens on the port of the probe, but the service does on these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listens_on: Vec<u16>,
}

/// Somebody else's hold on a service's port; the same facts as [`Reason::PortInUse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortConflict {
    /// The port.
    pub port: u16,
    /// Who listens there, as far as the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}

/// A member of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    /// The service's name.
    pub name: String,
    /// Its status.
    pub status: Status,
    /// The rest.
    #[serde(flatten)]
    pub details: Details,
}

impl ServiceState {
    /// Where to open it, if that is known.
    pub fn url(&self) -> Option<&str> {
        self.details.spec.as_ref()?.url.as_deref()
    }

    /// The groups it is in, as far as the session tells.
    pub fn groups(&self) -> &[String] {
        self.details.spec.as_ref().map_or(&[], |spec| &spec.groups)
    }

    /// Whether nobody has started it, and on purpose: `autoStart: false`, or left out by `--only`.
    pub fn is_left_out(&self) -> bool {
        self.status == Status::Stopped && self.details.stopped_by == Some(StoppedBy::NotStarted)
    }

    /// Whether the terminal startup state is reached. Servers other than ours only have the status to say
    /// so.
    pub fn is_up(&self) -> bool {
        self.details.up.unwrap_or(self.status == Status::Ready)
    }
}

/// A status as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The service's name.
    pub service: String,
    /// Its status.
    pub status: Status,
    /// When this was decided.
    #[serde(default = "Timestamp::now", deserialize_with = "or_now")]
    pub timestamp: Timestamp,
    /// The rest.
    #[serde(flatten)]
    pub details: Details,
}

/// A new reason between two status changes; droppable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDetail {
    /// The service's name.
    pub service: String,
    /// Why the service is there, as data.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<Box<Reason>>,
    /// One line for people.
    pub detail: String,
    /// When this was seen.
    #[serde(default = "Timestamp::now", deserialize_with = "or_now")]
    pub timestamp: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_cannot_be_read_does_not_cost_what_happened_then() {
        let started = Timestamp::now();
        for timestamp in [r#","timestamp":"yesterday""#, r#","timestamp":7"#, ""] {
            let text = format!(r#"{{"service":"api","status":"failed","exit_code":3{timestamp}}}"#);
            let status: ServiceStatus = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (status.status, status.details.exit_code),
                (Status::Failed, Some(3))
            );
            assert!(status.timestamp >= started, "{text}");
            let text = format!(r#"{{"service":"api","detail":"waiting"{timestamp}}}"#);
            let detail: ServiceDetail = serde_json::from_str(&text).unwrap();
            assert!(detail.timestamp >= started, "{text}");
        }
    }

    #[test]
    fn what_a_later_server_says_of_a_service_does_not_cost_the_snapshot() {
        let text = r#"{"services":[
            {"name":"api","status":"hibernating","since":"yesterday","pid":-1,"wave":"two",
             "kind":"cron","depends_on":"db","probe":{"target":7},"detail":"asleep","up":false},
            {"name":"db","status":"ready","since":"2026-04-18T10:30:00.007Z","pid":7}
        ]}"#;
        let snapshot: Snapshot = serde_json::from_str(text).unwrap();
        let [api, db] = &snapshot.services[..] else {
            panic!("{snapshot:?}");
        };
        let details = Details {
            detail: Some("asleep".to_owned()),
            up: Some(false),
            ..Details::default()
        };
        assert_eq!((api.status, &api.details), (Status::Unknown, &details));
        assert_eq!((db.status, db.details.pid), (Status::Ready, Some(7)));
        assert!(db.details.since.is_some());
        // Without a name it is no service.
        assert!(serde_json::from_str::<Snapshot>(r#"{"services":[{"status":"ready"}]}"#).is_err());
    }
}
