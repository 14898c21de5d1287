//! What can be typed: the subcommands and their arguments, as in `docs/cli.md`.
//!
//! The doc comments are the help texts. How a command line becomes one of these is in [`parse`].

mod one_dash;
mod parse;
mod patience;
mod run;
mod session;
mod usage_error;
mod value_kind;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgAction;

pub(crate) use crate::logs::args::{Limit, LogsArgs};
use flowlayer_core::protocol::Token;
pub(crate) use one_dash::{SPELLINGS as ONE_DASH, with_second_dash};
pub(crate) use parse::{CommandLine, MULTI_CALL, Parsed, grammar_of};
pub(crate) use patience::Patience;
pub(crate) use run::RunArgs;
pub(crate) use session::{
    ActionArgs, AskArgs, DownArgs, RestartArgs, SessionArgs, SessionsArgs, StatusArgs, TimeoutArgs,
    WaitArgs, WhyArgs, address,
};
pub(crate) use value_kind::{ValueKind, value_kind};

/// Deterministic runtime for local development: one config, one dependency graph, one live stack
#[derive(Debug, clap::Parser)]
#[command(name = "flowlayer", version, disable_help_flag = true)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options every subcommand has.
#[derive(Debug, clap::Args)]
struct CommonArgs {
    /// No ANSI colours; same as a non-empty `NO_COLOR`
    #[arg(long, global = true)]
    no_color: bool,
    // One help text under both spellings, as the documents promise.
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

/// One subcommand with its arguments.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Start the stack of a configuration and keep it running until a signal
    Serve(ServeArgs),
    /// Start a stack, run a command beside it, and take the stack down
    Run(RunArgs),
    /// Watch and operate a running stack in the terminal
    Tui(TuiArgs),
    /// Show, follow and search what services print
    Logs(Box<LogsArgs>),
    /// Show how the services of a running stack are
    Status(StatusArgs),
    /// Bring services up, what they depend on first
    Start(ActionArgs),
    /// Take services down
    Stop(ActionArgs),
    /// Stop services and start them again
    Restart(RestartArgs),
    /// Wait until services are up
    Wait(WaitArgs),
    /// End a running session
    Down(DownArgs),
    /// Explain why a service is not up, down to the cause
    Why(WhyArgs),
    /// List the sessions that run
    Sessions(SessionsArgs),
    /// Check configurations and report every problem
    Validate(ValidateArgs),
    /// Show in which waves the services of a configuration start
    Plan(PlanArgs),
    /// Print a script that lets a shell complete command lines
    Completions(CompletionsArgs),
    /// Print the JSON Schema of configurations, for editors
    Schema,
    /// Write a first configuration, from what is there already or from an example
    Init(InitArgs),
    /// Write the manual pages into a directory
    Man(ManArgs),
    /// What the scripts of `completions` ask
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

/// The grammar of all command lines, for those who generate something from it.
pub(crate) fn whole() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Which configuration; see [`crate::config_file`] for the order of precedence.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; beats the positional one
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Configuration file; without any: the first known name in this directory
    #[arg(id = "file", value_name = "CONFIG")]
    pub(crate) file: Option<PathBuf>,
}

const SERVE_NOTES: &str = "\
Known names: flowlayer.jsonc, flowlayer.json, flowlayer.config.jsonc, flowlayer.config.json
BIND: host:port, [v6]:port, :port (all interfaces) or port (127.0.0.1); port 0 takes a free one
Without any token one is generated and printed at boot.

With --detach it takes a free port where no BIND is given, prints the boot lines, and returns with 0
when everything is up, 1 when something is not or the start failed, 124 when that was not known
within --timeout; the session goes on. Ctrl-C until then takes it down. A session that runs already is
not started again: how it is counts.

Exit codes: 0 ended and nothing is left, 1 failed or something could not be stopped,
2 the command line or the configuration is wrong";

/// `flowlayer serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVE_NOTES)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Offer the session API here; beats session.bind
    #[arg(short = 's', long = "session-bind", value_name = "BIND")]
    pub(crate) bind: Option<String>,
    /// Bearer token of the session API; beats `FLOWLAYER_TOKEN`, `session.token`
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Boot only this service and what it depends on; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Leave the output of services out; boot and status lines stay
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Run in the background, and return when the startup has resolved
    #[arg(short, long)]
    pub(crate) detach: bool,
    #[command(flatten)]
    pub(crate) timeout: TimeoutArgs,
}

const TUI_NOTES: &str = "\
Which session, the first that applies: -addr; the session of -config; FLOWLAYER_ADDR; the session of
the configuration in this directory; the only one that runs; a choice of those that run;
127.0.0.1:6999. Its token is found with it, unless one is given here or, with an address, in
FLOWLAYER_TOKEN.
? shows the keys.";

/// `flowlayer tui`.
#[derive(Debug, clap::Args)]
#[command(after_help = TUI_NOTES)]
pub(crate) struct TuiArgs {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// `flowlayer validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 valid, 1 problems found, 2 wrong usage or unreadable")]
pub(crate) struct ValidateArgs {
    /// Configuration files, - for standard input; without any: the one serve would find
    #[arg(value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,
    /// How problems are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ValidateFormat,
    /// Let warnings fail as errors do
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

/// How `validate` writes problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ValidateFormat {
    /// For people, with the source line and a caret
    #[default]
    Text,
    /// One JSON document
    Json,
    /// Workflow commands that show up as annotations on GitHub
    Github,
}

/// `flowlayer plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// How the plan is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: PlanFormat,
}

/// How `plan` writes the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum PlanFormat {
    /// One line a wave
    #[default]
    Text,
    /// One JSON document with waves and edges
    Json,
    /// A graph for Graphviz
    Dot,
    /// A flowchart for Mermaid
    Mermaid,
}

/// `flowlayer completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example, in ~/.bashrc: source <(flowlayer completions bash)
Ready-made files are in completions/ of the source.")]
pub(crate) struct CompletionsArgs {
    /// The shell to complete for
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
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

/// `flowlayer __complete`; see [`crate::completions::complete`].
#[derive(Debug, clap::Args)]
pub(crate) struct CompleteArgs {
    /// The shell that asks
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
    /// The words up to the cursor, the program's name first; bash: what breaks words, and the line
    #[arg(value_name = "WORDS", last = true)]
    pub(crate) words: Vec<OsString>,
}

/// `flowlayer init`.
#[derive(Debug, clap::Args)]
#[command(after_help = INIT_NOTES)]
pub(crate) struct InitArgs {
    /// Import this file: a Procfile, compose.yaml, process-compose.yaml, package.json; can be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    pub(crate) from: Vec<PathBuf>,
    /// Write the example, whatever is there to import
    #[arg(long)]
    pub(crate) template: bool,
    /// Write this file, - for standard output; without it: flowlayer.jsonc
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

const INIT_NOTES: &str = "\
Without --from the first of these that is there is imported: process-compose.yaml, Procfile.dev,
Procfile, compose.yaml, docker-compose.yml, package.json. Without any: an example that runs.
What cannot be carried over is listed, and stands in the file as a comment at its place.

Exit codes: 0 written, 1 there is a configuration already or it cannot be written,
2 the command line is wrong or a source cannot be read; nothing was written";

/// `flowlayer man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One page a subcommand, and flowlayer.1 for the whole. For example: flowlayer man ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Where the pages are written; made when missing
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}
