//! System calls, and the differences between systems: `linux` and `macos` have the same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "macos", test))]
mod macos_tables;
mod open_fds;
pub(crate) mod prepare;
pub(crate) mod process_entry;
pub(crate) mod pty;
pub(crate) mod reserved_fds;
pub(crate) mod user_name;
pub(crate) mod wait;
pub(crate) mod waker;

use std::time::Instant;

use nix::poll::PollTimeout;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "macos")]
pub use macos::*;
pub(crate) use open_fds::open_fds;
pub(crate) use process_entry::pid;

/// The time from now until then, for ever without one; rounded up to milliseconds, so that nobody wakes early and
/// polls again.
pub(crate) fn poll_until(time: Option<Instant>) -> PollTimeout {
    let Some(time) = time else {
        return PollTimeout::NONE;
    };
    let rest = time.saturating_duration_since(Instant::now());
    let millis = rest.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}
