//! Processes as people see them: those that a stop waits for, and those that listen on a port.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process that is waited for, or that could not be ended. Displays as `pid 4120 (postgres)`, with the
/// reason why it is still there when that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Process id.
    pub pid: u32,
    /// Its name as the system has it, at most 15 bytes on Linux.
    pub name: String,
    /// Real user id.
    pub user: u32,
    /// The name of that user, looked up when the process may not be signalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Index of the service it belongs to, when that is known.
    #[serde(skip)]
    pub service: Option<usize>,
    /// Why it is still there, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SurvivalReason>,
}

/// Why a process is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurvivalReason {
    /// It belongs to another user: we may not signal it.
    OtherUser,
    /// It waits in the kernel (state D) and takes no signal, not even SIGKILL.
    Uninterruptible,
    /// It got SIGKILL and has not ended yet.
    SurvivedKill,
}

impl fmt::Display for ProcessInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} ({}", self.pid, self.name)?;
        match self.why {
            None => {}
            Some(SurvivalReason::OtherUser) => {
                write!(f, ", belongs to user {}", self.user)?;
                if let Some(name) = &self.user_name {
                    write!(f, " ({name})")?;
                }
                f.write_str(", end it by hand")?;
            }
            Some(SurvivalReason::Uninterruptible) => {
                f.write_str(", waits in the kernel and takes no signal")?;
            }
            Some(SurvivalReason::SurvivedKill) => f.write_str(", has not ended after SIGKILL")?,
        }
        f.write_str(")")
    }
}

/// Who listens on a port, as far as the system tells. Displays as `node (pid 4242)`, or as
/// `another process`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id; unknown for processes of other users, and on macOS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => write!(f, "{name} (pid {pid})"),
            (Some(name), None) => f.write_str(name),
            (None, Some(pid)) => write!(f, "pid {pid}"),
            (None, None) => f.write_str("another process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_as_well_as_can_be() {
        let holder = |name: Option<&str>, pid| Holder {
            name: name.map(str::to_owned),
            pid,
        };
        assert_eq!(
            holder(Some("node"), Some(4242)).to_string(),
            "node (pid 4242)"
        );
        assert_eq!(holder(None, Some(4242)).to_string(), "pid 4242");
        assert_eq!(holder(None, None).to_string(), "another process");
    }
}
