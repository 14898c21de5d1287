//! A compose service that has a command but no container: it runs on this machine, without Docker.

// Writing into a string cannot fail.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Reader;
use super::ports::Published;
use crate::import::draft::DraftService;
use crate::import::values::{environment, is_command, is_identifier, is_path, unknown};
use crate::import::yaml::Node;
use crate::import::{shell, variables};

impl Reader {
    /// The service, when it has a command.
    pub(super) fn native(&mut self, name: &str, from: &Node) -> Option<DraftService> {
        let line = self.command(from)?;
        let mut service = DraftService::new(name, line.cmd);
        if let Some(path) = from
            .get("working_dir")
            .and_then(Node::text)
            .map(|path| self.replaced(path))
            && is_path(&path)
        {
            service.set("cwd", path);
        }
        let files = self.env_files(from.get("env_file"));
        if !files.is_empty() {
            service.set("envFile", files);
        }
        let mut exports = String::new();
        for (name, value) in environment(from.get("environment")) {
            if is_identifier(&name) && self.refers(&value) {
                let _ = write!(exports, "export {name}={}; ", variables::for_shell(&value));
            } else {
                service.set_env([(name, self.replaced(&value))]);
            }
        }
        service.set_env(line.env);
        let cmd = shell::after(exports, &service.fields["cmd"]);
        if cmd != service.fields["cmd"] || self.command_refers(from) {
            service.set("cmd", cmd);
            self.give_dotenv(&mut service);
        }
        let ports = self.ports(from, &mut service);
        // Nothing stands between the service and its port.
        let inner: Vec<Published> = ports
            .iter()
            .map(|port| Published {
                host: port.inner,
                inner: port.inner,
            })
            .collect();
        self.health(from, &inner, None, &mut service);
        if let Some(port) = inner.first() {
            service.listens_on(port.host);
        }
        if let Some(ms) = self.time(from, "stop_grace_period").filter(|&ms| ms > 0) {
            service.set("stopGraceMs", ms);
        }
        if let Some(signal) = from.get("stop_signal").and_then(Node::text) {
            service.stops_on("stop_signal", &self.replaced(signal));
        }
        self.relations(from, &mut service);
        for (key, value) in from.entries() {
            match key.as_str() {
                _ if value.is_null() => {}
                "command" | "entrypoint" | "working_dir" | "env_file" | "environment" | "ports"
                | "expose" | "healthcheck" | "depends_on" | "profiles" | "links"
                | "stop_grace_period" | "stop_signal" => {}
                "restart" if value.text() == Some("no") => {}
                key if key.starts_with("x-") => {}
                key => service.note(unknown(key, value)),
            }
        }
        Some(service)
    }

    /// Its entrypoint and command, and variables that were assigned in front of it.
    fn command(&self, from: &Node) -> Option<shell::Line> {
        let words = |key: &str| -> Option<Vec<String>> {
            let node = from.get(key)?;
            match node.text() {
                // Compose splits words itself, and runs no shell either.
                Some(text) => {
                    let words = shell::words(&self.replaced(text))?;
                    Some(words.into_iter().map(|word| word.text).collect())
                }
                None => Some(
                    node.texts()
                        .into_iter()
                        .map(|word| self.replaced(word))
                        .collect(),
                ),
            }
        };
        if self.command_refers(from) {
            let texts = ["entrypoint", "command"]
                .into_iter()
                .filter_map(|key| from.get(key));
            let words: Vec<String> = texts
                .flat_map(|node| match node.text() {
                    // Compose replaces variables in single quotes too, a shell does not.
                    Some(text) if text.contains('\'') => in_quotes(text),
                    // Words are taken apart after the variables, by a shell too.
                    Some(text) => vec![text.replace("$$", "\\$")],
                    None => node.texts().into_iter().map(variables::for_shell).collect(),
                })
                .collect();
            let script = words.join(" ");
            // Of several commands the first must not replace the shell.
            let exec = if script.contains(['&', '|', ';']) {
                ""
            } else {
                "exec "
            };
            let cmd = json!(["sh", "-c", format!("{exec}{script}")]);
            return (!words.concat().contains('\0')).then(|| shell::Line {
                env: Vec::new(),
                cmd,
            });
        }
        let alone = from.get("command").and_then(Node::text);
        if let (None, Some(text)) = (from.get("entrypoint"), alone) {
            return shell::line(&self.replaced(text));
        }
        let mut argv = words("entrypoint").unwrap_or_default();
        argv.extend(words("command").unwrap_or_default());
        is_command(&argv).then(|| shell::Line {
            env: Vec::new(),
            cmd: json!(argv),
        })
    }

    /// Whether its command has a value of the `.env` in it.
    fn command_refers(&self, from: &Node) -> bool {
        let texts = ["entrypoint", "command"].map(|key| from.get(key).map(Node::texts));
        let mut texts = texts.into_iter().flatten().flatten();
        texts.any(|text| self.refers(text))
    }

    /// Names, or mappings with `path` and `required`.
    fn env_files(&self, node: Option<&Node>) -> Vec<Value> {
        let Some(node) = node else { return Vec::new() };
        let items = match node.items() {
            [] => std::slice::from_ref(node),
            items => items,
        };
        let mut files = Vec::new();
        for item in items {
            let path = item.get("path").unwrap_or(item).text();
            let Some(path) = path.map(|path| self.replaced(path)) else {
                continue;
            };
            if !is_path(&path) {
                continue;
            }
            let is_optional = item
                .get("required")
                .is_some_and(|required| !required.is_true());
            files.push(if is_optional {
                json!({ "path": path, "required": false })
            } else {
                json!(path)
            });
        }
        files
    }
}

/// The words of a command with quotes, each for a shell that replaces the variables in it.
fn in_quotes(text: &str) -> Vec<String> {
    // To the reader of words a dollar is a character like any other.
    let Some(words) = shell::words(&text.replace('$', "\u{1}")) else {
        return vec![text.replace("$$", "\\$")];
    };
    let words = words.iter().map(|word| word.text.replace('\u{1}', "$"));
    words.map(|word| variables::for_shell(&word)).collect()
}
