//! `flowlayer completions`: scripts that let a shell complete command lines
//! (docs/cli.md, completions).
//!
//! A script only hands the words of its shell to [`crate::completions::complete`] and the candidates back, so it
//! stays the same whatever subcommands there are. `completions/` holds them as files.

mod bash;
mod candidates;
pub(crate) mod complete;
mod cursor;

use crate::cli::{CompletionsArgs, Shell};
use crate::exit::Exit;
use crate::terminal::print;

/// Prints the script for a shell.
pub(crate) fn run(args: &CompletionsArgs) -> Exit {
    print::stdout(match args.shell {
        Shell::Bash => include_str!("../../completions/flowlayer.bash"),
        Shell::Elvish => include_str!("../../completions/flowlayer.elv"),
        Shell::Fish => include_str!("../../completions/flowlayer.fish"),
        Shell::Powershell => include_str!("../../completions/_flowlayer.ps1"),
        Shell::Zsh => include_str!("../../completions/_flowlayer"),
    });
    Exit::SUCCESS
}
