//! Reading the files of a log directory without a session, whether one writes there or not.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::disk::{self, Segment, Wanted};
use super::page::{self, Page, Piece};
use super::parse::EntryLine;

/// What is read at once when all lines are wanted.
const CHUNK: usize = 1 << 20;

/// Bytes of JSON in one answer, as in a session.
const PAGE_BYTES: usize = 15 << 20;

/// The files of a log directory.
#[derive(Debug, Clone)]
pub struct Archive {
    dir: PathBuf,
}

/// Which entries of an archive are wanted.
#[derive(Debug, Clone, Default)]
pub struct ArchiveQuery {
    /// Only these services; none for all.
    pub services: Vec<String>,
    /// Only entries above this number.
    pub after_seq: Option<u64>,
    /// Only entries below this number.
    pub before_seq: Option<u64>,
}

impl ArchiveQuery {
    fn stems(&self) -> Vec<String> {
        if self.services.is_empty() {
            return vec![disk::ALL_STEM.to_owned()];
        }
        let mut stems: Vec<_> = self.services.iter().map(|name| disk::stem(name)).collect();
        stems.sort();
        stems.dedup();
        stems
    }
}

impl Archive {
    /// Opens a directory to read it. It is an error if there is none; one without logs is empty.
    pub fn open(dir: &Path) -> io::Result<Self> {
        std::fs::read_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Names of the services that have a file here, sorted.
    pub fn services(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for file in std::fs::read_dir(&self.dir)? {
            let file = file?.file_name();
            let stem = file.to_str().and_then(disk::stem_of);
            if let Some(stem) = stem.filter(|stem| *stem != disk::ALL_STEM) {
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
        // A name that was too long for a file is in the lines only.
        let Some(newest) = self.newest(stem, &wanted(&ArchiveQuery::default(), 1))? else {
            return Ok(None);
        };
        let line = newest.lines.first().map(|(_, line)| &**line);
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        let name = line.and_then(EntryLine::parse).map(|entry| entry.service);
        let name = name.map(|name| name.decode().into_owned());
        Ok(name.filter(|name| disk::stem(name) == stem))
    }

    /// The newest `limit` matching entries, from all sessions. `truncated` as in a session, as
    /// far as the files can tell.
    pub fn query(&self, query: &ArchiveQuery, limit: usize) -> io::Result<Page> {
        let wanted = wanted(query, limit.saturating_add(1));
        let dropped = disk::dropped(&self.dir)?;
        let (mut lines, mut incomplete) = (Vec::new(), false);
        for stem in query.stems() {
            incomplete |= dropped
                .get(&stem)
                .is_some_and(|(first, last)| *first < wanted.below && *last > wanted.above);
            if let Some(taken) = self.newest(&stem, &wanted)? {
                incomplete |= taken.damaged;
                lines.extend(taken.lines);
            }
        }
        lines.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        let pieces = lines.into_iter().map(|(_, line)| Piece::Line(line));
        let mut page = page::assemble(pieces, limit, PAGE_BYTES);
        page.truncated |= incomplete;
        Ok(page)
    }

    fn newest(&self, stem: &str, wanted: &Wanted) -> io::Result<Option<disk::Taken>> {
        match disk::newest(&self.dir, stem, wanted) {
            Ok(taken) => Ok(Some(taken)),
            // Something else has the name of a file of ours.
            Err(error) if disk::is_not_a_file(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything that matches, from the oldest entry on, one file after the other: with several
    /// services that is not the order of the numbers.
    pub fn scan(&self, query: &ArchiveQuery) -> io::Result<Scan> {
        let wanted = wanted(query, usize::MAX);
        let mut parts = Vec::new();
        for stem in query.stems() {
            // The older part is the second one, and what comes last is taken first.
            let segments = disk::segments(&self.dir, &stem)?;
            let mut of_stem = Vec::new();
            for segment in segments {
                let start = segment.lower_bound(wanted.above.saturating_add(1))?;
                let end = segment.lower_bound(wanted.below)?;
                of_stem.push((segment, start..end));
            }
            parts.splice(0..0, of_stem);
        }
        Ok(Scan {
            parts,
            buffer: Vec::new(),
            given: 0,
            text: String::new(),
        })
    }
}

fn wanted(query: &ArchiveQuery, most: usize) -> Wanted {
    Wanted {
        above: query.after_seq.unwrap_or(0),
        below: query.before_seq.unwrap_or(u64::MAX),
        most,
        max_bytes: PAGE_BYTES,
    }
}

/// Goes through files in large steps.
#[derive(Debug)]
pub struct Scan {
    /// What is still to be read; the last one is next.
    parts: Vec<(Segment, Range<u64>)>,
    /// Bytes read, the beginning of a line at their end.
    buffer: Vec<u8>,
    /// How many of them were given out last.
    given: usize,
    /// Used where the bytes are no text.
    text: String,
}

impl Scan {
    /// How many bytes there are still to go through.
    pub fn remaining(&self) -> u64 {
        let parts = self.parts.iter().map(|(_, range)| range.end - range.start);
        parts.sum()
    }

    /// The next lines: whole ones, each with its `\n`, about a MiB; `None` at the end. Lines are
    /// given as they are in the file: what is no entry is among them.
    pub fn next_chunk(&mut self) -> io::Result<Option<&str>> {
        self.buffer.drain(..self.given);
        self.given = 0;
        while self.given == 0 {
            let Some((segment, range)) = self.parts.last_mut() else {
                return Ok(None);
            };
            if range.is_empty() {
                self.parts.pop();
                // A last line that has no end yet.
                self.buffer.clear();
                continue;
            }
            segment.read_on(range, CHUNK, &mut self.buffer)?;
            self.given = memchr::memrchr(b'\n', &self.buffer).map_or(0, |at| at + 1);
        }
        let lines = &self.buffer[..self.given];
        if let Ok(lines) = std::str::from_utf8(lines) {
            return Ok(Some(lines));
        }
        self.text = String::from_utf8_lossy(lines).into_owned();
        Ok(Some(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry(seq: u64, service: &str, message: &str) -> String {
        let message = serde_json::to_string(message).unwrap();
        format!(
            "{{\"seq\":{seq},\"service\":\"{service}\",\"phase\":\"ready\",\"stream\":\"stdout\",\
             \"message\":{message},\"timestamp\":\"2025-01-01T00:00:00.000Z\"}}\n"
        )
    }

    /// Two services; the first lines of one are in the older part, and the last is torn.
    fn archive() -> (tempfile::TempDir, Archive) {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, seqs: &[u64], service| {
            let lines: Vec<_> = seqs
                .iter()
                .map(|seq| entry(*seq, service, "a\u{1b}b"))
                .collect();
            fs::write(dir.path().join(file), lines.concat() + "{\"seq\":99,").unwrap();
        };
        write("api.1.jsonl", &[1, 3], "api");
        write("api.jsonl", &[5, 6], "api");
        write("db.jsonl", &[2, 4], "db");
        write("all.jsonl", &[4, 5, 6], "any");
        let archive = Archive::open(dir.path()).unwrap();
        (dir, archive)
    }

    fn of(services: &[&str]) -> ArchiveQuery {
        ArchiveQuery {
            services: services.iter().copied().map(String::from).collect(),
            ..ArchiveQuery::default()
        }
    }

    fn seqs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<u64> {
        let seq = |line| EntryLine::parse(line).unwrap().seq;
        lines.map(seq).collect()
    }

    #[test]
    fn pages_come_from_both_parts_and_several_services() {
        let (_dir, archive) = archive();
        assert_eq!(archive.services().unwrap(), ["api", "db"]);
        let page = archive.query(&of(&["api"]), 3).unwrap();
        assert_eq!(
            (seqs(page.entries()), page.truncated),
            (vec![3, 5, 6], true)
        );
        let page = archive.query(&of(&["db", "api", "none"]), 10).unwrap();
        assert_eq!(
            (seqs(page.entries()), page.truncated),
            (vec![1, 2, 3, 4, 5, 6], false)
        );
        let mut query = of(&[]);
        query.before_seq = Some(6);
        let page = archive.query(&query, 10).unwrap();
        assert_eq!((seqs(page.entries()), page.truncated), (vec![4, 5], false));
    }

    #[test]
    fn a_scan_goes_through_everything_in_order() {
        let (dir, archive) = archive();
        let mut query = of(&["api", "db"]);
        query.after_seq = Some(1);
        query.before_seq = Some(6);
        let mut scan = archive.scan(&query).unwrap();
        assert!(scan.remaining() > 0);
        let mut found = Vec::new();
        while let Some(lines) = scan.next_chunk().unwrap() {
            found.extend(seqs(lines.lines()));
        }
        assert_eq!(found, [3, 5, 2, 4]);
        assert_eq!(scan.remaining(), 0);

        fs::write(dir.path().join("db.jsonl"), b"\xFF\n").unwrap();
        let mut scan = archive.scan(&of(&["db"])).unwrap();
        assert_eq!(
            scan.next_chunk().unwrap(),
            None,
            "no entry, nothing to go through"
        );
    }

    #[test]
    fn large_files_come_in_steps() {
        let (dir, archive) = archive();
        let lines: Vec<_> = (1..30_000)
            .map(|seq| entry(seq, "db", "some message"))
            .collect();
        fs::write(dir.path().join("db.jsonl"), lines.concat()).unwrap();
        let mut scan = archive.scan(&of(&["db"])).unwrap();
        let (mut text, mut steps) = (String::new(), 0);
        while let Some(lines) = scan.next_chunk().unwrap() {
            text += lines;
            steps += 1;
        }
        assert!(text == lines.concat());
        assert!(steps > 2);
    }

    #[test]
    fn a_missing_directory_is_an_error_and_an_empty_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Archive::open(&dir.path().join("none")).is_err());
        let archive = Archive::open(dir.path()).unwrap();
        assert!(archive.query(&of(&[]), 5).unwrap().is_empty());
        assert!(archive.services().unwrap().is_empty());
    }
}
