//! `flowlayer serve --detach`: a session in the background, and the two commands around it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getsid};
use serde_json::{Value, json};

use crate::harness::{Child, Here, Stack, binary, until};

fn sleeper() -> Value {
    json!({"cmd": ["sleep", "1000"]})
}

fn shell(script: &str) -> Value {
    json!({"cmd": ["sh", "-c", script]})
}

#[test]
fn it_boots_returns_and_is_there_until_it_is_taken_down() {
    let here = Here::with(&json!({
        "api": {"cmd": ["sleep", "1000"], "dependsOn": ["build"]},
        "build": {"cmd": ["sh", "-c", "echo building"], "kind": "oneshot"},
    }));
    let serve = here.run(&["serve", "--detach"]);
    assert_eq!(
        (serve.code, serve.stderr.as_str()),
        (Some(0), ""),
        "{serve:?}"
    );
    for line in [
        "boot: session API: 127.0.0.1:",
        "boot: wave 0 │ build → ready",
        "boot: wave 1 │ api → running",
        "STARTUP COMPLETE — runtime active",
        "in the background: pid ",
        "flowlayer down ends it",
    ] {
        assert!(serve.stdout.contains(line), "{line:?}: {serve:?}");
    }
    assert!(!serve.stdout.contains("fl_"), "no token: {serve:?}");
    let status = here.run(&["status", "--json"]).json();
    assert_eq!(status["up"], true);
    let pid = i32::try_from(status["session"]["pid"].as_u64().unwrap()).unwrap();
    assert!(
        serve.stdout.contains(&format!("pid {pid}, log ")),
        "{serve:?}"
    );
    // A session of its own, so that no terminal reaches it, and nothing of ours kept open.
    assert_eq!(getsid(Some(Pid::from_raw(pid))), Ok(Pid::from_raw(pid)));
    let log = here.session_file(".log");
    assert!(serve.stdout.contains(log.to_str().unwrap()), "{serve:?}");
    assert_eq!(
        fs::metadata(&log).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let down = here.run(&["down"]);
    assert_eq!((down.code, down.stderr.as_str()), (Some(0), ""));
    assert!(here.processes().is_empty());
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("STARTUP COMPLETE"), "{text}");
    assert!(
        !text.contains("building") && !text.contains("fl_"),
        "{text}"
    );
    // At once, into the same log, which begins anew.
    assert_eq!(here.run(&["serve", "-d"]).code, Some(0));
    assert_eq!(here.run(&["down"]).code, Some(0));
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("STARTUP COMPLETE").count(), 1, "{text}");
}

#[test]
fn what_did_not_come_up_is_told_with_its_last_words_and_the_rest_runs() {
    let here = Here::with(&json!({
        "api": sleeper(),
        "broken": {"cmd": ["sh", "-c", "echo out; echo 'cannot \u{1b}[2Jopen' >&2; exit 3"], "kind": "oneshot"},
        "web": {"cmd": ["sleep", "1000"], "dependsOn": ["broken"]},
    }));
    let serve = here.run(&["serve", "--detach"]);
    assert_eq!(serve.code, Some(1), "{serve:?}");
    assert!(
        serve.stdout.contains("broken → failed (exit code 3)"),
        "{serve:?}"
    );
    assert!(
        serve
            .stdout
            .contains("STARTUP INCOMPLETE — 1 up, 1 failed, 1 blocked"),
        "{serve:?}"
    );
    assert!(
        serve.stderr.contains("last lines of broken:\n"),
        "{serve:?}"
    );
    assert!(serve.stderr.contains("    cannot open\n"), "{serve:?}");
    assert!(!serve.stderr.contains("of api:"), "it is up: {serve:?}");
    assert_eq!(here.run(&["status", "--exit-code", "api"]).code, Some(0));
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn what_is_wrong_before_the_start_is_told_here_and_starts_nothing() {
    let here = Here::with_config(&json!({"services": {"api": {"cmdd": "x"}}}));
    let wrong = here.run(&["serve", "--detach"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.contains("cmdd"), "{wrong:?}");
    let here = Here::with(&json!({"api": sleeper()}));
    let wrong = here.run(&["serve", "--detach", "--only", "apo"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""));
    let wrong = here.run(&["serve", "--timeout", "5"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = here.run(&["serve", "--detach", "-s", &address]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    failed.complained(&["cannot open the session API", "choose another with -s"]);
    assert!(here.sessions().is_empty() && here.processes().is_empty());
}

#[test]
fn a_startup_that_does_not_resolve_is_let_go() {
    let here = Here::with(&json!({
        "api": {
            "cmd": ["sh", "-c", "echo no database yet; exec sleep 1000"],
            "port": 1,
            "ready": {"type": "exec", "cmd": "false"},
        },
    }));
    let late = here.run(&["serve", "--detach", "--timeout", "3"]);
    assert_eq!(late.code, Some(124), "{late:?}");
    for words in [
        "the last lines of api:\n    no database yet\n",
        "not resolved within 3 s (api: waiting for",
        ", log /",
        "flowlayer down",
    ] {
        assert!(late.stderr.contains(words), "{words}: {late:?}");
    }
    assert_eq!(here.run(&["status", "--exit-code"]).code, Some(1));
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn an_interrupt_until_it_has_resolved_takes_it_down() {
    let here = Here::with(&json!({"slow": {"cmd": ["sleep", "1000"], "kind": "oneshot"}}));
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let serve = Child::spawn(here.command(&["serve", "--detach"]));
        serve.wait_for_line("slow → starting");
        serve.signal(signal);
        let serve = serve.finish();
        assert_eq!(serve.code, Some(code), "{serve:?}");
        assert!(
            serve.stderr.contains("taking the session down"),
            "{serve:?}"
        );
        assert!(here.processes().is_empty());
    }
}

#[test]
fn two_at_once_are_one_session_and_both_know_how_it_went() {
    let here = Here::with(&json!({"build": {
        "cmd": ["sh", "-c", "until [ -e go ]; do sleep 0.05; done"], "kind": "oneshot",
    }}));
    let both = [
        Child::spawn(here.command(&["serve", "--detach"])),
        Child::spawn(here.command(&["serve", "--detach"])),
    ];
    // Whoever comes second finds it; which one that is, nobody can say.
    until("the one that finds the other", || {
        let said = both.each_ref().map(Child::transcript);
        if said.iter().any(|text| text.contains("runs already")) {
            Ok(())
        } else {
            Err(said)
        }
    });
    fs::write(here.path().join("go"), "").unwrap();
    for serve in both {
        let serve = serve.finish();
        assert_eq!(
            (serve.code, serve.stderr.as_str()),
            (Some(0), ""),
            "{serve:?}"
        );
    }
    assert_eq!(here.sessions().len(), 1);
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn a_session_that_is_ending_is_waited_for_and_then_started_anew() {
    let here = Here::with(&json!({"api": {
        "cmd": ["sleep", "1000"],
        "stopCmd": ["sh", "-c", "touch stopping; until [ -e go ]; do sleep 0.05; done"],
        "stopGraceMs": 500,
    }}));
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    let first = here.sessions()[0]["session_id"].clone();
    let down = Child::spawn(here.command(&["down"]));
    here.wait_for_file("stopping");
    let late = here.run(&["serve", "--detach", "--timeout", "0.5"]);
    assert_eq!(late.code, Some(124), "{late:?}");
    let why = "has not ended within 0.5 s: nothing was started";
    assert!(late.stderr.contains(why), "{late:?}");
    let forced = here.run(&["down", "--force", "--timeout", "0.5"]);
    assert_eq!(forced.code, Some(124), "{forced:?}");
    for words in ["--force comes too late", "still ending"] {
        assert!(forced.stderr.contains(words), "{forced:?}");
    }
    let again = Child::spawn(here.command(&["serve", "--detach", "--timeout", "25"]));
    again.wait_for_complaint("waiting until it is gone");
    fs::write(here.path().join("go"), "").unwrap();
    assert_eq!(down.finish().code, Some(0));
    let again = again.finish();
    assert_eq!(again.code, Some(0), "{again:?}");
    let sessions = here.sessions();
    assert_eq!(sessions.len(), 1);
    assert_ne!(sessions[0]["session_id"], first);
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn a_server_that_hangs_does_not_outlast_the_time_given() {
    let here = Here::with(&json!({"api": sleeper()}));
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    let server = here.run(&["status", "--json"]).json();
    let guardian = u32::try_from(server["session"]["pid"].as_u64().unwrap()).unwrap();
    let stopped: Vec<Pid> = here
        .processes()
        .iter()
        .filter(|process| !process.is_of_service && process.pid != guardian)
        .map(|process| Pid::from_raw(i32::try_from(process.pid).unwrap()))
        .collect();
    for pid in &stopped {
        kill(*pid, Signal::SIGSTOP).unwrap();
    }
    for arguments in [&["start", "api"][..], &["stop", "api"], &["down"]] {
        let timed = here.run(&[arguments, &["--timeout", "0.5"]].concat());
        assert_eq!(timed.code, Some(124), "{timed:?}");
    }
    for pid in &stopped {
        kill(*pid, Signal::SIGCONT).unwrap();
    }
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn what_is_as_it_should_be_takes_no_time() {
    let here = Here::with(&json!({"api": sleeper()}));
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    let pid = || here.run(&["status", "--json"]).json()["services"][0]["pid"].clone();
    let before = pid();
    assert_eq!(here.run(&["start", "api"]).code, Some(0));
    assert_eq!(pid(), before, "start of what is up leaves it alone");
    for _ in 0..2 {
        assert_eq!(here.run(&["stop", "api"]).code, Some(0));
    }
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn a_session_in_the_foreground_is_not_started_again_either() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let again = server.run(["serve", "--detach"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("runs already"), "{again:?}");
    assert!(again.stdout.contains("api → running"), "{again:?}");
}

#[test]
fn whoever_waited_may_die_and_the_session_goes_on() {
    let here = Here::with(
        &json!({"build": shell("until [ -e go ]; do sleep 0.05; done; exec sleep 1000")}),
    );
    let serve = Child::spawn(here.command(&["serve", "--detach"]));
    serve.wait_for_line("build → starting");
    serve.signal(Signal::SIGKILL);
    serve.finish();
    fs::write(here.path().join("go"), "").unwrap();
    assert_eq!(here.run(&["wait"]).code, Some(0));
    // And its server may: the next one finds nothing in its way.
    let pid = here.sessions()[0]["pid"].as_u64().unwrap();
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    here.wait_for_their_end();
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn it_keeps_nothing_open_that_somebody_may_wait_for_the_end_of() {
    let here = Here::with(&json!({"api": sleeper()}));
    let mut sh = Command::new("sh");
    let script = "exec 3>&1; \"$FLOWLAYER\" serve --detach; echo done >&2";
    let flowlayer = here.command(&[]);
    sh.current_dir(here.path()).args(["-c", script]);
    for (name, value) in flowlayer.get_envs() {
        match value {
            Some(value) => sh.env(name, value),
            None => sh.env_remove(name),
        };
    }
    // This waits for the end of both streams.
    let done = Child::spawn(sh).finish();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), "done\n"));
    assert!(done.stdout.contains("STARTUP COMPLETE"), "{done:?}");
    assert_eq!(here.run(&["status", "--exit-code"]).code, Some(0));
    assert_eq!(here.run(&["down"]).code, Some(0));
}

/// The recipe of the documentation, where there is next to nothing in the environment.
#[test]
fn the_recipe_for_ci_works_in_a_bare_environment() {
    let here = Here::with(&json!({"api": sleeper()}));
    let script = "flowlayer serve --detach && echo tested; flowlayer down";
    let mut sh = Command::new("env");
    let binary = binary().parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.display());
    sh.current_dir(here.path()).args([
        "-i",
        &format!("PATH={path}"),
        &format!("TMPDIR={}", here.path().display()),
        &format!("FLOWLAYER_TEST_STACK={}", here.identity),
        "sh",
        "-c",
        script,
    ]);
    let done = Child::spawn(sh).finish();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert!(
        done.stdout.contains("\ntested\nended the session of "),
        "{done:?}"
    );
}

/// A daemon without a probe is up when it is spawned: one that dies at once must not pass for up.
#[test]
fn what_dies_right_after_its_spawn_is_not_up() {
    let services = json!({
        "api": {"cmd": ["sh", "-c", "sleep 0.3; exit 3"]},
        "web": {"cmd": ["sleep", "1000"]},
    });
    let here = Here::with(&services);
    let serve = here.run(&["serve", "--detach"]);
    assert_eq!(serve.code, Some(1), "{serve:?}");
    assert!(
        serve.stdout.contains("api → failed (exit code 3)"),
        "{serve:?}"
    );
    assert_eq!(here.run(&["down"]).code, Some(0));
    let run = here.run(&["run", "--", "echo", "ran"]);
    assert_eq!((run.code, &*run.stdout), (Some(125), ""), "{run:?}");
    let server = Child::spawn(here.command(&["serve", "-s", "127.0.0.1:0"]));
    let waited = here.run(&["wait"]);
    assert_eq!(waited.code, Some(1), "{waited:?}");
    assert_eq!(here.run(&["down"]).code, Some(0));
    server.finish();
}

#[test]
fn detach_as_json_is_the_report_of_the_wait_and_whose_session_it_is() {
    let here = Here::with(&json!({
        "api": sleeper(),
        "worker": {"cmd": ["false"], "kind": "oneshot"},
    }));
    let first = here.run(&["serve", "--detach", "--json"]);
    assert_eq!(first.code, Some(1), "{first:?}");
    assert!(
        first.stderr.contains("[flowlayer]"),
        "the boot lines: {first:?}"
    );
    let first = first.json();
    assert_eq!(
        (&first["action"], &first["ok"]),
        (&json!("serve"), &json!(false))
    );
    assert_eq!(first["failed_services"], json!(["worker"]));
    let second = here.run(&["serve", "--detach", "--json"]).json();
    assert_eq!(second["session"]["pid"], first["session"]["pid"]);
    assert_eq!(
        (&first["session"]["started"], &second["session"]["started"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(here.run(&["down"]).code, Some(0));
}
