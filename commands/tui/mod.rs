//! `flowlayer tui`: the cockpit, as in `docs/tui.md`.
//!
//! [`update`] is a pure function from model and message to model and effects, [`view`] draws what is
//! visible of the model, [`mod@run`] is the loop around them, [`connection`] talks to the session, [`screen`] is the
//! terminal.

mod causes;
mod cells;
mod choices;
mod connection;
#[cfg(test)]
mod fixture;
mod format;
mod frame_writer;
pub mod headless;
mod input;
mod keys;
mod log;
mod message;
mod model;
mod prompt;
mod reasons;
mod run;
mod screen;
mod service;
mod theme;
mod update;
mod view;

use std::path::Path;

use jiff::tz::TimeZone;

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::SessionArgs;
use crate::session::find;
use crate::session::selector;
use crate::terminal::color::Colors;
use crate::tokio_runtime;
use model::{Model, Target};
use theme::Theme;

const NOTES: &str = "\
The session is the first of: -addr; the session of -config; FLOWLAYER_ADDR; the session of the
configuration in this directory or the nearest above, even if it has not started yet. Without a
configuration: the only running one; your choice if several run; 127.0.0.1:6999. Its token is found
with it, unless one is given here or, with an address, in FLOWLAYER_TOKEN.
? shows the keys.";

/// Watch and operate a running stack in the terminal
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Finds the session, takes the terminal over and runs the cockpit.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    if !screen::is_there() {
        return Err(Failure::Failed(
            "the cockpit needs a terminal, but standard input or output is not one: run it in a terminal"
                .to_owned(),
        ));
    }
    let terminal = std::env::var_os("TERM").unwrap_or_default();
    if terminal.is_empty() || terminal == "dumb" {
        let why = if terminal.is_empty() {
            "TERM, which says what this one is, is not set"
        } else {
            "TERM says that this one is dumb"
        };
        return Err(Failure::Failed(format!(
            "the cockpit needs a terminal that can move its cursor, and {why}: set TERM to what it is, or use `flowlayer logs --follow`"
        )));
    }
    let selector = selector(&args.session)?;
    let found = find::session(&selector, Path::new("."))
        .map_err(|error| config_file::unusable(error, colors))?;
    let model = Model::new(
        Target::default(),
        Theme {
            colored: colors.stdout,
        },
        TimeZone::system(),
    );
    let runtime = tokio_runtime::build(1)
        .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
    let ended = screen::Screen::enter()
        .and_then(|screen| runtime.block_on(run::run(model, screen, found, selector)));
    // A pending write to a disk must not delay the exit.
    runtime.shutdown_background();
    // A terminal that is gone cannot be restored.
    drop(ended);
    Ok(Exit::SUCCESS)
}
