//! `flowlayer wait`: until services are up, or it is clear that one will not be (docs/cli.md, wait).

mod verdict;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowlayer_core::client::{self as core, Client, ConnectionState};
use flowlayer_core::protocol::{ErrorBody, ServiceState};
use tokio::time::Instant;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{ReportArgs, SessionArgs, which_session};
use crate::session::find::Endpoint;
use crate::session::report::{ActionReport, DetachedReport, ServiceReport, one_line};
use crate::session::watch::{News, Watch, waiting_for};
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::{print, sanitize};
use crate::timeout::{Deadline, Reminder, TimeoutArgs, until};
use crate::tokio_runtime;
use verdict::Verdict;

const NOTES: &str = concat!(
    "\
Fails at once when a service has failed, is blocked, or is stopped and nothing is starting it.
Without names it waits for every service that is wanted.
It waits for a missing session too: up to --timeout, 10 s by default. It reconnects when the
connection is lost.

",
    which_session!(),
    "
Exit codes: 0 all are up, 1 one cannot come up, 2 wrong usage or configuration, 3 no session to talk
to, 124 not within --timeout"
);

/// Wait until services are up
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Services to wait for, or groups as @GROUP
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    timeout: TimeoutArgs,
    #[command(flatten)]
    ask: ReportArgs,
    /// What a `serve --detach` that waits so adds to the document.
    #[arg(skip)]
    detached: Option<DetachedReport>,
}

/// How long a session may be away when no limit is given: `serve` that was started a moment ago, a
/// server that is being started again.
const ABSENCE: Duration = Duration::from_secs(10);

/// How long services must have been at rest before `wait` concludes that nothing is going to start
/// them: a session that ends closes its connections within this time.
const REST: Duration = Duration::from_secs(1);

impl Args {
    /// Waits for all wanted services; with a report on the session, the result is a document.
    pub(crate) fn for_all(session: SessionArgs, detached: Option<DetachedReport>) -> Self {
        Self {
            services: Vec::new(),
            timeout: TimeoutArgs::default(),
            ask: ReportArgs {
                session,
                json: detached.is_some(),
            },
            detached,
        }
    }
}

/// Waits.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    until_up(args, Deadline::from_now(args.timeout.timeout), colors)
}

/// Waits, with the limit of another command.
pub(crate) fn until_up(
    args: &Args,
    deadline: Option<Deadline>,
    colors: Colors,
) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.ask.session, Purpose::Read, colors)?;
    tokio_runtime::block_on(async {
        let now = Instant::now();
        let (config, dialled) = target.patient_config();
        let (client, events) = core::start(config);
        let mut waiting = Waiting {
            client,
            dialled,
            watch: Watch::new(events, None),
            target,
            names: args.services.clone(),
            deadline,
            absent: Some((now, None)),
            at_rest_since: None,
            settled_at: None,
            reminder: Reminder::new(),
            is_drift_noted: false,
        };
        let end = waiting.until_the_end().await;
        waiting.watch.progress.clear();
        waiting.report(end, args, colors)
    })
}

/// How it ended.
enum End {
    Up,
    /// These services will not come up; a code for programs, and a text for people.
    Hopeless {
        code: &'static str,
        names: Vec<String>,
        why: String,
    },
    TimedOut(Deadline),
}

struct Waiting {
    client: Client,
    /// Where the last attempt to connect went.
    dialled: Arc<Mutex<Endpoint>>,
    target: TargetSession,
    watch: Watch,
    /// As given. Empty: all that are wanted.
    names: Vec<String>,
    deadline: Option<Deadline>,
    /// Since when there is no connection, and why.
    absent: Option<(Instant, Option<core::Failure>)>,
    /// Since when only a start is missing that was not requested.
    at_rest_since: Option<Instant>,
    /// When to check services that are up without a probe again.
    settled_at: Option<Instant>,
    reminder: Reminder,
    /// Whether the configuration of the session has been compared with its file.
    is_drift_noted: bool,
}

impl Waiting {
    async fn until_the_end(&mut self) -> Result<End, Failure> {
        loop {
            if self.absent.is_none()
                && let Some(end) = self.judge()?
            {
                return Ok(end);
            }
            let wake = self.wake_at();
            tokio::select! {
                news = self.watch.next() => match news {
                    Some(News::Connection(state)) => self.connection(state)?,
                    Some(News::Session) => self.at_rest_since = None,
                    Some(News::Services | News::Other) => self.note_drift(),
                    None => return Err(self.gone()),
                },
                // At a terminal the line of progress says it all the time.
                () = self.reminder.due(), if !self.watch.progress.is_shown => self.remind(),
                () = until(wake) => {
                    if let Some(end) = self.time()? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// Says once that the configuration of the session has been edited, if it has.
    fn note_drift(&mut self) {
        if !self.is_drift_noted && self.watch.config.is_some() {
            self.is_drift_noted = true;
            self.watch.progress.clear();
            let target = self.target.find_again();
            target.note_drift(self.watch.config.as_ref());
        }
    }

    /// Says on standard error what it waits for.
    fn remind(&self) {
        let text = match &self.absent {
            Some((_, Some(why))) => Some(format!("waiting for the session: {why}")),
            Some((_, None)) => None,
            None => self.watch.held_wave(),
        };
        if let Some(text) = text {
            print::stderr(&format!("[flowlayer] {}\n", sanitize::text(&text)));
        }
    }

    fn connection(&mut self, state: ConnectionState) -> Result<(), Failure> {
        match state {
            ConnectionState::Connecting => {}
            ConnectionState::Connected => self.absent = None,
            ConnectionState::Reconnecting { why, .. } | ConnectionState::Failing { why, .. } => {
                if is_final(&why) {
                    let target = self.target.find_again();
                    let dialled = self.dialled.lock().unwrap_or_else(PoisonError::into_inner);
                    if *dialled != *target.endpoint() {
                        // A server was started anew in between, and has another token.
                        self.client.retry_now();
                    } else if target.is_sure() {
                        return Err(target.explain(&why));
                    }
                }
                let since = self
                    .absent
                    .take()
                    .map_or_else(Instant::now, |(since, _)| since);
                self.watch
                    .progress
                    .show(&format!("waiting for the session: {why}"));
                self.absent = Some((since, Some(why)));
                self.at_rest_since = None;
            }
        }
        Ok(())
    }

    /// The verdict, if the known states allow one.
    fn judge(&mut self) -> Result<Option<End>, Failure> {
        let Some(services) = self.watch.services() else {
            return Ok(None);
        };
        let services: Vec<&ServiceState> = services.collect();
        let meant = session::resolve_names(&self.names, &services)?;
        let verdict = verdict::judge(&services, &meant);
        if !matches!(verdict, Verdict::AtRest { .. }) {
            self.at_rest_since = None;
        }
        match verdict {
            Verdict::Up => {
                self.settled_at = verdict::settled_at(&services, &meant);
                if self.settled_at.is_none() {
                    return Ok(Some(End::Up));
                }
            }
            Verdict::Coming => self.watch.show_progress(),
            Verdict::Lost { names, why } => {
                let code = "failed";
                return Ok(Some(End::Hopeless { code, names, why }));
            }
            Verdict::AtRest { names, why } => {
                let since = *self.at_rest_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= REST {
                    let code = "stopped";
                    return Ok(Some(End::Hopeless { code, names, why }));
                }
            }
        }
        Ok(None)
    }

    fn wake_at(&self) -> Option<Instant> {
        let absence = match (&self.absent, self.deadline) {
            (Some((since, _)), None) => Some(*since + ABSENCE),
            _ => None,
        };
        let rest = self.at_rest_since.map(|since| since + REST);
        let deadline = self.deadline.map(|deadline| deadline.at);
        [deadline, absence, rest, self.settled_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn time(&self) -> Result<Option<End>, Failure> {
        let now = Instant::now();
        let passed = self.deadline.filter(|deadline| now >= deadline.at);
        match (&self.absent, self.deadline, passed) {
            (Some(_), _, Some(_)) => Err(self.gone()),
            (Some((since, _)), None, _) if now >= *since + ABSENCE => Err(self.gone()),
            (None, _, Some(passed)) => Ok(Some(End::TimedOut(passed))),
            _ => Ok(None),
        }
    }

    /// There is no session, and the time to wait for one is over.
    fn gone(&self) -> Failure {
        let target = self.target.find_again();
        let why = match &self.absent {
            Some((_, Some(why))) => why.clone(),
            _ => core::Failure::Unreachable {
                address: target.endpoint().place(),
                why: "no answer in time".to_owned(),
            },
        };
        target.explain(&why)
    }

    fn report(
        &self,
        end: Result<End, Failure>,
        args: &Args,
        colors: Colors,
    ) -> Result<Exit, Failure> {
        let end = end?;
        let services = self.watch.to_vec();
        let meant = session::resolve_names(&self.names, &services)?;
        let about: Vec<&ServiceState> = services
            .iter()
            .filter(|service| verdict::is_about(service, &meant))
            .collect();
        let (error, failed_services) = match &end {
            End::Up => (None, Vec::new()),
            End::Hopeless { code, names, why } => (Some((*code, why.clone())), names.clone()),
            End::TimedOut(passed) => (Some(("timeout", late(*passed, &about))), Vec::new()),
        };
        if args.ask.json {
            let report = ActionReport {
                action: args.detached.as_ref().map_or("wait", |_| "serve"),
                ok: error.is_none(),
                error: error.as_ref().map(|(code, message)| ErrorBody {
                    code: (*code).to_owned(),
                    message: message.clone(),
                }),
                failed_services,
                services: about.iter().copied().map(ServiceReport::from).collect(),
                session: args.detached.clone(),
            };
            print::stdout(&print::json(&report));
        } else if error.is_none() {
            let lines: String = about
                .iter()
                .map(|service| one_line(service, colors.stdout))
                .collect();
            print::stdout(&lines);
        }
        match (end, error) {
            (End::TimedOut(_), Some((_, why))) => Err(Failure::TimedOut(why)),
            (_, Some((_, why))) => Err(Failure::Failed(why)),
            (_, None) => Ok(Exit::SUCCESS),
        }
    }
}

fn late(deadline: Deadline, about: &[&ServiceState]) -> String {
    let why = waiting_for(about.iter().copied());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!("not everything is up within {deadline}{why}")
}

/// Whether another attempt would only hear the same.
fn is_final(why: &core::Failure) -> bool {
    matches!(
        why,
        core::Failure::NoApi { .. }
            | core::Failure::TokenRequired(_)
            | core::Failure::InvalidToken(_)
            | core::Failure::NotFlowLayer { .. }
            | core::Failure::WrongVersion { .. }
    )
}
