//! Which configuration a command line means (docs/config.md, Which file), and how it is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flowlayer_core::config::{
    self, Config, ConfigError, FILE_NAMES, Loaded, Problem, Source, Values,
};
use flowlayer_core::runtime::auto_ports::AutoPorts;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::{diagnostics, print};

/// Which configuration.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; overrides the positional one
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Configuration file; default: the first known name in this directory
    #[arg(id = "file", value_name = "CONFIG")]
    pub(crate) file: Option<PathBuf>,
}

impl ConfigArgs {
    /// The file that was named, if any.
    pub(crate) fn named(&self) -> Option<&Path> {
        self.config.as_deref().or(self.file.as_deref())
    }
}

/// The configuration that was named, else the first of the known names that is in the directory. A
/// usage error when there is none; what is above does not count, because a session would be started
/// somewhere else than it was asked for.
pub(crate) fn choose(named: Option<&Path>, directory: &Path) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    config::discover(directory).ok_or_else(|| {
        let known = FILE_NAMES.join(", ");
        let here = format!("no configuration found: none of {known} is in this directory");
        Failure::Usage(match above(directory) {
            None => format!("{here}, and none was named"),
            Some(path) => {
                let path = diagnostics::shown_path(&path);
                format!("{here}; {path} is above it: change to its directory, or name it")
            }
        })
    })
}

/// The configuration that was named, else the one of the directory or the nearest above; a usage error
/// when there is none.
pub(crate) fn choose_nearest(named: Option<&Path>, directory: &Path) -> Result<PathBuf, Failure> {
    let found = named.map(Path::to_owned).or_else(|| nearest(directory));
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "no configuration found: none of {} is in this directory or above it, and none was named; \
             `flowlayer init` writes one",
            FILE_NAMES.join(", ")
        ))
    })
}

/// The configuration that a client in a directory means: its own, else the nearest above.
pub(crate) fn nearest(directory: &Path) -> Option<PathBuf> {
    config::discover(directory).or_else(|| above(directory))
}

/// The nearest configuration above a directory.
pub(crate) fn above(directory: &Path) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    config::discover_above(directory, home.as_deref().map(Path::new))
}

/// Reads and checks the configuration; its errors are printed.
pub(crate) fn load(path: &Path, colors: Colors) -> Result<Loaded, Failure> {
    let loaded = config::load(path).map_err(|error| unusable(error, colors))?;
    tracing::debug!(
        target: "flowlayer::config",
        path = %path.display(),
        services = loaded.config.services.len(),
        warnings = loaded.warnings.len(),
        "configuration read"
    );
    Ok(loaded)
}

pub(crate) fn print_warnings(loaded: &Loaded, colors: Colors) {
    print::stderr(&diagnostics::render(
        &loaded.warnings,
        &loaded.source,
        colors.stderr,
    ));
}

/// What references stand for in this process, with the first choice for ports that a session chooses.
pub(crate) fn values(config: &Config) -> Result<Values, Failure> {
    let ports = AutoPorts::choose(config, &BTreeMap::new(), |_| false);
    let ports = ports.map_err(|error| Failure::Failed(error.to_string()))?;
    let directory = std::env::current_dir()
        .map_err(|error| Failure::Failed(format!("cannot tell the current directory: {error}")))?;
    Ok(Values {
        environment: std::env::vars_os().collect(),
        ports: ports.by_name(),
        directory,
    })
}

/// How a command ends for which references of the configuration stand for nothing; they are printed here.
pub(crate) fn unresolved(problems: Vec<Problem>, source: &Source, colors: Colors) -> Failure {
    let error = ConfigError::Invalid {
        problems: source.place(problems),
        text: Box::new(source.clone()),
    };
    unusable(error, colors)
}

/// How a command ends whose configuration cannot be used; its problems are printed here.
pub(crate) fn unusable(error: ConfigError, colors: Colors) -> Failure {
    match error {
        ConfigError::Unreadable(error) => {
            Failure::Unreadable(diagnostics::readable(&error.to_string()))
        }
        ConfigError::Invalid { problems, text } => {
            print::stderr(&diagnostics::render(&problems, &text, colors.stderr));
            print::stderr(&diagnostics::total(&text.origin.name, &problems));
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
        let chosen = |args: ConfigArgs| choose(args.named(), directory.path()).unwrap();
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
        let none = choose(None, directory.path());
        assert!(matches!(none, Err(Failure::Usage(_))), "{none:?}");
        for name in FILE_NAMES.iter().rev() {
            std::fs::write(directory.path().join(name), "{}").unwrap();
            let found = choose(None, directory.path()).unwrap();
            assert_eq!(found, directory.path().join(name));
        }
    }
}
