//! `flowlayer reload`: shows what has changed in the configuration of a session, and applies it
//! (docs/cli.md, reload).

mod view;

use std::io::{IsTerminal, stderr, stdin};
use std::time::Duration;

use flowlayer_core::client::{Client, CommandError, Connected, Reloaded};
use flowlayer_core::config::{self, ConfigError};
use flowlayer_core::facts::{Change, ChangeKind, ConfigProblem};
use flowlayer_core::protocol::{Code, ErrorBody};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{ReportArgs, which_session};
use crate::session::{Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::{changes, diagnostics, print};
use crate::tokio_runtime;

const NOTES: &str = concat!(
    "\
On a terminal the changes are shown and confirmed first. Without one they are applied at once.
Returns when what is restarted or added is up, or cannot be. Services that are stopped stay stopped.

",
    which_session!(),
    "
Exit codes: 0 applied, or nothing to apply; 1 failed or not confirmed, 2 wrong usage or a
configuration with problems, 3 no session to talk to"
);

/// How long a boot that is starting or stopping something is waited for.
const BUSY_LIMIT: Duration = Duration::from_secs(30);

/// Between two attempts meanwhile.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Apply an edited configuration to a running session
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Restart what depends on restarted services too
    #[arg(long)]
    with_dependents: bool,
    #[command(flatten)]
    ask: ReportArgs,
}

/// Shows, asks, applies.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let purpose = if args.dry_run {
        Purpose::Read
    } else {
        Purpose::Change
    };
    let target = TargetSession::find(&args.ask.session, purpose, colors)?;
    let is_interactive = stdin().is_terminal() && stderr().is_terminal();
    let asks = is_interactive && !(args.yes || args.dry_run || args.ask.json);
    tokio_runtime::block_on(async {
        // What it is about to say itself need not be said before.
        let connected = target.connect_without_note().await?;
        let with_dependents = args.with_dependents;
        let dry_run = args.dry_run || asks;
        let mut reloaded = reload(&connected.client, dry_run, with_dependents, None).await?;
        while asks && reloaded.report.problems.is_empty() {
            let changes = reloaded.report.changes;
            if changes.is_empty() {
                print::stdout(view::NOTHING);
                return Ok(Exit::SUCCESS);
            }
            warn(&connected, colors);
            print::stderr(&changes::render(&changes, colors.stderr));
            if !confirmed() {
                print::stderr("nothing was changed\n");
                return Err(Failure::Reported(Exit::FAILURE));
            }
            reloaded = reload(&connected.client, false, with_dependents, Some(changes)).await?;
            if !is_edited_again(&reloaded) {
                break;
            }
            print::stderr("the configuration was edited again:\n");
        }
        if args.ask.json {
            print::stdout(&print::json(&Document::new(&reloaded, args.dry_run)));
            return outcome(&reloaded, true);
        }
        if !reloaded.report.problems.is_empty() {
            return Err(unusable(&reloaded, &connected, colors));
        }
        if !asks {
            if !reloaded.report.changes.is_empty() {
                warn(&connected, colors);
            }
            print::stdout(&changes::render(&reloaded.report.changes, colors.stdout));
        }
        if args.dry_run && reloaded.report.changes.is_empty() {
            print::stdout(view::NOTHING);
        }
        if !args.dry_run {
            print::stdout(&view::summary(&reloaded.report.changes));
            print::stdout(&left_down(&connected.client, &reloaded.report.changes).await);
        }
        outcome(&reloaded, false)
    })
}

/// Gives the command, again while a boot is in the middle of starting or stopping something.
async fn reload(
    client: &Client,
    dry_run: bool,
    with_dependents: bool,
    changes: Option<Vec<Change>>,
) -> Result<Reloaded, Failure> {
    let busy_until = Instant::now() + BUSY_LIMIT;
    loop {
        match client
            .reload(dry_run, with_dependents, changes.clone())
            .await
        {
            Ok(reloaded) => return Ok(reloaded),
            Err(CommandError::Refused(error))
                if error.is(Code::ServiceBusy) && Instant::now() < busy_until =>
            {
                sleep(AGAIN_AFTER).await;
            }
            Err(error) => return Err(Failure::Failed(format!("cannot reload: {error}"))),
        }
    }
}

/// Whether nothing was done because the changes are no longer those that were confirmed.
fn is_edited_again(reloaded: &Reloaded) -> bool {
    let error = reloaded.error.as_ref();
    error.is_some_and(|error| error.is(Code::ConfigChanged))
}

fn confirmed() -> bool {
    print::stderr("Apply this? [Y/n] ");
    let mut answer = String::new();
    let read = stdin().read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    matches!(read, Ok(1..)) && (answer.is_empty() || answer == "y" || answer == "yes")
}

fn outcome(reloaded: &Reloaded, is_reported: bool) -> Result<Exit, Failure> {
    let Some(error) = &reloaded.error else {
        return Ok(Exit::SUCCESS);
    };
    if !reloaded.report.problems.is_empty() {
        return Err(Failure::Reported(Exit::USAGE));
    }
    if is_reported {
        return Err(Failure::Reported(Exit::FAILURE));
    }
    Err(Failure::Failed(error.message.clone()))
}

/// Prints the warnings of the file, where it can be read from here.
fn warn(connected: &Connected, colors: Colors) {
    let path = connected.config.as_ref().map(|config| &config.path);
    if let Some(Ok(loaded)) = path.map(|path| config::load(path.as_ref())) {
        config_file::print_warnings(&loaded, colors);
    }
}

/// Prints all problems of the file: as `validate` does where it can be read from here.
fn unusable(reloaded: &Reloaded, connected: &Connected, colors: Colors) -> Failure {
    let path = connected.config.as_ref().map(|config| config.path.as_str());
    let path = path.unwrap_or("the configuration");
    match config::load(path.as_ref()) {
        Err(ConfigError::Invalid { problems, text }) => {
            print::stderr(&diagnostics::render(&problems, &text, colors.stderr));
        }
        // What only the server can see: its environment, for example.
        Ok(loaded) => {
            for problem in &reloaded.report.problems {
                print::stderr(&match view::placed(problem, &loaded.source) {
                    Some(placed) => diagnostics::render(&[placed], &loaded.source, colors.stderr),
                    None => view::problem(path, problem, colors.stderr),
                });
            }
        }
        Err(_) => {
            for problem in &reloaded.report.problems {
                print::stderr(&view::problem(path, problem, colors.stderr));
            }
        }
    }
    if let Some(error) = &reloaded.error {
        print::stderr(&format!("{}\n", diagnostics::readable(&error.message)));
    }
    Failure::Reported(Exit::USAGE)
}

/// One line for what is defined anew and does not run.
async fn left_down(client: &Client, changes: &[Change]) -> String {
    let Ok(services) = client.snapshot().await else {
        return String::new();
    };
    let is_replaced = |name: &str| {
        let mut replaced = changes.iter();
        replaced.any(|it| it.change == ChangeKind::Restart && it.service.as_deref() == Some(name))
    };
    let down = services.iter();
    let down = down.filter(|it| is_replaced(&it.name) && it.details.wanted == Some(false));
    let names: Vec<&str> = down.map(|it| it.name.as_str()).collect();
    view::left_down(&names)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    dry_run: bool,
    changes: &'a [Change],
    problems: &'a [ConfigProblem],
    error: Option<&'a ErrorBody>,
    failed_services: &'a [String],
}

impl<'a> Document<'a> {
    fn new(reloaded: &'a Reloaded, dry_run: bool) -> Self {
        Self {
            ok: reloaded.error.is_none(),
            dry_run,
            changes: &reloaded.report.changes,
            problems: &reloaded.report.problems,
            error: reloaded.error.as_ref(),
            failed_services: &reloaded.failed_services,
        }
    }
}
