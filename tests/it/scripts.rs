//! The commands for scripts on a running session: what they print and how they end.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::harness::{Child, Fake, Server, Stack, Terminal, flowlayer_in, run};

/// A stack in which one service is up, one has failed and one is blocked by that.
fn mixed() -> Server {
    let server = Stack::new()
        .daemon("api", json!({}))
        .shell("broken", "exit 3", json!({"kind": "oneshot"}))
        .daemon("web", json!({"dependsOn": ["broken"]}))
        .start();
    server.wait_for_line("STARTUP INCOMPLETE");
    server
}

#[test]
fn status_shows_every_service_and_why_it_is_not_up() {
    let server = mixed();
    let shown = server.run(["status"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = shown
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "WAVE", "SERVICE", "STATE", "UP", "PID", "ADDRESS", "SINCE", "DETAIL"
        ]
    );
    assert_eq!(lines[1][..4], ["0", "api", "running", "yes"]);
    assert_eq!(lines[2][..4], ["0", "broken", "failed", "no"]);
    assert_eq!(lines[2][7..].join(" "), "exit code 3");
    assert_eq!(lines[3][..4], ["1", "web", "blocked", "no"]);
    assert!(lines[3][7..].join(" ").contains("broken"), "{shown:?}");
    assert!(!shown.stdout.contains('\u{1b}'));

    let all = server.run(["status", "--exit-code"]);
    assert_eq!((all.code, all.stdout), (Some(1), shown.stdout));
    assert_eq!(server.run(["status", "--exit-code", "api"]).code, Some(0));
    assert_eq!(server.run(["status", "--exit-code", "web"]).code, Some(1));
}

#[test]
fn status_as_json_has_every_field_of_every_service() {
    let server = mixed();
    let shown = server.run(["status", "--json"]).json();
    assert_eq!(shown["up"], false);
    let session = &shown["session"];
    assert_eq!(session["address"], server.address());
    assert_eq!(session["pid"], server.child_pid());
    let config = server.path().join("flowlayer.jsonc");
    assert_eq!(session["config"], config.to_str().unwrap());
    assert!(session["session_id"].is_string());
    let services = shown["services"].as_array().unwrap();
    let names: Vec<&Value> = services.iter().map(|service| &service["name"]).collect();
    assert_eq!(names, ["api", "broken", "web"]);
    for service in services {
        let fields: Vec<&String> = service.as_object().unwrap().keys().collect();
        let all = [
            "name",
            "status",
            "up",
            "kind",
            "wave",
            "since",
            "pid",
            "exit_code",
            "signal",
            "blocked_by",
            "detail",
            "port",
            "url",
            "why",
        ];
        assert_eq!(fields, all);
    }
    assert_eq!(
        services[0]["pid"].as_u64().is_some(),
        services[0]["up"] == true
    );
    assert_eq!(services[1]["exit_code"], 3);
    assert_eq!(services[2]["blocked_by"], json!(["broken"]));
    assert_eq!(services[0]["why"], Value::Null);
    let why = &services[2]["why"];
    assert_eq!(
        why["summary"],
        "web is not up because of broken: exit code 3"
    );
    assert_eq!(why["causes"][0]["service"], "broken");
    assert_eq!(why["causes"][0]["kind"], "exited");

    let one = server.run(["status", "--json", "api"]).json();
    assert_eq!(
        (&one["up"], one["services"].as_array().unwrap().len()),
        (&json!(true), 1)
    );
}

#[test]
fn a_name_no_service_has_is_found_before_anything_happens() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    server
        .run(["status", "apo"])
        .refused(2, &["\"apo\"", "did you mean \"api\"?"]);
}

#[test]
fn hostile_names_and_details_do_not_reach_the_terminal() {
    let name = "\u{1b}]0;owned\u{7}api\u{1b}[2J\nnext";
    let server = Stack::new().daemon(name, json!({})).start().booted();
    let shown = server.run(["status"]);
    assert_eq!(shown.stdout.lines().count(), 2, "{shown:?}");
    assert!(!shown.stdout.contains('\u{1b}'), "{shown:?}");
    server
        .run(["status", "\u{1b}[2Jx"])
        .refused(2, &["known services"]);
    // For programs it is what it is.
    assert_eq!(
        server.run(["status", "--json"]).json()["services"][0]["name"],
        name
    );
}

#[test]
fn a_terminal_gets_colors_and_as_many_columns_as_it_has() {
    let server = mixed();
    let wide = Terminal::run(&server.client(["status"]), 10, 120);
    wide.wait_for("the table", |screen| {
        screen.has("broken") && screen.has("exit code 3")
    });
    wide.wait_for_end();
    let raw = String::from_utf8_lossy(&wide.raw()).into_owned();
    assert!(raw.contains("\u{1b}[31mfailed\u{1b}[0m"), "{raw:?}");
    let narrow = Terminal::run(&server.client(["status"]), 12, 42);
    let screen = narrow.wait_for("the reason on a line of its own", |screen| {
        screen.rows.iter().any(|row| row == "    exit code 3")
    });
    assert!(screen.rows[0].starts_with("WAVE  SERVICE"), "{screen:?}");
    narrow.wait_for_end();
    let plain = Terminal::run(&server.client(["status", "--no-color"]), 10, 120);
    plain.wait_for_end();
    plain.wait_for_text("exit code 3");
    assert!(!plain.raw().contains(&0x1b));
}

#[test]
fn the_list_of_sessions_tells_no_token() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let listed = server.run(["sessions"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    let line = listed.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with(server.address()), "{listed:?}");
    assert!(line.ends_with("flowlayer.jsonc"), "{listed:?}");
    let json = server.run(["sessions", "--json"]);
    let sessions = json.json()["sessions"].clone();
    assert_eq!(sessions[0]["address"], server.address());
    assert_eq!(sessions[0]["pid"], server.child_pid());
    assert!(sessions[0]["since"].as_str().unwrap().ends_with('Z'));
    for text in [listed.stdout, json.stdout] {
        assert!(!text.contains("token"), "{text}");
    }
    assert_eq!(server.stop().code, Some(0));
    let none = server.run(["sessions"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert_eq!(none.stderr, "no session runs\n");
    assert_eq!(
        server.run(["sessions", "--json"]).json(),
        json!({"sessions": []})
    );
}

#[test]
fn without_a_session_one_line_says_how_to_start_one() {
    let directory = tempdir().unwrap();
    let run = |arguments: &[&str]| run(directory.path(), arguments);
    let free = crate::harness::free_port();
    let address = format!("127.0.0.1:{free}");
    run(&["status", "-a", &address]).refused(3, &[&address, "flowlayer sessions"]);
    let config = json!({"session": {"bind": address}, "services": {}}).to_string();
    std::fs::write(directory.path().join("flowlayer.jsonc"), config).unwrap();
    run(&["status"]).refused(3, &["this directory", "flowlayer up"]);
    let named = ["status", "-c", "flowlayer.jsonc"];
    run(&named).refused(3, &["this directory", "flowlayer up"]);
    run(&["status", "-c", "none.jsonc"]).refused(2, &["none.jsonc"]);
}

#[test]
fn a_server_that_was_killed_leaves_a_file_that_fools_nobody() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let directory = server.path().join("flowlayer");
    // Beside it is the lock of the configuration, which stays.
    let files = || {
        let entries = std::fs::read_dir(&directory).unwrap().flatten();
        let is_lock = |path: &std::path::Path| path.extension().is_some_and(|it| it == "lock");
        entries.filter(|entry| !is_lock(&entry.path())).count()
    };
    assert_eq!(files(), 1);
    server.signal(Signal::SIGKILL);
    server.wait_for_processes("its end", <[_]>::is_empty);
    server.wait_for_end();
    server
        .run(["status"])
        .refused(3, &["no session", "flowlayer up"]);
    assert_eq!(
        files(),
        0,
        "the dead session's file, and its token, are gone"
    );
}

#[test]
fn several_sessions_are_listed_and_none_is_taken() {
    let one = Stack::new().daemon("a", json!({})).start().booted();
    let empty = tempdir().unwrap();
    let mut prepared = Stack::new().daemon("b", json!({})).prepare();
    prepared.command.env("XDG_RUNTIME_DIR", one.path());
    let second = Child::spawn(prepared.command);
    second.wait_for_line("STARTUP COMPLETE");
    let mut command = one.client(["status"]);
    command.current_dir(empty.path());
    let finished = Child::spawn(command).finish();
    let addresses = [one.address(), prepared.home.address.as_deref().unwrap()];
    finished.refused(2, &[addresses[0], addresses[1], "--config"]);
    let mut command = one.client(["status", "-a", addresses[1]]);
    command.current_dir(empty.path());
    let finished = Child::spawn(command).finish();
    assert!(finished.stdout.contains(" b "), "{finished:?}");
    second.signal(Signal::SIGTERM);
    assert_eq!(second.finish().code, Some(0));
}

#[test]
fn a_full_disk_is_no_success_and_a_reader_that_went_away_is_one() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let run = |arguments: &[&str], stdout: std::process::Stdio| {
        let mut command = server.client(arguments.iter().copied());
        let output = command.stdout(stdout).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    for arguments in [
        &["status"][..],
        &["sessions"],
        &["plan"],
        &["wait", "--timeout", "9"],
        &["start", "api"],
        &["why"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run(arguments, writer.into()), (Some(0), String::new()));
        // Not every system has one.
        if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
            let (code, stderr) = run(arguments, full.into());
            assert_eq!(code, Some(1), "{arguments:?}: {stderr}");
            let words = "Error: cannot write to standard output: ";
            assert!(stderr.starts_with(words), "{arguments:?}: {stderr}");
        }
    }
}

#[test]
fn an_address_that_is_none_is_wrong_usage() {
    let directory = tempdir().unwrap();
    let run = |arguments: &[&str], variable: &str| {
        let mut command = flowlayer_in(directory.path());
        command.env("FLOWLAYER_ADDR", variable).args(arguments);
        Child::spawn(command).finish()
    };
    for address in ["", "foo", "127.0.0.1:99999"] {
        let given = run(&["wait", "--addr", address], "");
        assert_eq!(given.code, Some(2), "{given:?}");
        assert!(given.stderr.contains("invalid --addr: "), "{given:?}");
    }
    run(&["wait"], "foo").refused(2, &["\"foo\" in FLOWLAYER_ADDR", "the port is missing"]);
}

#[test]
fn the_session_of_another_directory_is_left_alone_though_it_has_our_address() {
    let theirs = Stack::new().daemon("a", json!({})).start().booted();
    let ours = tempdir().unwrap();
    let config = json!({"session": {"bind": theirs.address()}, "services": {"a": {"cmd": "true"}}});
    std::fs::write(ours.path().join("flowlayer.jsonc"), config.to_string()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = theirs.client(arguments.iter().copied());
        command.current_dir(ours.path());
        Child::spawn(command).finish()
    };
    let their_config = theirs.path().join("flowlayer.jsonc");
    let why = [
        "no session of the configuration in this directory runs",
        their_config.to_str().unwrap(),
    ];
    for arguments in [
        &["status"][..],
        &["why"],
        &["logs"],
        &["stop", "a"],
        &["restart", "--all"],
        &["down"],
        &["down", "-c", "flowlayer.jsonc"],
        &["wait", "--timeout", "0.3"],
    ] {
        run(arguments).refused(3, &why);
    }
    let status = run(&["status", "--json", "-a", theirs.address()]).json();
    assert_eq!(status["services"][0]["status"], "running");
}

#[test]
fn a_server_that_will_not_have_us_or_is_another_is_told_in_one_line() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let address = server.address();
    server
        .run(["status", "--token", "wrong"])
        .refused(3, &["does not accept"]);
    // Without the session file there is no token to be found.
    let mut command = server.client(["status", "-a", address]);
    let empty = tempdir().unwrap();
    command
        .env("XDG_RUNTIME_DIR", empty.path())
        .env("TMPDIR", empty.path());
    Child::spawn(command)
        .finish()
        .refused(3, &["wants a token"]);
    let mut command = server.client(["status", "-addr", address]);
    command
        .env("XDG_RUNTIME_DIR", empty.path())
        .env("TMPDIR", empty.path())
        .env("FLOWLAYER_TOKEN", "test-token");
    assert_eq!(Child::spawn(command).finish().code, Some(0));

    let other = Fake::answering("404 Not Found");
    let run = |fake: &Fake| server.run(["status", "-addr", &fake.address]);
    run(&other).refused(3, &["not a flowlayer server", "404"]);
    let later = Fake::websocket(|_, mut peer| {
        peer.event(
            "hello",
            &json!({"protocol_version": 9, "server": "flowlayer", "capabilities": []}),
        );
        peer.listen();
    });
    run(&later).refused(3, &["version 9"]);
}
