//! Every command without a terminal: no colours of ours, no questions, no more output than is asked for.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Child, Here};

/// More than any command prints unasked; the log in the test has more than ten times as much.
const BOUND: usize = 128 * 1024;

/// Runs a command on pipes with a standard input that stays open and silent.
#[track_caller]
fn run(here: &Here, arguments: &[&str], codes: &[i32]) -> String {
    let mut command = here.command(arguments);
    command
        .env("TERM", "xterm-256color")
        .env("COLORTERM", "truecolor");
    let mut child = Child::spawn(command);
    if arguments[0] == "mcp" {
        // Its input is its client.
        child.feed(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
    }
    if arguments[0] == "web" {
        // Nothing else ends it.
        child.wait_for_complaint("ctrl-C");
        child.signal(Signal::SIGINT);
    }
    let ended = child.wait_for_end();
    let code = ended.code.unwrap();
    assert!(codes.contains(&code), "{arguments:?}: {ended:?}");
    let printed = ended.stdout + &ended.stderr;
    assert!(!printed.contains('\u{1b}'), "{arguments:?}: {printed}");
    assert!(printed.len() < BOUND, "{arguments:?}: {}", printed.len());
    printed
}

/// The commands that the help lists.
fn commands(here: &Here) -> Vec<String> {
    let help = here.run(&["--help"]).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1;
    let lines = listed.lines().take_while(|line| !line.is_empty());
    lines
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_command_notices_that_nobody_watches() {
    let flood = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo \"$i $line\"; done";
    let here = Here::with(&json!({
        "api": { "cmd": ["sleep", "1000"] },
        "flood": {
            "kind": "oneshot", "cmd": ["sh", "-c", flood], "env": { "line": "x".repeat(80) },
        },
        "broken": { "kind": "oneshot", "cmd": ["false"] },
    }));
    let out = here.path().join("out");
    fs::create_dir(&out).unwrap();
    let out = out.to_str().unwrap();
    let draft = format!("{out}/flowlayer.jsonc");
    let table: &[(&[&str], &[i32])] = &[
        (&["serve", "--detach"], &[1]),
        (&["serve"], &[1]),
        (&["up"], &[1]),
        (&["tui"], &[1, 2]),
        (&["web", "--no-open"], &[0]),
        (&["logs"], &[0]),
        (&["status"], &[0]),
        (&["start", "broken"], &[1]),
        (&["stop", "api"], &[0]),
        (&["restart", "api"], &[0]),
        (&["reload"], &[0]),
        (&["open", "--print", "api"], &[0, 1]),
        (&["attach", "api"], &[1]),
        (&["send", "api", "text"], &[0, 1]),
        (&["port", "api"], &[0, 1]),
        (&["wait"], &[1]),
        (&["why"], &[1]),
        (&["runs"], &[0]),
        (&["timeline"], &[0]),
        (&["diff", "1", "1"], &[0]),
        (&["report"], &[0]),
        (&["sessions"], &[0]),
        (&["validate"], &[0]),
        (&["plan"], &[0]),
        (&["completions", "bash"], &[0]),
        (&["schema"], &[0]),
        (&["init", "--output", &draft], &[0]),
        (&["links", out], &[0]),
        (&["man", out], &[0]),
        (&["mcp"], &[0]),
        (&["down"], &[0]),
        (&["run", "--", "true"], &[125]),
        (&["help"], &[0]),
    ];
    for (arguments, codes) in table {
        run(&here, arguments, codes);
    }
    for command in commands(&here) {
        let is_tested = table.iter().any(|(arguments, _)| arguments[0] == command);
        assert!(is_tested, "{command} is not in the table");
    }
    here.wait_for_their_end();
}
