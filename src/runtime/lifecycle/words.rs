//! How the facts about a service are worded for people. One place, so that the terminal, the
//! protocol and the logs say the same.

use std::time::Duration;

use crate::process::{End, ProcessInfo};

/// `0.4 s`, `12.0 s`.
pub(in crate::runtime) fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// A configured limit: `8 s`, `0.3 s`.
pub(in crate::runtime) fn limit(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} s", time.as_secs_f64())
    }
}

/// `1 attempt`, `12 attempts`.
pub(in crate::runtime) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// `exit code 1`, `SIGKILL`.
pub(in crate::runtime) fn end(end: End) -> String {
    match end {
        End::Code(code) => format!("exit code {code}"),
        End::Signal(number) => match signal_name(number) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {number}"),
        },
    }
}

/// `SIGKILL`; real-time signals have no name.
pub fn signal_name(number: i32) -> Option<&'static str> {
    nix::sys::signal::Signal::try_from(number)
        .ok()
        .map(nix::sys::signal::Signal::as_str)
}

/// `pid 4120 (postgres)`, several separated by commas, long lists cut.
pub(in crate::runtime) fn processes(processes: &[ProcessInfo]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = processes
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    if processes.len() > SHOWN {
        words.push(format!("{} more", processes.len() - SHOWN));
    }
    words.join(", ")
}

/// What is left when a stop has to give up.
pub(in crate::runtime) fn left_behind(left: &[ProcessInfo]) -> String {
    format!("could not end {}", processes(left))
}

/// A daemon that ended although nobody asked.
pub(in crate::runtime) fn daemon_exit(
    exit: End,
    ready: bool,
    background: usize,
    stopped: bool,
) -> String {
    if background > 0 {
        let what = match exit {
            End::Code(code) => format!("exited with {code}"),
            End::Signal(_) => end(exit),
        };
        let background = background as u64;
        return if stopped {
            let verb = if background == 1 { "was" } else { "were" };
            format!(
                "{what}; {} {verb} stopped: run it in the foreground",
                count(background, "background process", "background processes")
            )
        } else {
            format!(
                "{what}; stopping {}: run it in the foreground",
                count(background, "background process", "background processes")
            )
        };
    }
    if exit == End::Code(0) {
        // The likeliest mistake: a command that is meant to end.
        let when = if ready { "" } else { " before ready" };
        return format!(
            "exit code 0{when}: a daemon is to stay up; use \"kind\": \"oneshot\" for a command that ends"
        );
    }
    if ready {
        end(exit)
    } else {
        format!("{} before ready", end(exit))
    }
}
