//! `flowlayer down`: ends a session through its API, and returns when its server is gone (SPEC 9).

use std::time::Duration;

use flowlayer::client::{CommandError, Connected};
use flowlayer::protocol::Command;
use flowlayer::session::registry::{self, Presence};
use tokio::time::{Instant, timeout};

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
        let registered = peer.attachment().session_id.as_deref();
        let presence = registered.and_then(registry::presence);
        match peer.connect().await {
            Ok(connected) => {
                let named = connected.session.hello.session_id.as_deref();
                let presence = presence.or_else(|| named.and_then(registry::presence));
                let end = Ending {
                    presence,
                    deadline,
                    limit,
                    force: args.force,
                    pid: peer.attachment().pid,
                };
                end.ask(connected).await
            }
            // A server that is ending takes no connections any more.
            Err(why) => {
                let is_ending = match presence {
                    Some(presence) => is_gone_by(presence, deadline).await,
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
    presence: Option<Presence>,
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
        let is_gone = match self.presence {
            Some(presence) => is_gone_by(presence, self.deadline).await,
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

/// Waits for the end of the server's process; false when it does not come in time.
async fn is_gone_by(presence: Presence, deadline: Option<Instant>) -> bool {
    let end = tokio::task::spawn_blocking(move || presence.wait_for_end());
    let latest = Instant::now() + LAST_STEPS;
    let until = deadline.map_or(latest, |deadline| deadline.min(latest));
    matches!(tokio::time::timeout_at(until, end).await, Ok(Ok(Ok(()))))
}
