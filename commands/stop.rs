//! `flowlayer stop`.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::action::{self, ActionArgs, Verb};
use crate::terminal::color::Colors;

/// Take services down
#[derive(Debug, clap::Args)]
#[command(after_help = action::NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    action: ActionArgs,
}

/// Stops them, dependents first.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    action::run(Verb::Stop, &args.action, false, colors)
}
