//! The config as written: every object and field there is.
//!
//! One declaration makes the reader and the JSON Schema; the documentation here is what editors
//! show. What the fields mean together is settled in [`super::meaning`].

use serde_json::Value as Json;

use super::code::Code;
use super::object::{Read, members_or, object};
use super::problems::{Place, Problems};
use super::quote::{describe, quote};
use super::ready::Ready;
use super::tree::{NodeId, Value};
use super::values::{
    AddrText, BindText, Capacity, Command, Millis, PathText, Positive, ServicePort, StdinMode,
    TokenText, UrlText, nul, schema,
};
use crate::facts::{Kind, OutputMode, StopScope, StopSignal};

object! {
    /// Configuration of a FlowLayer stack.
    struct File hinted by OTHER_SECTIONS {
        /// Where editors find the JSON Schema. FlowLayer ignores it. Absent: what the editor is set to.
        "$schema" => schema: String { "examples": ["./flowlayer.schema.json"] },
        /// The session API, which clients connect to.
        "session" => session: Session { "default": {}, "examples": [{ "bind": "auto" }] },
        /// Where log entries are kept.
        "logs" => logs: Logs { "default": {}, "examples": [{ "dir": ".flowlayer/logs" }] },
        /// How many entries `get_logs` returns when the client does not say.
        "logView" => log_view: LogView { "default": {}, "examples": [{ "maxEntries": 1000 }] },
        /// The services: name → service.
        "services" [required] => services: Services {
            "examples": [{ "web": { "cmd": "npm run dev", "port": 3000, "ready": { "type": "http", "path": "/" } } }],
        },
    }
}

object! {
    /// The session API, which clients connect to.
    struct Session {
        /// Where to listen: `host:port`, `[v6]:port`, `:port` (all interfaces) or a port
        /// (127.0.0.1); `auto`: a port of 127.0.0.1 that stays the same for this file while nobody
        /// else has it. Absent: no API, unless `serve -s` asks for one.
        "bind" => bind: BindText { "examples": ["auto", "127.0.0.1:6999", ":6999", "6999"] },
        /// Where clients dial, `host:port`. Default: derived from `bind`. Ignored by `serve`.
        "addr" => addr: AddrText { "examples": ["127.0.0.1:6999"] },
        /// Bearer token of the API. Default: generated at every start.
        "token" => token: TokenText { "examples": ["only-for-development"] },
    }
}

object! {
    /// Where log entries are kept.
    struct Logs {
        /// Directory for `all.jsonl` and `<service>.jsonl`, relative to this file; created when
        /// missing. Absent: memory only.
        "dir" => dir: PathText { "examples": [".flowlayer/logs"] },
        /// Entries kept in memory per service. Default: 5000.
        "bufferSize" => buffer_size: Capacity { "default": 5000, "examples": [20_000] },
        /// Size in bytes at which a file becomes `<name>.1.jsonl`. Default: 1073741824 (1 GiB).
        "maxBytes" => max_bytes: Positive { "default": 1_073_741_824, "examples": [100_000_000] },
    }
}

object! {
    /// How many entries `get_logs` returns when the client does not say.
    struct LogView {
        /// For every query. Default: 500.
        "maxEntries" => max_entries: Positive { "default": 500, "examples": [1000] },
        /// For queries about all services.
        "all" => all: LogViewEntries { "default": {}, "examples": [{ "maxEntries": 2000 }] },
    }
}

object! {
    /// How many entries `get_logs` returns when the client does not say.
    struct LogViewEntries {
        /// Default: `logView.maxEntries`, else 500.
        "maxEntries" => max_entries: Positive { "examples": [1000] },
    }
}

object! {
    /// One service.
    struct Service hinted by OTHER_NAMES {
        /// The command. No shell is involved: a string is split on white space, an array is the
        /// argv as it stands.
        "cmd" [required] => cmd: Command {
            "examples": ["npm run dev", ["sh", "-c", "cd web && npm start"]],
        },
        /// The command that stops it, in the same forms. Absent: the stop signal, then SIGKILL.
        "stopCmd" => stop_cmd: Command { "examples": ["docker compose stop db"] },
        /// `daemon` stays alive for the whole session; `oneshot` runs to completion. Default:
        /// `daemon`.
        "kind" => kind: Kind { "default": "daemon", "examples": ["oneshot"] },
        /// Port that must be free before the start and released after the stop; also what a tcp
        /// probe connects to. `auto`: one that stays the same for this file while nobody else has
        /// it; the service gets it in the variable PORT. Default: 0, no checks.
        "port" => port: ServicePort { "default": 0, "examples": ["auto", 3000] },
        /// When the service is ready. Absent: as soon as it has been spawned.
        "ready" => ready: Ready {
            "examples": [{ "type": "http", "path": "/healthz" }, { "type": "tcp" }, { "type": "log", "pattern": "^listening" }, { "type": "exec", "cmd": "pg_isready -p 5432" }],
        },
        /// Where to open it in a browser: an absolute http:// or https:// URL. Default: the origin of its
        /// http probe, if that asks this machine.
        "url" => url: UrlText {
            "examples": ["http://localhost:3000/admin", "http://localhost:${services.web.port}/admin"],
        },
        /// Names of the services that must be up before this one starts.
        "dependsOn" => depends_on: Names { "default": [], "examples": [["db", "cache"]] },
        /// Groups it is in: `@backend` stands for all services of the group `backend` wherever a command takes
        /// names.
        "groups" => groups: Names { "default": [], "examples": [["backend"]] },
        /// Environment variables, over the inherited ones, for `cmd` and `stopCmd`.
        "env" => env: Env { "default": {}, "examples": [{ "DB_PORT": "${services.db.port}" }] },
        /// Dotenv files, relative to this file, applied in order, before `env`. Each is a path, or
        /// `{ "path": ".env.local", "required": false }` for one that may be missing.
        "envFile" => env_file: EnvFiles {
            "default": [],
            "examples": [".env", [".env", { "path": ".env.local", "required": false }]],
        },
        /// Working directory of `cmd` and `stopCmd`, relative to this file. Default: the directory
        /// `serve` was started in.
        "cwd" => cwd: PathText { "examples": [".", "backend"] },
        /// Whether boot and `start_all` start it. Default: true.
        "autoStart" => auto_start: bool { "default": true, "examples": [false] },
        /// Time in ms to end after the stop signal or a `stopCmd` that succeeded. Default: 8000.
        "stopGraceMs" => stop_grace: Millis { "default": 8000, "examples": [30_000] },
        /// The signal that tells it to end. Default: SIGTERM.
        "stopSignal" => stop_signal: StopSignal { "default": "SIGTERM", "examples": ["SIGINT"] },
        /// Who gets that signal: `group`, all its processes at once; `leader`, the process that was
        /// started, and the others when it has ended or half of the grace is over. Default: `group`.
        "stopScope" => stop_scope: StopScope { "default": "group", "examples": ["leader"] },
        /// Runs it in a pseudo terminal, which it reads from and writes to: programs then print colours and take
        /// keys. Default: false.
        "tty" => tty: bool { "default": false, "examples": [true] },
        /// Its standard input without `tty`: `open`, a pipe that stays open, or `null`, which has nothing to read.
        /// Default: `open` for a daemon, `null` for a oneshot.
        "stdin" => stdin: StdinMode { "examples": ["null"] },
        /// `quiet` keeps its lines off `serve`'s terminal and out of the cockpit's log of all services; files
        /// and queries have them. Default: `show`.
        "output" => output: OutputMode { "default": "show", "examples": ["quiet"] },
        /// Log entries of this service.
        "logView" => log_view: LogViewEntries {
            "default": {},
            "examples": [{ "maxEntries": 2000 }],
        },
    }
}

/// What other tools have at the top of their files.
const OTHER_SECTIONS: [(&[&str], &str); 1] = [(
    &["version", "apiVersion"],
    "leave it out: the file has no version",
)];

/// What other tools call the fields of a service, and what to write here.
const OTHER_NAMES: [(&[&str], &str); 13] = [
    (
        &["command", "entrypoint", "script", "run", "exec"],
        "the command goes into `cmd`",
    ),
    (
        &["args", "arguments"],
        "arguments go into `cmd`: [\"program\", \"argument\", …]",
    ),
    (
        &["environment", "envVars", "variables"],
        "variables go into `env`: { \"NAME\": \"value\" }",
    ),
    (
        &["workingDir", "workdir", "directory", "dir"],
        "the working directory goes into `cwd`",
    ),
    (
        &[
            "healthcheck",
            "health",
            "readiness",
            "readinessProbe",
            "probe",
        ],
        "what to wait for goes into `ready`: { \"type\": \"http\", \"url\": \"http://localhost:…\" }",
    ),
    (
        &["restart", "restartPolicy", "autorestart"],
        "services are not restarted by themselves: one that ends has failed, and says why",
    ),
    (
        &["shell", "isShell"],
        "no shell is involved; to use one: \"cmd\": [\"sh\", \"-c\", \"…\"]",
    ),
    (
        &["image", "build", "container", "containerName"],
        "services are commands: \"cmd\": \"docker compose up NAME\" runs a container",
    ),
    (
        &["ports", "expose"],
        "the one port that the service listens on goes into `port`",
    ),
    (
        &["terminal", "pty", "interactive", "stdin_open", "is_tty"],
        "`\"tty\": true` runs it in a terminal",
    ),
    (
        &["stop", "stopCommand", "shutdown"],
        "the command that stops it goes into `stopCmd`",
    ),
    (
        &["tags", "labels", "namespace"],
        "what services have in common goes into `groups`: [\"backend\"]",
    ),
    (
        &["disabled", "enabled", "autostart", "profiles"],
        "`\"autoStart\": false` keeps a service from starting at boot",
    ),
];

object! {
    /// A dotenv file.
    struct EnvFile {
        /// Where it is, relative to this file.
        "path" [required] => path: PathText { "examples": [".env.local"] },
        /// Whether the service fails when there is no such file. Default: true.
        "required" => required: bool { "default": true, "examples": [false] },
    }
}

/// One dotenv file or several: its place in the config, its path, and whether it is required.
#[derive(Debug)]
pub(super) struct EnvFiles(pub(super) Vec<(NodeId, String, bool)>);

impl Read for EnvFiles {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let tree = problems.tree;
        let items = match tree.value(node) {
            Value::Array(items) => items.nodes.as_slice(),
            _ => std::slice::from_ref(&node),
        };
        let mut files = Vec::new();
        for &item in items {
            let file = if let Value::Object(_) = tree.value(item) {
                EnvFile::read(item, problems).and_then(|file| {
                    Some((file.path.value?.0, file.required.value.unwrap_or(true)))
                })
            } else {
                PathText::read(item, problems).map(|path| (path.0, true))
            };
            files.extend(file.map(|(path, required)| (item, path, required)));
        }
        Some(Self(files))
    }
}

schema!(EnvFiles, generator => {
    "oneOf": [
        generator.subschema_for::<PathText>(),
        generator.subschema_for::<EnvFile>(),
        {
            "type": "array",
            "items": {
                "oneOf": [generator.subschema_for::<PathText>(), generator.subschema_for::<EnvFile>()],
            },
        },
    ],
});

/// All services, in the order they are written.
#[derive(Debug)]
pub(super) struct Services {
    /// Name and place of each; the place stands for key and value.
    pub(super) entries: Vec<Entry>,
    /// Whether the file says where the services end. Otherwise there may be more of them.
    pub(super) complete: bool,
}

/// One service in its place.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) node: NodeId,
    /// As far as it could be read.
    pub(super) service: Service,
}

impl Read for Services {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let tree = problems.tree;
        let named = |found: &Json| {
            let example = "{ \"api\": { \"cmd\": … } }, each service under its name";
            found.is_array().then(|| example.to_owned())
        };
        let services = members_or(node, problems, named)?;
        let entries = services.nodes.iter().map(|&node| {
            let name = tree.key(node).unwrap_or_default().to_owned();
            if name.is_empty() {
                problems.error(
                    Code::EmptyName,
                    Place::Key(node),
                    "a service name cannot be empty",
                );
            }
            Entry {
                name,
                node,
                service: members_or(node, problems, command_alone)
                    .and_then(|_| Service::read(node, problems))
                    .unwrap_or_default(),
            }
        });
        Some(Self {
            entries: entries.collect(),
            complete: services.complete,
        })
    }
}

/// The service that its command alone stands for.
fn command_alone(found: &Json) -> Option<String> {
    matches!(found, Json::String(_) | Json::Array(_)).then(|| match found {
        Json::String(line) => format!("{{ \"cmd\": {} }}", quote(line)),
        _ => "{ \"cmd\": […] }".to_owned(),
    })
}

schema!(Services, generator => {
    "type": "object",
    "propertyNames": { "minLength": 1 },
    "additionalProperties": generator.subschema_for::<Service>(),
});

/// Names of services, each with its place.
#[derive(Debug)]
pub(super) struct Names(pub(super) Vec<(String, NodeId)>);

impl Read for Names {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let tree = problems.tree;
        let Value::Array(items) = tree.value(node) else {
            let found = tree.to_json(node);
            let help = match &found {
                serde_json::Value::String(name) => Some(format!("write [{}]", quote(name))),
                serde_json::Value::Object(_) => Some(
                    "write the names alone, as in [\"db\", \"cache\"]: what a service waits for is the `ready` of each"
                        .to_owned(),
                ),
                _ => None,
            };
            let message = format!("expected an array of strings, found {}", describe(&found));
            problems.error_with_help(Code::WrongType, Place::Value(node), message, help);
            return None;
        };
        let mut names = Vec::new();
        for &item in &items.nodes {
            if let Some(name) = String::read(item, problems) {
                names.push((name, item));
            }
        }
        Some(Self(names))
    }
}

schema!(Names, { "type": "array", "items": { "type": "string", "minLength": 1 } });

/// Environment variables, sorted by name, each once.
#[derive(Debug)]
pub(super) struct Env(pub(super) Vec<(String, String)>);

impl Read for Env {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let tree = problems.tree;
        let mut variables = Vec::new();
        for &member in &members_or(node, problems, as_variables)?.nodes {
            let name = tree.key(member).unwrap_or_default();
            check_env_name(name, member, problems);
            match String::read(member, problems) {
                Some(value) if value.contains('\0') => {
                    problems.fault(member, nul("variable"));
                }
                Some(value) => variables.push((name.to_owned(), value)),
                None => {}
            }
        }
        // Stable: of a duplicate, which is an error anyway, the first stays.
        variables.sort_by(|(a, _), (b, _)| a.cmp(b));
        variables.dedup_by(|(later, _), (first, _)| later == first);
        Some(Self(variables))
    }
}

/// The object that a list of `NAME=value`, or one of these, stands for.
fn as_variables(found: &Json) -> Option<String> {
    let first = match found {
        Json::Array(lines) => lines.first(),
        line => Some(line),
    };
    let written = first.and_then(Json::as_str);
    let (name, value) = match written.and_then(|line| line.split_once('=')) {
        Some(("", _)) => return None,
        Some(variable) => variable,
        None if found.is_array() => ("NAME", "value"),
        None => return None,
    };
    Some(format!("{{ {}: {} }}", quote(name), quote(value)))
}

fn check_env_name(name: &str, member: NodeId, problems: &mut Problems<'_, '_>) {
    let message = if name.is_empty() {
        "an environment name cannot be empty".to_owned()
    } else if name.contains('=') {
        format!("an environment name cannot contain `=`: {}", quote(name))
    } else if name.contains('\0') {
        return problems.error(
            Code::NulByte,
            Place::Key(member),
            "a variable cannot contain NUL",
        );
    } else {
        return;
    };
    problems.error(Code::InvalidEnvName, Place::Key(member), message);
}

schema!(Env, {
    "type": "object",
    "propertyNames": { "pattern": "^[^=]+$" },
    "additionalProperties": { "type": "string" },
});
