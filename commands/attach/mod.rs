//! `flowlayer attach`: the terminal of a service in this one (docs/cli.md, attach).

mod keys;
mod own_terminal;

use std::io::IsTerminal;

use flowlayer_core::client::{Client, Connected, Event};
use flowlayer_core::facts::{Kind, Status, Stdio};
use flowlayer_core::protocol::{Command, ServiceState};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::keys::{Keys, Typed};
use self::own_terminal::OwnTerminal;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{SessionArgs, which_session};
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::tokio_runtime;

const NOTES: &str = concat!(
    "\
The service needs \"tty\": true. ctrl-] leaves it running; so does a signal. The session keeps what it printed in its
log: `flowlayer logs SERVICE`. Its terminal has the size of the smallest one that is attached.

",
    which_session!(),
    "
Exit codes: 0 left, 1 the service ended or has no terminal, 2 wrong usage or configuration, 3 no session to talk to"
);

/// Use the terminal of a service (ctrl-] leaves)
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Service to attach to
    #[arg(value_name = "SERVICE")]
    service: String,
    #[command(flatten)]
    session: SessionArgs,
}

/// How it ended.
enum End {
    /// By the user.
    Left,
    /// By a signal.
    Signal(i32),
    /// The service has.
    Service(String),
    /// The session has, or the connection.
    Session(String),
}

/// Attaches until somebody or something ends it.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::Failed(
            "attach needs a terminal as standard input and output: use `flowlayer send` and `flowlayer logs` in scripts"
                .to_owned(),
        ));
    }
    let target = TargetSession::find(&args.session, Purpose::Change, colors)?;
    // Who does not read must not keep the connection waiting.
    tokio_runtime::block_on_beside(async {
        let connected = target.connect().await?;
        session::require_terminals(&connected.session)?;
        let service = session::one_service(&args.service, &connected.services)?;
        let service = ready(service)?;
        let end = attach(service, connected).await?;
        match end {
            End::Left => {
                print::stderr(&format!("left {}, which goes on\n", args.service));
                Ok(Exit::SUCCESS)
            }
            End::Signal(number) => Ok(Exit::of_signal(number)),
            End::Service(why) | End::Session(why) => Err(Failure::Failed(why)),
        }
    })?
}

/// The name of a service that can be attached to.
fn ready(service: &ServiceState) -> Result<String, Failure> {
    let name = &service.name;
    let stdio = service.details.spec.as_ref().map(|spec| spec.stdio);
    if stdio != Some(Stdio::Terminal) {
        return Err(Failure::Failed(format!(
            "service {name:?} has no terminal: give it \"tty\": true in the configuration, and `flowlayer reload`"
        )));
    }
    if let Some(why) = ended(service) {
        return Err(Failure::Failed(format!(
            "{why}: start it with `flowlayer start {name}`"
        )));
    }
    Ok(name.clone())
}

/// Why there is nothing to be attached to, unless it runs or is about to.
fn ended(service: &ServiceState) -> Option<String> {
    let details = &service.details;
    let is_over = match service.status {
        Status::Stopped | Status::Failed => details.wanted != Some(true),
        Status::Ready => details.kind == Some(Kind::Oneshot) && details.pid.is_none(),
        _ => false,
    };
    let name = &service.name;
    is_over.then(|| match (&details.detail, service.status) {
        (Some(detail), _) => format!("service {name:?} has ended: {detail}"),
        (None, Status::Stopped) => format!("service {name:?} is stopped"),
        (None, Status::Ready) => format!("service {name:?} has done its work"),
        (None, _) => format!("service {name:?} has ended"),
    })
}

/// The signals that end it, and that of a new size.
struct Signals {
    ends: Vec<(i32, Signal)>,
    resized: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let kinds = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
        ];
        let ends = kinds.into_iter().map(|kind| {
            let number = kind.as_raw_value();
            signal(kind).map(|signal| (number, signal))
        });
        Ok(Self {
            ends: ends.collect::<std::io::Result<_>>()?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for one that ends it; its number.
    async fn end(ends: &mut [(i32, Signal)]) -> i32 {
        std::future::poll_fn(|cx| {
            let came = ends
                .iter_mut()
                .find_map(|(number, signal)| signal.poll_recv(cx).is_ready().then_some(*number));
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

async fn attach(service: String, connected: Connected) -> Result<End, Failure> {
    let Connected {
        client, mut events, ..
    } = connected;
    let failed =
        |error: std::io::Error| Failure::Failed(format!("the terminal cannot be used: {error}"));
    let mut signals = Signals::new().map_err(failed)?;
    let mut terminal = OwnTerminal::enter().map_err(failed)?;
    let mut typed = own_terminal::read_keys();
    let mut keys = Keys::default();
    begin(&client, &service).await?;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Event::Terminal(output)) if output.service == service => {
                    keys.screen_expects_paste(terminal.draw(&output));
                }
                Some(Event::TerminalLost(name)) if name == service => {
                    begin(&client, &service).await?;
                }
                Some(Event::Status { state, .. }) if state.name == service => {
                    if let Some(why) = ended(&state) {
                        return Ok(End::Service(why));
                    }
                }
                Some(_) => {}
                None => return Ok(End::Session("the session has ended".to_owned())),
            },
            bytes = typed.recv() => match bytes {
                // The terminal is gone.
                None => return Ok(End::Left),
                Some(bytes) => match keys.typed(&bytes) {
                    Typed::Leave => return Ok(End::Left),
                    Typed::Send(bytes) => send(&client, &service, bytes).await,
                },
            },
            Some(()) = signals.resized.recv() => {
                let (rows, cols) = own_terminal::size();
                let service = service.clone();
                let command = Command::ResizeTerminal { service, rows, cols };
                // A refusal leaves the screen as large as it was.
                let _ = client.call(command);
            }
            number = Signals::end(&mut signals.ends) => return Ok(End::Signal(number)),
        }
    }
}

/// Asks for the screen; it comes with the events.
async fn begin(client: &Client, service: &str) -> Result<(), Failure> {
    let (rows, cols) = own_terminal::size();
    let command = Command::AttachTerminal {
        service: service.to_owned(),
        rows,
        cols,
    };
    let attached = client.call(command).finished().await;
    attached.map_err(|error| Failure::Failed(session::refusal(&error)))?;
    Ok(())
}

/// Sends keys. Those that are not taken ring the bell.
async fn send(client: &Client, service: &str, data: Vec<u8>) {
    if data.is_empty() {
        return;
    }
    let command = Command::SendInput {
        service: service.to_owned(),
        data,
    };
    if client.call(command).finished().await.is_err() {
        own_terminal::ring();
    }
}
