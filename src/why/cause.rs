//! One cause, with the facts that belong to it.

use serde::Serialize;

use super::text;
use crate::facts::{End, Kind, Origin, Reason, Status, StoppedBy, Stream, Timestamp};
use crate::protocol::{PortConflict, ProbeState, ServiceState};

/// A service that is not up for a reason of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The service.
    pub service: String,
    /// Its status.
    pub status: Status,
    /// What kind of reason it is.
    pub kind: CauseKind,
    /// The reason in one line.
    pub text: String,
    /// What can be done about it, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// From the service asked about to this one, along what is waited for; both included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// Since when it has its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Exit code of its last life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Name of the signal that ended its last life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The probe that has not passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Box<ProbeState>>,
    /// Who has its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_conflict: Option<Box<PortConflict>>,
    /// Who stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StoppedBy>,
    /// It waits for a line of its output.
    #[serde(skip)]
    waits_for_line: bool,
    /// Its last log lines, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Somebody else listens on its port.
    PortInUse,
    /// Its process ended by itself.
    Exited,
    /// A signal ended its process.
    Killed,
    /// Its probe had not passed when its time was over.
    NotReadyInTime,
    /// It failed in another way: it could not be started, or not be stopped.
    Failed,
    /// Its probe has not passed yet.
    Probing,
    /// Somebody else answers its probe.
    Stranger,
    /// It is a oneshot that is still at work.
    Working,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// Somebody stopped it.
    Stopped,
    /// Nobody has started it.
    NotStarted,
    /// It waits, and the server does not say for what.
    Waiting,
}

/// A line of a service's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Its number.
    pub seq: u64,
    /// Where the service wrote it to.
    pub stream: Stream,
    /// The line.
    pub message: String,
    /// When it was read.
    pub timestamp: Timestamp,
    /// Who wrote it.
    #[serde(skip)]
    pub origin: Origin,
}

impl Cause {
    /// `path`: the services that lead to it; `None` for an explanation in brief.
    pub(super) fn of(service: &ServiceState, path: Option<Vec<String>>) -> Self {
        let kind = CauseKind::of(service);
        let details = &service.details;
        Self {
            service: service.name.clone(),
            status: service.status,
            kind,
            text: text::reason(service, kind),
            help: text::help(service, kind, path.is_none()),
            path: path.unwrap_or_default(),
            since: details.since,
            exit_code: details.exit_code,
            signal: details.signal.clone(),
            probe: details.probe.clone(),
            port_conflict: details.port_conflict.clone(),
            stopped_by: details.stopped_by,
            waits_for_line: matches!(
                details.reason.as_deref(),
                Some(Reason::Probing(attempts) | Reason::NotReadyInTime { attempts, .. })
                    if attempts.probe.r#type == "log"
            ),
            log: Vec::new(),
        }
    }

    /// Whether its log is likely to say more.
    pub fn wants_log(&self) -> bool {
        matches!(
            self.kind,
            CauseKind::Exited
                | CauseKind::Killed
                | CauseKind::NotReadyInTime
                | CauseKind::Failed
                | CauseKind::Probing
                | CauseKind::Stranger
                | CauseKind::Working
                | CauseKind::Stopping
        )
    }

    /// Takes the last of these lines of the service, at most `most`: what it wrote to stderr, or
    /// when that is nothing, to stdout. What FlowLayer has added to the log is left out: the
    /// reason says it already. Where a line is waited for and this life has printed none, the help says why that
    /// may be.
    pub fn take_log(&mut self, lines: impl IntoIterator<Item = LogLine>, most: usize) {
        // Once it has failed, its status is younger than its life.
        let began = self.since.filter(|_| self.kind == CauseKind::Probing);
        let mut has_printed = false;
        let (mut stderr, mut stdout): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .filter(|line| line.origin.is_service())
            .inspect(|line| has_printed |= began.is_none_or(|began| began <= line.timestamp))
            .partition(|line| line.stream == Stream::Stderr);
        let lines = if stderr.is_empty() {
            &mut stdout
        } else {
            &mut stderr
        };
        lines.drain(..lines.len().saturating_sub(most));
        self.log = std::mem::take(lines);
        if self.waits_for_line && !has_printed {
            self.help = Some(text::BUFFERED.to_owned());
        }
    }
}

impl CauseKind {
    fn of(service: &ServiceState) -> Self {
        match service.details.reason.as_deref() {
            Some(Reason::PortInUse(_)) => Self::PortInUse,
            Some(Reason::NotReadyInTime { .. }) => Self::NotReadyInTime,
            Some(Reason::Exited(exit)) => match exit.end {
                End::Code(_) => Self::Exited,
                End::Signal(_) => Self::Killed,
            },
            Some(Reason::Probing(_)) => Self::Probing,
            Some(Reason::Stranger { .. }) => Self::Stranger,
            Some(Reason::Working { .. }) => Self::Working,
            Some(Reason::NotStarted { .. }) => Self::NotStarted,
            Some(
                Reason::WaitingForWave { .. } | Reason::WaitingFor { .. } | Reason::Blocked { .. },
            ) => Self::Waiting,
            _ => Self::of_status(service),
        }
    }

    /// What the status alone says, for reasons without a kind of their own and for servers that give
    /// none.
    fn of_status(service: &ServiceState) -> Self {
        let details = &service.details;
        match service.status {
            Status::Failed => Self::Failed,
            Status::Starting => Self::Starting,
            Status::Running | Status::Ready if details.kind == Some(Kind::Oneshot) => Self::Working,
            Status::Running | Status::Ready => Self::Probing,
            Status::Stopping => Self::Stopping,
            Status::Stopped if details.blocked_by.is_empty() => Self::Stopped,
            Status::Stopped | Status::Unknown => Self::Waiting,
        }
    }
}
