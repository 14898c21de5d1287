//! What services do, in the order in which they do it.

use std::fs;
use std::path::PathBuf;

use super::harness::eventually;

/// A file in which services write down what they do.
pub(super) struct Diary {
    _dir: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Diary {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("diary");
        fs::write(&path, "").unwrap();
        Self { _dir: dir, path }
    }

    /// A script that notes a word when it gets SIGTERM.
    pub(super) fn noting(&self, word: &str) -> String {
        let path = self.path.display();
        format!(
            "trap 'echo {word} >> {path}; exit 0' TERM; echo ready; while :; do read line; done"
        )
    }

    /// A command that notes a word.
    pub(super) fn note(&self, word: &str) -> String {
        format!("echo {word} >> {}", self.path.display())
    }

    /// Waits until these words are in it.
    #[track_caller]
    pub(super) fn await_words(&self, words: &[&str]) {
        eventually("all is noted", || self.words() == words);
    }

    pub(super) fn words(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).unwrap();
        text.split_whitespace().map(str::to_owned).collect()
    }
}
