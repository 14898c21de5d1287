//! What is true of a service, for every room: status, kind, reason, process, stream, time.
//!
//! Ground floor: it imports nothing of ours. The runtime decides these facts, the protocol carries them,
//! clients hold them, and whoever shows them chooses the words; [`Reason`] displays as the line that the
//! protocol publishes as `detail`.

mod change;
mod command_problem;
mod end;
mod origin;
mod output;
mod process;
mod readable;
mod reason;
mod record;
#[cfg(test)]
mod reference;
mod render;
mod spec;
mod status;
mod stdio;
mod stop;
mod stream;
mod timestamp;

pub use change::{
    Change, ChangeKind, ConfigChanged, ConfigProblem, ConfigState, FieldChange, ReloadReport,
};
pub use command_problem::{StartProblem, StopCmdFailure};
pub use end::{End, signal_name};
pub use origin::Origin;
pub use output::OutputMode;
pub use process::{Holder, ProcessInfo, SurvivalReason};
pub use readable::{picture, readable, shown_path};
pub use reason::{
    BlockedBy, Code, Ending, Exit, LastLine, NotStarted, PortHold, Probe, ProbeAttempts, Reason,
    StartStep, StopCause, StopRound,
};
pub use record::{BootEnd, Definition, FORMAT, Record, State, StatusRecord, What};
pub use render::{Causes, answered_by, limit, no_answer};
pub use spec::{EnvFile, ProbeLimits, ServiceSpec, mask_credentials};
pub use status::{Kind, Status, StoppedBy};
pub use stdio::Stdio;
pub use stop::{StopScope, StopSignal};
pub use stream::Stream;
pub use timestamp::Timestamp;
