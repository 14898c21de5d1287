//! The arguments of the commands that talk to a running session (docs/cli.md, Which session).

use std::path::PathBuf;

use flowlayer_core::config::{Bind, BindError, PortZero};
use flowlayer_core::protocol::Token;

use super::patience::Patience;

/// Which session; see [`crate::session::find`] for the order of precedence.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SessionArgs {
    /// Where the server is: host:port
    #[arg(short, long, value_name = "ADDR", value_parser = address)]
    pub(crate) addr: Option<String>,
    /// Bearer token of the session API
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Configuration whose session is meant
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
}

/// Which session, and for whom it answers.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where to dial: what a server may be told to listen on, as its clients reach it.
pub(crate) fn address(text: &str) -> Result<String, BindError> {
    Bind::parse(text, PortZero::Refused).map(|bind| bind.dial())
}

/// Which session, for the help of all of them: `concat!` takes no constants.
macro_rules! which_session {
    () => {
        "\
Which session, the first that applies: --addr; the session of --config; FLOWLAYER_ADDR; the session
of the configuration in this directory; without one there, the only session that runs.
"
    };
}

const STATUS_NOTES: &str = concat!(
    which_session!(),
    "\
Its token is found with it, unless one is given here or, with an address, in FLOWLAYER_TOKEN.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 no session to talk to (one that
has not answered within 5 s is none either)"
);

const WHY_NOTES: &str = "\
Exit codes: 0 it is up (without SERVICE: everything is), 1 it is not, 2 wrong usage or configuration,
3 no session to talk to (one that has not answered within 5 s is none either)";

/// `flowlayer status`.
#[derive(Debug, clap::Args)]
#[command(after_help = STATUS_NOTES)]
pub(crate) struct StatusArgs {
    /// Services to show; all without any
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    /// Exit with 1 unless everything shown is up
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// `flowlayer why`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHY_NOTES)]
pub(crate) struct WhyArgs {
    /// Service to explain; without one: each cause that keeps anything down
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

/// `flowlayer sessions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Tokens stay out of it, so that the list can be shown and logged.
Exit code: 0, also when no session runs")]
pub(crate) struct SessionsArgs {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct TimeoutArgs {
    /// Give up after so many seconds; also 500ms, 5m, 1h
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub(crate) timeout: Option<Patience>,
}

const ACTION_NOTES: &str = concat!(
    "\
Returns when it is done or cannot be. What is under way when --timeout is over goes on in the
session.

",
    which_session!(),
    "
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no session to talk to,
124 not within --timeout"
);

/// `flowlayer start` and `flowlayer stop`.
#[derive(Debug, clap::Args)]
#[command(after_help = ACTION_NOTES)]
pub(crate) struct ActionArgs {
    /// Services it is about
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// All services
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) timeout: TimeoutArgs,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

/// `flowlayer restart`.
#[derive(Debug, clap::Args)]
#[command(after_help = ACTION_NOTES)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) action: ActionArgs,
    /// Then restart what depends on them too, in the order of the plan
    #[arg(long)]
    pub(crate) with_dependents: bool,
}

const WAIT_NOTES: &str = concat!(
    "\
Fails at once when a service has failed, is blocked, or is stopped with nobody about to start it.
Without names it waits for every service that is meant to be up.
A session that is not there yet, or is gone, is waited for too: as long as --timeout says, 10 s
without it. A lost connection is made again.

",
    which_session!(),
    "
Exit codes: 0 all are up, 1 one cannot be, 2 wrong usage or configuration, 3 no session to talk to,
124 not within --timeout"
);

/// `flowlayer wait`.
#[derive(Debug, clap::Args)]
#[command(after_help = WAIT_NOTES)]
pub(crate) struct WaitArgs {
    /// Services to wait for
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    #[command(flatten)]
    pub(crate) timeout: TimeoutArgs,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

const DOWN_NOTES: &str = concat!(
    "\
Returns when the server is gone: another can be started at once.

",
    which_session!(),
    "
Exit codes: 0 ended and nothing is left, 1 something could not be stopped, 2 wrong usage or
configuration, 3 no session to talk to, 124 not within --timeout"
);

/// `flowlayer down`.
#[derive(Debug, clap::Args)]
#[command(after_help = DOWN_NOTES)]
pub(crate) struct DownArgs {
    #[command(flatten)]
    pub(crate) timeout: TimeoutArgs,
    /// Without grace: kill everything at once
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
}
