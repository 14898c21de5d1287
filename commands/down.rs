//! `flowlayer down`: ends a session through its API, and returns when its server is gone (SPEC 9).

use std::time::Duration;

use flowlayer::client::{CommandError, Connected};
use flowlayer::process::Watched;
use flowlayer::protocol::Command;
use flowlayer::session::registry::{self, Presence};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use crate::cli::{DownArgs, Patience};
use crate::client::watch::{Watch, waiting_for};
use crate::client::{self, Peer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;

/// From the last word of a server to the end of its process. It needs milliseconds, and a disk that
/// takes the end of the log.
const LAST_STEPS: Duration = Duration::from_secs(30);

/// The command that ends a session; an extension that servers name in their hello.
const SHUTDOWN: &str = "shutdown";

/// Ends it.
pub(crate) fn run(args: DownArgs, colors: Colors) -> Result<Exit, Failure> {
    let peer = Peer::find(args.session, colors)?;
    let limit = args.timeout.timeout;
    client::block_on(async {
        let deadline = limit.map(|limit| Instant::now() + limit.duration());
        // Looked for before anything is asked for: it is taken off the list on its way down.
        let attachment = peer.attachment();
        let known = (attachment.session_id.as_deref(), attachment.pid);
        let processes = Processes::of(known.0, known.1);
        match peer.connect().await {
            Ok(connected) => {
                let named = connected.session.hello.session_id.as_deref();
                let end = Ending {
                    processes: processes.or_else(|| Processes::of(named, None)),
                    deadline,
                    limit,
                    force: args.force,
                    pid: peer.attachment().pid,
                };
                end.ask(connected).await
            }
            // A server that is ending takes no connections any more.
            Err(why) => {
                let is_ending = match processes {
                    Some(processes) => processes.are_gone_by(deadline).await,
                    None => false,
                };
                if is_ending {
                    Ok(Exit::SUCCESS)
                } else {
                    Err(why)
                }
            }
        }
    })
}

struct Ending {
    processes: Option<Processes>,
    deadline: Option<Instant>,
    limit: Option<Patience>,
    force: bool,
    pid: Option<u32>,
}

impl Ending {
    async fn ask(self, connected: Connected) -> Result<Exit, Failure> {
        let hello = &connected.session.hello;
        if !hello.capabilities.iter().any(|name| name == SHUTDOWN) {
            return Err(Failure::Failed(
                "this server cannot be ended through its API: press Ctrl-C where it runs"
                    .to_owned(),
            ));
        }
        let mut watch = Watch::new(connected.events, Some(connected.services));
        let call = connected
            .client
            .call(Command::Shutdown { force: self.force });
        let mut finished = std::pin::pin!(call.finished());
        let result = loop {
            watch.show_progress();
            tokio::select! {
                result = &mut finished => break result,
                // After the end of the connection the result is there too.
                news = watch.next() => if news.is_none() {
                    break (&mut finished).await;
                },
                () = crate::act::until(self.deadline) => {
                    watch.hide_progress();
                    return Err(self.late(&watch));
                }
            }
        };
        watch.show("waiting for the server to end");
        // The server says goodbye, and we answer it.
        let goodbye = async { while watch.next().await.is_some() {} };
        let _ = timeout(LAST_STEPS, goodbye).await;
        drop(connected.client);
        let is_gone = match self.processes {
            Some(processes) => processes.are_gone_by(self.deadline).await,
            None => true,
        };
        watch.hide_progress();
        match result {
            Ok(_) if is_gone => Ok(Exit::SUCCESS),
            Ok(_) => Err(Failure::TimedOut(
                "everything is stopped, and the server has not ended yet".to_owned(),
            )),
            Err(CommandError::Disconnected | CommandError::NotConnected) => Err(Failure::Failed(
                "the server was killed before it had taken everything down: its guardian does \
                     the rest, and `flowlayer sessions` shows what runs"
                    .to_owned(),
            )),
            Err(error) => Err(Failure::Failed(format!("{error}"))),
        }
    }

    fn late(&self, watch: &Watch) -> Failure {
        let limit = self
            .limit
            .map_or_else(String::new, |limit| limit.to_string());
        let why = waiting_for(&watch.to_vec());
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        // It takes no connections any more, so that `--force` would come too late.
        let hurry = self.pid.map_or_else(String::new, |pid| {
            format!("; two signals to its server ({pid}) skip all grace")
        });
        Failure::TimedOut(format!(
            "the session is still ending after {limit}{why}{hurry}"
        ))
    }
}

/// A server on this machine, and its guardian.
struct Processes {
    server: Presence,
    /// Ends right after the server; not known everywhere.
    guardian: Option<Watched>,
}

impl Processes {
    /// Those of a session that runs here. The id of the guardian comes from a file, and is used for
    /// waiting only; while the server has its lock, it is right.
    fn of(session_id: Option<&str>, guardian: Option<u32>) -> Option<Self> {
        let guardian = guardian.and_then(|pid| Watched::begin(pid).ok());
        let server = registry::presence(session_id?)?;
        Some(Self { server, guardian })
    }

    /// Waits for their end; false when it does not come in time.
    async fn are_gone_by(self, deadline: Option<Instant>) -> bool {
        let end = spawn_blocking(move || {
            self.server.wait_for_end()?;
            self.guardian.map_or(Ok(()), Watched::wait_for_end)
        });
        let latest = Instant::now() + LAST_STEPS;
        let until = deadline.map_or(latest, |deadline| deadline.min(latest));
        matches!(timeout_at(until, end).await, Ok(Ok(Ok(()))))
    }
}
