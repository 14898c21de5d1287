//! What is different between two sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::run::Run;
use super::timeline::Timeline;
use crate::facts::{Change, ChangeKind, Definition, FieldChange};

/// What is different in `new`, compared with `old`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Definitions, by name of the service.
    pub definitions: Vec<Change>,
    /// How the boot of each service went, where that is not the same.
    pub outcomes: Vec<Difference>,
    /// How long the boot took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<[u64; 2]>,
}

/// A service whose boot went otherwise, or took longer or less long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name.
    pub service: Arc<str>,
    /// Before; absent where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Outcome>,
    /// Now; absent where it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Outcome>,
}

/// How the boot of a service went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether it came up.
    pub up: bool,
    /// From the beginning of its start until it was up or had failed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_ms: Option<u64>,
    /// Its status and reason, for people, where it was not up in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Times that differ by less than this, or by less than a quarter, are the same.
const NOTICED_MS: u64 = 200;

impl Differences {
    /// Of two runs.
    pub fn between(old: &Run, new: &Run) -> Self {
        let (old_boot, new_boot) = (Timeline::of(old), Timeline::of(new));
        let before = outcomes(old, old_boot.as_ref());
        let after = outcomes(new, new_boot.as_ref());
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let outcomes = names.into_iter().filter_map(|name| {
            let difference = Difference {
                service: Arc::clone(name),
                old: before.get(name).cloned(),
                new: after.get(name).cloned(),
            };
            (!difference.is_same()).then_some(difference)
        });
        Self {
            outcomes: outcomes.collect(),
            definitions: definitions(old, new),
            boot_ms: old_boot
                .zip(new_boot)
                .map(|(old, new)| [old.total_ms, new.total_ms]),
        }
    }
}

impl Difference {
    fn is_same(&self) -> bool {
        let (Some(old), Some(new)) = (&self.old, &self.new) else {
            return false;
        };
        old.up == new.up && old.why == new.why && is_close(old.own_ms, new.own_ms)
    }
}

fn is_close(old: Option<u64>, new: Option<u64>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let between = old.abs_diff(new);
            between < NOTICED_MS || between < old.max(new) / 4
        }
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// How each service fared: in the boot, and at the last moment before the end.
fn outcomes(run: &Run, boot: Option<&Timeline>) -> BTreeMap<Arc<str>, Outcome> {
    let steps = boot.map_or(&[][..], |boot| &boot.services);
    let own = |name: &str| steps.iter().find(|step| &*step.service == name)?.own_ms();
    let states = run.states(run.end());
    states
        .into_iter()
        .map(|state| {
            let up = state.is_up();
            let why = match &state.details.reason {
                Some(reason) => format!("{}: {reason}", state.status.as_str()),
                None => state.status.as_str().to_owned(),
            };
            let outcome = Outcome {
                up,
                own_ms: own(&state.name),
                why: (!up).then_some(why),
            };
            (state.name.into(), outcome)
        })
        .collect()
}

fn definitions(old: &Run, new: &Run) -> Vec<Change> {
    let (old_marks, new_marks) = (old.marks(), new.marks());
    let before = old.definitions(old.records.len());
    let after = new.definitions(new.records.len());
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let service = Some(Arc::clone(name));
        let (change, fields) = match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) => {
                let none = BTreeMap::new();
                let mut fields = fields(old, new);
                fields.extend(variables(
                    old_marks.get(name).unwrap_or(&none),
                    new_marks.get(name).unwrap_or(&none),
                ));
                if fields.is_empty() {
                    return None;
                }
                (ChangeKind::Restart, fields)
            }
            (Some(_), None) => (ChangeKind::Removed, Vec::new()),
            (None, _) => (ChangeKind::Added, Vec::new()),
        };
        Some(Change {
            service,
            change,
            fields,
        })
    });
    changes.collect()
}

/// The fields of the published definition that differ. Names of variables are compared with their values.
fn fields(old: &Definition, new: &Definition) -> Vec<FieldChange> {
    let flat = |definition: &Definition| -> BTreeMap<String, Value> {
        let spec = serde_json::to_value(&definition.spec).unwrap_or_default();
        let mut fields: BTreeMap<String, Value> = match spec {
            Value::Object(fields) => fields.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        fields.remove("env");
        fields.insert("kind".to_owned(), definition.kind.as_str().into());
        let depends_on = definition
            .depends_on
            .iter()
            .map(|name| Value::from(&**name));
        fields.insert("depends_on".to_owned(), depends_on.collect());
        fields
    };
    let (old, new) = (flat(old), flat(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|&name| old.get(name) != new.get(name));
    differing
        .map(|name| FieldChange {
            field: name.clone(),
            old: old.get(name).map(shown),
            new: new.get(name).map(shown),
        })
        .collect()
}

/// The variables whose values differ; the values are not known here.
fn variables(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<FieldChange> {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|&name| old.get(name) != new.get(name));
    differing
        .map(|name| {
            let is_file = name.starts_with("envFile ");
            let field = if is_file {
                name.clone()
            } else {
                format!("env.{name}")
            };
            let set = |marks: &BTreeMap<String, String>| {
                marks.contains_key(name).then(|| "set".to_owned())
            };
            match (set(old), set(new)) {
                (Some(_), Some(_)) => FieldChange::hidden(field),
                (old, new) => FieldChange { field, old, new },
            }
        })
        .collect()
}

/// A value for people.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            items.join(" ")
        }
        other => other.to_string(),
    }
}
