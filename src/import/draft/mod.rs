//! A stack as it is being carried over. [`repair`] makes it a valid config, [`ports`] lets services refer to each
//! other, [`render`] makes the text.

mod ports;
mod render;
mod repair;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::facts::StopSignal;
use render::one_line;

/// What is carried over, and what is not.
#[derive(Debug, Default)]
pub struct Draft {
    pub(super) services: Vec<DraftService>,
    /// About the source as a whole.
    notes: Vec<String>,
}

/// One service.
#[derive(Debug)]
pub(super) struct DraftService {
    pub(super) name: String,
    /// What the source says of it.
    pub(super) description: Option<String>,
    /// The fields of the config, but for `dependsOn`.
    pub(super) fields: Map<String, Value>,
    pub(super) depends_on: Vec<String>,
    /// What is not carried over, or not as it was.
    pub(super) notes: Vec<String>,
}

impl DraftService {
    pub(super) fn new(name: &str, cmd: Value) -> Self {
        let mut fields = Map::new();
        fields.insert("cmd".to_owned(), cmd);
        Self {
            name: name.to_owned(),
            description: None,
            fields,
            depends_on: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.fields.insert(field.to_owned(), value.into());
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        add_note(&mut self.notes, note.into());
    }

    /// Sets variables, later ones over earlier ones. One that no process can hold is noted.
    pub(super) fn set_env(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        let mut env = match self.fields.remove("env") {
            Some(Value::Object(env)) => env,
            _ => Map::new(),
        };
        for (name, value) in variables {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                self.note(format!("the variable {name:?}: no process can hold it"));
            } else {
                env.insert(name, Value::String(value));
            }
        }
        if !env.is_empty() {
            self.set("env", env);
        }
    }

    /// Sets the port and, without a better probe, waits until something accepts connections on it.
    pub(super) fn listens_on(&mut self, port: u16) {
        self.set("port", port);
        if !self.fields.contains_key("ready") {
            self.set("ready", json!({ "type": "tcp" }));
        }
    }

    /// Sets its stop signal, which `key` of the source gives by name or number.
    pub(super) fn stops_on(&mut self, key: &str, given: &str) {
        let name = given.strip_prefix("SIG").unwrap_or(given);
        let is_it = |signal: &StopSignal| {
            let number = signal.signal() as i32;
            signal.to_string()[3..] == *name || number.to_string() == given
        };
        match StopSignal::ALL.into_iter().find(is_it) {
            Some(StopSignal::Sigterm) => {}
            Some(signal) => self.set("stopSignal", signal.to_string()),
            None => self.note(format!(
                "{key}: {given}: FlowLayer sends SIGTERM, then SIGKILL"
            )),
        }
    }

    /// Makes it a oneshot. Its exit code is all that counts, so it has neither port nor probe.
    pub(super) fn make_oneshot(&mut self) {
        self.fields.shift_remove("kind");
        // In front, where a reader looks for it.
        self.fields
            .shift_insert(0, "kind".to_owned(), "oneshot".into());
        let port = self.fields.shift_remove("port");
        let ready = self.fields.shift_remove("ready");
        if port.or(ready).is_some() {
            self.note("its port and its check: of a job the exit code alone counts");
        }
    }
}

/// Words in the name of a job: something that ends by itself, although its source does not say so.
const JOBS: [&str; 12] = [
    "migrate",
    "migrator",
    "migration",
    "migrations",
    "init",
    "initdb",
    "seed",
    "seeder",
    "setup",
    "bootstrap",
    "createdb",
    "release",
];

/// Whether a name says that it ends by itself.
pub(super) fn names_a_job(name: &str) -> bool {
    words(name).any(|word| JOBS.contains(&word))
}

/// The words of a name: `db:migrate`, `db-migrate` and `db_migrate` have two.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split([':', '-', '_', '.', '/'])
}

/// What is not carried over of a file that is something else entirely would fill another file.
fn add_note(notes: &mut Vec<String>, note: String) {
    const MAX_NOTES: usize = 200;
    match notes.len() {
        0..MAX_NOTES => notes.push(note),
        MAX_NOTES => notes.push("more than can be listed here".to_owned()),
        _ => {}
    }
}

impl Draft {
    pub(super) fn note(&mut self, note: impl Into<String>) {
        add_note(&mut self.notes, note.into());
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Everything that is not carried over as it was, a sentence each. What is said of several
    /// services alike is said once, with their names in front.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let mut grouped: IndexMap<&str, Vec<String>> = IndexMap::new();
        for service in &self.services {
            for note in &service.notes {
                let names = grouped.entry(note).or_default();
                names.push(one_line(&service.name));
            }
        }
        let whole = self.notes.iter().map(|note| one_line(note));
        whole.chain(
            grouped
                .into_iter()
                .map(|(note, names)| format!("{}: {}", names.join(", "), one_line(note))),
        )
    }

    /// Adds what another source has. A name that is there already gets a number behind it.
    pub fn add(&mut self, other: Self, source: &str) {
        let mut names = HashMap::new();
        let mut services = other.services;
        for service in &mut services {
            let mut name = service.name.clone();
            let mut number = 2;
            while self.services.iter().any(|known| known.name == name) {
                name = format!("{}-{number}", service.name);
                number += 1;
            }
            if name != service.name {
                service.note(format!(
                    "it is called {:?} in {source}; the name was taken",
                    service.name
                ));
                names.insert(std::mem::replace(&mut service.name, name.clone()), name);
            }
        }
        for service in &mut services {
            for dependency in &mut service.depends_on {
                if let Some(name) = names.get(dependency) {
                    dependency.clone_from(name);
                }
            }
        }
        self.services.append(&mut services);
        self.notes.extend(other.notes);
    }

    /// Makes a dependency a oneshot: somebody waits for its end.
    pub(super) fn make_oneshot(&mut self, name: &str) {
        let mut services = self.services.iter_mut();
        if let Some(service) = services.find(|service| service.name == name) {
            service.make_oneshot();
        }
    }

    /// Makes paths relative to another directory: `prefix` leads from it to the source's.
    pub fn relocate(&mut self, prefix: &str) {
        let moved = |path: &str| {
            let path = Path::new(prefix).join(path);
            // `a/.` is `a`.
            path.components()
                .collect::<PathBuf>()
                .to_string_lossy()
                .into_owned()
        };
        for service in &mut self.services {
            let cwd = service
                .fields
                .get("cwd")
                .and_then(Value::as_str)
                .unwrap_or(".");
            let cwd = moved(cwd);
            service.set("cwd", cwd);
            let files = match service.fields.get_mut("envFile") {
                Some(Value::Array(files)) => files.as_mut_slice(),
                Some(file) => std::slice::from_mut(file),
                None => &mut [],
            };
            for file in files {
                let path = match file {
                    Value::Object(file) => &mut file["path"],
                    path => path,
                };
                if let Value::String(path) = path {
                    *path = moved(path);
                }
            }
        }
    }
}
