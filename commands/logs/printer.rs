//! Entries as lines of text or JSON.
//!
//! On a terminal lines are safe: of what a service prints only colours pass. Anywhere else they are
//! what the service has written, byte for byte. JSON is safe everywhere.

use std::collections::HashMap;

use anstyle::Style;
use flowlayer_core::client::Entry;
use flowlayer_core::logs::EntryLine;
use flowlayer_core::protocol::LogEntry;

use crate::terminal::color::paint;
use crate::terminal::lines;
use crate::terminal::sanitize;

/// How entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, any of them may be on"
)]
pub(super) struct Form {
    /// As JSON objects, one a line.
    pub(super) json: bool,
    /// With their time.
    pub(super) timestamps: bool,
    /// With the name of their service.
    pub(super) prefix: bool,
    /// For a terminal.
    pub(super) terminal: bool,
    /// With colours.
    pub(super) colored: bool,
}

/// Writes entries.
#[derive(Debug)]
pub(super) struct Printer {
    form: Form,
    /// By name of the service.
    prefixes: HashMap<String, String>,
    /// How many names there were to begin with, for the colours of others.
    known: usize,
    scratch: String,
}

impl Printer {
    /// `known`: the services there are, sorted, which gives each its colour; `shown`: those whose
    /// lines can come, which gives the width; none for all.
    pub(super) fn new(form: Form, known: &[String], shown: &[String]) -> Self {
        let is_shown = |name: &str| shown.is_empty() || shown.iter().any(|it| it == name);
        let prefixes = lines::prefixes(known, is_shown, form.colored);
        Self {
            form,
            prefixes: known.iter().cloned().zip(prefixes).collect(),
            known: known.len(),
            scratch: String::new(),
        }
    }

    /// An entry of a session.
    pub(super) fn entry(&mut self, out: &mut Vec<u8>, entry: &Entry) {
        if self.form.json {
            let entry = LogEntry {
                seq: entry.seq,
                service: (&*entry.service).into(),
                phase: (&*entry.phase).into(),
                stream: entry.stream,
                message: (&*entry.message).into(),
                timestamp: entry.timestamp,
                partial: entry.partial,
                origin: entry.origin,
            };
            // Nothing in it can refuse to be written.
            let json = serde_json::to_string(&entry).unwrap_or_default();
            return append_json(out, json.as_bytes());
        }
        let timestamp = self.form.timestamps.then(|| entry.timestamp.to_string());
        self.line(out, &entry.service, timestamp.as_deref(), &entry.message);
    }

    /// An entry as it stands in a file.
    pub(super) fn raw(&mut self, out: &mut Vec<u8>, line: &[u8]) {
        if self.form.json {
            return append_json(out, line);
        }
        let text = String::from_utf8_lossy(line);
        // Whatever a search shows is an entry.
        let Some(entry) = EntryLine::parse(&text) else {
            return;
        };
        let timestamp = self.form.timestamps.then_some(&*entry.timestamp);
        self.line(out, &entry.service, timestamp, &entry.message);
    }

    /// Between two groups of context.
    pub(super) fn separator(&self, out: &mut Vec<u8>) {
        if !self.form.json {
            let line = paint(Style::new().dimmed(), "--", self.form.colored);
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
    }

    fn line(&mut self, out: &mut Vec<u8>, service: &str, timestamp: Option<&str>, message: &str) {
        if let Some(timestamp) = timestamp {
            let timestamp = paint(Style::new().dimmed(), timestamp, self.form.colored);
            out.extend_from_slice(timestamp.as_bytes());
            out.push(b' ');
        }
        if self.form.prefix {
            out.extend_from_slice(self.prefix(service).as_bytes());
        }
        if self.form.terminal {
            self.scratch.clear();
            sanitize::append_safe(&mut self.scratch, message, self.form.colored);
            out.extend_from_slice(self.scratch.as_bytes());
        } else {
            out.extend_from_slice(message.as_bytes());
        }
        out.push(b'\n');
    }

    /// One that was not known before is of another session, with another configuration.
    fn prefix(&mut self, service: &str) -> &str {
        if !self.prefixes.contains_key(service) {
            let others = self.prefixes.len() - self.known;
            let prefix = lines::prefix(service, self.known + others, 0, self.form.colored);
            self.prefixes.insert(service.to_owned(), prefix);
        }
        &self.prefixes[service]
    }
}

fn append_json(out: &mut Vec<u8>, json: &[u8]) {
    sanitize::append_json(out, json);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Form = Form {
        json: false,
        timestamps: false,
        prefix: true,
        terminal: false,
        colored: false,
    };

    const LINE: &str = "{\"seq\":7,\"service\":\"api\",\"phase\":\"ready\",\"stream\":\"stdout\",\"message\":\"a\\u001b[2Jb\\u001b[31mc\u{202e}\",\"timestamp\":\"2025-01-01T00:00:00.000Z\"}";

    #[track_caller]
    fn shows(form: Form, wanted: &str) {
        let names = ["api", "worker", "x"].map(str::to_owned);
        let mut printer = Printer::new(form, &names, &[]);
        let mut out = Vec::new();
        printer.raw(&mut out, LINE.as_bytes());
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        // What comes from a session looks the same.
        let entry: LogEntry<'_> = serde_json::from_str(LINE).unwrap();
        let entry = Entry {
            seq: entry.seq,
            service: entry.service.as_ref().into(),
            phase: entry.phase.as_ref().into(),
            stream: entry.stream,
            message: entry.message.as_ref().into(),
            timestamp: entry.timestamp,
            partial: entry.partial,
            origin: entry.origin,
        };
        let mut out = Vec::new();
        printer.entry(&mut out, &entry);
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }

    #[test]
    fn a_pipe_gets_the_bytes_and_a_terminal_what_is_safe() {
        shows(PLAIN, "api    │ a\u{1b}[2Jb\u{1b}[31mc\u{202e}\n");
        let raw = Form {
            prefix: false,
            ..PLAIN
        };
        shows(raw, "a\u{1b}[2Jb\u{1b}[31mc\u{202e}\n");
        let terminal = Form {
            terminal: true,
            ..raw
        };
        shows(terminal, "abc\u{fffd}\n");
        let timestamps = Form {
            timestamps: true,
            ..terminal
        };
        shows(timestamps, "2025-01-01T00:00:00.000Z abc\u{fffd}\n");
    }

    #[test]
    fn json_is_the_line_of_the_file_and_safe_in_a_pipe_too() {
        let json = Form {
            json: true,
            ..PLAIN
        };
        let safe = format!("{}\n", LINE.replace('\u{202e}', "\\u202e"));
        shows(json, &safe);
        let terminal = Form {
            terminal: true,
            ..json
        };
        shows(terminal, &safe);
    }

    #[test]
    fn one_that_was_not_known_has_a_prefix_too() {
        let mut printer = Printer::new(PLAIN, &["api".to_owned()], &[]);
        let mut out = Vec::new();
        printer.line(&mut out, "other", None, "x");
        assert_eq!(String::from_utf8(out).unwrap(), "other │ x\n");
    }
}
