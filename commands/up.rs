//! `flowlayer up`: the session of a configuration in the background, unless it runs, and the cockpit on
//! it (docs/cli.md, up).

use std::path::{Path, PathBuf};

use flowlayer_core::protocol::Command;
use flowlayer_core::session::registry::LiveSession;
use tokio::signal::unix::SignalKind;

use crate::config_file;
use crate::down;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::serve;
use crate::server::background::interrupts::Interrupts;
use crate::server::background::{self, BackgroundSession, Event, Forked, Output};
use crate::server::claim::{Claim, claim};
use crate::server::launcher::Report;
use crate::server::options::{Options, ServerArgs};
use crate::session::args::SessionArgs;
use crate::session::{Purpose, TargetSession, resolve_names, runs_already};
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::timeout::TimeoutArgs;
use crate::tokio_runtime;
use crate::tui::{self, After, AtQuit};

const NOTES: &str = "\
The configuration is the one in this directory or the nearest above; the session runs in its
directory, in the background. If it runs already, up joins it. Quitting the cockpit asks whether to
leave the session running or to stop it; --keep and --down answer beforehand. A closed terminal leaves
it running. `flowlayer down` ends it.

Without a terminal, up reports on a session that runs already, as serve --detach does; otherwise it
stays in the foreground like serve.

Exit codes: 0 the cockpit was quit, 1 failed, 2 wrong command line or configuration; with --detach and
without a terminal those of serve";

/// Start the stack in the background, unless it runs, and open the cockpit
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
#[command(mut_arg("bind", |bind| bind.help("Address of the session API; without this and session.bind: a free port")))]
pub(crate) struct Args {
    /// Services to start besides those that a boot starts, or groups as @GROUP
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Configuration file; default: the first known name in this directory or above
    #[arg(short, long, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    /// Open no cockpit; return when the startup is finished, like serve --detach
    #[arg(short, long)]
    detach: bool,
    /// Leave the session running when the cockpit is quit, without asking
    #[arg(long, conflicts_with_all = ["down", "detach"])]
    keep: bool,
    /// End the session when the cockpit is quit, without asking
    #[arg(long, conflicts_with = "detach")]
    down: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

impl Args {
    /// Whether this is going to need the terminal.
    pub(crate) fn opens_cockpit(&self) -> bool {
        !self.detach && tui::why_not_here().is_none()
    }

    const fn at_quit(&self) -> AtQuit {
        match (self.keep, self.down) {
            (true, _) => AtQuit::Leave,
            (false, true) => AtQuit::Stop,
            (false, false) => AtQuit::Ask,
        }
    }
}

/// Finds, starts or joins the session, and shows it. In the process that becomes the session this
/// returns when that is over.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let timeout = args.timeout.timeout;
    if timeout.is_some() && !args.detach {
        return Err(Failure::Usage(
            "--timeout needs --detach: nothing else waits for the startup".to_owned(),
        ));
    }
    let config = config_file::choose_nearest(args.config.as_deref(), Path::new("."))?;
    let config = enter(config);
    let opens_cockpit = args.opens_cockpit();
    let is_quiet = args.detach || opens_cockpit;
    let mut options = Options::read(&args.server, Some(&config), is_quiet)?;
    options.also.clone_from(&args.services);
    if args.detach {
        return serve::detach::run(options, timeout, false, colors);
    }
    if !opens_cockpit {
        let join = |live: &LiveSession| {
            serve::detach::join(live, args.services.clone(), timeout, false, colors)
        };
        return serve::in_front(options.with_api(colors)?, colors, join);
    }
    match claim(options.config(), None)? {
        Claim::Taken(live) => {
            let session = session_of(&live.config);
            join(&live, &session, &args.services, colors)?;
            show(&session, args.at_quit(), colors)
        }
        Claim::Free(slot) => {
            let (options, _) = options.for_background(colors)?;
            match background::launch(options, Output::Log, false, slot, colors)? {
                Forked::Back(exit) => Ok(exit),
                Forked::Front(session) => {
                    if let Some(exit) = tokio_runtime::block_on_beside(until_open(*session))?? {
                        return Ok(exit);
                    }
                    show(&session_of(&config), args.at_quit(), colors)
                }
            }
        }
    }
}

/// Changes to the directory of the configuration, where its session runs from wherever it is started.
fn enter(config: PathBuf) -> PathBuf {
    let directory = config.parent();
    let Some(directory) = directory.filter(|it| !it.as_os_str().is_empty()) else {
        return config;
    };
    let absolute = std::path::absolute(&config).unwrap_or_else(|_| config.clone());
    match std::env::set_current_dir(directory) {
        Ok(()) => absolute,
        // Nor can the configuration be read: the error is about that.
        Err(_) => config,
    }
}

fn session_of(config: &Path) -> SessionArgs {
    SessionArgs {
        config: Some(config.to_owned()),
        ..SessionArgs::default()
    }
}

/// Starts these services of a session that runs. Their way up is seen in the cockpit.
fn join(
    live: &LiveSession,
    session: &SessionArgs,
    services: &[String],
    colors: Colors,
) -> Result<(), Failure> {
    if live.address().is_none() {
        return Err(Failure::Failed(runs_already(live)));
    }
    if services.is_empty() {
        return Ok(());
    }
    let target = TargetSession::find(session, Purpose::Change, colors)?;
    tokio_runtime::block_on_beside(async {
        let connected = target.connect().await?;
        for name in resolve_names(services, &connected.services)? {
            let mut call = connected.client.call(Command::StartService(name.clone()));
            call.accepted()
                .await
                .map_err(|error| Failure::Failed(format!("cannot start {name}: {error}")))?;
        }
        Ok(())
    })?
}

/// Waits until the API of a new session answers. The exit code where a signal ended it before.
async fn until_open(mut session: BackgroundSession) -> Result<Option<Exit>, Failure> {
    let mut interrupts = Interrupts::take(&[
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::quit(),
    ])?;
    let (mut failure, mut interrupted) = (None, None);
    loop {
        tokio::select! {
            event = session.next() => match event {
                Event::Report(Report::Open { .. }) if interrupted.is_none() => return Ok(None),
                Event::Report(Report::Failed { message }) => failure = Some(message),
                Event::Report(_) => {}
                Event::Ended(end) => return match interrupted {
                    Some(signal) => Ok(Some(Exit::of_signal(signal))),
                    None => Err(Failure::Failed(failure.unwrap_or_else(|| {
                        background::how_it_ended(end, &session.log)
                    }))),
                },
            },
            signal = interrupts.next() => {
                interrupted.get_or_insert(signal);
                session.ask_to_end();
            }
        }
    }
}

/// Runs the cockpit, and ends the session after it if that is the answer.
fn show(session: &SessionArgs, at_quit: AtQuit, colors: Colors) -> Result<Exit, Failure> {
    let after = tui::open(session, at_quit, colors)?;
    let target = TargetSession::find(session, Purpose::Change, colors)?;
    if !target.is_registered() {
        return Ok(Exit::SUCCESS);
    }
    match after {
        After::Leave => {
            print::stderr(
                "[flowlayer] the session goes on in the background: flowlayer up shows it, flowlayer down \
                 ends it\n",
            );
            Ok(Exit::SUCCESS)
        }
        After::Stop => tokio_runtime::block_on(async {
            // The cockpit has taken the signals over for the rest of the process.
            let mut interrupts = Interrupts::take(&[
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::quit(),
            ])?;
            let args = down::Args::of(session.clone());
            tokio::select! {
                end = down::end(&target, &args) => end,
                signal = interrupts.next() => {
                    print::stderr("[flowlayer] interrupted: the session goes on ending\n");
                    Ok(Exit::of_signal(signal))
                }
            }
        }),
    }
}
