//! Everything that users type or see: one module per subcommand, and `terminal` for output.
//!
//! A subcommand is a module with its arguments, `Args`, and a `run` that takes them. It is declared
//! here, as a module and as a line of the table of `subcommands!`.
//!
//! The binary is [`main`]. It is a library so that benchmarks and fuzz targets can link what they run.
#![forbid(unsafe_code)]

mod attach;
mod browser;
mod cli;
mod completions;
mod config_file;
mod diff;
mod down;
mod exit;
mod failure;
mod init;
mod links;
mod logs;
mod man;
mod mcp;
mod open;
mod plan;
mod port;
mod recorded;
mod reload;
mod report;
mod restart;
mod run;
mod runs;
mod schema;
mod send;
mod serve;
mod server;
mod session;
mod sessions;
mod start;
mod status;
mod stop;
mod terminal;
mod timeline;
mod timeout;
mod tokio_runtime;
mod trace;
mod tui;
mod up;
mod validate;
mod wait;
mod web;
mod why;

use std::process::ExitCode;

use clap::CommandFactory;

#[doc(hidden)]
#[doc(hidden)]
pub use tui::headless;

use cli::{Cli, CommandLine, Parsed};
use exit::Exit;
use failure::Failure;
use terminal::color::Colors;
use terminal::print;

/// Makes the enum of the subcommands, in the order of the help, and calls the `run` of each; what
/// is in parentheses is another argument of it.
macro_rules! subcommands {
    ($($(#[$attribute:meta])* $name:ident => $($module:ident)::+ $(($more:expr))?,)*) => {
        /// One subcommand with its arguments.
        #[derive(Debug, clap::Subcommand)]
        enum Command {
            $($(#[$attribute])* $name(Box<$($module)::+::Args>),)*
        }

        impl Command {
            fn run(self, colors: Colors) -> Result<Exit, Failure> {
                match self {
                    $(Self::$name(args) => $($module)::+::run(&args, colors $(, $more)?),)*
                }
            }
        }
    };
}

subcommands! {
    Up => up,
    Serve => serve,
    Run => run,
    Tui => tui,
    Web => web,
    Logs => logs,
    Attach => attach,
    Send => send,
    Status => status,
    Start => start,
    Stop => stop,
    Restart => restart,
    Reload => reload,
    Wait => wait,
    Down => down,
    Why => why,
    Runs => runs,
    Timeline => timeline,
    Diff => diff,
    Report => report,
    Open => open,
    Sessions => sessions,
    Mcp => mcp,
    Validate => validate,
    Plan => plan,
    Port => port,
    Completions => completions,
    Schema => schema,
    Init => init,
    Links => links,
    Man => man(grammar()),
    #[command(name = "__complete", hide = true)]
    Complete => completions::complete(grammar()),
}

/// The grammar of all subcommands.
fn grammar() -> clap::Command {
    Cli::<Command>::command()
}

impl Command {
    /// Begins to write what `FLOWLAYER_LOG` asks for.
    fn trace(&self) -> Result<(), Failure> {
        match self {
            // Completion runs while the user types, and must not print.
            Self::Complete(_) => Ok(()),
            Self::Tui(_) => trace::start(true),
            Self::Up(args) => trace::start(args.opens_cockpit()),
            Self::Run(_) => trace::start(false).map_err(run::not_run),
            _ => trace::start(false),
        }
    }
}

/// Parses the command line, runs the subcommand, prints its error, returns its exit code.
pub fn main() -> ExitCode {
    let line = CommandLine::new(grammar(), std::env::args_os());
    let colors = Colors::detect(line.no_color());
    let outcome = match line.parse::<Command>() {
        Ok(Parsed::Run(command)) => command.trace().and_then(|()| command.run(colors)),
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
    tracing::debug!(target: "flowlayer::command", ?outcome, "end of the command");
    outcome
        .unwrap_or_else(|failure| {
            print::stderr(&failure.line(colors.stderr));
            if let Failure::Usage(_) = failure {
                print::stderr(&line.after_usage_error(colors.stderr));
            }
            failure.exit()
        })
        .into()
}
