//! `flowlayer tui`: the cockpit, as in `docs/tui.md`.
//!
//! [`update`] is a pure function from model and message to model and effects, [`view`] draws what is
//! visible of the model, [`mod@run`] is the loop around them, [`connection`] talks to the session, [`screen`] is the
//! terminal.

mod causes;
mod cells;
mod choices;
mod connection;
mod exporting;
mod fallback;
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
mod offers;
mod palette;
mod prompt;
mod reasons;
mod run;
mod screen;
mod service;
mod services;
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
use crate::terminal::abilities::Abilities;
use crate::terminal::color::Colors;
use crate::tokio_runtime;
pub(crate) use message::After;
pub(crate) use model::AtQuit;
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

/// Finds the session and runs the cockpit.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    if let Some(why) = why_not_here() {
        return Err(Failure::Failed(why));
    }
    open(&args.session, AtQuit::Leave, colors)?;
    Ok(Exit::SUCCESS)
}

/// Why the cockpit cannot be opened where this process runs; `None` where it can.
pub(crate) fn why_not_here() -> Option<String> {
    if !screen::is_there() {
        let why = "the cockpit needs a terminal, but standard input or output is not one: run it in a terminal";
        return Some(why.to_owned());
    }
    let terminal = std::env::var_os("TERM").unwrap_or_default();
    let why = match terminal.to_str() {
        Some("") => "TERM, which says what this one is, is not set",
        Some("dumb") => "TERM says that this one is dumb",
        _ => return None,
    };
    Some(format!(
        "the cockpit needs a terminal that can move its cursor, and {why}: set TERM to what it is, or use `flowlayer logs --follow`"
    ))
}

/// Finds a session, takes the terminal over and runs the cockpit until the user quits; what is to become
/// of the session then.
pub(crate) fn open(
    session: &SessionArgs,
    at_quit: AtQuit,
    colors: Colors,
) -> Result<After, Failure> {
    let selector = selector(session)?;
    let found = find::session(&selector, Path::new("."))
        .map_err(|error| config_file::unusable(error, colors))?;
    let mut model = Model::new(
        Target::default(),
        Theme::new(Abilities::detect(colors.stdout)),
        TimeZone::system(),
    );
    model.at_quit = at_quit;
    let runtime = tokio_runtime::build(1)
        .map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
    let ended = screen::Screen::enter()
        .and_then(|screen| runtime.block_on(run::run(model, screen, found, selector)));
    // A pending write to a disk must not delay the exit.
    runtime.shutdown_background();
    // A terminal that is gone cannot be restored, and answers no question.
    Ok(ended.unwrap_or(After::Leave))
}
