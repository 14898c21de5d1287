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
use crate::recorded::Sessions;
use crate::session::{Purpose, TargetSession};
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
    /// Names as they were given, and without a limit.
    search: Search,
    /// How many matches; `None`: as many as the configuration says.
    limit: Option<Limit>,
    follow: bool,
    form: Form,
}

impl Wanted {
    /// What is searched, with the services that the names mean.
    fn search_among(
        &self,
        resolve: impl Fn(&[String]) -> Result<Vec<String>, Failure>,
    ) -> Result<Search, Failure> {
        Ok(Search {
            services: resolve(&self.search.services)?,
            excluded: resolve(&self.search.excluded)?,
            ..self.search.clone()
        })
    }

    /// How entries are shown: who has asked for one service knows whose lines these are.
    fn form_for(&self, search: &Search) -> Form {
        Form {
            prefix: self.form.prefix && search.services.len() != 1,
            ..self.form
        }
    }
}

/// Shows the entries; ends silently when the reader is gone.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let mut wanted = wanted(args, colors)?;
    if let Some(run) = &args.run {
        let sessions = Sessions::find(&args.session, colors)?;
        let place = sessions.place(run)?;
        // The session that runs has its lines in memory, too.
        if !sessions.is_running(&sessions.listed[place]) {
            let (after, before) = sessions.seqs(place);
            let search = &mut wanted.search;
            search.after_seq = Some(search.after_seq.map_or(after, |it| it.max(after)));
            search.before_seq = search.before_seq.into_iter().chain(before).min();
            return from_files(&sessions, &wanted);
        }
    }
    let target = TargetSession::find(&args.session, Purpose::Read, colors)?;
    let mut output = Output::new()?;
    let ended = tokio_runtime::block_on_beside(async {
        let (shown, since) = match target.connect().await {
            Ok(connected) => live::show(connected, &target, &wanted, &mut output).await?,
            Err(unreachable) => {
                let files = files::Files::of(&target, unreachable, wanted.follow)?;
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

/// Shows entries of a session that has ended.
fn from_files(sessions: &Sessions, wanted: &Wanted) -> Result<Exit, Failure> {
    let mut output = Output::new()?;
    let files = files::Files::recorded(sessions.target())?;
    match files
        .show(wanted, &mut output)
        .map(drop)
        .and_then(|()| output.flush())
    {
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
    let has_beginning = pattern.is_some()
        || args.level.is_some()
        || args.since.is_some()
        || args.after_seq.is_some();
    let time = |moment: jiff::Timestamp| Timestamp(moment.as_millisecond());
    Ok(Wanted {
        limit: args.limit.or(has_beginning.then_some(Limit::All)),
        follow: args.follow,
        form: Form {
            json: args.json,
            timestamps: args.timestamps,
            prefix: !args.no_prefix,
            terminal: output::is_terminal(),
            colored: colors.stdout,
        },
        search: Search {
            services: args.services.clone(),
            excluded: args.exclude.clone(),
            after_seq: args.after_seq,
            before_seq: args.before_seq,
            // In the files a millisecond is the smallest thing: one that is begun counts.
            since: args.since.map(time),
            until: args.until.map(time),
            stream: args.stream,
            pattern,
            level: args.level,
            before: args.before_context.unwrap_or(around),
            after: args.after_context.unwrap_or(around),
            limit: None,
        },
    })
}

/// The services to ask for, of those there are; none for all.
fn asked(search: &Search, names: &[String]) -> Result<Vec<String>, Failure> {
    let asked = search.among(names);
    if asked.is_empty() && !search.excluded.is_empty() {
        let text = "--exclude leaves out every service there is to show".to_owned();
        return Err(Failure::Mistaken(text));
    }
    Ok(asked)
}

/// Says something that does not belong to the log.
fn note(text: &str) {
    print::stderr(&format!("flowlayer: {}\n", sanitize::text(text)));
}
