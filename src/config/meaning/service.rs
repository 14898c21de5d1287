//! One service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command;
use super::env_files::EnvFileCheck;
use super::expansion::{self, is_glob};
use crate::config::code::Code;
use crate::config::model::Service;
use crate::config::object::Field;
use crate::config::problems::{Place, Problems};
use crate::config::quote::quote;
use crate::config::ready::Ready;
use crate::config::source::within;
use crate::config::tree::NodeId;
use crate::config::values::PathText;
use crate::config::written::{Entry, Env, Names};
use crate::facts::EnvFile;

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
    check_env(&written.env, problems);
    let ready = written.ready.placed();
    let ready = ready.and_then(|(node, _)| Ready::resolve(node, &written.port, problems));
    let cwd = cwd(&written.cwd, dir, problems);
    let env_files = written
        .env_file
        .value
        .map_or_else(Vec::new, |files| files.0);
    let log_view = written.log_view.value.unwrap_or_default();
    Some(Service {
        name: entry.name.into(),
        cmd: written.cmd.value?.0,
        stop_cmd: written.stop_cmd.value.map(|command| command.0),
        kind: written.kind.value.unwrap_or_default(),
        port: written.port.value.and_then(|port| port.0),
        ready,
        depends_on,
        groups: groups(&written.groups, problems),
        env: written.env.value.map_or_else(Vec::new, |env| env.0),
        env_files: env_files
            .iter()
            .map(|(node, path, required)| {
                let path = within(dir, path);
                checked.check(*node, &path, problems);
                EnvFile {
                    path,
                    required: *required,
                }
            })
            .collect(),
        cwd,
        auto_start: written.auto_start.value.unwrap_or(true),
        stop_grace: written.stop_grace.value.map_or(STOP_GRACE, |grace| grace.0),
        stop_signal: written.stop_signal.value.unwrap_or_default(),
        stop_scope: written.stop_scope.value.unwrap_or_default(),
        output: written.output.value.unwrap_or_default(),
        log_view_max_entries: log_view.max_entries.value.map(|entries| entries.0),
    })
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

/// Warns about values that a shell would have expanded.
fn check_env(written: &Field<Env>, problems: &mut Problems<'_, '_>) {
    let Some((node, env)) = written.placed() else {
        return;
    };
    let places = problems.tree.members(node);
    for (name, value) in &env.0 {
        if let (Some(what), Some(&node)) = (expansion::in_value(value), places.get(name.as_str())) {
            let help = Some("write the value itself; services inherit the variables of `serve`");
            problems.warning(Code::NotExpanded, Place::Value(node), what, help);
        }
    }
}

fn cwd(written: &Field<PathText>, dir: &Path, problems: &mut Problems<'_, '_>) -> Option<PathBuf> {
    let (node, path): (NodeId, _) = written.placed()?;
    let cwd = within(dir, &path.0);
    if !cwd.is_dir() {
        let what = expansion::in_value(&path.0);
        if let Some(what) = what.or_else(|| is_glob(&path.0).then_some("`*` is not expanded")) {
            let help = Some("write the path itself; a relative one is relative to this file");
            problems.warning(Code::NotExpanded, Place::Value(node), what, help);
            return Some(cwd);
        }
        let message = format!("there is no directory {}", cwd.display());
        let help = Some("it must exist when the service starts");
        problems.warning(Code::MissingCwd, Place::Value(node), message, help);
    }
    Some(cwd)
}
