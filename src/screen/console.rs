//! The console of one service: its screen, its input, and who is attached.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::Notify;
use vt100::{Parser, Screen};

use super::answers::Answers;
use super::attachment::Attachment;
use super::input::{Input, InputRefused};
use crate::logs::TerminalWatch;
use crate::process::{self, DEFAULT_SIZE, Size};

/// The most rows, and the most columns.
const MAX_SIDE: u16 = 1000;

/// The service has no terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it has no terminal: set \"tty\": true, and restart it")]
pub struct NoTerminal;

/// The console of one service, over all its runs.
pub struct Console {
    state: Mutex<State>,
    /// Rows and columns, for those who cannot wait.
    size: AtomicU32,
}

struct State {
    /// Set when a run had a terminal.
    screen: Option<Parser<Answers>>,
    /// Grows with every change of the screen.
    version: u64,
    run: Run,
    attached: BTreeMap<u64, Viewer>,
    next_viewer: u64,
}

/// What a running service can be sent.
#[derive(Default)]
enum Run {
    #[default]
    None,
    /// It has no input.
    Deaf,
    Pipe(Input),
    Terminal {
        input: Input,
        master: OwnedFd,
    },
}

struct Viewer {
    size: Size,
    /// Woken when the screen changes.
    wake: Arc<Notify>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl Default for Console {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                screen: None,
                version: 0,
                run: Run::None,
                attached: BTreeMap::new(),
                next_viewer: 0,
            }),
            size: AtomicU32::new(packed(DEFAULT_SIZE)),
        }
    }
}

fn packed(size: Size) -> u32 {
    u32::from(size.rows) << 16 | u32::from(size.cols)
}

fn clamped(size: Size) -> Size {
    Size {
        rows: size.rows.clamp(1, MAX_SIDE),
        cols: size.cols.clamp(1, MAX_SIDE),
    }
}

impl Console {
    /// A run has begun that has this as its stdin. Needs a tokio runtime.
    pub fn run_with_pipe(&self, stdin: Option<OwnedFd>) {
        let input = stdin.and_then(|stdin| Input::new(stdin).ok());
        let mut state = self.lock();
        state.screen = None;
        state.run = input.map_or(Run::Deaf, Run::Pipe);
    }

    /// A run has begun in the terminal of which this is the master. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses another descriptor.
    pub fn run_in_terminal(&self, master: &OwnedFd) -> std::io::Result<()> {
        let input = Input::new(master.try_clone()?)?;
        let master = master.try_clone()?;
        let size = self.size();
        // It cannot fail for a master; a screen of another size would be the worst of it.
        let _ = process::set_size(&master, size);
        let mut state = self.lock();
        state.run = Run::Terminal { input, master };
        state.screen = Some(parser(size));
        state.changed();
        Ok(())
    }

    /// The run has ended, with all that it left. The screen stays.
    pub fn run_ended(&self) {
        self.lock().run = Run::None;
    }

    /// Sends something to what runs.
    ///
    /// # Errors
    /// Why nothing of it was taken.
    pub fn send(&self, bytes: &[u8]) -> Result<(), InputRefused> {
        match &self.lock().run {
            Run::None => Err(InputRefused::NotRunning),
            Run::Deaf => Err(InputRefused::NoInput),
            Run::Pipe(input) | Run::Terminal { input, .. } => input.send(bytes),
        }
    }

    /// Attaches a client with a terminal of this size, which is woken by `wake` when the screen changes.
    ///
    /// # Errors
    /// When there is no screen.
    pub fn attach(
        self: &Arc<Self>,
        size: Size,
        wake: Arc<Notify>,
    ) -> Result<Attachment, NoTerminal> {
        let mut state = self.lock();
        if state.screen.is_none() {
            return Err(NoTerminal);
        }
        let viewer = state.next_viewer;
        state.next_viewer += 1;
        let size = clamped(size);
        state.attached.insert(viewer, Viewer { size, wake });
        self.fit(&mut state);
        drop(state);
        Ok(Attachment::new(Arc::clone(self), viewer))
    }

    pub(super) fn resize(&self, viewer: u64, size: Size) {
        let mut state = self.lock();
        if let Some(viewer) = state.attached.get_mut(&viewer) {
            viewer.size = clamped(size);
        }
        self.fit(&mut state);
    }

    pub(super) fn detach(&self, viewer: u64) {
        let mut state = self.lock();
        state.attached.remove(&viewer);
        self.fit(&mut state);
    }

    pub(super) fn version(&self) -> u64 {
        self.lock().version
    }

    /// The screen as it is, and its version.
    pub(super) fn screen(&self) -> Option<(Screen, u64)> {
        let state = self.lock();
        let screen = state.screen.as_ref()?.screen().clone();
        Some((screen, state.version))
    }

    fn size(&self) -> Size {
        let packed = self.size.load(Ordering::Relaxed).to_be_bytes();
        Size {
            rows: u16::from_be_bytes([packed[0], packed[1]]),
            cols: u16::from_be_bytes([packed[2], packed[3]]),
        }
    }

    /// Gives the terminal the size of the smallest that is attached; the last one's stays.
    fn fit(&self, state: &mut State) {
        let sizes = || state.attached.values().map(|viewer| viewer.size);
        let rows = sizes().map(|size| size.rows).min();
        let Some((rows, cols)) = rows.zip(sizes().map(|size| size.cols).min()) else {
            return;
        };
        let size = Size { rows, cols };
        if size == self.size() {
            return;
        }
        self.size.store(packed(size), Ordering::Relaxed);
        if let Some(screen) = &mut state.screen {
            screen.screen_mut().set_size(rows, cols);
        }
        if let Run::Terminal { master, .. } = &state.run {
            // A terminal that nobody has any more needs none.
            let _ = process::set_size(master, size);
        }
        state.changed();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parser(size: Size) -> Parser<Answers> {
    Parser::new_with_callbacks(size.rows, size.cols, 0, Answers::default())
}

impl State {
    fn changed(&mut self) {
        self.version += 1;
        for viewer in self.attached.values() {
            viewer.wake.notify_one();
        }
    }
}

impl TerminalWatch for Console {
    fn output(&self, bytes: &[u8]) {
        let mut state = self.lock();
        let Some(screen) = &mut state.screen else {
            return;
        };
        // Should it meet what it cannot take, the service is read all the same.
        let read = catch_unwind(AssertUnwindSafe(|| {
            screen.process(bytes);
            screen.callbacks_mut().take()
        }));
        let answers = read.unwrap_or_else(|_| {
            *screen = parser(self.size());
            String::new()
        });
        if let (false, Run::Terminal { input, .. }) = (answers.is_empty(), &state.run) {
            // A program that does not read gets no answer.
            let _ = input.send(answers.as_bytes());
        }
        state.changed();
    }

    fn size(&self) -> (u16, u16) {
        let Size { rows, cols } = Self::size(self);
        (rows, cols)
    }
}
