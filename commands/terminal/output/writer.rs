//! The thread that writes: own lines and log lines, merged, in large pieces.

use std::collections::VecDeque;
use std::sync::Arc;

use flowlayer_core::facts::Origin;
use flowlayer_core::logs::{Batch, Taken};

use super::Follow;
use super::own::{OwnLine, OwnLines};
use super::sink::{Sink, Sunk};
use crate::terminal::lines::Lines;

/// A piece that is written at once. Larger ones gain nothing, and a terminal shows the first lines
/// of a flood later.
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Writer {
    sink: Sink,
    own: Arc<OwnLines>,
    /// Once the log is followed.
    follow: Option<Follow>,
    /// Own lines that have been taken out of the queue and not been written.
    pending: VecDeque<OwnLine>,
    piece: String,
    /// Lines in `piece`.
    lines_in_piece: u64,
    /// Lines that were lost to a full disk and not reported yet.
    refused: u64,
}

/// The reader is gone.
#[derive(Debug)]
struct Gone;

/// What to do when everything at hand is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
enum Next {
    Wait,
    End,
}

impl Writer {
    pub(super) fn new(sink: Sink, own: Arc<OwnLines>) -> Self {
        Self {
            sink,
            own,
            follow: None,
            pending: VecDeque::new(),
            piece: String::new(),
            lines_in_piece: 0,
            refused: 0,
        }
    }

    /// Writes until the queue is closed or the reader is gone.
    pub(super) fn run(&mut self, runtime: &tokio::runtime::Handle) {
        loop {
            let taken = runtime.block_on(self.wait());
            if !matches!(self.write(taken), Ok(Next::Wait)) {
                self.own.give_up();
                return;
            }
        }
    }

    /// Writes the entries taken from the log, and the queue.
    fn write(&mut self, taken: Option<Taken>) -> Result<Next, Gone> {
        // The queue is read first, so that log lines older than an own line are there.
        let waiting = self.own.take();
        self.pending.extend(waiting.lines);
        if waiting.follow.is_some() {
            self.follow = waiting.follow;
        }
        if let Some(follow) = &mut self.follow {
            follow.set_quiet(&waiting.quiet);
        }
        if waiting.is_closed {
            self.write_rest(taken)?;
            return Ok(Next::End);
        }
        self.write_news(taken)?;
        Ok(Next::Wait)
    }

    /// Waits for an own line or for log lines; it may return with neither.
    async fn wait(&mut self) -> Option<Taken> {
        let own = self.own.news();
        match &mut self.follow {
            None => {
                own.await;
                None
            }
            Some(follow) => tokio::select! {
                () = own => None,
                taken = follow.cursor.next() => Some(taken),
            },
        }
    }

    /// Writes the entries, with own lines at their places.
    fn write_news(&mut self, mut taken: Option<Taken>) -> Result<(), Gone> {
        loop {
            if let Some(taken) = taken.take() {
                self.write_taken(&taken)?;
            }
            // Without an own line that waits for more of the log, more of the log can wait for the
            // next round.
            let Some(follow) = &mut self.follow else {
                break;
            };
            let next = follow.cursor.next_seq();
            if self.pending.back().is_none_or(|last| last.after < next) {
                break;
            }
            taken = follow.cursor.try_next();
            if taken.is_none() {
                break;
            }
        }
        self.write_own_before(u64::MAX)?;
        self.flush()
    }

    /// Writes everything that is left.
    fn write_rest(&mut self, mut taken: Option<Taken>) -> Result<(), Gone> {
        loop {
            let next = || self.follow.as_mut()?.cursor.try_next();
            let Some(some) = taken.take().or_else(next) else {
                break;
            };
            self.write_taken(&some)?;
        }
        self.write_own_before(u64::MAX)?;
        self.flush()
    }

    fn write_taken(&mut self, taken: &Taken) -> Result<(), Gone> {
        let first = taken
            .batches
            .first()
            .map_or(u64::MAX, |batch| batch.first_seq());
        self.write_own_before(first)?;
        self.skipped(taken.skipped);
        for batch in &taken.batches {
            self.write_own_before(batch.first_seq())?;
            self.write_batch(batch)?;
        }
        Ok(())
    }

    fn write_batch(&mut self, batch: &Batch) -> Result<(), Gone> {
        if batch.origin == Origin::Failure {
            // The line about the status says it.
            return Ok(());
        }
        for (_, line, _) in batch.lines() {
            if let Some(follow) = &self.follow {
                if follow.quiet.get(batch.service) == Some(&true) {
                    break;
                }
                follow
                    .lines
                    .append(&mut self.piece, batch.service, &batch.name, line);
            }
            self.line_added()?;
        }
        Ok(())
    }

    /// Writes the own lines that come before the log entry with this `seq`.
    fn write_own_before(&mut self, seq: u64) -> Result<(), Gone> {
        let is_before = |line: &OwnLine| line.after < seq;
        while self.pending.front().is_some_and(is_before)
            && let Some(line) = self.pending.pop_front()
        {
            self.piece.push_str(&line.text);
            self.piece.push('\n');
            self.skipped(line.lost_after);
            self.line_added()?;
        }
        Ok(())
    }

    fn skipped(&mut self, lines: u64) {
        if lines > 0 {
            let plain = Lines::new(&[], false);
            let style = self.follow.as_ref().map_or(&plain, |follow| &follow.lines);
            style.append_skipped(&mut self.piece, lines);
        }
    }

    fn line_added(&mut self) -> Result<(), Gone> {
        self.lines_in_piece += 1;
        if self.piece.len() < PIECE {
            Ok(())
        } else {
            self.flush()
        }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let refused = std::mem::take(&mut self.refused);
        if refused > 0 {
            let piece = std::mem::take(&mut self.piece);
            self.skipped(refused);
            self.piece.push_str(&piece);
        }
        let lines = std::mem::take(&mut self.lines_in_piece);
        let sunk = self.sink.write(self.piece.as_bytes());
        match sunk {
            Sunk::Written => self.own.add_written(self.piece.len()),
            Sunk::Refused => self.refused = refused + lines,
            Sunk::Gone => return Err(Gone),
        }
        self.piece.clear();
        // A single huge line is not a reason to keep its memory.
        self.piece.shrink_to(2 * PIECE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};
    use std::os::fd::OwnedFd;

    use flowlayer_core::logs::{Logs, LogsConfig};

    use super::*;

    #[test]
    fn a_line_that_is_told_late_stands_where_it_happened() {
        let names = [Arc::from("api")];
        let logs = Logs::open(LogsConfig::new(names.to_vec())).unwrap();
        let (mut reader, output) = pipe().unwrap();
        let own = Arc::<OwnLines>::default();
        let sink = Sink::new(std::fs::File::from(OwnedFd::from(output)));
        let mut writer = Writer::new(sink, Arc::clone(&own));
        own.follow(Follow {
            lines: Lines::new(&names, false),
            quiet: vec![false],
            cursor: logs.cursor(),
        });
        let before = logs.last_seq();
        logs.note(0, "listening");
        own.push("api → starting", before);
        own.push("api → ready", logs.last_seq());
        logs.note(0, "GET /");
        assert_eq!(writer.write(None).unwrap(), Next::Wait);
        own.set_quiet(vec![(0, true), (3, false)]);
        assert_eq!(writer.write(None).unwrap(), Next::Wait);
        logs.note(0, "left out");
        own.close();
        assert_eq!(writer.write(None).unwrap(), Next::End);
        drop(writer);
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        assert_eq!(
            all,
            "api → starting\napi │ [flowlayer] listening\napi → ready\napi │ [flowlayer] GET /\n"
        );
    }
}
