//! `flowlayer serve --detach`: starts a session in the background and returns when it is known how
//! that went.

use std::path::Path;
use std::time::Duration;

use flowlayer_core::process::End;
use flowlayer_core::session::registry::LiveSession;
use tokio::signal::unix::SignalKind;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::background::interrupts::Interrupts;
use crate::server::background::{self, BackgroundSession, Event, Forked, Output};
use crate::server::claim::{Claim, claim};
use crate::server::launcher::Report;
use crate::server::options::Options;
use crate::session::action::{self, ActionArgs, Verb};
use crate::session::args::SessionArgs;
use crate::session::report::DetachedReport;
use crate::session::runs_already;
use crate::terminal::color::Colors;
use crate::terminal::diagnostics::shown_path;
use crate::terminal::print;
use crate::timeout::{Deadline, Timeout};
use crate::{tokio_runtime, wait};

/// How long a session that has started may take to say how its services are.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// Starts it. In the process in the background this returns when the session is over.
pub(crate) fn run(
    options: Options,
    timeout: Option<Timeout>,
    json: bool,
    colors: Colors,
) -> Result<Exit, Failure> {
    let (options, _) = options.for_background(colors)?;
    let config = options.config().to_owned();
    let deadline = Deadline::from_now(timeout);
    let say = if json { print::stderr } else { print::stdout };
    let slot = match claim(options.config(), deadline)? {
        Claim::Free(slot) => slot,
        Claim::Taken(live) => return join(&live, options.also, timeout, json, colors),
    };
    match background::launch(options, Output::Log, false, slot, colors)? {
        Forked::Back(exit) => Ok(exit),
        Forked::Front(session) => {
            let started = DetachedReport {
                started: true,
                pid: session.pid(),
                log: Some(session.log.to_string_lossy().into_owned()),
            };
            let starting = Starting {
                session: *session,
                deadline,
                failure: None,
                interrupted: None,
                print: say,
            };
            match tokio_runtime::block_on(starting.until_resolved()) {
                // The session runs.
                Ok(Exit::SUCCESS | Exit::FAILURE) | Err(Failure::TimedOut(_)) if json => {
                    let deadline = deadline.map(|deadline| deadline.not_within(TO_ANSWER));
                    wait_for_all(&config, deadline, Some(started), colors)
                }
                outcome => outcome,
            }
        }
    }
}

fn wait_for_all(
    config: &Path,
    deadline: Option<Deadline>,
    report: Option<DetachedReport>,
    colors: Colors,
) -> Result<Exit, Failure> {
    let session = SessionArgs {
        config: Some(config.to_owned()),
        ..SessionArgs::default()
    };
    wait::until_up(&wait::Args::for_all(session, report), deadline, colors)
}

/// It runs already: these services are started, and without any the state of all counts as how the
/// start went.
pub(crate) fn join(
    live: &LiveSession,
    services: Vec<String>,
    limit: Option<Timeout>,
    json: bool,
    colors: Colors,
) -> Result<Exit, Failure> {
    let Some(address) = live.address() else {
        return Err(Failure::Failed(runs_already(live)));
    };
    let found = json.then_some(DetachedReport {
        started: false,
        pid: live.pid,
        log: None,
    });
    let say = if json { print::stderr } else { print::stdout };
    say(&format!(
        "[flowlayer] the session runs already, so no second one is started: {address}, pid {}\n",
        live.pid
    ));
    if services.is_empty() {
        return wait_for_all(&live.config, Deadline::from_now(limit), found, colors);
    }
    let session = SessionArgs {
        config: Some(live.config.clone()),
        ..SessionArgs::default()
    };
    let args = ActionArgs::of(services, session, limit);
    action::run(Verb::Start, &args, false, colors)
}

struct Starting {
    session: BackgroundSession,
    /// Counted from the start of the command.
    deadline: Option<Deadline>,
    failure: Option<String>,
    /// The signal that asked for its end.
    interrupted: Option<i32>,
    /// To the stream of the boot lines.
    print: fn(&str),
}

impl Starting {
    async fn until_resolved(mut self) -> Result<Exit, Failure> {
        let mut interrupts = Interrupts::take(&[
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::quit(),
        ])?;
        loop {
            tokio::select! {
                event = self.session.next() => match event {
                    Event::Report(Report::Resolved { is_complete }) if self.interrupted.is_none() => {
                        return Ok(self.resolved(is_complete).await);
                    }
                    Event::Report(report) => self.handle(report),
                    Event::Ended(end) => return self.ended(end),
                },
                interrupt = interrupts.next() => {
                    if self.interrupted.is_none() {
                        print::stderr("[flowlayer] interrupted: taking the session down\n");
                    }
                    self.interrupted.get_or_insert(interrupt);
                    self.session.ask_to_end();
                }
                passed = Deadline::passed(self.deadline), if self.interrupted.is_none() => {
                    return Err(self.late(passed).await);
                }
            }
        }
    }

    fn handle(&mut self, report: Report) {
        match report {
            Report::Line { text, .. } | Report::Waits { text } => {
                (self.print)(&format!("{text}\n"));
            }
            Report::Failed { message } => self.failure = Some(message),
            Report::Open { .. } | Report::Resolved { .. } | Report::Fault { .. } => {}
        }
    }

    async fn resolved(&self, is_complete: bool) -> Exit {
        if !is_complete {
            self.session.print_last_lines().await;
        }
        (self.print)(&format!(
            "[flowlayer] in the background: pid {}, log {}\n\
             [flowlayer] flowlayer status, logs -f and tui show more; flowlayer down ends it\n",
            self.session.pid(),
            shown_path(&self.session.log)
        ));
        if is_complete {
            Exit::SUCCESS
        } else {
            Exit::FAILURE
        }
    }

    fn ended(self, end: End) -> Result<Exit, Failure> {
        if let Some(signal) = self.interrupted {
            return Ok(Exit::of_signal(signal));
        }
        Err(Failure::Failed(self.failure.unwrap_or_else(|| {
            background::how_it_ended(end, &self.session.log)
        })))
    }

    async fn late(&self, deadline: Deadline) -> Failure {
        self.session.print_last_lines().await;
        let why = self.session.what_is_waited_for().await;
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        Failure::TimedOut(format!(
            "the startup has not resolved within {deadline}{why}: it goes on in the background (pid {}, log \
             {}); `flowlayer status` shows what it waits for, `flowlayer down` ends it",
            self.session.pid(),
            shown_path(&self.session.log)
        ))
    }
}
