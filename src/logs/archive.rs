//! Reads the files of a log directory without a session, whether one writes there or not.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{self, Forward, Reader, Wanted};
use super::parse::EntryLine;

/// The files of a log directory.
#[derive(Debug, Clone)]
pub struct Archive {
    pub(super) dir: PathBuf,
}

impl Archive {
    /// Opens a directory to read it. It is an error if there is none; one without logs is empty.
    pub fn open(dir: &Path) -> io::Result<Self> {
        std::fs::read_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Names of the services that have a file here, sorted.
    pub fn services(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for file in std::fs::read_dir(&self.dir)? {
            let file = file?.file_name();
            let stem = file.to_str().and_then(disk::stem_of);
            let is_service = |stem: &&str| ![disk::ALL_STEM, disk::RECORDS_STEM].contains(stem);
            if let Some(stem) = stem.filter(is_service) {
                names.extend(self.name(stem)?);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The service of a file. What is not one of ours has none.
    fn name(&self, stem: &str) -> io::Result<Option<String>> {
        if let Some(name) = disk::service_of(stem) {
            return Ok(Some(name));
        }
        // A name too long for a file name is only in the entries.
        let newest = match disk::newest(&self.dir, stem, &Wanted::ANY) {
            Ok(newest) => newest,
            // Something else has the name of a file of ours.
            Err(error) if disk::is_not_a_file(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let line = newest.lines.first().map(|(_, line)| &**line);
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        let name = line.and_then(EntryLine::parse).map(|entry| entry.service);
        Ok(name
            .filter(|name| disk::stem(name) == stem)
            .map(Cow::into_owned))
    }
}

/// The lines of the file of records, in order.
#[derive(Debug)]
pub struct RecordLines(Forward);

impl Archive {
    /// The records with `above < number < below`. Lines that are none may be among them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn records(&self, above: u64, below: u64) -> io::Result<RecordLines> {
        let (segments, _) = disk::segments_and_others(&self.dir, disk::RECORDS_STEM)?;
        let mut parts = Vec::new();
        for segment in segments.into_iter().rev() {
            let start = segment.lower_bound(above.saturating_add(1))?;
            let end = segment.lower_bound(below)?;
            parts.push((segment, start..end.max(start)));
        }
        Ok(RecordLines(Forward::new(parts)))
    }
}

impl RecordLines {
    /// The next line, without its end.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.0.advance()?.then(|| self.0.line()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_those_that_have_a_file() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Archive::open(&dir.path().join("none")).is_err());
        let archive = Archive::open(dir.path()).unwrap();
        assert!(archive.services().unwrap().is_empty());
        for file in [
            "api.jsonl",
            "api.1.jsonl",
            "all.jsonl",
            "d%2Fb.jsonl",
            "@events.jsonl",
        ] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        let long = "x".repeat(300);
        let entry = format!(
            "{{\"seq\":1,\"service\":\"{long}\",\"stream\":\"stdout\",\"message\":\"\",\"timestamp\":\"\"}}\n"
        );
        let file = format!("{}.jsonl", disk::stem(&long));
        std::fs::write(dir.path().join(file), entry).unwrap();
        assert_eq!(archive.services().unwrap(), ["api", "d/b", &long]);
    }
}
