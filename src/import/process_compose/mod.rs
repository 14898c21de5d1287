//! The file of process-compose: processes with probes and conditions much like ours.

mod readiness;

use serde_json::{Value, json};

use super::draft::{Draft, DraftService, names_a_job};
use super::source::{Beside, ImportError, few_enough};
use super::values::{environment, is_command, is_identifier, is_path, milliseconds, unknown};
use super::yaml::Node;
use super::{shell, variables, yaml};

/// Reads a process-compose file.
pub(super) fn read(text: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let file = yaml::parse(text)?;
    let mut draft = Draft::default();
    let Some(processes) = file.get("processes") else {
        return Ok(draft);
    };
    few_enough(processes.entries().len())?;
    for (key, value) in file.entries() {
        match key.as_str() {
            "processes" | "version" | "environment" | "name" | "env_file" | "shell" | "vars" => {}
            key if key.starts_with("x-") => {}
            "log_location" => draft.note("log_location: see logs.dir of FlowLayer"),
            _ if value.is_null() => {}
            key => draft.note(format!("{key} (line {})", value.line)),
        }
    }
    for name in [
        "process-compose.override.yaml",
        "process-compose.override.yml",
    ] {
        if beside.has(name) {
            draft.note(format!(
                "{name}: process-compose merges it in; it is not read"
            ));
        }
    }
    let shell = |key| file.get("shell").and_then(|shell| shell.get(key)?.text());
    let shared = Shared {
        environment: environment(file.get("environment")),
        env_files: owned(&file.get("env_file").map(Node::texts).unwrap_or_default()),
        // It reads this one unasked.
        dotenv: file.get("env_file").is_none() && beside.has(".env"),
        shell: [
            shell("shell_command").unwrap_or("bash").to_owned(),
            shell("shell_argument").unwrap_or("-c").to_owned(),
        ],
        vars: environment(file.get("vars")),
    };
    if shared.dotenv {
        // For what it says of lines that cannot be read.
        beside.dotenv(".env", &mut draft);
    }
    let mut oneshots = Vec::new();
    for (name, process) in processes.entries() {
        let process = shared.with_vars(process);
        let Some(mut service) = service(name, &process, &shared, &mut oneshots) else {
            draft.note(format!("{name}: it has no command (line {})", process.line));
            continue;
        };
        let restart = process
            .get("availability")
            .and_then(|availability| availability.get("restart")?.text());
        let lasts = process.get("readiness_probe").is_some()
            || process.get("ready_log_line").is_some()
            || restart.is_some_and(|policy| policy == "always");
        if names_a_job(name) && !lasts {
            service.make_oneshot();
        }
        draft.services.push(service);
    }
    for name in oneshots {
        draft.make_oneshot(&name);
    }
    Ok(draft)
}

/// What a file says of all its processes.
struct Shared {
    environment: Vec<(String, String)>,
    env_files: Vec<String>,
    /// Whether each reads the `.env`, unless it says otherwise.
    dotenv: bool,
    /// The shell that commands are written for, and its option for a text.
    shell: [String; 2],
    /// What `{{.NAME}}` stands for.
    vars: Vec<(String, String)>,
}

impl Shared {
    fn script(&self, text: &str) -> Value {
        let [shell, option] = &self.shell;
        json!([shell, option, text])
    }

    fn line(&self, text: &str) -> Option<shell::Line> {
        shell::line_for(&variables::unescape(text), &|text| self.script(text))
    }

    /// A process with its variables and those of the file in place of `{{.NAME}}`.
    fn with_vars(&self, process: &Node) -> Node {
        let mut process = process.clone();
        let own = environment(process.get("vars"));
        let replica = ("PC_REPLICA_NUM".to_owned(), "0".to_owned());
        let vars: Vec<_> = own.iter().chain(&self.vars).chain([&replica]).collect();
        process.map_texts(&|text| {
            let mut rest = text;
            let mut result = String::new();
            while let Some((before, inside)) = rest.split_once("{{") {
                let found = inside.split_once("}}").and_then(|(name, after)| {
                    let name = name.trim().strip_prefix('.')?;
                    let (_, value) = vars.iter().find(|(known, _)| known == name)?;
                    // A small file is not to become a large one.
                    (value.len() <= 1024 && result.len() < 65_536).then_some(())?;
                    Some((value.as_str(), after))
                });
                result.push_str(before);
                let (value, after) = found.unwrap_or(("{{", inside));
                result.push_str(value);
                rest = after;
            }
            result.push_str(rest);
            result
        });
        process
    }
}

fn service(
    name: &str,
    process: &Node,
    shared: &Shared,
    oneshots: &mut Vec<String>,
) -> Option<DraftService> {
    let (cmd, assigned) = command(process, shared)?;
    let mut service = DraftService::new(name, cmd);
    let mut files = shared.env_files.clone();
    let is_off = process.get("is_dotenv_disabled").is_some_and(Node::is_true);
    if shared.dotenv && !is_off {
        files.push(".env".to_owned());
    }
    files.extend(
        process
            .get("env_file")
            .map(|files| owned(&files.texts()))
            .unwrap_or_default(),
    );
    if !files.is_empty() {
        service.set("envFile", files);
    }
    let mut variables = shared.environment.clone();
    variables.extend(environment(process.get("environment")));
    let mut exports = Vec::new();
    for (name, value) in variables {
        if variables::refers(&value) && is_identifier(&name) {
            exports.push((name, value));
        } else {
            service.set_env([(name, variables::unescape(&value))]);
        }
    }
    service.set_env(assigned);
    let mut cmd = shell::with_exports(&service.fields["cmd"], &exports);
    let directory = process.get("working_dir").and_then(Node::text);
    if let Some(path) = directory.filter(|path| variables::refers(path)) {
        let path = shell::in_double_quotes(path);
        cmd = shell::after(format!("cd \"{path}\" || exit; "), &cmd);
        service.note("working_dir: the shell of cmd goes there, as it refers to variables; a probe and stopCmd do not");
    }
    service.set("cmd", cmd);
    for (key, value) in process.entries() {
        if !value.is_null() {
            field(&mut service, key, value, shared, oneshots);
        }
    }
    let templates = ["command", "entrypoint", "working_dir", "environment"];
    for key in templates {
        let texts = process.get(key).map(Node::texts).unwrap_or_default();
        if texts.iter().any(|text| text.contains("{{")) {
            service.note(format!("{key}: it has a template that is not replaced"));
        }
    }
    let probes = service
        .fields
        .get("ready")
        .is_some_and(|ready| ready["type"] == "exec");
    if !exports.is_empty() && (probes || service.fields.contains_key("stopCmd")) {
        let names: Vec<&str> = exports.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        service.note(format!(
            "{names} for probe and stopCmd: set by the shell of cmd, as it refers to other variables"
        ));
    }
    Some(service)
}

/// The command, and variables that were assigned in front of it.
fn command(process: &Node, shared: &Shared) -> Option<(Value, Vec<(String, String)>)> {
    let entrypoint = process
        .get("entrypoint")
        .map(Node::texts)
        .unwrap_or_default();
    if !entrypoint.is_empty() {
        let words = entrypoint.into_iter().map(variables::unescape);
        let argv: Vec<String> = words.collect();
        return is_command(&argv).then(|| (json!(argv), Vec::new()));
    }
    let text = process.get("command")?.text()?;
    let line = shared.line(text)?;
    Some((line.cmd, line.env))
}

fn field(
    service: &mut DraftService,
    key: &str,
    value: &Node,
    shared: &Shared,
    oneshots: &mut Vec<String>,
) {
    match key {
        "command" | "entrypoint" | "environment" | "env_file" | "vars" | "is_dotenv_disabled" => {}
        "description" => service.description = value.text().map(str::to_owned),
        "working_dir" => match value.text() {
            Some(path) if variables::refers(path) => {}
            Some(path) if is_path(path) => service.set("cwd", variables::unescape(path)),
            _ => service.note("working_dir: it is no path"),
        },
        "depends_on" => depends_on(service, value, oneshots),
        "readiness_probe" => readiness::probe(service, value),
        "ready_log_line" => readiness::log_line(service, value),
        "shutdown" => shutdown(service, value, shared),
        "disabled" | "is_disabled" => {
            if value.is_true() {
                service.set("autoStart", false);
            }
        }
        "is_foreground" if value.is_true() => {
            service.set("autoStart", false);
            service.note(
                "is_foreground: it wants a terminal, which no service has: run it in one of your own",
            );
        }
        "schedule" => {
            service.make_oneshot();
            if !value.get("run_on_start").is_some_and(Node::is_true) {
                service.set("autoStart", false);
            }
            let when = ["cron", "interval"]
                .into_iter()
                .find_map(|key| value.get(key)?.text());
            service.note(format!(
                "schedule: {}: FlowLayer starts nothing by the clock; it runs when asked for",
                when.unwrap_or("when")
            ));
        }
        // Its command comes back while what it has started goes on.
        "is_daemon" => {
            if value.is_true() {
                service.set("kind", "oneshot");
                service
                    .note("is_daemon: it is a oneshot that has succeeded once its command exits");
            }
        }
        "availability" => {
            for (key, value) in value.entries() {
                match (key.as_str(), value.text()) {
                    (_, None)
                    | ("restart", Some("no" | "exit_on_failure"))
                    | ("backoff_seconds" | "max_restarts", _) => {
                        if value.text() == Some("exit_on_failure") {
                            service.note("availability.restart: exit_on_failure: the others go on when it fails");
                        }
                    }
                    ("restart", Some(policy)) => {
                        service.note(format!("availability.restart: {policy}: FlowLayer says why something ended, and restarts nothing"));
                    }
                    (key, Some(value)) => service.note(format!("availability.{key}: {value}")),
                }
            }
        }
        "liveness_probe" => {
            service.note("liveness_probe: FlowLayer probes until a service is ready, not after");
        }
        "replicas" if matches!(value.text(), Some("0" | "1")) => {}
        "is_tty" | "is_foreground" | "is_interactive" | "is_elevated" | "disable_ansi_colors"
            if !value.is_true() => {}
        key => service.note(unknown(key, value)),
    }
}

fn depends_on(service: &mut DraftService, value: &Node, oneshots: &mut Vec<String>) {
    for name in value.texts() {
        service.depends_on.push(name.to_owned());
    }
    for (name, condition) in value.entries() {
        service.depends_on.push(name.clone());
        let condition = condition
            .get("condition")
            .and_then(Node::text)
            .unwrap_or("process_completed");
        match condition {
            "process_completed_successfully" => oneshots.push(name.clone()),
            "process_completed" => {
                oneshots.push(name.clone());
                service.note(format!(
                    "depends_on {name}: process_completed: it has to succeed"
                ));
            }
            "process_healthy" | "process_started" | "process_log_ready" => {}
            other => service.note(format!("depends_on {name}: {other}: it has to be up")),
        }
    }
}

fn shutdown(service: &mut DraftService, value: &Node, shared: &Shared) {
    for (key, value) in value.entries() {
        let Some(text) = value.text() else { continue };
        match key.as_str() {
            "command" => match shared.line(text) {
                Some(line) if line.env.is_empty() => service.set("stopCmd", line.cmd),
                Some(_) => service.set("stopCmd", shared.script(&variables::unescape(text))),
                None => {}
            },
            "timeout_seconds" => match milliseconds(text) {
                Some(ms) if ms > 0 => service.set("stopGraceMs", ms.min(u64::from(u32::MAX))),
                _ => {}
            },
            "signal" => service.stops_on("shutdown.signal", text),
            "parent_only" if value.is_true() => service.set("stopScope", "leader"),
            "parent_only" => {}
            key => service.note(format!("shutdown.{key}: {text}")),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    let paths = texts.iter().filter(|path| is_path(path));
    paths.map(|&path| path.to_owned()).collect()
}
