//! Which sessions are on record, found without parsing more than a few lines of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem;
use serde::Serialize;

use crate::facts::{FORMAT, Record, Status, Timestamp, What};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Everything was stopped.
    Clean,
    /// Something could not be stopped.
    NotClean,
    /// Its guardian died.
    GuardianLost,
    /// There is no record of its end: it runs, or its server was killed.
    NotRecorded,
}

/// A session on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub session: String,
    /// The version of the program.
    pub version: String,
    /// Whether a later version has recorded it, in a way that this one does not know.
    pub is_newer: bool,
    /// When it began.
    pub started: Timestamp,
    /// When its last record was made; never before it began.
    pub last: Timestamp,
    /// How it ended.
    pub end: RunEnd,
    /// The services that failed, sorted, with the line for people of the last failure of each.
    pub failed: BTreeMap<Arc<str>, String>,
    /// The number of its first record.
    #[serde(skip)]
    pub first: u64,
    /// The number of its last record.
    #[serde(skip)]
    pub last_number: u64,
    /// The number that its first log entry has or would have.
    #[serde(skip)]
    pub first_seq: u64,
    /// Numbers that are missing among its records: the disk did not take them.
    pub lost_records: u64,
}

/// Takes the lines of a file of records, in order.
#[derive(Debug, Default)]
pub struct Lister {
    runs: Vec<Listed>,
    /// The last line of the run, as yet unread.
    last: Vec<u8>,
    /// The number of the last record.
    number: u64,
}

impl Lister {
    /// The next line. What is no record says nothing.
    pub fn take(&mut self, line: &[u8]) {
        let Some((number, event)) = head(line) else {
            return;
        };
        let missing = number.saturating_sub(self.number + 1);
        self.number = number;
        match event {
            b"session_started" => self.began(line),
            b"session_ended" => {
                if let (
                    Some(What::SessionEnded {
                        clean,
                        guardian_lost,
                        ..
                    }),
                    Some(run),
                ) = (Record::parse(line).map(|it| it.what), self.runs.last_mut())
                {
                    run.end = match (clean, guardian_lost) {
                        (_, true) => RunEnd::GuardianLost,
                        (true, false) => RunEnd::Clean,
                        (false, false) => RunEnd::NotClean,
                    };
                }
            }
            b"status" if memmem::find(line, b"\"status\":\"failed\"").is_some() => {
                self.failed(line);
            }
            _ => {}
        }
        if let Some(run) = self.runs.last_mut() {
            run.last_number = number;
            if event != b"session_started" {
                run.lost_records += missing;
            }
            self.last.clear();
            self.last.extend_from_slice(line);
        }
    }

    fn began(&mut self, line: &[u8]) {
        self.settle();
        let Some(record) = Record::parse(line) else {
            return;
        };
        let What::SessionStarted {
            format,
            session,
            version,
            first_seq,
            ..
        } = record.what
        else {
            return;
        };
        self.runs.push(Listed {
            session,
            version,
            is_newer: format > FORMAT,
            started: record.timestamp,
            last: record.timestamp,
            end: RunEnd::NotRecorded,
            failed: BTreeMap::new(),
            first: record.number,
            last_number: record.number,
            first_seq,
            lost_records: 0,
        });
    }

    fn failed(&mut self, line: &[u8]) {
        let Some(What::Status(status)) = Record::parse(line).map(|it| it.what) else {
            return;
        };
        if let Some(run) = self.runs.last_mut()
            && status.state.status == Status::Failed
        {
            let why = status.state.reason.as_ref().map(ToString::to_string);
            run.failed.insert(status.service, why.unwrap_or_default());
        }
    }

    /// Reads the time of the last record of the last run.
    fn settle(&mut self) {
        if let Some(run) = self.runs.last_mut()
            && let Some(record) = Record::parse(&self.last)
        {
            run.last = run.started.max(record.timestamp);
        }
        self.last.clear();
    }

    /// The sessions, newest first.
    pub fn into_runs(mut self) -> Vec<Listed> {
        self.settle();
        self.runs.reverse();
        self.runs
    }
}

/// The number and the event of a record, from its beginning.
fn head(line: &[u8]) -> Option<(u64, &[u8])> {
    const EVENT: &[u8] = b"\"event\":\"";
    let rest = line.strip_prefix(b"{\"number\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    // Two numbers and a time come first.
    let near = &rest[..rest.len().min(160)];
    let from = memmem::find(near, EVENT)? + EVENT.len();
    let len = memchr::memchr(b'"', &rest[from..])?;
    Some((number, &rest[from..from + len]))
}
