//! Writes the files: a thread that follows the list of batches and may fall behind by a bounded
//! amount (docs/logs.md, What the files promise).

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::backlog::{Backlog, Work};
use super::batch::Batch;
use super::config::LogsConfig;
use super::disk::{self, Context, FileEvent, Files, Lock, Open, OpenError, Opened, Output};
use super::disk_status::DiskStatus;
use super::records::Records;
use super::store::Store;

/// Bytes of batches in one write: enough for few, large writes, little enough to stay in the CPU
/// cache from one file to the next.
const CHUNK: usize = 96 * 1024;

const MOST_OPEN: usize = 512;

/// The file of the records is rotated at this size, or at that of the others if that is less.
const MOST_RECORDED: u64 = 64 << 20;

/// Records that wait for a failing disk, in bytes; newer ones are dropped.
const MOST_WAITING: usize = 16 << 20;

const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Journal {
    pub(super) files: Arc<Files>,
    store: Arc<Store>,
    /// True once the writer has ended.
    ended: watch::Receiver<bool>,
}

impl Journal {
    /// Takes over the directory and starts the thread. The store begins where the files end.
    pub(super) fn start(
        config: LogsConfig,
        dir: &std::path::Path,
        open: Box<Open>,
    ) -> Result<(Arc<Store>, Self), OpenError> {
        let Opened {
            files,
            lock,
            first_seq,
            first_record,
        } = Files::open(dir, &config.services)?;
        let backlog = Backlog::new(config.limits.unwritten_bytes, first_seq + disk::BLOCK);
        let store = Arc::new(Store::new(
            config.services,
            config.buffer_size,
            config.limits,
            first_seq,
            Records::new(first_record, true),
            Some(backlog),
        ));
        let files = Arc::new(files);
        let (current, rotated) = files.record_paths();
        let records = Output::new(current, rotated, Instant::now());
        let (end, ended) = watch::channel(false);
        let writer = Writer {
            store: Arc::clone(&store),
            outputs: Vec::new(),
            records,
            unwritten_records: Vec::new(),
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

    /// Ends the writer and waits for it as long as it makes progress.
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

struct Writer {
    store: Arc<Store>,
    files: Arc<Files>,
    /// Taken again when somebody removes the directory.
    lock: Lock,
    /// By file: [`disk::ALL`], then the services.
    outputs: Vec<Output>,
    /// The file of the records.
    records: Output,
    /// Records that are not in it.
    unwritten_records: Vec<u8>,
    open: Box<Open>,
    max_bytes: u64,
    status: DiskStatus,
    /// The number of the entry expected next.
    next_seq: u64,
    /// The lines of one write; kept to reuse its memory.
    text: Vec<u8>,
    /// The lines of one service out of `text`; kept to reuse its memory.
    gathered: Vec<u8>,
}

/// Where the lines of a batch are in the text, and which file they belong to.
struct Part {
    file: usize,
    text: Range<usize>,
}

impl Writer {
    fn run(mut self) {
        let mut batches = Vec::new();
        loop {
            self.write_records();
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
                    self.shrink_buffers();
                    thread::park();
                }
                (Work::End, _) => break,
            }
        }
        self.end();
    }

    /// A file for each service that has come since the last time.
    fn add_outputs(&mut self) {
        for file in self.outputs.len()..self.files.count() {
            let (current, rotated) = self.files.paths(file);
            self.outputs
                .push(Output::new(current, rotated, Instant::now()));
        }
    }

    fn write(&mut self, batches: &[Arc<Batch>]) {
        self.add_outputs();
        self.text.clear();
        let mut parts: Vec<Part> = Vec::with_capacity(batches.len());
        for batch in batches {
            let start = self.text.len();
            batch.render_lines(&mut self.text);
            let text = start..self.text.len();
            let file = batch.service + 1;
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
        self.checked();
    }

    fn checked(&mut self) {
        let mut outputs = self.outputs.iter().chain([&self.records]);
        let failing = outputs.any(Output::is_failing);
        self.status.checked(failing);
    }

    /// Writes the records that have come, and those that the disk has not taken before.
    fn write_records(&mut self) {
        let mut text = std::mem::take(&mut self.unwritten_records);
        let waited = text.len();
        self.store.records.take_unwritten(&mut text);
        if text.len() > MOST_WAITING.max(waited) && waited > 0 {
            let lost = text.split_off(waited);
            self.status.missed(count_lines(&lost));
        }
        if !text.is_empty() {
            let mut events = Vec::new();
            let max_bytes = self.max_bytes.min(MOST_RECORDED);
            let (written, error) = append(
                &mut self.records,
                &text,
                max_bytes,
                &*self.open,
                (&mut self.lock, &self.files, &self.store),
                &mut events,
            );
            if let Some(error) = error {
                self.status.failed(&self.records.path, &error);
            }
            // What rotation drops here is seen in the numbers.
            if events.contains(&FileEvent::Recreated) {
                self.status.recreated(&self.records.path);
            }
            text.drain(..written);
            if written > 0 {
                self.checked();
            }
        }
        self.unwritten_records = text;
    }

    /// Writes each service's lines to its file; returns how many entries could not be written.
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

    /// Writes lines to a file; returns how many entries could not be written.
    fn append(&mut self, file: usize, text: &[u8]) -> u64 {
        self.close_one_if_too_many(file);
        let output = &mut self.outputs[file];
        let was_failing = output.is_failing();
        let mut events = Vec::new();
        let (written, error) = append(
            output,
            text,
            self.max_bytes,
            &*self.open,
            (&mut self.lock, &self.files, &self.store),
            &mut events,
        );
        if let Some(error) = error {
            self.status.failed(&output.path, &error);
        }
        for event in events {
            self.file_event(file, &event);
        }
        let missing = &text[written..];
        if let Some((first, last)) = disk::ends(missing) {
            self.files.missed(file, first, last, was_failing);
        }
        count_lines(missing)
    }

    fn file_event(&mut self, file: usize, event: &FileEvent) {
        match *event {
            FileEvent::Recreated => self.status.recreated(&self.outputs[file].path),
            FileEvent::Dropped(first, last) => {
                self.files.dropped(file, first, last);
                let files = Arc::clone(&self.files);
                // If saving fails, only a later session does not know that entries were dropped.
                let _ = spawn_helper(move || drop(files.save()));
            }
        }
    }

    /// Tries failed files for which there is nothing to write now.
    fn retry_others(&mut self) {
        for file in 0..self.outputs.len() {
            if self.outputs[file].is_failing() {
                self.append(file, &[]);
            }
        }
    }

    /// Keeps the number of open files within [`MOST_OPEN`].
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

    /// Records the next block of numbers before the last one is used up, without blocking the writing.
    fn reserve_ahead(&self) {
        let Some(end) = self.store.block_to_reserve(disk::BLOCK) else {
            return;
        };
        let (store, files) = (Arc::clone(&self.store), Arc::clone(&self.files));
        let reserve = move || {
            let reserved = files.reserve(end);
            store.reserved(reserved.map(|()| end).map_err(|_| RETRY));
        };
        if spawn_helper(reserve).is_err() {
            self.store.reserved(Err(RETRY));
        }
    }

    /// Frees large buffers while there is nothing to do.
    fn shrink_buffers(&mut self) {
        for buffer in [&mut self.text, &mut self.gathered] {
            buffer.clear();
            buffer.shrink_to(4096);
        }
    }

    /// Everything is written: records where the next session goes on.
    fn end(mut self) {
        self.write_records();
        self.status.missed(count_lines(&self.unwritten_records));
        self.status.end();
        if let Err(error) = self.files.end(self.next_seq) {
            self.status.failed(&self.files.state_path(), &error);
        }
        drop(self.lock);
    }
}

fn count_lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Appends lines to a file of the directory.
fn append(
    output: &mut Output,
    text: &[u8],
    max_bytes: u64,
    open: &Open,
    (lock, files, store): (&mut Lock, &Files, &Store),
    events: &mut Vec<FileEvent>,
) -> (usize, Option<io::Error>) {
    let mut context = Context {
        open,
        max_bytes,
        now: Instant::now(),
        progress: &|| store.progressed(),
        recreate_dir: &mut || recreate_dir(lock, files),
        events,
    };
    output.append(text, &mut context)
}

/// Runs something slow in a thread of its own.
fn spawn_helper(act: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("flowlayer-logs".to_owned());
    thread.stack_size(128 * 1024).spawn(act).map(drop)
}

/// Recreates the directory if it is gone, with lock and state.
fn recreate_dir(lock: &mut Lock, files: &Files) -> io::Result<()> {
    if !lock.is_in_place() {
        *lock = Lock::take(&files.dir).map_err(io::Error::other)?;
        files.save()?;
    }
    Ok(())
}
