//! `flowlayer schema`: the JSON Schema of configurations, for editors (docs/cli.md, schema).

use flowlayer_core::config;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Print the JSON Schema of configurations, for editors
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Prints the JSON Schema of the configuration.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all subcommands")]
pub(crate) fn run(_: &Args, _: Colors) -> Result<Exit, Failure> {
    print::stdout(&format!("{:#}\n", config::json_schema()));
    Ok(Exit::SUCCESS)
}
