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
            let version = |fingerprint: &str| fingerprint.split(':').next().map(str::to_owned);
            let comparable = version(&here) == version(&running.fingerprint);
            (comparable && here != running.fingerprint).then(|| {
                format!("{name} has changed since this session started: flowlayer reload\n")
            })
        }
        Err(_) => Some(format!(
            "{name} has changed since this session started, and has problems: flowlayer validate\n"
        )),
    }
}
