//! `flowlayer start`, `stop` and `restart`: actions on services, to their outcome
//! (docs/cli.md, start, stop, restart).

mod outcome;
mod steps;

use flowlayer_core::client::{Client, CommandError};
use flowlayer_core::protocol::Command;
use futures_util::StreamExt;
use futures_util::stream;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::ReportArgs;
use crate::session::args::which_session;
use crate::session::watch::Watch;
use crate::session::{self, Peer};
use crate::terminal::color::Colors;
use crate::timeout::Deadline;
use crate::timeout::TimeoutArgs;
use crate::tokio_runtime;
use outcome::{Outcome, Trouble};
pub(crate) use steps::Verb;

/// Commands that wait for their outcome at the same time; a server reads no more than 32 of a
/// connection.
const TOGETHER: usize = 16;

pub(crate) const NOTES: &str = concat!(
    "\
Returns when it is done or cannot be. What is under way when --timeout is over goes on in the
session.

",
    which_session!(),
    "
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no session to talk to,
124 not within --timeout"
);

/// What `start`, `stop` and `restart` take.
#[derive(Debug, clap::Args)]
pub(crate) struct ActionArgs {
    /// Services it is about
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
    let peer = Peer::find(&args.ask.session, colors)?;
    tokio_runtime::block_on(async {
        let deadline = Deadline::from_now(args.timeout.timeout);
        let connected = peer.connect_by(deadline).await?;
        session::check_names(&args.services, &connected.services)?;
        let meant = if with_dependents {
            steps::with_dependents(&args.services, &connected.services)?
        } else {
            steps::named(&args.services, &connected.services)
        };
        let steps = if args.all {
            steps::of_all(verb)
        } else {
            steps::of(verb, &meant)
        };
        let up_before: Vec<String> = steps::up(&connected.services);
        let mut names: Vec<String> = meant.iter().map(|service| service.name.clone()).collect();
        let mut watch = Watch::new(connected.events, Some(connected.services.clone()));
        let mut trouble = perform(&connected.client, steps, &mut watch, deadline).await;
        if args.all && verb == Verb::Restart && trouble.is_empty() {
            // What was up without being started by itself comes back too.
            let back = steps::left_down(&up_before, &watch.to_vec());
            trouble = perform(&connected.client, back, &mut watch, deadline).await;
        }
        watch.catch_up();
        watch.hide_progress();
        if args.all {
            names = watch
                .to_vec()
                .into_iter()
                .map(|service| service.name)
                .collect();
        }
        let outcome = Outcome {
            verb,
            names,
            services: watch.to_vec(),
            trouble,
        };
        outcome.report(args.ask.json, colors)
    })
}

fn usage(words: &str) -> Failure {
    Failure::Usage(words.to_owned())
}

/// Performs step after step until one fails. What fails in one step is told together.
async fn perform(
    client: &Client,
    steps: Vec<Vec<Command>>,
    watch: &mut Watch,
    deadline: Option<Deadline>,
) -> Vec<Trouble> {
    for step in steps {
        let mut commands = stream::iter(step)
            .map(|command| async move {
                let result = client.call(command.clone()).finished().await;
                (command, result)
            })
            .buffer_unordered(TOGETHER);
        let mut trouble = Vec::new();
        let mut tells = true;
        loop {
            watch.show_progress();
            tokio::select! {
                done = commands.next() => match done {
                    Some((_, Ok(_))) => {}
                    Some((command, Err(error))) => trouble.push(Trouble::Failed(command, error)),
                    None => break,
                },
                news = watch.next(), if tells => tells = news.is_some(),
                passed = Deadline::passed(deadline) => {
                    trouble.push(Trouble::TimedOut(passed));
                    break;
                }
            }
        }
        if !trouble.is_empty() {
            return trouble;
        }
        watch.catch_up();
    }
    Vec::new()
}

/// Whether the outcome is unknown because the connection is gone.
fn is_lost(error: &CommandError) -> bool {
    matches!(
        error,
        CommandError::Disconnected | CommandError::NotConnected
    )
}
