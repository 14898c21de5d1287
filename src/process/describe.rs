//! A process as people are told of it.

use std::fmt;

/// A process that is waited for, or that could not be ended. Displays as `pid 4120 (postgres)`,
/// with the reason behind it when there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Process id.
    pub pid: u32,
    /// Its name as the system has it, at most 15 bytes on Linux.
    pub name: String,
    /// Real user id.
    pub user: u32,
    /// Index of the service it belongs to, when that is known.
    pub service: Option<usize>,
    /// Why it is still there, when that is known.
    pub why: Option<Why>,
}

/// Why a process is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// We may not signal it.
    OtherUser {
        /// Whose it is.
        user: u32,
    },
    /// It waits in the kernel (state D) and takes no signal, not even SIGKILL.
    Uninterruptible,
    /// It got SIGKILL and has not ended yet.
    SurvivedKill,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherUser { user } => write!(f, "belongs to user {user}, end it by hand"),
            Self::Uninterruptible => f.write_str("waits in the kernel and takes no signal"),
            Self::SurvivedKill => f.write_str("has not ended after SIGKILL"),
        }
    }
}

impl fmt::Display for ProcessInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} ({}", self.pid, self.name)?;
        if let Some(why) = &self.why {
            write!(f, ", {why}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_behind_the_name() {
        let mut process = ProcessInfo {
            pid: 4120,
            name: "postgres".to_owned(),
            user: 0,
            service: None,
            why: None,
        };
        assert_eq!(process.to_string(), "pid 4120 (postgres)");
        process.why = Some(Why::OtherUser { user: 7 });
        assert_eq!(
            process.to_string(),
            "pid 4120 (postgres, belongs to user 7, end it by hand)"
        );
    }
}
