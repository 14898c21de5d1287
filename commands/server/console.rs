//! Where the server's own lines go: to its standard output, and to the process in front while there
//! is one.

use flowlayer_core::logs::Logs;

use super::launcher::{Launcher, Report};
use crate::terminal::lines::Lines;
use crate::terminal::output::Output;
use crate::terminal::sanitize;

/// Says the server's own lines.
pub(super) struct Console {
    output: Output,
    launcher: Option<Launcher>,
}

impl Console {
    pub(super) fn new(output: Output, launcher: Option<Launcher>) -> Self {
        Self { output, launcher }
    }

    /// The launcher, if there is one.
    pub(super) fn launcher(&self) -> Option<&Launcher> {
        self.launcher.as_ref()
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
        if let Some(launcher) = &self.launcher {
            let text = text.to_owned();
            launcher.tell(&Report::Waits { text });
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

    /// Says nothing more to the launcher.
    pub(super) fn let_go(&mut self) {
        if let Some(launcher) = self.launcher.take() {
            launcher.close();
        }
    }

    /// Writes what there is and ends.
    pub(super) fn close(self) {
        self.output.close();
    }

    fn tell(&self, text: &str, is_bad: bool) {
        if let Some(launcher) = &self.launcher {
            let text = text.to_owned();
            launcher.tell(&Report::Line { text, is_bad });
        }
    }

    /// With a launcher the colours are meant for its terminal; what is written is a file, or comes
    /// between the lines of another program.
    fn as_written<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        match self.launcher {
            Some(_) => sanitize::text(text),
            None => text.into(),
        }
    }
}
