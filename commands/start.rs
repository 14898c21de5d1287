//! `flowlayer start`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::action::{self, ActionArgs, Verb};
use crate::terminal::color::Colors;

/// Start services, their dependencies first
#[derive(Debug, clap::Args)]
#[command(after_help = action::NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    action: ActionArgs,
}

/// Starts them.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    action::run(Verb::Start, &args.action, false, colors)
}
