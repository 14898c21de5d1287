//! Where the server's own lines go: to its standard output, and to the process in front while there
//! is one.

use flowlayer_core::logs::Logs;

use super::launcher::{Front, Report};
use crate::terminal::lines::Lines;
use crate::terminal::output::Output;
use crate::terminal::sanitize;

/// Says the server's own lines.
pub(super) struct Voice {
    output: Output,
    front: Option<Front>,
}

impl Voice {
    pub(super) fn new(output: Output, front: Option<Front>) -> Self {
        Self { output, front }
    }

    /// The front, if there is one.
    pub(super) fn front(&self) -> Option<&Front> {
        self.front.as_ref()
    }

    /// Says a line, without its end, behind all log lines that are there now.
    pub(super) fn line(&self, text: &str) {
        self.tell(text, false);
        self.output.line(&self.as_written(text));
    }

    /// The same for something that went wrong.
    pub(super) fn bad_line(&self, text: &str) {
        self.tell(text, true);
        self.output.line(&self.as_written(text));
    }

    /// Says who has held the boot for long.
    pub(super) fn waits(&self, text: &str) {
        if let Some(front) = &self.front {
            let text = text.to_owned();
            front.tell(&Report::Waits { text });
        }
        self.output.line(&self.as_written(text));
    }

    /// Says a line behind the log entry with this `seq`; `is_bad` when it is about a failure.
    pub(super) fn line_after(&self, seq: u64, text: &str, is_bad: bool) {
        self.tell(text, is_bad);
        self.output.line_after(seq, &self.as_written(text));
    }

    /// Writes the services' output from now on.
    pub(super) fn follow(&mut self, logs: &Logs, lines: Lines) {
        self.output.follow(logs, lines);
    }

    /// Says nothing more to the front.
    pub(super) fn let_go(&mut self) {
        if let Some(front) = self.front.take() {
            front.close();
        }
    }

    /// Writes what there is and ends.
    pub(super) fn close(self) {
        self.output.close();
    }

    fn tell(&self, text: &str, is_bad: bool) {
        if let Some(front) = &self.front {
            let text = text.to_owned();
            front.tell(&Report::Line { text, is_bad });
        }
    }

    /// With a front the colours are meant for its terminal; what is written is a file, or comes
    /// between the lines of another program.
    fn as_written<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        match self.front {
            Some(_) => sanitize::text(text),
            None => text.into(),
        }
    }
}
