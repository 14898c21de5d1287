//! What a process has as stdin, stdout and stderr.

use serde::{Deserialize, Serialize};

use super::Kind;

/// What a process has as stdin, stdout and stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdio {
    /// A pipe that stays open, and two pipes.
    #[default]
    Open,
    /// `/dev/null`, and two pipes.
    Null,
    /// A pseudo terminal as all three, which is also its controlling terminal.
    Terminal,
}

impl Stdio {
    /// What a service of this kind has unless its definition says otherwise.
    pub const fn default_of(kind: Kind) -> Self {
        match kind {
            Kind::Daemon => Self::Open,
            Kind::Oneshot => Self::Null,
        }
    }
}
