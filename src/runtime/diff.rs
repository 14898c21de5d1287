//! What differs between two setups, and what a session has to do about it (docs/lifecycle.md, Reload). Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::lifecycle::{ProbeSpec, Spec};
use super::orchestrator::Planned;
use super::setup::{ServiceSetup, SessionSettings};
use crate::config::{BindChoice, LogView, Logs, Ready, Session};
use crate::facts::{
    Change, ChangeKind, EnvFile, FieldChange, Kind, OutputMode, ServiceSpec, Stdio, StopScope,
    StopSignal,
};
use crate::shell::command_line;

/// Services by name, with the names of what each depends on.
pub(super) type Services<'a> = BTreeMap<&'a str, (&'a ServiceSetup, Vec<&'a str>)>;

/// Services whose dependencies are indices among themselves. Those that are left out have none.
pub(super) fn by_name(setups: &[ServiceSetup], is_there: impl Fn(usize) -> bool) -> Services<'_> {
    let name = |index: usize| &*setups[index].planned.name;
    let there = setups.iter().enumerate().filter(|&(it, _)| is_there(it));
    let named = there.map(|(index, setup)| {
        let depends_on = setup.planned.depends_on.iter().map(|&it| name(it));
        (name(index), (setup, depends_on.collect()))
    });
    named.collect()
}

/// How services and session differ: the session first, then the services by name.
pub(super) fn diff(
    (old, old_session): (&Services<'_>, &SessionSettings),
    (new, new_session): (&Services<'_>, &SessionSettings),
) -> Vec<Change> {
    let mut changes = session(old_session, new_session);
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    for name in names {
        let (change, fields) = match (old.get(name), new.get(name)) {
            (None, _) => (ChangeKind::Added, Vec::new()),
            (_, None) => (ChangeKind::Removed, Vec::new()),
            (Some(old), Some(new)) => {
                let restarts = restarts(old.0, new.0);
                let change = if restarts.is_empty() {
                    ChangeKind::Live
                } else {
                    ChangeKind::Restart
                };
                let live = live((old.0, &old.1), (new.0, &new.1));
                (change, [restarts, live].concat())
            }
        };
        if !fields.is_empty() || change != ChangeKind::Live {
            changes.push(Change {
                service: Some(Arc::from(name)),
                change,
                fields,
            });
        }
    }
    changes
}

/// The same with a restart of all that depends on what is restarted.
pub(super) fn with_dependents(changes: &mut Vec<Change>, new: &Services<'_>) {
    let is_restart = |change: &&Change| change.change == ChangeKind::Restart;
    let restarted = changes.iter().filter(is_restart);
    let mut open: Vec<Arc<str>> = restarted.filter_map(|it| it.service.clone()).collect();
    let mut seen: BTreeSet<Arc<str>> = open.iter().cloned().collect();
    while let Some(needed) = open.pop() {
        for (&name, (_, depends_on)) in new {
            if !depends_on.contains(&&*needed) || !seen.insert(Arc::from(name)) {
                continue;
            }
            open.push(Arc::from(name));
            let known = changes.iter_mut();
            let known = known.filter(|it| it.service.as_deref() == Some(name));
            match known.last() {
                Some(change) if change.change == ChangeKind::Live => {
                    change.change = ChangeKind::Restart;
                }
                Some(_) => {}
                None => changes.push(Change {
                    service: Some(Arc::from(name)),
                    change: ChangeKind::Restart,
                    fields: Vec::new(),
                }),
            }
        }
    }
    changes.sort_by(|a, b| a.service.cmp(&b.service));
}

/// Fields that differ.
#[derive(Default)]
struct Fields(Vec<FieldChange>);

impl Fields {
    /// Adds one that differs. Values that may not be seen can look the same.
    fn add(&mut self, field: &str, is_same: bool, old: Option<String>, new: Option<String>) {
        if is_same {
            return;
        }
        self.0.push(if old == new {
            FieldChange::hidden(field)
        } else {
            FieldChange {
                field: field.to_owned(),
                old,
                new,
            }
        });
    }
}

// Together the two functions name every field of a setup, so that a new one has to be sorted in.

/// What differs of all that a process keeps from its start on.
fn restarts(old: &ServiceSetup, new: &ServiceSetup) -> Vec<FieldChange> {
    let ServiceSetup {
        planned,
        argv,
        env,
        env_files,
        env_contents,
        auto_port,
        cwd,
        stdio,
        // Shown of all of them.
        spec,
        stop_argv: _,
        ready: _,
        label: _,
        log_limit: _,
        // It follows from `envFile`.
        is_env_file_fixed: _,
    } = old;
    let Spec { kind, port, .. } = &planned.spec;
    let then = &new.planned.spec;
    let mut fields = Fields::default();
    let line = |spec: &ServiceSpec| Some(command_line(&spec.argv));
    fields.add("cmd", *argv == new.argv, line(spec), line(&new.spec));
    let path = |spec: &ServiceSpec| Some(spec.cwd.display().to_string());
    fields.add("cwd", *cwd == new.cwd, path(spec), path(&new.spec));
    let word = |kind: Kind| Some(kind.as_str().to_owned());
    fields.add("kind", *kind == then.kind, word(*kind), word(then.kind));
    let (before, after) = (*stdio == Stdio::Terminal, new.stdio == Stdio::Terminal);
    let text = |is: bool| Some(is.to_string());
    fields.add("tty", before == after, text(before), text(after));
    let text = |stdio: Stdio| Some(format!("{stdio:?}").to_lowercase());
    let is_same = *stdio == new.stdio || before || after;
    fields.add("stdin", is_same, text(*stdio), text(new.stdio));
    let number = |port: Option<u16>| port.map(|port| port.to_string());
    let is_same = *port == then.port && *auto_port == new.auto_port;
    fields.add("port", is_same, number(*port), number(then.port));
    if *env_files == new.env_files {
        let contents = env_contents.iter().zip(&new.env_contents);
        let shown = spec.env_files.iter();
        for (file, _) in shown.zip(contents).filter(|(_, (a, b))| a != b) {
            let name = file.path.file_name().unwrap_or(file.path.as_os_str());
            let field = format!("envFile {}", name.to_string_lossy());
            fields.0.push(FieldChange::hidden(field));
        }
    } else {
        let names = |spec: &ServiceSpec| {
            let files = spec.env_files.iter();
            let optional = |it: &EnvFile| if it.required { "" } else { " (may be missing)" };
            let name = |it: &EnvFile| format!("{}{}", it.path.display(), optional(it));
            let files: Vec<_> = files.map(name).collect();
            (!files.is_empty()).then(|| files.join(", "))
        };
        fields.add("envFile", false, names(spec), names(&new.spec));
    }
    fields.0.extend(variables(env, &new.env));
    fields.0
}

/// What differs of all that counts from now on.
fn live(
    (old, old_needs): (&ServiceSetup, &[&str]),
    (new, new_needs): (&ServiceSetup, &[&str]),
) -> Vec<FieldChange> {
    let Planned {
        spec,
        auto_start,
        name: _,
        depends_on: _,
        // They follow from others.
        wave: _,
        at_boot: _,
    } = &old.planned;
    let Spec {
        grace,
        stop_signal,
        stop_scope,
        // A part of `ready`, and of `stopCmd`.
        probe: _,
        has_stop_command: _,
        kind: _,
        port: _,
    } = spec;
    let then = &new.planned.spec;
    let mut fields = Fields::default();
    let line = |setup: &ServiceSetup| setup.spec.stop_argv.as_deref().map(command_line);
    let is_same = old.stop_argv == new.stop_argv;
    fields.add("stopCmd", is_same, line(old), line(new));
    let ms = |grace: Duration| Some(grace.as_millis().to_string());
    let is_same = *grace == then.grace;
    fields.add("stopGraceMs", is_same, ms(*grace), ms(then.grace));
    let text = |signal: StopSignal| Some(signal.to_string());
    let (before, after) = (*stop_signal, then.stop_signal);
    fields.add("stopSignal", before == after, text(before), text(after));
    let text = |scope: StopScope| Some(format!("{scope:?}").to_lowercase());
    let (before, after) = (*stop_scope, then.stop_scope);
    fields.add("stopScope", before == after, text(before), text(after));
    let list = |needs: &[&str]| (!needs.is_empty()).then(|| needs.join(", "));
    let is_same = old_needs == new_needs;
    fields.add("dependsOn", is_same, list(old_needs), list(new_needs));
    fields.0.extend(probe(old, new));
    let (before, after) = (old.spec.url.clone(), new.spec.url.clone());
    fields.add("url", before == after, before, after);
    let (before, after) = (*auto_start, new.planned.auto_start);
    let text = |is: bool| Some(is.to_string());
    fields.add("autoStart", before == after, text(before), text(after));
    let list = |groups: &[String]| (!groups.is_empty()).then(|| groups.join(", "));
    let (before, after) = (&old.spec.groups, &new.spec.groups);
    fields.add("groups", before == after, list(before), list(after));
    let text = |output: OutputMode| Some(format!("{output:?}").to_lowercase());
    let (before, after) = (old.spec.output, new.spec.output);
    fields.add("output", before == after, text(before), text(after));
    let (before, after) = (old.log_limit, new.log_limit);
    let text = |limit: Option<u64>| limit.map(|limit| limit.to_string());
    fields.add(
        "logView.maxEntries",
        before == after,
        text(before),
        text(after),
    );
    fields.0
}

/// What differs of a probe; of what its label does not show, the names.
fn probe(old: &ServiceSetup, new: &ServiceSetup) -> Vec<FieldChange> {
    let mut fields = Fields::default();
    let (before, after) = (old.ready.as_ref(), new.ready.as_ref());
    if let (Some(before), Some(after)) = (before, after)
        && old.label == new.label
    {
        fields.add("ready", has_same_limits(before, after), None, None);
        let (before, after) = (&before.arguments.0, &after.arguments.0);
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differ = names.into_iter();
        let differ = differ.filter(|&name| before.get(name) != after.get(name));
        let hidden = differ.map(|name| FieldChange::hidden(format!("ready.{name}")));
        fields.0.extend(hidden);
    } else {
        let is_same = is_same_probe(before, after);
        fields.add("ready", is_same, old.label.clone(), new.label.clone());
    }
    fields.0
}

/// What a probe is and asks, and its limits. Not by its `Debug` form: that leaves out the values of headers.
fn is_same_probe(old: Option<&Ready>, new: Option<&Ready>) -> bool {
    let (Some(old), Some(new)) = (old, new) else {
        return old.is_none() && new.is_none();
    };
    has_same_limits(old, new) && old.arguments == new.arguments
}

/// Whether two probes are of one kind and have the same limits.
fn has_same_limits(old: &Ready, new: &Ready) -> bool {
    let Ready {
        probe,
        arguments: _,
        attempt_timeout,
        timeout,
        owner,
    } = old;
    probe.kind() == new.probe.kind()
        && *attempt_timeout == new.attempt_timeout
        && *timeout == new.timeout
        && *owner == new.owner
}

/// Variables that differ, without their values.
fn variables(old: &[(String, String)], new: &[(String, String)]) -> Vec<FieldChange> {
    let map = |env: &[(String, String)]| env.iter().cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (map(old), map(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|&name| old.get(name) != new.get(name));
    let field = |name| FieldChange::hidden(format!("env.{name}"));
    differ.map(field).collect()
}

fn session(old: &SessionSettings, new: &SessionSettings) -> Vec<Change> {
    let Session { bind, addr, token } = &old.api;
    let Logs {
        dir: _,
        buffer_size,
        max_bytes,
    } = &old.logs;
    let LogView {
        max_entries,
        all_max_entries,
    } = &old.log_view;
    let text = |bind: Option<&BindChoice>| bind.map(ToString::to_string);
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    // Where it stands in the file is nothing that differs.
    let path = |logs: &Logs| logs.dir.as_ref().map(|dir| dir.written().to_owned());
    let mut fixed = Fields::default();
    let (api, logs, view) = (&new.api, &new.logs, &new.log_view);
    for (field, is_same, old, new) in [
        (
            "session.bind",
            *bind == api.bind,
            text(bind.as_ref()),
            text(api.bind.as_ref()),
        ),
        (
            "session.addr",
            *addr == api.addr,
            addr.clone(),
            api.addr.clone(),
        ),
        ("session.token", *token == api.token, None, None),
        (
            "logs.dir",
            path(&old.logs) == path(logs),
            path(&old.logs),
            path(logs),
        ),
        (
            "logs.bufferSize",
            *buffer_size == logs.buffer_size,
            Some(buffer_size.to_string()),
            Some(logs.buffer_size.to_string()),
        ),
        (
            "logs.maxBytes",
            *max_bytes == logs.max_bytes,
            Some(max_bytes.to_string()),
            Some(logs.max_bytes.to_string()),
        ),
    ] {
        fixed.add(field, is_same, old, new);
    }
    let mut live = Fields::default();
    for (field, old, new) in [
        ("logView.maxEntries", *max_entries, view.max_entries),
        (
            "logView.all.maxEntries",
            *all_max_entries,
            view.all_max_entries,
        ),
    ] {
        live.add(field, old == new, number(old), number(new));
    }
    let change = |(change, fields): (ChangeKind, Vec<FieldChange>)| Change {
        service: None,
        change,
        fields,
    };
    let both = [(ChangeKind::Session, fixed.0), (ChangeKind::Live, live.0)];
    let both = both.into_iter().filter(|(_, fields)| !fields.is_empty());
    both.map(change).collect()
}

/// Whether the probe of a service or its limits differ.
pub(super) fn is_probe_changed(old: &ServiceSetup, new: &ServiceSetup) -> bool {
    let limit = |probe: &Option<ProbeSpec>| probe.as_ref().and_then(|probe| probe.timeout);
    limit(&old.planned.spec.probe) != limit(&new.planned.spec.probe)
        || !is_same_probe(old.ready.as_ref(), new.ready.as_ref())
}

#[cfg(test)]
mod tests;
