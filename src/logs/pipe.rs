//! Reads the pipes of services: one task each, as fast as the service writes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use memchr::memchr;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::cutter::Cutter;
use super::lines::{Lines, MAX_LINE};
use super::pace::Pace;
use super::source::Source;
use super::store::Store;
use crate::facts::{Origin, Stream};

const READ: usize = 256 * 1024;

thread_local! {
    /// Reads go here first: one buffer a thread, so that a quiet pipe needs none.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// Sees the lines of one pipe as they are read.
pub trait LineWatch: Send + Sync {
    /// A line, or what has come of it until now, in order. Called on the log path, so it must be quick
    /// and not block. `false`: do not call it again.
    fn line(&self, line: &str) -> bool;
}

/// A pipe that is being read. Dropping it does not stop the reading.
#[derive(Debug)]
pub struct PipeReader {
    task: Option<JoinHandle<()>>,
    sink: Arc<Sink>,
}

impl PipeReader {
    pub(super) fn spawn(pipe: OwnedFd, sink: Sink) -> Self {
        Self::spawn_source(Source::pipe(pipe), sink)
    }

    pub(super) fn spawn_terminal(master: OwnedFd, sink: Sink) -> Self {
        Self::spawn_source(Source::terminal(master), sink)
    }

    fn spawn_source(source: io::Result<Source>, sink: Sink) -> Self {
        let sink = Arc::new(sink);
        let task = match source {
            Ok(source) => Some(tokio::spawn(read_to_end(source, Arc::clone(&sink)))),
            Err(error) => {
                let note = format!("cannot read {}: {error}", sink.stream.as_str());
                sink.store.note(sink.service, Origin::FlowLayer, &note);
                None
            }
        };
        Self { task, sink }
    }

    /// Replaces what sees the lines.
    pub fn watch(&self, watch: Arc<dyn LineWatch>) {
        if let Some(mut progress) = self.sink.lock() {
            let logged = String::new();
            progress.watch = Some(Watching { watch, logged });
        }
    }

    /// Returns when the pipe has ended and all its lines are in the log, at once if that was so
    /// before. Cancel-safe. Best called when the end is near: from then on the pipe is read as
    /// soon as there is anything, however little.
    pub async fn ended(&mut self) {
        if let Some(task) = &mut self.task {
            self.sink.hurry.notify_one();
            // The task is not cancelled while this exists, and a panic leaves nothing to wait for.
            let _ = task.await;
            self.task = None;
        }
    }

    /// Stops reading: logs an unfinished last line now, and nothing after this returns. What is still
    /// in the pipe is lost.
    pub fn cut(self) {
        self.sink.finish();
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

pub(super) struct Sink {
    pub(super) store: Arc<Store>,
    pub(super) service: usize,
    pub(super) stream: Stream,
    progress: Mutex<Progress>,
    /// Somebody waits for the end of the pipe.
    hurry: Notify,
}

struct Progress {
    cutter: Cutter,
    watch: Option<Watching>,
    finished: bool,
}

struct Watching {
    watch: Arc<dyn LineWatch>,
    /// What has been logged of a line that has not ended.
    logged: String,
}

impl Watching {
    fn line(&self, line: &str) -> bool {
        if self.logged.is_empty() {
            return self.watch.line(line);
        }
        self.watch.line(&[&*self.logged, line].concat())
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("service", &self.service)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl Sink {
    pub(super) fn new(
        store: Arc<Store>,
        service: usize,
        stream: Stream,
        cutter: Cutter,
        watch: Option<Arc<dyn LineWatch>>,
    ) -> Self {
        Self {
            store,
            service,
            stream,
            progress: Mutex::new(Progress {
                cutter,
                watch: watch.map(|watch| Watching {
                    watch,
                    logged: String::new(),
                }),
                finished: false,
            }),
            hurry: Notify::new(),
        }
    }

    /// Takes what one read brought. How much silence makes an entry of the line that has not ended.
    fn take(&self, mut bytes: &[u8]) -> Option<Duration> {
        let mut guard = self.lock()?;
        let progress = &mut *guard;
        if let Some(Watching { logged, .. }) = &progress.watch
            && !logged.is_empty()
            && let Some(end) = memchr(b'\n', bytes)
        {
            // What has been logged of this line belongs to no other.
            let (line, rest) = bytes.split_at(end + 1);
            self.split(progress, |cutter, emit| cutter.push(line, emit));
            if let Some(watching) = &mut progress.watch {
                watching.logged.clear();
            }
            bytes = rest;
        }
        self.split(progress, |cutter, emit| cutter.push(bytes, emit));
        if let Some(watching) = &progress.watch {
            let unfinished = progress.cutter.unfinished();
            if !unfinished.is_empty() && !watching.line(&unfinished) {
                progress.watch = None;
            }
        }
        progress.cutter.patience()
    }

    /// Nothing has come for a while: logs what there is of a line.
    fn pause(&self) {
        let Some(mut progress) = self.lock() else {
            return;
        };
        let Progress { cutter, watch, .. } = &mut *progress;
        if let Some(Watching { logged, .. }) = watch {
            logged.push_str(&cutter.unfinished());
            if logged.len() > MAX_LINE {
                logged.clear();
            }
        }
        cutter.pause(&mut |lines| {
            self.store.append(self.service, self.stream, lines);
        });
    }

    fn finish(&self) {
        if let Some(mut progress) = self.lock() {
            self.split(&mut progress, Cutter::finish);
            progress.finished = true;
        }
    }

    /// Nothing is added once it is finished; the lock makes that so while the task still runs.
    fn lock(&self) -> Option<MutexGuard<'_, Progress>> {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        (!progress.finished).then_some(progress)
    }

    fn split(&self, progress: &mut Progress, act: impl FnOnce(&mut Cutter, &mut dyn FnMut(Lines))) {
        let Progress { cutter, watch, .. } = progress;
        act(cutter, &mut |lines| {
            if let Some(batch) = self.store.append(self.service, self.stream, lines)
                && let Some(watching) = watch
                && !batch.lines().all(|(_, line, _)| watching.line(line))
            {
                *watch = None;
            }
        });
    }
}

enum Read {
    Some {
        count: usize,
        /// See [`Cutter::patience`].
        patience: Option<Duration>,
    },
    End,
    /// The disk is behind: nothing was read.
    NoRoom,
}

async fn read_to_end(mut source: Source, sink: Arc<Sink>) {
    let mut pace = Pace::new(Instant::now(), source.capacity());
    let mut patience = None;
    loop {
        let read = poll_fn(|cx| poll_read(&mut source, &sink, cx));
        let read = match patience {
            None => read.await,
            // The timer is set only when there is nothing to read.
            Some(silence) => {
                let Ok(read) = timeout(silence, read).await else {
                    sink.pause();
                    patience = None;
                    continue;
                };
                read
            }
        };
        match read {
            Read::Some {
                count,
                patience: next,
            } => {
                patience = next;
                pace.after(count, &sink.hurry).await;
            }
            Read::NoRoom => sink.store.room().await,
            Read::End => break,
        }
    }
    sink.finish();
}

/// Reads once and adds the lines, in one step, so that nothing that was read waits anywhere.
fn poll_read(source: &mut Source, sink: &Sink, cx: &mut Context<'_>) -> Poll<Read> {
    if !sink.store.has_room() {
        return Poll::Ready(Read::NoRoom);
    }
    BUFFER.with_borrow_mut(|buffer| {
        source.poll_read(cx, buffer).map(|read| match read {
            Ok(count) if count > 0 => Read::Some {
                count,
                patience: sink.take(&buffer[..count]),
            },
            // Whatever the error, no more will come.
            Ok(_) | Err(_) => Read::End,
        })
    })
}
