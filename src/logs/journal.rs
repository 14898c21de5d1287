//! Writing the files: a thread of its own that follows the list of batches and may fall behind by
//! a bounded amount (docs/logs.md, What the files promise).

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::backlog::{Backlog, Work};
use super::batch::Batch;
use super::config::LogsConfig;
use super::disk::{self, Context, Files, Happened, Lock, Open, OpenError, Output};
use super::disk_status::DiskStatus;
use super::store::Store;

/// About how much memory of batches is written in one go: enough for few, large writes, little
/// enough to stay in the cache of the processor between two files.
const CHUNK: usize = 96 * 1024;

/// More files than that are not kept open.
const MOST_OPEN: usize = 512;

/// When numbers could not be recorded it is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

/// The files of a log, and who writes them.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) files: Arc<Files>,
    store: Arc<Store>,
    /// Turns true when the writer has ended.
    ended: watch::Receiver<bool>,
}

impl Journal {
    /// Takes over the directory and starts the thread. The store begins where the files end.
    pub(super) fn start(
        config: LogsConfig,
        dir: &std::path::Path,
        open: Box<Open>,
    ) -> Result<(Arc<Store>, Self), OpenError> {
        let (files, lock, first_seq) = Files::open(dir, &config.services)?;
        let backlog = Backlog::new(config.limits.unwritten_bytes, first_seq + disk::BLOCK);
        let store = Arc::new(Store::new(
            config.services,
            config.buffer_size,
            config.limits,
            first_seq,
            Some(backlog),
        ));
        let files = Arc::new(files);
        let (end, ended) = watch::channel(false);
        let writer = Writer {
            store: Arc::clone(&store),
            outputs: outputs(&files),
            files: Arc::clone(&files),
            lock,
            open,
            max_bytes: config.max_file_bytes,
            status: DiskStatus::new(dir.to_owned(), Arc::clone(&store.warnings)),
            next_seq: first_seq,
            text: Vec::new(),
            gathered: Vec::new(),
        };
        let thread = thread::Builder::new()
            .name("flowlayer-logs".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || {
                writer.run();
                let _ = end.send(true);
            })
            .map_err(|source| OpenError::Thread { source })?;
        store.set_writer(thread.thread().clone());
        let journal = Self {
            files,
            store: Arc::clone(&store),
            ended,
        };
        Ok((store, journal))
    }

    /// Ends the writer and waits for it, for as long as it gets anywhere.
    pub(super) async fn close(&self) {
        self.store.close();
        let mut ended = self.ended.clone();
        loop {
            let progress = self.store.progress();
            let stalled = tokio::time::sleep(self.store.limits.stall);
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => return,
                () = stalled => {
                    if self.store.progress() == progress {
                        return;
                    }
                }
            }
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn outputs(files: &Files) -> Vec<Output> {
    let now = Instant::now();
    let output = |file| {
        let (current, rotated) = files.paths(file);
        Output::new(current, rotated, now)
    };
    (0..files.count()).map(output).collect()
}

/// What the thread owns.
struct Writer {
    store: Arc<Store>,
    files: Arc<Files>,
    /// Replaced when somebody removes the directory.
    lock: Lock,
    /// By file: [`disk::ALL`], then the services.
    outputs: Vec<Output>,
    open: Box<Open>,
    max_bytes: u64,
    status: DiskStatus,
    /// The number of the entry that is expected next.
    next_seq: u64,
    /// The lines of one go, kept for its memory.
    text: Vec<u8>,
    /// The lines of one service out of `text`, kept for its memory.
    gathered: Vec<u8>,
}

/// Where the lines of a batch are in the text, and whose they are.
struct Part {
    file: usize,
    text: Range<usize>,
}

impl Writer {
    fn run(mut self) {
        let mut batches = Vec::new();
        loop {
            self.reserve_ahead();
            match self.store.work(CHUNK, &mut batches) {
                (Work::Write, number) => {
                    self.write(&batches);
                    let end = number + batches.len() as u64;
                    batches.clear();
                    self.store.written(end);
                }
                (Work::Sleep(Some(time)), _) => thread::park_timeout(time),
                (Work::Sleep(None), _) => {
                    self.rest();
                    thread::park();
                }
                (Work::End, _) => break,
            }
        }
        self.end();
    }

    fn write(&mut self, batches: &[Arc<Batch>]) {
        self.text.clear();
        let mut parts: Vec<Part> = Vec::with_capacity(batches.len());
        for batch in batches {
            let start = self.text.len();
            batch.render_lines(&mut self.text);
            let text = start..self.text.len();
            let file = batch.service() + 1;
            match parts.last_mut() {
                Some(last) if last.file == file => last.text.end = text.end,
                _ => parts.push(Part { file, text }),
            }
        }
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
            return;
        };
        let skipped = first.first_seq() - self.next_seq;
        if skipped > 0 {
            let range = (self.next_seq, first.first_seq() - 1);
            for file in 0..self.outputs.len() {
                self.files.missed(file, range.0, range.1, false);
            }
            self.status.skipped(skipped);
        }
        self.next_seq = last.last_seq() + 1;

        let text = std::mem::take(&mut self.text);
        let missed_by_all = self.append(disk::ALL, &text);
        let missed_by_services = self.append_parts(parts, &text);
        self.text = text;
        self.status.missed(missed_by_all.max(missed_by_services));
        self.retry_others();
        let failing = self.outputs.iter().any(Output::is_failing);
        self.status.checked(failing);
    }

    /// Writes each service's lines to its file; tells how many entries are missing there.
    fn append_parts(&mut self, mut parts: Vec<Part>, text: &[u8]) -> u64 {
        parts.sort_by_key(|part| part.file);
        let mut missed = 0;
        for parts in parts.chunk_by(|a, b| a.file == b.file) {
            let file = parts[0].file;
            if let [part] = parts {
                missed += self.append(file, &text[part.text.clone()]);
                continue;
            }
            let mut gathered = std::mem::take(&mut self.gathered);
            gathered.clear();
            for part in parts {
                gathered.extend_from_slice(&text[part.text.clone()]);
            }
            missed += self.append(file, &gathered);
            self.gathered = gathered;
        }
        missed
    }

    /// Writes lines to a file; tells how many entries are missing there.
    fn append(&mut self, file: usize, text: &[u8]) -> u64 {
        self.close_one_if_too_many(file);
        let output = &mut self.outputs[file];
        let was_failing = output.is_failing();
        let mut happened = Vec::new();
        let (lock, files, store) = (&mut self.lock, &self.files, &self.store);
        let mut context = Context {
            open: &*self.open,
            max_bytes: self.max_bytes,
            now: Instant::now(),
            progress: &|| store.progressed(),
            revive: &mut || revive(lock, files),
            happened: &mut happened,
        };
        let (written, error) = output.append(text, &mut context);
        if let Some(error) = error {
            self.status.failed(output.path(), &error);
        }
        for happened in happened {
            self.note(file, &happened);
        }
        let missing = &text[written..];
        if let Some((first, last)) = disk::ends(missing) {
            self.files.missed(file, first, last, was_failing);
        }
        memchr::memchr_iter(b'\n', missing).count() as u64
    }

    fn note(&mut self, file: usize, happened: &Happened) {
        match *happened {
            Happened::Recreated => self.status.recreated(self.outputs[file].path()),
            Happened::Dropped(first, last) => {
                self.files.dropped(file, first, last);
                let files = Arc::clone(&self.files);
                // Known now; if writing it down fails, a later session may not say that something
                // is missing before what it finds.
                let _ = aside(move || drop(files.save()));
            }
        }
    }

    /// Files that failed and have nothing to take now must not look broken for ever.
    fn retry_others(&mut self) {
        for file in 0..self.outputs.len() {
            if self.outputs[file].is_failing() {
                self.append(file, &[]);
            }
        }
    }

    /// Keeps the number of open files within bounds.
    fn close_one_if_too_many(&mut self, file: usize) {
        if self.outputs[file].is_open()
            || self.outputs.iter().filter(|o| o.is_open()).count() < MOST_OPEN
        {
            return;
        }
        let open = self.outputs.iter_mut().filter(|output| output.is_open());
        if let Some(oldest) = open.min_by_key(|output| output.used) {
            oldest.close();
        }
    }

    /// Records the next block of numbers before the last one is used up, beside the writing.
    fn reserve_ahead(&self) {
        let Some(end) = self.store.wants_numbers(disk::BLOCK) else {
            return;
        };
        let (store, files) = (Arc::clone(&self.store), Arc::clone(&self.files));
        let reserve = move || {
            let reserved = files.reserve(end);
            store.reserved(reserved.map(|()| end).map_err(|_| RETRY));
        };
        if aside(reserve).is_err() {
            self.store.reserved(Err(RETRY));
        }
    }

    /// Nothing to do for a while: large buffers are given back.
    fn rest(&mut self) {
        for buffer in [&mut self.text, &mut self.gathered] {
            buffer.clear();
            buffer.shrink_to(4096);
        }
    }

    /// Everything is written: the next session goes on right after it.
    fn end(mut self) {
        self.status.end();
        if let Err(error) = self.files.end(self.next_seq) {
            self.status.failed(&self.files.state_path(), &error);
        }
        drop(self.lock);
    }
}

/// Runs something that may take long in a thread of its own.
fn aside(act: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("flowlayer-logs".to_owned());
    thread.stack_size(128 * 1024).spawn(act).map(drop)
}

/// Makes the directory anew when it is gone, with everything that makes it ours.
fn revive(lock: &mut Lock, files: &Files) -> io::Result<()> {
    if !lock.is_in_place() {
        *lock = Lock::take(files.dir()).map_err(io::Error::other)?;
        files.save()?;
    }
    Ok(())
}
