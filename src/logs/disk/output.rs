//! One file while it is written: appends, rotates, and recovers from whatever a disk or a person does
//! to it. The file holds whole lines only, whatever happens.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::{memchr, memrchr};

use super::segment::Segment;
use super::{newest, open, repair};

/// After an error the disk is left alone for this long.
const RETRY: Duration = Duration::from_millis(250);

/// How often to check whether somebody moved or removed the file.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What is handed to the system at once: little enough that a slow disk shows progress.
const PIECE: usize = 256 * 1024;

/// A file to append to. Tests substitute failing ones.
pub(crate) trait LogFile: Send {
    /// Appends some of the bytes and returns how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Its length, and what identifies it.
    fn info(&self) -> io::Result<FileInfo>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileInfo {
    pub(crate) len: u64,
    pub(crate) id: (u64, u64),
}

impl From<std::fs::Metadata> for FileInfo {
    fn from(metadata: std::fs::Metadata) -> Self {
        Self {
            len: metadata.len(),
            id: (metadata.dev(), metadata.ino()),
        }
    }
}

impl LogFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn info(&self) -> io::Result<FileInfo> {
        Ok(self.metadata()?.into())
    }
}

/// Opens a file for appending and cuts off a torn last line.
pub(crate) type Open = dyn Fn(&Path) -> io::Result<Box<dyn LogFile>> + Send;

pub(crate) fn open_file(path: &Path) -> io::Result<Box<dyn LogFile>> {
    let file = open::append(path)?;
    repair::repair(&file)?;
    Ok(Box::new(file))
}

/// What writing needs from its caller, and what it reports.
pub(crate) struct Context<'a> {
    pub(crate) open: &'a Open,
    /// A file of this many bytes is rotated.
    pub(crate) max_bytes: u64,
    pub(crate) now: Instant,
    /// Called when the disk took something.
    pub(crate) progress: &'a dyn Fn(),
    /// Called when the directory is gone; recreates it.
    pub(crate) recreate_dir: &'a mut dyn FnMut() -> io::Result<()>,
    /// What else happened, in order.
    pub(crate) events: &'a mut Vec<FileEvent>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileEvent {
    /// Somebody removed or moved the file; it was recreated.
    Recreated,
    /// Rotation dropped these entries.
    Dropped(u64, u64),
}

pub(crate) struct Output {
    pub(crate) path: PathBuf,
    rotated: PathBuf,
    opened: Option<Opened>,
    /// After an error: no attempt before this.
    retry: Option<Instant>,
    /// When it was last written; decides which file is closed if too many are open.
    pub(crate) used: Instant,
}

struct Opened {
    file: Box<dyn LogFile>,
    id: (u64, u64),
    /// Bytes in the file, all of them whole lines, plus `torn`.
    size: u64,
    /// Bytes of a partly written line that could not be cut off yet.
    torn: u64,
    checked: Instant,
    /// Rotation failed: the file may grow beyond its limit until then.
    rotate_after: Option<Instant>,
}

impl Output {
    pub(crate) fn new(path: PathBuf, rotated: PathBuf, now: Instant) -> Self {
        Self {
            path,
            rotated,
            opened: None,
            retry: None,
            used: now,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.retry.is_some()
    }

    pub(crate) fn close(&mut self) {
        self.opened = None;
    }

    /// Appends whole lines and returns how many bytes, again whole lines, are in the file. If that is
    /// not all, the error says why; between attempts it is `None`.
    pub(crate) fn append(
        &mut self,
        bytes: &[u8],
        cx: &mut Context<'_>,
    ) -> (usize, Option<io::Error>) {
        self.used = cx.now;
        if self.retry.is_some_and(|retry| cx.now < retry) {
            return (0, None);
        }
        let mut done = 0;
        // Without lines this only checks whether writing would work.
        while done < bytes.len() || bytes.is_empty() {
            match self.append_some(&bytes[done..], cx) {
                Ok(_) if bytes.is_empty() => break,
                Ok(written) => done += written,
                Err((written, error)) => {
                    self.retry = Some(cx.now + RETRY);
                    return (done + written, Some(error));
                }
            }
        }
        self.retry = None;
        (done, None)
    }

    /// Appends what fits before the next rotation.
    fn append_some(
        &mut self,
        bytes: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<usize, (usize, io::Error)> {
        let opened = self.opened(cx).map_err(|error| (0, error))?;
        let room = cx.max_bytes.saturating_sub(opened.size);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let rotation_waits = opened.rotate_after.is_some_and(|after| cx.now < after);
        let part = if bytes.len() <= room || rotation_waits {
            bytes
        } else if let Some(end) = memrchr(b'\n', &bytes[..room]) {
            &bytes[..=end]
        } else if opened.size == 0 {
            // A line larger than the limit of a file gets a file of its own.
            &bytes[..=memchr(b'\n', bytes).unwrap_or(bytes.len() - 1)]
        } else {
            self.rotate(cx);
            return Ok(0);
        };
        opened.write(part, cx.progress)
    }

    /// The file, open, in its place and ending in a whole line.
    fn opened(&mut self, cx: &mut Context<'_>) -> io::Result<&mut Opened> {
        if let Some(opened) = &mut self.opened
            && cx.now.duration_since(opened.checked) >= CHECK_INTERVAL
        {
            opened.checked = cx.now;
            match std::fs::symlink_metadata(&self.path).map(FileInfo::from) {
                // Somebody may have truncated it.
                Ok(info) if info.id == opened.id => opened.size = info.len,
                _ => {
                    self.opened = None;
                    cx.events.push(FileEvent::Recreated);
                }
            }
        }
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open(cx)?,
        };
        let opened = self.opened.insert(opened);
        opened.cut_torn_line()?;
        Ok(opened)
    }

    fn open(&self, cx: &mut Context<'_>) -> io::Result<Opened> {
        let file = match (cx.open)(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (cx.recreate_dir)()?;
                (cx.open)(&self.path)?
            }
            opened => opened?,
        };
        let info = file.info()?;
        Ok(Opened {
            file,
            id: info.id,
            size: info.len,
            torn: 0,
            checked: cx.now,
            rotate_after: None,
        })
    }

    /// The file becomes the older part and replaces the one before. If that fails, it grows on.
    fn rotate(&mut self, cx: &mut Context<'_>) {
        let lost = open::read(&self.rotated).and_then(|file| match file {
            Some(file) => newest::first_and_last(Segment::new(file)?),
            None => Ok(None),
        });
        match std::fs::rename(&self.path, &self.rotated) {
            Ok(()) => {
                self.opened = None;
                if let Ok(Some((first, last))) = lost {
                    cx.events.push(FileEvent::Dropped(first, last));
                }
            }
            Err(_) => {
                if let Some(opened) = &mut self.opened {
                    opened.rotate_after = Some(cx.now + CHECK_INTERVAL);
                }
            }
        }
    }
}

impl Opened {
    /// Writes lines; after an error cuts off an unfinished one.
    fn write(&mut self, bytes: &[u8], progress: &dyn Fn()) -> Result<usize, (usize, io::Error)> {
        let mut done = 0;
        while done < bytes.len() {
            let piece = &bytes[done..bytes.len().min(done + PIECE)];
            let error = match self.file.write(piece) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(written) => {
                    done += written;
                    progress();
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let whole = memrchr(b'\n', &bytes[..done]).map_or(0, |end| end + 1);
            self.size += done as u64;
            self.torn = (done - whole) as u64;
            // If this fails it is repeated before the next write.
            let _ = self.cut_torn_line();
            return Err((whole, error));
        }
        self.size += done as u64;
        Ok(done)
    }

    /// Cuts off a partly written line.
    fn cut_torn_line(&mut self) -> io::Result<()> {
        if self.torn > 0 {
            let len = self.file.info()?.len.saturating_sub(self.torn);
            self.file.set_len(len)?;
            self.torn = 0;
            self.size = len;
        }
        Ok(())
    }
}
