//! The log of a session: lines of all services in one order, in memory and in files. The rules are in
//! `docs/logs.md`.
//!
//! The path of a line: `pipe` reads, `lines` splits, `store` numbers a whole batch in one short
//! critical section. Everyone else follows with a [`Cursor`] or asks with a [`Query`]. The path waits
//! for nobody but the files, and for those within bounds.

mod archive;
mod backlog;
mod batch;
mod config;
mod cursor;
mod cutter;
mod disk;
mod disk_status;
mod journal;
mod level;
pub mod lines;
mod pace;
mod page;
mod parse;
mod pipe;
mod query;
mod recent;
mod records;
mod ring;
mod search;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod warning;

use std::os::fd::OwnedFd;
use std::sync::{Arc, PoisonError};

pub use archive::{Archive, RecordLines};
pub use batch::{Batch, Rendered};
pub use config::{Limits, LogDefaults, LogsConfig};
pub use cursor::{Cursor, Taken};
pub use cutter::TerminalWatch;
pub use disk::OpenError;
pub use level::Level;
pub use page::Page;
pub use parse::EntryLine;
pub use pipe::{LineWatch, PipeReader};
pub use query::Query;
pub use records::RecordQuery;
pub use search::{Context, Found, Pattern, PatternError, Search, Searched, Verdict};
pub use warning::{LogWarning, Warnings};

use crate::facts::{LastLine, Origin, Status, Stream};
use cutter::Cutter;
use journal::Journal;
use lines::Splitter;
use records::Records;
use store::Store;

/// The log. Cheap to clone; all clones are the same log.
#[derive(Debug, Clone)]
pub struct Logs {
    store: Arc<Store>,
    /// The files, if there are any. When the last clone is dropped without [`Logs::close`], the rest is
    /// still written in the background.
    journal: Option<Arc<Journal>>,
}

impl Logs {
    /// Opens the log. With a directory: creates it (0700), takes its lock, repairs what a crash left,
    /// finds the next number, and starts the thread that writes.
    pub fn open(config: LogsConfig) -> Result<Self, OpenError> {
        Self::open_with(config, Box::new(disk::open_file))
    }

    /// The same with files that a test substitutes.
    fn open_with(config: LogsConfig, open: Box<disk::Open>) -> Result<Self, OpenError> {
        let Some(dir) = config.dir.clone() else {
            let store = Store::new(
                config.services,
                config.buffer_size,
                config.limits,
                1,
                Records::new(1, false),
                None,
            );
            return Ok(Self {
                store: Arc::new(store),
                journal: None,
            });
        };
        let (store, journal) = Journal::start(config, &dir, open)?;
        Ok(Self {
            store,
            journal: Some(Arc::new(journal)),
        })
    }

    /// Repairs what an earlier session left of the file of a service that is to be added. Should that fail, so
    /// will writing to it, which is reported. Slow: it reads files.
    pub fn repair_file(&self, name: &str) {
        if let Some(journal) = &self.journal
            && self.index_of(name).is_none()
        {
            journal.files.repair(name);
        }
    }

    /// Makes room for one more service, whose index is the next one.
    pub fn add_service(&self, name: Arc<str>) {
        if let Some(journal) = &self.journal {
            journal.files.add(&name);
        }
        self.store.add_service(name);
    }

    /// The index of a service, also of one that a reload has removed.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.store.index_of(name)
    }

    /// Sets how many entries an answer has for those who do not say.
    pub fn set_defaults(&self, defaults: LogDefaults) {
        *self
            .store
            .defaults
            .write()
            .unwrap_or_else(PoisonError::into_inner) = defaults;
    }

    /// How many entries an answer has, about one service or all, for those who do not say.
    pub fn default_limit(&self, service: Option<usize>) -> u64 {
        let defaults = self
            .store
            .defaults
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let own = service.and_then(|service| defaults.services.get(service));
        own.copied().unwrap_or(defaults.all)
    }

    /// Whether a line above a number that a service wrote is one of these, as far as memory holds it.
    pub fn has_line(&self, service: usize, above: u64, matches: impl Fn(&str) -> bool) -> bool {
        let newest = self.store.lock().rings[service].newest(above);
        newest.iter().any(|slice| {
            let mut lines = slice.batch.lines().skip(slice.range.start);
            slice.batch.origin == Origin::Service && lines.any(|(_, line, _)| matches(line))
        })
    }

    /// Sets the `phase` of a service's lines from now on.
    pub fn set_phase(&self, service: usize, phase: Status) {
        self.store.set_phase(service, phase);
    }

    /// Writes an entry of our own into the log of a service: stream `stderr`, origin `flowlayer`,
    /// the message after `[flowlayer] ` (docs/lifecycle.md, Output).
    pub fn note(&self, service: usize, message: &str) {
        self.store.note(service, Origin::FlowLayer, message);
    }

    /// The same for the reason of a failure. Its status says it too, so whoever shows both leaves
    /// this entry out ([`Origin::Failure`]).
    pub fn note_failure(&self, service: usize, message: &str) {
        self.store.note(service, Origin::Failure, message);
    }

    /// Reads a pipe of a service in a task of its own until it ends or is cut. Needs a tokio runtime.
    /// If the descriptor is not a pipe, the reader ends at once and the log of the service says why.
    pub fn read_pipe(
        &self,
        pipe: OwnedFd,
        service: usize,
        stream: Stream,
        watch: Option<Arc<dyn LineWatch>>,
    ) -> PipeReader {
        let cutter = Cutter::Pipe(Splitter::default());
        let sink = pipe::Sink::new(Arc::clone(&self.store), service, stream, cutter, watch);
        PipeReader::spawn(pipe, sink)
    }

    /// Reads the master of a service's pseudo terminal in the same way. What is read is its stdout; `terminal` sees
    /// all that is to be seen of it.
    pub fn read_terminal(
        &self,
        master: OwnedFd,
        service: usize,
        terminal: Arc<dyn TerminalWatch>,
        watch: Option<Arc<dyn LineWatch>>,
    ) -> PipeReader {
        let store = Arc::clone(&self.store);
        let cutter = Cutter::terminal(terminal);
        let sink = pipe::Sink::new(store, service, Stream::Stdout, cutter, watch);
        PipeReader::spawn_terminal(master, sink)
    }

    /// A follower that starts at the end of the log.
    pub fn cursor(&self) -> Cursor {
        Cursor::at_end(Arc::clone(&self.store))
    }

    /// The number that the first entry of this session has or will have.
    pub fn first_seq(&self) -> u64 {
        self.store.first_seq
    }

    /// The number of the newest entry; before the first of the session, the one before it (0
    /// without earlier sessions).
    pub fn last_seq(&self) -> u64 {
        self.store.lock().next_seq - 1
    }

    /// The last line above a number that a service wrote to stderr, else to stdout, as far as memory
    /// holds it.
    pub fn last_line(&self, service: usize, above: u64) -> Option<LastLine> {
        self.store.lock().rings[service].last_line(above)
    }

    /// Finds entries (docs/logs.md, Queries), in memory and, when need be, in the files.
    pub async fn query(&self, query: Query) -> Page {
        let files = self.journal.as_ref().map(|journal| &journal.files);
        query::query(&self.store, files, query).await
    }

    /// Adds the record that `render` makes of its number, and returns that number (docs/history.md). A private one
    /// is for the files alone.
    pub fn record(&self, is_private: bool, render: impl FnOnce(u64) -> String) -> u64 {
        let number = self.store.records.append(is_private, render);
        self.store.wake_writer();
        number
    }

    /// Finds records.
    pub async fn records(&self, query: RecordQuery) -> Page {
        let files = self.journal.as_ref().map(|journal| &journal.files);
        let max_bytes = self.store.limits.page_bytes;
        self.store.records.query(files, query, max_bytes).await
    }

    /// What marks in records are made with: that of the directory, or one of this session.
    pub fn key(&self) -> [u8; 16] {
        let files = self.journal.as_ref().map(|journal| &journal.files);
        files.map_or_else(disk::new_key, |files| files.key)
    }

    /// Warnings about the files, from the first one on.
    pub fn warnings(&self) -> Warnings {
        Warnings::new(Arc::clone(&self.store.warnings))
    }

    /// Whether readers of pipes wait for the disk right now: `detail` says so.
    pub fn holding(&self) -> bool {
        self.store.holding()
    }

    /// Returns when everything added before is in the files or given up.
    pub async fn flush(&self) {
        self.store.flush().await;
    }

    /// Ends the log: everything is written, the clean end recorded, the lock released. With files
    /// nothing is added afterwards. Gives up on a disk that takes nothing for 2 s.
    pub async fn close(&self) {
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
    }
}
