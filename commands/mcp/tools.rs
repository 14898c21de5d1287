//! The tools: one entry each, from which lists, checks and calls follow.

use serde_json::{Value, json};

use super::arguments::{self, Kind, Parameter};
use super::reply::MAX_TEXT;

/// A tool. Its name is that of the command it runs, except for `up`.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) action: Action,
    pub(super) parameters: &'static [Parameter],
    effect: Effect,
    description: &'static str,
}

/// What a tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Status,
    Why,
    Plan,
    Validate,
    Logs,
    /// `timeline`: its document.
    Timeline,
    /// `report`: its text.
    Report,
    Reload,
    Wait,
    Up,
    /// `start`, `stop` or `restart` of one service.
    Service,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It changes nothing.
    Reads,
    /// It starts what does not run.
    Starts,
    /// It ends processes.
    Ends,
}

/// The longest wait for an outcome if a call does not say. Clients give up after a minute or more.
pub(super) const TIMEOUT: f64 = 50.0;

const TIMEOUT_PARAMETER: Parameter = Parameter {
    name: "timeout",
    kind: Kind::Seconds,
    is_required: false,
    description: "Seconds to wait for the outcome; default 50. The session goes on afterwards",
};

const SERVICE: Parameter = Parameter {
    name: "service",
    kind: Kind::Text,
    is_required: true,
    description: "",
};

const SERVICES: Parameter = Parameter {
    name: "services",
    kind: Kind::Names,
    is_required: false,
    description: "Default: all",
};

const RUN: Parameter = Parameter {
    name: "run",
    kind: Kind::Text,
    is_required: false,
    description: "Default 1: the session that runs, or the last; 2 the one before",
};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "status",
        action: Action::Status,
        parameters: &[SERVICES],
        effect: Effect::Reads,
        description: "State of the services of the running session: status, up, pid, port, and why one is not up.",
    },
    Tool {
        name: "why",
        action: Action::Why,
        parameters: &[Parameter {
            name: "service",
            kind: Kind::Text,
            is_required: false,
            description: "Default: every cause that keeps a service down",
        }],
        effect: Effect::Reads,
        description: "Why a service is not up: root causes with probe errors, port conflicts, last log lines and \
                      what to do. Use it first when something has failed.",
    },
    Tool {
        name: "plan",
        action: Action::Plan,
        parameters: &[],
        effect: Effect::Reads,
        description: "The waves in which the services of the configuration start, and who depends on whom \
                      (edges: [service, dependency]). Needs no session.",
    },
    Tool {
        name: "validate",
        action: Action::Validate,
        parameters: &[],
        effect: Effect::Reads,
        description: "Every problem of the configuration file, with line and help. Use it after each edit. Needs \
                      no session.",
    },
    Tool {
        name: "logs",
        action: Action::Logs,
        parameters: &[
            SERVICES,
            Parameter {
                name: "grep",
                kind: Kind::Text,
                is_required: false,
                description: "Only lines that match this regular expression",
            },
            Parameter {
                name: "context",
                kind: Kind::Count(0, 1000),
                is_required: false,
                description: "Lines around each match",
            },
            Parameter {
                name: "after_seq",
                kind: Kind::Count(0, u64::MAX),
                is_required: false,
                description: "Only entries above this number, oldest first",
            },
            Parameter {
                name: "max_bytes",
                kind: Kind::Count(1024, 1024 * 1024),
                is_required: false,
                description: "Default 16384",
            },
        ],
        effect: Effect::Reads,
        description: "Output of services, one numbered entry a line: the newest that fit, or with after_seq the \
                      next ones. Pass next_seq as after_seq to continue. gaps: numbers that memory no longer \
                      holds. Without a session it reads the files in logs.dir.",
    },
    Tool {
        name: "timeline",
        action: Action::Timeline,
        parameters: &[RUN],
        effect: Effect::Reads,
        description: "When each service of the boot waited, for what, started and was up; the critical path; what \
                      happened since. Also of a session that has ended.",
    },
    Tool {
        name: "report",
        action: Action::Report,
        parameters: &[SERVICES, RUN],
        effect: Effect::Reads,
        description: "One Markdown text about what has failed: causes, timeline, definitions, the log around it. Also \
                      of a session that has ended.",
    },
    Tool {
        name: "wait",
        action: Action::Wait,
        parameters: &[SERVICES, TIMEOUT_PARAMETER],
        effect: Effect::Reads,
        description: "Wait until services are up, or until it is clear that one will not be. Default: all that \
                      should run.",
    },
    Tool {
        name: "up",
        action: Action::Up,
        parameters: &[TIMEOUT_PARAMETER],
        effect: Effect::Starts,
        description: "Start the session of the configuration in the background unless it runs, and wait until \
                      its services are up. It stays when this client leaves.",
    },
    Tool {
        name: "start",
        action: Action::Service,
        parameters: &[SERVICE, TIMEOUT_PARAMETER],
        effect: Effect::Starts,
        description: "Start a service and what it depends on, and wait for the outcome.",
    },
    Tool {
        name: "stop",
        action: Action::Service,
        parameters: &[SERVICE, TIMEOUT_PARAMETER],
        effect: Effect::Ends,
        description: "Stop a service and wait for the outcome. Its dependents keep running.",
    },
    Tool {
        name: "restart",
        action: Action::Service,
        parameters: &[SERVICE, TIMEOUT_PARAMETER],
        effect: Effect::Ends,
        description: "Stop a service, start it again, and wait for the outcome; on failure with why and the last \
                      lines. It runs the definition that the session has read, not later edits of the file.",
    },
    Tool {
        name: "reload",
        action: Action::Reload,
        parameters: &[],
        effect: Effect::Ends,
        description: "Apply the edited configuration to the session: what has changed is restarted. Validate first.",
    },
    Tool {
        name: "down",
        action: Action::Down,
        parameters: &[TIMEOUT_PARAMETER],
        effect: Effect::Ends,
        description: "End the session: stop all services. Only for a session that up has started here.",
    },
];

impl Tool {
    pub(super) fn is_read_only(&self) -> bool {
        self.effect == Effect::Reads
    }

    fn listed(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "inputSchema": arguments::schema(self.parameters),
            "annotations": {
                "readOnlyHint": self.is_read_only(),
                "destructiveHint": self.effect == Effect::Ends,
                "idempotentHint": self.name != "restart",
                "openWorldHint": false,
            },
        })
    }
}

/// The tools that a server offers.
pub(super) fn offered(read_only: bool) -> impl Iterator<Item = &'static Tool> + Clone {
    TOOLS
        .iter()
        .filter(move |tool| !read_only || tool.is_read_only())
}

/// The answer to `tools/list`.
pub(super) fn list(read_only: bool) -> Value {
    let tools: Vec<Value> = offered(read_only).map(Tool::listed).collect();
    json!({ "tools": tools })
}

pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// The tool that is called, if it is offered; else what is, for the caller.
pub(super) fn called(name: &str, read_only: bool) -> Result<&'static Tool, String> {
    match find(name) {
        Some(tool) if tool.is_read_only() || !read_only => Ok(tool),
        Some(_) => Err(format!(
            "{name} changes the session, and this server was started with --read-only"
        )),
        None => {
            let names: Vec<&str> = offered(read_only).map(|tool| tool.name).collect();
            let names = names.join(", ");
            Err(format!("there is no tool {name:?}; the tools are {names}"))
        }
    }
}

const _: () = assert!(MAX_TEXT == 16_384, "the description of max_bytes says so");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn descriptions_and_schemas_fit_into_an_agents_budget() {
        let size = |tool: &Tool| {
            tool.description.chars().count()
                + arguments::schema(tool.parameters)
                    .to_string()
                    .chars()
                    .count()
        };
        let all: usize = TOOLS.iter().map(size).sum();
        assert!(all <= 9_000, "{all} characters");
    }

    #[test]
    fn every_tool_says_whether_it_changes_something() {
        let names =
            |read_only| -> BTreeSet<&str> { offered(read_only).map(|it| it.name).collect() };
        let reading = BTreeSet::from([
            "logs", "plan", "report", "status", "timeline", "validate", "wait", "why",
        ]);
        assert_eq!(names(true), reading);
        assert_eq!(names(false).len(), TOOLS.len(), "names are unique");
        for tool in list(false)["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            let hints = &tool["annotations"];
            assert_eq!(hints["readOnlyHint"], reading.contains(name), "{name}");
            let is_destructive = ["stop", "restart", "reload", "down"].contains(&name);
            assert_eq!(hints["destructiveHint"], is_destructive, "{name}");
            assert_eq!(tool["inputSchema"]["type"], "object", "{name}");
        }
    }

    #[test]
    fn every_tool_and_argument_is_documented() {
        let page = include_str!("../../docs/agents.md");
        let table = page.split_once("| tool |").unwrap().1;
        let table = table.split_once("\n\n").unwrap().0;
        for tool in TOOLS {
            let is_its = |row: &&str| {
                row.split('|')
                    .nth(1)
                    .unwrap_or_default()
                    .contains(&format!("`{}`", tool.name))
            };
            let row = table.lines().find(is_its);
            let row = row.unwrap_or_else(|| panic!("{} is not in docs/agents.md", tool.name));
            for Parameter { name, .. } in tool.parameters {
                assert!(
                    row.contains(&format!("`{name}`")),
                    "{name} of {}",
                    tool.name
                );
            }
        }
    }

    #[test]
    fn an_unknown_tool_leads_to_the_known_ones() {
        let error = called("restrat", false).unwrap_err();
        assert!(error.contains(", restart,"), "{error}");
        let error = called("restart", true).unwrap_err();
        assert!(error.contains("--read-only"), "{error}");
    }
}
