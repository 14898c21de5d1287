//! How what is read becomes lines: as it stands, or as a terminal would leave it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::lines::terminal::TerminalSplitter;
use super::lines::{Lines, Splitter};

/// Sees what a terminal shows.
pub trait TerminalWatch: Send + Sync {
    /// What the service has printed since the last call, but for lines that are out of sight by now. Called on
    /// the log path, so it must be quick and not block.
    fn output(&self, bytes: &[u8]);

    /// How many rows and columns the terminal has.
    fn size(&self) -> (u16, u16);
}

pub(super) enum Cutter {
    Pipe(Splitter),
    Terminal {
        splitter: Box<TerminalSplitter>,
        watch: Arc<dyn TerminalWatch>,
        /// For what the watch gets next.
        shown: Vec<u8>,
    },
}

impl Cutter {
    pub(super) fn terminal(watch: Arc<dyn TerminalWatch>) -> Self {
        let (rows, cols) = watch.size();
        Self::Terminal {
            splitter: Box::new(TerminalSplitter::new(rows, cols)),
            watch,
            shown: Vec::new(),
        }
    }

    /// Takes what one read brought and emits the lines that are complete now.
    pub(super) fn push(&mut self, chunk: &[u8], emit: &mut dyn FnMut(Lines)) {
        match self {
            Self::Pipe(splitter) => splitter.push(chunk, emit),
            Self::Terminal {
                splitter,
                watch,
                shown,
            } => {
                let (rows, cols) = watch.size();
                splitter.resize(rows, cols);
                splitter.push(chunk, emit, &mut |bytes| shown.extend_from_slice(bytes));
                watch.output(shown);
                shown.clear();
            }
        }
    }

    /// The stream has ended: what is left is a line too.
    pub(super) fn finish(&mut self, emit: &mut dyn FnMut(Lines)) {
        match self {
            Self::Pipe(splitter) => splitter.finish(emit),
            Self::Terminal { splitter, .. } => splitter.finish(emit),
        }
    }

    /// Nothing has come for [`Cutter::patience`]: emits what there is of the line.
    pub(super) fn pause(&mut self, emit: &mut dyn FnMut(Lines)) {
        match self {
            Self::Pipe(splitter) => splitter.pause(emit),
            Self::Terminal { splitter, .. } => splitter.pause(emit),
        }
    }

    /// How much silence makes an entry of an unfinished line; `None` when there is nothing to make one of.
    pub(super) fn patience(&self) -> Option<Duration> {
        match self {
            Self::Pipe(splitter) => splitter.patience(),
            Self::Terminal { splitter, .. } => splitter.patience(),
        }
    }

    /// What has been read and not emitted of a line that has no end yet.
    pub(super) fn unfinished(&self) -> Cow<'_, str> {
        match self {
            Self::Pipe(splitter) => splitter.unfinished(),
            Self::Terminal { splitter, .. } => splitter.unfinished(),
        }
    }
}
