//! The arguments that commands on a running session share.

use std::path::PathBuf;

use flowlayer_core::config::{Bind, BindError, PortZero};
use flowlayer_core::protocol::Token;

/// Which session; see [`super::find`] for the order of precedence.
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

/// Which session, and in which form the answer is printed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ReportArgs {
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
pub(crate) use which_session;
