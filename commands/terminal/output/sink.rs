//! The standard output as a thread sees it that has time.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::terminal::print::is_without_room;

/// What became of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Sunk {
    /// It is out.
    Written,
    /// There was no room (a full disk); there may be again.
    Refused,
    /// The reader is gone.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Sink {
    to: File,
}

impl Sink {
    pub(crate) fn new(to: File) -> Self {
        Self { to }
    }

    /// Writes the whole text, however long that takes.
    pub(crate) fn write(&mut self, mut text: &[u8]) -> Sunk {
        while !text.is_empty() {
            match self.to.write(text) {
                Ok(0) => return Sunk::Gone,
                Ok(count) => text = &text[count..],
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // Another process on this terminal has made it non-blocking.
                    ErrorKind::WouldBlock => self.wait_until_writable(),
                    kind if is_without_room(kind) => return Sunk::Refused,
                    _ => return Sunk::Gone,
                },
            }
        }
        Sunk::Written
    }

    fn wait_until_writable(&self) {
        let mut waits = [PollFd::new(self.to.as_fd(), PollFlags::POLLOUT)];
        // An error here shows at the next write as well.
        let _ = poll(&mut waits, PollTimeout::NONE);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    #[test]
    fn a_full_disk_refuses_and_a_reader_that_left_is_gone() {
        if let Ok(full) = File::options().write(true).open("/dev/full") {
            assert_eq!(Sink::new(full).write(b"text"), Sunk::Refused);
        }
        let (reader, writer) = pipe().unwrap();
        let mut sink = Sink::new(File::from(std::os::fd::OwnedFd::from(writer)));
        assert_eq!(sink.write(b"text"), Sunk::Written);
        drop(reader);
        assert_eq!(sink.write(b"text"), Sunk::Gone);
    }

    #[test]
    fn a_non_blocking_output_is_waited_for() {
        let (mut reader, writer) = pipe().unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let text = vec![b'x'; 1 << 20];
        let writing = std::thread::spawn({
            let text = text.clone();
            move || Sink::new(File::from(std::os::fd::OwnedFd::from(writer))).write(&text)
        });
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(writing.join().unwrap(), Sunk::Written);
        assert!(read == text);
    }
}
