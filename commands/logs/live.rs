//! The log of a running session.

use std::collections::VecDeque;

use flowlayer_core::client::history::{self, Newest, Oldest, Span};
use flowlayer_core::client::{Client, CommandError, Connected, Entry, Start};
use flowlayer_core::facts::Timestamp;
use flowlayer_core::logs::{Context, Search, Verdict};
use flowlayer_core::protocol::{Code, LogsCursor, LogsQuery, ServiceState};

use super::follow::Since;
use super::matches::MatchPrinter;
use super::output::{Output, Stopped};
use super::printer::Printer;
use super::{Limit, Wanted, asked, note};
use crate::failure::Failure;
use crate::session::{self, TargetSession};

/// So far from where a moment should be entries are still looked at: clocks step.
const CLOCK_STEP_MS: i64 = 60_000;

/// Shows the entries of the session. Following continues from there.
pub(super) async fn show<'a>(
    connected: Connected,
    target: &TargetSession,
    wanted: &Wanted,
    output: &'a mut Output,
) -> Result<(MatchPrinter<'a>, Since), Stopped> {
    let Connected {
        client,
        session,
        services,
        ..
    } = connected;
    let failed = |error| unanswered(target, error);
    let former = former(&client, wanted, &services).await.map_err(failed)?;
    let resolve = |names: &[String]| session::resolve_names_with(names, &services, &former);
    let search = wanted.search_among(resolve)?;
    let names = services.into_iter().map(|service| service.name);
    let names: Vec<String> = names.chain(former).collect();
    let asked = asked(&search, &names)?;

    let page = client.logs(query(None, Some(1))).await.map_err(failed)?;
    let latest = page.entries.into_iter().next_back();
    let first = session.hello.first_seq.unwrap_or(1);
    let end = latest.as_ref().map_or(first, |entry| entry.seq + 1);
    let search = Search {
        limit: limit(wanted.limit, &asked, &client).await.map_err(failed)?,
        ..search
    };
    let span = span(&client, &search, first, end).await.map_err(failed)?;
    let printer = Printer::new(wanted.form_for(&search), &names, &asked);
    let mut shown = MatchPrinter::new(search, printer, output);
    if shown.search.limit.is_some() {
        newest(&mut shown, (&client, &asked, span), wanted.follow, failed).await?;
    } else {
        oldest(&mut shown, (&client, &asked, span), failed).await?;
    }
    let start = match latest {
        Some(entry) => Start::AfterEntry {
            seq: entry.seq,
            timestamp: entry.timestamp,
        },
        None => Start::After(end - 1),
    };
    let since = Since {
        start,
        next: end,
        session: Some(session),
    };
    Ok((shown, since))
}

/// Of the names that are asked for, those of services that a reload has removed: their logs stay.
async fn former(
    client: &Client,
    wanted: &Wanted,
    services: &[ServiceState],
) -> Result<Vec<String>, CommandError> {
    let Search {
        services: asked,
        excluded,
        ..
    } = &wanted.search;
    let mut former = Vec::new();
    for name in asked.iter().chain(excluded) {
        let is_known = services.iter().any(|service| service.name == *name);
        if is_known || name.starts_with('@') || former.contains(name) {
            continue;
        }
        match client.logs(query(Some(name.clone()), Some(1))).await {
            Ok(_) => former.push(name.clone()),
            Err(CommandError::Refused(error)) if error.is(Code::UnknownService) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(former)
}

fn query(service: Option<String>, limit: Option<u64>) -> LogsQuery {
    LogsQuery {
        service,
        limit: limit.and_then(std::num::NonZeroU64::new),
        cursor: LogsCursor::End,
    }
}

fn unanswered(target: &TargetSession, error: CommandError) -> Failure {
    match error {
        CommandError::NotConnected | CommandError::Disconnected => {
            target.explain(&flowlayer_core::client::Failure::Lost(error.to_string()))
        }
        error => Failure::Failed(format!("cannot read the log: {error}")),
    }
}

async fn limit(
    limit: Option<Limit>,
    services: &[String],
    client: &Client,
) -> Result<Option<usize>, CommandError> {
    Ok(match limit {
        Some(Limit::All) => None,
        Some(Limit::Newest(count)) => Some(count),
        None => {
            // Only the server knows what its configuration says.
            let service = match services {
                [one] => Some(one.clone()),
                _ => None,
            };
            let page = client.logs(query(service, None)).await?;
            Some(usize::try_from(page.effective_limit).unwrap_or(usize::MAX))
        }
    })
}

/// The numbers that can be wanted. What reaches back reaches into earlier sessions.
async fn span(
    client: &Client,
    search: &Search,
    first: u64,
    end: u64,
) -> Result<Span, CommandError> {
    let reaches_back = search.since.is_some() || search.before_seq.is_some();
    let mut span = Span {
        first: match search.after_seq {
            Some(after) => after.saturating_add(1),
            None if reaches_back => 1,
            None => first,
        },
        end: search.before_seq.map_or(end, |before| before.min(end)),
    };
    if let Some(since) = search.since {
        let moment = moved(since, -CLOCK_STEP_MS);
        span.first = history::number_at(client, span, moment).await?;
    }
    if let Some(until) = search.until {
        let moment = moved(until, CLOCK_STEP_MS);
        span.end = history::number_at(client, span, moment).await?;
    }
    Ok(span)
}

fn moved(moment: Timestamp, by: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(by).max(0))
}

/// Everything, as it comes.
async fn oldest(
    shown: &mut MatchPrinter<'_>,
    (client, services, span): (&Client, &[String], Span),
    failed: impl Fn(CommandError) -> Failure,
) -> Result<(), Stopped> {
    let mut entries = Oldest::new(client, services, span);
    while let Some(entry) = entries.next().await.map_err(&failed)? {
        shown.entry(entry)?;
    }
    Ok(())
}

/// What was found going backwards.
enum Kept {
    Entry(Entry),
    Separator,
}

/// The newest, which have to be found first.
async fn newest(
    shown: &mut MatchPrinter<'_>,
    (client, services, span): (&Client, &[String], Span),
    follows: bool,
    failed: impl Fn(CommandError) -> Failure,
) -> Result<(), Stopped> {
    let search = &shown.search;
    let mut context: Context<Entry> = search.context_backwards();
    // With nothing to leave out it is known how many are needed.
    let is_plain = search.matches_all() && search.stream.is_none();
    let few = search.limit.filter(|_| is_plain).map(|limit| limit as u64);
    let mut entries = Newest::new(client, services, span, few);
    let mut kept = Vec::new();
    let around = search.before + search.after;
    let mut last: VecDeque<Entry> = VecDeque::new();
    let mut is_whole = false;
    while !context.is_over() {
        let Some(entry) = entries.next().await.map_err(&failed)? else {
            is_whole = true;
            break;
        };
        if !shown.admits(&entry) {
            continue;
        }
        if follows && last.len() < around {
            last.push_front(entry.clone());
        }
        match context.next(search.matches(&entry.message)) {
            Verdict::Skip => {}
            Verdict::End => break,
            Verdict::Keep => context.keep(entry),
            Verdict::Context => kept.push(Kept::Entry(entry)),
            Verdict::Match { separate } => {
                if separate {
                    kept.push(Kept::Separator);
                }
                kept.extend(context.release().map(Kept::Entry));
                kept.push(Kept::Entry(entry));
            }
        }
    }
    for item in kept.iter().rev() {
        match item {
            Kept::Entry(entry) => shown.printer.entry(&mut shown.output.text, entry),
            Kept::Separator => shown.printer.separator(&mut shown.output.text),
        }
        shown.output.flush_if_full()?;
    }
    if is_whole && entries.lost() && search.limit != Some(0) {
        note("older entries are not there any more: memory or rotation has dropped them");
    }
    shown.context = primed(search, last);
    Ok(())
}

/// A context that has seen these entries, which have been dealt with.
fn primed(search: &Search, entries: VecDeque<Entry>) -> Context<Entry> {
    let mut context = search.context();
    if search.limit == Some(0) {
        return context;
    }
    for entry in entries {
        match context.next(search.matches(&entry.message)) {
            Verdict::Keep => context.keep(entry),
            Verdict::Match { .. } => drop(context.release()),
            Verdict::Context | Verdict::Skip | Verdict::End => {}
        }
    }
    context
}
