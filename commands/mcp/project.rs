//! Whose session the server is for: that of one configuration.

use std::path::{Path, PathBuf};

use flowlayer_core::config::{self, FILE_NAMES};
use flowlayer_core::session::registry::{self, LiveSession};

use super::commands::Commands;
use crate::config_file;
use crate::failure::Failure;
use crate::terminal::diagnostics::shown_path;

/// The configuration, and how commands on it are run.
#[derive(Debug)]
pub(super) struct Project {
    /// This program.
    program: PathBuf,
    /// Given on the command line, else found by an earlier call.
    config: Option<PathBuf>,
    is_named: bool,
    /// The server's process of a session that was started here.
    started: Option<u32>,
}

impl Project {
    pub(super) fn new(config: Option<&Path>) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::Failed(format!("cannot find this program: {error}")))?;
        Ok(Self {
            program,
            config: config.map(config::canonical),
            is_named: config.is_some(),
            started: None,
        })
    }

    /// How to run commands for the configuration: the one named, else the one that is here or above now. One
    /// that was found stays while its file is there or its session runs, also if the directory is moved.
    pub(super) fn commands(&mut self) -> Result<Commands, String> {
        let is_gone = |config: &PathBuf| !config.exists() && session_of(config).is_none();
        if !self.is_named && self.config.as_ref().is_none_or(is_gone) {
            self.config = config_file::nearest(Path::new(".")).map(|path| config::canonical(&path));
        }
        match &self.config {
            Some(config) => Ok(Commands {
                program: self.program.clone(),
                config: config.clone(),
                started: self.started,
            }),
            None => Err(no_configuration()),
        }
    }

    /// Remembers that a session was started here.
    pub(super) fn has_started(&mut self, pid: u32) {
        self.started = Some(pid);
    }
}

/// The running session of a configuration.
pub(super) fn session_of(config: &Path) -> Option<LiveSession> {
    let mut live = registry::list().into_iter();
    live.find(|live| live.config == config)
}

fn no_configuration() -> String {
    let here = match std::env::current_dir() {
        Ok(path) => shown_path(&path),
        Err(error) => format!("the working directory, which is not there any more ({error})"),
    };
    format!(
        "no configuration found: none of {} is in {here} or above it. Start this server in a directory of \
         the project, or as `flowlayer mcp -c PATH`; `flowlayer init` makes a configuration",
        FILE_NAMES.join(", ")
    )
}
