//! The command beside the stack: what it is given, which signals reach it, and what its end means.

use std::ffi::OsString;
use std::time::Duration;

use flowlayer_core::config::{self, Config, Values};
use flowlayer_core::process::foreground::{CommandError, Foreground};
use flowlayer_core::process::leftovers::Leftovers;
use flowlayer_core::process::{End, ProcessInfo, Reach};
use flowlayer_core::session::registry;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::Run;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::background::{Event, how_it_ended};
use crate::server::launcher::Report;
use crate::terminal::{print, sanitize};
use crate::timeout::until;

/// How long a command without its stack has to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How long what a command has left has to end before it is killed.
const LEFTOVERS_GRACE: Duration = Duration::from_secs(2);
/// When what is left after that is given up.
const GIVE_UP: Duration = Duration::from_secs(7);
/// How often to look for leftovers whose end nobody reports.
const INTERVAL: Duration = Duration::from_millis(50);

/// What is passed on to the command, or ends the session while there is none.
pub(super) fn signals() -> Vec<SignalKind> {
    let mut kinds = vec![
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::quit(),
    ];
    // It stays ignored if it was (`nohup`), for the command too.
    if !flowlayer_core::process::hangup_is_ignored() {
        kinds.push(SignalKind::hangup());
    }
    kinds
}

/// The command with its references filled in.
pub(super) fn fill(
    command: &[OsString],
    config: &Config,
    values: &Values,
) -> Result<Vec<OsString>, Failure> {
    let words = command.iter().map(|word| {
        // In what is no text there are no references.
        let Some(text) = word.to_str() else {
            return Ok(word.clone());
        };
        let filled = config::text(config, values, text);
        filled.map(OsString::from).map_err(|error| {
            let word = sanitize::text(text);
            Failure::Usage(format!("the argument {word} of the command: {error}"))
        })
    });
    words.collect()
}

struct Command {
    process: Foreground,
    ended: JoinHandle<std::io::Result<End>>,
    /// It was asked to end by this process.
    was_asked: bool,
    kill_at: Option<Instant>,
    leftovers: Leftovers,
    /// The ends of children, orphans of the command among them.
    child_ends: Signal,
}

impl Command {
    /// Passes a signal on, unless the whole group has got it: that of a key, of `timeout`, or `kill -INT -- -PGID`.
    fn pass_on(&mut self, number: i32, reach: Reach) {
        let asks_to_end = [SignalKind::terminate(), SignalKind::hangup()]
            .iter()
            .any(|kind| kind.as_raw_value() == number);
        match reach {
            Reach::Echo => {}
            Reach::Group if asks_to_end && self.was_asked => self.process.kill(),
            Reach::Group => self.was_asked |= asks_to_end,
            Reach::Alone if asks_to_end => self.ask_to_end(number),
            Reach::Alone => self.process.signal(number),
        }
    }

    /// Asks it to end; a second request is meant.
    fn ask_to_end(&mut self, signal: i32) {
        if std::mem::replace(&mut self.was_asked, true) {
            self.process.kill();
        } else {
            self.process.signal(signal);
        }
    }
}

impl Run {
    /// Runs the command, then takes the stack down.
    pub(super) async fn run_beside(mut self, command: &[OsString]) -> Result<Exit, Failure> {
        if let Some(api) = &self.session.api {
            self.values.ports.clone_from(&api.ports);
        }
        let command = fill(command, &self.config, &self.values);
        let started = command.and_then(|command| self.start(&command));
        let mut command = match started {
            Ok(command) => command,
            Err(failure) => {
                let _ = self.take_down().await;
                return Err(failure);
            }
        };
        let mut lost = None;
        let mut is_over = false;
        let end = loop {
            tokio::select! {
                end = &mut command.ended => break end,
                event = self.session.next(), if !is_over => match event {
                    // The terminal is the command's: faults are printed when it has ended.
                    Event::Report(Report::Fault { service, why }) => self.faults.push((service, why)),
                    Event::Report(_) => {}
                    Event::Ended(end) => {
                        is_over = true;
                        // It may have been ended on purpose, also by the command.
                        if end != End::Code(0) {
                            lost = Some(end);
                            print::stderr("[flowlayer] the session is lost: ending the command\n");
                            command.ask_to_end(SignalKind::terminate().as_raw_value());
                            command.kill_at = Some(Instant::now() + GRACE);
                        }
                    }
                },
                number = self.interrupts.next() => {
                    let reach = self.witness.reach(number);
                    command.pass_on(number, reach);
                }
                Some(()) = command.child_ends.recv() => command.leftovers.reap(),
                () = until(command.kill_at) => {
                    command.process.kill();
                    command.kill_at = None;
                }
            }
        };
        self.print_faults();
        self.end_leftovers(&mut command).await;
        let left = if is_over {
            End::Code(0)
        } else {
            self.take_down().await
        };
        if let Some(lost) = lost {
            return Err(Failure::Failed(how_it_ended(lost, &self.session.log)));
        }
        let end = end.ok().and_then(Result::ok).unwrap_or(End::Code(1));
        match end {
            End::Code(0) if left != End::Code(0) => Err(Failure::Failed(
                "the command succeeded, but the stack could not be stopped".to_owned(),
            )),
            End::Code(code) => Ok(Exit::of(u8::try_from(code).unwrap_or(u8::MAX))),
            End::Signal(number) => Ok(Exit::of_signal(number)),
        }
    }

    fn start(&self, command: &[OsString]) -> Result<Command, Failure> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Failure::Usage("there is no command to run".to_owned()))?;
        let mut variables = Vec::new();
        if let Some(api) = &self.session.api {
            variables.push(("FLOWLAYER_ADDR", api.address.as_str()));
            variables.push(("FLOWLAYER_TOKEN", api.token.as_str()));
        }
        let child_ends = signal(SignalKind::child())
            .map_err(|error| Failure::Failed(format!("cannot take signals: {error}")))?;
        let mut leftovers = Leftovers::adopt(&[self.session.pid(), self.witness.id()]);
        match Foreground::start(program, arguments, &variables) {
            Ok(process) => {
                leftovers.leave(process.id());
                Ok(Command {
                    process,
                    ended: spawn_blocking(move || process.wait_for_end()),
                    was_asked: false,
                    kill_at: None,
                    leftovers,
                    child_ends,
                })
            }
            Err(error) => {
                let exit = match error {
                    CommandError::NotFound => Exit::NOT_FOUND,
                    CommandError::NotExecutable(_) => Exit::NOT_EXECUTABLE,
                };
                let program = program.to_string_lossy();
                Err(Failure::Other(
                    exit,
                    format!("cannot run {program}: {error}"),
                ))
            }
        }
    }

    /// Ends what the command has left, but for the sessions that it started. An interrupt ends their grace.
    async fn end_leftovers(&mut self, command: &mut Command) {
        let begun = Instant::now();
        let mut is_impatient = false;
        loop {
            let time = begun.elapsed();
            let sessions = registry::list();
            let sessions: Vec<u32> = sessions.iter().map(|session| session.pid).collect();
            let kill = is_impatient || time >= LEFTOVERS_GRACE;
            let left = command.leftovers.end(&sessions, kill);
            if left.is_empty() {
                return;
            }
            if time >= GIVE_UP {
                let left: Vec<String> = left.iter().map(ProcessInfo::to_string).collect();
                let left = sanitize::text(&left.join(", ")).into_owned();
                print::stderr(&format!(
                    "[flowlayer] cannot end what the command has left: {left}\n"
                ));
                return;
            }
            tokio::select! {
                _ = command.child_ends.recv() => {}
                () = sleep(INTERVAL) => {}
                _ = self.interrupts.next() => is_impatient = true,
            }
        }
    }

    fn print_faults(&mut self) {
        for (service, why) in std::mem::take(&mut self.faults) {
            let fault = format!("{service} failed ({why})");
            let fault = sanitize::text(&fault);
            print::stderr(&format!("[flowlayer] while the command ran: {fault}\n"));
        }
    }
}
