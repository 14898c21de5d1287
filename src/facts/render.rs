//! The line for people that each reason makes: the protocol's `detail`, and what the runtime writes into a
//! service's log. Other faces choose their own words from the same facts.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::readable::shown_path;
use super::reason::{BlockedBy, Ending, Exit, PortHold, ProbeAttempts, Reason, StopRound};
use super::{End, Holder, ProcessInfo, StartProblem, StopCmdFailure};

impl Reason {
    /// The line for people; `None` where the status says it all.
    pub fn detail(&self) -> Option<String> {
        Some(self.to_string()).filter(|line| !line.is_empty())
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingForWave { wave, .. } => write!(f, "waiting for wave {wave} to resolve"),
            Self::WaitingFor { on } => write!(f, "waiting for {}", on.join(", ")),
            Self::Blocked { by } => write!(f, "blocked: {}", Causes(by)),
            Self::NotStarted { .. }
            | Self::Working { .. }
            | Self::Starting { ending: None, .. } => Ok(()),
            Self::Starting {
                ending: Some(ending),
                ..
            } => write!(f, "ending what the last run left, {ending}"),
            Self::PortNotReleased {
                hold,
                error: Some(error),
                ..
            } => write!(
                f,
                "cannot tell whether port {} was released: {error}",
                hold.port
            ),
            Self::PortInUse(hold) => write!(f, "{hold}"),
            Self::PortNotReleased { hold, .. } => write!(f, "{}", hold.not_released()),
            Self::Probing(attempts) | Self::Stranger { attempts, .. } => write!(f, "{attempts}"),
            Self::NotReadyInTime {
                limit_ms,
                attempts,
                port,
            } => {
                write!(f, "not ready within {}: {attempts}", limit(*limit_ms))?;
                match port {
                    Some(hold) => write!(f, "; {}", hold.not_released()),
                    None => Ok(()),
                }
            }
            Self::Exited(exit) => write!(f, "{exit}"),
            Self::CannotStart(problem) => write!(f, "{problem}"),
            Self::Stopping { ending, .. } => match ending.round {
                StopRound::Port => f.write_str("stopping: waiting for its port to be released"),
                StopRound::Output => f.write_str("stopping: reading its last lines"),
                _ => write!(f, "stopping, {ending}"),
            },
            Self::StopCmdFailed { failure, sending } => {
                write!(f, "{failure}: sending {sending} instead")
            }
            Self::CouldNotEnd {
                left,
                last_run: false,
            } => write!(f, "could not end {}", Processes(left)),
            Self::CouldNotEnd {
                left,
                last_run: true,
            } => write!(
                f,
                "not started: of its last run, could not end {}",
                Processes(left)
            ),
            Self::Stopped { unowned, .. } if unowned.is_empty() => Ok(()),
            Self::Stopped { unowned, .. } => write!(
                f,
                "of no known service, and still running: {}",
                Processes(unowned)
            ),
            Self::Unowned { processes } => write!(
                f,
                "stopped; of no known service, and still running: {}",
                Processes(processes)
            ),
            Self::LeftBehind { processes } => write!(
                f,
                "left {} running",
                count(*processes, "process", "processes")
            ),
            Self::OutputHeld => f.write_str("its output waits for the disk of logs.dir"),
        }
    }
}

impl Display for Exit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.end {
            End::Code(code) if self.left > 0 => write!(f, "exited with {code}")?,
            end => write!(f, "{end}")?,
        }
        if self.left > 0 {
            let processes = count(self.left, "background process", "background processes");
            match (self.stopping, self.left) {
                (true, _) => write!(f, "; stopping {processes}")?,
                (false, 1) => write!(f, "; {processes} was stopped")?,
                (false, _) => write!(f, "; {processes} were stopped")?,
            }
            f.write_str(": run it in the foreground")?;
        } else {
            if self.before_ready {
                f.write_str(" before ready")?;
            }
            if self.end == End::Code(0) {
                // The likeliest mistake: a command that is meant to end.
                f.write_str(
                    ": a daemon is to stay up; use \"kind\": \"oneshot\" for a command that ends",
                )?;
            }
        }
        if self.could_not_end.is_empty() {
            return Ok(());
        }
        write!(f, "; could not end {}", Processes(&self.could_not_end))
    }
}

impl Exit {
    /// The same with the last line that the process wrote: `exit code 3: ConnectionRefusedError: …`.
    pub fn with_last_line(&self) -> String {
        match &self.last_line {
            // What is wrong with a daemon that ends well is that it ends.
            Some(line) if self.end != End::Code(0) => format!("{self}: {}", line.message.trim()),
            _ => self.to_string(),
        }
    }
}

/// `3.2 of 8 s: waiting for pid 4120 (postgres)`.
impl Display for Ending {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.progress())?;
        match self.awaited() {
            Some(awaited) => write!(f, ": waiting for {awaited}"),
            None => Ok(()),
        }
    }
}

impl Ending {
    /// How far it is: `3.2 of 8 s`.
    pub fn progress(&self) -> String {
        match (self.round, self.grace_ms) {
            (StopRound::Settle, Some(grace)) => {
                let elapsed = seconds(self.elapsed_ms);
                format!("stopCmd has ended, {elapsed} of {}", limit(grace))
            }
            (StopRound::Kill, _) => "SIGKILL sent".to_owned(),
            (_, Some(grace)) => format!("{} of {}", seconds(self.elapsed_ms), limit(grace)),
            (_, None) => format!("{} s", seconds(self.elapsed_ms)),
        }
    }

    /// What it waits for: `pid 4120 (postgres)`.
    pub fn awaited(&self) -> Option<String> {
        match self.round {
            StopRound::StopCmd => Some("stopCmd".to_owned()),
            _ => (!self.left.is_empty()).then(|| Processes(&self.left).to_string()),
        }
    }
}

impl Display for PortHold {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "port {} is in use by {}", self.port, self.holder)
    }
}

impl PortHold {
    /// The line for a port that a service of ours should have released.
    pub fn not_released(&self) -> String {
        let Self { port, holder } = self;
        format!("port {port} was not released within 5 s: {holder} listens on it")
    }
}

/// `waiting for tcp :5432: connection refused (12 attempts, 2.4 s)`.
impl Display for ProbeAttempts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "waiting for {} {}", self.probe.r#type, self.probe.target)?;
        match self.answer() {
            None => write!(f, " {}", self.tally()),
            Some(answer) => write!(f, ": {answer} {}", self.tally()),
        }
    }
}

impl ProbeAttempts {
    /// How the attempt in progress stands where that takes long, else what the last one ran into:
    /// `no answer yet, for 7.9 s; last attempt: status 503`, `connection refused; it listens on 3000`.
    pub fn answer(&self) -> Option<String> {
        let pending = self.pending_ms.map(seconds);
        Some(match (pending, &self.last) {
            (None, None) => return None,
            (Some(waited), None) => format!("no answer yet, for {waited} s"),
            (Some(waited), Some(last)) => {
                format!("no answer yet, for {waited} s; last attempt: {last}")
            }
            (None, Some(last)) if self.listens_on.is_empty() => last.clone(),
            (None, Some(last)) => format!("{last}; it listens on {}", self.ports()),
        })
    }

    /// The ports on which the service listens: `3000, 9229`.
    pub fn ports(&self) -> String {
        let ports: Vec<String> = self.listens_on.iter().map(u16::to_string).collect();
        ports.join(", ")
    }

    /// `(12 attempts, 2.4 s)`; before one has failed, `(0.1 s)`.
    pub fn tally(&self) -> String {
        let waited = seconds(self.elapsed_ms);
        match (&self.last, self.attempts) {
            (None, _) => format!("({waited} s)"),
            (Some(_), 1) => format!("(1 attempt, {waited} s)"),
            (Some(_), attempts) => format!("({attempts} attempts, {waited} s)"),
        }
    }
}

impl Display for StartProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name, searched } if name.contains('/') => write!(
                f,
                "command `{name}` does not exist: a command with a slash is looked for in {searched}, the service's working directory"
            ),
            Self::NotFound { name, .. } => write!(
                f,
                "command `{name}` was not found: install it or correct the command"
            ),
            Self::NotExecutable { path, error } => write!(f, "{} {error}", shown_path(path)),
            Self::Cwd { path, error } => write!(
                f,
                "working directory {} cannot be entered: {error}: create it or correct `cwd`",
                shown_path(path)
            ),
            Self::EnvFile {
                path,
                line: Some(line),
                error,
            } => write!(f, "{}:{line}: {error}", shown_path(path)),
            Self::EnvFile { error, .. } | Self::System { error } => f.write_str(error),
        }
    }
}

impl Display for StopCmdFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::TookTooLong { limit_ms } => write!(
                f,
                "stopCmd took longer than {} and was ended",
                limit(*limit_ms)
            ),
            Self::NotStarted { error } => write!(f, "stopCmd failed ({error})"),
            Self::Ended(end) => write!(f, "stopCmd failed ({end})"),
        }
    }
}

/// `ping failed`, `a, b failed; c is stopped`.
#[derive(Debug, Clone, Copy)]
pub struct Causes<'a>(pub &'a [BlockedBy]);

impl Display for Causes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = |failed: bool| {
            let names = self.0.iter().filter(|cause| cause.has_failed() == failed);
            names.map(|cause| &*cause.service).collect::<Vec<_>>()
        };
        let (failed, stopped) = (names(true), names(false));
        if !failed.is_empty() {
            write!(f, "{} failed", failed.join(", "))?;
        }
        if !failed.is_empty() && !stopped.is_empty() {
            f.write_str("; ")?;
        }
        match stopped.as_slice() {
            [] => Ok(()),
            [one] => write!(f, "{one} is stopped"),
            several => write!(f, "{} are stopped", several.join(", ")),
        }
    }
}

/// `pid 4120 (postgres)`, several separated by commas, long lists cut.
pub(super) struct Processes<'a>(pub(super) &'a [ProcessInfo]);

impl Display for Processes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        if self.0.is_empty() {
            return f.write_str("processes that are not known");
        }
        for (index, process) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{process}")?;
        }
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, ", {more} more"),
        }
    }
}

/// `0.4`, `12.0`.
fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1000, ms % 1000 / 100)
}

/// What an attempt ran into that had no answer when it was ended.
pub fn no_answer(waited: Duration) -> String {
    let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    format!("no answer within {} s", seconds(ms))
}

/// What an attempt ran into where a stranger answers.
pub fn answered_by(holder: &Holder) -> String {
    format!("answered by {holder}, which is not this service")
}

/// A configured limit: `8 s`, `0.3 s`.
pub fn limit(ms: u64) -> String {
    let (whole, rest) = (ms / 1000, ms % 1000);
    if rest == 0 {
        format!("{whole} s")
    } else {
        format!("{} s", format!("{whole}.{rest:03}").trim_end_matches('0'))
    }
}

/// `1 process`, `12 processes`.
fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}
