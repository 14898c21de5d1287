//! `flowlayer logs`: from a session and from files, searched, seen over restarts.

use std::fs;
use std::io::Read;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::harness::{Child, Finished, Server, Stack, Terminal, run};

/// Two services that print numbers, one of them to both streams, into files.
fn counting() -> Server {
    Stack::new()
        .field("logs", json!({ "dir": "logs", "bufferSize": 50 }))
        .shell("a", "seq 1 300", json!({ "kind": "oneshot" }))
        .shell(
            "b",
            "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done; printf '\\033[31mred\\033[0m \"q\" \\\\ \\342\\202\\254\\n'",
            json!({ "kind": "oneshot", "dependsOn": ["a"] }),
        )
        .daemon("worker", json!({}))
        .argument("--quiet")
        .start()
        .booted()
}

#[track_caller]
fn lines(finished: &Finished) -> Vec<&str> {
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(0), ""),
        "{finished:?}"
    );
    finished.stdout.lines().collect()
}

#[track_caller]
fn seqs(lines: &[impl AsRef<str>]) -> Vec<u64> {
    lines
        .iter()
        .map(|line| {
            let entry: Value = serde_json::from_str(line.as_ref()).expect("a JSON object");
            entry["seq"].as_u64().expect("a number")
        })
        .collect()
}

#[test]
fn files_give_what_the_session_gave() {
    let server = counting();
    let questions: [&[&str]; 24] = [
        &[],
        &["-n", "7"],
        &["-n", "all"],
        &["-n", "0"],
        &["--json", "-n", "all"],
        &["a"],
        &["b", "--timestamps"],
        &["b", "a", "-n", "25"],
        &["--no-prefix", "-n", "3"],
        &["--stream", "stderr"],
        &["--grep", "7$"],
        &["--grep", "7$", "-n", "3"],
        &["--grep", "7$", "-C", "1"],
        &["--grep", "7$", "-C", "2", "-n", "4", "--json"],
        &["--grep", "^5", "-A", "3", "a"],
        &["--grep", "^5", "-B", "3", "-n", "2", "a"],
        &["--grep", "^red \"q\" \\\\ €$"],
        &["--grep", "OUT", "-i", "-v", "b"],
        &["--since", "1h", "--json"],
        &["--until", "1h"],
        &["--after-seq", "10", "--before-seq", "20", "--json"],
        &["--before-seq", "100", "-n", "5", "--json"],
        &["--exclude", "a"],
        &[
            "--exclude",
            "b",
            "--exclude",
            "worker",
            "--json",
            "-n",
            "12",
        ],
    ];
    let ask = |arguments: &[&str]| {
        let arguments = [&["logs"], arguments].concat();
        server.run(arguments)
    };
    let online: Vec<Finished> = questions.iter().map(|question| ask(question)).collect();
    server.stop();
    for (question, online) in questions.iter().zip(&online) {
        assert_eq!(lines(&ask(question)), lines(online), "{question:?}");
    }

    let shown = |number: usize| lines(&online[number]);
    assert_eq!(shown(0).len(), 319, "fewer than the usual number");
    assert_eq!(shown(1).len(), 7);
    assert!(shown(1).iter().all(|line| line.starts_with("b      │ ")));
    assert!(seqs(&shown(4)).into_iter().eq(1..=319));
    assert_eq!(shown(5)[..2], ["1", "2"], "no prefix for one service");
    assert!(shown(6)[0].contains("Z out 1") || shown(6)[0].contains("Z err 1"));
    assert_eq!(shown(9).len(), 9);
    assert!(shown(9)[0].starts_with("b      │ err "));
    assert_eq!(shown(10).len(), 32);
    assert_eq!(shown(22).len(), 19);
    assert!(seqs(&shown(23)).into_iter().eq(289..=300));
    assert_eq!(shown(11).len(), 3);
    assert!(shown(12).contains(&"--"));
    assert_eq!(
        shown(16).len(),
        1,
        "colours, quotes and escapes do not hide it"
    );
    assert_eq!(shown(18).len(), 319);
    assert!(shown(19).is_empty());
    assert!(seqs(&shown(20)).into_iter().eq(11..=19));
    assert!(seqs(&shown(21)).into_iter().eq(95..=99));
}

#[test]
fn lines_of_a_level_and_above_are_found_in_the_session_and_in_its_files() {
    const SAYS: &str = r#"echo '{"level":"info","msg":"up"}'; echo '{"level":"error","msg":"no disk"}'
        echo 'ts=1 level=warn msg=slow'; echo plain; printf '\033[31mERROR\033[0m red\n'; echo 'no errors'"#;
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("says", SAYS, json!({ "kind": "oneshot" }))
        .daemon("worker", json!({}))
        .argument("--quiet")
        .start()
        .booted();
    let ask = |more: &[&str]| server.run([&["logs", "says"], more].concat());
    let questions: [&[&str]; 3] = [
        &["--level", "warn"],
        &["--level", "info", "-A", "1"],
        &["--level", "error", "--grep", "disk"],
    ];
    let online = questions.map(&ask);
    let unknown = ask(&["--level", "loud"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("trace, debug, info, warn, error"));
    server.stop();
    for (question, online) in questions.iter().zip(&online) {
        assert_eq!(lines(&ask(question)), lines(online), "{question:?}");
    }
    let [warn, info, disk] = online.each_ref().map(lines);
    assert_eq!(warn.len(), 3, "{warn:?}");
    assert!(warn[0].contains("no disk") && warn[2].contains("red"));
    assert_eq!((info.len(), info[3]), (6, "plain"), "{info:?}");
    assert_eq!(disk.len(), 1);
}

#[test]
fn the_newest_matches_are_found_however_far_back_they_are() {
    let logs = tempdir().unwrap();
    let server = Stack::new()
        .field("logs", json!({ "dir": logs.path(), "bufferSize": 20 }))
        .shell(
            "count",
            "seq 1 20000; exec sleep 1000",
            json!({ "ready": { "type": "log", "pattern": "^20000$" } }),
        )
        .argument("--quiet")
        .start()
        .booted();
    let found = server.run(["logs", "--grep", "^..$", "-n", "3"]);
    assert_eq!(lines(&found), ["count │ 97", "count │ 98", "count │ 99"]);
    let all = server.run(["logs", "--grep", "^1?.$", "count"]);
    assert_eq!(lines(&all).len(), 19);
    let everything = server.run(["logs", "-n", "all", "count"]);
    assert!(
        lines(&everything)
            .into_iter()
            .eq((1..=20_000).map(|line| line.to_string()))
    );
    assert_eq!(lines(&server.run(["logs"])).len(), 500, "the usual number");
}

#[test]
fn what_memory_has_dropped_is_not_left_out_silently() {
    let server = Stack::new()
        .field("logs", json!({ "bufferSize": 20 }))
        .shell("count", "seq 1 100", json!({ "kind": "oneshot" }))
        .argument("--quiet")
        .start()
        .booted();
    let some = server.run(["logs", "-n", "5"]);
    assert_eq!(lines(&some).len(), 5);
    let more = server.run(["logs", "-n", "50"]);
    assert_eq!((more.code, more.stdout.lines().count()), (Some(0), 20));
    assert!(more.stderr.contains("not there any more"), "{more:?}");
}

/// Prints numbers for ever.
const TICKING: &str = "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.02; done";

#[test]
fn following_goes_on_over_crashes_and_restarts_without_gap_or_duplicate() {
    let mut server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("tick", TICKING, json!({}))
        .shell("noise", TICKING, json!({}))
        .argument("--quiet")
        .start()
        .booted();
    let follower = Child::spawn(server.client(["logs", "-f", "-n", "all", "--json"]));
    let of_one = Child::spawn(server.client(["logs", "-f", "-n", "0", "tick", "--grep", "[05]$"]));
    follower.wait_for_line("tick 30\"");
    server.crash();
    server.start_again();
    // The numbers of the second life are above the first block.
    follower.wait_for_line("{\"seq\":1000040,");
    server.stop();
    server.start_again();
    let before = follower.lines().len();
    follower.wait_for_lines("a hundred more", |lines| lines.len() >= before + 100);
    follower.signal(Signal::SIGTERM);
    let seen = follower.wait_for_end();
    server.stop();
    of_one.signal(Signal::SIGTERM);
    let of_one = of_one.wait_for_end();

    let lines: Vec<&str> = seen.stdout.lines().collect();
    let numbers = seqs(&lines);
    let crash = numbers.partition_point(|seq| *seq <= 1_000_000);
    assert!(
        numbers[..crash].iter().copied().eq(1..=crash as u64),
        "{seen:?}"
    );
    let rest = (numbers.len() - crash) as u64;
    assert!(
        numbers[crash..]
            .iter()
            .copied()
            .eq(1_000_001..=1_000_000 + rest),
        "{seen:?}"
    );
    // What came live may have been lost to the file by the crash, never the other way round.
    let all = fs::read_to_string(server.path().join("logs/all.jsonl")).unwrap();
    let mut shown = lines.iter();
    for line in all
        .lines()
        .take_while(|line| seqs(&[line])[0] <= numbers[numbers.len() - 1])
    {
        assert!(shown.any(|shown| *shown == line), "{line}");
    }
    assert_eq!(seen.stderr.matches("was restarted").count(), 2, "{seen:?}");
    assert_eq!(seen.stderr.matches("are missing").count(), 1, "{seen:?}");
    assert!(
        of_one.stdout.lines().all(|line| line.ends_with(['0', '5'])),
        "{of_one:?}"
    );
    assert!(of_one.stdout.lines().count() > 5, "{of_one:?}");
}

#[test]
fn following_waits_for_a_session_when_none_runs() {
    let mut server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("tick", TICKING, json!({}))
        .start()
        .booted();
    server.wait_for_line("tick 10");
    server.stop();
    let follower = Child::spawn(server.client(["logs", "-f", "-n", "2", "--json"]));
    let old = fs::read_to_string(server.path().join("logs/all.jsonl")).unwrap();
    let last = *seqs(&old.lines().collect::<Vec<_>>()).last().unwrap();
    follower.wait_for_line(&format!("{{\"seq\":{last},"));
    server.start_again();
    follower.wait_for_line(&format!("{{\"seq\":{},", last + 5));
    follower.signal(Signal::SIGTERM);
    let seen = follower.wait_for_end();
    let numbers = seqs(&seen.stdout.lines().collect::<Vec<_>>());
    assert!(
        numbers
            .iter()
            .copied()
            .eq(last - 1..last - 1 + numbers.len() as u64),
        "{seen:?}"
    );
    assert!(seen.stderr.contains("waiting for one"), "{seen:?}");
}

#[test]
fn a_server_without_files_is_followed_from_its_new_beginning() {
    let mut server = Stack::new()
        .shell("tick", TICKING, json!({}))
        .argument("--quiet")
        .start()
        .booted();
    let follower = Child::spawn(server.client(["logs", "-f", "--json"]));
    follower.wait_for_line("tick 10\"");
    server.stop();
    server.start_again();
    follower.wait_for_lines("the third tick of both lives", |lines| {
        let third = lines.iter().filter(|line| line.contains("tick 3\""));
        third.count() == 2
    });
    follower.signal(Signal::SIGTERM);
    let seen = follower.wait_for_end();
    assert!(seen.stderr.contains("begins anew"), "{seen:?}");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let server = Stack::new()
        .shell(
            "count",
            "seq 1 4000; exec sleep 1000",
            json!({ "ready": { "type": "log", "pattern": "^4000$" } }),
        )
        .argument("--quiet")
        .start()
        .booted();
    for arguments in [&["logs", "-n", "all"][..], &["logs", "-f", "-n", "3"]] {
        let mut child = Child::spawn_unread(server.client(arguments));
        let mut stdout = child.take_stdout();
        let mut some = [0; 16];
        stdout.read_exact(&mut some).unwrap();
        // Nothing more is printed by the service: it must notice all the same.
        drop(stdout);
        let ended = child.wait_for_end();
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_terminal_gets_safe_lines_and_a_pipe_the_bytes() {
    let server = Stack::new()
        .shell(
            "evil",
            r"printf '\033]0;title\007a\033[2Jb \033[31mred\033[0m \342\200\256x\n'; exec sleep 1000",
            json!({ "ready": { "type": "log", "pattern": "red" } }),
        )
        .daemon("worker", json!({}))
        .argument("--quiet")
        .start()
        .booted();
    let piped = server.run(["logs", "evil"]);
    assert_eq!(
        piped.stdout,
        "\u{1b}]0;title\u{7}a\u{1b}[2Jb \u{1b}[31mred\u{1b}[0m \u{202e}x\n"
    );
    let on_terminal = |arguments: &[&str]| {
        let terminal = Terminal::run(&server.client(arguments), 24, 100);
        let end = terminal.wait_for_end();
        assert_eq!(end.code, Some(0));
        let screen = terminal.wait_for_text("red");
        let raw = String::from_utf8(terminal.raw()).unwrap();
        (screen, raw)
    };
    let (screen, raw) = on_terminal(&["logs"]);
    assert!(screen.rows[0].starts_with("evil   │ ab red "), "{screen:?}");
    assert!(raw.contains("\u{1b}[31mred\u{1b}[0m \u{fffd}x"), "{raw:?}");
    for bad in ["\u{1b}]", "\u{1b}[2J", "\u{7}", "\u{202e}"] {
        assert!(!raw.contains(bad), "{raw:?}");
    }
    let (_, raw) = on_terminal(&["logs", "--json"]);
    assert!(raw.contains("\\u202ex"), "{raw:?}");
    let (_, raw) = on_terminal(&["--no-color", "logs"]);
    assert!(!raw.contains('\u{1b}'), "{raw:?}");
}

/// Files as an earlier session of another configuration has left them.
fn old_files(directory: &Path) {
    let line = |seq: u32, service: &str, minute: u32| {
        format!(
            "{{\"seq\":{seq},\"service\":\"{service}\",\"phase\":\"ready\",\"stream\":\"stdout\",\"message\":\"m{seq}\",\"timestamp\":\"2026-04-18T10:{minute:02}:00.000Z\"}}\n"
        )
    };
    let logs = directory.join("logs");
    fs::create_dir(&logs).unwrap();
    let service = |seq: u32| if seq.is_multiple_of(10) { "old" } else { "api" };
    let file = |from: u32, to: u32, only: Option<&str>| {
        (from..=to)
            .filter(|seq| only.is_none_or(|only| only == service(*seq)))
            .map(|seq| line(seq, service(seq), seq / 10))
            .collect::<String>()
    };
    fs::write(logs.join("all.1.jsonl"), file(1, 200, None)).unwrap();
    fs::write(
        logs.join("all.jsonl"),
        file(201, 599, None) + "{\"seq\":600,\"serv",
    )
    .unwrap();
    for name in ["old", "api"] {
        fs::write(logs.join(format!("{name}.jsonl")), file(1, 599, Some(name))).unwrap();
    }
    fs::write(
        directory.join("flowlayer.jsonc"),
        r#"{"session": {"bind": "127.0.0.1:1"}, "logs": {"dir": "logs"}, "services": {"api": {"cmd": "true"}}}"#,
    )
    .unwrap();
}

fn offline(directory: &Path, arguments: &[&str]) -> Finished {
    run(directory, [&["logs"], arguments].concat())
}

#[test]
fn times_and_services_of_earlier_configurations_are_found_in_files() {
    let directory = tempdir().unwrap();
    old_files(directory.path());
    let ask = |arguments: &[&str]| offline(directory.path(), arguments);
    let time = |minute: &str| format!("2026-04-18T10:{minute}:00Z");
    let some = ask(&["--json", "--since", &time("10"), "--until", &time("30")]);
    assert!(seqs(&lines(&some)).into_iter().eq(100..=309));
    let last = ask(&["--json", "--until", "2026-04-18T12:15:30+02:00", "-n", "4"]);
    assert!(seqs(&lines(&last)).into_iter().eq(156..=159));
    let old = ask(&["old", "-n", "2"]);
    assert_eq!(lines(&old), ["m580", "m590"]);
    let both = ask(&["old", "api", "-n", "3"]);
    assert_eq!(lines(&both), ["api │ m597", "api │ m598", "api │ m599"]);
    assert!(lines(&ask(&["--since", "5m"])).is_empty());
    assert_eq!(lines(&ask(&["--grep", "^m...$"])).len(), 500);

    ask(&["apu"]).refused(2, &["\"apu\"", "did you mean \"api\"?"]);
    ask(&["--grep", "("]).refused(2, &["--grep", "regular expression"]);
    let usage = ask(&["-f", "--until", "5m"]);
    assert_eq!(usage.code, Some(2));
    assert_eq!(ask(&["--since", "soon"]).code, Some(2));
    assert_eq!(ask(&["-C", "1"]).code, Some(2));

    // Somebody's garbage is counted, and hides nothing.
    let all = directory.path().join("logs/all.jsonl");
    let text = fs::read_to_string(&all).unwrap();
    fs::write(&all, format!("garbage\n{text}")).unwrap();
    let found = ask(&["--grep", "m300$"]);
    assert_eq!(
        (found.code, found.stdout.as_str()),
        (Some(0), "old │ m300\n")
    );
    assert!(found.stderr.contains("1 line is no entries"), "{found:?}");
}

#[test]
fn without_session_and_files_one_line_says_so() {
    let directory = tempdir().unwrap();
    offline(directory.path(), &[]).refused(3, &["no session"]);
    let config = directory.path().join("flowlayer.jsonc");
    let services = r#""services": {"api": {"cmd": "true"}}"#;
    let bind = r#""session": {"bind": "127.0.0.1:1"}"#;
    fs::write(&config, format!("{{{bind}, {services}}}")).unwrap();
    offline(directory.path(), &[]).refused(3, &["no session", "logs.dir"]);
    offline(directory.path(), &["-f"]).refused(3, &["no session", "logs.dir"]);
    let dir = r#""logs": {"dir": "logs"}"#;
    fs::write(&config, format!("{{{bind}, {dir}, {services}}}")).unwrap();
    offline(directory.path(), &[]).refused(3, &["none has left a log", "logs"]);
    offline(directory.path(), &["--addr", "127.0.0.1:1"])
        .refused(3, &["no session at 127.0.0.1:1"]);
}

#[test]
fn an_unknown_service_of_a_session_is_named() {
    let server = Stack::new().daemon("worker", json!({})).start().booted();
    server
        .run(["logs", "wroker"])
        .refused(2, &["did you mean \"worker\"?"]);
}
