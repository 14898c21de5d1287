//! `flowlayer logs`: the log of a running session, or, when none runs, of the files it left
//! (docs/logs.md, flowlayer logs).
//!
//! [`live`] asks the session, [`files`] reads the files. What is wanted of either is one [`Search`],
//! and what either finds goes through one [`Printer`](printer::Printer) to one [`Output`]. [`follow`] goes on
//! with what is then [`MatchPrinter`](matches::MatchPrinter), where they end.

mod args;
mod files;
mod follow;
mod live;
mod matches;
mod output;
mod printer;
mod time;

use flowlayer_core::facts::Timestamp;
use flowlayer_core::logs::{Pattern, Search};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::TargetSession;
use crate::terminal::color::Colors;
use crate::terminal::{print, sanitize};
use crate::tokio_runtime;
pub(crate) use args::Args;
use args::Limit;
use output::{Output, Stopped};
use printer::Form;

/// What a command line asks for.
#[derive(Debug)]
struct Wanted {
    /// Its limit is filled in when it is known.
    search: Search,
    /// How many matches; `None`: as many as the configuration says.
    limit: Option<Limit>,
    follow: bool,
    form: Form,
}

/// Shows the entries; ends silently when the reader is gone.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let wanted = wanted(args, colors)?;
    let target = TargetSession::find(&args.session, colors)?;
    let mut output = Output::new()?;
    let ended = tokio_runtime::block_on_beside(async {
        let (shown, since) = match target.connect().await {
            Ok(connected) => live::show(connected, &target, &wanted, &mut output).await?,
            Err(unreachable) => {
                let files = files::Files::of(&target, unreachable)?;
                files.show(&wanted, &mut output)?
            }
        };
        if wanted.follow {
            shown.output.flush()?;
            follow::run(&target, shown, since).await?;
        }
        Ok(())
    })?;
    match ended.and_then(|()| output.flush()) {
        Ok(()) | Err(Stopped::ReaderGone) => Ok(Exit::SUCCESS),
        Err(Stopped::Failed(failure)) => Err(failure),
    }
}

fn wanted(args: &Args, colors: Colors) -> Result<Wanted, Failure> {
    let compiled = |pattern: &String| {
        Pattern::new(pattern, args.ignore_case, args.invert_match).map_err(|error| {
            let text = format!("--grep {pattern:?} is not a regular expression: {error}");
            Failure::Mistaken(text)
        })
    };
    let pattern = args.grep.as_ref().map(compiled).transpose()?;
    let around = args.context.unwrap_or(0);
    let has_beginning = pattern.is_some() || args.since.is_some() || args.after_seq.is_some();
    let time = |moment: jiff::Timestamp| Timestamp(moment.as_millisecond());
    let mut services = args.services.clone();
    services.sort();
    services.dedup();
    Ok(Wanted {
        limit: args.limit.or(has_beginning.then_some(Limit::All)),
        follow: args.follow,
        form: Form {
            json: args.json,
            timestamps: args.timestamps,
            // Who has named one service knows whose lines these are.
            prefix: !args.no_prefix && services.len() != 1,
            terminal: output::is_terminal(),
            colored: colors.stdout,
        },
        search: Search {
            services,
            after_seq: args.after_seq,
            before_seq: args.before_seq,
            // In the files a millisecond is the smallest thing: one that is begun counts.
            since: args.since.map(time),
            until: args.until.map(time),
            stream: args.stream,
            pattern,
            before: args.before_context.unwrap_or(around),
            after: args.after_context.unwrap_or(around),
            limit: None,
        },
    })
}

/// Says something that does not belong to the log.
fn note(text: &str) {
    print::stderr(&format!("flowlayer: {}\n", sanitize::text(text)));
}
