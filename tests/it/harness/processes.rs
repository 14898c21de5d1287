//! Finding the processes of a stack, wherever they went.
//!
//! Every server of a test has a variable of its own in its environment, and so has whatever
//! descends from it. Services have the server's own marker besides.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::until;

/// The variable that names the test's stack.
pub(crate) const STACK: &str = "FLOWLAYER_TEST_STACK";

/// How the names of the variables start that the server gives to what it spawns.
const OWNER: &str = "FLOWLAYER_OWNER_";

/// A process that descends from a test's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    /// Its arguments, separated by blanks.
    pub(crate) command: String,
    /// Whether it belongs to a service, rather than to the server itself.
    pub(crate) is_of_service: bool,
}

/// All living processes of the stack with this identity, the server's own included. A zombie is
/// not alive: it has no environment any more.
pub(crate) fn of_stack(identity: &str) -> Vec<Process> {
    let marker = format!("{STACK}={identity}");
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    let mut processes: Vec<Process> = pids.filter_map(|pid| look_at(pid, &marker)).collect();
    processes.sort_by_key(|process| process.pid);
    processes
}

fn look_at(pid: u32, marker: &str) -> Option<Process> {
    // A process that ends meanwhile is none of ours any more.
    let environment = environment(pid)?;
    let variables = || environment.split(|byte| *byte == 0);
    if !variables().any(|variable| variable == marker.as_bytes()) {
        return None;
    }
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = command
        .split(|byte| *byte == 0)
        .map(|word| OsStr::from_bytes(word).to_string_lossy())
        .collect();
    Some(Process {
        pid,
        command: words.join(" ").trim_end().to_owned(),
        is_of_service: variables().any(|variable| variable.starts_with(OWNER.as_bytes())),
    })
}

/// The environment of a process. While a process becomes another program it has none for a moment;
/// kernel threads and zombies never have one, and no program either.
fn environment(pid: u32) -> Option<Vec<u8>> {
    let deadline = Instant::now() + Duration::from_millis(50);
    loop {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let has_program = || fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        if !environment.is_empty() || !has_program() || Instant::now() > deadline {
            return Some(environment);
        }
        std::thread::yield_now();
    }
}

/// Waits until what is wanted is true of the stack's processes, and returns them.
#[track_caller]
pub(crate) fn wait(identity: &str, what: &str, is_so: impl Fn(&[Process]) -> bool) -> Vec<Process> {
    // The kernel does not tell about processes that are not our children.
    until(what, || {
        let processes = of_stack(identity);
        if is_so(&processes) {
            Ok(processes)
        } else {
            Err(processes)
        }
    })
}

/// Kills what is left of a stack after a test has failed.
pub(crate) fn kill_all(identity: &str) {
    for process in of_stack(identity) {
        let _ = kill(Pid::from_raw(process.pid.cast_signed()), Signal::SIGKILL);
    }
}
