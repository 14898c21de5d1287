//! `flowlayer serve`: a session in the foreground, or with `--detach` in the background.

pub(crate) mod detach;

use flowlayer_core::session::registry::LiveSession;

use crate::config_file::ConfigArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server;
use crate::server::claim::{Claim, claim};
use crate::server::options::{Options, ServerArgs};
use crate::session::runs_already;
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::timeout::TimeoutArgs;

const NOTES: &str = "\
Known names: flowlayer.jsonc, flowlayer.json, flowlayer.config.jsonc, flowlayer.config.json
BIND: host:port, [v6]:port, :port (all interfaces) or port (127.0.0.1); port 0 takes a free one
Without a token, one is generated and printed at boot.

With --detach it takes a free port if no BIND is given, prints the boot lines, and exits with 0 when
everything is up, 1 when a service is not or the start failed, 124 when the boot did not finish within
--timeout; the session continues. Ctrl-C before that ends the session.

If the session of the configuration runs already, no second one is started: with --detach the exit
code reports its state, otherwise it is 1 and the error says how to reach it.

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
    /// With --detach: print one JSON document; the boot lines go to standard error
    #[arg(long, requires = "detach")]
    json: bool,
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
        return detach::run(options, timeout, args.json, colors);
    }
    in_front(options, colors, |live| {
        Err(Failure::Failed(runs_already(live)))
    })
}

/// Runs a session in the foreground to its end. `join`: what happens instead when it runs already.
pub(crate) fn in_front(
    options: Options,
    colors: Colors,
    join: impl FnOnce(&LiveSession) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let lock = match claim(options.config(), None) {
        Ok(Claim::Free(slot)) => Some(slot.lock),
        Ok(Claim::Taken(live)) => return join(&live),
        Err(error) => {
            print::stderr(&format!(
                "[flowlayer] warning: this session is not registered: clients find it by its address \
                 alone, and nothing keeps it from being started twice ({error})\n"
            ));
            None
        }
    };
    server::run(options, colors, lock, None)
}
