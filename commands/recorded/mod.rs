//! The sessions on record: those in the files of `logs.dir`, and the one that runs (docs/history.md).

mod lines;

use std::path::{Path, PathBuf};

use flowlayer_core::config;
use flowlayer_core::facts::Record;
use flowlayer_core::history::{Listed, Lister, Run, RunEnd};
use flowlayer_core::logs::Archive;

use crate::config_file;
use crate::failure::Failure;
use crate::session::args::SessionArgs;
use crate::session::{Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::diagnostics::shown_path;
use crate::tokio_runtime;

pub(crate) use lines::Line;

/// The sessions of a configuration that are on record.
pub(crate) struct Sessions {
    target: TargetSession,
    /// Newest first.
    pub(crate) listed: Vec<Listed>,
    archive: Option<Archive>,
    dir: Option<PathBuf>,
    /// The one that runs, where its records are not in the files: it is the first then.
    live: Option<Run>,
}

impl Sessions {
    /// Finds the configuration as other commands find a session, and lists what is on record.
    pub(crate) fn find(args: &SessionArgs, colors: Colors) -> Result<Self, Failure> {
        let target = TargetSession::find(args, Purpose::Read, colors)?;
        let endpoint = target.endpoint();
        let dir = endpoint.config.as_deref().and_then(directory);
        let archive = dir.as_deref().and_then(|dir| Archive::open(dir).ok());
        let listed = match &archive {
            Some(archive) => list(archive).map_err(|error| unreadable(dir.as_deref(), &error))?,
            None => Vec::new(),
        };
        let newest = listed.first().map(|run| &run.session);
        let is_in_files = endpoint.session_id.is_some() && newest == endpoint.session_id.as_ref();
        let may_answer = endpoint.address.is_some() && (target.is_sure() || listed.is_empty());
        let mut sessions = Self {
            target,
            listed,
            archive,
            dir,
            live: None,
        };
        if !is_in_files && may_answer {
            sessions.ask()?;
        }
        if sessions.listed.is_empty() {
            return Err(sessions.none());
        }
        Ok(sessions)
    }

    /// Adds the records of the session that runs.
    fn ask(&mut self) -> Result<(), Failure> {
        let runtime = tokio_runtime::build(1)
            .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
        let run = runtime.block_on(async {
            let connected = self.target.connect().await?;
            let records = connected.client.session_events().await;
            records.map(Run::new).map_err(|error| {
                Failure::Failed(format!("cannot get the records of the session: {error}"))
            })
        });
        let run = match run {
            Ok(run) => run,
            // What is in the files can be shown.
            Err(Failure::NoSession(_)) if !self.listed.is_empty() => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let mut lister = Lister::default();
        for record in &run.records {
            lister.take(&serde_json::to_vec(record).unwrap_or_default());
        }
        let added = lister.into_runs();
        if !added.is_empty() {
            self.listed.splice(0..0, added);
            self.live = Some(run);
        }
        Ok(())
    }

    fn none(&self) -> Failure {
        let config = self.target.endpoint().shown_config();
        Failure::NoSession(match &self.dir {
            Some(dir) => format!(
                "no session of {config} runs, and none is on record in {}",
                shown_path(dir)
            ),
            None => format!(
                "no session of {config} runs, and without logs.dir earlier ones are not on record"
            ),
        })
    }

    /// Whether it runs now.
    pub(crate) fn is_running(&self, listed: &Listed) -> bool {
        let running = self.target.endpoint().session_id.as_ref();
        let is_asked = self
            .live
            .as_ref()
            .is_some_and(|run| run.session() == listed.session);
        listed.end == RunEnd::NotRecorded && (running == Some(&listed.session) || is_asked)
    }

    /// The place in the list of the session with this number, from 1, or with this id or its beginning.
    pub(crate) fn place(&self, wanted: &str) -> Result<usize, Failure> {
        let count = self.listed.len();
        let number = wanted.parse().ok().filter(|_| wanted.len() < 8);
        if let Some(number) = number {
            return match number {
                1.. if number <= count => Ok(number - 1),
                _ => Err(Failure::Mistaken(format!(
                    "there is no run {number}: {}",
                    match count {
                        1 => "only run 1 is on record".to_owned(),
                        _ => format!("runs 1 to {count} are on record (flowlayer runs)"),
                    }
                ))),
            };
        }
        let found: Vec<usize> = (0..count)
            .filter(|&place| self.listed[place].session.starts_with(wanted))
            .collect();
        match found[..] {
            [one] => Ok(one),
            [] => Err(Failure::Mistaken(format!(
                "no run on record has the id {wanted:?}: flowlayer runs lists them"
            ))),
            _ => Err(Failure::Mistaken(format!(
                "the id {wanted:?} could be that of {} runs: give more of it",
                found.len()
            ))),
        }
    }

    /// Whether the session itself was asked for its records.
    fn is_asked(&self, place: usize) -> bool {
        place == 0 && self.live.is_some()
    }

    /// The records of the session at a place.
    pub(crate) fn read(&self, place: usize) -> Result<Run, Failure> {
        let listed = &self.listed[place];
        if listed.is_newer {
            return Err(Failure::Failed(format!(
                "run {} was recorded by flowlayer {}, in a format that this version does not know",
                place + 1,
                listed.version
            )));
        }
        if let Some(live) = self.live.as_ref().filter(|_| self.is_asked(place)) {
            return Ok(live.clone());
        }
        let Some(archive) = &self.archive else {
            return Ok(Run::default());
        };
        let mut records = Vec::new();
        let failed = |error| unreadable(self.dir.as_deref(), &error);
        let mut lines = archive
            .records(listed.first - 1, listed.last_number + 1)
            .map_err(failed)?;
        while let Some(line) = lines.next_line().map_err(failed)? {
            records.extend(Record::parse(line));
        }
        Ok(Run::new(records))
    }

    /// The directory with the log of earlier sessions.
    pub(crate) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The session that is meant.
    pub(crate) fn target(&self) -> &TargetSession {
        &self.target
    }

    /// The numbers of the log entries of the session at a place: above the first, and below the second where
    /// another one follows.
    pub(crate) fn seqs(&self, place: usize) -> (u64, Option<u64>) {
        let after = self.listed[place].first_seq.saturating_sub(1);
        let next = place.checked_sub(1).map(|next| self.listed[next].first_seq);
        (after, next)
    }
}

/// Where a configuration has its log files.
fn directory(config: &Path) -> Option<PathBuf> {
    let loaded = config::load(config).ok()?;
    let values = config_file::values(&loaded.config).ok()?;
    config::logs_dir(&loaded.config, &values).ok()?
}

fn list(archive: &Archive) -> std::io::Result<Vec<Listed>> {
    let mut lines = archive.records(0, u64::MAX)?;
    let mut lister = Lister::default();
    while let Some(line) = lines.next_line()? {
        lister.take(line);
    }
    Ok(lister.into_runs())
}

fn unreadable(dir: Option<&Path>, error: &std::io::Error) -> Failure {
    let dir = dir.map(shown_path).unwrap_or_default();
    Failure::Failed(format!("cannot read the records in {dir}: {error}"))
}
