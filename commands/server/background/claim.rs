//! One session in the background for a configuration: its lock and its log, in the directory of the
//! session files.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flowlayer_core::session::registry::{self, LiveSession};

use crate::failure::Failure;
use crate::server::options::Options;
use crate::session::find::is_same;
use crate::session::shutdown::{self, Processes};
use crate::terminal::diagnostics::shown_path;
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::timeout::Deadline;

/// The right to start the session of a configuration.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Locked until the session is registered.
    pub(super) lock: File,
    pub(super) log: File,
    /// Where that is.
    pub(super) path: PathBuf,
}

/// What came of asking for it.
#[derive(Debug)]
#[must_use]
pub(crate) enum Claim {
    Free(Slot),
    Taken(LiveSession),
}

/// Asks for the right to start the session of a configuration. Who else is just starting it is
/// waited for, and so is a session that is just ending.
pub(crate) fn claim(options: &Options, deadline: Option<Deadline>) -> Result<Claim, Failure> {
    let config = options.config.as_path();
    let late = |what: &str, deadline| {
        Failure::TimedOut(format!("{what} within {deadline}: nothing was started"))
    };
    let directory = registry::directory().map_err(|error| Failure::Failed(error.to_string()))?;
    let name = name(config);
    let lock_path = directory.join(format!("{name}.lock"));
    let cannot = |doing: &str, path: &Path, error: &io::Error| {
        Failure::Failed(format!("cannot {doing} {}: {error}", shown_path(path)))
    };
    let lock = open(&lock_path, false).map_err(|error| cannot("open", &lock_path, &error))?;
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
            .map_err(|error| cannot("lock", &lock_path, &error))?;
    }
    while let Some(session) = running(config) {
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
            .map_err(|error| {
                Failure::Failed(format!(
                    "cannot wait for the end of the previous session (pid {pid}): {error}"
                ))
            })?;
    }
    let path = directory.join(format!("{name}.log"));
    let log = open(&path, true).map_err(|error| cannot("open", &path, &error))?;
    Ok(Claim::Free(Slot { lock, log, path }))
}

fn running(config: &Path) -> Option<LiveSession> {
    let mut live = registry::list().into_iter();
    live.find(|live| is_same(&live.config, config))
}

/// The directory belongs to this user; a link in it is still not followed.
fn open(path: &Path, truncate: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)?;
    if truncate {
        file.set_len(0)?;
    }
    Ok(file)
}

/// The same for the same file, another for any other: `shop-5d1f0c0b8e3a2f41`, after the directory.
fn name(config: &Path) -> String {
    let absolute = config
        .canonicalize()
        .or_else(|_| std::path::absolute(config))
        .unwrap_or_else(|_| config.to_owned());
    let directory = absolute.parent().and_then(Path::file_name);
    let readable: String = directory
        .unwrap_or_default()
        .to_string_lossy()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(32)
        .collect();
    format!("{readable}-{:016x}", fold(absolute.as_os_str().as_bytes()))
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
    fn a_configuration_has_one_name_whatever_it_is_called() {
        let root = tempfile::tempdir().unwrap();
        let shop = root.path().join("my shop/é");
        std::fs::create_dir_all(&shop).unwrap();
        let config = shop.join("flowlayer.jsonc");
        std::fs::write(&config, "{}").unwrap();
        let link = root.path().join("link.jsonc");
        std::os::unix::fs::symlink(&config, &link).unwrap();
        assert_eq!(name(&config), name(&link));
        assert_ne!(name(&config), name(&shop.join("flowlayer.json")));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(name(&config).chars().all(plain));
        assert_eq!(fold(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fold(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
