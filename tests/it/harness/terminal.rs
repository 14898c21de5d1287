//! A command on a terminal of its own, and its screen.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};

use super::DEADLINE;
use super::child::{Child, Finished};

/// A process whose controlling terminal is ours: what it draws is on a screen that can be looked
/// at, and what is typed goes to it (`\u{3}` is Ctrl-C, with all that belongs to it).
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    /// Held so that the size can be changed; the screen ends when the process does.
    line: File,
    display: Arc<Display>,
    /// Reads what is drawn until `hang_up` goes.
    reader: JoinHandle<()>,
    hang_up: PipeWriter,
}

struct Display {
    screen: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Display {
    /// Draws what comes until nobody holds the other side, or until it is hung up.
    fn follow(&self, mut output: File, end: &PipeReader) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let mut waits = [
                PollFd::new(output.as_fd(), PollFlags::POLLIN),
                PollFd::new(end.as_fd(), PollFlags::POLLIN),
            ];
            poll(&mut waits, PollTimeout::NONE).unwrap();
            if waits[1].any() == Some(true) {
                return;
            }
            let Ok(count @ 1..) = output.read(&mut buffer) else {
                return;
            };
            let mut state = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
            state.parser.process(&buffer[..count]);
            state.raw.extend_from_slice(&buffer[..count]);
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// What is on the screen at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Its rows, without the blanks at their ends.
    pub(crate) rows: Vec<String>,
}

impl Screen {
    /// Whether a row contains the text.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }
}

impl Terminal {
    /// Runs a command on a terminal of this size. `setsid` gives it the terminal as its
    /// controlling one, which the standard library cannot without `unsafe`.
    #[track_caller]
    pub(crate) fn run(command: &Command, rows: u16, columns: u16) -> Self {
        // Not openpty: its descriptors would leak into what other tests start at the same time, and
        // a terminal that somebody holds open never hangs up.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let line = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NOCTTY.bits())
            .open(ptsname_r(&master).unwrap())
            .unwrap();
        set_size(&line, rows, columns);
        // Without --fork it becomes the command: same process, same id.
        let mut on_terminal = Command::new("setsid");
        on_terminal
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        on_terminal.env("TERM", "xterm-256color");
        on_terminal.env("LC_ALL", "C.UTF-8");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => on_terminal.env(name, value),
                None => on_terminal.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            on_terminal.current_dir(directory);
        }
        let stdio = || Stdio::from(line.try_clone().unwrap());
        on_terminal.stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = Child::spawn_as_is(on_terminal);
        let keyboard = File::from(OwnedFd::from(master));
        let display = Arc::new(Display {
            screen: Mutex::new(State {
                parser: vt100::Parser::new(rows, columns, 10_000),
                raw: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let (output, shown) = (keyboard.try_clone().unwrap(), Arc::clone(&display));
        let (end, hang_up) = pipe().unwrap();
        let reader = std::thread::spawn(move || shown.follow(output, &end));
        Self {
            child,
            keyboard,
            line,
            display,
            reader,
            hang_up,
        }
    }

    /// The process on it.
    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    /// Types these characters.
    #[track_caller]
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives it another size, as a window that is dragged.
    #[track_caller]
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        self.display
            .screen
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(rows, columns);
        self.tell_size(rows, columns);
    }

    /// Tells the process of another size, also of one that our screen could not show.
    #[track_caller]
    pub(crate) fn tell_size(&self, rows: u16, columns: u16) {
        set_size(&self.line, rows, columns);
    }

    /// Its modes, as `stty -a` has them.
    #[track_caller]
    pub(crate) fn modes(&self) -> String {
        let mut stty = Command::new("stty");
        stty.arg("-a").stdin(self.line.try_clone().unwrap());
        String::from_utf8(stty.output().unwrap().stdout).unwrap()
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> Screen {
        let state = self
            .display
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        screen_of(&state)
    }

    /// Every byte that was written to it until now.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.display
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .raw
            .clone()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Screen {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self
            .display
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let screen = screen_of(&state);
            if is_so(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                panic!(
                    "waited in vain for {what}; on the screen:\n{}",
                    screen.rows.join("\n")
                );
            }
            let waited = self.display.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a row contains the text.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, text: &str) -> Screen {
        self.wait_for(&format!("{text:?}"), |screen| screen.has(text))
    }

    /// Closes the terminal, as a window that is closed, and waits for the end of the process.
    #[track_caller]
    pub(crate) fn hang_up(self) -> Finished {
        drop(self.hang_up);
        self.reader.join().unwrap();
        drop((self.keyboard, self.line));
        self.child.wait_for_end()
    }

    /// Waits until these bytes have been written to it.
    #[track_caller]
    pub(crate) fn wait_for_bytes(&self, bytes: &str) {
        self.wait_for_bytes_after(0, bytes);
    }

    /// Waits until these bytes have been written to it after so many others.
    #[track_caller]
    pub(crate) fn wait_for_bytes_after(&self, start: usize, bytes: &str) {
        let deadline = Instant::now() + DEADLINE;
        let mut state = self
            .display
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while !String::from_utf8_lossy(&state.raw[start..]).contains(bytes) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {bytes:?}");
            let waited = self.display.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) -> Finished {
        self.child.wait_for_end()
    }
}

#[track_caller]
fn set_size(line: &File, rows: u16, columns: u16) {
    let (rows, columns) = (rows.to_string(), columns.to_string());
    let status = Command::new("stty")
        .args(["rows", &rows, "cols", &columns])
        .stdin(line.try_clone().unwrap())
        .status();
    assert!(status.unwrap().success());
}

fn screen_of(state: &State) -> Screen {
    let screen = state.parser.screen();
    let (_, columns) = screen.size();
    Screen {
        rows: screen
            .rows(0, columns)
            .map(|row| row.trim_end().to_owned())
            .collect(),
    }
}
