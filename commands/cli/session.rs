//! The arguments of the commands that talk to a running session (SPEC 9).

use std::path::PathBuf;

use flowlayer::protocol::Token;

/// Which session; see [`crate::attach`] for the order of precedence.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SessionArgs {
    /// Where the server is: host:port
    #[arg(short, long, value_name = "ADDR")]
    pub(crate) addr: Option<String>,
    /// Bearer token of the session API
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Configuration whose session is meant
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
}

/// Which session and which exit code, for the help of all of them.
pub(crate) const SESSION_NOTES: &str = "\
Which session, the first that applies: --addr; the session of --config; FLOWLAYER_ADDR; the session
of the configuration in this directory; without one there, the only session that runs.
Its token is found with it, unless one is given here or, with an address, in FLOWLAYER_TOKEN.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 no session to talk to,
124 not within --timeout";

/// `flowlayer status`.
#[derive(Debug, clap::Args)]
#[command(after_help = SESSION_NOTES)]
pub(crate) struct StatusArgs {
    /// Services to show; all without any
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 1 unless everything shown is up
    #[arg(long)]
    pub(crate) exit_code: bool,
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
