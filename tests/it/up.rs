//! `flowlayer up`: the session of a project in the background and the cockpit on it.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Child, Here, Screen, Terminal};

/// A daemon that prints where it runs, one that a boot leaves out, and what that depends on.
fn project() -> Here {
    let here = Here::with(&json!({
        "api": {"cmd": ["sh", "-c", "pwd; exec sleep 1000"]},
        "base": {"cmd": ["sleep", "1000"], "autoStart": false},
        "extra": {
            "cmd": ["sleep", "1000"],
            "autoStart": false,
            "dependsOn": ["base"],
            "groups": ["more"],
        },
    }));
    fs::create_dir_all(here.path().join("src/deep")).unwrap();
    here
}

/// `flowlayer up` in a directory of the project.
fn up_in(here: &Here, directory: &str, arguments: &[&str]) -> Command {
    let mut up = here.command(&["up"]);
    up.args(arguments)
        .current_dir(here.path().join(directory))
        .env("HOME", here.path())
        .env("TZ", "UTC");
    up
}

/// The same on a terminal, until the cockpit shows the session.
#[track_caller]
fn cockpit(here: &Here, arguments: &[&str]) -> Terminal {
    let terminal = Terminal::run(&up_in(here, "", arguments), 24, 110);
    terminal.wait_for_text("● connected");
    terminal
}

#[track_caller]
fn asked(terminal: &mut Terminal) -> Screen {
    terminal.type_keys("q");
    terminal.wait_for_text("running, or stop it?")
}

/// The statuses of `api`, `base` and `extra`.
#[track_caller]
fn statuses(here: &Here) -> Vec<String> {
    let status = here.run(&["status", "--json"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    let services = status.json()["services"].clone();
    let services = services.as_array().unwrap();
    let of = |name: &str| services.iter().find(|service| service["name"] == name);
    ["api", "base", "extra"]
        .map(|name| of(name).unwrap()["status"].as_str().unwrap().to_owned())
        .to_vec()
}

#[track_caller]
fn pid(here: &Here) -> Value {
    let [session] = &here.sessions()[..] else {
        panic!("{:?}", here.sessions())
    };
    session["pid"].clone()
}

#[track_caller]
fn end(here: &Here) {
    let down = here.run(&["down"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    here.wait_for_their_end();
}

#[test]
fn it_starts_the_session_and_joins_it_and_quitting_asks() {
    let here = project();
    let mut first = cockpit(&here, &[]);
    first.wait_for_text("api");
    let session = pid(&here);
    asked(&mut first);
    first.type_keys("\u{1b}");
    first.wait_for("no question", |screen| !screen.has("or stop it?"));
    asked(&mut first);
    first.type_keys("\r");
    assert_eq!(first.wait_for_end().code, Some(0));
    let screen = first.wait_for_text("goes on in the background");
    assert!(screen.has("flowlayer down"), "{screen:?}");
    assert_eq!(statuses(&here)[0], "running");
    let mut second = cockpit(&here, &[]);
    assert_eq!(pid(&here), session, "the same one");
    asked(&mut second);
    second.type_keys("x");
    assert_eq!(second.wait_for_end().code, Some(0));
    second.wait_for_text("ended the session of");
    assert!(here.sessions().is_empty());
    here.wait_for_their_end();
}

#[test]
fn the_answer_can_be_given_beforehand() {
    let here = project();
    let mut keep = cockpit(&here, &["--keep"]);
    keep.type_keys("q");
    assert_eq!(keep.wait_for_end().code, Some(0));
    pid(&here);
    let mut down = cockpit(&here, &["--down"]);
    down.type_keys("q");
    assert_eq!(down.wait_for_end().code, Some(0));
    assert!(here.sessions().is_empty());
    here.wait_for_their_end();
    let both = here.run(&["up", "--keep", "--down"]);
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn a_closed_terminal_and_a_signal_leave_it_running() {
    let here = project();
    cockpit(&here, &["--down"]).hang_up();
    let session = pid(&here);
    let again = cockpit(&here, &[]);
    again.child().signal(Signal::SIGTERM);
    assert_eq!(again.wait_for_end().code, Some(0));
    assert_eq!(pid(&here), session);
    end(&here);
}

#[test]
fn nothing_is_asked_about_a_session_that_has_ended() {
    let here = project();
    let mut terminal = cockpit(&here, &[]);
    assert_eq!(here.run(&["down"]).code, Some(0));
    terminal.wait_for_text("reconnecting");
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    here.wait_for_their_end();
}

#[test]
fn a_subdirectory_means_the_project_and_its_directory() {
    let here = project();
    let started = Child::spawn(up_in(&here, "src/deep", &["--detach"])).finish();
    assert_eq!(started.code, Some(0), "{started:?}");
    let root = here.path().canonicalize().unwrap();
    let logs = here.run(&["logs", "api"]);
    assert!(
        logs.stdout
            .lines()
            .any(|line| line.ends_with(root.to_str().unwrap())),
        "{logs:?}"
    );
    let terminal = Terminal::run(&up_in(&here, "src", &["--keep"]), 24, 110);
    terminal.wait_for_text("● connected");
    terminal.hang_up();
    end(&here);
}

#[test]
fn services_are_started_besides_those_of_the_boot() {
    let here = project();
    let mut first = cockpit(&here, &["extra", "--keep"]);
    first.wait_for_text("3/3 up");
    first.type_keys("q");
    assert_eq!(first.wait_for_end().code, Some(0));
    end(&here);
    let mut without = cockpit(&here, &["--keep"]);
    without.wait_for_text("1/1 up");
    without.type_keys("q");
    assert_eq!(without.wait_for_end().code, Some(0));
    assert_eq!(statuses(&here), ["running", "stopped", "stopped"]);
    let joined = cockpit(&here, &["@more"]);
    joined.wait_for_text("3/3 up");
    joined.hang_up();
    for names in [&["up", "exta"][..], &["up", "-d", "exta"]] {
        let wrong = here.run(names);
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        wrong.complained(&["\"exta\"", "extra"]);
    }
    end(&here);
    let wrong = here.run(&["up", "-d", "exta"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(here.sessions().is_empty());
}

#[test]
fn without_a_terminal_it_joins_or_stays_in_front() {
    let here = project();
    let front = Child::spawn(up_in(&here, "src", &["extra"]));
    front.wait_for_line("STARTUP COMPLETE");
    let session = pid(&here);
    assert_eq!(session, front.pid(), "it is the session");
    assert_eq!(statuses(&here), ["running"; 3]);
    let joined = Child::spawn(up_in(&here, "src/deep", &[])).finish();
    assert_eq!(joined.code, Some(0), "{joined:?}");
    assert!(joined.stdout.contains("runs already"), "{joined:?}");
    assert_eq!(here.run(&["stop", "extra"]).code, Some(0));
    let joined = Child::spawn(up_in(&here, "", &["extra"])).finish();
    assert_eq!(joined.code, Some(0), "{joined:?}");
    assert_eq!(statuses(&here), ["running"; 3]);
    assert_eq!(pid(&here), session);
    end(&here);
    assert_eq!(front.finish().code, Some(0));
}

#[test]
fn what_is_wrong_is_said_where_it_was_typed_and_starts_nothing() {
    let here = Here::with_config(&json!({"services": {"api": {"cmdd": "x"}}}));
    let terminal = Terminal::run(&up_in(&here, "", &[]), 24, 110);
    terminal.wait_for_text("cmdd");
    assert_eq!(terminal.wait_for_end().code, Some(2));
    let empty = Here::with(&json!({}));
    fs::remove_file(empty.path().join("flowlayer.jsonc")).unwrap();
    let none = Child::spawn(up_in(&empty, "", &[])).finish();
    assert_eq!(none.code, Some(2), "{none:?}");
    for words in [
        "in this directory or above it",
        "`flowlayer init` writes one",
    ] {
        assert!(none.stderr.contains(words), "{none:?}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let here = project();
    let terminal = Terminal::run(&up_in(&here, "", &["-s", &address]), 24, 110);
    terminal.wait_for_text("cannot open the session API");
    assert_eq!(terminal.wait_for_end().code, Some(1));
    here.wait_for_their_end();
}

#[test]
fn a_boot_is_watched_from_its_beginning() {
    let here = Here::with(&json!({
        "db": {"cmd": ["sleep", "1000"], "ready": {"type": "exec", "cmd": ["test", "-e", "go"]}},
        "web": {"cmd": ["sleep", "1000"], "dependsOn": ["db"]},
    }));
    let terminal = Terminal::run(&up_in(&here, "", &[]), 24, 140);
    terminal.wait_for_text("wave 0 │ db holds it");
    fs::write(here.path().join("go"), "").unwrap();
    let screen = terminal.wait_for_text("2/2 up");
    assert!(!screen.has("holds it"), "{screen:?}");
    terminal.hang_up();
    end(&here);
}
