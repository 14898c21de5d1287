//! Runs commands of this program and reads their documents.

use std::ffi::OsString;
use std::fmt::Display;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flowlayer_core::facts::shown_path;
use flowlayer_core::process::captured::{self, Captured, IfDropped};
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Document = Map<String, Value>;

/// Runs commands for one configuration.
#[derive(Debug, Clone)]
pub(super) struct Commands {
    pub(super) program: PathBuf,
    pub(super) config: PathBuf,
    /// The server's process of the session that this MCP server has started, if it has.
    pub(super) started: Option<u32>,
}

/// What a command has printed.
#[derive(Debug)]
pub(super) struct Ran {
    /// Whether it has exited with 0.
    pub(super) is_success: bool,
    /// Its document, if it has printed one.
    pub(super) document: Option<Document>,
    /// Its standard output, if that is no document.
    pub(super) text: String,
    /// Its error or its notes, without `Error:`.
    pub(super) message: String,
}

/// One command line, to be extended.
pub(super) struct CommandLine(Vec<OsString>);

impl CommandLine {
    pub(super) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.0.push(argument.into());
        self
    }

    /// An option and its value, as one argument: a value may begin with a dash.
    pub(super) fn option(self, name: &str, value: impl Display) -> Self {
        self.arg(format!("{name}={value}"))
    }

    /// The positional arguments: none of them is an option, whatever it begins with.
    pub(super) fn names<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().fold(self.arg("--"), Self::arg)
    }
}

impl Commands {
    /// `flowlayer NAME --config CONFIG`.
    pub(super) fn line(&self, name: &str) -> CommandLine {
        CommandLine(vec![name.into()])
            .arg("--config")
            .arg(&self.config)
    }

    /// `flowlayer NAME CONFIG` with these options before.
    pub(super) fn line_on_file(&self, name: &str, options: &[&str]) -> CommandLine {
        let line = CommandLine(vec![name.into()]);
        let line = options.iter().fold(line, |line, option| line.arg(*option));
        line.arg("--").arg(&self.config)
    }

    /// Runs it to its end.
    pub(super) async fn run(
        &self,
        line: CommandLine,
        if_dropped: IfDropped,
    ) -> Result<Ran, String> {
        let mut stdout = Vec::new();
        let take = |line: Vec<u8>| {
            stdout.extend_from_slice(&line);
            stdout.push(b'\n');
            ControlFlow::Continue(())
        };
        let Captured { code, stderr } = self.capture(line, if_dropped, take).await?;
        let document = serde_json::from_slice(&stdout).ok();
        let text = match document {
            Some(_) => String::new(),
            None => String::from_utf8_lossy(&stdout).trim_end().to_owned(),
        };
        Ok(Ran {
            is_success: code == Some(0),
            document,
            text,
            message: message(&stderr, code),
        })
    }

    /// Runs it, and gives each line of its output to `take`, which may end it.
    pub(super) async fn capture(
        &self,
        line: CommandLine,
        if_dropped: IfDropped,
        take: impl FnMut(Vec<u8>) -> ControlFlow<()>,
    ) -> Result<Captured, String> {
        // A directory that is gone is the command's to report, not a reason not to run it.
        let directory = self.config.parent().filter(|parent| parent.is_dir());
        let directory = directory.unwrap_or(Path::new("/"));
        captured::run(&self.program, &line.0, directory, if_dropped, take)
            .await
            .map_err(|error| format!("cannot run {}: {error}", shown_path(&self.program)))
    }
}

/// The error of a command, or its notes.
pub(super) fn message(stderr: &str, code: Option<i32>) -> String {
    let stderr = stderr.trim_end();
    match (stderr.strip_prefix("Error: ").unwrap_or(stderr), code) {
        ("", None) => "the command was killed".to_owned(),
        (message, _) => message.to_owned(),
    }
}
