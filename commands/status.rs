//! `flowlayer status`: the states of the services of a session (docs/cli.md, status).

use flowlayer_core::protocol::ServiceState;
use flowlayer_core::why::{Cause, Explainer};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{ReportArgs, which_session};
use crate::session::report::{ServiceReport, SessionReport, chosen, table};
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::tokio_runtime;

const NOTES: &str = concat!(
    which_session!(),
    "\
Its token is found with it, unless one is given here or, with an address, in FLOWLAYER_TOKEN.

Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 no session to talk to (or it has
not answered within 5 s)"
);

/// Show the state of the services of a running stack
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Services to show, or groups as @GROUP; default: all
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    ask: ReportArgs,
    /// Exit with 1 unless everything shown is up; services left out on purpose count only when named
    #[arg(long)]
    exit_code: bool,
}

/// Queries the session once and prints the states.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.ask.session, Purpose::Read, colors)?;
    tokio_runtime::block_on(async {
        let connected = target.connect().await?;
        let names = session::resolve_names(&args.services, &connected.services)?;
        let services = connected.services.clone();
        let explainer = Explainer::new(&services);
        let shown = chosen(connected.services, &names);
        // What was left out on purpose is no fault, unless it is asked for by name.
        let counts = |service: &&ServiceState| !names.is_empty() || !service.is_left_out();
        let up = shown.iter().filter(counts).all(ServiceState::is_up);
        let text = if args.ask.json {
            print::json(&Report {
                session: SessionReport::new(&target, &connected.session),
                up,
                services: shown
                    .iter()
                    .map(|service| Explained::new(service, &explainer))
                    .collect(),
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
    /// Whether all of them are, apart from those left out on purpose.
    up: bool,
    services: Vec<Explained<'a>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    service: ServiceReport<'a>,
    /// `null` for a service that is up.
    why: Option<Why>,
}

/// The answer of `why`, without what needs a query or is in the report already.
#[derive(Serialize)]
struct Why {
    summary: String,
    causes: Vec<Cause>,
}

impl<'a> Explained<'a> {
    fn new(service: &'a ServiceState, explainer: &Explainer<'_>) -> Self {
        let why = explainer.explain_briefly(&service.name);
        Self {
            service: ServiceReport::from(service),
            why: why.filter(|why| !why.up).map(|why| Why {
                summary: why.summary,
                causes: why.causes,
            }),
        }
    }
}
