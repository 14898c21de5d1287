//! Everything a person types or sees: one module a subcommand, and how we print in [`terminal`].
//!
//! The binary is [`main`]. It is a library so that benchmarks and fuzz targets can link what they run.
#![forbid(unsafe_code)]

mod cli;
mod completions;
mod config_file;
mod down;
mod exit;
mod failure;
mod init;
mod logs;
mod man;
mod plan;
mod run;
mod schema;
mod serve;
mod server;
mod session;
mod sessions;
mod status;
mod terminal;
mod timeout;
mod tokio_runtime;
mod tui;
mod validate;
mod wait;
mod why;

use std::process::ExitCode;

#[doc(hidden)]
pub use terminal::sanitize::append_safe;
#[doc(hidden)]
pub use tui::headless;

use cli::{Command, CommandLine, Parsed};
use exit::Exit;
use failure::Failure;
use terminal::color::Colors;
use terminal::print;

/// Parses the command line, runs the subcommand, prints its error, returns its exit code.
pub fn main() -> ExitCode {
    let line = CommandLine::new(std::env::args_os());
    let colors = Colors::detect(line.no_color());
    let outcome = match line.parse() {
        Ok(Parsed::Run(command)) => run(command, colors),
        Ok(Parsed::Show(text)) => {
            print::stdout(&text.paint(colors.stdout));
            Ok(Exit::SUCCESS)
        }
        Err(usage) => Err(usage),
    };
    let outcome = match (outcome, print::refused()) {
        (Ok(_), Some(error)) => Err(Failure::Failed(format!(
            "cannot write to standard output: {error}"
        ))),
        (outcome, _) => outcome,
    };
    outcome
        .unwrap_or_else(|failure| {
            print::stderr(&failure.line(colors.stderr));
            if let Failure::Usage(_) = failure {
                print::stderr(&format!("\n{}", line.help().paint(colors.stderr)));
            }
            failure.exit()
        })
        .into()
}

fn run(command: Command, colors: Colors) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(args, colors),
        Command::Run(args) => run::run(args, colors),
        Command::Tui(args) => tui::run(args, colors),
        Command::Logs(args) => logs::run(*args, colors),
        Command::Status(args) => status::run(args, colors),
        Command::Start(args) => session::action::start(args, colors),
        Command::Stop(args) => session::action::stop(args, colors),
        Command::Restart(args) => session::action::restart(args, colors),
        Command::Wait(args) => wait::run(args, colors),
        Command::Down(args) => down::run(args, colors),
        Command::Why(args) => why::run(args, colors),
        Command::Sessions(args) => Ok(sessions::run(&args)),
        Command::Validate(args) => validate::run(args, colors),
        Command::Plan(args) => plan::run(args, colors),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Schema => Ok(schema::run()),
        Command::Init(args) => init::run(&args, colors),
        Command::Man(args) => man::run(&args),
        Command::Complete(args) => Ok(completions::complete::run(&args)),
    }
}
