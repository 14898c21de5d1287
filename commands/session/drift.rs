//! Whether the configuration file still means what its session runs (docs/cli.md, An edited configuration).

use std::path::Path;

use flowlayer_core::config;
use flowlayer_core::facts::ConfigState;
use flowlayer_core::runtime::setup::fingerprint;

use crate::terminal::diagnostics::readable;
use crate::terminal::print;

/// Says so on standard error where it does not. A file that cannot be used keeps nobody from anything.
pub(crate) fn note(running: &ConfigState) {
    if let Some(line) = line(running) {
        print::stderr(&line);
    }
}

fn line(running: &ConfigState) -> Option<String> {
    let path = Path::new(&running.path);
    let name = readable(&path.file_name()?.to_string_lossy());
    match config::load(path) {
        Ok(loaded) => {
            let here = fingerprint(&loaded.config);
            let mut parts = here.split(':').zip(running.fingerprint.split(':'));
            let mut is_same = || parts.next().is_some_and(|(here, there)| here == there);
            let (is_comparable, applied, fixed) = (is_same(), is_same(), is_same());
            let what = match (applied, fixed) {
                _ if !is_comparable => return None,
                (true, true) => return None,
                (true, false) => "; what has changed needs a new session",
                (false, _) => ": flowlayer reload",
            };
            Some(format!(
                "{name} has changed since this session started{what}\n"
            ))
        }
        Err(_) => Some(format!(
            "{name} has changed since this session started, and has problems: flowlayer validate\n"
        )),
    }
}
