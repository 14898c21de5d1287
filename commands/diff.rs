//! `flowlayer diff`: what is different between two sessions on record (docs/cli.md, diff).

use std::fmt::Write as _;

use flowlayer_core::facts::ChangeKind;
use flowlayer_core::history::{Difference, Differences, Outcome, Run, Timeline};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recorded::Sessions;
use crate::session::args::ReportArgs;
use crate::terminal::color::Colors;
use crate::terminal::moment::{duration, local};
use crate::terminal::print;
use crate::terminal::sanitize;

const NOTES: &str = "\
Without A: the last run before B in which everything came up. Without B: run 1.
Values of variables are never shown: only that they differ.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 nothing is on record";

/// Runs that are looked at for one in which everything came up.
const LOOKED_AT: usize = 200;

/// Show what is different between two sessions on record
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// The earlier one: a number or an id of flowlayer runs
    #[arg(value_name = "A")]
    old: Option<String>,
    /// The later one
    #[arg(value_name = "B")]
    new: Option<String>,
    #[command(flatten)]
    ask: ReportArgs,
}

/// Compares them.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let sessions = Sessions::find(&args.ask.session, colors)?;
    let new = sessions.place(args.new.as_deref().unwrap_or("1"))?;
    let old = match &args.old {
        Some(old) => sessions.place(old)?,
        None => good(&sessions, new)?,
    };
    let [before, after] = [sessions.read(old)?, sessions.read(new)?];
    let differences = Differences::between(&before, &after);
    print::stdout(&if args.ask.json {
        print::json(&Document {
            old: old + 1,
            new: new + 1,
            differences,
        })
    } else {
        let side = |place: usize, run: &Run| {
            let all_up = if came_up(run) {
                ", everything came up"
            } else {
                ""
            };
            let started = local(sessions.listed[place].started);
            format!("run {} ({started}{all_up})", place + 1)
        };
        let heading = format!("{} → {}\n", side(old, &before), side(new, &after));
        heading + &text(&differences)
    });
    Ok(Exit::SUCCESS)
}

#[derive(Serialize)]
struct Document {
    old: usize,
    new: usize,
    #[serde(flatten)]
    differences: Differences,
}

/// The last run before one in which everything came up.
fn good(sessions: &Sessions, before: usize) -> Result<usize, Failure> {
    let places = before + 1..sessions.listed.len().min(before + 1 + LOOKED_AT);
    for place in places {
        let listed = &sessions.listed[place];
        if listed.failed.is_empty() && !listed.is_newer && came_up(&sessions.read(place)?) {
            return Ok(place);
        }
    }
    Err(Failure::Mistaken(format!(
        "everything came up in no run before run {}: name the one to compare with (flowlayer runs)",
        before + 1
    )))
}

fn came_up(run: &Run) -> bool {
    Timeline::of(run).is_some_and(|boot| {
        let mut started = boot.services.iter().filter(|it| it.started_ms.is_some());
        boot.ended && started.all(|step| step.up)
    })
}

fn text(differences: &Differences) -> String {
    let mut text = String::new();
    if !differences.definitions.is_empty() {
        text.push_str("definitions\n");
    }
    for change in &differences.definitions {
        let service = sanitize::text(change.service.as_deref().unwrap_or_default());
        match change.change {
            ChangeKind::Added => _ = writeln!(text, "  {service}: new"),
            ChangeKind::Removed => _ = writeln!(text, "  {service}: gone"),
            _ => {}
        }
        for field in &change.fields {
            let name = sanitize::text(&field.field);
            let said = match (&field.old, &field.new) {
                (None, None) => "another value".to_owned(),
                (old, new) => {
                    let shown = |it: &Option<String>| {
                        let shown = it.as_deref().map(sanitize::text);
                        shown.map_or("-".to_owned(), std::borrow::Cow::into_owned)
                    };
                    format!("{} → {}", shown(old), shown(new))
                }
            };
            let _ = writeln!(text, "  {service}  {name}  {said}");
        }
    }
    if !differences.outcomes.is_empty() {
        text.push_str("boot\n");
    }
    for Difference { service, old, new } in &differences.outcomes {
        let service = sanitize::text(service);
        let [old, new] = [old, new].map(|it| outcome(it.as_ref()));
        let _ = writeln!(text, "  {service}  {old} → {new}");
    }
    if text.is_empty() {
        text.push_str("nothing is different\n");
    }
    if let Some([old, new]) = differences.boot_ms {
        let [old, new] = [old, new].map(duration);
        let _ = writeln!(text, "the boot took {old}, then {new}");
    }
    text
}

fn outcome(outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else {
        return "not there".to_owned();
    };
    let time = outcome.own_ms.map(duration);
    match (&outcome.why, time) {
        (Some(why), _) => sanitize::text(why).into_owned(),
        (None, Some(time)) => format!("up in {time}"),
        (None, None) => "up".to_owned(),
    }
}
