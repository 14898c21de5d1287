//! A process of a test: what it prints, how it ends.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::DEADLINE;

/// A running process. What it prints is collected from the start; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    shared: Arc<Shared>,
    stdin: Option<ChildStdin>,
    /// Only when the test reads it itself.
    stdout: Option<ChildStdout>,
}

/// How a process ended, and all it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// All of its standard output.
    pub(crate) stdout: String,
    /// All of its standard error.
    pub(crate) stderr: String,
}

impl Finished {
    /// The one JSON document on its standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ended with this code, nothing on standard output, and one line on standard error with all
    /// of these words.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        self.complained(words);
    }

    /// There is one line on standard error, an error with all of these words.
    #[track_caller]
    pub(crate) fn complained(&self, words: &[&str]) {
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("Error: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?}: {self:?}");
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Output streams that have not ended.
    open: usize,
    exit: Option<ExitStatus>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A test that failed while it looked has not changed anything.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.changed.notify_all();
    }
}

impl Seen {
    /// Standard output without a last line that may not be whole yet.
    fn whole_lines(&self) -> Cow<'_, str> {
        let end = self.stdout.iter().rposition(|byte| *byte == b'\n');
        String::from_utf8_lossy(&self.stdout[..end.unwrap_or(0)])
    }

    fn lines(&self) -> Vec<String> {
        self.whole_lines().lines().map(str::to_owned).collect()
    }

    fn transcript(&self) -> String {
        format!(
            "--- stdout:\n{}--- stderr:\n{}--- exit: {:?}",
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr),
            self.exit
        )
    }
}

impl Child {
    /// Starts the command and reads all it prints.
    #[track_caller]
    pub(crate) fn spawn(command: Command) -> Self {
        let mut child = Self::spawn_unread(command);
        let stdout = child.stdout.take().unwrap();
        child.read(stdout, |seen| &mut seen.stdout);
        child
    }

    /// Starts the command, and leaves its standard output to the test: see [`Child::take_stdout`].
    #[track_caller]
    pub(crate) fn spawn_unread(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::spawn_as_is(command)
    }

    /// Starts the command on the streams it already has.
    #[track_caller]
    pub(crate) fn spawn_as_is(mut command: Command) -> Self {
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) => panic!("cannot start {command:?}: {error}"),
        };
        let pid = Pid::from_raw(i32::try_from(process.id()).unwrap());
        let mut child = Self {
            pid,
            shared: Arc::default(),
            stdin: process.stdin.take(),
            stdout: process.stdout.take(),
        };
        if let Some(stderr) = process.stderr.take() {
            child.read(stderr, |seen| &mut seen.stderr);
        }
        let shared = Arc::clone(&child.shared);
        std::thread::spawn(move || {
            // The pid stays taken until the lock is held, so that `signal` cannot hit a stranger.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            shared.change(|seen| seen.exit = Some(process.wait().unwrap()));
        });
        child
    }

    fn read(
        &mut self,
        mut stream: impl Read + Send + 'static,
        of: impl Fn(&mut Seen) -> &mut Vec<u8> + Send + 'static,
    ) {
        self.shared.change(|seen| seen.open += 1);
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                shared.change(|seen| of(seen).extend_from_slice(&buffer[..count]));
            }
            shared.change(|seen| seen.open -= 1);
        });
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// The standard output of a process started by [`Child::spawn_unread`].
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.stdout.take().unwrap()
    }

    /// Writes into the process's standard input and ends it.
    #[track_caller]
    pub(crate) fn feed(&mut self, input: &[u8]) {
        self.write(input);
        self.stdin = None;
    }

    /// Writes into the process's standard input.
    #[track_caller]
    pub(crate) fn write(&mut self, input: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(input).unwrap();
    }

    /// Sends a signal; does nothing once the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.shared.seen().exit.is_none() {
            // It may be ending right now; then there is nobody to tell.
            let _ = kill(self.pid, signal);
        }
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.shared.seen().exit.is_none()
    }

    /// Waits for a line of standard output that contains the text, and returns the first.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        self.wait_for(&format!("a line with {text:?}"), |seen| {
            let lines = seen.whole_lines();
            let mut lines = lines.lines();
            lines.find(|line| line.contains(text)).map(str::to_owned)
        })
    }

    /// The lines of standard output until now, the whole ones.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.shared.seen().lines()
    }

    /// Waits until the lines of standard output are as wanted.
    #[track_caller]
    pub(crate) fn wait_for_lines(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        self.wait_for(what, |seen| is_so(&seen.lines()).then_some(()));
    }

    /// Waits until standard error contains the text.
    #[track_caller]
    pub(crate) fn wait_for_complaint(&self, text: &str) {
        self.wait_for(&format!("{text:?} on standard error"), |seen| {
            String::from_utf8_lossy(&seen.stderr)
                .contains(text)
                .then_some(())
        });
    }

    /// Everything it printed until now, for the message of a failing test.
    pub(crate) fn transcript(&self) -> String {
        self.shared.seen().transcript()
    }

    /// Waits for the end of the process and of its output.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        self.stdin = None;
        self.wait_for_end()
    }

    /// The same, for a process that is kept.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) -> Finished {
        self.wait_for("its end", |seen| {
            let exit = seen.exit.filter(|_| seen.open == 0)?;
            Some(Finished {
                code: exit.code(),
                signal: exit.signal(),
                stdout: String::from_utf8_lossy(&seen.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&seen.stderr).into_owned(),
            })
        })
    }

    #[track_caller]
    fn wait_for<T>(&self, what: &str, mut find: impl FnMut(&Seen) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.shared.seen();
        loop {
            if let Some(found) = find(&seen) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let is_over = seen.exit.is_some() && seen.open == 0;
            if is_over || left.is_zero() {
                let how = if is_over {
                    "it ended without"
                } else {
                    "waited in vain for"
                };
                let transcript = seen.transcript();
                drop(seen);
                panic!("{how} {what}\n{transcript}");
            }
            let waited = self.shared.changed.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}
