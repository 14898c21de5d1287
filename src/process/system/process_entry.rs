//! An entry of the system's process list, the same on all systems.

use std::fmt;

/// What identifies a process: pids are reused, but not with the same start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identity {
    /// Process id.
    pub(crate) pid: u32,
    /// When it started, in the system's own unit.
    pub(crate) start: u64,
}

/// A pid as the system calls take it.
pub(crate) fn pid(pid: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(pid.cast_signed())
}

/// One process of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessEntry {
    /// Process id.
    pub(crate) pid: u32,
    /// Process id of the parent.
    pub(crate) parent: u32,
    /// Process group.
    pub(crate) group: u32,
    /// Session.
    pub(crate) session: u32,
    /// See [`Identity::start`].
    pub(crate) start: u64,
    /// Whether it runs.
    pub(crate) state: State,
    /// Its short name.
    pub(crate) name: Name,
}

/// The state, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It runs, sleeps or is stopped.
    Alive,
    /// It waits in the kernel and takes no signal (state D).
    Uninterruptible,
    /// All its threads have ended, and it waits to be reaped.
    Dead,
}

impl ProcessEntry {
    /// See [`Identity`].
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            pid: self.pid,
            start: self.start,
        }
    }

    /// Whether it is a zombie.
    pub(crate) fn dead(&self) -> bool {
        self.state == State::Dead
    }

    #[cfg(test)]
    pub(crate) fn example(pid: u32) -> Self {
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

/// A process's short name, kept inline: listings are long and made often.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    bytes: [u8; 15],
    len: u8,
}

impl Name {
    /// The first bytes of a name, as many as fit.
    pub(crate) fn new(name: &[u8]) -> Self {
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
