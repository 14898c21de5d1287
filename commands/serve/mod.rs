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
Without any token one is generated and printed at boot.

With --detach it takes a free port where no BIND is given, prints the boot lines, and returns with 0
when everything is up, 1 when something is not or the start failed, 124 when that was not known
within --timeout; the session goes on. Ctrl-C until then takes it down. A session that runs already is
not started again: how it is counts.

Exit codes: 0 ended and nothing is left, 1 failed or something could not be stopped,
2 the command line or the configuration is wrong";

/// Start the stack of a configuration and keep it running until a signal
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Leave the output of services out; boot and status lines stay
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Run in the background, and return when the startup has resolved
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let timeout = args.timeout.timeout;
    if timeout.is_some() && !args.detach {
        return Err(Failure::Usage(
            "--timeout goes with --detach: in the foreground there is nobody who waits".to_owned(),
        ));
    }
    // The log of a session in the background holds what the server says of itself, so that it stays
    // small; what services say is for `flowlayer logs`.
    let quiet = args.quiet || args.detach;
    let options = Options::read(&args.server, args.config.named(), quiet)?;
    if args.detach {
        return detach::run(options, timeout, colors);
    }
    server::run(options, colors, None)
}
