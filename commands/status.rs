//! `flowlayer status`: how the services of a session are (SPEC 9).

use serde::Serialize;

use crate::cli::StatusArgs;
use crate::client::services::{ServiceReport, SessionReport, chosen, is_up, table};
use crate::client::{self, Peer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Asks the session once and prints what it says.
pub(crate) fn run(args: StatusArgs, colors: Colors) -> Result<Exit, Failure> {
    let peer = Peer::find(args.session, colors)?;
    client::block_on(async {
        let connected = peer.connect().await?;
        client::check_names(&args.services, &connected.services)?;
        let shown = chosen(connected.services, &args.services);
        let up = shown.iter().all(is_up);
        let text = if args.json {
            print::json(&Report {
                session: SessionReport::new(&peer, &connected.session),
                up,
                services: shown.iter().map(ServiceReport::from).collect(),
            })
        } else {
            table(shown, colors.stdout)
        };
        print::stdout(&text);
        Ok(if args.exit_code && !up {
            Exit::FAILURE
        } else {
            Exit::SUCCESS
        })
    })
}

#[derive(Serialize)]
struct Report<'a> {
    session: SessionReport<'a>,
    /// Whether all of them are.
    up: bool,
    services: Vec<ServiceReport<'a>>,
}
