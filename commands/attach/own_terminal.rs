//! The user's terminal: raw while attached, and as it was afterwards, whatever ends it.

use std::io::{self, Read, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use flowlayer_core::protocol::TerminalOutput;
use tokio::sync::mpsc;

/// Shows another screen, and marks what is pasted.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h";

/// Undoes that, and all modes that a screen can have set: mouse, keypad, cursor keys, colours.
const LEAVE: &[u8] =
    b"\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1l\x1b>\x1b[?2004l\x1b[m\x1b[?25h\x1b[?1049l";

/// Bytes that wait until they are sent.
const TYPED_AHEAD: usize = 16;

/// The terminal in its other mode, until this is dropped.
#[derive(Debug)]
pub(super) struct OwnTerminal {
    expects_paste: bool,
}

impl OwnTerminal {
    pub(super) fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let terminal = Self {
            expects_paste: false,
        };
        write(ENTER)?;
        Ok(terminal)
    }

    /// Draws; whether the service expects marks around what is pasted.
    pub(super) fn draw(&mut self, output: &TerminalOutput) -> bool {
        let data = &output.data;
        let last = |mode: &[u8]| data.windows(mode.len()).rposition(|it| it == mode);
        let (on, off) = (last(b"\x1b[?2004h"), last(b"\x1b[?2004l"));
        if on.is_some() || off.is_some() {
            self.expects_paste = on > off;
        }
        // A terminal that is gone ends the reading of keys too.
        let _ = write(data);
        if off > on {
            // The marks are for us in any case.
            let _ = write(b"\x1b[?2004h");
        }
        self.expects_paste
    }
}

impl Drop for OwnTerminal {
    fn drop(&mut self) {
        let _ = write(LEAVE);
        let _ = disable_raw_mode();
    }
}

/// Rows and columns of the user's terminal.
pub(super) fn size() -> (u16, u16) {
    let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    (rows, cols)
}

/// Rings its bell.
pub(super) fn ring() {
    let _ = write(b"\x07");
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Reads what is typed, in a thread that ends with the process.
pub(super) fn read_keys() -> mpsc::Receiver<Vec<u8>> {
    let (keys, typed) = mpsc::channel(TYPED_AHEAD);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if keys.blocking_send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    typed
}
