//! Compose files. A service that runs in a container keeps doing so, started by `docker compose`,
//! which goes on reading its file: images, volumes, networks and variables stay there, once.
//! FlowLayer takes over what it does better: the order of the start, readiness, and the logs.

mod ports;

use std::collections::HashMap;

use serde_json::{Value, json};

use ports::{Port, Published};

use super::draft::{Draft, Service};
use super::health::{argv, milliseconds, recognise};
use super::process_compose::{environment, is_path};
use super::yaml::Node;
use super::{Beside, ImportError, few_enough, shell, variables, yaml};

/// What `docker compose` finds without being told.
const DEFAULT_NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];
/// What `docker compose` merges into a file that it finds without being told.
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
];
/// How long `docker compose stop` may take by itself, and some time for it to say so, in ms.
const STOP_MS: u64 = 10_000;
const STOP_MARGIN_MS: u64 = 5000;

/// Reads a compose file of this name.
pub(super) fn read(text: &str, name: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let file = yaml::parse(text)?;
    let mut draft = Draft::default();
    let Some(services) = file.get("services") else {
        return Ok(draft);
    };
    few_enough(services.entries().len())?;
    for key in ["include", "extends"] {
        if let Some(value) = file.get(key) {
            draft.note(format!(
                "{key} (line {}): the services of other files",
                value.line
            ));
        }
    }
    let dotenv: HashMap<String, String> = beside.dotenv().into_iter().collect();
    let mut reader = Reader {
        compose: vec!["docker".to_owned(), "compose".to_owned()],
        dotenv,
        oneshots: Vec::new(),
        beside,
    };
    if DEFAULT_NAMES.contains(&name) {
        for name in OVERRIDE_NAMES.into_iter().filter(|name| beside.has(name)) {
            draft.note(format!(
                "{name}: docker compose merges it in; services, ports, checks and dependencies of that file are not read"
            ));
        }
    } else {
        reader.compose.extend(["-f".to_owned(), name.to_owned()]);
    }
    for (name, service) in services.entries() {
        let is_container = ["image", "build", "extends", "provider"]
            .iter()
            .any(|key| service.get(key).is_some());
        // A service may be nothing but keys of its own; then there is nothing to start.
        let carried = if is_container {
            Some(reader.container(name, service))
        } else {
            reader.native(name, service)
        };
        match carried {
            Some(service) => draft.services.push(service),
            None => draft.note(format!(
                "{name}: it has no image, build or command (line {})",
                service.line
            )),
        }
    }
    for name in reader.oneshots {
        make_oneshot(&mut draft, &name);
    }
    Ok(draft)
}

/// A container that somebody waits for has to hand its exit code on.
fn make_oneshot(draft: &mut Draft, name: &str) {
    draft.make_oneshot(name);
    let Some(service) = draft
        .services
        .iter_mut()
        .find(|service| service.name == name)
    else {
        return;
    };
    let Some(Value::Array(argv)) = service.fields.get_mut("cmd") else {
        return;
    };
    let up = argv.iter().position(|word| word == "--no-log-prefix");
    if let (Some(at), true) = (up, argv.first().is_some_and(|word| word == "docker")) {
        argv.splice((at + 1)..=at, [json!("--exit-code-from"), json!(name)]);
    }
}

struct Reader<'a> {
    /// `docker compose`, with the file where it has to be named.
    compose: Vec<String>,
    dotenv: HashMap<String, String>,
    /// Services whose end somebody waits for.
    oneshots: Vec<String>,
    beside: &'a Beside<'a>,
}

impl Reader<'_> {
    fn docker(&self, words: &[&str]) -> Value {
        let words = words.iter().map(|&word| word.to_owned());
        let argv: Vec<String> = self.compose.iter().cloned().chain(words).collect();
        json!(argv)
    }

    /// A value with its variables replaced by what the `.env` says, or by their defaults.
    fn replaced(&self, text: &str) -> String {
        variables::replace(text, &|name| self.dotenv.get(name).cloned())
    }

    fn container(&mut self, name: &str, from: &Node) -> Service {
        let mut service = Service::new(
            name,
            self.docker(&["up", "--no-log-prefix", "--no-deps", name]),
        );
        if name.contains('\0') || name.starts_with('-') {
            service.note("its name: docker compose takes no such name");
        }
        let image = from.get("image").and_then(Node::text);
        service.description = image.map(|image| format!("{name}: {image}"));
        service.set("stopCmd", self.docker(&["stop", name]));
        let stop = from
            .get("stop_grace_period")
            .and_then(Node::text)
            .and_then(milliseconds);
        let grace = stop.unwrap_or(STOP_MS).min(3_600_000) + STOP_MARGIN_MS;
        service.set("stopGraceMs", grace);
        // Where docker compose finds its file, and the `.env` beside it.
        service.set("cwd", ".");
        let ports = self.ports(from, &mut service);
        self.health(name, from, &ports, Some(name), &mut service);
        if let Some(published) = ports.first() {
            service.listens_on(published.host);
        }
        self.relations(from, &mut service);
        for (key, value) in from.entries() {
            match key.as_str() {
                "restart" if value.text().is_some_and(|policy| policy != "no") => {
                    service.note(format!(
                        "restart: {}: Docker goes on doing so; FlowLayer restarts nothing itself",
                        value.text().unwrap_or_default()
                    ));
                }
                "develop" => service.note("develop: `docker compose watch` does that"),
                "extends" => {
                    service
                        .note("extends: what the other service depends on, publishes and checks");
                }
                "scale" | "deploy" => service.note(format!(
                    "{key}: FlowLayer sees all of its containers as one service"
                )),
                _ => {}
            }
        }
        service
    }

    /// A service that has a command but no container runs on this machine.
    fn native(&mut self, name: &str, from: &Node) -> Option<Service> {
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
        let cmd = if let (None, Some(text)) = (
            from.get("entrypoint"),
            from.get("command").and_then(Node::text),
        ) {
            shell::line(&self.replaced(text))?
        } else {
            let mut argv = words("entrypoint").unwrap_or_default();
            argv.extend(words("command").unwrap_or_default());
            let is_command = argv.first().is_some_and(|program| !program.is_empty())
                && argv.iter().all(|word| !word.contains('\0'));
            is_command.then(|| shell::Line {
                env: Vec::new(),
                cmd: json!(argv),
            })?
        };
        let mut service = Service::new(name, cmd.cmd);
        if let Some(path) = from
            .get("working_dir")
            .and_then(Node::text)
            .map(|path| self.replaced(path))
            && is_path(&path)
        {
            service.set("cwd", path);
        }
        let files = self.env_files(from.get("env_file"), &mut service);
        if !files.is_empty() {
            service.set("envFile", files);
        }
        let variables = environment(from.get("environment"));
        let variables = variables.into_iter().map(|(name, value)| {
            let value = self.replaced(&value);
            (name, value)
        });
        service.set_env(variables);
        service.set_env(cmd.env);
        let ports = self.ports(from, &mut service);
        // Nothing stands between the service and its port.
        let inner: Vec<Published> = ports
            .iter()
            .map(|port| Published {
                host: port.inner,
                inner: port.inner,
            })
            .collect();
        self.health(name, from, &inner, None, &mut service);
        if let Some(port) = inner.first() {
            service.listens_on(port.host);
        }
        if let Some(ms) = from
            .get("stop_grace_period")
            .and_then(Node::text)
            .and_then(milliseconds)
            && ms > 0
        {
            service.set("stopGraceMs", ms);
        }
        self.relations(from, &mut service);
        for (key, value) in from.entries() {
            match key.as_str() {
                _ if value.is_null() => {}
                "command" | "entrypoint" | "working_dir" | "env_file" | "environment" | "ports"
                | "expose" | "healthcheck" | "depends_on" | "profiles" | "links"
                | "stop_grace_period" => {}
                "restart" if value.text() == Some("no") => {}
                key if key.starts_with("x-") => {}
                key => {
                    let shown = value
                        .text()
                        .map(|text| format!(": {text}"))
                        .unwrap_or_default();
                    service.note(format!("{key}{shown} (line {})", value.line));
                }
            }
        }
        Some(service)
    }

    /// Names, or mappings with `path` and `required`. A file of ours has to be there, so one that
    /// may be missing is kept only if it is not.
    fn env_files(&self, node: Option<&Node>, service: &mut Service) -> Vec<String> {
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
            if is_optional && !self.beside.has(&path) {
                service.note(format!(
                    "env_file {path} (line {}): it is optional and not there; a file in envFile has to be",
                    item.line
                ));
            } else {
                files.push(path);
            }
        }
        files
    }

    /// What it depends on, and whether it starts by itself.
    fn relations(&mut self, from: &Node, service: &mut Service) {
        if let Some(node) = from.get("depends_on") {
            service
                .depends_on
                .extend(node.texts().into_iter().map(str::to_owned));
            for (name, condition) in node.entries() {
                service.depends_on.push(name.clone());
                match condition.get("condition").and_then(Node::text) {
                    None | Some("service_started" | "service_healthy") => {}
                    Some("service_completed_successfully") => self.oneshots.push(name.clone()),
                    Some(other) => {
                        service.note(format!("depends_on {name}: {other}: it has to be up"));
                    }
                }
                if condition.get("restart").is_some_and(Node::is_true) {
                    service.note(format!(
                        "depends_on {name}: restart: dependents keep running"
                    ));
                }
                if condition
                    .get("required")
                    .is_some_and(|required| !required.is_true())
                {
                    service.note(format!(
                        "depends_on {name}: required: false: it has to be up"
                    ));
                }
            }
        }
        // Compose takes these for dependencies too.
        let links = from.get("links").map(Node::texts).unwrap_or_default();
        let volumes = from
            .get("volumes_from")
            .map(Node::texts)
            .unwrap_or_default();
        let names = links
            .iter()
            .chain(&volumes)
            .filter_map(|link| link.split(':').next());
        service
            .depends_on
            .extend(names.filter(|name| *name != "container").map(str::to_owned));
        for key in ["network_mode", "ipc", "pid"] {
            let other = from
                .get(key)
                .and_then(Node::text)
                .and_then(|mode| mode.strip_prefix("service:"));
            service.depends_on.extend(other.map(str::to_owned));
        }
        let profiles = from.get("profiles").map(Node::texts).unwrap_or_default();
        if !profiles.is_empty() {
            service.set("autoStart", false);
            service.note(format!(
                "profiles: {}: it starts when asked for",
                profiles.join(", ")
            ));
        }
    }

    /// The TCP ports that this machine sees, in order.
    fn ports(&self, from: &Node, service: &mut Service) -> Vec<Published> {
        let mut ports = Vec::new();
        for item in from.get("ports").map(Node::items).unwrap_or_default() {
            let text = item.text().map(|text| self.replaced(text));
            let published = match &text {
                Some(text) => ports::short(text),
                None => ports::long(item, |text| self.replaced(text)),
            };
            match published {
                Port::Fixed(published) => ports.push(published),
                Port::First(published, others) => {
                    ports.push(published);
                    service.note(format!("the ports (line {}) {others}", item.line));
                }
                Port::Other(why) => {
                    let shown = text.unwrap_or_else(|| "in the long form".to_owned());
                    service.note(format!("the port {shown} (line {}): {why}", item.line));
                }
            }
        }
        if let [_, others @ ..] = ports.as_slice()
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|port| port.host.to_string()).collect();
            service.note(format!(
                "further ports ({}): FlowLayer checks one a service",
                others.join(", ")
            ));
        }
        ports
    }

    fn health(
        &self,
        name: &str,
        from: &Node,
        ports: &[Published],
        container: Option<&str>,
        service: &mut Service,
    ) {
        let Some(check) = from.get("healthcheck") else {
            return;
        };
        if check.get("disable").is_some_and(Node::is_true) {
            return;
        }
        let Some(test) = check.get("test") else {
            return service.note("healthcheck: the test is that of the image");
        };
        let (command, mut run) = match (test.text(), test.texts().as_slice()) {
            (Some(line), _) => (
                argv(&self.replaced(line)),
                vec!["sh".to_owned(), "-c".to_owned(), self.replaced(line)],
            ),
            (None, ["NONE", ..]) => return,
            (None, ["CMD-SHELL", line, ..]) => (
                argv(&self.replaced(line)),
                vec!["sh".to_owned(), "-c".to_owned(), self.replaced(line)],
            ),
            (None, ["CMD", words @ ..]) => {
                let words: Vec<String> = words.iter().map(|word| self.replaced(word)).collect();
                (Some(words.clone()), words)
            }
            _ => return service.note("healthcheck.test: neither CMD nor CMD-SHELL"),
        };
        let here = |inner: u16| {
            let mut known = ports.iter();
            let found = known.find(|port| port.inner == inner).map(|port| port.host);
            found.or_else(|| container.is_none().then_some(inner))
        };
        let check_of_ours = command.as_deref().and_then(recognise);
        let mut probe = if let Some(probe) = check_of_ours.and_then(|check| check.probe(here)) {
            probe
        } else {
            let is_command = run.first().is_some_and(|program| !program.is_empty())
                && run.iter().all(|word| !word.contains('\0'));
            if !is_command {
                return service.note("healthcheck.test: it is no command");
            }
            if container.is_some() {
                let mut argv = self.compose.clone();
                argv.extend(["exec", "-T", name].map(str::to_owned));
                argv.append(&mut run);
                run = argv;
            }
            json!({ "type": "exec", "cmd": run })
        };
        let timeout = check
            .get("timeout")
            .and_then(Node::text)
            .and_then(milliseconds);
        if let Some(ms) = timeout.filter(|&ms| ms > 0) {
            probe["attemptTimeoutMs"] = json!(ms);
        }
        service.set("ready", probe);
        let timing = ["interval", "retries", "start_period", "start_interval"];
        let given: Vec<&str> = timing
            .into_iter()
            .filter(|key| check.get(key).is_some())
            .collect();
        if !given.is_empty() {
            service.note(format!(
                "healthcheck {}: FlowLayer probes every 200 ms until the probe passes (ready.timeoutMs sets a limit)",
                given.join(", ")
            ));
        }
    }
}
