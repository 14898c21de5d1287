//! `flowlayer run`: a command beside a stack, from boot to teardown.

use std::fs;
use std::os::unix::process::CommandExt as _;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::{Child, Finished, Here, Terminal, until};

/// Runs a shell beside the stack.
#[track_caller]
fn shell(here: &Here, script: &str) -> Finished {
    here.run(&["run", "--", "sh", "-c", script])
}

fn up() -> Value {
    json!({"api": {"cmd": ["sh", "-c", "echo noise; echo noise >&2; exec sleep 1000"]}})
}

#[test]
fn the_command_has_the_streams_and_its_code_is_ours() {
    let here = Here::with(&up());
    let done = shell(&here, "echo out; echo err >&2; exit 7");
    assert_eq!(done.code, Some(7));
    assert_eq!(
        (done.stdout.as_str(), done.stderr.as_str()),
        ("out\n", "err\n")
    );
    assert!(here.processes().is_empty());
    let mut cat = Child::spawn(here.command(&["run", "--", "cat"]));
    cat.feed(b"typed\n");
    let cat = cat.finish();
    assert_eq!(
        (cat.code, cat.stdout.as_str(), cat.stderr.as_str()),
        (Some(0), "typed\n", "")
    );
    let killed = shell(&here, "kill -KILL $$");
    assert_eq!((killed.code, killed.signal), (Some(137), None));
}

#[test]
fn the_stack_is_up_and_can_be_talked_to_meanwhile() {
    let here = Here::with(&up());
    let done = shell(
        &here,
        "$FLOWLAYER status --exit-code api && cd / && $FLOWLAYER status --json",
    );
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.stdout.contains("running"), "{done:?}");
    assert!(
        done.stdout.contains("\"up\": true"),
        "found through FLOWLAYER_ADDR: {done:?}"
    );
    let shown = shell(&here, "echo ${FLOWLAYER_ADDR%:*} ${FLOWLAYER_TOKEN%_*}");
    assert_eq!(shown.stdout, "127.0.0.1 fl\n");
}

#[test]
fn output_of_the_stack_is_shown_when_asked_for_and_stays_out_of_stdout() {
    let mut services = up();
    // Up once it has been heard.
    services["api"]["ready"] = json!({"type": "log", "pattern": "noise"});
    let here = Here::with(&services);
    let done = here.run(&["run", "--show-output", "--", "echo", "out"]);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "out\n"),
        "{done:?}"
    );
    for line in ["api → ready (log line", "api │ noise\n", "STARTUP COMPLETE"] {
        assert!(done.stderr.contains(line), "{line:?}: {done:?}");
    }
}

#[test]
fn a_stack_that_does_not_come_up_is_told_and_nothing_is_run() {
    let here = Here::with(&json!({
        "broken": {"cmd": ["sh", "-c", "echo no such table >&2; exit 3"], "kind": "oneshot"},
        "web": {"cmd": ["sleep", "1000"], "dependsOn": ["broken"]},
    }));
    let done = shell(&here, "touch ran");
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(125), ""),
        "{done:?}"
    );
    for words in [
        "broken → failed (exit code 3)",
        "web → blocked (broken failed)",
        "last lines of broken:\n    no such table\n",
        "Error: the stack did not come up, and the command was not run\n",
    ] {
        assert!(done.stderr.contains(words), "{words:?}: {done:?}");
    }
    assert!(!here.path().join("ran").exists());
    let only = here.run(&["run", "--only", "nobody", "--", "true"]);
    assert_eq!(only.code, Some(2));
    assert_eq!(
        here.run(&["run", "true"]).code,
        Some(2),
        "the command comes after --"
    );
}

#[test]
fn a_stack_that_hangs_ends_with_the_time_given() {
    let here = Here::with(&json!({"slow": {"cmd": ["sleep", "1000"], "kind": "oneshot"}}));
    let late = here.run(&["run", "--timeout", "3", "--", "true"]);
    assert_eq!((late.code, late.stdout.as_str()), (Some(124), ""));
    for words in [
        "the last lines of slow: it has printed nothing\n",
        "the stack is not up within 3 s: slow: running\n",
    ] {
        assert!(late.stderr.contains(words), "{words}: {late:?}");
    }
    assert!(here.processes().is_empty());
}

#[test]
fn what_cannot_be_run_is_told_as_env_does() {
    let here = Here::with(&up());
    here.run(&["run", "--", "no-such-command"])
        .refused(127, &["cannot run no-such-command", "not found"]);
    here.run(&["run", "--", "./flowlayer.jsonc"])
        .refused(126, &["cannot run ./flowlayer.jsonc", "ermission denied"]);
    assert!(here.processes().is_empty());
}

#[test]
fn a_termination_goes_to_the_command_first() {
    let here = Here::with(&up());
    let script = "trap 'echo tidy; exit 5' TERM; touch here; while :; do sleep 0.05; done";
    let run = Child::spawn(here.command(&["run", "--", "sh", "-c", script]));
    here.wait_for_file("here");
    run.signal(Signal::SIGTERM);
    let run = run.finish();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(5), "tidy\n"),
        "{run:?}"
    );
    assert!(here.processes().is_empty());
    // A second one is meant.
    fs::remove_file(here.path().join("here")).unwrap();
    let script = "trap 'touch asked' TERM; touch here; while :; do sleep 0.05; done";
    let run = Child::spawn(here.command(&["run", "--", "sh", "-c", script]));
    here.wait_for_file("here");
    run.signal(Signal::SIGTERM);
    here.wait_for_file("asked");
    run.signal(Signal::SIGTERM);
    assert_eq!(run.finish().code, Some(137));
    assert!(here.processes().is_empty());
}

#[test]
fn what_the_command_leaves_ends_with_it() {
    let here = Here::with(&up());
    let done = shell(
        &here,
        "setsid sh -c 'trap \"touch asked; exit\" TERM; touch here; while :; do sleep 0.05; done' &
         setsid sh -c 'trap \"\" TERM; touch deaf; while :; do sleep 0.05; done' &
         until [ -e here ] && [ -e deaf ]; do sleep 0.02; done; exit 7",
    );
    assert_eq!(done.code, Some(7), "{done:?}");
    assert!(here.path().join("asked").exists());
    assert!(here.processes().is_empty());
}

#[test]
fn orphans_of_the_command_leave_no_zombies() {
    let here = Here::with(&up());
    let script = "i=0; while [ $i -lt 20 ]; do (setsid true &); i=$((i+1)); done; echo $PPID; touch here; read line";
    let mut run = Child::spawn(here.command(&["run", "--", "sh", "-c", script]));
    here.wait_for_file("here");
    let pid = run.pid();
    let children = move || {
        let path = format!("/proc/{pid}/task/{pid}/children");
        fs::read_to_string(path).unwrap()
    };
    until(
        "the command, the session and the witness of signals are all",
        || {
            let children = children();
            let count = children.split_whitespace().count();
            if count == 3 { Ok(()) } else { Err(children) }
        },
    );
    run.feed(b"\n");
    assert_eq!(run.finish().stdout, format!("{pid}\n"));
}

#[test]
fn sessions_that_the_command_started_are_spared() {
    let here = Here::with(&up());
    let other = json!({"services": {"web": {"cmd": ["sleep", "1000"]}}});
    fs::write(here.path().join("other.jsonc"), other.to_string()).unwrap();
    let done = shell(&here, "$FLOWLAYER serve --detach -c other.jsonc >/dev/null");
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert_eq!(here.sessions().len(), 1);
    let status = here.run(&["status", "-c", "other.jsonc", "--exit-code"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert_eq!(here.run(&["down", "-c", "other.jsonc"]).code, Some(0));
    here.wait_for_their_end();
}

#[test]
fn an_interrupt_during_the_boot_takes_the_stack_down() {
    let here = Here::with(
        &json!({"slow": {"cmd": ["sh", "-c", "touch here; exec sleep 1000"], "kind": "oneshot"}}),
    );
    let run = Child::spawn(here.command(&["run", "--", "true"]));
    here.wait_for_file("here");
    run.signal(Signal::SIGINT);
    let run = run.finish();
    assert_eq!((run.code, run.stdout.as_str()), (Some(130), ""), "{run:?}");
    assert!(here.processes().is_empty());
}

#[test]
fn ctrl_c_reaches_the_command_and_then_the_stack_goes_down() {
    let here = Here::with(&up());
    let script = "trap 'echo tidied up; exit 3' INT; echo at work; while :; do sleep 0.05; done";
    let mut terminal = Terminal::run(&here.command(&["run", "--", "sh", "-c", script]), 24, 80);
    terminal.wait_for_text("at work");
    terminal.type_keys("\u{3}");
    terminal.wait_for_text("tidied up");
    assert_eq!(terminal.wait_for_end().code, Some(3));
    assert!(here.processes().is_empty());
}

/// On a terminal, where a key would have reached the command already.
#[test]
fn an_interrupt_that_was_sent_is_passed_on() {
    let here = Here::with(&up());
    let script = "trap 'echo tidied up; exit 3' INT; echo at work; while :; do sleep 0.05; done";
    let terminal = Terminal::run(&here.command(&["run", "--", "sh", "-c", script]), 24, 80);
    terminal.wait_for_text("at work");
    terminal.child().signal(Signal::SIGINT);
    terminal.wait_for_text("tidied up");
    assert_eq!(terminal.wait_for_end().code, Some(3));
    assert!(here.processes().is_empty());
}

/// A shell that handles SIGINT counts what it gets.
#[test]
fn a_key_reaches_the_command_once() {
    let here = Here::with(&up());
    let script = "n=0; trap 'n=$((n+1))' INT; echo at work; until [ -e go ]; do sleep 0.05; done; echo got $n";
    let mut terminal = Terminal::run(&here.command(&["run", "--", "sh", "-c", script]), 24, 80);
    terminal.wait_for_text("at work");
    terminal.type_keys("\u{3}");
    terminal.wait_for_text("^C");
    fs::write(here.path().join("go"), "").unwrap();
    terminal.wait_for_text("got 1");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    assert!(here.processes().is_empty());
}

/// In a process group of its own, whose leader is `run`.
fn group(here: &Here, script: &str) -> (Child, Pid) {
    let mut command = here.command(&["run", "--", "sh", "-c", script]);
    command.process_group(0);
    let run = Child::spawn(command);
    here.wait_for_file("here");
    let group = Pid::from_raw(run.pid().cast_signed());
    (run, group)
}

fn children(pid: Pid) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let pids = list.split_whitespace().map(|pid| pid.parse().unwrap());
    pids.map(Pid::from_raw).collect()
}

/// `kill -INT -- -PGID`, which is no key.
#[test]
fn a_signal_to_the_whole_group_reaches_the_command_once() {
    let script = "n=0; trap 'n=$((n+1)); touch got' INT; trap 'echo got $n; exit 3' TERM; touch here; \
                  while :; do sleep 0.05; done";
    let here = Here::with(&up());
    let (run, group) = group(&here, script);
    // While it is stopped, so that the command has counted before anything could be passed on.
    run.signal(Signal::SIGSTOP);
    killpg(group, Signal::SIGINT).unwrap();
    here.wait_for_file("got");
    run.signal(Signal::SIGCONT);
    run.signal(Signal::SIGTERM);
    let run = run.finish();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(3), "got 1\n"),
        "{run:?}"
    );
    assert!(here.processes().is_empty());
}

/// `timeout` asks its child to end, and then the group: that is no second request, which would kill.
#[test]
fn the_end_of_a_time_limit_leaves_the_command_its_grace() {
    let here = Here::with(&up());
    let script =
        "trap 'sleep 0.5; echo tidy; exit 5' TERM; touch here; while :; do sleep 0.05; done";
    let (run, group) = group(&here, script);
    kill(group, Signal::SIGTERM).unwrap();
    killpg(group, Signal::SIGTERM).unwrap();
    let run = run.finish();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(5), "tidy\n"),
        "{run:?}"
    );
    assert!(here.processes().is_empty());
}

/// `pkill NAME` signals `run` and the session, and not the command.
#[test]
fn a_signal_to_all_of_this_name_is_passed_on() {
    let here = Here::with(&up());
    let script = "trap 'echo tidy; exit 5' TERM; touch here; while :; do sleep 0.05; done";
    let (run, group) = group(&here, script);
    for child in children(group) {
        let has_name = |file| {
            let text = fs::read_to_string(format!("/proc/{child}/{file}"));
            text.unwrap().contains("flowlayer")
        };
        if has_name("comm") || has_name("cmdline") {
            kill(child, Signal::SIGTERM).unwrap();
        }
    }
    run.signal(Signal::SIGTERM);
    let run = run.finish();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(5), "tidy\n"),
        "{run:?}"
    );
    here.wait_for_their_end();
}

/// `kill -STOP -- -PGID` and then `kill -CONT` to `run` alone.
#[test]
fn a_group_that_was_stopped_delays_nothing() {
    let here = Here::with(&up());
    let script = "trap 'echo tidy; exit 5' TERM; touch here; while :; do sleep 0.05; done";
    let (run, group) = group(&here, script);
    killpg(group, Signal::SIGSTOP).unwrap();
    for child in children(group) {
        // The command alone; the other one is woken by the question.
        if !fs::read_to_string(format!("/proc/{child}/cmdline"))
            .unwrap()
            .is_empty()
        {
            for process in children(child).into_iter().chain([child]) {
                kill(process, Signal::SIGCONT).unwrap();
            }
        }
    }
    run.signal(Signal::SIGCONT);
    run.signal(Signal::SIGTERM);
    let run = run.finish();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(5), "tidy\n"),
        "{run:?}"
    );
    here.wait_for_their_end();
}

#[test]
fn a_session_that_is_killed_ends_the_command_and_is_no_success() {
    let here = Here::with(&up());
    let script = "trap 'exit 0' TERM; touch here; while :; do sleep 0.05; done";
    let run = Child::spawn(here.command(&["run", "--", "sh", "-c", script]));
    here.wait_for_file("here");
    let pid = here.sessions()[0]["pid"].as_u64().unwrap();
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    let run = run.finish();
    assert_eq!(run.code, Some(125), "{run:?}");
    assert!(
        run.stderr
            .contains("the session is lost: ending the command"),
        "{run:?}"
    );
    here.wait_for_their_end();
}

#[test]
fn the_command_may_take_the_session_down_itself() {
    let here = Here::with(&up());
    let done = shell(&here, "$FLOWLAYER down >/dev/null && echo alone && exit 4");
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(4), "alone\n"),
        "{done:?}"
    );
}

#[test]
fn who_dies_in_front_leaves_no_stack_behind() {
    let here = Here::with(&up());
    let run = Child::spawn(here.command(&["run", "--", "sh", "-c", "touch here; exec sleep 3"]));
    here.wait_for_file("here");
    run.signal(Signal::SIGKILL);
    here.wait_for_their_end();
    run.finish();
}

#[test]
fn what_failed_meanwhile_is_told_at_the_end() {
    let here = Here::with(
        &json!({"api": {"cmd": ["sh", "-c", "until [ -e go ]; do sleep 0.05; done; exit 9"]}}),
    );
    let done = shell(
        &here,
        "touch go; until $FLOWLAYER status api | grep -q failed; do :; done; echo done",
    );
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "done\n"));
    assert!(
        done.stderr
            .ends_with("while the command ran: api failed (exit code 9)\n"),
        "{done:?}"
    );
}

#[test]
fn a_session_that_runs_already_is_left_alone() {
    let here = Here::with(&up());
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    here.run(&["run", "--", "true"])
        .refused(125, &["runs already", "flowlayer wait", "flowlayer down"]);
    assert_eq!(here.run(&["down"]).code, Some(0));
}

/// The process in front shows the warnings of a configuration, the session does not again.
#[test]
fn warnings_of_the_configuration_are_shown_once() {
    let port = crate::harness::free_port();
    let here = Here::with(&json!({
        "api": {"cmd": ["sleep", "1000"], "port": port},
        "web": {"cmd": ["sleep", "1000"], "port": port, "autoStart": false},
    }));
    let done = here.run(&["run", "--", "true"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stderr.matches("warning").count(), 1, "{done:?}");
}
