//! What the records of a session say (docs/history.md): which sessions there were, when each service came up and
//! what held it up, what is different from another session. Pure.

mod diff;
mod later;
mod run;
mod runs;
#[cfg(test)]
mod tests;
mod timeline;

pub use diff::{Difference, Differences, Outcome};
pub use later::Happened;
pub use run::Run;
pub use runs::{Listed, Lister, RunEnd};
pub use timeline::{Gate, Step, Timeline, Wait};
