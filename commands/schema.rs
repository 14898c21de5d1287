//! `flowlayer schema`: what a configuration may hold, for editors (docs/cli.md, schema).

use flowlayer_core::config;

use crate::exit::Exit;
use crate::terminal::print;

/// Prints the JSON Schema of the configuration.
pub(crate) fn run() -> Exit {
    print::stdout(&format!("{:#}\n", config::json_schema()));
    Exit::SUCCESS
}
