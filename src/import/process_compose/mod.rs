//! The file of process-compose: processes with probes and conditions much like ours.

mod readiness;

use serde_json::{Value, json};

use super::draft::{Draft, Service};
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
            "processes" | "version" | "environment" | "name" | "env_file" => {}
            key if key.starts_with("x-") => {}
            "shell" => draft.note("shell: commands run in sh, in bash where they need it"),
            "log_location" => draft.note("log_location: see logs.dir of FlowLayer"),
            _ if value.is_null() => {}
            key => draft.note(format!("{key} (line {})", value.line)),
        }
    }
    let mut shared = Shared {
        environment: environment(file.get("environment")),
        env_files: Vec::new(),
    };
    match file.get("env_file") {
        Some(files) => shared.env_files = owned(&files.texts()),
        // It reads this one unasked.
        None if beside.has(".env") => shared.env_files.push(".env".to_owned()),
        None => {}
    }
    let mut oneshots = Vec::new();
    for (name, process) in processes.entries() {
        let Some(service) = service(name, process, &shared, &mut oneshots) else {
            draft.note(format!("{name}: it has no command (line {})", process.line));
            continue;
        };
        draft.services.push(service);
    }
    for name in oneshots {
        draft.make_oneshot(&name);
    }
    Ok(draft)
}

struct Shared {
    environment: Vec<(String, String)>,
    env_files: Vec<String>,
}

fn service(
    name: &str,
    process: &Node,
    shared: &Shared,
    oneshots: &mut Vec<String>,
) -> Option<Service> {
    let (cmd, assigned) = command(process)?;
    let mut service = Service::new(name, cmd);
    let mut files = shared.env_files.clone();
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
    if !exports.is_empty() {
        let cmd = shell::with_exports(&service.fields["cmd"], &exports);
        service.set("cmd", cmd);
    }
    for (key, value) in process.entries() {
        if !value.is_null() {
            field(&mut service, key, value, oneshots);
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
fn command(process: &Node) -> Option<(Value, Vec<(String, String)>)> {
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
    let line = shell::line(&variables::unescape(text))?;
    Some((line.cmd, line.env))
}

fn field(service: &mut Service, key: &str, value: &Node, oneshots: &mut Vec<String>) {
    match key {
        "command" | "entrypoint" | "environment" | "env_file" => {}
        "description" => service.description = value.text().map(str::to_owned),
        "working_dir" => match value.text() {
            Some(path) if !variables::refers(path) && is_path(path) => {
                service.set("cwd", variables::unescape(path));
            }
            _ => service.note("working_dir: it refers to variables or is no path"),
        },
        "depends_on" => depends_on(service, value, oneshots),
        "readiness_probe" => readiness::probe(service, value),
        "ready_log_line" => readiness::log_line(service, value),
        "shutdown" => shutdown(service, value),
        "disabled" => {
            if value.is_true() {
                service.set("autoStart", false);
            }
        }
        // Its command comes back while what it has started goes on.
        "is_daemon" => {
            if value.is_true() {
                service.set("kind", "oneshot");
                service.note(
                    "is_daemon: it is a oneshot that has succeeded once its command comes back",
                );
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
        "is_tty"
        | "is_foreground"
        | "is_interactive"
        | "is_elevated"
        | "is_disabled"
        | "disable_ansi_colors"
            if !value.is_true() => {}
        key => service.note(unknown(key, value)),
    }
}

fn depends_on(service: &mut Service, value: &Node, oneshots: &mut Vec<String>) {
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

fn shutdown(service: &mut Service, value: &Node) {
    for (key, value) in value.entries() {
        let Some(text) = value.text() else { continue };
        match key.as_str() {
            "command" => match shell::line(&variables::unescape(text)) {
                Some(line) if line.env.is_empty() => service.set("stopCmd", line.cmd),
                Some(_) => service.set("stopCmd", shell::script(&variables::unescape(text))),
                None => {}
            },
            "timeout_seconds" => match milliseconds(text) {
                Some(ms) if ms > 0 => service.set("stopGraceMs", ms.min(u64::from(u32::MAX))),
                _ => {}
            },
            "signal" if text == "15" => {}
            "signal" => service.note(format!(
                "shutdown.signal: {text}: FlowLayer sends SIGTERM, then SIGKILL"
            )),
            "parent_only" if !value.is_true() => {}
            key => service.note(format!("shutdown.{key}: {text}")),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    let paths = texts.iter().filter(|path| is_path(path));
    paths.map(|&path| path.to_owned()).collect()
}
