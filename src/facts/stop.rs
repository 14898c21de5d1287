//! The stop signal of a service, and who gets it first.

use std::fmt;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

/// The stop signal of a service. Displays as its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "each is the signal of that name")]
pub enum StopSignal {
    #[default]
    Sigterm,
    Sigint,
    Sigquit,
    Sighup,
    Sigusr1,
    Sigusr2,
}

impl StopSignal {
    /// All of them, in the order of [`Self::NAMES`].
    pub const ALL: [Self; 6] = [
        Self::Sigterm,
        Self::Sigint,
        Self::Sigquit,
        Self::Sighup,
        Self::Sigusr1,
        Self::Sigusr2,
    ];

    /// Their names.
    pub const NAMES: [&'static str; 6] = [
        "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2",
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|&known| known == name)?;
        Some(Self::ALL[at])
    }

    /// As the system takes it.
    pub const fn signal(self) -> Signal {
        match self {
            Self::Sigterm => Signal::SIGTERM,
            Self::Sigint => Signal::SIGINT,
            Self::Sigquit => Signal::SIGQUIT,
            Self::Sighup => Signal::SIGHUP,
            Self::Sigusr1 => Signal::SIGUSR1,
            Self::Sigusr2 => Signal::SIGUSR2,
        }
    }
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signal().as_str())
    }
}

/// Which processes of a service get its stop signal first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopScope {
    /// All of them, at once.
    #[default]
    Group,
    /// The leader; the others when it has ended, or when half of the grace is over.
    Leader,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_system_and_of_the_wire() {
        for (signal, name) in StopSignal::ALL.into_iter().zip(StopSignal::NAMES) {
            assert_eq!(signal.to_string(), name);
            assert_eq!(serde_json::to_value(signal).unwrap(), name);
            assert_eq!(StopSignal::named(name), Some(signal));
        }
    }
}
