//! The lock on the directory: one server writes there at a time (docs/logs.md, Files).

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::error::OpenError;
use super::open;

/// The file that carries the lock, and the pid of who holds it.
const NAME: &str = ".flowlayer.lock";

/// The lock of a directory. The system releases it when the process ends, however that happens.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Creates the directory (0700) if it does not exist and takes its lock.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        created.map_err(|source| OpenError::Directory {
            path: dir.to_owned(),
            source,
        })?;
        let path = dir.join(NAME);
        let mut file = open::write(&path).map_err(|source| OpenError::file(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked {
                    path: dir.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(OpenError::file(&path, source)),
        }
        let mut lock = Self { file, path };
        lock.sign()
            .map_err(|source| OpenError::file(&lock.path, source))?;
        Ok(lock)
    }

    /// Whether the lock is still where others would look for it.
    pub(crate) fn is_in_place(&self) -> bool {
        let there = std::fs::symlink_metadata(&self.path);
        let ours = self.file.metadata();
        matches!((there, ours), (Ok(there), Ok(ours))
            if (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
    }

    fn sign(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        writeln!(self.file, "{}", std::process::id())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file stays, empty: removing it would let two others lock two files.
        let _ = self.file.set_len(0);
        // Closing is not enough: a child that has not reached its exec shares the open file.
        let _ = self.file.unlock();
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_second_one_is_told_who_was_first() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("a/logs");
        let first = Lock::take(&logs).unwrap();
        let mode = std::fs::metadata(&logs).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let error = Lock::take(&logs).unwrap_err().to_string();
        let wanted = format!("(pid {})", std::process::id());
        assert!(error.contains(&wanted), "{error}");
        drop(first);
        Lock::take(&logs).unwrap();
    }

    #[test]
    fn a_lock_whose_file_is_gone_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        assert!(lock.is_in_place());
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        assert!(!lock.is_in_place());
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = Lock::take(&path).unwrap_err();
        assert!(matches!(error, OpenError::Directory { .. }), "{error}");
        let link = dir.path().join(NAME);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let error = Lock::take(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::NotAFile { .. }), "{error}");
    }
}
