//! One client's view of a screen.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vt100::Screen;

use super::console::Console;
use super::redraw::redraw;
use crate::process::Size;

/// A client gets changes at most this often; that is not seen, and a flood costs little.
const PACE: Duration = Duration::from_millis(8);

/// The same for each cell of the screen, so that huge ones cost no more.
const PACE_OF_CELL: Duration = Duration::from_nanos(150);

/// What a client gets: bytes that turn what it shows into what the service shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The size of the screen.
    pub size: Size,
    /// For a terminal that is at least as large.
    pub bytes: Vec<u8>,
}

/// A client that is attached, until this is dropped.
#[derive(Debug)]
pub struct Attachment {
    console: Arc<Console>,
    viewer: u64,
    /// What the client shows.
    shown: Option<Box<Screen>>,
    version: u64,
    /// It gets nothing before this.
    next: Instant,
}

impl Attachment {
    pub(super) fn new(console: Arc<Console>, viewer: u64) -> Self {
        Self {
            console,
            viewer,
            shown: None,
            version: 0,
            next: Instant::now(),
        }
    }

    /// The client's terminal has this size now.
    pub fn resize(&self, size: Size) {
        self.console.resize(self.viewer, size);
    }

    /// When there will be something to draw; `None` while nothing has changed.
    pub fn due(&self) -> Option<Instant> {
        (self.console.version() != self.version).then_some(self.next)
    }

    /// What has changed since the last call, at first the whole screen. `None` if there is none.
    pub fn draw(&mut self) -> Option<Drawing> {
        let (screen, version) = self.console.screen()?;
        let bytes = redraw(&screen, self.shown.as_deref());
        let (rows, cols) = screen.size();
        let cells = u32::from(rows) * u32::from(cols);
        self.version = version;
        self.shown = Some(Box::new(screen));
        self.next = Instant::now() + PACE + PACE_OF_CELL * cells;
        let size = Size { rows, cols };
        Some(Drawing { size, bytes })
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.console.detach(self.viewer);
    }
}
