//! One session's file, and the lock that says its server lives.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directory::private;
use super::{Record, RegistryError};

/// A file that is longer was not written by us.
const LONGEST: u64 = 64 * 1024;

/// How old a half-made file must be before it is taken for the remains of a crash: between its
/// creation and its lock it looks like one.
const HALF_MADE: Duration = Duration::from_secs(60);

/// A registered session. Dropping it removes the file.
#[derive(Debug)]
#[must_use = "the session is registered for as long as this lives"]
pub struct Registration {
    path: PathBuf,
    /// Held open for its lock, which is what says that the session lives.
    _locked: File,
}

impl Registration {
    /// Makes the file under another name, locks it, and gives it its name when it is complete: who
    /// lists the directory never sees it without its lock.
    pub(super) fn write(directory: &Path, record: &Record) -> Result<Self, RegistryError> {
        let id = &record.session_id;
        let half_made = directory.join(format!(".{id}.new"));
        let path = directory.join(format!("{id}.json"));
        let made = make(&half_made, record).and_then(|locked| {
            fs::rename(&half_made, &path)?;
            Ok(locked)
        });
        match made {
            Ok(locked) => Ok(Self {
                path,
                _locked: locked,
            }),
            Err(source) => {
                // It may not be there; what is left of it is removed by whoever lists next.
                let _ = fs::remove_file(&half_made);
                Err(RegistryError::Io {
                    doing: "write the session file",
                    path,
                    source,
                })
            }
        }
    }

    /// Takes the session off the list, and keeps the lock for as long as the process lives: who has
    /// the file open learns from it when the server is gone for good.
    pub fn retire(self) {
        // Dropping it would give the lock back; the system does, when the process ends.
        let registration = std::mem::ManuallyDrop::new(self);
        let _ = fs::remove_file(&registration.path);
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Gone already, or the directory is: nothing to do about it at the end of a session.
        let _ = fs::remove_file(&self.path);
    }
}

/// A server that was there when somebody looked.
#[derive(Debug)]
pub struct Presence(File);

impl Presence {
    /// Waits until the server's process has ended. Blocks the thread.
    ///
    /// # Errors
    /// What the system says when it cannot wait.
    pub fn wait_for_end(self) -> io::Result<()> {
        self.0.lock_shared()
    }
}

/// The server of a session, if it has a file here and lives.
pub(super) fn presence(directory: &Path, session_id: &str) -> Option<Presence> {
    let file = open(&directory.join(format!("{session_id}.json")))?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(Presence(file))
}

fn make(path: &Path, record: &Record) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    file.write_all(serde_json::to_string_pretty(record)?.as_bytes())?;
    file.write_all(b"\n")?;
    Ok(file)
}

/// The records of the sessions in a directory whose servers live. Removes the files of the others.
pub(super) fn live(directory: &Path) -> Vec<Record> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let path = entry.path();
            match path.extension()?.to_str()? {
                "json" => return read(&path),
                "new" => tidy(&path),
                _ => {}
            }
            None
        })
        .collect()
}

/// The record in a file of ours that is locked by a server.
fn read(path: &Path) -> Option<Record> {
    let file = open(path)?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // Nobody holds it: its server is dead. Shared, so that two who list at the same time do not
        // take each other for a server.
        Ok(()) => {
            let _ = fs::remove_file(path);
            return None;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Removes what a crash has left of a file that was being made.
fn tidy(path: &Path) {
    let Some(file) = open(path) else {
        return;
    };
    let old = file
        .metadata()
        .and_then(|found| found.modified())
        .is_ok_and(|then| then.elapsed().is_ok_and(|age| age > HALF_MADE));
    if old && file.try_lock_shared().is_ok() {
        let _ = fs::remove_file(path);
    }
}

/// Opens a file that is one of ours: regular, of this user, closed to others.
fn open(path: &Path) -> Option<File> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .ok()?;
    let found = file.metadata().ok()?;
    let ours = found.is_file()
        && found.uid() == nix::unistd::geteuid().as_raw()
        && private(&found)
        && found.len() < LONGEST;
    ours.then_some(file)
}
