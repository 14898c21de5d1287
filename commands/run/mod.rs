//! `flowlayer run`: boots a stack, runs a command on the terminal, takes the stack down, and ends as
//! the command did (docs/cli.md, run).

mod command;

use std::ffi::OsString;
use std::path::PathBuf;

use flowlayer_core::config::{Config, Values};
use flowlayer_core::process::{End, Witness};

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::background::interrupts::Interrupts;
use crate::server::background::{self, BackgroundSession, Event, Forked, Output};
use crate::server::claim::{Claim, claim};
use crate::server::launcher::Report;
use crate::server::options::{Options, ServerArgs};
use crate::session::runs_already;
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::timeout::{Deadline, Timeout, TimeoutArgs};
use crate::tokio_runtime;

const NOTES: &str = "\
CMD has the terminal; the stack prints nothing unless it does not come up or --show-output is given.
References such as ${services.NAME.port} are filled in in its arguments.
FLOWLAYER_ADDR and FLOWLAYER_TOKEN are set for CMD, so that clients in it find the session. The
session ends when CMD or this process ends. Processes that CMD leaves behind end with it, except
sessions that it started with `serve --detach`.

Exit codes: that of CMD, 128+n when signal n ended it; 2 wrong command line or configuration; 124 not
up within --timeout; 125 the stack did not come up, ended before CMD, or could not be stopped; 126 CMD
cannot be executed; 127 CMD is not found";

/// Start a stack, run a command beside it, and take the stack down
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
#[command(mut_arg("bind", |bind| bind.help("Address of the session API; without this and session.bind: a free port")))]
pub(crate) struct Args {
    /// Configuration file; default: the first known name in this directory
    #[arg(short, long, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    /// Show boot lines and the output of services, on standard error
    #[arg(long)]
    show_output: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs it. In the process that becomes the session this returns when that is over.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let limit = args.timeout.timeout;
    let shows = args.show_output;
    let options = Options::read(&args.server, args.config.as_deref(), !shows)?;
    let (options, config) = options.for_background(colors)?;
    let values = config_file::values(&config)?;
    // Before anything starts: what is wrong now stays wrong.
    let _ = command::fill(&args.command, &config, &values)?;
    let claimed = claim(options.config(), Deadline::from_now(limit));
    let slot = match claimed.map_err(|error| not_run(error.into()))? {
        Claim::Free(slot) => slot,
        Claim::Taken(live) => {
            let beside = live.address().map_or(
                "",
                |_| "; after `flowlayer wait` the command can be run beside it",
            );
            let runs = runs_already(&live);
            return Err(Failure::Other(Exit::NOT_RUN, format!("{runs}{beside}")));
        }
    };
    let output = if shows { Output::Stderr } else { Output::Log };
    match background::launch(options, output, true, slot, colors).map_err(not_run)? {
        Forked::Back(exit) => Ok(exit),
        Forked::Front(session) => {
            let witness = Witness::start().map_err(|error| {
                not_run(Failure::Failed(format!("cannot start a process: {error}")))
            })?;
            tokio_runtime::block_on(async {
                Run {
                    session: *session,
                    witness,
                    interrupts: Interrupts::take(&command::signals())?,
                    progress: Progress::new(),
                    shows,
                    limit,
                    bad_lines: Vec::new(),
                    faults: Vec::new(),
                    failure: None,
                    config,
                    values,
                }
                .boot_and_run(&args.command)
                .await
                .map_err(not_run)
            })
        }
    }
}

/// What fails here is not the command.
pub(crate) fn not_run(failure: Failure) -> Failure {
    match failure {
        Failure::Failed(message) => Failure::Other(Exit::NOT_RUN, message),
        other => other,
    }
}

struct Run {
    session: BackgroundSession,
    interrupts: Interrupts,
    /// Which signals have reached the command already.
    witness: Witness,
    progress: Progress,
    /// Whether the session prints.
    shows: bool,
    limit: Option<Timeout>,
    /// Failures that the session has reported.
    bad_lines: Vec<String>,
    /// Services that failed after the boot, and why.
    faults: Vec<(String, String)>,
    failure: Option<String>,
    /// For references in the arguments of the command.
    config: Config,
    values: Values,
}

enum Boot {
    Up,
    Incomplete,
    Late(Deadline),
    Interrupted(i32),
    Ended(End),
}

impl Run {
    async fn boot_and_run(mut self, command: &[OsString]) -> Result<Exit, Failure> {
        let boot = self.boot().await;
        self.progress.clear();
        match boot {
            Boot::Up => self.run_beside(command).await,
            Boot::Incomplete => {
                self.print_bad_lines();
                self.session.print_last_lines().await;
                let _ = self.take_down().await;
                Err(Failure::Failed(
                    "the stack did not come up, and the command was not run".to_owned(),
                ))
            }
            Boot::Late(deadline) => {
                self.session.print_last_lines().await;
                let why = self.session.what_is_waited_for().await;
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                let _ = self.take_down().await;
                Err(Failure::TimedOut(format!(
                    "the stack is not up within {deadline}{why}"
                )))
            }
            Boot::Interrupted(signal) => {
                let _ = self.take_down().await;
                Ok(Exit::of_signal(signal))
            }
            Boot::Ended(end) => {
                Err(Failure::Failed(self.failure.take().unwrap_or_else(|| {
                    background::how_it_ended(end, &self.session.log)
                })))
            }
        }
    }

    async fn boot(&mut self) -> Boot {
        let deadline = Deadline::from_now(self.limit);
        loop {
            tokio::select! {
                event = self.session.next() => match event {
                    Event::Report(Report::Resolved { is_complete: true }) => return Boot::Up,
                    Event::Report(Report::Resolved { is_complete: false }) => return Boot::Incomplete,
                    Event::Report(report) => self.handle(report),
                    Event::Ended(end) => return Boot::Ended(end),
                },
                interrupt = self.interrupts.next() => return Boot::Interrupted(interrupt),
                passed = Deadline::passed(deadline) => return Boot::Late(passed),
            }
        }
    }

    fn handle(&mut self, report: Report) {
        match report {
            Report::Line { text, is_bad } => {
                if !self.shows {
                    self.progress.show(&text);
                }
                if is_bad {
                    self.bad_lines.push(text);
                }
            }
            Report::Waits { text } if !self.shows => {
                self.progress.clear();
                print::stderr(&format!("{text}\n"));
            }
            Report::Fault { service, why } => self.faults.push((service, why)),
            Report::Failed { message } => self.failure = Some(message),
            Report::Waits { .. } | Report::Open { .. } | Report::Resolved { .. } => {}
        }
    }

    /// Says what failed, unless the session has said it on the same stream.
    fn print_bad_lines(&mut self) {
        for line in std::mem::take(&mut self.bad_lines) {
            if !self.shows {
                print::stderr(&format!("{line}\n"));
            }
        }
    }

    async fn take_down(&mut self) -> End {
        self.session.ask_to_end();
        self.bad_lines.clear();
        let end = loop {
            tokio::select! {
                event = self.session.next() => match event {
                    Event::Report(report) => self.handle(report),
                    Event::Ended(end) => break end,
                },
                _ = self.interrupts.next() => self.session.ask_to_end(),
            }
        };
        self.progress.clear();
        if end != End::Code(0) {
            self.print_bad_lines();
        }
        end
    }
}
