//! `flowlayer serve`: a session in the foreground, or with `--detach` in the background.

mod detach;

use crate::config_file::ConfigArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server;
use crate::server::options::{Options, ServerArgs};
use crate::terminal::color::Colors;
use crate::timeout::TimeoutArgs;

const NOTES: &str = "\
Known names: flowlayer.jsonc, flowlayer.json, flowlayer.config.jsonc, flowlayer.config.json
BIND: host:port, [v6]:port, :port (all interfaces) or port (127.0.0.1); port 0 takes a free one
Without a token, one is generated and printed at boot.

With --detach it takes a free port if no BIND is given, prints the boot lines, and exits with 0 when
everything is up, 1 when a service is not or the start failed, 124 when the boot did not finish within
--timeout; the session continues. Ctrl-C before that ends the session. If the session runs already, no
second one is started, and the exit code reports its state.

Exit codes: 0 ended and no process is left, 1 failed or something could not be stopped,
2 wrong command line or configuration";

/// Start the stack of a configuration and keep it running until a signal
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Print boot and status lines only, not the output of services
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Run in the background; return when the startup is finished
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let timeout = args.timeout.timeout;
    if timeout.is_some() && !args.detach {
        return Err(Failure::Usage(
            "--timeout needs --detach: in the foreground nothing waits for the startup".to_owned(),
        ));
    }
    // The log of a session in the background holds the server's own lines only, so that it stays
    // small; `flowlayer logs` shows the output of services.
    let quiet = args.quiet || args.detach;
    let options = Options::read(&args.server, args.config.named(), quiet)?;
    if args.detach {
        return detach::run(options, timeout, colors);
    }
    server::run(options, colors, None)
}
