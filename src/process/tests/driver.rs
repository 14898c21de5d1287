//! What the copy of the test binary does: lines in, requests; events, lines out.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::exit;
use std::sync::mpsc::channel;
use std::time::Duration;

use nix::sys::signal::{SigHandler, Signal};

use crate::facts::{StopScope, StopSignal};
use crate::process::guardian::{Entered, enter};
use crate::process::system::prepare::set_action;
use crate::process::{
    Event, LifeId, Mode, ProcessInfo, Processes, Request, Role, SpawnRequest, Stdio, StopCommand,
    Streams, Teardown, start,
};

/// Set for the copy.
pub(super) const VARIABLE: &str = "FLOWLAYER_TEST_DRIVER";

/// What the driver does next.
enum Input {
    Line(String),
    Happened(Event),
    End,
}

/// Is the guardian, or the server, until the end.
pub(super) fn drive() -> ! {
    // A shell ignores it for what it starts in the background.
    set_action(Signal::SIGINT, SigHandler::SigDfl).expect("a known signal");
    let guarded = match enter().expect("the system has room for a test") {
        Entered::Guardian(code) => exit(code),
        Entered::Server(link) => link,
    };
    println!("server {}", std::process::id());
    let (inputs, queue) = channel();
    let lines = inputs.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stdin()).lines().map_while(Result::ok) {
            let _ = lines.send(Input::Line(line));
        }
        let _ = lines.send(Input::End);
    });
    let Ok(Input::Line(token)) = queue.recv() else {
        exit(3);
    };
    let processes = start(Some(guarded), &token, move |event| {
        let _ = inputs.send(Input::Happened(event));
    })
    .expect("the system has room for a test");
    for input in queue {
        match input {
            Input::Line(order) => perform(&processes, &order),
            Input::Happened(event) => tell(event, &processes),
            Input::End => {
                processes.send(Request::KillAll);
                processes.send(Request::Finish);
            }
        }
    }
    exit(4)
}

/// An order, its fields separated by tabs; see each one here, and in `Driver::begin`.
fn perform(processes: &Processes, line: &str) {
    let fields: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| fields[at].parse::<u64>().expect("a number");
    let request = match fields[0] {
        "spawn" => {
            let service = usize::try_from(number(2)).expect("a small number");
            let teardown = Teardown {
                wave: usize::try_from(number(4)).expect("a small number"),
                grace: Duration::from_millis(number(5)),
                signal: StopSignal::named(fields[7]).expect("a signal"),
                scope: match fields[8] {
                    "leader" => StopScope::Leader,
                    _ => StopScope::Group,
                },
                up_after_success: fields[6] == "up",
                stop_command: (!fields[9].is_empty()).then(|| StopCommand {
                    argv: shell(fields[9]),
                    env: environment(),
                    cwd: PathBuf::from("/"),
                }),
            };
            let role = match fields[3] {
                "service" | "terminal" => Role::Service,
                "stop" => Role::StopCommand,
                _ => Role::Probe,
            };
            let request = SpawnRequest {
                life: LifeId(number(1)),
                service,
                role,
                argv: shell(fields[10]),
                env: environment(),
                cwd: PathBuf::from("/"),
                stdio: match fields[3] {
                    "terminal" => Stdio::Terminal,
                    _ => Stdio::Open,
                },
            };
            Request::Spawn(request, (role == Role::Service).then_some(teardown))
        }
        "down" => Request::TakeDown {
            service: usize::try_from(number(1)).expect("a small number"),
            mode: match fields[2] {
                "watch" => Mode::Watch,
                "leader" => Mode::Leader,
                "kill" => Mode::Kill,
                _ => Mode::Terminate,
            },
            round: 0,
        },
        "endlife" => Request::EndLife {
            life: LifeId(number(1)),
        },
        "run" => Request::Spawn(
            SpawnRequest {
                life: LifeId(number(1)),
                service: 0,
                role: Role::Service,
                argv: fields[3..].iter().map(|&field| field.to_owned()).collect(),
                env: environment(),
                cwd: PathBuf::from(fields[2]),
                stdio: Stdio::Null,
            },
            None,
        ),
        "exit" => exit(i32::try_from(number(1)).expect("a small number")),
        "killall" => Request::KillAll,
        "finish" => Request::Finish,
        other => panic!("no such command: {other}"),
    };
    processes.send(request);
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// What the driver was given, and as much more as the test asks for.
fn environment() -> Vec<(OsString, OsString)> {
    let ballast = std::env::var("BALLAST").map_or(0, |size| size.parse().expect("a number"));
    let parts = (0..ballast).map(|n| (format!("BALLAST_{n}").into(), "x".repeat(100_000).into()));
    std::env::vars_os()
        .filter(|(key, _)| key != VARIABLE)
        .chain(parts)
        .collect()
}

fn tell(event: Event, processes: &Processes) {
    match event {
        Event::Spawned { life, pid, streams } => {
            println!("spawned {} {pid}", life.0);
            let outputs = match streams {
                Streams::Pipes {
                    stdout,
                    stderr,
                    stdin,
                } => {
                    // It stays open, as in the server.
                    std::mem::forget(stdin);
                    vec![stdout, stderr]
                }
                Streams::Terminal(master) => vec![master],
            };
            for output in outputs {
                copy(life, output);
            }
        }
        Event::SpawnFailed { life, error } => println!("refused {} {error}", life.0),
        Event::Exited { life, end, left } => {
            println!("exited {} {end:?} left {}", life.0, names(&left));
        }
        Event::Left { life, left } => println!("left {} {left}", life.0),
        Event::Remaining {
            service, processes, ..
        } => {
            println!("remaining {service} {}", names(&processes));
        }
        Event::Unowned {
            service, processes, ..
        } => println!("unowned {service} {}", names(&processes)),
        Event::Gone { service, .. } => println!("gone {service}"),
        Event::LifeGone { life } => println!("over {}", life.0),
        Event::GuardianLost => {
            println!("guardian lost");
            processes.send(Request::KillAll);
            processes.send(Request::Finish);
        }
        Event::Finished { left } => {
            println!("finished {}", names(&left));
            exit(i32::from(!left.is_empty()));
        }
    }
}

/// Passes on what a process says.
fn copy(life: LifeId, pipe: OwnedFd) {
    std::thread::spawn(move || {
        for line in BufReader::new(File::from(pipe))
            .lines()
            .map_while(Result::ok)
        {
            println!("out {} {line}", life.0);
        }
    });
}

fn names(processes: &[ProcessInfo]) -> String {
    let names: Vec<_> = processes.iter().map(|p| p.name.as_str()).collect();
    format!("[{}]", names.join(" "))
}
