//! `flowlayer sessions`: the sessions of this user that run (docs/cli.md, sessions).

use flowlayer_core::facts::Timestamp;
use flowlayer_core::session::registry::{self, LiveSession};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::table::{self, Cell};
use crate::terminal::{age, print};

/// List the running sessions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Tokens are left out, so that the list can be shown and logged.
Exit code: 0, also when no session runs")]
pub(crate) struct Args {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Prints them. An empty list is no failure.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all subcommands")]
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    let live = registry::list();
    let text = if args.json {
        let sessions = live.iter().map(Listed::from).collect();
        print::json(&Listing { sessions })
    } else if live.is_empty() {
        // On stderr, so that a pipe gets nothing.
        print::stderr("no session runs\n");
        return Ok(Exit::SUCCESS);
    } else {
        let rows: Vec<Vec<Cell>> = live.iter().map(row).collect();
        let titles = ["ADDRESS", "PID", "SINCE", "CONFIG"];
        table::render(&titles, &rows, table::terminal_width(), false)
    };
    print::stdout(&text);
    Ok(Exit::SUCCESS)
}

fn row(session: &LiveSession) -> Vec<Cell> {
    vec![
        Cell::new(session.address().unwrap_or("-")),
        Cell::new(&session.pid.to_string()),
        Cell::new(&age::age_of(session.started)),
        Cell::new(&session.config.to_string_lossy()),
    ]
}

#[derive(Serialize)]
struct Listing<'a> {
    sessions: Vec<Listed<'a>>,
}

/// A session as listed: without its token.
#[derive(Serialize)]
struct Listed<'a> {
    /// `null` for a session without an API.
    address: Option<&'a str>,
    pid: u32,
    config: std::borrow::Cow<'a, str>,
    session_id: &'a str,
    since: Timestamp,
}

impl<'a> From<&'a LiveSession> for Listed<'a> {
    fn from(session: &'a LiveSession) -> Self {
        Self {
            address: session.address(),
            pid: session.pid,
            config: session.config.to_string_lossy(),
            session_id: &session.session_id,
            since: session.started,
        }
    }
}
