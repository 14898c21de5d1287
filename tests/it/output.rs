//! The services' output on the server's terminal: merged, safe, and waited for by nobody
//! (docs/cli.md, What it prints).

use std::io::{BufRead, BufReader, Read};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Child, Stack, Terminal};

/// Prints one line with everything a terminal would obey, then one with a colour.
const HOSTILE: &str = r"
printf 'a\033]0;title\007b\033[2J\033[Hc\033]52;c;ZXZpbA==\033\\d\010\010e\302\233A\n'
printf '10%%\r20%%\r100%%\n'
printf '\033[31mred\033[0m and \033[1mbold\n'
echo end
exec sleep 1000000";

#[test]
fn output_that_would_steer_the_terminal_does_not() {
    let prepared = Stack::new().shell("api", HOSTILE, json!({})).prepare();
    let mut terminal = Terminal::run(&prepared.command, 40, 120);
    let screen = terminal.wait_for_text("api │ end");
    assert!(screen.has("api │ abe"), "{screen:#?}");
    assert!(screen.has("api │ 100%"), "{screen:#?}");
    assert!(screen.has("api │ red and bold"), "{screen:#?}");
    assert!(
        screen.has("boot: validating config and graph…"),
        "the screen was not cleared"
    );
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(
        raw.contains("\u{1b}[31mred\u{1b}[0m and \u{1b}[1mbold\u{1b}[0m"),
        "{raw:?}"
    );
    let color = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let text = color.replace_all(&raw, "");
    assert!(
        !text
            .replace("\r\n", "\n")
            .contains(|c: char| c.is_control() && c != '\n' && c != '\u{3}'),
        "{text:?}"
    );
    prepared.home.assert_nothing_left();
}

#[test]
fn a_prompt_a_progress_bar_and_a_last_line_without_its_end_are_shown() {
    let script = r"
printf '10%%\r20%%'; printf '\r30%%' >&2
sleep 0.1; printf ' done\nUse another port? (Y/n) '; exec sleep 1000000";
    let server = Stack::new()
        .shell("api", script, json!({}))
        .shell(
            "web",
            "printf 'Listening on 3000'; exec sleep 1000000",
            json!({ "ready": { "type": "log", "pattern": "on 3000" } }),
        )
        // What counts is what is shown, not what that overwrote.
        .shell(
            "bar",
            r"printf '10%%\rready\n'; exec sleep 1000000",
            json!({ "ready": { "type": "log", "pattern": "^ready$" } }),
        )
        .start()
        .booted();
    server.wait_for_line("api │ 20% done");
    server.wait_for_line("api │ 30%");
    server.wait_for_line("api │ Use another port? (Y/n)");
    server.wait_for_line("web │ Listening on 3000");
    let stored = server.run(["logs", "--json", "--stream", "stdout", "api"]);
    for words in [
        r#""message":"10%\r20% done","#,
        r#""message":"Use another port? (Y/n) ","#,
        r#","partial":true}"#,
    ] {
        assert!(stored.stdout.contains(words), "{words}: {stored:?}");
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_quiet_service_is_in_the_log_and_not_on_the_terminal() {
    let ready = json!({ "type": "log", "pattern": "noise" });
    let quiet = json!({ "output": "quiet", "ready": ready });
    let server = Stack::new()
        .shell("chatty", "echo noise; exec sleep 1000000", quiet)
        .shell(
            "api",
            "echo heard; exec sleep 1000000",
            json!({ "dependsOn": ["chatty"] }),
        )
        .start()
        .booted();
    server.wait_for_line("api    │ heard");
    let spec = server.connect().services()[1]["spec"].clone();
    assert_eq!(spec["output"], json!("quiet"));
    let all = server.run(["logs"]).stdout;
    assert_eq!(all, "chatty │ noise\napi    │ heard\n");
    let ended = server.stop();
    assert!(!ended.stdout.contains("│ noise"), "{ended:?}");
}

#[test]
fn without_a_terminal_there_is_no_color_at_all() {
    let server = Stack::new()
        .shell("api", HOSTILE, json!({}))
        .start()
        .booted();
    server.wait_for_line("api │ end");
    let finished = server.stop();
    assert!(
        finished.stdout.contains("api │ red and bold\n"),
        "{}",
        finished.stdout
    );
    assert!(!finished.stdout.contains('\u{1b}'), "{}", finished.stdout);
}

#[test]
fn quiet_leaves_the_services_out_and_nothing_else() {
    let server = Stack::new()
        .shell(
            "api",
            "echo noise; echo done >&2; exec sleep 1000000",
            json!({
                "ready": { "type": "log", "pattern": "done" }
            }),
        )
        .argument("--quiet")
        .start()
        .booted();
    let finished = server.stop();
    assert!(!finished.stdout.contains("noise"), "{}", finished.stdout);
    assert!(
        finished.stdout.contains("boot: wave 0 │ api → ready"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("[flowlayer] api → stopped"),
        "{}",
        finished.stdout
    );
}

#[test]
fn the_server_outlives_a_reader_that_goes_away() {
    let mut server = Stack::new()
        .shell("api", "while :; do echo tick; sleep 0.01; done", json!({}))
        .start_with(Child::spawn_unread);
    // What `| head -1` does.
    let mut first = String::new();
    let mut stdout = BufReader::new(server.child().take_stdout());
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "[flowlayer] boot: validating config and graph…\n");
    drop(stdout);
    let mut client = server.connect();
    client.wait_status("api", "running");
    for _ in 0..2 {
        assert!(
            client
                .command("restart_service", &json!({ "service": "api" }))
                .is_ok()
        );
    }
    // A client that does not read would be given time to answer the goodbye.
    drop(client);
    let finished = server.stop();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
}

#[test]
fn nothing_waits_for_a_reader_that_stops() {
    // Far more than a pipe holds and than is kept for followers.
    let flood = format!(
        "yes {} | head -n 100000; echo over; exec sleep 1000000",
        "x".repeat(400)
    );
    let mut server = Stack::new()
        .shell(
            "flood",
            &flood,
            json!({ "ready": { "type": "log", "pattern": "^over" } }),
        )
        .daemon("api", json!({ "dependsOn": ["flood"] }))
        .start_with(Child::spawn_unread);
    let mut client = server.connect();
    client.wait_status("api", "running");
    assert!(
        client
            .command("restart_service", &json!({ "service": "api" }))
            .is_ok()
    );
    assert!(
        client
            .command("stop_service", &json!({ "service": "api" }))
            .is_ok()
    );
    // Now it is read again: every own line is there, and what was missed is counted.
    let mut stdout = BufReader::new(server.child().take_stdout());
    let mut shown = 0_u64;
    let mut skipped = 0_u64;
    let mut own = Vec::new();
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if let Some(count) = line.strip_prefix("… ") {
            skipped += count
                .split(' ')
                .next()
                .unwrap()
                .replace(',', "")
                .parse::<u64>()
                .unwrap();
        } else if line.starts_with("flood │ ") {
            shown += 1;
        } else {
            own.push(line.to_owned());
            // By the restart, then by the stop.
            if own
                .iter()
                .filter(|own| own.ends_with("api → stopped"))
                .count()
                == 2
            {
                break;
            }
        }
    }
    assert!(skipped > 0);
    assert_eq!(shown + skipped, 100_001);
    assert_eq!(
        own.iter()
            .filter(|own| own.ends_with("api → running"))
            .count(),
        2,
        "{own:#?}"
    );
    assert!(
        own.contains(&"STARTUP COMPLETE — runtime active".to_owned()),
        "{own:#?}"
    );
    drop(client);
    server.signal(Signal::SIGTERM);
    let reading = std::thread::spawn(move || stdout.read_to_string(&mut String::new()));
    assert_eq!(server.wait_for_end().code, Some(0));
    reading.join().unwrap().unwrap();
}

#[test]
fn the_server_ends_while_nobody_reads() {
    let server = Stack::new()
        .shell(
            "flood",
            "echo up; exec yes",
            json!({ "ready": { "type": "log", "pattern": "up" } }),
        )
        .start_with(Child::spawn_unread);
    server.connect().wait_status("flood", "ready");
    assert_eq!(server.stop().code, Some(0));
}

/// They passed through into JSON and DOT, whether a terminal read that or a file.
#[test]
fn a_configuration_steers_no_terminal_through_any_output() {
    let evil = "a\u{1b}]0;t\u{7}\u{9b}31m\u{202e}b\u{7f}";
    let server = Stack::new()
        .service(evil, json!({ "cmd": ["sh", "-c", "exit 3"] }))
        .daemon("ok", json!({ "dependsOn": [evil] }))
        .start();
    server.wait_for_line("STARTUP ");
    let wrong = json!({ "services": { evil: { "cmdd": "x" } } }).to_string();
    std::fs::write(server.path().join("wrong.jsonc"), wrong).unwrap();
    let compose = json!({ "services": { evil: { "image": evil, "command": ["x", evil] } } });
    std::fs::write(server.path().join("compose.yaml"), compose.to_string()).unwrap();
    let raw = r"printf '\302\233A\342\200\256\177\033[2J\n'; exec sleep 1000000";
    let talking = Stack::new().shell("api", raw, json!({})).start().booted();
    talking.wait_for_line("api │ \u{fffd}");
    let printed = talking.run(["logs", "--json"]);
    let message = r#""message":"\u009bA\u202e\u007f\u001b[2J""#;
    assert!(printed.stdout.contains(message), "{printed:?}");
    for line in [
        "plan",
        "plan --format json",
        "plan --format dot",
        "plan --format mermaid",
        "validate --format json",
        "validate wrong.jsonc",
        "validate --format json wrong.jsonc",
        "validate --format github wrong.jsonc",
        "init --from compose.yaml -o -",
        "status",
        "status --json",
        "why",
        "why --json",
        "wait --timeout 1s --json",
        "restart ok",
        "restart ok --json",
        "start nobody",
        "logs",
        "sessions --json",
        "__complete zsh flowlayer start ",
    ] {
        let said = server.run(line.split(' '));
        let both = format!("{}{}", said.stdout, said.stderr);
        let steers = |c: char| c.is_control() && !"\n\t".contains(c) || c == '\u{202e}';
        assert!(!both.contains(steers), "{line}: {both:?}");
        if line.contains("json") && line.starts_with("status") {
            let status: Value = serde_json::from_str(&said.stdout).unwrap();
            assert_eq!(status["services"][0]["name"], evil);
        }
    }
}
