//! Sessions that run in the background, for `serve --detach`, `up` and `run`: started by a process that
//! stays in front, and watched by it.

pub(crate) mod interrupts;
mod last_lines;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowlayer_core::process::End;
use flowlayer_core::process::background::{self, Background, Split};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::server;
use crate::server::claim::Slot;
use crate::server::launcher::{Launcher, Report};
use crate::server::options::Options;
use crate::terminal::color::Colors;
use crate::terminal::diagnostics::shown_path;

/// Where the session in the background writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Log,
    /// Where this process has its standard error: beside a command that has standard output.
    Stderr,
}

/// Which of the two processes this is.
#[must_use]
pub(crate) enum Forked {
    Front(Box<BackgroundSession>),
    /// The session, which has ended.
    Back(Exit),
}

/// Splits the process in two. The one in the background runs the session to its end and returns
/// then. `is_bound`: the session ends with the process in front. To be called before any thread
/// exists.
pub(crate) fn launch(
    options: Options,
    output: Output,
    is_bound: bool,
    slot: Slot,
    colors: Colors,
) -> Result<Forked, Failure> {
    let (log, log_path) = slot.open_log()?;
    let split = match output {
        Output::Log => background::split(log.as_fd()),
        Output::Stderr => background::split(io::stderr().as_fd()),
    };
    let cannot = |error: io::Error| {
        Failure::Failed(format!("cannot start a process in the background: {error}"))
    };
    match split.map_err(cannot)? {
        // The claim is the session's alone: it lasts as long as it needs to, even if this process is
        // killed.
        Split::Front(process, reports) => Ok(Forked::Front(Box::new(BackgroundSession {
            process,
            reports: Reports::Waiting(reports),
            waiting: None,
            ended: None,
            api: None,
            log: log_path,
        }))),
        Split::Back(stream) => {
            drop(log);
            let colors = match output {
                // Its lines reach a terminal through the process in front, or not at all.
                Output::Log => Colors {
                    stdout: colors.stdout,
                    stderr: false,
                },
                Output::Stderr => Colors {
                    stdout: colors.stderr,
                    stderr: colors.stderr,
                },
            };
            let launcher = Launcher::new(stream, is_bound);
            let exit = server::run(options, colors, Some(slot.lock), Some(&launcher))?;
            Ok(Forked::Back(exit))
        }
    }
}

/// A session in the background, as the process in front sees it.
pub(crate) struct BackgroundSession {
    process: Background,
    reports: Reports,
    /// The thread that waits for its end.
    waiting: Option<JoinHandle<io::Result<End>>>,
    ended: Option<End>,
    /// Once it is open.
    pub(crate) api: Option<Api>,
    pub(crate) log: PathBuf,
}

pub(crate) struct Api {
    pub(crate) address: String,
    pub(crate) token: String,
    /// The ports chosen for services, by name.
    pub(crate) ports: BTreeMap<Arc<str>, u16>,
}

enum Reports {
    /// Before there is a runtime to read with.
    Waiting(std::os::unix::net::UnixStream),
    Coming(Lines<BufReader<UnixStream>>),
    Over,
}

/// What can be seen of it.
#[derive(Debug)]
pub(crate) enum Event {
    Report(Report),
    Ended(End),
}

impl BackgroundSession {
    /// The process that a signal would go to.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits for what happens next. Cancel-safe. Needs a runtime. After its end it says that again.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            match &mut self.reports {
                Reports::Waiting(_) => self.begin_to_read(),
                Reports::Coming(lines) => match lines.next_line().await {
                    Ok(Some(line)) => {
                        // Both ends are the same program.
                        if let Ok(report) = serde_json::from_str(&line) {
                            if let Report::Open {
                                address,
                                token,
                                ports,
                            } = &report
                            {
                                self.api = Some(Api {
                                    address: address.clone(),
                                    token: token.clone(),
                                    ports: ports.clone(),
                                });
                            }
                            return Event::Report(report);
                        }
                    }
                    Ok(None) | Err(_) => self.reports = Reports::Over,
                },
                Reports::Over => return Event::Ended(self.end().await),
            }
        }
    }

    fn begin_to_read(&mut self) {
        let Reports::Waiting(stream) = std::mem::replace(&mut self.reports, Reports::Over) else {
            return;
        };
        let stream = stream
            .set_nonblocking(true)
            .and_then(|()| UnixStream::from_std(stream));
        if let Ok(stream) = stream {
            self.reports = Reports::Coming(BufReader::new(stream).lines());
        }
    }

    /// Asks it to end; a second time without grace.
    pub(crate) fn ask_to_end(&self) {
        self.process.ask_to_end();
    }

    /// Waits until it has ended. Cancel-safe; after the end it returns at once.
    pub(crate) async fn end(&mut self) -> End {
        if let Some(end) = self.ended {
            return end;
        }
        let process = self.process;
        let waiting = self
            .waiting
            .get_or_insert_with(|| tokio::task::spawn_blocking(move || process.wait_for_end()));
        // A child that cannot be waited for is not there.
        let end = waiting.await.ok().and_then(Result::ok);
        *self.ended.insert(end.unwrap_or(End::Code(1)))
    }
}

/// Describes how a session in the background has ended by itself.
pub(crate) fn how_it_ended(end: End, log: &Path) -> String {
    let how = match end {
        End::Code(code) => format!("ended with code {code}"),
        End::Signal(signal) => format!("was ended by signal {signal}"),
    };
    format!("the session {how}; its log is {}", shown_path(log))
}
