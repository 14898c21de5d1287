//! What a terminal does to the cockpit: signals, size, mouse, keys, colours, or none at all.

use nix::sys::signal::Signal;

use super::{ends_well, lines, quit, tui, watch};
use crate::harness::{Child, Fake, Screen, Terminal, entry, through};

#[test]
fn without_a_terminal_it_says_so() {
    let (command, _directory) = tui(&[]);
    let finished = Child::spawn(command).finish();
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(
        finished
            .stderr
            .starts_with("Error: the cockpit needs a terminal"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_terminal_without_a_cursor_is_refused() {
    for (term, words) in [
        (Some("dumb"), "TERM says that this one is dumb"),
        (None, "which says what this one is, is not set"),
    ] {
        let (mut command, _directory) = tui(&[]);
        match term {
            Some(term) => command.env("TERM", term),
            None => command.env_remove("TERM"),
        };
        let terminal = Terminal::run(&command, 24, 200);
        let screen = terminal.wait_for_text(words);
        assert!(
            screen.rows[0].starts_with("Error: the cockpit needs"),
            "{screen:?}"
        );
        assert_eq!(terminal.wait_for_end().code, Some(1));
    }
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        let fake = Fake::websocket(|_, mut peer| {
            peer.introduce("one", &["api"]);
            peer.serve_log(&[]);
        });
        let terminal = watch(&fake);
        terminal.wait_for_text("no output yet");
        terminal.child().signal(signal);
        ends_well(&terminal);
    }
}

/// A shell with job control runs it, is given the terminal by ^Z, and gives it back by `fg`.
#[test]
fn it_can_be_suspended_and_resumed() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&lines(3));
    });
    let (command, _directory) = tui(&["-addr", &fake.address, "-token", "secret"]);
    let script = r#""$0" "$@"; echo "the shell is back"; read answer; fg; echo "ended with $?""#;
    let shell = through(&["sh", "-m", "-c", script], &command);
    let mut terminal = Terminal::run(&shell, 24, 100);
    terminal.wait_for_text("line 3");
    terminal.type_keys("\u{1a}");
    let screen = terminal.wait_for_text("the shell is back");
    assert!(!screen.has("all logs"), "{}", screen.rows.join("\n"));
    terminal.type_keys("\n");
    terminal.wait_for_text("line 3");
    // Its keys arrive again one by one, and unseen.
    terminal.type_keys("?");
    terminal.wait_for_text("this help");
    terminal.type_keys("?q");
    terminal.wait_for_text("ended with 0");
    terminal.wait_for_end();
}

/// Somebody else stops it and lets it go on: the screen is drawn anew.
#[test]
fn it_comes_back_after_a_stop_from_outside() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&lines(3));
    });
    let terminal = watch(&fake);
    terminal.wait_for_text("line 3");
    let before = terminal.raw().len();
    terminal.child().signal(Signal::SIGSTOP);
    terminal.child().signal(Signal::SIGCONT);
    terminal.wait_for_bytes_after(before, "\u{1b}[?1049h");
    terminal.wait_for_bytes_after(before, "FlowLayer");
    terminal.wait_for_text("line 3");
    quit(terminal);
}

/// A click selects a service, the wheel scrolls what is under it, dragging selects lines; what is
/// copied goes to the terminal, and to a file.
#[test]
fn the_mouse_points_scrolls_and_selects() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api", "db"]);
        let mut entries = lines(100);
        entries.push(entry(101, "db", "\u{1b}[32mfrom\u{1b}[0m the db, größer"));
        peer.serve_log(&entries);
    });
    let (command, directory) = tui(&["-addr", &fake.address, "-token", "secret"]);
    let mut terminal = Terminal::run(&command, 24, 100);
    let screen = terminal.wait_for_text("from the db");
    let row_of = |screen: &Screen, text: &str| {
        1 + screen
            .rows
            .iter()
            .position(|row| row.contains(text))
            .unwrap()
    };
    // The wheel over the log, upwards.
    terminal.type_keys("\t\u{1b}[<64;60;10M");
    terminal.wait_for("a log that has moved", |screen| !screen.has("from the db"));
    terminal.type_keys("G");
    let row = row_of(&terminal.wait_for_text("from the db"), "from the db");
    terminal.type_keys(&format!("\u{1b}[<0;60;{}M", row - 1));
    terminal.type_keys(&format!("\u{1b}[<32;60;{row}M\u{1b}[<0;60;{row}m"));
    terminal.wait_for_text("selecting");
    terminal.type_keys("y");
    terminal.wait_for_text("2 lines sent to the terminal");
    // "09:21:14 api │ line 100\n09:21:14 db │ from the db, größer\n"
    terminal.wait_for_bytes("\u{1b}]52;c;MDk6MjE6MTQgYXBpIOKUgiBsaW5lIDEwMAowOToyMToxNCBkYiDilIIgZnJvbSB0aGUgZGIsIGdyw7bDn2VyCg==\u{1b}\\");
    terminal.type_keys(&format!(
        "\u{1b}[<0;60;{row}M\u{1b}[<32;60;{row}M\u{1b}[<0;60;{row}m"
    ));
    terminal.wait_for_text("selecting");
    terminal.type_keys("Y");
    terminal.wait_for_text("written to flowlayer-log-");
    let written: Vec<String> = std::fs::read_dir(directory.path())
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok())
        .collect();
    assert_eq!(written, ["09:21:14 db │ from the db, größer\n"]);
    let row = row_of(&screen, " db ");
    terminal.type_keys(&format!("\u{1b}[<0;8;{row}M\u{1b}[<0;8;{row}m"));
    terminal.wait_for("the log of db", |screen| {
        screen.has("╭─ db ") && !screen.has("line 100")
    });
    quit(terminal);
}

/// Typed or pasted, a filter takes every character; what was pasted as keys would do harm.
#[test]
fn a_filter_is_typed_and_pasted_in_any_script() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        let mut entries = lines(50);
        entries.push(entry(51, "api", "größer 漢字 🚀 q"));
        peer.serve_log(&entries);
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("漢字");
    terminal.type_keys("\t/gr");
    terminal.type_keys("\u{1b}[200~ößer 漢字 🚀 q\nx\u{1b}[201~");
    let screen = terminal.wait_for_text("/größer 漢字 🚀 q · 1 match");
    assert!(!screen.has("line 50"), "{}", screen.rows.join("\n"));
    terminal.type_keys("\u{1b}");
    terminal.wait_for_text("line 50");
    quit(terminal);
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&lines(100));
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 100");
    for (rows, columns) in [(10, 40), (1, 1), (0, 0), (2, 9), (60, 200), (24, 80)] {
        if rows < 10 {
            terminal.tell_size(rows, columns);
        } else {
            terminal.resize(rows, columns);
            terminal.wait_for("a list that fits", |screen| {
                screen.rows.len() == usize::from(rows)
                    && screen.has("all logs")
                    && screen.has("FlowLayer")
            });
        }
    }
    // A key that comes together with a new size counts too.
    quit(terminal);
}

/// Sizes that change faster than frames are drawn, with keys in between.
#[test]
fn a_storm_of_sizes_leaves_the_last_one() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&lines(100));
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 100");
    for round in 0..100_u16 {
        terminal.tell_size(1 + round * 7 % 60, 1 + round * 13 % 200);
        if round % 10 == 0 {
            terminal.type_keys("pp");
        }
    }
    terminal.resize(24, 100);
    terminal.wait_for("a list that fits", |screen| {
        screen.has("all logs") && screen.has("line 100") && screen.has("q quit")
    });
    quit(terminal);
}

/// What is pasted where nothing is typed does nothing; what is pasted into the palette is text.
#[test]
fn garbage_that_is_pasted_does_nothing() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&lines(3));
    });
    let mut terminal = watch(&fake);
    terminal.wait_for_text("line 3");
    terminal.type_keys("\u{1b}[200~qxqx\u{1}\u{4}\ny\u{1b}[31m\u{1b}[201~");
    terminal.type_keys(":\u{1b}[200~qu\u{7}it\nmore\u{1b}[201~");
    terminal.wait_for_text("quit; the services go on");
    terminal.type_keys("\u{1b}");
    terminal.wait_for_text("q quit");
    quit(terminal);
}

#[test]
fn a_plain_terminal_gets_ascii() {
    for (variable, value) in [("TERM", "linux"), ("LANG", "C")] {
        let fake = Fake::websocket(|_, mut peer| {
            peer.introduce("one", &["api"]);
            peer.serve_log(&[entry(1, "api", "größer")]);
        });
        let (mut command, _directory) = tui(&["-addr", &fake.address]);
        command.env_remove("LC_ALL").env_remove("LC_CTYPE");
        command.env(variable, value);
        let terminal = Terminal::run(&command, 24, 100);
        terminal.wait_for_text("api     |".trim_end_matches([' ', '|']));
        terminal.wait_for_text("gr??er");
        assert!(terminal.raw().is_ascii(), "{variable}={value}");
        quit(terminal);
    }
}

#[test]
fn no_color_means_none() {
    let fake = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.serve_log(&[entry(1, "api", "\u{1b}[31mred\u{1b}[0m")]);
    });
    let (mut command, _directory) = tui(&["-addr", &fake.address]);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::run(&command, 24, 100);
    terminal.wait_for_text("red");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let color = regex::Regex::new("\u{1b}\\[(3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)[;m]").unwrap();
    assert!(!color.is_match(&raw), "{raw:?}");
    quit(terminal);
}
