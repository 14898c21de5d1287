//! Procfiles of foreman and its relatives: a line a process, a port for each in `PORT`.

use indexmap::IndexMap;

use super::draft::{Draft, Service};
use super::shell;
use super::source::{Beside, ImportError, few_enough};

/// The port of the first process, unless the `.env` has another, and the step to the next.
const FIRST_PORT: u16 = 5000;
const STEP: u16 = 100;

/// Reads a Procfile. What is no process is noted.
pub(super) fn read(text: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let mut draft = Draft::default();
    let dotenv = beside.has(".env").then(|| beside.dotenv());
    let first = dotenv
        .iter()
        .flatten()
        .rev()
        .find(|(name, _)| name == "PORT");
    let mut port = first
        .and_then(|(_, port)| port.parse().ok())
        .unwrap_or(FIRST_PORT);
    let mut processes = IndexMap::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
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
        if let Some((earlier, command)) = processes.insert(name, (at + 1, command)) {
            draft.note(format!(
                "line {earlier}, as line {} has the same name: {name}: {command}",
                at + 1
            ));
        }
    }
    few_enough(processes.len())?;
    for (name, (_, command)) in processes {
        let Some(line) = shell::line(command) else {
            draft.note(format!("{name}: a command with NUL in it"));
            continue;
        };
        let mut service = Service::new(name, line.cmd);
        if dotenv.is_some() {
            service.set("envFile", ".env");
        }
        let own_port = line.env.iter().find(|(name, _)| name == "PORT");
        if own_port.is_none() {
            service.set_env([("PORT".to_owned(), port.to_string())]);
        }
        let listens = own_port.and_then(|(_, port)| port.parse().ok());
        service.set_env(line.env.clone());
        // Every process is given a port; one that asks for it is taken to listen on it.
        if let Some(port) = listens.or_else(|| mentions_port(command).then_some(port))
            && port > 0
        {
            service.listens_on(port);
        }
        port = port.saturating_add(STEP);
        draft.services.push(service);
    }
    Ok(draft)
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
