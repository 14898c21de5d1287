//! Reading the files of a log directory without a session, whether one writes there or not.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{self, Wanted};
use super::page::{self, Page, Piece};
use super::parse::EntryLine;

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
}

fn wanted(query: &ArchiveQuery, most: usize) -> Wanted {
    Wanted {
        above: query.after_seq.unwrap_or(0),
        below: query.before_seq.unwrap_or(u64::MAX),
        most,
        max_bytes: PAGE_BYTES,
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
    fn a_missing_directory_is_an_error_and_an_empty_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Archive::open(&dir.path().join("none")).is_err());
        let archive = Archive::open(dir.path()).unwrap();
        assert!(archive.query(&of(&[]), 5).unwrap().is_empty());
        assert!(archive.services().unwrap().is_empty());
    }
}
