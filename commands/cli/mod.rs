//! The command line: from the arguments of the process to a subcommand, or to a usage error.
//!
//! Each subcommand declares its arguments beside its `run`; their doc comments are the help texts.

mod one_dash;
mod parse;
mod usage_error;
mod value_kind;

use clap::ArgAction;

pub(crate) use one_dash::{SPELLINGS as ONE_DASH, with_second_dash};
pub(crate) use parse::{CommandLine, MULTI_CALL, Parsed, grammar_of};
pub(crate) use value_kind::{ValueKind, value_kind};

/// Deterministic runtime for local development: one config, one dependency graph, one live stack
#[derive(Debug, clap::Parser)]
#[command(name = "flowlayer", version, disable_help_flag = true)]
pub(crate) struct Cli<C: clap::Subcommand> {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Option<C>,
}

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
