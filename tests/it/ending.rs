//! How `serve` ends by signals and with its terminal, and that nothing is left
//! (docs/lifecycle.md, Shutdown).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::harness::{Server, Stack, TOKEN, Terminal, until};

#[test]
fn each_of_the_three_signals_ends_it_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let server = Stack::new()
            .daemon("db", json!({}))
            .daemon("api", json!({ "dependsOn": ["db"] }))
            .start()
            .booted();
        server.signal(signal);
        let finished = server.wait_for_end();
        assert_eq!(
            (finished.code, finished.signal),
            (Some(0), None),
            "{signal}"
        );
        let stopped = |name: &str| {
            finished
                .stdout
                .find(&format!("[flowlayer] {name} → stopped"))
        };
        assert!(
            stopped("api").unwrap() < stopped("db").unwrap(),
            "dependents first"
        );
    }
}

#[test]
fn a_ctrl_c_on_the_terminal_reaches_the_server_alone() {
    let stack = Stack::new().shell(
        "api",
        "trap 'echo interrupted; exit 1' INT; echo up; while :; do sleep 0.1; done",
        json!({}),
    );
    let prepared = stack.prepare();
    let mut terminal = Terminal::run(&prepared.command, 40, 120);
    terminal.wait_for_text("api │ up");
    terminal.wait_for_text("STARTUP COMPLETE");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    let shown = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(shown.contains("api → "), "{shown}");
    assert!(!shown.contains("interrupted"), "{shown}");
    assert!(!shown.contains("failed"), "{shown}");
    prepared.home.assert_nothing_left();
}

#[test]
fn a_terminal_that_closes_ends_it_and_leaves_nothing() {
    let prepared = Stack::new().daemon("api", json!({})).prepare();
    let terminal = Terminal::run(&prepared.command, 40, 120);
    terminal.wait_for_text("STARTUP COMPLETE");
    assert_eq!(terminal.hang_up().code, Some(0));
    prepared.home.assert_nothing_left();
}

/// Guardian and server.
fn both(server: &Server) -> [Pid; 2] {
    [server.child_pid(), server.serving_pid()].map(|pid| Pid::from_raw(pid.cast_signed()))
}

/// What a service manager does: the same signal to every process of the service.
#[test]
fn a_kill_of_guardian_and_server_is_one_request() {
    for guardian_first in [true, false] {
        let server = Stack::new()
            .trapping("api", "sleep 0.3; echo saved; exit 0", json!({}))
            .start()
            .booted();
        let mut both = both(&server);
        if !guardian_first {
            both.reverse();
        }
        for pid in both {
            kill(pid, Signal::SIGTERM).unwrap();
        }
        let end = server.wait_for_end();
        assert_eq!(end.code, Some(0));
        assert!(end.stdout.contains("api │ saved"), "{}", end.stdout);
    }
}

#[test]
fn a_second_kill_of_guardian_and_server_skips_all_grace() {
    let server = Stack::new().stubborn(3_600_000).start().booted();
    let both = both(&server);
    let kill_both = || {
        for pid in both {
            let _ = kill(pid, Signal::SIGTERM);
        }
    };
    kill_both();
    server.wait_for_line("stubborn → stopping");
    // The scenario: somebody who asks again. Sooner it is taken for the first one, on its second way, and
    // nothing tells when that time is over.
    std::thread::sleep(Duration::from_millis(300));
    kill_both();
    assert_eq!(server.wait_for_end().code, Some(0));
}

/// `killall -USR1` reaches both, and they would end without anybody who takes the stack down.
#[test]
fn signals_that_mean_nothing_to_it_do_not_end_it() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let both = both(&server);
    let meaningless = [
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        Signal::SIGXCPU,
        Signal::SIGSYS,
        Signal::SIGTRAP,
    ];
    for signal in meaningless {
        for pid in both {
            kill(pid, signal).unwrap();
        }
    }
    server.signal(Signal::SIGTERM);
    let end = server.wait_for_end();
    assert_eq!(end.code, Some(0), "{}", end.stdout);
    assert!(end.stdout.contains("api → stopped"), "{}", end.stdout);
}

/// They ran side by side: a request could be answered after the services were gone.
#[test]
fn a_request_under_way_is_answered_before_anything_is_stopped() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let mut request = TcpStream::connect(server.address()).unwrap();
    let head = format!("GET /health HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n");
    request.write_all(head.as_bytes()).unwrap();
    let mut client = server.connect();
    client.services();
    server.signal(Signal::SIGTERM);
    until("the end of the session", || {
        let reply = client.command("start_service", &json!({ "service": "api" }));
        if reply.is_ok() { Err(()) } else { Ok(()) }
    });
    assert_eq!(client.services()[0]["status"], "running");
    request.write_all(b"\r\n").unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.wait_for_end().code, Some(0));
}

/// What a process has for itself alone, in KiB. What is called dirty counts a program file that was written
/// a moment ago too, and what is anonymous counts what is still shared with the process it was forked into:
/// of each mapping the smaller one counts.
fn private_memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let (mut sum, mut dirty) = (0, 0);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Private_Dirty:") => dirty = words.next().unwrap().parse::<u64>().unwrap(),
            Some("Anonymous:") => sum += dirty.min(words.next().unwrap().parse().unwrap()),
            _ => {}
        }
    }
    assert!(sum > 0, "{text}");
    sum
}

/// It is there for the whole session, so it must not be felt: one thread, little memory, and asleep while all
/// is well, whatever the services do.
#[test]
fn the_guardian_costs_next_to_nothing() {
    let server = Stack::new()
        .shell("api", "while :; do seq 100; sleep 0.01; done", json!({}))
        .shell("done", "true", json!({ "kind": "oneshot" }))
        .argument("--quiet")
        .start()
        .booted();
    let read = |file: &str, name: &str| -> u64 {
        let path = format!("/proc/{}/{file}", server.child_pid());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert_eq!(read("status", "Threads:"), 1);
    let own = private_memory(server.child_pid());
    assert!(own < 1024, "{own} KiB of its own");
    let woken = || read("status", "voluntary_ctxt_switches:");
    // News of the boot may be on their way to it. That it then sleeps on is seen by letting time pass.
    let mut before = woken();
    let mut rests = 0;
    while rests < 4 {
        std::thread::sleep(Duration::from_millis(500));
        let now = woken();
        rests = if now == before { rests + 1 } else { 0 };
        assert!(now < 1000, "it is woken again and again");
        before = now;
    }
}
