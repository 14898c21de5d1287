//! The config: text → spanned tree → problems or [`Config`]. The rules are in `docs/config.md`.
//!
//! `written` declares every object and field once: how it is read, its JSON Schema and its
//! documentation follow from that. `meaning` settles what fields mean together. All problems of a
//! file are found in one run, and the amount of work and memory is bounded for any input.

mod bind;
mod code;
mod discovery;
pub mod env_file;
mod fault;
mod headers;
mod meaning;
mod model;
mod object;
mod probe;
mod problem;
mod problems;
mod quote;
mod read;
mod ready;
mod references;
mod schema;
mod selection;
mod source;
mod suggest;
mod syntax;
mod tree;
mod values;
mod written;

use std::collections::BTreeSet;
use std::path::Path;

pub use bind::{Bind, BindError, PortZero};
pub use code::Code;
pub use discovery::{FILE_NAMES, canonical, discover, discover_above};
pub use model::{BindChoice, Config, LogView, Logs, PortChoice, ProbeOwner, Service, Session};
pub use problem::{Problem, Related, Severity};
pub use read::{MAX_BYTES, ReadError, bounded, file as read_file};
pub use references::resolve::{
    Asked, Ready, Resolved, Texts, Values, Variables, logs_dir, service as resolve, session_name,
    text, texts, unset_variables,
};
pub use references::template::Template;
pub use schema::json_schema;
pub use selection::{UnknownName, select};
pub use source::{Origin, Position, Source};

use crate::facts::ConfigProblem;
use crate::plan::Plan;

/// A config that can be used.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// In which waves its services start.
    pub plan: Plan,
    /// What may not be what its writer thinks.
    pub warnings: Vec<Problem>,
    /// Its text, for showing the warnings.
    pub source: Source,
}

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// It has errors, and maybe warnings.
    #[error("{} is not a valid config", text.origin.name)]
    Invalid {
        /// All of them, sorted by place.
        problems: Vec<Problem>,
        /// Its text, for showing them.
        text: Box<Source>,
    },
}

impl ConfigError {
    /// What is wrong, as data. A file that cannot be read has one problem.
    pub fn to_problems(&self) -> Vec<ConfigProblem> {
        match self {
            Self::Unreadable(error) => {
                let code = Code::Unreadable.as_str();
                vec![ConfigProblem::whole_file(code, error.to_string())]
            }
            Self::Invalid { problems, .. } => problems.iter().map(Problem::to_fact).collect(),
        }
    }
}

/// Reads and checks a config.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let report = check(read::file(path)?, Origin::file(path));
    match report.meant {
        Some((config, plan)) => Ok(Loaded {
            config,
            plan,
            warnings: report.problems,
            source: report.source,
        }),
        None => Err(ConfigError::Invalid {
            problems: report.problems,
            text: Box::new(report.source),
        }),
    }
}

/// What a config says of the session, for a client: it need not have services.
///
/// # Errors
/// Those of [`load`].
pub fn session(path: &Path) -> Result<Session, ConfigError> {
    let mut report = check(read::file(path)?, Origin::file(path));
    let only_services_missing = report.problems.iter().all(|problem| {
        let is_missing = problem.code == Code::MissingField && problem.path.is_empty();
        is_missing || !problem.is_error()
    });
    match report.session.take() {
        Some(session) if only_services_missing => Ok(session),
        _ => Err(ConfigError::Invalid {
            problems: report.problems,
            text: Box::new(report.source),
        }),
    }
}

impl Source {
    /// Problems that were found later, with lines and columns, sorted by place.
    pub fn place(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        problems.sort_by_key(|problem| problem.span.start);
        problems::resolve(&mut problems, &self.text);
        problems
    }
}

/// Everything a check finds.
#[derive(Debug)]
pub struct Report {
    /// All problems, sorted by place.
    pub problems: Vec<Problem>,
    /// The text they are about.
    pub source: Source,
    /// The config and its plan; `None` exactly when one of the problems is an error.
    pub meant: Option<(Config, Plan)>,
    /// What it says of the session, where that can be read.
    session: Option<Session>,
}

/// Checks the bytes of a config. Looks at nothing else but whether each `cwd` exists, and what
/// dotenv files hold that nobody expands.
pub fn check(bytes: Vec<u8>, origin: Origin) -> Report {
    let (text, broken) = decode(bytes);
    let parsed = syntax::parse(if broken.is_some() { "" } else { &text });
    let mut problems = problems::Problems::new(&parsed.tree);
    let failure = broken.or(parsed.failure);
    // A file that is no config gets one error. After a typing error everything else is reported too.
    let is_slip = failure.as_ref().is_none_or(syntax::Failure::is_slip);
    if let Some(failure) = failure {
        problems.failure(failure);
    }
    let (mut session, mut meant) = (None, None);
    if is_slip {
        for (spelling, first, times) in parsed.spellings.seen() {
            problems.spelling(spelling, first, times);
        }
        (session, meant) = meaning::read(&origin, &mut problems).unzip();
    }
    let problems = problems.finish(&text);
    let secrets = secrets(&parsed.tree);
    Report {
        problems,
        meant: meant.flatten(),
        session,
        source: Source {
            origin,
            text,
            secrets,
        },
    }
}

/// Names in a config, for a command line that is being typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// Of services, in the order of the file.
    pub services: Vec<String>,
    /// Of groups, sorted.
    pub groups: BTreeSet<String>,
}

/// The names in a config, whatever else is wrong with it.
pub fn known_names(bytes: Vec<u8>) -> KnownNames {
    let (text, _) = decode(bytes);
    let tree = syntax::parse(&text).tree;
    let members = |id: tree::NodeId| match tree.value(id) {
        tree::Value::Object(members) | tree::Value::Array(members) => members.nodes.as_slice(),
        _ => &[],
    };
    let field = |id: tree::NodeId, name: &str| {
        let mut fields = members(id).iter();
        let found = fields.find(|&&field| tree.key(field) == Some(name));
        found.map(|&field| members(field)).unwrap_or_default()
    };
    let mut names = KnownNames::default();
    for &service in tree
        .root()
        .map(|root| field(root, "services"))
        .unwrap_or_default()
    {
        names.services.extend(tree.key(service).map(str::to_owned));
        for &group in field(service, "groups") {
            if let tree::Value::String(name) = tree.value(group) {
                names.groups.insert(name.to_string());
            }
        }
    }
    names
}

/// The text without a byte order mark, and what of it is not UTF-8.
fn decode(mut bytes: Vec<u8>) -> (String, Option<syntax::Failure>) {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error,
    };
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes()[at];
    let utf16 = matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    // What stands before is valid and keeps its place.
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let broken = syntax::Failure {
        code: Code::InvalidUtf8,
        span: at..at + '\u{fffd}'.len_utf8(),
        message: format!("the file is not UTF-8: byte 0x{byte:02x} cannot stand here"),
        help: utf16.then(|| "it looks like UTF-16: save it as UTF-8".to_owned()),
        related: None,
    };
    (text, Some(broken))
}

/// Where `session.token` stands.
fn secrets(tree: &tree::Tree<'_>) -> Vec<std::ops::Range<usize>> {
    let in_session = |id| {
        tree.node(id)
            .parent
            .is_some_and(|parent| tree.key(parent) == Some("session"))
    };
    let ids = (0..).map(tree::NodeId).take(tree.nodes.len());
    ids.filter(|&id| tree.key(id) == Some("token") && in_session(id))
        .map(|id| tree.span(id))
        .collect()
}

#[cfg(test)]
mod tests;
