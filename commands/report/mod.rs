//! `flowlayer report`: one Markdown text about what has failed, for an issue or an agent (docs/cli.md, report).

mod page;

use flowlayer_core::history::Timeline;
use flowlayer_core::why::Explainer;

use self::page::Page;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recorded::Sessions;
use crate::session::args::SessionArgs;
use crate::session::resolve_names;
use crate::terminal::color::Colors;
use crate::terminal::print;

const NOTES: &str = "\
It names variables and never shows their values; lines of services are as these wrote them. At most 64 KB.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 nothing is on record";

/// Write a report on what has failed, as Markdown
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Services to report on, or groups as @GROUP; default: all that are not up
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    session: SessionArgs,
    /// A session on record: a number or an id of flowlayer runs
    #[arg(long, value_name = "RUN", default_value = "1")]
    run: String,
}

/// Lines of the log around what failed.
const LINES: usize = 60;

/// How many of them may come after the failure.
const AFTER: u64 = 10;

/// Writes it.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let sessions = Sessions::find(&args.session, colors)?;
    let place = sessions.place(&args.run)?;
    let run = sessions.read(place)?;
    let end = run.end();
    let states = run.states(end);
    let names = resolve_names(&args.services, &states)?;
    let overview = Explainer::new(&states).overview_of(&names);
    let failed = overview.causes.iter().map(|it| &*it.cause.service);
    let mut about: Vec<&str> = failed.collect();
    let first = run.last_failure(&about);
    let before = first.map(|seq| seq + 1 + AFTER);
    let lines = sessions.lines(place, None, before, LINES)?;
    about.extend(names.iter().map(String::as_str));
    let mut page = Page::new(&run, &sessions.listed[place], place + 1);
    page.overview(&overview);
    page.timeline(Timeline::of(&run).as_ref());
    page.since(&run.after_boot());
    page.definitions(&run.definitions(end), &about);
    page.lines(&lines);
    print::stdout(&page.into_text());
    Ok(Exit::SUCCESS)
}
