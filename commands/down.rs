//! `flowlayer down`: ends a session through its API, and returns when its server is gone
//! (docs/cli.md, down).

use std::time::Duration;

use flowlayer_core::client::{CommandError, Connected};
use flowlayer_core::protocol::Command;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{SessionArgs, which_session};
use crate::session::shutdown::{self, Processes};
use crate::session::watch::{Watch, waiting_for};
use crate::session::{Purpose, TargetSession, no_api};
use crate::terminal::color::Colors;
use crate::terminal::progress::Progress;
use crate::terminal::{print, sanitize};
use crate::timeout::{Deadline, TimeoutArgs, until};
use crate::tokio_runtime;

const NOTES: &str = concat!(
    "\
Returns when the server has exited, so that another can be started at once.

",
    which_session!(),
    "
Exit codes: 0 ended and no process is left, 1 something could not be stopped, 2 wrong usage or
configuration, 3 no session to talk to, 124 not within --timeout"
);

/// End a running session
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    #[command(flatten)]
    timeout: TimeoutArgs,
    /// Kill everything at once, without grace
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    session: SessionArgs,
}

impl Args {
    /// For this session, with its grace and without a limit.
    pub(crate) fn of(session: SessionArgs) -> Self {
        Self {
            timeout: TimeoutArgs { timeout: None },
            force: false,
            session,
        }
    }
}

/// From the last message of a server to the exit of its process. It needs milliseconds, and a disk that
/// takes the end of the log.
const LAST_STEPS: Duration = Duration::from_secs(30);

/// What has ended by itself is gone within this time.
const MOMENT: Duration = Duration::from_secs(1);

/// The command that ends a session; an extension that servers name in their hello.
const SHUTDOWN: &str = "shutdown";

/// Ends it.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.session, Purpose::Change, colors)?;
    let endpoint = target.endpoint();
    if let (None, Some(pid)) = (&endpoint.address, endpoint.pid) {
        return Err(Failure::Failed(no_api(&endpoint.shown_config(), pid)));
    }
    tokio_runtime::block_on(end(&target, args))
}

/// Ends this session.
pub(crate) async fn end(target: &TargetSession, args: &Args) -> Result<Exit, Failure> {
    let endpoint = target.endpoint();
    let deadline = Deadline::from_now(args.timeout.timeout);
    // Looked for before anything is asked for: it is taken off the list on its way down.
    let known = (endpoint.session_id.as_deref(), endpoint.pid);
    let processes = Processes::of(known.0, known.1);
    match target.connect_by(deadline).await {
        Ok(connected) => {
            let named = connected.session.hello.session_id.as_deref();
            let count = connected.services.len();
            let name = match &endpoint.config {
                Some(_) => endpoint.shown_config(),
                None => endpoint.place(),
            };
            let services = if count == 1 { "service" } else { "services" };
            let end = Ending {
                ended: format!("ended the session of {name} ({count} {services})"),
                processes: processes.or_else(|| Processes::of(named, None)),
                deadline,
                force: args.force,
                pid: target.endpoint().pid,
            };
            end.ask(connected).await
        }
        Err(why) => {
            let Some(processes) = processes else {
                return Err(why);
            };
            // A server that is ending takes no connections any more.
            if endpoint.address.as_deref().is_some_and(shutdown::refuses) {
                let pid = target.endpoint().pid;
                return join(processes, pid, args.force, deadline).await;
            }
            if are_gone_by(processes, Some(soonest(deadline, MOMENT))).await {
                return Ok(Exit::SUCCESS);
            }
            Err(why)
        }
    }
}

/// The session is ending already.
async fn join(
    processes: Processes,
    pid: Option<u32>,
    force: bool,
    deadline: Option<Deadline>,
) -> Result<Exit, Failure> {
    if force {
        print::stderr(&format!(
            "[flowlayer] the session is ending already, and --force comes too late for it{}\n",
            hurry(pid)
        ));
    }
    let mut progress = Progress::new();
    progress.show("the session is ending already: waiting until it is gone");
    if are_gone_by(processes, deadline.map(|deadline| deadline.at)).await {
        return Ok(Exit::SUCCESS);
    }
    let after = deadline.map_or_else(String::new, |deadline| format!(" after {deadline}"));
    Err(Failure::TimedOut(format!(
        "the session is still ending{after}{}",
        hurry(pid)
    )))
}

/// It takes no connections any more, so that `--force` would come too late.
fn hurry(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| {
        format!("; two signals to its server ({pid}) skip all grace")
    })
}

struct Ending {
    processes: Option<Processes>,
    deadline: Option<Deadline>,
    force: bool,
    pid: Option<u32>,
    /// The output at the end.
    ended: String,
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
                passed = Deadline::passed(self.deadline) => {
                    watch.progress.clear();
                    return Err(self.late(passed, &watch));
                }
            }
        };
        watch.progress.show("waiting for the server to end");
        // The server says goodbye, and we answer it.
        let goodbye = async { while watch.next().await.is_some() {} };
        let latest = soonest(self.deadline, LAST_STEPS);
        let _ = timeout_at(latest, goodbye).await;
        drop(connected.client);
        let is_gone = match self.processes {
            Some(processes) => are_gone_by(processes, Some(latest)).await,
            None => true,
        };
        watch.progress.clear();
        match result {
            Ok(_) if is_gone => {
                print::stdout(&format!("{}\n", sanitize::text(&self.ended)));
                Ok(Exit::SUCCESS)
            }
            Ok(_) => Err(Failure::TimedOut(
                "everything is stopped, but the server has not exited yet".to_owned(),
            )),
            Err(CommandError::Disconnected | CommandError::NotConnected) => Err(Failure::Failed(
                "the server was killed before it had taken everything down: its guardian does \
                     the rest, and `flowlayer sessions` shows what runs"
                    .to_owned(),
            )),
            Err(error) => Err(Failure::Failed(format!("{error}"))),
        }
    }

    fn late(&self, deadline: Deadline, watch: &Watch) -> Failure {
        let why = waiting_for(&watch.to_vec());
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        Failure::TimedOut(format!(
            "the session is still ending after {deadline}{why}{}",
            hurry(self.pid)
        ))
    }
}

/// Waits for the end of processes; false when it does not come in time.
async fn are_gone_by(processes: Processes, moment: Option<Instant>) -> bool {
    let end = spawn_blocking(move || processes.wait_for_end());
    let end = async { matches!(end.await, Ok(Ok(()))) };
    tokio::select! {
        is_gone = end => is_gone,
        () = until(moment) => false,
    }
}

/// The moment, or an earlier one.
fn soonest(deadline: Option<Deadline>, patience: Duration) -> Instant {
    let latest = Instant::now() + patience;
    deadline.map_or(latest, |deadline| deadline.at.min(latest))
}
