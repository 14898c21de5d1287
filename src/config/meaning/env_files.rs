//! Values in dotenv files that a shell would have expanded.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::expansion;
use crate::config::code::Code;
use crate::config::env_file;
use crate::config::problems::{Place, Problems};
use crate::config::tree::NodeId;
use crate::facts::shown_path;

/// Looks into dotenv files that exist, into each once. What cannot be read is for the start to report.
#[derive(Debug, Default)]
pub(super) struct EnvFileCheck {
    seen: HashSet<PathBuf>,
}

/// More files than this are not looked into, whatever the config.
const MOST: usize = 64;

impl EnvFileCheck {
    /// Warns, once a file, at the place that names it. Values are not shown: they may be secrets.
    pub(super) fn check(&mut self, node: NodeId, path: &Path, problems: &mut Problems<'_, '_>) {
        if self.seen.len() >= MOST || !self.seen.insert(path.to_owned()) {
            return;
        }
        let mut found = env_file::expandable(path)
            .into_iter()
            .filter_map(|variable| {
                expansion::in_value(&variable.text).map(|what| (variable, what))
            });
        let Some((variable, what)) = found.next() else {
            return;
        };
        let more = match found.count() {
            0 => String::new(),
            1 => " (and 1 more variable)".to_owned(),
            more => format!(" (and {more} more variables)"),
        };
        let (line, name) = (variable.line, variable.name);
        let message = format!(
            "line {line} of {}: {what} in {name}{more}",
            shown_path(path)
        );
        let help = Some("write the value itself; single quotes say that it is meant as it stands");
        problems.warning(Code::NotExpanded, Place::Value(node), message, help);
    }
}
