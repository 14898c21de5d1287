//! Procfiles of foreman and its relatives: a line a process, a port for each in `PORT`.

use indexmap::IndexMap;

use super::draft::{Draft, DraftService};
use super::shell::{self, positive};
use super::source::{Beside, ImportError, few_enough};
use super::values::{is_path, unknown};
use super::yaml::{self, Node};

/// The port of the first process, unless something beside the file has another, and the step to the
/// next.
const FIRST_PORT: u16 = 5000;
const STEP: u16 = 100;

/// Reads a Procfile. What is no process is noted.
pub(super) fn read(text: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let mut draft = Draft::default();
    let setting = Setting::read(beside, &mut draft);
    let mut port = setting.port;
    let mut processes = IndexMap::new();
    let mut comment = Vec::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if let Some(said) = line.strip_prefix('#') {
            comment.push(said.trim_start_matches('#').trim());
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, command)) = process(line) else {
            draft.note(format!(
                "line {}, which is not `name: command`: {line}",
                at + 1
            ));
            continue;
        };
        // As foreman does: of two lines with the same name the later counts.
        let process = (at + 1, command, std::mem::take(&mut comment));
        if let Some((earlier, command, _)) = processes.insert(name, process) {
            draft.note(format!(
                "line {earlier}, as line {} has the same name: {name}: {command}",
                at + 1
            ));
        }
    }
    if let Some((_, (.., last))) = processes.last_mut() {
        last.append(&mut comment);
    }
    few_enough(processes.len())?;
    for (name, (_, command, comment)) in processes {
        let Some(line) = shell::line(command) else {
            draft.note(format!("{name}: a command with NUL in it"));
            continue;
        };
        let mut service = DraftService::new(name, line.cmd);
        service.description = Some(comment.join("\n")).filter(|text| !text.trim().is_empty());
        match setting.env_files.as_slice() {
            [] => {}
            [file] => service.set("envFile", file.clone()),
            files => service.set("envFile", files),
        }
        let own_port = line.env.iter().any(|(name, _)| name == "PORT");
        if !own_port {
            service.set_env([("PORT".to_owned(), port.to_string())]);
        }
        service.set_env(line.env);
        // Every process is given a port; one that asks for it is taken to listen on it.
        let listens = shell::port(command).or_else(|| mentions_port(command).then_some(port));
        if let Some(port) = listens.filter(|&port| port > 0) {
            service.listens_on(port);
        }
        if name == "release" {
            service.make_oneshot();
        }
        port = port.saturating_add(setting.step);
        draft.services.push(service);
    }
    Ok(draft)
}

/// What the files beside a Procfile say of all its processes.
struct Setting {
    port: u16,
    step: u16,
    env_files: Vec<String>,
}

impl Setting {
    fn read(beside: &Beside<'_>, draft: &mut Draft) -> Self {
        let mut setting = Self {
            port: FIRST_PORT,
            step: STEP,
            env_files: Vec::new(),
        };
        // `export PORT="${PORT:-3000}"`, as Rails writes it.
        let script = beside.text("bin/dev").unwrap_or_default();
        let default = script
            .lines()
            .filter_map(|line| line.split_once("PORT:-")?.1.split('}').next())
            .find_map(positive);
        setting.port = default.unwrap_or(FIRST_PORT);
        // In the order in which overmind reads them; foreman reads the second alone.
        setting.env_files = [".overmind.env", ".env"].map(str::to_owned).to_vec();
        setting.env_files.retain(|file| beside.has(file));
        let foreman = beside
            .text(".foreman")
            .and_then(|text| yaml::parse(&text).ok());
        let options = foreman.as_ref().map(Node::entries).unwrap_or_default();
        for (key, value) in options {
            match (key.as_str(), value.text()) {
                ("env", Some(files)) => {
                    let files = files.split(',').map(str::trim);
                    setting.env_files = files
                        .filter(|file| is_path(file))
                        .map(str::to_owned)
                        .collect();
                }
                ("port", _) => {}
                _ => draft.note(format!(".foreman: {}", unknown(key, value))),
            }
        }
        for file in setting.env_files.clone() {
            for (name, value) in beside.dotenv(&file, draft) {
                match (name.as_str(), positive(&value)) {
                    ("PORT" | "OVERMIND_PORT", Some(port)) => setting.port = port,
                    ("OVERMIND_PORT_STEP", Some(step)) => setting.step = step,
                    (name, _) if name.starts_with("OVERMIND_") => {
                        draft.note(format!("{name} of {file}: {value}"));
                    }
                    _ => {}
                }
            }
        }
        let option = foreman
            .as_ref()
            .and_then(|options| options.get("port")?.text());
        if let Some(port) = option.and_then(positive) {
            setting.port = port;
        }
        setting
    }
}

/// `name: command`.
fn process(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (name, command) = (name.trim_end(), command.trim());
    (!name.is_empty() && name.chars().all(is_name) && !command.is_empty())
        .then_some((name, command))
}

fn mentions_port(command: &str) -> bool {
    command.match_indices("$PORT").any(|(at, found)| {
        let next = command[at + found.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    }) || command.contains("${PORT}")
        || command.contains("${PORT:-")
}
