//! System calls, and the differences between systems: `linux` and `macos` have the same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod open_fds;
pub(crate) mod prepare;
pub(crate) mod process_entry;
pub(crate) mod reserved_fds;
pub(crate) mod user_name;
pub(crate) mod wait;
pub(crate) mod waker;

use std::time::Duration;

use nix::poll::PollTimeout;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "macos")]
pub use macos::*;
pub(crate) use open_fds::open_fds;
pub(crate) use process_entry::pid;

/// A time to wait, rounded up to milliseconds, so that nobody wakes early and polls again.
pub(crate) fn poll_timeout(time: Duration) -> PollTimeout {
    let millis = time.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}
