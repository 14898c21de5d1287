//! `flowlayer serve --detach`: starts a session in the background and returns when it is known how
//! that went.

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
use crate::session::args::SessionArgs;
use crate::session::runs_already;
use crate::terminal::color::Colors;
use crate::terminal::diagnostics::shown_path;
use crate::terminal::print;
use crate::timeout::{Deadline, Timeout};
use crate::{tokio_runtime, wait};

/// Starts it. In the process in the background this returns when the session is over.
pub(super) fn run(
    options: Options,
    timeout: Option<Timeout>,
    colors: Colors,
) -> Result<Exit, Failure> {
    let (options, _) = options.for_background(colors)?;
    let deadline = Deadline::from_now(timeout);
    let slot = match claim(options.config(), deadline)? {
        Claim::Free(slot) => slot,
        Claim::Taken(live) => return join(&live, timeout, colors),
    };
    match background::launch(options, Output::Log, false, slot, colors)? {
        Forked::Back(exit) => Ok(exit),
        Forked::Front(session) => {
            let starting = Starting {
                session: *session,
                deadline,
                failure: None,
                interrupted: None,
            };
            tokio_runtime::block_on(starting.until_resolved())
        }
    }
}

/// It runs already: how it is counts as how it went.
fn join(live: &LiveSession, limit: Option<Timeout>, colors: Colors) -> Result<Exit, Failure> {
    let Some(address) = live.address() else {
        return Err(Failure::Failed(runs_already(live)));
    };
    say(&format!(
        "the session runs already, so no second one is started: {address}, pid {}",
        live.pid
    ));
    let session = SessionArgs {
        config: Some(live.config.clone()),
        ..SessionArgs::default()
    };
    wait::run(&wait::Args::for_all(session, limit), colors)
}

struct Starting {
    session: BackgroundSession,
    /// Counted from the start of the command.
    deadline: Option<Deadline>,
    failure: Option<String>,
    /// The signal that asked for its end.
    interrupted: Option<i32>,
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
                    self.interrupted.get_or_insert(interrupt.number);
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
                print::stdout(&format!("{text}\n"));
            }
            Report::Failed { message } => self.failure = Some(message),
            Report::Open { .. } | Report::Resolved { .. } | Report::Fault { .. } => {}
        }
    }

    async fn resolved(&self, is_complete: bool) -> Exit {
        if !is_complete {
            self.session.print_last_lines().await;
        }
        say(&format!(
            "in the background: pid {}, log {}",
            self.session.pid(),
            shown_path(&self.session.log)
        ));
        say("flowlayer status, logs -f and tui show more; flowlayer down ends it");
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

fn say(words: &str) {
    print::stdout(&format!("[flowlayer] {words}\n"));
}
