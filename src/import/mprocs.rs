//! `mprocs.yaml`: processes of one terminal each.

use serde_json::json;

use super::draft::{Draft, DraftService};
use super::source::{ImportError, few_enough};
use super::values::{is_command, is_identifier, unknown};
use super::yaml::Node;
use super::{shell, yaml};

/// Reads an `mprocs.yaml`.
pub(super) fn read(text: &str) -> Result<Draft, ImportError> {
    let file = yaml::parse(text)?;
    let mut draft = Draft::default();
    let Some(procs) = file.get("procs").map(selected) else {
        return Ok(draft);
    };
    few_enough(procs.entries().len())?;
    for (key, value) in file.entries() {
        if key != "procs" && !value.is_null() {
            draft.note(unknown(key, value));
        }
    }
    for (name, process) in procs.entries() {
        let process = selected(process);
        // mprocs takes null for a process that is switched off.
        match service(name, process) {
            Some(service) => draft.services.push(service),
            None => draft.note(format!("{name}: it has no command (line {})", process.line)),
        }
    }
    Ok(draft)
}

fn service(name: &str, process: &Node) -> Option<DraftService> {
    let listed = match process.items() {
        [] => process.get("cmd").map(selected),
        _ => Some(process),
    };
    let line = if let Some(cmd) = listed {
        let argv: Vec<String> = cmd.texts().into_iter().map(str::to_owned).collect();
        is_command(&argv).then(|| shell::Line {
            env: Vec::new(),
            cmd: json!(argv),
        })
    } else {
        let text = process.text();
        shell::line(text.or_else(|| selected(process.get("shell")?).text())?)
    }?;
    let mut service = DraftService::new(name, line.cmd);
    for (key, value) in process.entries() {
        let value = selected(value);
        if !value.is_null() {
            field(&mut service, key, value);
        }
    }
    service.set_env(line.env);
    Some(service)
}

fn field(service: &mut DraftService, key: &str, value: &Node) {
    match key {
        "cmd" | "shell" => {}
        "cwd" => {
            let path = value.text().unwrap_or_default();
            service.set(
                "cwd",
                match path.strip_prefix("<CONFIG_DIR>") {
                    Some("" | "/") => ".",
                    Some(below) => below.trim_start_matches('/'),
                    None => path,
                },
            );
        }
        "env" => {
            let mut unset = String::new();
            for (name, value) in value.entries() {
                let value = selected(value);
                match value.text() {
                    Some(text) => service.set_env([(name.clone(), text.to_owned())]),
                    None if is_identifier(name) => {
                        unset.push_str("unset ");
                        unset.push_str(name);
                        unset.push_str("; ");
                    }
                    None => service.note(unknown(&format!("env.{name}"), value)),
                }
            }
            for line in value.texts() {
                match line.split_once('=') {
                    Some((name, value)) if is_identifier(name) => {
                        service.set_env([(name.to_owned(), value.to_owned())]);
                    }
                    _ => service.note(unknown("env", value)),
                }
            }
            let cmd = shell::after(unset, &service.fields["cmd"]);
            service.set("cmd", cmd);
        }
        "deps" => service
            .depends_on
            .extend(value.texts().into_iter().map(str::to_owned)),
        "autostart" => {
            if !value.is_true() {
                service.set("autoStart", false);
            }
        }
        "autorestart" if !value.is_true() => {}
        "autorestart" => {
            service.note("autorestart: FlowLayer says why something ended, and restarts nothing");
        }
        "stop" => {
            let how = value
                .text()
                .or_else(|| Some(value.entries().first()?.0.as_str()))
                .unwrap_or_default();
            service.stops_on("stop", how);
        }
        key => service.note(unknown(key, value)),
    }
}

/// What `$select: os` says for this system; any other value as it is.
fn selected(node: &Node) -> &Node {
    match node.get("$select").and_then(Node::text) {
        Some("os") => node
            .get(std::env::consts::OS)
            .or_else(|| node.get("$else"))
            .unwrap_or(node),
        _ => node,
    }
}
