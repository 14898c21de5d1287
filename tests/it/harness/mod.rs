//! How tests run FlowLayer.
//!
//! [`run`] runs a command line to its end. [`Stack`] describes a configuration and starts
//! `flowlayer serve` on it; the [`Server`] it gives has the boot lines, the session API, the
//! processes and the exit code, and proves on drop that it left no process behind. [`Terminal`]
//! runs a command line on a terminal of its own and shows its screen.
//!
//! Whatever is waited for has the same generous [`DEADLINE`]; a test that misses it fails with
//! everything that was seen until then.

mod child;
mod client;
mod fake;
mod here;
pub(crate) mod journal;
mod ports;
mod processes;
mod server;
mod stack;
mod terminal;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

pub(crate) use child::{Child, Finished};
pub(crate) use client::Client;
pub(crate) use fake::{Fake, entry};
pub(crate) use here::Here;
pub(crate) use ports::free_port;
pub(crate) use server::Server;
pub(crate) use stack::{Home, Stack, TOKEN};
pub(crate) use terminal::{Screen, Terminal};

/// How long a test waits for anything before it fails. Far more than anything takes, so that only
/// what never comes misses it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The binary under test: the one that was built with the tests, or `FLOWLAYER_BINARY`, that of a release.
pub(crate) fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
        let other = std::env::var_os("FLOWLAYER_BINARY");
        other.map_or(env!("CARGO_BIN_EXE_flowlayer").into(), PathBuf::from)
    });
    &BINARY
}

/// A command line of the binary, in an environment that does not depend on who runs the tests.
pub(crate) fn flowlayer() -> Command {
    let mut command = Command::new(binary());
    for name in [
        "NO_COLOR",
        "FLOWLAYER_TOKEN",
        "FLOWLAYER_ADDR",
        "FLOWLAYER_LOG",
        "FLOWLAYER_LOG_FILE",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(name);
    }
    command
}

/// The same in this directory, with its sessions registered there rather than beside the tester's own.
pub(crate) fn flowlayer_in(directory: &Path) -> Command {
    let mut command = flowlayer();
    command
        .current_dir(directory)
        .env("XDG_RUNTIME_DIR", directory)
        .env("TMPDIR", directory);
    command
}

/// The same command once more, behind others that end by becoming it: `env -i`, `sh -c '…; exec "$@"' sh`.
pub(crate) fn through(before: &[&str], command: &Command) -> Command {
    let (first, rest) = match before.split_first() {
        Some((first, rest)) => (OsStr::new(*first), rest),
        None => (command.get_program(), before),
    };
    let mut again = Command::new(first);
    again.args(rest);
    if !before.is_empty() {
        again.arg(command.get_program());
    }
    again.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => again.env(name, value),
            None => again.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        again.current_dir(directory);
    }
    again
}

/// Asks again and again until there is an answer, for what nothing tells of. What it saw instead is in the
/// message of a failing test.
#[track_caller]
pub(crate) fn until<T, S: Debug>(what: &str, mut ask: impl FnMut() -> Result<T, S>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(seen) => assert!(
                Instant::now() < deadline,
                "waited in vain for {what}: {seen:#?}"
            ),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Names a check that cannot be made on this machine.
pub(crate) fn skipped(what: &str, why: &str) {
    // Past the capture of the test harness, which keeps to itself what a passing test prints.
    let words = format!("skipped: {what} ({why})\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), words.as_bytes());
}

/// Runs `flowlayer` with these arguments in this directory to its end.
#[track_caller]
pub(crate) fn run(
    directory: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Finished {
    let mut command = flowlayer_in(directory);
    command.args(arguments);
    Child::spawn(command).finish()
}
