//! `flowlayer why`: why a service is not up, down to the cause.

mod page;

use std::num::NonZeroU64;

use flowlayer_core::client::{Client, Entry};
use flowlayer_core::protocol::{LogsCursor, LogsQuery};
use flowlayer_core::why::{Cause, Explainer, LogLine};
use serde::Serialize;
use serde_json::json;

use self::page::Page;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recorded::Sessions;
use crate::session::args::ReportArgs;
use crate::session::report::SessionReport;
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::tokio_runtime;

const NOTES: &str = "\
Exit codes: 0 it is up (with several: all are; without SERVICE: everything is), 1 it is not,
2 wrong usage or configuration, 3 no session to talk to (or it has not answered within 5 s)";

/// Explain why a service is not up, with its root causes
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Services to explain, or groups as @GROUP; default: every cause that keeps a service down
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    ask: ReportArgs,
    /// A session on record, as it was before its end: a number or an id of flowlayer runs
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Lines shown of the log of a cause.
const LAST_LINES: usize = 10;

/// How far back they are looked for: what goes to stderr may be rare.
const LOOKED_AT: u16 = 1000;

/// Causes whose logs are asked for. A stack in which more fails has one reason that is among them.
const WITH_LOGS: usize = 20;

/// Queries the session once and explains the states.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    if let Some(wanted) = &args.run {
        let sessions = Sessions::find(&args.ask.session, colors)?;
        let place = sessions.place(wanted)?;
        if !sessions.is_running(&sessions.listed[place]) {
            return recorded(args, &sessions, place, colors);
        }
    }
    let target = TargetSession::find(&args.ask.session, Purpose::Read, colors)?;
    tokio_runtime::block_on(async {
        let connected = target.connect().await?;
        let names = session::resolve_names(&args.services, &connected.services)?;
        let explainer = Explainer::new(&connected.services);
        let session = SessionReport::new(&target, &connected.session);
        let mut page = Page::new(colors.stdout);
        // What was checked above the session has.
        let one = match names.as_slice() {
            [name] => explainer.explain(name),
            _ => None,
        };
        let (up, text) = if let Some(mut answer) = one {
            for cause in answer.causes.iter_mut().take(WITH_LOGS) {
                add_log(&connected.client, cause).await?;
            }
            page.explanation(&answer);
            (
                answer.up,
                args.ask
                    .json
                    .then(|| print::json(&Report { session, answer })),
            )
        } else {
            let mut answer = explainer.overview_of(&names);
            for affecting in answer.causes.iter_mut().take(WITH_LOGS) {
                add_log(&connected.client, &mut affecting.cause).await?;
            }
            page.overview(&answer);
            (
                answer.up,
                args.ask
                    .json
                    .then(|| print::json(&Report { session, answer })),
            )
        };
        print::stdout(&text.unwrap_or_else(|| page.into_text()));
        Ok(if up { Exit::SUCCESS } else { Exit::FAILURE })
    })
}

/// Explains the states of a session that has ended, at its last moment before that.
fn recorded(
    args: &Args,
    sessions: &Sessions,
    place: usize,
    colors: Colors,
) -> Result<Exit, Failure> {
    let run = sessions.read(place)?;
    let states = run.states(run.end());
    let names = session::resolve_names(&args.services, &states)?;
    let explainer = Explainer::new(&states);
    let one = match names.as_slice() {
        [name] => explainer.explain(name),
        _ => None,
    };
    let add_log = |cause: &mut Cause| -> Result<(), Failure> {
        if cause.wants_log() {
            let lines = sessions.lines(place, Some(&cause.service), None, LOOKED_AT.into())?;
            cause.take_log(lines.into_iter().map(|it| it.line), LAST_LINES);
        }
        Ok(())
    };
    let session = json!({ "run": place + 1, "session_id": run.session() });
    let mut page = Page::new(colors.stdout);
    let (up, text) = if let Some(mut answer) = one {
        for cause in answer.causes.iter_mut().take(WITH_LOGS) {
            add_log(cause)?;
        }
        page.explanation(&answer);
        let up = answer.up;
        let report = Report { session, answer };
        (up, args.ask.json.then(|| print::json(&report)))
    } else {
        let mut answer = explainer.overview_of(&names);
        for affecting in answer.causes.iter_mut().take(WITH_LOGS) {
            add_log(&mut affecting.cause)?;
        }
        page.overview(&answer);
        let up = answer.up;
        let report = Report { session, answer };
        (up, args.ask.json.then(|| print::json(&report)))
    };
    print::stdout(&text.unwrap_or_else(|| page.into_text()));
    Ok(if up { Exit::SUCCESS } else { Exit::FAILURE })
}

#[derive(Serialize)]
struct Report<S, A> {
    session: S,
    #[serde(flatten)]
    answer: A,
}

async fn add_log(client: &Client, cause: &mut Cause) -> Result<(), Failure> {
    if !cause.wants_log() {
        return Ok(());
    }
    let page = client
        .logs(LogsQuery {
            service: Some(cause.service.clone()),
            limit: NonZeroU64::new(LOOKED_AT.into()),
            cursor: LogsCursor::End,
        })
        .await
        .map_err(|error| {
            Failure::Failed(format!(
                "cannot read the log of {:?}: {error}",
                cause.service
            ))
        })?;
    let line = |entry: Entry| LogLine {
        seq: entry.seq,
        stream: entry.stream,
        message: entry.message.into(),
        timestamp: entry.timestamp,
        origin: entry.origin,
    };
    cause.take_log(page.entries.into_iter().map(line), LAST_LINES);
    Ok(())
}
