//! `flowlayer serve`.

use std::path::Path;

use crate::cli::ServeArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select;
use crate::terminal::color::Colors;

/// Chooses and reads the configuration.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature all subcommands have"
)]
pub(crate) fn run(args: ServeArgs, _colors: Colors) -> Result<Exit, Failure> {
    let path = select::config(&args.config, Path::new("."))?;
    std::fs::read(&path)
        .map_err(|error| Failure::Unreadable(format!("cannot read {}: {error}", path.display())))?;
    Ok(Exit::SUCCESS)
}
