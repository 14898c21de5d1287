//! A process as the system lists it, the same on all systems.

use std::fmt;

/// What makes a process itself: pids are given out again, but not with the same start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Identity {
    /// Process id.
    pub(super) pid: u32,
    /// When it started, in the system's own unit.
    pub(super) start: u64,
}

/// One process of the system's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Process id.
    pub(super) pid: u32,
    /// Process id of the parent.
    pub(super) parent: u32,
    /// Process group.
    pub(super) group: u32,
    /// Session.
    pub(super) session: u32,
    /// See [`Identity::start`].
    pub(super) start: u64,
    /// Whether it lives.
    pub(super) state: State,
    /// What the system calls it.
    pub(super) name: Name,
}

/// As much of a process's state as matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It can act, now or when it is woken or continued.
    Alive,
    /// It waits in the kernel and cannot even be killed.
    Uninterruptible,
    /// It has ended, all its threads have, and it waits to be reaped.
    Dead,
}

impl Listed {
    /// What makes it itself.
    pub(super) fn identity(&self) -> Identity {
        Identity {
            pid: self.pid,
            start: self.start,
        }
    }

    /// Whether it has ended.
    pub(super) fn dead(&self) -> bool {
        self.state == State::Dead
    }

    #[cfg(test)]
    pub(super) fn example(pid: u32) -> Self {
        Self {
            pid,
            parent: 1,
            group: pid,
            session: pid,
            start: 1,
            state: State::Alive,
            name: Name::new(b"example"),
        }
    }
}

/// A process's short name, kept in place: listings are long and made often.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    bytes: [u8; 15],
    len: u8,
}

impl Name {
    /// As much of a name as fits.
    pub(super) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 15];
        let mut len = 0;
        for (to, &from) in bytes.iter_mut().zip(name) {
            *to = from;
            len += 1;
        }
        Self { bytes, len }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(
            &self.bytes[..usize::from(self.len)],
        ))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
