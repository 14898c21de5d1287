//! A process as it is reported to people.

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// We may not signal it.
    OtherUser {
        /// Whose it is.
        user: u32,
        /// The name of that user, if `/etc/passwd` has one.
        name: Option<String>,
    },
    /// It waits in the kernel (state D) and takes no signal, not even SIGKILL.
    Uninterruptible,
    /// It got SIGKILL and has not ended yet.
    SurvivedKill,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherUser { user, name } => {
                write!(f, "belongs to user {user}")?;
                if let Some(name) = name {
                    write!(f, " ({name})")?;
                }
                f.write_str(", end it by hand")
            }
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

impl Why {
    /// The reason that a process belongs to another user, whose name is looked up.
    pub(crate) fn other_user(user: u32) -> Self {
        // Not through libc, whose lookup may wait for a network.
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::OtherUser {
            user,
            name: name_in(&users, user),
        }
    }
}

/// The name of a user in the text of an `/etc/passwd`.
fn name_in(users: &str, user: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == user).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:7:\npostgres:x:70:70::/:/bin/sh\n";
        assert_eq!(name_in(users, 70).as_deref(), Some("postgres"));
        assert_eq!(name_in(users, 7), None);
        assert_eq!(name_in(users, 71), None);
    }

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
        let mut owned_by = |name: Option<&str>| {
            process.why = Some(Why::OtherUser {
                user: 70,
                name: name.map(str::to_owned),
            });
            process.to_string()
        };
        assert_eq!(
            owned_by(None),
            "pid 4120 (postgres, belongs to user 70, end it by hand)"
        );
        assert_eq!(
            owned_by(Some("postgres")),
            "pid 4120 (postgres, belongs to user 70 (postgres), end it by hand)"
        );
    }
}
