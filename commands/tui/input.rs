//! What reaches the cockpit beside the session: keys and the mouse, signals.

use std::io;

use crossterm::event::{self, Event};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// Reads the terminal on a thread of its own, because reading it cannot be waited for otherwise. The
/// end of the terminal ends the channel; the thread ends with the process.
pub(super) fn keys() -> UnboundedReceiver<Event> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.send(event).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The signals that end the cockpit, and SIGCONT.
pub(super) struct Signals {
    ends: [Signal; 4],
    continued: Signal,
}

/// What a signal asks for.
pub(super) enum Request {
    /// To end.
    Quit,
    /// To take the terminal over again, after having been stopped.
    Resume,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ends: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::quit())?,
            ],
            continued: signal(SignalKind::from_raw(nix::libc::SIGCONT))?,
        })
    }

    /// Waits for the next one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Request {
        let [one, two, three, four] = &mut self.ends;
        tokio::select! {
            _ = one.recv() => Request::Quit,
            _ = two.recv() => Request::Quit,
            _ = three.recv() => Request::Quit,
            _ = four.recv() => Request::Quit,
            _ = self.continued.recv() => Request::Resume,
        }
    }
}
