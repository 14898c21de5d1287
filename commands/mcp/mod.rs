//! `flowlayer mcp`: a Model Context Protocol server over stdio (docs/agents.md).
//!
//! A tool runs a command of `flowlayer` with `--json` as a process of its own and returns its document.
//! So a tool does what the command does, a command that fails cannot take the server with it, and one that
//! acts on a session reaches its outcome although the client has gone.
//!
//! [`input`] reads lines, [`rpc`] makes messages of them, [`server`] answers them; [`tools`] is the table of
//! tools with their [`arguments`], [`call`] performs one with the [`commands`] of a [`project`]; [`reply`]
//! bounds what goes back.

mod arguments;
mod call;
mod commands;
mod input;
mod log_page;
mod project;
mod reply;
mod resources;
mod rpc;
mod server;
mod tools;

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::sanitize;
use crate::tokio_runtime;
use project::Project;

/// Messages that wait between a stream and the server.
const QUEUED: usize = 16;

const NOTES: &str = "\
The client starts it and speaks JSON-RPC with it over standard input and output, one message a line.
The session is that of --config, or of the configuration in this directory or the nearest above.
It ends when its standard input does, after what was asked for; the session stays.

Exit codes: 0 the client has closed its end, 1 failure, 2 wrong usage";

/// Let coding agents see and control the stack (Model Context Protocol)
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Configuration of the session
    #[arg(short, long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Offer only tools that change nothing
    #[arg(long)]
    read_only: bool,
}

/// Serves the client on the standard streams until it closes them.
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    let project = Project::new(args.config.as_deref())?;
    let (lines, incoming) = mpsc::channel(QUEUED);
    let (outgoing, messages) = mpsc::channel(QUEUED);
    // Blocking reads and writes on threads of their own: a client that does not read delays no signal.
    start("mcp-input", move || {
        input::read(BufReader::new(io::stdin()), &lines);
    })?;
    let writer = start("mcp-output", move || write(messages))?;
    let exit = tokio_runtime::block_on(async {
        let ended = ended_by_signal()?;
        tokio::select! {
            () = server::serve(project, args.read_only, incoming, outgoing) => Ok(Exit::SUCCESS),
            exit = ended => Ok(exit),
        }
    })?;
    if exit == Exit::SUCCESS {
        // It ends with the last message; a panic in it has been reported.
        let _ = writer.join();
    }
    Ok(exit)
}

fn start(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, Failure> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))
}

/// Writes message after message until there are no more, or the client is gone.
fn write(mut messages: mpsc::Receiver<String>) {
    let mut stdout = io::stdout().lock();
    let mut line = Vec::new();
    while let Some(message) = messages.blocking_recv() {
        line.clear();
        sanitize::append_json(&mut line, message.as_bytes());
        line.push(b'\n');
        let written = stdout.write_all(&line).and_then(|()| stdout.flush());
        if written.is_err() {
            return;
        }
    }
}

/// Completes at a signal that asks to end. What only reads is then killed with the runtime.
fn ended_by_signal() -> Result<impl Future<Output = Exit>, Failure> {
    let take = |kind: SignalKind| {
        signal(kind)
            .map(|signal| (signal, kind.as_raw_value()))
            .map_err(|error| Failure::Failed(format!("cannot take signals: {error}")))
    };
    let (mut terminate, sigterm) = take(SignalKind::terminate())?;
    let (mut interrupt, sigint) = take(SignalKind::interrupt())?;
    let (mut hangup, sighup) = take(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => Exit::of_signal(sigterm),
            _ = interrupt.recv() => Exit::of_signal(sigint),
            _ = hangup.recv() => Exit::of_signal(sighup),
        }
    })
}
