//! As written → as meant: what fields mean together, defaults, and names turned into indices.

mod command;
mod dependencies;
mod env_files;
mod expansion;
mod names;
mod service;

use std::collections::HashMap;

use super::code::Code;
use super::model::{Config, LogView, Logs, Session};
use super::object::{Field, Read as _};
use super::problems::{Place, Problems};
use super::quote::quote;
use super::references::template::Template;
use super::references::{check, read};
use super::source::Origin;
use super::tree::{NodeId, Value};
use super::values::PathText;
use super::written;
use crate::plan::Plan;

/// Reports everything that is wrong with a tree. The config, with the waves in which its services
/// start, is `None` exactly when something is an error; the session is there if the file is an
/// object at all.
pub(super) fn read(
    origin: &Origin,
    problems: &mut Problems<'_, '_>,
) -> Option<(Session, Option<(Config, Plan)>)> {
    let root = problems.tree.root()?;
    duplicates(problems);
    not_finite(problems);
    let file = written::File::read(root, problems)?;
    let dir = &origin.dir;
    let (services, names, plan) = match (file.services.node, file.services.value) {
        (Some(node), Some(services)) => names::services(node, services, dir, problems),
        _ => (Vec::new(), None, None),
    };
    let config = Config {
        session: session(file.session.value.unwrap_or_default()),
        logs: logs(file.logs.value.unwrap_or_default(), problems),
        log_view: log_view(file.log_view.value.unwrap_or_default()),
        services,
        path: origin.path.clone(),
        dir: dir.clone(),
    };
    let names: Option<Vec<&str>> = names
        .as_ref()
        .map(|names| names.iter().map(String::as_str).collect());
    check::check(&config, names.as_deref(), problems);
    let session = config.session.clone();
    let plan = plan.filter(|_| !problems.has_errors());
    Some((session, plan.map(|plan| (config, plan))))
}

fn session(written: written::Session) -> Session {
    Session {
        bind: written.bind.value.map(|bind| bind.0),
        addr: written.addr.value.map(|addr| addr.0),
        token: written.token.value.map(|token| token.0),
    }
}

fn logs(written: written::Logs, problems: &mut Problems<'_, '_>) -> Logs {
    let default = Logs::default();
    let (size, bytes) = (written.buffer_size.value, written.max_bytes.value);
    Logs {
        dir: path(written.dir, problems),
        buffer_size: size.map_or(default.buffer_size, |size| size.0),
        max_bytes: bytes.map_or(default.max_bytes, |bytes| bytes.0),
    }
}

/// A path in which references may stand.
fn path(written: Field<PathText>, problems: &mut Problems<'_, '_>) -> Option<Template> {
    Some(read::template(written.node?, written.value?.0, problems))
}

fn log_view(written: written::LogView) -> LogView {
    let all = written.all.value.unwrap_or_default();
    LogView {
        max_entries: written.max_entries.value.map(|entries| entries.0),
        all_max_entries: all.max_entries.value.map(|entries| entries.0),
    }
}

/// Reports every key that is given twice in one object.
fn duplicates(problems: &mut Problems<'_, '_>) {
    let tree = problems.tree;
    for node in &tree.nodes {
        if let Value::Object(members) = &node.value {
            duplicate_keys(&members.nodes, problems);
        }
    }
}

fn duplicate_keys(members: &[NodeId], problems: &mut Problems<'_, '_>) {
    /// Up to here, comparing each key with those before it takes less time than hashing them.
    const SMALL: usize = 16;
    let tree = problems.tree;
    let mut first = HashMap::new();
    for (at, &member) in members.iter().enumerate() {
        let key = tree.key(member).unwrap_or_default();
        let earlier = if members.len() <= SMALL {
            let mut before = members[..at].iter().copied();
            before.find(|&earlier| tree.key(earlier) == Some(key))
        } else {
            let earlier = *first.entry(key).or_insert(member);
            (earlier != member).then_some(earlier)
        };
        if let Some(earlier) = earlier {
            let message = format!("{} is given twice", quote(key));
            problems.error(Code::DuplicateKey, Place::Key(member), message);
            problems.relate([(Place::Key(earlier), "the first one".to_owned())]);
        }
    }
}

fn not_finite(problems: &mut Problems<'_, '_>) {
    let tree = problems.tree;
    for (id, node) in (0..).zip(&tree.nodes) {
        if matches!(node.value, Value::NotFinite) {
            let place = Place::Value(NodeId(id));
            problems.error(
                Code::WrongType,
                place,
                "this is not a number a config can hold",
            );
        }
    }
}
