//! `flowlayer start`, `stop` and `restart`: actions on services, to their outcome
//! (docs/cli.md, start, stop, restart).

mod outcome;
mod steps;

use std::time::Duration;

use flowlayer_core::client::{Client, CommandError};
use flowlayer_core::protocol::{Code, Command};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{ReportArgs, SessionArgs, which_session};
use crate::session::watch::Watch;
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::timeout::{Deadline, Timeout, TimeoutArgs};
use crate::tokio_runtime;
use outcome::{ActionOutcome, Trouble};
pub(crate) use steps::Verb;

/// Commands that wait for their outcome at the same time; a server reads no more than 32 of a
/// connection.
const TOGETHER: usize = 16;

pub(crate) const NOTES: &str = concat!(
    "\
Returns at the final outcome. When --timeout is over, the session continues with the action.

",
    which_session!(),
    "
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no session to talk to,
124 not within --timeout"
);

/// What `start`, `stop` and `restart` take.
#[derive(Debug, clap::Args)]
pub(crate) struct ActionArgs {
    /// Names of the services, or groups as @GROUP
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// All services
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
    #[command(flatten)]
    ask: ReportArgs,
}

impl ActionArgs {
    /// On these services of a session.
    pub(crate) fn of(
        services: Vec<String>,
        session: SessionArgs,
        timeout: Option<Timeout>,
    ) -> Self {
        Self {
            services,
            all: false,
            timeout: TimeoutArgs { timeout },
            ask: ReportArgs {
                session,
                json: false,
            },
        }
    }
}

/// Carries the action out, and prints what has become of it.
pub(crate) fn run(
    verb: Verb,
    args: &ActionArgs,
    with_dependents: bool,
    colors: Colors,
) -> Result<Exit, Failure> {
    match (args.all, args.services.is_empty()) {
        (false, true) => return Err(usage("name at least one service, or say --all")),
        (true, false) => return Err(usage("name services or say --all, not both")),
        (true, true) if with_dependents => {
            return Err(usage(
                "--all leaves no dependents out: say only one of the two",
            ));
        }
        _ => {}
    }
    let target = TargetSession::find(&args.ask.session, Purpose::Change, colors)?;
    tokio_runtime::block_on(async {
        let deadline = Deadline::from_now(args.timeout.timeout);
        let connected = target.connect_by(deadline).await?;
        let resolved = session::resolve_names(&args.services, &connected.services)?;
        let meant = if with_dependents {
            steps::with_dependents(&resolved, &connected.services)?
        } else {
            steps::named(&resolved, &connected.services)
        };
        let steps = if args.all {
            steps::of_all(verb)
        } else {
            steps::of(verb, &meant)
        };
        let up_before: Vec<String> = steps::up(&connected.services);
        let mut names: Vec<String> = meant.iter().map(|service| service.name.clone()).collect();
        let mut watch = Watch::new(connected.events, Some(connected.services.clone()));
        let mut performed = perform(&connected.client, steps, &mut watch, deadline).await;
        if args.all && verb == Verb::Restart && performed.trouble.is_empty() {
            // What was up without being started by itself comes back too.
            let back = steps::left_down(&up_before, &watch.to_vec());
            performed = perform(&connected.client, back, &mut watch, deadline).await;
        }
        watch.catch_up();
        watch.progress.clear();
        if args.all {
            names = watch
                .to_vec()
                .into_iter()
                .map(|service| service.name)
                .collect();
        }
        let services = if performed.trouble.is_empty() {
            watch.settled(verb != Verb::Stop)
        } else {
            watch.to_vec()
        };
        let outcome = ActionOutcome {
            verb,
            names,
            services,
            trouble: performed.trouble,
            skipped: performed.skipped,
        };
        outcome.report(args.ask.json, colors)
    })
}

fn usage(words: &str) -> Failure {
    Failure::Usage(words.to_owned())
}

/// How long a command waits for a service that is busy with another command.
const BUSY_LIMIT: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Performed {
    /// What failed, all of one step.
    trouble: Vec<Trouble>,
    /// The commands of later steps, which were not given because of it.
    skipped: Vec<Command>,
}

/// Performs step after step until one fails. What fails in one step is reported together.
async fn perform(
    client: &Client,
    steps: Vec<Vec<Command>>,
    watch: &mut Watch,
    deadline: Option<Deadline>,
) -> Performed {
    let mut steps = steps.into_iter();
    while let Some(step) = steps.next() {
        let trouble = perform_step(client, step, watch, deadline).await;
        if !trouble.is_empty() {
            let skipped = steps.flatten().collect();
            return Performed { trouble, skipped };
        }
        watch.catch_up();
    }
    Performed::default()
}

/// Gives the commands of one step, again whenever something has changed while their service is busy, and
/// returns what failed.
async fn perform_step(
    client: &Client,
    step: Vec<Command>,
    watch: &mut Watch,
    deadline: Option<Deadline>,
) -> Vec<Trouble> {
    let give = |command: Command, at: u64| async move {
        let result = client.call(command.clone()).finished().await;
        (command, result, at)
    };
    let mut waiting = step;
    let mut under_way = FuturesUnordered::new();
    let mut busy: Vec<(Command, CommandError)> = Vec::new();
    let busy_until = Instant::now() + BUSY_LIMIT;
    let mut trouble = Vec::new();
    let mut has_news = true;
    // How many events have come: a refusal may be read after the event that makes it void.
    let mut events = 0;
    loop {
        while under_way.len() < TOGETHER
            && let Some(command) = waiting.pop()
        {
            under_way.push(give(command, events));
        }
        if under_way.is_empty() && busy.is_empty() {
            return trouble;
        }
        watch.show_progress();
        tokio::select! {
            Some((command, result, at)) = under_way.next() => match result {
                Ok(_) => {}
                Err(error) if is_busy(&command, &error) && has_news => {
                    if events == at {
                        busy.push((command, error));
                    } else {
                        waiting.push(command);
                    }
                }
                Err(error) => trouble.push(Trouble::Failed(command, error)),
            },
            news = watch.next(), if has_news => {
                has_news = news.is_some();
                events += 1;
                // Whatever has changed may be the end of what they were refused for.
                if has_news {
                    waiting.extend(busy.drain(..).map(|(command, _)| command));
                } else {
                    trouble.extend(busy.drain(..).map(failed));
                }
            }
            () = sleep_until(busy_until), if !busy.is_empty() => {
                trouble.extend(busy.drain(..).map(failed));
            }
            passed = Deadline::passed(deadline) => {
                trouble.push(Trouble::TimedOut(passed));
                return trouble;
            }
        }
    }
}

fn failed((command, error): (Command, CommandError)) -> Trouble {
    Trouble::Failed(command, error)
}

/// Whether a command about one service was refused because that service is busy.
fn is_busy(command: &Command, error: &CommandError) -> bool {
    let is_of_one = matches!(
        command,
        Command::StartService(_) | Command::StopService(_) | Command::RestartService(_)
    );
    matches!(error, CommandError::Refused(error) if is_of_one && error.code == Code::ServiceBusy.as_str())
}

/// Whether the outcome is unknown because the connection is gone.
fn is_lost(error: &CommandError) -> bool {
    matches!(
        error,
        CommandError::Disconnected | CommandError::NotConnected
    )
}
