//! Describing a stack and starting it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::child::Child;
use super::processes::{self, Process};
use super::{Server, flowlayer_in, free_port};

/// The token of every stack that does not say otherwise.
pub(crate) const TOKEN: &str = "test-token";

/// A configuration in a directory of its own, and how `serve` is started on it.
#[derive(Debug)]
#[must_use]
pub(crate) struct Stack {
    directory: TempDir,
    config: Map<String, Value>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    has_api: bool,
}

impl Default for Stack {
    fn default() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            config: Map::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            has_api: true,
        }
    }
}

impl Stack {
    /// A stack without services, with a session API on a free port.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a service: the object under its name in the configuration.
    pub(crate) fn service(mut self, name: &str, service: Value) -> Self {
        let services = self.config.entry("services").or_insert_with(|| json!({}));
        services[name] = service;
        self
    }

    /// Adds a daemon or oneshot made of shell commands.
    pub(crate) fn shell(self, name: &str, script: &str, rest: Value) -> Self {
        let mut service = json!({ "cmd": ["sh", "-c", script] });
        let Value::Object(rest) = rest else {
            panic!("an object is wanted, not {rest}")
        };
        service.as_object_mut().unwrap().extend(rest);
        self.service(name, service)
    }

    /// Sets a field of every service that there is so far.
    pub(crate) fn each_service(mut self, field: &str, value: &Value) -> Self {
        let services = self
            .config
            .get_mut("services")
            .and_then(Value::as_object_mut);
        for (_, service) in services.into_iter().flatten() {
            service[field] = value.clone();
        }
        self
    }

    /// Adds a daemon that does nothing.
    pub(crate) fn daemon(self, name: &str, rest: Value) -> Self {
        self.shell(name, "exec sleep 1000000", rest)
    }

    /// Adds a daemon that does this at a SIGTERM, from the moment it is up.
    pub(crate) fn trapping(self, name: &str, at_term: &str, mut rest: Value) -> Self {
        let script = format!("trap '{at_term}' TERM; echo armed; while :; do sleep 0.05; done");
        rest["ready"] = json!({ "type": "log", "pattern": "armed" });
        self.shell(name, &script, rest)
    }

    /// Adds a daemon that takes no notice of a SIGTERM.
    pub(crate) fn stubborn(self, grace_ms: u32) -> Self {
        self.trapping("stubborn", "", json!({ "stopGraceMs": grace_ms }))
    }

    /// Sets a top-level field of the configuration.
    pub(crate) fn field(mut self, name: &str, value: Value) -> Self {
        self.config.insert(name.to_owned(), value);
        self
    }

    /// Adds an argument of `serve`.
    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable in the environment of `serve`.
    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Puts a file into the stack's directory.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Leaves the session API out, and its arguments.
    pub(crate) fn without_api(mut self) -> Self {
        self.has_api = false;
        self
    }

    /// The directory with the configuration; `serve` is started in it.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Starts `flowlayer serve` and reads all it prints.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        self.start_with(Child::spawn)
    }

    /// Starts `flowlayer serve` in a way of one's own: unread, on a terminal.
    #[track_caller]
    pub(crate) fn start_with(self, spawn: impl FnOnce(Command) -> Child) -> Server {
        let prepared = self.prepare();
        Server::new(spawn(prepared.command), prepared.home)
    }

    /// Writes the configuration and gives the command that serves it.
    pub(crate) fn prepare(mut self) -> Prepared {
        self.config.entry("services").or_insert_with(|| json!({}));
        let config = self.directory.path().join("flowlayer.jsonc");
        // A test may have put one there that cannot be written as JSON.
        if !config.exists() {
            fs::write(&config, serde_json::to_string_pretty(&self.config).unwrap()).unwrap();
        }
        // Known beforehand, because some tests cannot read the boot lines.
        let address = self.has_api.then(|| format!("127.0.0.1:{}", free_port()));
        let home = Home {
            directory: self.directory,
            identity: uuid::Uuid::new_v4().to_string(),
            address,
            arguments: self.arguments,
            environment: self.environment,
        };
        Prepared {
            command: home.command(),
            home,
        }
    }
}

/// A stack that only has to be spawned.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// `flowlayer serve` with all its arguments.
    pub(crate) command: Command,
    /// What has to stay until the end.
    pub(crate) home: Home,
}

/// What a stack has besides its process.
#[derive(Debug)]
pub(crate) struct Home {
    /// Where the configuration is.
    pub(crate) directory: TempDir,
    /// The value of [`processes::STACK`] in all its processes.
    pub(crate) identity: String,
    /// Where its session API will be.
    pub(crate) address: Option<String>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Home {
    /// `flowlayer serve` with all its arguments, as often as it is wanted.
    pub(crate) fn command(&self) -> Command {
        let mut command = flowlayer_in(self.directory.path());
        command
            .arg("serve")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env(processes::STACK, &self.identity);
        if let Some(address) = &self.address {
            command.args(["-s", address, "-token", TOKEN]);
        }
        command.args(&self.arguments);
        command
    }

    /// The living processes of the stack, those of the server included.
    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of_stack(&self.identity)
    }

    /// Fails when a process of the stack is left.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        let left = self.processes();
        assert!(left.is_empty(), "left behind: {left:#?}");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // After a failure: leave nothing to the tests that follow.
        processes::kill_all(&self.identity);
    }
}
