//! `flowlayer timeline`: what a boot waited for, and what happened after it (docs/cli.md, timeline).

pub(crate) mod text;

use flowlayer_core::history::{Happened, Timeline};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recorded::Sessions;
use crate::session::args::SessionArgs;
use crate::terminal::color::Colors;
use crate::terminal::{print, table};

const NOTES: &str = "\
The bars: dots while a service waits for others, a light bar while it starts, a full one until it is up.
What gated a service took most of its time: a dependency, its wave, its own start, its probe, or its work.
RUN is a number or an id of flowlayer runs; default: 1, the session that runs, or the last one.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 nothing is on record";

/// Show when each service of a boot waited, started and was up, and what happened since
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    session: SessionArgs,
    /// A session on record
    #[arg(long, value_name = "RUN", default_value = "1")]
    run: String,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Bars
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// Shows the timeline of a session on record.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let sessions = Sessions::find(&args.session, colors)?;
    let place = sessions.place(&args.run)?;
    let run = sessions.read(place)?;
    let boot = Timeline::of(&run);
    let since = run.after_boot();
    print::stdout(&match args.format {
        Format::Json => print::json(&Document {
            run: place + 1,
            session: run.session(),
            boot,
            lost_records: sessions.listed[place].lost_records,
            since,
        }),
        Format::Text => {
            let mut text = text::boot(boot.as_ref(), table::terminal_width(), colors.stdout);
            text.push_str(&text::since(&since));
            text.push_str(&text::lost(sessions.listed[place].lost_records));
            text
        }
    });
    Ok(Exit::SUCCESS)
}

#[derive(Serialize)]
struct Document<'a> {
    run: usize,
    session: &'a str,
    /// `null` where none is on record.
    boot: Option<Timeline>,
    /// Records that the disk did not take.
    lost_records: u64,
    /// What happened after the boot.
    since: Vec<Happened>,
}
