//! What must outlive a crash: which numbers are used, and which entries were dropped with an old
//! file (docs/logs.md, Numbers).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{line, open};

const NAME: &str = ".flowlayer.json";
const NEW: &str = ".flowlayer.json.new";

/// Numbers are reserved in blocks of this size.
pub(crate) const BLOCK: u64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct DirState {
    /// The first number that nobody has used: the end of the reserved block while a session
    /// runs and after a crash, the number after the last entry after a clean end.
    pub(crate) next_seq: u64,
    /// By stem of a file: the first and the last entry that went away when the older part of it
    /// was replaced.
    #[serde(default)]
    pub(crate) dropped: BTreeMap<String, (u64, u64)>,
}

#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    /// It cannot be understood; the numbers must be guessed from the lines.
    Damaged,
    /// What the last session said.
    State(DirState),
}

impl Default for DirState {
    fn default() -> Self {
        Self {
            next_seq: 1,
            dropped: BTreeMap::new(),
        }
    }
}

impl DirState {
    pub(crate) fn read(dir: &Path) -> io::Result<Found> {
        let Some(file) = open::read(&dir.join(NAME))? else {
            return Ok(Found::Nothing);
        };
        let mut text = String::new();
        // One entry for each service; nobody has that many.
        if file.take(64 << 20).read_to_string(&mut text).is_err() {
            return Ok(Found::Damaged);
        }
        Ok(match serde_json::from_str::<Self>(&text) {
            Ok(state) if state.next_seq <= line::MAX_SEQ => Found::State(state),
            _ => Found::Damaged,
        })
    }

    /// Writes the file so that a crash at any moment leaves the old or the new one, and returns
    /// when it is on the disk.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        let new = dir.join(NEW);
        let mut file = open::write(&new)?;
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        file.set_len(0)?;
        file.write_all(&text)?;
        file.sync_data()?;
        std::fs::rename(&new, dir.join(NAME))?;
        // The name must be on the disk too.
        File::open(dir)?.sync_all()
    }

    pub(crate) fn path(dir: &Path) -> PathBuf {
        dir.join(NAME)
    }

    /// Notes that the entries `first..=last` of a file are gone.
    pub(crate) fn drop_entries(&mut self, stem: &str, (first, last): (u64, u64)) {
        let dropped = self.dropped.entry(stem.to_owned()).or_insert((first, last));
        dropped.1 = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            DirState::read(dir.path()).unwrap(),
            Found::Nothing
        ));
        let mut state = DirState {
            next_seq: 1_000_001,
            ..DirState::default()
        };
        state.drop_entries("all", (1, 5));
        state.drop_entries("all", (6, 9));
        for _ in 0..2 {
            state.write(dir.path()).unwrap();
            let Found::State(read) = DirState::read(dir.path()).unwrap() else {
                panic!("it is there");
            };
            assert_eq!(read, state);
        }
        assert_eq!(state.dropped["all"], (1, 9));
    }

    #[test]
    fn damage_is_told_from_absence() {
        let dir = tempfile::tempdir().unwrap();
        for text in [&b""[..], b"{\"next_seq\":", b"\xFF", b"{\"next_seq\":-1}"] {
            std::fs::write(DirState::path(dir.path()), text).unwrap();
            assert!(matches!(
                DirState::read(dir.path()).unwrap(),
                Found::Damaged
            ));
        }
    }
}
