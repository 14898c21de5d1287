//! The two outputs of a process.

use serde::{Deserialize, Serialize};

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error; also what the runtime itself writes into a service's log.
    Stderr,
}

impl Stream {
    /// The word on the wire and in the files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
