//! `flowlayer runs`: the sessions on record (docs/cli.md, runs).

use flowlayer_core::facts::Timestamp;
use flowlayer_core::history::{Listed, RunEnd};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recorded::Sessions;
use crate::session::args::ReportArgs;
use crate::terminal::color::Colors;
use crate::terminal::moment::{duration, local};
use crate::terminal::print;
use crate::terminal::table::{self, Cell};

const NOTES: &str = "\
Run 1 is the session that runs, or the last one. Earlier ones are on record with logs.dir. Other commands
take the number, or the id, with --run.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 nothing is on record";

/// List the sessions on record, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    ask: ReportArgs,
}

/// Lists them.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let sessions = Sessions::find(&args.ask.session, colors)?;
    let runs = sessions.listed.iter().enumerate();
    let runs =
        runs.map(|(place, listed)| Shown::new(place + 1, listed, sessions.is_running(listed)));
    let runs: Vec<Shown<'_>> = runs.collect();
    let text = if args.ask.json {
        print::json(&Listing { runs })
    } else {
        let rows: Vec<_> = runs.iter().map(row).collect();
        let titles = ["RUN", "ID", "STARTED", "LASTED", "ENDED", "FAILED"];
        table::render(&titles, &rows, table::terminal_width(), colors.stdout)
    };
    print::stdout(&text);
    Ok(Exit::SUCCESS)
}

#[derive(Serialize)]
struct Listing<'a> {
    runs: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    run: usize,
    #[serde(flatten)]
    listed: &'a Listed,
    running: bool,
    lasted_ms: i64,
}

impl<'a> Shown<'a> {
    fn new(run: usize, listed: &'a Listed, running: bool) -> Self {
        let until = if running {
            Timestamp::now()
        } else {
            listed.last
        };
        Self {
            run,
            listed,
            running,
            lasted_ms: (until.0 - listed.started.0).max(0),
        }
    }
}

fn row(shown: &Shown<'_>) -> Vec<Cell> {
    let listed = shown.listed;
    let ended = match listed.end {
        _ if listed.is_newer => format!("recorded by flowlayer {}", listed.version),
        RunEnd::Clean => "cleanly".to_owned(),
        RunEnd::NotClean => "with processes left".to_owned(),
        RunEnd::GuardianLost => "guardian killed".to_owned(),
        RunEnd::NotRecorded if shown.running => "running".to_owned(),
        RunEnd::NotRecorded => "server killed".to_owned(),
    };
    let failed: Vec<&str> = listed.failed.keys().map(|name| &**name).collect();
    let id = listed.session.get(..8).unwrap_or(&listed.session);
    vec![
        Cell::new(&shown.run.to_string()),
        Cell::new(id),
        Cell::new(&local(listed.started)),
        Cell::new(&duration(shown.lasted_ms.unsigned_abs())),
        Cell::new(&ended),
        Cell::new(&failed.join(", ")),
    ]
}
