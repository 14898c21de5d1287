//! Where the server's own lines go: to its standard output, and to the launcher while there is one.

use std::sync::Arc;

use flowlayer_core::facts::OutputMode;
use flowlayer_core::logs::Logs;
use flowlayer_core::runtime::StatusView;

use super::launcher::{Launcher, Report};
use crate::terminal::lines::Lines;
use crate::terminal::output::Output;
use crate::terminal::sanitize;

pub(super) struct Console {
    output: Output,
    pub(super) launcher: Option<Launcher>,
}

impl Console {
    pub(super) fn new(output: Output, launcher: Option<Launcher>) -> Self {
        Self { output, launcher }
    }

    /// Writes a line after all log lines so far.
    pub(super) fn line(&self, text: &str) {
        self.report(text, |text| Report::Line {
            text,
            is_bad: false,
        });
        self.output.line(&self.as_written(text));
    }

    /// The same for a failure.
    pub(super) fn bad_line(&self, text: &str) {
        self.report(text, |text| Report::Line { text, is_bad: true });
        self.output.line(&self.as_written(text));
    }

    /// The same for services that hold up a wave of the boot.
    pub(super) fn waits(&self, text: &str) {
        self.report(text, |text| Report::Waits { text });
        self.output.line(&self.as_written(text));
    }

    /// Writes a line after the log entry with this `seq`; `is_bad` when it is about a failure.
    pub(super) fn line_after(&self, seq: u64, text: &str, is_bad: bool) {
        self.report(text, |text| Report::Line { text, is_bad });
        self.output.line_after(seq, &self.as_written(text));
    }

    pub(super) fn follow(&mut self, logs: &Logs, lines: Lines, quiet: Vec<bool>) {
        self.output.follow(logs, lines, quiet);
    }

    /// Which services the terminal leaves out may have changed.
    pub(super) fn set_quiet(&self, services: &[Arc<StatusView>]) {
        let quiet = services.iter();
        let quiet = quiet.map(|view| (view.service, view.spec.output == OutputMode::Quiet));
        self.output.set_quiet(quiet.collect());
    }

    /// Closes the connection to the launcher.
    pub(super) fn close_launcher(&mut self) {
        if let Some(launcher) = self.launcher.take() {
            launcher.close();
        }
    }

    /// Writes everything queued and ends.
    pub(super) fn close(self) {
        self.output.close();
    }

    fn report(&self, text: &str, report: impl Fn(String) -> Report) {
        if let Some(launcher) = &self.launcher {
            launcher.send(&report(text.to_owned()));
        }
    }

    /// With a launcher the colours are for its terminal; what is written here goes to a file or among the
    /// lines of another program.
    fn as_written<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        match self.launcher {
            Some(_) => sanitize::text(text),
            None => text.into(),
        }
    }
}
