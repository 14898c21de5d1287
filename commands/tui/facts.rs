//! What a configuration says of its services, for the detail view.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use flowlayer_core::config::{self, Config, Ready, Service};
use flowlayer_core::facts::EnvFile;
use flowlayer_core::shell::command_line;

use super::message::Facts;
use super::words::duration as duration_words;

/// From SIGTERM to SIGKILL, when the configuration says nothing (docs/lifecycle.md, Stopping).
const USUAL_GRACE: Duration = Duration::from_secs(8);

/// By name; empty when the configuration cannot be read.
pub(crate) fn read(path: &Path) -> HashMap<String, Facts> {
    config::load(path).map_or_else(|_| HashMap::new(), |loaded| of(&loaded.config))
}

fn of(config: &Config) -> HashMap<String, Facts> {
    let services = &config.services;
    let name = |index: &usize| services[*index].name.to_string();
    let mut facts: HashMap<String, Facts> = services
        .iter()
        .map(|service| {
            let depends_on = service.depends_on.iter().map(name).collect();
            (service.name.to_string(), one(service, depends_on))
        })
        .collect();
    for service in services {
        for dependency in &service.depends_on {
            if let Some(facts) = facts.get_mut(&*services[*dependency].name) {
                facts.dependents.push(service.name.to_string());
            }
        }
    }
    facts
}

fn one(service: &Service, depends_on: Vec<String>) -> Facts {
    Facts {
        command: command_line(&service.cmd),
        stop_command: service.stop_cmd.as_deref().map(command_line),
        port: service.port,
        probe: service.ready.as_ref().map(|ready| ready.probe.target()),
        patience: service.ready.as_ref().map(patience),
        directory: service.cwd.as_deref().map(shown),
        env_files: service.env_files.iter().map(env_file).collect(),
        variables: service.env.iter().map(|(name, _)| name.clone()).collect(),
        is_by_hand: !service.auto_start,
        manners: manners(service),
        depends_on,
        dependents: Vec::new(),
    }
}

fn env_file(file: &EnvFile) -> String {
    let optional = if file.required { "" } else { " (optional)" };
    format!("{}{optional}", shown(&file.path))
}

/// The path as the system has it, where it exists.
fn shown(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

fn span(duration: Duration) -> String {
    duration_words(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn patience(ready: &Ready) -> String {
    // A probe that waits for a line of the log makes no attempts.
    if ready.probe.pattern().is_some() {
        return match ready.timeout {
            Some(limit) => format!("{} for the line to come", span(limit)),
            None => "none: it waits for the line as long as it takes".to_owned(),
        };
    }
    let attempt = span(ready.attempt_timeout);
    match ready.timeout {
        Some(limit) => format!("{attempt} an attempt, {} in all", span(limit)),
        None => format!("{attempt} an attempt, as many as it takes"),
    }
}

fn manners(service: &Service) -> Vec<String> {
    let mut manners = Vec::new();
    if !service.auto_start {
        manners.push("not started at boot: by hand, or because something needs it".to_owned());
    }
    if service.stop_grace != USUAL_GRACE {
        manners.push(format!(
            "{} from SIGTERM to SIGKILL",
            span(service.stop_grace)
        ));
    }
    manners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependents_are_the_other_end_of_dependencies() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flowlayer.jsonc");
        let text = r#"{"services": {
            "api": {"cmd": ["sh", "-c", "echo 'all:  well' >&2"], "dependsOn": ["db"], "ready": {"type": "tcp", "port": 3000}},
            "db": {"cmd": "postgres", "port": 5432, "env": {"PASSWORD": "secret"}, "envFile": ".env",
                   "autoStart": false, "stopGraceMs": 1500},
            "line": {"cmd": "sh", "ready": {"type": "log", "pattern": "up", "timeoutMs": 3000}}
        }}"#;
        std::fs::write(&path, text).unwrap();
        let facts = read(&path);
        let api = &facts["api"];
        assert_eq!(api.command, r"sh -c 'echo '\''all:  well'\'' >&2'");
        assert_eq!(api.depends_on, ["db"]);
        assert!(api.probe.as_ref().unwrap().contains("3000"));
        assert_eq!(
            api.patience.as_deref(),
            Some("200 ms an attempt, as many as it takes")
        );
        assert_eq!(api.manners, [""; 0]);
        let line = facts["line"].patience.as_deref();
        assert_eq!(
            line,
            Some("3.0 s for the line to come"),
            "it makes no attempts"
        );
        let db = &facts["db"];
        assert!(db.is_by_hand && !api.is_by_hand);
        assert_eq!(db.variables, ["PASSWORD"], "values are nobody's business");
        assert!(db.env_files[0].ends_with("/.env"));
        assert_eq!(db.manners.len(), 2);
        assert_eq!(db.manners[1], "1.5 s from SIGTERM to SIGKILL");
        assert_eq!(facts["db"].dependents, ["api"]);
        assert_eq!(facts["db"].port, Some(5432));
        assert!(read(&directory.path().join("none")).is_empty());
    }
}
