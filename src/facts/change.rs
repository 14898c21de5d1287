//! What a reload changes, and what keeps it from changing anything.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What happens to a service whose definition differs (docs/lifecycle.md, Reload).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new: planned, and started if a boot would start it.
    Added,
    /// It is stopped and gone; its log stays.
    Removed,
    /// It is stopped and started if it is up or wanted, otherwise only replaced.
    Restart,
    /// It counts from now on, and nothing is restarted.
    Live,
    /// It needs a new session.
    Session,
    /// A kind of a later version.
    #[serde(other)]
    Other,
}

/// A service that is defined differently, or the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name; absent for what the session as a whole has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Arc<str>>,
    /// What happens to it.
    pub change: ChangeKind,
    /// What differs; empty for a service that is added or removed.
    #[serde(default)]
    pub fields: Vec<FieldChange>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// As it is called in a configuration: `cmd`, `env.LEVEL`.
    pub field: String,
    /// Its value before, for people; absent when it had none. Values of variables and secrets are never
    /// here: then both are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Its value from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl FieldChange {
    /// One whose values are not shown.
    pub fn hidden(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            old: None,
            new: None,
        }
    }
}

/// A problem of a configuration, as `validate --format json` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigProblem {
    /// `error` or `warning`.
    pub severity: String,
    /// What kind of problem it is.
    pub code: String,
    /// The field: `services.api.dependsOn[1]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, lower-case.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub help: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl ConfigProblem {
    /// An error of the file as a whole.
    pub fn whole_file(code: &str, message: String) -> Self {
        Self {
            severity: "error".to_owned(),
            code: code.to_owned(),
            path: String::new(),
            message,
            help: None,
            line: 1,
            column: 1,
        }
    }
}

/// What a reload found: problems, and then nothing has changed, or changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    /// What differs: the session first, then services by name.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// All errors and warnings of a file that cannot be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ConfigProblem>,
}

/// Whether the configuration of a session has been edited since it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChanged {
    /// It means something else than what the session runs, or cannot be used.
    pub stale: bool,
    /// What keeps a reload from using it.
    #[serde(default)]
    pub problems: Vec<ConfigProblem>,
    /// What a reload would change.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// The configuration that a session runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigState {
    /// Its file, absolute.
    pub path: String,
    /// Stands for what it means, its env files included; only to be compared.
    pub fingerprint: String,
}
