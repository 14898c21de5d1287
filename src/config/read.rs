//! Reading a config file: bounded, never blocking, with errors that name the file.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::facts::shown_path;

/// The largest file that is read, in bytes: some thirty times a config of a thousand services.
pub const MAX_BYTES: u64 = 8 << 20;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none.
    #[error("cannot read {}: there is no such file", shown_path(.0))]
    NotFound(PathBuf),
    /// It is a directory.
    #[error("cannot read {}: it is a directory; name the file in it", shown_path(.0))]
    Directory(PathBuf),
    /// A FIFO, a socket or a device.
    #[error("cannot read {}: it is not a regular file; `validate -` reads standard input", shown_path(.0))]
    NotRegular(PathBuf),
    /// No permission.
    #[error("cannot read {}: permission denied", shown_path(.0))]
    Denied(PathBuf),
    /// Over [`MAX_BYTES`].
    #[error("cannot read {}: it is larger than {} MiB", shown_path(.0), MAX_BYTES >> 20)]
    TooLarge(PathBuf),
    /// Anything else the system says.
    #[error("cannot read {}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ReadError {
    /// The same of a file that is shown by another path.
    #[must_use]
    pub fn at(&self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::NotFound(_) => Self::NotFound(path),
            Self::Directory(_) => Self::Directory(path),
            Self::NotRegular(_) => Self::NotRegular(path),
            Self::Denied(_) => Self::Denied(path),
            Self::TooLarge(_) => Self::TooLarge(path),
            Self::Io { source, .. } => Self::Io {
                path,
                source: io::Error::new(source.kind(), source.to_string()),
            },
        }
    }
}

/// Reads a regular file of at most [`MAX_BYTES`]. A FIFO is refused without waiting for its writer.
pub fn file(path: &Path) -> Result<Vec<u8>, ReadError> {
    let file = open(path).map_err(|error| wrong(path, error))?;
    let metadata = file.metadata().map_err(|error| wrong(path, error))?;
    if metadata.is_dir() {
        return Err(ReadError::Directory(path.to_owned()));
    }
    if !metadata.is_file() {
        return Err(ReadError::NotRegular(path.to_owned()));
    }
    // One more byte than there should be, so that the end is seen without growing.
    let size = metadata.len().min(MAX_BYTES) + 1;
    let bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    fill(bytes, file, path)
}

/// Reads a stream to its end, of at most [`MAX_BYTES`]; `name` is for messages.
pub fn bounded(stream: impl Read, name: &Path) -> Result<Vec<u8>, ReadError> {
    fill(Vec::new(), stream, name)
}

fn fill(mut bytes: Vec<u8>, stream: impl Read, name: &Path) -> Result<Vec<u8>, ReadError> {
    stream
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(name, error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge(name.to_owned()));
    }
    Ok(bytes)
}

/// Without waiting: a plain open of a FIFO blocks until somebody writes to it.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits() | OFlag::O_NOCTTY.bits())
        .open(path)
}

fn wrong(path: &Path, error: io::Error) -> ReadError {
    let path = path.to_owned();
    match error.kind() {
        // What should be a directory on the way to it may be a file.
        ErrorKind::NotFound | ErrorKind::NotADirectory => ReadError::NotFound(path),
        ErrorKind::PermissionDenied => ReadError::Denied(path),
        ErrorKind::IsADirectory => ReadError::Directory(path),
        // What opening a socket, or a FIFO on its way out, says.
        ErrorKind::WouldBlock => ReadError::NotRegular(path),
        _ => ReadError::Io {
            path,
            source: error,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(matches!(file(&at("none")), Err(ReadError::NotFound(_))));
        assert!(matches!(file(dir.path()), Err(ReadError::Directory(_))));
        std::fs::write(at("plain"), "").unwrap();
        assert!(matches!(file(&at("plain/x")), Err(ReadError::NotFound(_))));
        nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(matches!(file(&at("fifo")), Err(ReadError::NotRegular(_))));
        let socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let read = file(&at("socket"));
        assert!(matches!(
            read,
            Err(ReadError::NotRegular(_) | ReadError::Io { .. })
        ));
        drop(socket);
        for device in ["/dev/zero", "/dev/null"] {
            let read = file(Path::new(device));
            assert!(matches!(read, Err(ReadError::NotRegular(_))), "{read:?}");
        }
    }

    #[test]
    fn size_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let large = File::create(&path).unwrap();
        large.set_len(MAX_BYTES).unwrap();
        assert_eq!(file(&path).unwrap().len() as u64, MAX_BYTES);
        large.set_len(50 << 20).unwrap();
        assert!(matches!(file(&path), Err(ReadError::TooLarge(_))));
        let endless = bounded(io::repeat(b' '), Path::new("<stdin>"));
        assert_eq!(
            endless.unwrap_err().to_string(),
            "cannot read <stdin>: it is larger than 8 MiB"
        );
    }
}
