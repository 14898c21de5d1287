//! Opens our files: plain files only, no links, readable by their owner only.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// What services print is private.
const MODE: u32 = 0o600;

/// Opens a file for appending and creates it if it does not exist.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    let file = open(&mut options, path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        // If this fails the file can still be written.
        let _ = file.set_permissions(PermissionsExt::from_mode(MODE));
    }
    Ok(file)
}

/// Opens a file for reading and writing and creates it if it does not exist.
pub(crate) fn write(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    open(options.read(true).write(true).create(true), path)
}

/// Opens a file for reading; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> io::Result<Option<File>> {
    match open(OpenOptions::new().read(true), path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without O_NONBLOCK opening a FIFO would wait for somebody at its other end.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = options.mode(MODE).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|error| {
        let link = error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32);
        if link { not_a_file() } else { error }
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(not_a_file())
    }
}

/// What is there is a link, a directory or a device. [`is_not_a_file`] recognises it.
fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// Whether opening failed because something else has the name of one of our files.
pub(crate) fn is_not_a_file(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput || error.kind() == io::ErrorKind::IsADirectory
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_other_things_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("/dev/null", &link).unwrap();
        let fifo = dir.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let directory = dir.path().join("directory");
        std::fs::create_dir(&directory).unwrap();
        for path in [&link, &fifo, &directory] {
            assert!(is_not_a_file(&append(path).unwrap_err()), "{path:?}");
            assert!(read(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn files_are_for_their_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        for path in [path, dir.path().join("b")] {
            let mode = append(&path).unwrap().metadata().unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, MODE);
        }
        assert!(read(&dir.path().join("c")).unwrap().is_none());
    }
}
