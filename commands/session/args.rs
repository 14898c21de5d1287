//! The arguments that commands on a running session share.

use std::path::PathBuf;

use flowlayer_core::config::{Bind, BindError, PortZero};
use flowlayer_core::protocol::Token;

/// Which session; see [`super::find`] for the order of precedence.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SessionArgs {
    /// Address of the server: host:port
    #[arg(short, long, value_name = "ADDR", value_parser = address)]
    pub(crate) addr: Option<String>,
    /// Bearer token of the session API
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Configuration of the session
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

/// The address to dial, for an address to listen on.
pub(crate) fn address(text: &str) -> Result<String, BindError> {
    Bind::parse(text, PortZero::Refused).map(|bind| bind.dial())
}

/// Which session, for the help of all of them: `concat!` takes no constants.
macro_rules! which_session {
    () => {
        "\
The session is the first of: --addr; the session of --config; FLOWLAYER_ADDR; the session of the
configuration in this directory or the nearest above. Without a configuration, commands that only
read take the only running session.
"
    };
}
pub(crate) use which_session;
