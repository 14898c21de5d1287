//! Compose files. A service that runs in a container keeps doing so, started by `docker compose`,
//! which goes on reading its file: images, volumes, networks and variables stay there, once.
//! FlowLayer takes over what it does better: the order of the start, readiness, and the logs.

mod files;
mod health;
mod native;
mod ports;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use indexmap::IndexSet;
use serde_json::{Value, json};

use self::files::Files;
use super::draft::{Draft, DraftService, names_a_job};
use super::source::{Beside, ImportError, few_enough};
use super::yaml::Node;
use super::{values, variables, yaml};
use crate::config::env_file;

/// Files that `docker compose` finds without `-f`.
const DEFAULT_NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];
/// Files that `docker compose` merges into one that it finds without `-f`.
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
    let dotenv: HashMap<String, String> = beside.dotenv(".env", &mut draft).into_iter().collect();
    let listed = |name: &str, separator: &str| -> Vec<&str> {
        let text = dotenv.get(name).map_or("", String::as_str);
        let parts = text.split(separator).map(str::trim);
        parts.filter(|part| !part.is_empty()).collect()
    };
    let separator = dotenv.get("COMPOSE_PATH_SEPARATOR");
    let separator = separator.filter(|separator| !separator.is_empty());
    let named: Vec<&str> = listed("COMPOSE_FILE", separator.map_or(":", String::as_str))
        .into_iter()
        .map(|path| path.strip_prefix("./").unwrap_or(path))
        .collect();
    let profiles = listed("COMPOSE_PROFILES", ",")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let files = Files::new(beside);
    let is_listed = named.contains(&name);
    let file = if is_listed {
        files.merged(name, file, &named, &mut draft)
    } else {
        file
    };
    let services = files.services(&file, Path::new(""), &mut draft);
    few_enough(services.len())?;
    let is_found = is_listed || named.is_empty() && DEFAULT_NAMES.contains(&name);
    if !named.is_empty() && !is_listed {
        draft.note(format!(
            "COMPOSE_FILE of .env: {}: {name} is read instead",
            named.join(", ")
        ));
    }
    let mut reader = Reader {
        compose: vec!["docker".to_owned(), "compose".to_owned()],
        dotenv_is_sound: env_file::read(&beside.directory.join(".env")).is_ok(),
        dotenv: dotenv.clone(),
        profiles,
        unset: RefCell::default(),
        oneshots: IndexSet::new(),
    };
    if is_found {
        let overrides = OVERRIDE_NAMES.into_iter().filter(|_| !is_listed);
        for name in overrides.filter(|name| beside.has(name)) {
            draft.note(format!(
                "{name}: docker compose merges it in; services, ports, checks and dependencies of that file are not read"
            ));
        }
    } else {
        reader.compose.extend(["-f".to_owned(), name.to_owned()]);
    }
    for (name, service) in &services {
        let is_container = ["image", "build", "extends", "provider"]
            .iter()
            .any(|key| service.get(key).is_some());
        // A service may be nothing but keys of its own; then there is nothing to start.
        let carried = if is_container {
            Some(reader.container(name, service))
        } else {
            reader.native(name, service)
        };
        let unset = std::mem::take(&mut *reader.unset.borrow_mut());
        match carried {
            Some(mut carried) => {
                if !unset.is_empty() {
                    let variables: Vec<String> = unset.into_iter().collect();
                    carried.note(format!(
                        "{}: set neither in .env nor by a default",
                        variables.join(", ")
                    ));
                }
                reader.job(name, service, &mut carried);
                draft.services.push(carried);
            }
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

struct Reader {
    /// `docker compose`, with the file where it has to be named.
    compose: Vec<String>,
    dotenv: HashMap<String, String>,
    /// Whether a service of ours can have the `.env` in its `envFile`.
    dotenv_is_sound: bool,
    /// Profiles that are on.
    profiles: Vec<String>,
    /// Variables of the service at hand that are set nowhere.
    unset: RefCell<IndexSet<String>>,
    /// Services whose end somebody waits for.
    oneshots: IndexSet<String>,
}

impl Reader {
    fn docker(&self, words: &[&str]) -> Value {
        let words = words.iter().map(|&word| word.to_owned());
        let argv: Vec<String> = self.compose.iter().cloned().chain(words).collect();
        json!(argv)
    }

    /// A value with its variables replaced by what the `.env` says, or by their defaults.
    fn replaced(&self, text: &str) -> String {
        variables::replace(text, &|name, has_default| {
            let value = self.dotenv.get(name);
            if value.is_none() && !has_default {
                self.unset.borrow_mut().insert(name.to_owned());
            }
            value.cloned()
        })
    }

    /// Whether it would have a value in it that is not written in the compose file.
    fn refers(&self, text: &str) -> bool {
        let refers = Cell::new(false);
        variables::replace(text, &|name, has_default| {
            let value = self.dotenv.get(name);
            refers.set(refers.get() || value.is_some() || !has_default);
            value.cloned()
        });
        refers.get()
    }

    /// What a key says of a time, in ms.
    fn time(&self, node: &Node, key: &str) -> Option<u64> {
        values::milliseconds(&self.replaced(node.get(key)?.text()?))
    }

    /// Puts the `.env` in front of the files of a service whose commands refer to it.
    fn give_dotenv(&self, service: &mut DraftService) {
        let mut files = match service.fields.remove("envFile") {
            Some(Value::Array(files)) => files,
            _ => Vec::new(),
        };
        let is_dotenv = |file: &Value| file == ".env" || file["path"] == ".env";
        if self.dotenv_is_sound && !files.iter().any(is_dotenv) {
            files.insert(0, json!(".env"));
        }
        if !files.is_empty() {
            service.set("envFile", files);
        }
    }

    /// A service that ends by itself, although nobody waits for that.
    fn job(&mut self, name: &str, from: &Node, service: &mut DraftService) {
        let restart = from.get("restart").and_then(Node::text);
        let lasts = matches!(restart, Some("always" | "unless-stopped"))
            || from.get("ports").is_some()
            || from.get("healthcheck").is_some();
        if lasts {
        } else if names_a_job(name) {
            self.oneshots.insert(name.to_owned());
        } else if restart == Some("no") {
            service.note("restart: no: if it ends by itself, it needs \"kind\": \"oneshot\"");
        }
    }

    fn container(&mut self, name: &str, from: &Node) -> DraftService {
        let mut service = DraftService::new(
            name,
            self.docker(&["up", "--no-log-prefix", "--no-deps", name]),
        );
        if name.contains('\0') || name.starts_with('-') {
            service.note("its name: docker compose takes no such name");
        }
        let image = from.get("image").and_then(Node::text);
        service.description = image.map(|image| format!("{name}: {image}"));
        service.set("stopCmd", self.docker(&["stop", name]));
        let stop = self.time(from, "stop_grace_period");
        let grace = stop.unwrap_or(STOP_MS).min(3_600_000) + STOP_MARGIN_MS;
        service.set("stopGraceMs", grace);
        // Where docker compose finds its file, and the `.env` beside it.
        service.set("cwd", ".");
        let ports = self.ports(from, &mut service);
        self.health(from, &ports, Some(name), &mut service);
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

    /// What it depends on, and whether it starts by itself.
    fn relations(&mut self, from: &Node, service: &mut DraftService) {
        if let Some(node) = from.get("depends_on") {
            service
                .depends_on
                .extend(node.texts().into_iter().map(str::to_owned));
            for (name, condition) in node.entries() {
                service.depends_on.push(name.clone());
                match condition.get("condition").and_then(Node::text) {
                    None | Some("service_started" | "service_healthy") => {}
                    Some("service_completed_successfully") => {
                        self.oneshots.insert(name.clone());
                    }
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
        let is_on = |profile: &&str| self.profiles.iter().any(|on| on == profile || on == "*");
        if !profiles.is_empty() && !profiles.iter().any(is_on) {
            service.set("autoStart", false);
            service.note(format!(
                "profiles: {}: it starts when asked for",
                profiles.join(", ")
            ));
        }
    }
}
