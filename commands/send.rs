//! `flowlayer send`: a line for the stdin of a service (docs/cli.md, send).

use flowlayer_core::facts::Stdio;
use flowlayer_core::protocol::Command;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{SessionArgs, which_session};
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::tokio_runtime;

const NOTES: &str = concat!(
    "\
TEXT is sent as one line: with the Enter of a terminal to a service with `tty`, with a line end to others. Services
whose stdin is null, as that of oneshots is by default, take nothing.

",
    which_session!(),
    "
Exit codes: 0 success, 1 the service takes nothing now, 2 wrong usage or configuration, 3 no session to talk to"
);

/// Send a line to the standard input of a service
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Service to send it to
    #[arg(value_name = "SERVICE")]
    service: String,
    /// What to send
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    /// Send TEXT alone, without the end of a line
    #[arg(short = 'n', long)]
    no_newline: bool,
    #[command(flatten)]
    session: SessionArgs,
}

/// Sends it.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.session, Purpose::Change, colors)?;
    tokio_runtime::block_on(async {
        let connected = target.connect().await?;
        session::require_terminals(&connected.session)?;
        let service = session::one_service(&args.service, &connected.services)?;
        let stdio = service.details.spec.as_ref().map(|spec| spec.stdio);
        let end = match stdio {
            _ if args.no_newline => "",
            Some(Stdio::Terminal) => "\r",
            _ => "\n",
        };
        let command = Command::SendInput {
            service: service.name.clone(),
            data: format!("{}{end}", args.text).into_bytes(),
        };
        let sent = connected.client.call(command).finished().await;
        sent.map_err(|error| Failure::Failed(session::refusal(&error)))?;
        Ok(Exit::SUCCESS)
    })
}
