//! Where the output of a service is shown.

use serde::{Deserialize, Serialize};

/// Whether the lines of a service are shown among those of all (docs/config.md, Services). Files and queries have
/// them in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// On `serve`'s terminal, and in `all logs` of the cockpit.
    #[default]
    Show,
    /// In neither.
    Quiet,
}
