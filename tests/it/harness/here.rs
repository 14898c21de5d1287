//! A directory with a configuration, for sessions that are not a child of the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::{Child, Finished};
use super::processes::{self, Process};
use super::{binary, flowlayer_in, until};

/// A directory with a configuration, and the command lines in it. On drop, whatever they left behind
/// fails the test.
#[derive(Debug)]
pub(crate) struct Here {
    directory: TempDir,
    /// The value of [`processes::STACK`] in all its processes.
    pub(crate) identity: String,
}

impl Here {
    /// A configuration with these services.
    pub(crate) fn with(services: &Value) -> Self {
        Self::with_config(&json!({ "services": services }))
    }

    /// This configuration.
    pub(crate) fn with_config(config: &Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flowlayer.jsonc");
        fs::write(path, config.to_string()).unwrap();
        Self {
            directory,
            identity: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A command line in it, whose session files are in it too. `$FLOWLAYER` is the binary.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = flowlayer_in(self.path());
        command
            .env(processes::STACK, &self.identity)
            .env("FLOWLAYER", binary())
            .args(arguments);
        command
    }

    /// Runs such a command line to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        Child::spawn(self.command(arguments)).finish()
    }

    /// The living processes of all of them.
    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of_stack(&self.identity)
    }

    /// Waits until none is left.
    #[track_caller]
    pub(crate) fn wait_for_their_end(&self) {
        processes::wait(&self.identity, "their end", <[_]>::is_empty);
    }

    /// The sessions that run.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        let listed = self.run(&["sessions", "--json"]).json();
        listed["sessions"].as_array().unwrap().clone()
    }

    /// The file of its session directory whose name ends so.
    #[track_caller]
    pub(crate) fn session_file(&self, end: &str) -> PathBuf {
        let files = fs::read_dir(self.path().join("flowlayer")).unwrap();
        files
            .map(|file| file.unwrap().path())
            .find(|path| path.to_str().unwrap().ends_with(end))
            .unwrap()
    }

    /// Waits until this file is there.
    #[track_caller]
    pub(crate) fn wait_for_file(&self, name: &str) {
        until(name, || fs::metadata(self.path().join(name)));
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        // A test that has failed already needs no second reason.
        if !std::thread::panicking() {
            let left = self.processes();
            assert!(left.is_empty(), "left behind: {left:#?}");
        }
        processes::kill_all(&self.identity);
    }
}
