//! `flowlayer web`: the sessions of this user in a browser (docs/web.md).
//!
//! The page is a client of the session API like the cockpit. Between the two is a bridge: it serves
//! the page's files, and passes the messages of each tab to its session and back. The tokens of
//! sessions stay in the bridge; [`access`] decides what a browser must present instead.

mod access;
mod launch;
mod listener;
mod page;
mod routes;
mod sessions;
mod tab;

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::tokio_runtime;
use access::Access;
use sessions::Sessions;

/// Open the sessions in a browser
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The page shows every running session of this user, first that of the configuration in this
directory or above. It is served on 127.0.0.1 until ctrl-C; sessions go on without it. The printed address
holds a code that works once: give it to nobody.
Exit codes: 0 after ctrl-C, 1 if the port is in use")]
pub(crate) struct Args {
    /// Port of the page; default: a free one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Only print the address
    #[arg(long)]
    no_open: bool,
}

/// What all requests share.
#[derive(Debug)]
struct Bridge {
    access: Access,
    sessions: Sessions,
    /// One permit for each open tab.
    tabs: Arc<Semaphore>,
}

/// More tabs than anybody opens; a bound on what a page that goes wrong can cost.
const TABS: usize = 64;

/// Serves the page until a signal ends it.
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    tokio_runtime::block_on_beside(serve(args))?
}

async fn serve(args: &Args) -> Result<Exit, Failure> {
    let failed = |doing: &str, error: &std::io::Error| Failure::Failed(format!("{doing}: {error}"));
    let mut interrupt = signal(SignalKind::interrupt())
        .map_err(|error| failed("cannot wait for signals", &error))?;
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|error| failed("cannot wait for signals", &error))?;
    let (listener, port) = listen(args.port).await?;
    let here = config_file::nearest(Path::new(".")).and_then(|path| path.canonicalize().ok());
    let bridge = Arc::new(Bridge {
        access: Access::new(port),
        sessions: Sessions::new(here),
        tabs: Arc::new(Semaphore::new(TABS)),
    });
    let address = bridge.access.address();
    print::stdout(&format!("{address}\n"));
    print::stderr("ctrl-C ends the page; sessions go on\n");
    let _redirect = if args.no_open {
        None
    } else {
        launch::browser(&address, port)
            .map_err(|why| {
                print::stderr(&format!(
                    "no browser was opened ({why}): open the address above\n"
                ));
            })
            .ok()
    };
    tokio::select! {
        () = listener::accept(listener, routes::routes(bridge)) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(Exit::SUCCESS)
}

/// Listens on loopback only, whatever is asked.
async fn listen(port: u16) -> Result<(TcpListener, u16), Failure> {
    let bound = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    bound.await.map_err(|error: std::io::Error| {
        Failure::Failed(format!(
            "cannot serve the page on 127.0.0.1:{port}: {error}; choose another --port, or none"
        ))
    })
}
