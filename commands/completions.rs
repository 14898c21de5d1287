//! `flowlayer completions`: scripts that let a shell complete command lines (SPEC 9).

use crate::cli::{CompletionsArgs, whole};
use crate::exit::Exit;
use crate::terminal::print;

/// Prints the script for a shell.
pub(crate) fn run(args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole(), "flowlayer", &mut script);
    print::stdout(&String::from_utf8_lossy(&script));
    Exit::SUCCESS
}
