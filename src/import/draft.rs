//! A stack as it is being carried over, and the text of the config that comes out.

use std::collections::HashMap;
// Writing into a string cannot fail; what it says is dropped everywhere below.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::config::{self, Origin};

/// What is carried over, and what is not.
#[derive(Debug, Default)]
pub struct Draft {
    pub(super) services: Vec<Service>,
    /// About the source as a whole.
    notes: Vec<String>,
}

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// What the source says of it.
    pub(super) description: Option<String>,
    /// The fields of the config, but for `dependsOn`.
    pub(super) fields: Map<String, Value>,
    pub(super) depends_on: Vec<String>,
    /// What is not carried over, or not as it was.
    pub(super) notes: Vec<String>,
}

impl Service {
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

    pub(super) fn is_oneshot(&self) -> bool {
        self.fields
            .get("kind")
            .is_some_and(|kind| kind == "oneshot")
    }
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

    /// Everything that is not carried over as it was, a sentence each.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let whole = self.notes.iter().map(|note| one_line(note));
        let services = self.services.iter().flat_map(|service| {
            let notes = service.notes.iter();
            notes.map(|note| format!("{}: {}", one_line(&service.name), one_line(note)))
        });
        whole.chain(services)
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
        if let Some(service) = self
            .services
            .iter_mut()
            .find(|service| service.name == name)
            && !service.is_oneshot()
        {
            // In front, where a reader looks for it.
            service
                .fields
                .shift_insert(0, "kind".to_owned(), "oneshot".into());
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
            match service.fields.get_mut("envFile") {
                Some(Value::String(path)) => *path = moved(path),
                Some(Value::Array(paths)) => {
                    for path in paths {
                        let there = path.as_str().map(moved);
                        *path = json!(there);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes out what no config may hold, with a note for each thing.
    pub(super) fn mend(&mut self) {
        for service in &mut self.services {
            service.mend();
        }
        for service in self
            .services
            .extract_if(.., |service| !service.fields.contains_key("cmd"))
        {
            let why = service.notes.last().cloned().unwrap_or_default();
            add_note(&mut self.notes, format!("{}: {why}", service.name));
        }
        let unnamed = self
            .services
            .iter()
            .filter(|service| service.name.is_empty())
            .count();
        if unnamed > 0 {
            self.note("a service without a name");
        }
        self.services.retain(|service| !service.name.is_empty());
        let index: HashMap<String, usize> = self
            .services
            .iter()
            .enumerate()
            .map(|(at, service)| (service.name.clone(), at))
            .collect();
        for service in &mut self.services {
            let mut seen = Vec::new();
            for dependency in std::mem::take(&mut service.depends_on) {
                if seen.contains(&dependency) {
                } else if dependency == service.name {
                    service.note("it depends on itself");
                } else if index.contains_key(&dependency) {
                    seen.push(dependency);
                } else {
                    service.note(format!("it depends on {dependency:?}, which is not here"));
                }
            }
            service.depends_on = seen;
        }
        self.break_circles(&index);
    }

    /// Takes one dependency out of every circle.
    fn break_circles(&mut self, index: &HashMap<String, usize>) {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            OnPath,
            Done,
        }
        let mut seen = vec![Seen::No; self.services.len()];
        for root in 0..self.services.len() {
            // A depth-first walk with a stack of its own: a chain may be long.
            let mut path = vec![(root, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                if seen[at] == Seen::Done {
                    path.pop();
                    continue;
                }
                seen[at] = Seen::OnPath;
                let Some(dependency) = self.services[at].depends_on.get(*next) else {
                    seen[at] = Seen::Done;
                    path.pop();
                    continue;
                };
                let on = index[dependency];
                if seen[on] == Seen::OnPath {
                    let name = self.services[at].depends_on.remove(*next);
                    self.services[at].note(format!("it depends on {name:?}: that closes a circle"));
                    continue;
                }
                *next += 1;
                if seen[on] == Seen::No {
                    path.push((on, 0));
                }
            }
        }
    }

    /// The text of the config.
    pub fn render(&self, sources: &[String]) -> String {
        let mut text = String::new();
        comment(
            &mut text,
            0,
            &format!("Written by `flowlayer init` from {}.", sources.join(", ")),
        );
        comment(
            &mut text,
            0,
            "`flowlayer validate` checks this file, `flowlayer plan` shows the order of the start,",
        );
        comment(
            &mut text,
            0,
            "`flowlayer serve` starts it, `flowlayer tui` watches it.",
        );
        if !self.notes.is_empty() {
            comment(&mut text, 0, "");
            comment(&mut text, 0, "Not carried over:");
            for note in &self.notes {
                comment(&mut text, 0, &format!("- {note}"));
            }
        }
        text.push_str("{\n  // Where clients reach the session: tui, logs, status and others.\n");
        text.push_str("  \"session\": { \"bind\": \"127.0.0.1:6999\" },\n\n  \"services\": {\n");
        for (at, service) in self.services.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            service.render(&mut text);
        }
        text.push_str("  }\n}\n");
        text
    }
}

impl Service {
    /// Takes out every field that the config's own rules refuse. They decide, not a copy of them.
    fn mend(&mut self) {
        // Each round takes a field away, and there are only so many.
        while self.fields.contains_key("cmd") {
            let alone = json!({ "services": { "x": self.fields } });
            let report = config::check(alone.to_string().into_bytes(), Origin::stdin());
            let Some(problem) = report.problems.iter().find(|problem| problem.is_error()) else {
                return;
            };
            let path = problem.path.strip_prefix("services.x.").unwrap_or("cmd");
            let field = path.split(['.', '[']).next().unwrap_or_default();
            let field = if self.fields.contains_key(field) {
                field
            } else {
                "cmd"
            };
            let note = format!("{field}: {}", problem.message);
            self.fields.shift_remove(field);
            self.note(note);
        }
    }

    fn render(&self, text: &mut String) {
        if let Some(description) = &self.description {
            comment(text, 4, description);
        }
        for note in &self.notes {
            comment(text, 4, &format!("not carried over: {note}"));
        }
        let _ = writeln!(text, "    {}: {{", json!(self.name));
        let mut fields = self.fields.clone();
        if !self.depends_on.is_empty() {
            fields.insert("dependsOn".to_owned(), json!(self.depends_on));
        }
        for (name, value) in &fields {
            let _ = write!(text, "      {}: ", json!(name));
            value_text(text, name, value);
            text.push_str(",\n");
        }
        text.push_str("    },\n");
    }
}

/// Short values on one line, variables one a line.
fn value_text(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(members) if name == "env" => {
            text.push_str("{\n");
            for (name, value) in members {
                let _ = writeln!(text, "        {}: {value},", json!(name));
            }
            text.push_str("      }");
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let mut text = format!("{}: ", json!(name));
                    value_text(&mut text, name, value);
                    text
                })
                .collect();
            let _ = write!(text, "{{ {} }}", members.join(", "));
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            let _ = write!(text, "[{}]", items.join(", "));
        }
        value => text.push_str(&value.to_string()),
    }
}

fn comment(text: &mut String, indent: usize, comment: &str) {
    let line = format!("{:indent$}// {}", "", one_line(comment));
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Text of a source within a line of ours: nothing in it ends the line, reaches a terminal as a
/// command, or turns the direction of what follows.
fn one_line(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let shown = text.trim().chars().map(|c| match c {
        '\n' | '\t' | '\r' => ' ',
        c if c.is_control() || is_invisible(c) => '\u{fffd}',
        c => c,
    });
    let mut line: String = shown.take(MAX_CHARS).collect();
    if line.chars().count() == MAX_CHARS {
        line.push('…');
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
