//! The log of a running session.

use std::collections::VecDeque;

use flowlayer::client::history::{self, Newest, Oldest, Span};
use flowlayer::client::{CommandError, Connected, Entry, Start};
use flowlayer::logs::{self, Context, Search, Timestamp, Verdict};
use flowlayer::protocol::{self, LogsCursor, LogsQuery};

use super::follow::{Follower, Since};
use super::output::{Output, Stopped};
use super::printer::Printer;
use super::{Amount, Wanted, note};
use crate::client::{self, Peer};
use crate::failure::Failure;

/// So far from where a moment should be entries are still looked at: clocks step.
const CLOCK_STEP_MS: i64 = 60_000;

/// A session that has answered.
pub(super) struct Online(Connected);

impl Online {
    pub(super) async fn connect(peer: &Peer) -> Result<Self, Failure> {
        Ok(Self(peer.connect().await?))
    }

    /// Shows what there is, and follows if that is wanted.
    pub(super) async fn run(
        self,
        peer: &Peer,
        wanted: &Wanted,
        output: &mut Output,
    ) -> Result<(), Stopped> {
        let Connected {
            client,
            session,
            services,
            ..
        } = self.0;
        client::check_names(&wanted.search.services, &services)?;
        let names: Vec<String> = services.into_iter().map(|service| service.name).collect();
        let mut printer = Printer::new(wanted.form, &names, &wanted.search.services);
        let failed = |error| unanswered(peer, error);

        let newest = client.logs(query(None, Some(1))).await.map_err(failed)?;
        let newest = newest.entries.into_iter().next_back();
        let first = session.hello.first_seq;
        let end = match (&newest, first) {
            (Some(entry), _) => entry.seq + 1,
            (None, first) => first.unwrap_or(1),
        };
        let search = Search {
            limit: limit(wanted, &client).await.map_err(failed)?,
            ..wanted.search.clone()
        };
        let span = span(&client, &search, first.unwrap_or(1), end)
            .await
            .map_err(failed)?;
        let mut shown = Shown {
            search: &search,
            printer: &mut printer,
            output,
        };
        let context = if search.limit.is_some() {
            shown.newest(&client, span, wanted.follow).await
        } else {
            shown.oldest(&client, span).await
        };
        let context = context.map_err(|stopped| match stopped {
            Halted::Stopped(stopped) => stopped,
            Halted::Unanswered(error) => failed(error).into(),
        })?;
        output.flush()?;
        if !wanted.follow {
            return Ok(());
        }
        drop(client);
        let start = match newest {
            Some(entry) => Start::AfterEntry {
                seq: entry.seq,
                timestamp: entry.timestamp,
            },
            None => Start::After(end - 1),
        };
        let follower = Follower {
            peer,
            search: &search,
            printer: &mut printer,
            output,
            context,
        };
        follower
            .run(Since {
                start,
                next: end,
                session: Some(session),
            })
            .await
    }
}

fn query(service: Option<String>, limit: Option<u64>) -> LogsQuery {
    LogsQuery {
        service,
        limit: limit.and_then(std::num::NonZeroU64::new),
        cursor: LogsCursor::End,
    }
}

fn unanswered(peer: &Peer, error: CommandError) -> Failure {
    match error {
        CommandError::NotConnected | CommandError::Disconnected => {
            peer.explain(&flowlayer::client::Failure::Lost {
                why: error.to_string(),
            })
        }
        error => Failure::Failed(format!("cannot read the log: {error}")),
    }
}

async fn limit(
    wanted: &Wanted,
    client: &flowlayer::client::Client,
) -> Result<Option<usize>, CommandError> {
    Ok(match wanted.amount {
        Amount::All => None,
        Amount::Newest(count) => Some(count),
        Amount::Usual => {
            // Only the server knows what its configuration says.
            let service = match wanted.search.services.as_slice() {
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
    client: &flowlayer::client::Client,
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

fn moved(moment: Timestamp, by: i64) -> protocol::Timestamp {
    let milliseconds = moment.0.saturating_add(by).max(0).unsigned_abs();
    let since_1970 = std::time::Duration::from_millis(milliseconds);
    std::time::UNIX_EPOCH
        .checked_add(since_1970)
        .unwrap_or(std::time::UNIX_EPOCH)
        .into()
}

/// Whether an entry of a session is wanted, whatever it says.
pub(super) fn admits(search: &Search, entry: &Entry) -> bool {
    let stream = match entry.stream {
        protocol::Stream::Stdout => logs::Stream::Stdout,
        protocol::Stream::Stderr => logs::Stream::Stderr,
    };
    search.admits(stream, Timestamp(entry.timestamp.as_millisecond()))
}

enum Halted {
    Stopped(Stopped),
    Unanswered(CommandError),
}

impl From<Stopped> for Halted {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<CommandError> for Halted {
    fn from(error: CommandError) -> Self {
        Self::Unanswered(error)
    }
}

/// Where what is found goes.
struct Shown<'a> {
    search: &'a Search,
    printer: &'a mut Printer,
    output: &'a mut Output,
}

/// What was found going backwards.
enum Kept {
    Entry(Entry),
    Separator,
}

impl Shown<'_> {
    /// Everything, as it comes.
    async fn oldest(
        &mut self,
        client: &flowlayer::client::Client,
        span: Span,
    ) -> Result<Context<Entry>, Halted> {
        let mut context = self.search.context();
        let mut entries = Oldest::new(client, &self.search.services, span);
        while let Some(entry) = entries.next().await? {
            if admits(self.search, &entry) {
                show(self.search, &mut context, entry, self.printer, self.output)?;
            }
        }
        Ok(context)
    }

    /// The newest, which have to be found first. What comes after them goes on from the context
    /// given back.
    async fn newest(
        &mut self,
        client: &flowlayer::client::Client,
        span: Span,
        follows: bool,
    ) -> Result<Context<Entry>, Halted> {
        let search = self.search;
        let mut context: Context<Entry> = search.context_backwards();
        // With nothing to leave out it is known how many are needed.
        let is_plain = search.pattern.is_none() && search.stream.is_none();
        let few = search.limit.filter(|_| is_plain).map(|limit| limit as u64);
        let mut entries = Newest::new(client, &search.services, span, few);
        let mut kept = Vec::new();
        let around = search.before + search.after;
        let mut last: VecDeque<Entry> = VecDeque::new();
        let mut is_whole = false;
        while !context.is_over() {
            let Some(entry) = entries.next().await? else {
                is_whole = true;
                break;
            };
            if !admits(search, &entry) {
                continue;
            }
            if follows && last.len() < around {
                last.push_front(entry.clone());
            }
            match context.judge(search.matches(&entry.message)) {
                Verdict::Skip => {}
                Verdict::End => break,
                Verdict::Hold(_) => context.hold(entry),
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
                Kept::Entry(entry) => self.printer.entry(&mut self.output.text, entry),
                Kept::Separator => self.printer.separator(&mut self.output.text),
            }
            self.output.flush_if_full()?;
        }
        if is_whole && entries.lost() && search.limit != Some(0) {
            note("older entries are not there any more: memory or rotation has dropped them");
        }
        Ok(primed(search, last))
    }
}

/// A context that has seen these entries, which have been dealt with.
fn primed(search: &Search, entries: VecDeque<Entry>) -> Context<Entry> {
    let mut context = search.context();
    if search.limit == Some(0) {
        return context;
    }
    for entry in entries {
        match context.judge(search.matches(&entry.message)) {
            Verdict::Hold(_) => context.hold(entry),
            Verdict::Match { .. } => drop(context.release()),
            Verdict::Context | Verdict::Skip | Verdict::End => {}
        }
    }
    context
}

/// Shows an entry, or holds it, or neither.
pub(super) fn show(
    search: &Search,
    context: &mut Context<Entry>,
    entry: Entry,
    printer: &mut Printer,
    output: &mut Output,
) -> Result<(), Stopped> {
    match context.judge(search.matches(&entry.message)) {
        Verdict::Skip | Verdict::End => {}
        Verdict::Hold(_) => context.hold(entry),
        Verdict::Context => printer.entry(&mut output.text, &entry),
        Verdict::Match { separate } => {
            if separate {
                printer.separator(&mut output.text);
            }
            for held in context.release() {
                printer.entry(&mut output.text, &held);
            }
            printer.entry(&mut output.text, &entry);
        }
    }
    output.flush_if_full()
}
