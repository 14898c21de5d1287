//! What a configuration says of its services, for the detail view.

use std::collections::HashMap;
use std::path::Path;

use flowlayer::config::{self, Config, Service};

use super::message::Facts;

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
        directory: service.cwd.as_deref().map(|path| {
            let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            path.display().to_string()
        }),
        depends_on,
        dependents: Vec::new(),
    }
}

/// The arguments, those with blanks in quotes.
fn command_line(arguments: &[String]) -> String {
    let shown = arguments.iter().map(|argument| {
        let is_plain = !argument.is_empty() && !argument.contains(char::is_whitespace);
        if is_plain {
            argument.clone()
        } else {
            format!("'{argument}'")
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependents_are_the_other_end_of_dependencies() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flowlayer.jsonc");
        let text = r#"{"services": {
            "api": {"cmd": ["sh", "-c", "sleep 1"], "dependsOn": ["db"], "ready": {"type": "tcp", "port": 3000}},
            "db": {"cmd": "postgres", "port": 5432}
        }}"#;
        std::fs::write(&path, text).unwrap();
        let facts = read(&path);
        let api = &facts["api"];
        assert_eq!(api.command, "sh -c 'sleep 1'");
        assert_eq!(api.depends_on, ["db"]);
        assert!(api.probe.as_ref().unwrap().contains("3000"));
        assert_eq!(facts["db"].dependents, ["api"]);
        assert_eq!(facts["db"].port, Some(5432));
        assert!(read(&directory.path().join("none")).is_empty());
    }
}
