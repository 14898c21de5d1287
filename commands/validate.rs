//! `flowlayer validate`.

use std::path::{Path, PathBuf};

use crate::cli::{ConfigArgs, ValidateArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select;
use crate::terminal::color::Colors;

/// Chooses and reads the configurations.
pub(crate) fn run(args: ValidateArgs, _colors: Colors) -> Result<Exit, Failure> {
    let paths: Vec<PathBuf> = if args.paths.is_empty() {
        vec![select::config(&ConfigArgs::default(), Path::new("."))?]
    } else {
        args.paths
    };
    for path in paths {
        std::fs::read(&path).map_err(|error| {
            Failure::Unreadable(format!("cannot read {}: {error}", path.display()))
        })?;
    }
    Ok(Exit::SUCCESS)
}
