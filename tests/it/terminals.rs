//! Services with a terminal, and the input of those without one, through the binary.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Client, Server, Stack, Terminal};

/// The messages of a service in its log, once they have this one.
fn log_with(client: &mut Client, service: &str, last: &str) -> Vec<Value> {
    let payload = json!({ "service": service });
    loop {
        let reply = client.command("get_logs", &payload);
        let result = reply.result.expect("a result");
        let entries = result["data"]["entries"].as_array().cloned();
        let entries = entries.expect("entries");
        if entries.iter().any(|entry| entry["message"] == json!(last)) {
            return entries;
        }
        client.wait_for("another line", |event| event["name"] == "log");
    }
}

fn messages(entries: &[Value]) -> Vec<&str> {
    let messages = entries.iter().map(|entry| entry["message"].as_str());
    messages.map(|message| message.expect("a text")).collect()
}

fn started(stack: Stack) -> (Server, Client) {
    let server = stack.start().booted();
    let client = server.connect();
    (server, client)
}

#[test]
fn a_service_with_tty_has_a_terminal() {
    let script = "for it in 0 1 2; do test -t $it || echo none; done; echo $TERM; stty size; \
                  printf '\\033[32mgreen\\033[0m\\n' >&2; echo done; exec sleep 1000000";
    let stack = Stack::new()
        .variable("TERM", "dumb")
        .shell("app", script, json!({ "tty": true }))
        .shell(
            "own",
            "echo $TERM; sleep 1000000",
            json!({ "tty": true, "env": { "TERM": "vt52" } }),
        );
    let (server, mut client) = started(stack);
    let entries = log_with(&mut client, "app", "done");
    let expected = [
        "xterm-256color",
        "24 80",
        "\u{1b}[32mgreen\u{1b}[0m",
        "done",
    ];
    assert_eq!(messages(&entries), expected);
    assert!(entries.iter().all(|entry| entry["stream"] == "stdout"));
    assert_eq!(messages(&log_with(&mut client, "own", "vt52")), ["vt52"]);
    let services = client.services();
    assert_eq!(services[0]["spec"]["stdio"], "terminal");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn stdin_is_open_or_null() {
    let script = "cat; echo over; exec sleep 1000000";
    let stack = Stack::new()
        .shell("open", script, json!({}))
        .shell("null", script, json!({ "stdin": "null" }))
        .shell("once", "cat; echo over", json!({ "kind": "oneshot" }));
    let (server, mut client) = started(stack);
    log_with(&mut client, "null", "over");
    log_with(&mut client, "once", "over");
    let reply = client.command("get_logs", &json!({ "service": "open" }));
    let entries = &reply.result.expect("a result")["data"]["entries"];
    assert_eq!(entries, &json!([]), "its stdin has ended");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_terminal_is_a_restart_in_a_reload() {
    let stack = Stack::new().daemon("app", json!({}));
    let (server, mut client) = started(stack);
    let path = server.path().join("flowlayer.jsonc");
    let config = std::fs::read_to_string(&path).expect("a configuration");
    let edited = config.replacen("\"cmd\"", "\"tty\": true, \"cmd\"", 1);
    std::fs::write(&path, edited).expect("it can be written");
    let reply = client.command("reload", &json!({ "dry_run": true }));
    let changes = &reply.result.expect("a result")["data"]["changes"];
    let field = json!({ "field": "tty", "old": "false", "new": "true" });
    let expected = json!([{ "service": "app", "change": "restart", "fields": [field] }]);
    assert_eq!(changes, &expected);
    assert_eq!(server.stop().code, Some(0));
}

/// A stack with the console of `examples/`, and some that it can be compared with.
fn console() -> Stack {
    let script = include_str!("../../examples/console/console.sh");
    Stack::new().file("console.sh", script).service(
        "console",
        json!({ "cmd": ["sh", "console.sh"], "cwd": ".", "tty": true, "stopSignal": "SIGHUP" }),
    )
}

fn attach(server: &Server, service: &str) -> Terminal {
    Terminal::run(&server.client(["attach", service]), 20, 60)
}

#[test]
fn a_console_is_used_in_another_terminal() {
    let (server, mut client) = started(console());
    let mut terminal = attach(&server, "console");
    terminal.wait_for_text("Type help.");
    for (typed, shown) in [
        ("size", "20 60"),
        ("color", "green and bold"),
        ("bar", "working: 100%"),
        ("ask", "the terminal says ["),
        ("none", "no such command: none"),
    ] {
        terminal.type_keys(&format!("{typed}\r"));
        // What is typed before the next prompt would be echoed into what is printed.
        terminal.wait_for(shown, |screen| {
            let mut rows = screen.rows.iter().rev().skip_while(|row| row.is_empty());
            rows.next().is_some_and(|row| row == ">")
                && rows.next().is_some_and(|row| row.contains(shown))
        });
    }
    terminal.type_keys("screen\r");
    let screen = terminal.wait_for_text("full screen");
    assert!(!screen.has("no such command"));
    terminal.type_keys("\r");
    terminal.wait_for_text("no such command");
    terminal.wait_for_text(">");
    terminal.resize(30, 70);
    // The new size arrives with the command or before it.
    terminal.type_keys("size\r");
    terminal.wait_for_text("30 70");
    let restart = client.command("restart_service", &json!({ "service": "console" }));
    assert!(restart.is_ok(), "{restart:?}");
    terminal.wait_for("the new run", |screen| {
        screen.has("Type help.") && !screen.has("30 70")
    });
    terminal.type_keys("\x1b[200~pas\x1dted\x1b[201~\r");
    terminal.wait_for_text("no such command: pas");
    terminal.type_keys("\x1d");
    let end = terminal.wait_for_end();
    assert_eq!(end.code, Some(0), "{end:?}");
    terminal.wait_for_text("left console, which goes on");
    let log = log_with(&mut client, "console", "working: 100%");
    let messages = messages(&log);
    assert!(
        messages.contains(&"\u{1b}[32mgreen\u{1b}[0m and \u{1b}[1mbold\u{1b}[0m"),
        "{messages:?}"
    );
    assert!(
        !messages
            .iter()
            .any(|line| line.contains("full screen") || line.contains("70%")),
        "{messages:?}"
    );
    assert_eq!(server.stop().code, Some(0));
}

/// The modes of the terminal that `stty` shows, those that are off with a `-`.
fn modes(terminal: &Terminal) -> String {
    terminal.modes().replace('\n', " ")
}

#[test]
fn the_terminal_is_as_it_was_however_it_ends() {
    let raw = "stty raw -echo; printf '\\033[?1000h\\033[?25lraw'; sleep 1000000";
    let stack = console().shell("raw", raw, json!({ "tty": true, "dependsOn": ["console"] }));
    let (server, mut client) = started(stack);
    for end in ["key", "signal", "service", "session"] {
        // What the program itself finds is not known: what `stty` finds once it is over is that.
        let mut terminal = attach(&server, "raw");
        terminal.wait_for_text("raw");
        assert!(
            !modes(&terminal).contains(" icanon"),
            "{}",
            modes(&terminal)
        );
        let code = match end {
            "key" => {
                terminal.type_keys("\x1d");
                0
            }
            "signal" => {
                terminal.child().signal(Signal::SIGTERM);
                128 + Signal::SIGTERM as i32
            }
            "service" => {
                client.command("stop_service", &json!({ "service": "raw" }));
                1
            }
            _ => {
                client.command("start_service", &json!({ "service": "raw" }));
                client.send_command("shutdown", &json!({ "force": true }));
                1
            }
        };
        let finished = terminal.wait_for_end();
        assert_eq!(finished.code, Some(code), "{end}: {finished:?}");
        if end == "service" {
            terminal.wait_for_text("service \"raw\" is stopped");
            client.command("start_service", &json!({ "service": "raw" }));
        }
        assert!(modes(&terminal).contains(" icanon"), "{end}");
        terminal.wait_for_bytes("\x1b[?1000l");
        terminal.wait_for_bytes("\x1b[?1049l");
    }
}

#[test]
fn a_line_is_sent_with_a_terminal_and_without() {
    let stack = console()
        .shell(
            "cat",
            "while read -r line; do echo \"got $line\"; done",
            json!({}),
        )
        .daemon("deaf", json!({ "stdin": "null" }))
        .daemon("rests", json!({ "autoStart": false }));
    let (server, mut client) = started(stack);
    assert_eq!(server.run(["send", "cat", "one two"]).code, Some(0));
    log_with(&mut client, "cat", "got one two");
    assert_eq!(server.run(["send", "console", "color"]).code, Some(0));
    log_with(
        &mut client,
        "console",
        "\u{1b}[32mgreen\u{1b}[0m and \u{1b}[1mbold\u{1b}[0m",
    );
    server
        .run(["send", "deaf", "x"])
        .refused(1, &["stdin is null"]);
    server
        .run(["send", "rests", "x"])
        .refused(1, &["does not run"]);
    server.run(["send", "cats", "x"]).refused(2, &["cat"]);
    // Without a terminal of its own, or to a service without one.
    server
        .run(["attach", "console"])
        .refused(1, &["needs a terminal", "flowlayer send"]);
    let terminal = attach(&server, "cat");
    assert_eq!(terminal.wait_for_end().code, Some(1));
    terminal.wait_for_text("\"tty\": true");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn input_that_nobody_reads_is_refused() {
    let stack = Stack::new()
        .daemon("busy", json!({ "tty": true }))
        .daemon("pipe", json!({}));
    let (server, mut client) = started(stack);
    for service in ["busy", "pipe"] {
        // 48 KiB a time.
        let payload = json!({ "service": service, "data": "eHh4".repeat(16 * 1024) });
        let refused = (0..50).map(|_| client.command("send_input", &payload));
        let refused = refused.into_iter().find(|reply| !reply.is_ok());
        let error = refused.expect("it is refused in the end").ack["error"].clone();
        assert_eq!(error["code"], "input_refused", "{error}");
        assert!(
            error["message"].as_str().unwrap().contains("has not read"),
            "{error}"
        );
    }
    let reply = client.command("send_input", &json!({ "service": "busy", "data": "?" }));
    assert_eq!(reply.ack["error"]["code"], "invalid_payload");
    let reply = client.command(
        "attach_terminal",
        &json!({ "service": "pipe", "rows": 1, "cols": 1 }),
    );
    assert_eq!(reply.ack["error"]["code"], "no_terminal");
    let size = |rows: u32| json!({ "service": "busy", "rows": rows, "cols": 10_000 });
    for (asked, given) in [(0, 1), (10_000, 1000)] {
        let reply = client.command("attach_terminal", &size(asked));
        let data = &reply.result.expect("accepted")["data"];
        assert_eq!(
            (&data["rows"], &data["cols"]),
            (&json!(given), &json!(1000))
        );
    }
    // All of it stops at once all the same.
    assert_eq!(server.stop().code, Some(0));
}

/// Whether there is a Python to test with; where there is none, the test says so and does nothing.
fn has_python() -> bool {
    let python = std::process::Command::new("python3")
        .arg("--version")
        .output();
    let is_there = python.is_ok_and(|output| output.status.success());
    if !is_there {
        println!("skipped: there is no python3");
    }
    is_there
}

#[test]
fn a_debugger_and_a_curses_program_run() {
    if !has_python() {
        return;
    }
    let curses = "import curses\ndef main(screen):\n    screen.addstr(3, 7, 'curses is here')\n    \
                  screen.refresh()\n    key = 'KEY_RESIZE'\n    while key == 'KEY_RESIZE':\n        key = screen.getkey()\n    curses.endwin()\n    \
                  print('key was', key, flush=True)\n    input('more: ')\ncurses.wrapper(main)\n";
    let stack = Stack::new()
        .file(
            "app.py",
            "total = 1\nfor n in range(3):\n    total += n\nprint('total', total)\n",
        )
        .file("screen.py", curses)
        .service(
            "debug",
            json!({ "cmd": ["python3", "-m", "pdb", "app.py"], "cwd": ".", "tty": true }),
        )
        .service(
            "curses",
            json!({ "cmd": ["python3", "screen.py"], "cwd": ".", "tty": true }),
        );
    let (server, mut client) = started(stack);
    let mut terminal = attach(&server, "debug");
    terminal.wait_for_text("(Pdb)");
    terminal.type_keys("n\rp 'total is %d' % total\r");
    terminal.wait_for_text("'total is 1'");
    terminal.type_keys("\x1d");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    log_with(&mut client, "debug", "'total is 1'");
    let mut terminal = attach(&server, "curses");
    let screen = terminal.wait_for_text("curses is here");
    assert!(screen.rows[3].starts_with("       curses"), "{screen:?}");
    terminal.type_keys("k");
    terminal.wait_for_text("key was k");
    let log = log_with(&mut client, "curses", "key was k");
    assert_eq!(
        messages(&log)
            .iter()
            .filter(|line| line.contains("curses is here"))
            .count(),
        0
    );
    terminal.type_keys("\r");
    assert_eq!(terminal.wait_for_end().code, Some(1));
    server.stop();
}
