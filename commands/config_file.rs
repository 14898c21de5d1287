//! Which configuration a command line means (docs/config.md, Which file), and how it is read.

use std::path::{Path, PathBuf};

use flowlayer_core::config::{self, ConfigError, FILE_NAMES, Loaded};

use crate::cli::ConfigArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::{diagnostics, print};

/// The configuration meant: `-c` or `--config`, else the positional one, else the first of the
/// known names that is in the directory. A usage error when there is none.
pub(crate) fn config(args: &ConfigArgs, directory: &Path) -> Result<PathBuf, Failure> {
    if let Some(path) = args.config.as_ref().or(args.file.as_ref()) {
        return Ok(path.clone());
    }
    config::discover(directory).ok_or_else(|| {
        Failure::Usage(format!(
            "no configuration found: none of {} is in this directory, and none was named",
            FILE_NAMES.join(", ")
        ))
    })
}

/// Reads and checks the configuration; what is wrong with it, or may be, is printed.
pub(crate) fn load(path: &Path, colors: Colors) -> Result<Loaded, Failure> {
    let loaded = config::load(path).map_err(|error| unusable(error, colors))?;
    print::stderr(&diagnostics::render(
        &loaded.warnings,
        &loaded.source,
        colors.stderr,
    ));
    Ok(loaded)
}

/// How a command ends whose configuration cannot be used; its problems are printed here.
pub(crate) fn unusable(error: ConfigError, colors: Colors) -> Failure {
    match error {
        ConfigError::Unreadable(error) => Failure::Unreadable(error.to_string()),
        ConfigError::Invalid { problems, text } => {
            print::stderr(&diagnostics::render(&problems, &text, colors.stderr));
            Failure::Reported(Exit::USAGE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(config: Option<&str>, file: Option<&str>) -> ConfigArgs {
        ConfigArgs {
            config: config.map(PathBuf::from),
            file: file.map(PathBuf::from),
        }
    }

    #[test]
    fn what_is_named_beats_what_is_found() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowlayer.jsonc"), "{}").unwrap();
        let chosen = |args| config(&args, directory.path()).unwrap();
        assert_eq!(chosen(args(Some("a"), Some("b"))), Path::new("a"));
        assert_eq!(chosen(args(None, Some("b"))), Path::new("b"));
        assert_eq!(
            chosen(args(None, None)),
            directory.path().join("flowlayer.jsonc")
        );
    }

    #[test]
    fn discovery_follows_the_documented_order() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(
            config(&args(None, None), directory.path()),
            Err(Failure::Usage(message)) if message.starts_with("no configuration found")
        ));
        for name in FILE_NAMES.iter().rev() {
            std::fs::write(directory.path().join(name), "{}").unwrap();
            let found = config(&args(None, None), directory.path()).unwrap();
            assert_eq!(found, directory.path().join(name));
        }
    }
}
