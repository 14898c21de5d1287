//! One service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use flowlayer_probes::registry;

use super::{command, within};
use crate::config::collect::{Place, Problems};
use crate::config::model::{Ready, Service};
use crate::config::object::Field;
use crate::config::tree::{NodeId, Value};
use crate::config::values::PathText;
use crate::config::written::{self, Entry};

/// From SIGTERM to SIGKILL, unless the config says otherwise (docs/lifecycle.md, Stopping).
const STOP_GRACE: Duration = Duration::from_secs(8);

/// What a service means; `None` when it has no command, which has been reported.
pub(super) fn service(
    entry: Entry,
    depends_on: Vec<usize>,
    dir: &Path,
    problems: &mut Problems<'_, '_>,
) -> Option<Service> {
    let written = entry.service;
    command::check(written.cmd.node, problems);
    command::check(written.stop_cmd.node, problems);
    let ready = ready(&written, problems);
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
        env: written.env.value.map_or_else(Vec::new, |env| env.0),
        env_files: env_files.iter().map(|path| within(dir, path)).collect(),
        cwd,
        auto_start: written.auto_start.value.unwrap_or(true),
        stop_grace: written.stop_grace.value.map_or(STOP_GRACE, |grace| grace.0),
        log_view_max_entries: log_view.max_entries.value.map(|entries| entries.0),
    })
}

fn ready(written: &written::Service, problems: &mut Problems<'_, '_>) -> Option<Ready> {
    let (node, _) = written.ready.placed()?;
    let Value::Object(members) = problems.tree.value(node) else {
        return None;
    };
    let raw = problems.tree.to_map(members);
    let (ready, faults) = registry::build(&raw, service_port(&written.port));
    // In an object that the file has no end of, nothing is missing for sure.
    let missing = |code| code == "missing_field" && !members.complete;
    problems.faults(
        node,
        faults.into_iter().filter(|fault| !missing(fault.code)),
    );
    let ready = ready?;
    Some(Ready {
        probe: ready.probe?,
        attempt_timeout: ready.attempt_timeout,
        timeout: ready.timeout,
    })
}

/// What a probe may take for its port. A wrong one has been reported, and is not missing too.
fn service_port(port: &Field<crate::config::values::ServicePort>) -> Option<u16> {
    match (port.node, port.value) {
        (Some(_), None) => Some(1),
        (_, value) => value.and_then(|port| port.0),
    }
}

fn cwd(written: &Field<PathText>, dir: &Path, problems: &mut Problems<'_, '_>) -> Option<PathBuf> {
    let (node, path): (NodeId, _) = written.placed()?;
    let cwd = within(dir, &path.0);
    if !cwd.is_dir() {
        let message = format!("there is no directory {}", cwd.display());
        let help = Some("it must exist when the service starts");
        problems.warning("missing_cwd", Place::Value(node), message, help);
    }
    Some(cwd)
}
