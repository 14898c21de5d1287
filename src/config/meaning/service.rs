//! One service.

use std::path::Path;
use std::time::Duration;

use super::command;
use super::env_files::EnvFileCheck;
use super::expansion::{self, is_glob};
use crate::config::code::Code;
use crate::config::model::{EnvFile, Service};
use crate::config::object::Field;
use crate::config::problems::{Place, Problems};
use crate::config::quote::quote;
use crate::config::ready::Ready;
use crate::config::references::read;
use crate::config::references::scan::without_references;
use crate::config::references::template::Template;
use crate::config::source::within;
use crate::config::tree::NodeId;
use crate::config::values::{Command, PathText, StdinMode, UrlText};
use crate::config::written::{Entry, Env, Names};
use crate::facts::{Kind, Stdio, shown_path};

/// From the stop signal to SIGKILL, unless the config says otherwise (docs/lifecycle.md, Stopping).
const STOP_GRACE: Duration = Duration::from_secs(8);

/// What a service means; `None` when it has no command, which has been reported.
pub(super) fn service(
    entry: Entry,
    depends_on: Vec<usize>,
    dir: &Path,
    checked: &mut EnvFileCheck,
    problems: &mut Problems<'_, '_>,
) -> Option<Service> {
    let written = entry.service;
    command::check(written.cmd.node, problems);
    command::check(written.stop_cmd.node, problems);
    let ready_cmd = written.ready.node.map(|node| problems.tree.members(node));
    command::check(
        ready_cmd.and_then(|ready| ready.get("cmd").copied()),
        problems,
    );
    let ready = written.ready.placed();
    let ready =
        ready.and_then(|(node, _)| Ready::resolve(node, &entry.name, &written.port, problems));
    let env = env(written.env, problems);
    let cwd = cwd(&written.cwd, dir, problems);
    let env_files = written.env_file.value.map(|files| files.0);
    let env_files = env_files.into_iter().flatten();
    let env_files = env_files
        .map(|(node, path, required)| EnvFile {
            path: env_file(node, path, dir, checked, problems),
            required,
        })
        .collect();
    let log_view = written.log_view.value.unwrap_or_default();
    let kind = written.kind.value.unwrap_or_default();
    let stdio = stdio(&written.tty, &written.stdin, kind, problems);
    Some(Service {
        name: entry.name.into(),
        cmd: argv(written.cmd, problems)?,
        stop_cmd: argv(written.stop_cmd, problems),
        kind,
        port: written.port.value.and_then(|port| port.0),
        ready,
        url: url(written.url, problems),
        depends_on,
        groups: groups(&written.groups, problems),
        env,
        env_files,
        cwd,
        auto_start: written.auto_start.value.unwrap_or(true),
        stop_grace: written.stop_grace.value.map_or(STOP_GRACE, |grace| grace.0),
        stop_signal: written.stop_signal.value.unwrap_or_default(),
        stop_scope: written.stop_scope.value.unwrap_or_default(),
        stdio,
        output: written.output.value.unwrap_or_default(),
        log_view_max_entries: log_view.max_entries.value.map(|entries| entries.0),
    })
}

/// What its process gets as input and output. A terminal leaves nothing for `stdin` to say.
fn stdio(
    tty: &Field<bool>,
    stdin: &Field<StdinMode>,
    kind: Kind,
    problems: &mut Problems<'_, '_>,
) -> Stdio {
    if tty.value != Some(true) {
        let written = stdin.value.map(|stdin| stdin.0);
        return written.unwrap_or(Stdio::default_of(kind));
    }
    if let Some(node) = stdin.node {
        let message = "`stdin` has no effect with `tty`: the terminal is the input";
        problems.warning(Code::UnusedField, Place::Key(node), message, None);
    }
    Stdio::Terminal
}

/// Its groups, each once; a name that could not be written as `@NAME` is reported.
fn groups(written: &Field<Names>, problems: &mut Problems<'_, '_>) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for (name, node) in written.value.as_ref().map_or(&[][..], |names| &names.0) {
        let place = Place::Value(*node);
        if name.is_empty() {
            problems.error(Code::EmptyString, place, "the name of a group is empty");
        } else if let Some(bare) = name.strip_prefix('@') {
            let message = format!("{} is how commands name a group", quote(name));
            let help = (!bare.is_empty()).then(|| format!("write {}", quote(bare)));
            problems.error_with_help(Code::InvalidGroup, place, message, help);
        } else if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    groups
}

fn argv(written: Field<Command>, problems: &mut Problems<'_, '_>) -> Option<Vec<Template>> {
    let (node, argv) = (written.node?, written.value?.0);
    Some(read::command(node, argv, problems))
}

fn url(written: Field<UrlText>, problems: &mut Problems<'_, '_>) -> Option<Template> {
    let node = written.node?;
    let url = read::template(node, written.value?.0, problems);
    let checked = if url.is_literal() {
        flowlayer_probes::check_url(url.written())
    } else {
        url.check_scheme()
    };
    if let Err(why) = checked {
        let message = format!("{} {why}", quote(url.written()));
        let help = Some("write an absolute URL: \"http://localhost:3000\"".to_owned());
        problems.error_with_help(Code::InvalidUrl, Place::Value(node), message, help);
    }
    Some(url)
}

/// The variables. Warns about values that a shell would have expanded.
fn env(written: Field<Env>, problems: &mut Problems<'_, '_>) -> Vec<(String, Template)> {
    let (Some(node), Some(env)) = (written.node, written.value) else {
        return Vec::new();
    };
    let places = problems.tree.members(node);
    let variables = env.0.into_iter().map(|(name, value)| {
        let Some(&node) = places.get(name.as_str()) else {
            return (name, Template::literal(value));
        };
        if let Some(what) = expansion::in_value(&without_references(&value)) {
            let help = Some("write the value itself; services inherit the variables of `serve`");
            problems.warning(Code::NotExpanded, Place::Value(node), what, help);
        }
        let value = read::template(node, value, problems);
        (name, value)
    });
    variables.collect()
}

fn env_file(
    node: NodeId,
    path: String,
    dir: &Path,
    checked: &mut EnvFileCheck,
    problems: &mut Problems<'_, '_>,
) -> Template {
    let path = read::template(node, path, problems);
    if path.is_literal() {
        checked.check(node, &within(dir, path.written()), problems);
    }
    path
}

fn cwd(written: &Field<PathText>, dir: &Path, problems: &mut Problems<'_, '_>) -> Option<Template> {
    let (node, path): (NodeId, _) = written.placed()?;
    let template = read::template(node, path.0.clone(), problems);
    let written = &path.0;
    let path = without_references(written);
    let is_literal = path == *written;
    let cwd = within(dir, &path);
    if !cwd.is_dir() || !is_literal {
        let what = expansion::in_value(&path);
        if let Some(what) = what.or_else(|| is_glob(&path).then_some("`*` is not expanded")) {
            let help = Some("write the path itself; a relative one is relative to this file");
            problems.warning(Code::NotExpanded, Place::Value(node), what, help);
        } else if is_literal {
            let message = format!("there is no directory {}", shown_path(&cwd));
            let help = Some("it must exist when the service starts");
            problems.warning(Code::MissingCwd, Place::Value(node), message, help);
        }
    }
    Some(template)
}
