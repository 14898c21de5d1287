//! One session for a configuration: the lock that whoever starts it holds until it is registered, in
//! the directory of the session files, and the log of one in the background beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flowlayer_core::config;
use flowlayer_core::session::registry::{self, LiveSession, RegistryError};
use thiserror::Error;

use crate::failure::Failure;
use crate::session::find::is_same;
use crate::session::shutdown::{self, Processes};
use crate::terminal::diagnostics::shown_path;
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::timeout::Deadline;

/// The right to start the session of a configuration. It ends when it is released, or with the last
/// process that has it.
#[derive(Debug)]
#[must_use = "nobody else starts the session for as long as this is held"]
pub(crate) struct Lock(File);

/// The right, and where the log of a session in the background is.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) lock: Lock,
    log: PathBuf,
}

/// What came of asking for it.
#[derive(Debug)]
#[must_use]
pub(crate) enum Claim {
    Free(Slot),
    Taken(LiveSession),
}

/// Why the right cannot be had.
#[derive(Debug, Error)]
pub(crate) enum ClaimError {
    /// There is no directory for the lock.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("cannot {doing} {}: {source}", shown_path(.path))]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The previous session has not ended, and cannot be waited for.
    #[error("cannot wait for the end of the previous session (pid {pid}): {source}")]
    Wait { pid: u32, source: io::Error },
    #[error("{what} within {deadline}: nothing was started")]
    Late { what: String, deadline: Deadline },
}

impl From<ClaimError> for Failure {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Late { .. } => Self::TimedOut(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl Lock {
    /// Gives the right back for all processes that have it: the session is registered.
    pub(super) fn release(self) {
        // Closing it does the same, once the guardian has done so too.
        let _ = self.0.unlock();
    }
}

impl Slot {
    /// Empties the log, or makes it; with it comes where it is.
    pub(super) fn open_log(&self) -> Result<(File, PathBuf), ClaimError> {
        let log = open(&self.log)?;
        log.set_len(0).map_err(cannot("empty", &self.log))?;
        Ok((log, self.log.clone()))
    }
}

/// Asks for the right to start the session of a configuration. Who else is just starting it is
/// waited for, and so is a session that is just ending.
pub(crate) fn claim(config: &Path, deadline: Option<Deadline>) -> Result<Claim, ClaimError> {
    let config = config::canonical(config);
    let late = |what: &str, deadline| ClaimError::Late {
        what: what.to_owned(),
        deadline,
    };
    let directory = registry::directory()?;
    let name = name(&config);
    let lock_path = directory.join(format!("{name}.lock"));
    let lock = open(&lock_path)?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        let mut progress = Progress::new();
        progress.show("waiting for another start of this session");
        let locked = match lock.try_clone() {
            Ok(same) => shutdown::wait_by(deadline, move || same.lock()),
            Err(error) => Ok(Err(error)),
        };
        let what = "another start of this session has not opened it";
        locked
            .map_err(|passed| late(what, passed))?
            .map_err(cannot("lock", &lock_path))?;
    }
    while let Some(session) = running(&config) {
        if !shutdown::is_ending(&session) {
            return Ok(Claim::Taken(session));
        }
        let Some(processes) = Processes::of(Some(&session.session_id), Some(session.pid)) else {
            // Gone in between.
            continue;
        };
        let pid = session.pid;
        print::stderr(&format!(
            "[flowlayer] the previous session (pid {pid}) is ending: waiting until it is gone\n"
        ));
        let what = format!("the previous session (pid {pid}) has not ended");
        shutdown::wait_by(deadline, move || processes.wait_for_end())
            .map_err(|passed| late(&what, passed))?
            .map_err(|source| ClaimError::Wait { pid, source })?;
    }
    Ok(Claim::Free(Slot {
        lock: Lock(lock),
        log: directory.join(format!("{name}.log")),
    }))
}

fn running(config: &Path) -> Option<LiveSession> {
    let mut live = registry::list().into_iter();
    live.find(|live| is_same(&live.config, config))
}

/// The directory belongs to this user; a link in it is still not followed.
fn open(path: &Path) -> Result<File, ClaimError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)
        .map_err(cannot("open", path))
}

fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ClaimError {
    let path = path.to_owned();
    move |source| ClaimError::Io {
        doing,
        path,
        source,
    }
}

/// The same for the same file, another for any other: `shop-5d1f0c0b8e3a2f41`, after the directory.
fn name(canonical: &Path) -> String {
    let directory = canonical.parent().and_then(Path::file_name);
    let readable: String = directory
        .unwrap_or_default()
        .to_string_lossy()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(32)
        .collect();
    format!("{readable}-{:016x}", fold(canonical.as_os_str().as_bytes()))
}

/// FNV-1a: the same in every version of this program.
fn fold(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_a_name_of_its_own_that_is_plain() {
        let root = tempfile::tempdir().unwrap();
        let shop = root.path().join("my shop/é");
        let config = shop.join("flowlayer.jsonc");
        assert_ne!(name(&config), name(&shop.join("flowlayer.json")));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(name(&config).chars().all(plain));
        assert_eq!(fold(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fold(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
