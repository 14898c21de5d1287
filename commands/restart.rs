//! `flowlayer restart`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::action::{self, ActionArgs, Verb};
use crate::terminal::color::Colors;

/// Stop services and start them again
#[derive(Debug, clap::Args)]
#[command(after_help = action::NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    action: ActionArgs,
    /// Then also restart their dependents, in the order of the plan
    #[arg(long)]
    with_dependents: bool,
}

/// Restarts them, and with `--with-dependents` their dependents.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    action::run(Verb::Restart, &args.action, args.with_dependents, colors)
}
