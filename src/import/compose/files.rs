//! The services of a compose file, with those of the files it includes and of the services it extends.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::facts::shown_path;
use crate::import::draft::Draft;
use crate::import::source::Beside;
use crate::import::yaml::{self, Node, Value};

/// How many other files are read.
const MAX_FILES: usize = 64;
/// How many services stand behind one by `extends`.
const MAX_DEPTH: usize = 16;
/// How many values all merging may make.
const MAX_NODES: usize = 1_000_000;

/// Reads files, within bounds.
pub(super) struct Files<'a> {
    pub(super) beside: &'a Beside<'a>,
    /// How many may still be read.
    further: Cell<usize>,
    /// How many values merging may still make.
    nodes: Cell<usize>,
}

impl<'a> Files<'a> {
    pub(super) fn new(beside: &'a Beside<'a>) -> Self {
        Self {
            beside,
            further: Cell::new(MAX_FILES),
            nodes: Cell::new(MAX_NODES),
        }
    }

    /// A file, by its path from the directory of the source.
    fn read(&self, path: &Path) -> Option<Node> {
        self.further.set(self.further.get().checked_sub(1)?);
        yaml::parse(&self.beside.text(path.to_str()?)?).ok()
    }

    /// The file of this name with those that docker compose merges with it, in their order.
    pub(super) fn merged(&self, name: &str, own: Node, listed: &[&str], draft: &mut Draft) -> Node {
        let mut merged: Option<Node> = None;
        for path in listed {
            let file = if *path == name {
                Some(own.clone())
            } else {
                self.read(Path::new(path))
            };
            let Some(file) = file else {
                draft.note(format!("{path} (COMPOSE_FILE): it cannot be read"));
                continue;
            };
            merged = match merged {
                None => Some(file),
                Some(base) => self.merge(&base, &file, "").or(Some(base)),
            };
        }
        merged.unwrap_or(own)
    }

    /// The services of a file in this directory, each as it is meant, after those it includes.
    pub(super) fn services(
        &self,
        file: &Node,
        directory: &Path,
        draft: &mut Draft,
    ) -> IndexMap<String, Node> {
        let mut services = IndexMap::new();
        for include in file.get("include").map(Node::items).unwrap_or_default() {
            for path in include.get("path").unwrap_or(include).texts() {
                let path = directory.join(path);
                let Some(file) = self.read(&path) else {
                    let (path, line) = (shown_path(&path), include.line);
                    draft.note(format!("include {path} (line {line}): it cannot be read"));
                    continue;
                };
                let directory = path.parent().unwrap_or(directory);
                services.extend(self.services(&file, directory, draft));
            }
        }
        for (name, service) in file.get("services").map(Node::entries).unwrap_or_default() {
            let whole = self.extended(service, file, directory, 0);
            services.insert(name.clone(), whole.unwrap_or_else(|| service.clone()));
        }
        services
    }

    /// A service with what it extends; `None` if that cannot be read.
    fn extended(
        &self,
        service: &Node,
        file: &Node,
        directory: &Path,
        depth: usize,
    ) -> Option<Node> {
        let Some(extends) = service.get("extends").filter(|_| depth < MAX_DEPTH) else {
            return (depth < MAX_DEPTH).then(|| service.clone());
        };
        let name = extends.get("service").unwrap_or(extends).text()?;
        let base = match extends.get("file").and_then(Node::text) {
            None => self.extended(file.get("services")?.get(name)?, file, directory, depth + 1),
            Some(path) => {
                let path: PathBuf = directory.join(path);
                let file = self.read(&path)?;
                let base = file.get("services")?.get(name)?;
                self.extended(base, &file, path.parent()?, depth + 1)
            }
        }?;
        let mut own = service.clone();
        if let Value::Map(entries) = &mut own.value {
            entries.retain(|(key, _)| key != "extends");
        }
        self.merge(&base, &own, "")
    }

    /// Mappings are merged and lists appended, but for those that are one command.
    fn merge(&self, base: &Node, over: &Node, key: &str) -> Option<Node> {
        self.nodes.set(self.nodes.get().checked_sub(1)?);
        let value = match (&base.value, &over.value) {
            (Value::Map(below), Value::Map(above)) => {
                let mut entries = below.clone();
                for (key, value) in above {
                    match entries.iter_mut().find(|(known, _)| known == key) {
                        Some((_, known)) => *known = self.merge(known, value, key)?,
                        None => entries.push((key.clone(), value.clone())),
                    }
                }
                let made = self.nodes.get().checked_sub(entries.len())?;
                self.nodes.set(made);
                Value::Map(entries)
            }
            (Value::List(below), Value::List(above))
                if !["command", "entrypoint", "test"].contains(&key) =>
            {
                let made = below.len() + above.len();
                self.nodes.set(self.nodes.get().checked_sub(made)?);
                Value::List(below.iter().chain(above).cloned().collect())
            }
            (_, above) => above.clone(),
        };
        Some(Node {
            line: over.line,
            value,
        })
    }
}
