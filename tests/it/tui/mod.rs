//! The cockpit on a real terminal, against servers that misbehave.

mod terminal;

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Fake, Terminal, entry, flowlayer_in};

/// `flowlayer tui` with these arguments, in an empty directory of its own.
fn tui(arguments: &[&str]) -> (Command, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut command = flowlayer_in(directory.path());
    command.env("TZ", "UTC").arg("tui").args(arguments);
    (command, directory)
}

/// The cockpit on a terminal of 24 rows and 100 columns.
#[track_caller]
fn watch(fake: &Fake) -> Terminal {
    let (command, _directory) = tui(&["-addr", &fake.address, "-token", "secret"]);
    Terminal::run(&command, 24, 100)
}

/// Quits; the terminal has to be as it was.
#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.type_keys("q");
    ends_well(&terminal);
}

#[track_caller]
fn ends_well(terminal: &Terminal) {
    let finished = terminal.wait_for_end();
    assert_eq!((finished.code, finished.signal), (Some(0), None));
    for mode in ["1049", "1000", "1002", "2004"] {
        terminal.wait_for_bytes(&format!("\u{1b}[?{mode}h"));
        terminal.wait_for_bytes(&format!("\u{1b}[?{mode}l"));
    }
    terminal.wait_for_bytes("\u{1b}[?25h");
}

fn lines(count: u64) -> Vec<Value> {
    (1..=count)
        .map(|seq| entry(seq, "api", &format!("line {seq}")))
        .collect()
}

#[test]
fn a_first_connect_that_fails_is_tried_again() {
    let address = format!("127.0.0.1:{}", crate::harness::free_port());
    let (command, _directory) = tui(&["-addr", &address]);
    let terminal = Terminal::run(&command, 24, 100);
    let screen = terminal.wait_for_text("unreachable, again in");
    assert!(
        screen.has(&format!("flowlayer up -s {address}")),
        "how to start one"
    );
    quit(terminal);
}

#[test]
fn refusals_are_named_and_no_storm_follows() {
    for (status, label) in [
        ("401 Unauthorized", "token required"),
        ("403 Forbidden", "invalid token"),
        ("200 OK", "not a server for this client"),
        (
            "503 Service Unavailable",
            "It is no FlowLayer server, or one",
        ),
    ] {
        let fake = Fake::answering(status);
        let mut terminal = watch(&fake);
        terminal.wait_for_text(label);
        // Every other thing goes on working meanwhile.
        terminal.type_keys("?");
        terminal.wait_for_text("this help");
        assert!(fake.connections() <= 2, "{}", fake.connections());
        terminal.type_keys("?");
        quit(terminal);
    }
}

#[test]
fn a_silent_server_is_being_connected_to_and_can_be_left() {
    let fake = Fake::raw(|_, mut stream| {
        // Reads what comes, says nothing, until the client goes.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let terminal = watch(&fake);
    terminal.wait_for_text("connecting");
    quit(terminal);
}

#[test]
fn garbage_does_not_show_and_does_not_end_it() {
    let fake = Fake::websocket(|number, mut peer| {
        if number == 0 {
            peer.send("not json \u{1b}[2J\u{1b}]0;evil\u{7}");
            peer.listen();
        } else {
            peer.introduce("one", &["api"]);
            peer.event("weather", &json!({ "rain": true }));
            peer.log(1, "api", "all is well");
            peer.serve_log(&[entry(1, "api", "all is well")]);
        }
    });
    let terminal = watch(&fake);
    terminal.wait_for_text("all is well");
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("evil"));
    quit(terminal);
}

/// States of a later version, and more services than anybody has.
#[test]
fn unknown_states_and_thousands_of_services_are_shown() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &[]);
        let mut services: Vec<Value> = (0..3_000)
            .map(|index| json!({ "name": format!("s{index:04}"), "status": "ready", "up": true, "wave": index / 100 }))
            .collect();
        services[1] = json!({
            "name": "odd", "status": "hibernating", "up": "perhaps", "wave": -1, "reason": { "code": "moon" },
            "detail": "until noon", "blocked_by": 7,
        });
        peer.event("snapshot", &json!({ "services": services }));
        peer.event(
            "service_status",
            &json!({ "service": "s0002", "status": "levitating" }),
        );
        peer.serve_log(&lines(3));
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 3");
    terminal.type_keys("G");
    terminal.wait_for_text("s2999");
    terminal.type_keys("/s15\r");
    terminal.wait_for("a hundred of them", |screen| {
        screen.has("the 100 shown") && screen.has("100 of 3000")
    });
    terminal.type_keys("\u{1b}");
    terminal.wait_for("all of them", |screen| !screen.has("of 3000"));
    terminal.type_keys("gj");
    terminal.wait_for_text("s0000");
    terminal.type_keys("pp");
    quit(terminal);
}

#[test]
fn another_version_is_one_clear_line() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.event(
            "hello",
            &json!({ "protocol_version": 2, "server": "flowlayer", "capabilities": [] }),
        );
        peer.listen();
    });
    let terminal = watch(&fake);
    let screen = terminal.wait_for_text("not a server for this client");
    assert!(screen.has("version 2"), "{screen:?}");
    quit(terminal);
}

#[test]
fn events_out_of_order_are_shown_in_order() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        for seq in [3, 1, 2, 2, 5, 4] {
            peer.log(seq, "api", &format!("line {seq}"));
        }
        peer.serve_log(&lines(5));
    });
    let terminal = watch(&fake);
    let screen = terminal.wait_for("five lines in order", |screen| {
        let shown: Vec<&str> = screen
            .rows
            .iter()
            .filter_map(|row| row.split("│ line ").nth(1))
            .collect();
        let numbers: Vec<String> = shown
            .iter()
            .map(|text| text.trim_end_matches('│').trim().to_owned())
            .collect();
        numbers == ["1", "2", "3", "4", "5"]
    });
    assert!(screen.has("following"));
    quit(terminal);
}

#[test]
fn hostile_lines_do_not_break_the_screen() {
    let hostile = [
        "\u{1b}[2J\u{1b}[H\u{1b}[31mred\u{1b}[0m text",
        "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}]0;title\u{7}clip",
        "漢字 wide 👨\u{200d}👩\u{200d}👧 family",
        "10%\r50%\r100% done",
        "tab\tstop\u{8}\u{8}",
    ];
    let fake = Fake::websocket(move |_, mut peer| {
        peer.introduce("one", &["api"]);
        let entries: Vec<Value> = (1..)
            .zip(hostile)
            .map(|(seq, text)| entry(seq, "api", text))
            .collect();
        for (seq, text) in (1..).zip(hostile) {
            peer.log(seq, "api", text);
        }
        peer.serve_log(&entries);
    });
    let terminal = watch(&fake);
    // Rows with clusters of characters are written after the others.
    let screen = terminal.wait_for("all of them", |screen| {
        ["100% done", "red text", "family", "stop"]
            .iter()
            .all(|text| screen.has(text))
    });
    // The right edge of the log stands where it should in every row.
    let edges = screen.rows[1..23]
        .iter()
        .all(|row| row.ends_with(['│', '╮', '╯']));
    assert!(edges, "{}", screen.rows.join("\n"));
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("\u{1b}]52"));
    quit(terminal);
}

#[test]
fn a_huge_page_and_a_long_history_are_read_page_by_page() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        let mut entries = lines(5_000);
        // Together some 15 MB.
        for entry in &mut entries[4_000..4_400] {
            entry["message"] = json!("x".repeat(38_000));
        }
        peer.serve_log(&entries);
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 5000");
    terminal.type_keys("\tg");
    terminal.wait_for("the beginning", |screen| {
        screen.rows.iter().any(|row| row.contains("line 1 "))
    });
    terminal.type_keys("G");
    terminal.wait_for_text("line 5000");
    quit(terminal);
}

#[test]
fn a_slow_ack_holds_up_nothing() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api", "db"]);
        let mut waiting = None;
        while let Some((id, name, payload)) = peer.command() {
            match name.as_str() {
                "get_logs" => peer.page(&id, &payload, &[]),
                // The first command is answered after the second has come.
                "restart_service" if waiting.is_none() => waiting = Some(id),
                _ => {
                    peer.send(
                        json!({ "type": "ack", "id": id, "payload": { "accepted": false,
                        "error": { "code": "service_busy", "message": "db is busy" } } })
                        .to_string(),
                    );
                    if let Some(first) = waiting.take() {
                        peer.answer(&first, &Value::Null);
                    }
                }
            }
        }
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("connected");
    terminal.wait_for_text("db");
    terminal.type_keys("jr");
    terminal.wait_for_text("restart api…");
    terminal.type_keys("jx");
    terminal.wait_for_text("refused: db is busy");
    terminal.type_keys("k");
    terminal.wait_for_text("restart api: done in");
    quit(terminal);
}

#[test]
fn a_restarted_server_is_followed_without_stale_lines() {
    let fake = Fake::websocket(|number, mut peer| {
        if number == 0 {
            peer.introduce("first", &["api"]);
            peer.log(1, "api", "from the first");
            // Until it is asked for the log, so that the line is on the screen.
            let _ = peer.command();
        } else {
            peer.introduce("second", &["api", "new"]);
            peer.log(1, "new", "from the second");
            peer.serve_log(&[entry(1, "new", "from the second")]);
        }
    });
    let terminal = watch(&fake);
    let screen = terminal.wait_for_text("from the second");
    assert!(!screen.has("from the first"), "{}", screen.rows.join("\n"));
    quit(terminal);
}

/// Lines that the server leaves out of the stream are asked for when somebody scrolls there.
#[test]
fn a_gap_is_filled_where_it_is_read() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        let mut entries = lines(200);
        let first = peer.command().unwrap();
        peer.page(&first.0, &first.2, &entries);
        // A slow client: 9,800 lines are left out.
        entries.extend((201..=10_000).map(|seq| entry(seq, "api", &format!("line {seq}"))));
        peer.log(10_000, "api", "line 10000");
        peer.serve_log(&entries);
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 10000");
    terminal.type_keys("\tg");
    terminal.wait_for("the beginning", |screen| {
        screen
            .rows
            .iter()
            .any(|row| row.trim_end_matches(['│', ' ']).ends_with("line 1"))
    });
    // A filter goes through all of it.
    terminal.type_keys("/line 5[0-9]00$\u{12}\r");
    terminal.wait_for("what was left out", |screen| {
        screen.has("10 matches") && screen.has("line 5000") && screen.has("line 5900")
    });
    quit(terminal);
}

/// Also for whoever goes on following one service meanwhile.
#[test]
fn a_gap_does_not_take_lines_from_a_followed_service() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api", "db"]);
        let mut entries = lines(20);
        // So many that the lines of the service have to be asked for.
        entries.extend((21..5_000).map(|seq| entry(seq, "db", "busy")));
        loop {
            let (id, _, payload) = peer.command().unwrap();
            peer.page(&id, &payload, &entries);
            if payload["service"] == "api" {
                break;
            }
        }
        let service = |seq: u64| if seq.is_multiple_of(100) { "api" } else { "db" };
        entries.extend((5_000..9_000).map(|seq| entry(seq, service(seq), &format!("late {seq}"))));
        entries.push(entry(9_000, "api", "the last"));
        peer.log(9_000, "api", "the last");
        peer.serve_log(&entries);
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("busy");
    terminal.type_keys("j");
    let screen = terminal.wait_for_text("late 8900");
    assert!(
        screen.has("the last") && screen.has("following"),
        "{screen:?}"
    );
    assert!(!screen.has("late 8901"), "{screen:?}");
    quit(terminal);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_named_and_asked_for_again() {
    let fake = Fake::websocket(|number, mut peer| {
        if number < 2 {
            let hello =
                json!({ "protocol_version": 1, "server": "flowlayer", "session_id": "one" });
            peer.event("hello", &hello);
            peer.event("snapshot", &json!({ "services": "none of your business" }));
            peer.listen();
        } else {
            peer.introduce("one", &["api"]);
            peer.serve_log(&lines(1));
        }
    });
    let terminal = watch(&fake);
    terminal.wait_for_text("its snapshot does");
    terminal.wait_for_text("● connected");
    quit(terminal);
}
