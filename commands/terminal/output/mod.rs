//! The standard output of `serve`: the server's own lines and the services' output, in order.
//!
//! Nothing waits for it. A separate thread writes; own lines queue up for it within bounds,
//! log lines do not queue at all: the thread follows the log with a cursor, and what it is too slow
//! for is skipped and counted. When the reader is gone, it ends and the server continues.

mod own;
pub(crate) mod sink;
mod writer;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use flowlayer_core::logs::{Cursor, Logs};

use self::own::OwnLines;
use self::sink::Sink;
use self::writer::Writer;
use super::lines::Lines;

/// At the end, a reader that takes nothing for this long is not waited for.
const STALLED: Duration = Duration::from_millis(200);

/// At the end, a reader is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(3);

/// Writes to the standard output as long as it has a reader.
#[derive(Debug)]
pub(crate) struct Output {
    own: Arc<OwnLines>,
    /// Set once the log is followed: an own line comes after the log lines that were there first.
    logs: Option<Logs>,
    /// Ends when the thread does.
    ended: Receiver<()>,
}

/// The services' output from here on.
#[derive(Debug)]
pub(crate) struct Follow {
    /// How their lines look.
    pub(crate) lines: Lines,
    /// Of each service, whether its lines are left out.
    pub(crate) quiet: Vec<bool>,
    /// Where to go on.
    pub(crate) cursor: Cursor,
}

impl Follow {
    /// A reload may have added services.
    fn set_quiet(&mut self, quiet: &[(usize, bool)]) {
        for &(service, is_quiet) in quiet {
            let known = self.quiet.len().max(service + 1);
            self.quiet.resize(known, false);
            self.quiet[service] = is_quiet;
        }
    }
}

impl Output {
    /// Starts the thread on the process's standard output. The runtime lends it its clock; it must
    /// outlive the output.
    pub(crate) fn start(runtime: tokio::runtime::Handle) -> io::Result<Self> {
        let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        Self::start_on(stdout, runtime)
    }

    fn start_on(to: OwnedFd, runtime: tokio::runtime::Handle) -> io::Result<Self> {
        let own = Arc::<OwnLines>::default();
        let (end, ended) = channel();
        let mut writer = Writer::new(Sink::new(File::from(to)), Arc::clone(&own));
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                writer.run(&runtime);
                drop(end);
            })?;
        Ok(Self {
            own,
            logs: None,
            ended,
        })
    }

    /// Writes the services' output from now on, between the own lines; of `quiet` services none.
    pub(crate) fn follow(&mut self, logs: &Logs, lines: Lines, quiet: Vec<bool>) {
        let cursor = logs.cursor();
        self.logs = Some(logs.clone());
        self.own.follow(Follow {
            lines,
            quiet,
            cursor,
        });
    }

    /// From now on the lines of these services, by index, are left out (`true`) or shown.
    pub(crate) fn set_quiet(&self, quiet: Vec<(usize, bool)>) {
        self.own.set_quiet(quiet);
    }

    /// Queues a line of the server's own, without its end, behind all log lines that are there now.
    pub(crate) fn line(&self, text: &str) {
        self.line_after(self.logs.as_ref().map_or(0, Logs::last_seq), text);
    }

    /// Queues a line of the server's own behind the log entry with this `seq`.
    pub(crate) fn line_after(&self, seq: u64, text: &str) {
        self.own.push(text, seq);
    }

    /// Writes what there is and ends. A reader that takes nothing is not waited for.
    pub(crate) fn close(self) {
        self.own.close();
        let deadline = Instant::now() + PATIENCE;
        let mut written = self.own.written();
        loop {
            match self.ended.recv_timeout(STALLED) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let until_now = self.own.written();
                    if until_now == written || Instant::now() > deadline {
                        return;
                    }
                    written = until_now;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
