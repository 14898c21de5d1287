//! The files of a log directory (docs/logs.md, Files): names, lock, numbers that outlive a crash,
//! writing that survives failing disks, reading back without reading everything.

mod dir_state;
mod error;
mod key;
mod line;
mod lock;
mod names;
mod newest;
mod open;
mod output;
mod reader;
mod repair;
mod segment;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use dir_state::BLOCK;
use dir_state::{DirState, Found};

use crate::facts::shown_path;
pub use error::OpenError;
pub(super) use key::new as new_key;
pub(super) use line::is_private;
pub(super) use lock::Lock;
pub(super) use names::{ALL as ALL_STEM, RECORDS as RECORDS_STEM, service_of, stem, stem_of};
pub(super) use newest::{Newest, Wanted};
pub(super) use open::is_not_a_file;
pub(super) use output::{Context, FileEvent, Open, Output, open_file};
#[cfg(test)]
pub(super) use output::{FileInfo, LogFile};
pub(super) use reader::{Backward, Forward, Merged, Part, Reader};
pub(super) use segment::Segment;

/// Index of the file with the lines of all services; a service's file has its index plus one.
pub(super) const ALL: usize = 0;

/// What the writer and the queries share of a directory.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) dir: PathBuf,
    /// What marks in records are made with.
    pub(super) key: [u8; 16],
    known: Mutex<Known>,
    /// Held while the state is written, so that an older one never replaces a newer one. True once
    /// the session has written its last: the directory may belong to another one then.
    state_ended: Mutex<bool>,
}

/// A directory that has been taken over.
pub(super) struct Opened {
    pub(super) files: Files,
    pub(super) lock: Lock,
    /// The number of the first entry.
    pub(super) first_seq: u64,
    /// The number of the first record.
    pub(super) first_record: u64,
}

#[derive(Debug)]
struct Known {
    /// The files without their endings: all, then each service.
    stems: Vec<String>,
    state: DirState,
    /// By file: which entries of this session it does not hold although it should, as ranges of
    /// numbers with both ends included, ascending.
    missed: Vec<Vec<(u64, u64)>>,
}

/// More ranges than that are kept as one: the answer stays on the safe side.
const MOST_RANGES: usize = 256;

impl Files {
    /// Takes over a directory: lock, repair, and the first numbers of this session.
    pub(super) fn open(dir: &Path, services: &[Arc<str>]) -> Result<Opened, OpenError> {
        let lock = Lock::take(dir)?;
        let services = services.iter().map(|service| names::stem(service));
        let stems: Vec<_> = [names::ALL.to_owned()]
            .into_iter()
            .chain(services)
            .collect();
        let mut last = 0;
        for stem in &stems {
            last = last.max(check(dir, stem)?);
        }
        let first_record = check(dir, names::RECORDS)? + 1;
        let key = key::of(dir)?;
        let path = DirState::path(dir);
        let found = DirState::read(dir).map_err(|source| OpenError::file(&path, source))?;
        let (mut state, first) = match found {
            Found::Nothing => (DirState::default(), last + 1),
            Found::Damaged => (DirState::default(), last + 1 + BLOCK),
            Found::State(state) => {
                let first = state.next_seq.max(last + 1);
                (state, first)
            }
        };
        state.next_seq = first + BLOCK;
        state
            .write(dir)
            .map_err(|source| OpenError::file(&path, source))?;
        let files = Self {
            dir: dir.to_owned(),
            key,
            known: Mutex::new(Known {
                state,
                missed: vec![Vec::new(); stems.len()],
                stems,
            }),
            state_ended: Mutex::new(false),
        };
        Ok(Opened {
            files,
            lock,
            first_seq: first,
            first_record,
        })
    }

    pub(super) fn count(&self) -> usize {
        self.lock().stems.len()
    }

    pub(super) fn repair(&self, service: &str) {
        let _ = check(&self.dir, &names::stem(service));
    }

    /// Adds the file of one more service.
    pub(super) fn add(&self, service: &str) {
        let mut known = self.lock();
        known.stems.push(names::stem(service));
        known.missed.push(Vec::new());
    }

    fn stem(&self, file: usize) -> String {
        self.lock().stems[file].clone()
    }

    /// Where a file is, and where its older part is.
    pub(super) fn paths(&self, file: usize) -> (PathBuf, PathBuf) {
        let stem = self.stem(file);
        let path = |name: String| self.dir.join(name);
        (path(names::current(&stem)), path(names::rotated(&stem)))
    }

    /// The same of the file of the records.
    pub(super) fn record_paths(&self) -> (PathBuf, PathBuf) {
        let path = |name: String| self.dir.join(name);
        let stem = names::RECORDS;
        (path(names::current(stem)), path(names::rotated(stem)))
    }

    /// The newest wanted records.
    pub(super) fn records(&self, wanted: &Wanted) -> io::Result<Newest> {
        newest(&self.dir, names::RECORDS, wanted)
    }

    pub(super) fn state_path(&self) -> PathBuf {
        DirState::path(&self.dir)
    }

    /// Records durably that numbers below this one are not to be used again, together with
    /// everything else that is to be kept.
    pub(super) fn reserve(&self, next_seq: u64) -> io::Result<()> {
        self.lock().state.next_seq = next_seq;
        self.save()
    }

    /// Writes down what is known now, and returns when that is on the disk.
    pub(super) fn save(&self) -> io::Result<()> {
        self.save_unless_ended(false)
    }

    /// Records the clean end of a session whose next number would have been this one. Nothing is
    /// written down afterwards.
    pub(super) fn end(&self, next_seq: u64) -> io::Result<()> {
        self.lock().state.next_seq = next_seq;
        self.save_unless_ended(true)
    }

    fn save_unless_ended(&self, last: bool) -> io::Result<()> {
        let mut ended = self
            .state_ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *ended {
            return Ok(());
        }
        *ended = last;
        let state = self.lock().state.clone();
        state.write(&self.dir)
    }

    /// Rotation has dropped entries of a file.
    pub(super) fn dropped(&self, file: usize, first: u64, last: u64) {
        let stem = self.stem(file);
        self.lock().state.drop_entries(&stem, (first, last));
    }

    /// A file does not hold the entries `first..=last` although it should. `continued`: nor any
    /// between them and those that were missed before.
    pub(super) fn missed(&self, file: usize, first: u64, last: u64, continued: bool) {
        let ranges = &mut self.lock().missed[file];
        let full = ranges.len() >= MOST_RANGES;
        match ranges.last_mut() {
            Some(range) if continued || full => range.1 = last,
            _ => ranges.push((first, last)),
        }
    }

    /// Whether entries with `above < seq < below` are known not to be in a file any more, or
    /// never to have got there.
    pub(super) fn lacks(&self, file: usize, above: u64, below: u64) -> bool {
        let known = self.lock();
        let dropped = known.state.dropped.get(&known.stems[file]);
        let mut ranges = dropped.into_iter().chain(&known.missed[file]);
        ranges.any(|(first, last)| *first < below && *last > above)
    }

    /// The newest entries of a file with `above < seq < below`.
    pub(super) fn newest(&self, file: usize, wanted: &Wanted) -> io::Result<Newest> {
        newest(&self.dir, &self.stem(file), wanted)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Repairs a file, if it exists, and returns its last number.
fn check(dir: &Path, stem: &str) -> Result<u64, OpenError> {
    let path = dir.join(names::current(stem));
    let check = || -> io::Result<Option<u64>> {
        if open::read(&path)?.is_none() {
            return Ok(None);
        }
        let file = open::append(&path)?;
        repair::repair(&file)?;
        newest::last(Segment::new(file)?)
    };
    if let Some(last) = check().map_err(|source| OpenError::file(&path, source))? {
        return Ok(last);
    }
    // A crash right after a rotation.
    let path = dir.join(names::rotated(stem));
    let check = || match open::read(&path)? {
        Some(file) => newest::last(Segment::new(file)?),
        None => Ok(None),
    };
    let last = check().map_err(|source| OpenError::file(&path, source))?;
    Ok(last.unwrap_or(0))
}

/// The numbers of the first and of the last of these lines.
pub(super) fn ends(lines: &[u8]) -> Option<(u64, u64)> {
    let lines = lines.strip_suffix(b"\n")?;
    let first = lines.split(|byte| *byte == b'\n').next()?;
    let last = lines.rsplit(|byte| *byte == b'\n').next()?;
    line::seq(first).zip(line::seq(last))
}

/// By stem: which entries rotation has dropped, as far as the last session has said.
pub(super) fn dropped(dir: &Path) -> io::Result<BTreeMap<String, (u64, u64)>> {
    let found = match DirState::read(dir) {
        // A server refuses it; for a reader it says nothing.
        Err(error) if is_not_a_file(&error) => Found::Nothing,
        found => found?,
    };
    Ok(match found {
        Found::State(state) => state.dropped,
        Found::Nothing | Found::Damaged => BTreeMap::new(),
    })
}

/// The newest wanted entries, from both parts of a file.
pub(super) fn newest(dir: &Path, stem: &str, wanted: &Wanted) -> io::Result<Newest> {
    let mut parts = Vec::new();
    for segment in segments(dir, stem)?.into_iter().rev() {
        let start = segment.lower_bound(wanted.above.saturating_add(1))?;
        let end = segment.lower_bound(wanted.below)?;
        parts.push((segment, start..end));
    }
    newest::newest(parts, wanted)
}

/// Both parts of a file, the newer one first, from one moment between two rotations.
pub(super) fn segments(dir: &Path, stem: &str) -> io::Result<Vec<Segment>> {
    segments_by(dir, stem, open::read)
}

/// [`segments`], with the paths of those that are no files, and without these.
pub(super) fn segments_and_others(
    dir: &Path,
    stem: &str,
) -> io::Result<(Vec<Segment>, BTreeSet<PathBuf>)> {
    let mut others = BTreeSet::new();
    let segments = segments_by(dir, stem, |path| match open::read(path) {
        Err(error) if is_not_a_file(&error) => {
            others.insert(path.to_owned());
            Ok(None)
        }
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("{}: {error}", shown_path(path)),
        )),
        read => read,
    })?;
    Ok((segments, others))
}

fn segments_by(
    dir: &Path,
    stem: &str,
    mut read: impl FnMut(&Path) -> io::Result<Option<File>>,
) -> io::Result<Vec<Segment>> {
    let (current, rotated) = (
        dir.join(names::current(stem)),
        dir.join(names::rotated(stem)),
    );
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    // A rotation in between shows in that the current file is another one afterwards. They are
    // far apart; somebody else playing with the files must not keep us here.
    let mut found = Vec::new();
    for _ in 0..10 {
        let newer = read(&current)?;
        let older = read(&rotated)?;
        let opened = newer.as_ref().map(File::metadata).transpose()?;
        let there = std::fs::symlink_metadata(&current).ok();
        found = newer.into_iter().chain(older).collect();
        if opened.map(identity) == there.map(identity) {
            break;
        }
    }
    found.into_iter().map(Segment::new).collect()
}
