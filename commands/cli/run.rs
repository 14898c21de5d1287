//! The arguments of `flowlayer run` (docs/cli.md, run).

use std::ffi::OsString;
use std::path::PathBuf;

use flowlayer_core::protocol::Token;

use super::session::TimeoutArgs;

const RUN_NOTES: &str = "\
CMD has the terminal; the stack prints nothing unless it does not come up or --show-output is given.
In its environment are FLOWLAYER_ADDR and FLOWLAYER_TOKEN, for clients of the session. The session
ends with CMD, or when this process does.

Exit codes: that of CMD, 128+n when signal n ended it; 2 the command line or the configuration is
wrong; 124 not up within --timeout; 125 the stack did not come up, ended before CMD, or could not be
stopped; 126 CMD cannot be executed; 127 CMD is not found";

/// `flowlayer run`.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_NOTES)]
pub(crate) struct RunArgs {
    /// Configuration file; without: the first known name in this directory
    #[arg(short, long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Boot only this service and what it depends on; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Offer the session API here; without this and session.bind: on a free port
    #[arg(short = 's', long = "session-bind", value_name = "BIND")]
    pub(crate) bind: Option<String>,
    /// Bearer token of the session API; beats `FLOWLAYER_TOKEN`, `session.token`
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Show boot lines and the output of services, on standard error
    #[arg(long)]
    pub(crate) show_output: bool,
    #[command(flatten)]
    pub(crate) timeout: TimeoutArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}
