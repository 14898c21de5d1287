//! What is wrong with a config, for people and machines.

use std::ops::Range;

use super::code::Code;
use super::source::Position;
use crate::facts::ConfigProblem;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The config cannot be used.
    Error,
    /// It can, but it may not do what its writer thinks.
    Warning,
}

impl Severity {
    /// The word for it in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong, and where (docs/config.md, Problems and their codes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is, for machines.
    pub code: Code,
    /// The field: `services.api.dependsOn[1]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, lower-case.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The key or value it is about, in bytes of the source text.
    pub span: Range<usize>,
    /// Where that begins.
    pub position: Position,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

/// Another place that belongs to a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The field.
    pub path: String,
    /// What it has to do with the problem.
    pub message: String,
    /// In bytes of the source text.
    pub span: Range<usize>,
    /// Where that begins.
    pub position: Position,
}

impl Problem {
    /// No port is left for those that the config wants chosen: about the file as a whole.
    pub fn of_ports(message: String) -> Self {
        let code = Code::NoFreePort;
        Self::at(Severity::Error, code, String::new(), 0..0, message, None)
    }

    /// The same as data that travels.
    pub fn to_fact(&self) -> ConfigProblem {
        ConfigProblem {
            severity: self.severity.as_str().to_owned(),
            code: self.code.as_str().to_owned(),
            path: self.path.clone(),
            message: self.message.clone(),
            help: self.help.clone(),
            line: self.position.line,
            column: self.position.column,
        }
    }

    /// A problem whose position has not been looked up yet.
    pub(super) fn at(
        severity: Severity,
        code: Code,
        path: String,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Self {
            severity,
            code,
            path,
            message: message.into(),
            help,
            span,
            position: Position::UNKNOWN,
            related: Vec::new(),
        }
    }

    /// Whether the config cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
