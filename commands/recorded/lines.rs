//! Log lines of a session on record: from the files, or from the session where there are none.

use std::num::NonZeroU64;
use std::ops::ControlFlow;

use flowlayer_core::logs::{Found, Search};
use flowlayer_core::protocol::{LogEntry, LogsCursor, LogsQuery};
use flowlayer_core::why::LogLine;

use super::{Sessions, unreadable};
use crate::failure::Failure;
use crate::tokio_runtime;

/// A line and whose it is.
pub(crate) struct Line {
    pub(crate) service: String,
    pub(crate) line: LogLine,
}

impl Sessions {
    /// The newest lines of the session at a place, at most so many, ascending. `service`: only its own; `before`:
    /// only those below this number.
    pub(crate) fn lines(
        &self,
        place: usize,
        service: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Line>, Failure> {
        let (after, next) = self.seqs(place);
        let before = before.into_iter().chain(next).min();
        let Some(archive) = self.archive.as_ref().filter(|_| !self.is_asked(place)) else {
            return self.asked_for(service, after, before, limit);
        };
        let search = Search {
            services: service.map(str::to_owned).into_iter().collect(),
            after_seq: Some(after),
            before_seq: before,
            limit: Some(limit),
            ..Search::default()
        };
        let mut lines = Vec::new();
        let searched = archive.search(&search, &mut |found| {
            if let Found::Match(line) = found
                && let Ok(entry) = serde_json::from_slice::<LogEntry<'_>>(line)
            {
                lines.push(Line::from(entry));
            }
            ControlFlow::Continue(())
        });
        searched.map_err(|error| unreadable(self.dir(), &error))?;
        lines.sort_by_key(|line| line.line.seq);
        Ok(lines)
    }

    /// The same from the session that runs.
    fn asked_for(
        &self,
        service: Option<&str>,
        after: u64,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Line>, Failure> {
        let query = LogsQuery {
            service: service.map(str::to_owned),
            limit: NonZeroU64::new(limit as u64),
            cursor: match before.and_then(NonZeroU64::new) {
                Some(before) => LogsCursor::Before(before),
                None => LogsCursor::End,
            },
        };
        let runtime = tokio_runtime::build(1)
            .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
        let page = runtime.block_on(async {
            let connected = self.target.connect_without_note().await?;
            let page = connected.client.logs(query).await;
            page.map_err(|error| Failure::Failed(format!("cannot read the log: {error}")))
        })?;
        let entries = page.entries.into_iter().filter(|entry| entry.seq > after);
        Ok(entries
            .map(|entry| Line {
                service: entry.service.to_string(),
                line: LogLine {
                    seq: entry.seq,
                    stream: entry.stream,
                    message: entry.message.into(),
                    timestamp: entry.timestamp,
                    origin: entry.origin,
                },
            })
            .collect())
    }
}

impl From<LogEntry<'_>> for Line {
    fn from(entry: LogEntry<'_>) -> Self {
        Self {
            service: entry.service.into_owned(),
            line: LogLine {
                seq: entry.seq,
                stream: entry.stream,
                message: entry.message.into_owned(),
                timestamp: entry.timestamp,
                origin: entry.origin,
            },
        }
    }
}
