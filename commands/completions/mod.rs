//! `flowlayer completions`: scripts that let a shell complete command lines
//! (docs/cli.md, completions).
//!
//! A script only hands the words of its shell to [`crate::completions::complete`] and the candidates back, so it
//! stays the same whatever subcommands there are. `completions/` holds them as files.

mod bash;
mod candidates;
pub(crate) mod complete;
mod cursor;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Print a script that lets a shell complete command lines
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example, in ~/.bashrc: source <(flowlayer completions bash)
Ready-made files are in completions/ of the source.")]
pub(crate) struct Args {
    /// The shell to complete for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// The shells that complete our command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Prints the script for a shell.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all subcommands")]
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    print::stdout(match args.shell {
        Shell::Bash => include_str!("../../completions/flowlayer.bash"),
        Shell::Elvish => include_str!("../../completions/flowlayer.elv"),
        Shell::Fish => include_str!("../../completions/flowlayer.fish"),
        Shell::Powershell => include_str!("../../completions/_flowlayer.ps1"),
        Shell::Zsh => include_str!("../../completions/_flowlayer"),
    });
    Ok(Exit::SUCCESS)
}
