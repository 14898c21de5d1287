//! Services by the book, with real processes: boot, blocking, commands, stopping, descendants
//! (docs/lifecycle.md, In short).

use std::io::Write;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Stack, free_port};

fn service(name: &str) -> Value {
    json!({ "service": name })
}

#[test]
fn waves_start_one_after_the_other_and_go_down_in_reverse() {
    let stack = Stack::new()
        .daemon("db", json!({}))
        .shell(
            "migrate",
            "echo migrated",
            json!({ "kind": "oneshot", "dependsOn": ["db"] }),
        )
        .shell(
            "api",
            "echo listening; exec sleep 1000",
            json!({
                "dependsOn": ["migrate"], "ready": { "type": "log", "pattern": "^listening$" },
            }),
        )
        .start();
    stack.wait_for_line("STARTUP COMPLETE — runtime active");
    let boot: Vec<String> = stack
        .own_lines()
        .into_iter()
        .filter(|line| line.contains("boot: wave"))
        .collect();
    assert_eq!(
        boot,
        [
            "[flowlayer] boot: wave 0 │ db → starting",
            "[flowlayer] boot: wave 0 │ db → running",
            "[flowlayer] boot: wave 1 │ migrate → starting",
            "[flowlayer] boot: wave 1 │ migrate → ready",
            "[flowlayer] boot: wave 2 │ api → starting",
            "[flowlayer] boot: wave 2 │ api → ready (log line /^listening$/)",
        ]
    );
    let end = stack.stop();
    assert_eq!(end.code, Some(0));
    let down: Vec<String> = stack
        .own_lines()
        .into_iter()
        .filter(|line| line.ends_with("→ stopped"))
        .collect();
    assert_eq!(
        down,
        [
            "[flowlayer] api → stopped",
            "[flowlayer] migrate → stopped",
            "[flowlayer] db → stopped",
        ]
    );
}

#[test]
fn a_failure_blocks_what_depends_on_it_and_nothing_else() {
    let stack = Stack::new()
        .shell(
            "ping",
            "exit 1",
            json!({ "ready": { "type": "tcp", "port": 1 } }),
        )
        .daemon("users", json!({ "dependsOn": ["ping"] }))
        .daemon("web", json!({ "dependsOn": ["users"] }))
        .daemon("other", json!({}))
        .start();
    stack.wait_for_line("STARTUP INCOMPLETE — 1 up, 1 failed, 2 blocked; runtime active");
    stack.wait_for_line("wave 0 │ ping → failed (process exited before ready: exit code 1)");
    stack.wait_for_line("wave 1 │ users → blocked (ping failed)");
    stack.wait_for_line("wave 2 │ web → blocked (ping failed)");
    let mut client = stack.connect();
    let web = &client.services()[3];
    assert_eq!(
        (&web["name"], &web["status"]),
        (&json!("web"), &json!("stopped"))
    );
    assert_eq!(web["blocked_by"], json!(["ping"]));
    let reply = client.command("start_service", &service("web"));
    let result = reply.result.expect("accepted");
    assert_eq!(result["ok"], json!(false));
    assert_eq!(result["failed_services"], json!(["ping", "users", "web"]));
}

#[test]
fn a_command_that_does_not_exist_fails_alone_and_says_where_it_was_looked_for() {
    let stack = Stack::new()
        .service(
            "ghost",
            json!({ "cmd": "no-such-command-here", "env": { "PATH": "/nowhere:/else" } }),
        )
        .daemon("ok", json!({}))
        .start();
    stack.wait_for_line("STARTUP INCOMPLETE — 1 up, 1 failed; runtime active");
    let line = stack.wait_for_line("ghost → failed");
    assert!(line.contains("no-such-command-here"), "{line}");
    // Only `why` prints the whole PATH.
    assert!(!line.contains("/nowhere"), "{line}");
    let why = stack.run(["why", "ghost"]).stdout;
    assert!(why.contains("/nowhere:/else"), "{why}");
}

#[test]
fn a_restart_shows_ack_every_status_and_result_in_this_order() {
    let stack = Stack::new().daemon("api", json!({})).start().booted();
    let mut client = stack.connect();
    let before = client.snapshot[0]["pid"].clone();
    let id = client.send_command("restart_service", &service("api"));
    let mut seen = Vec::new();
    loop {
        let message = client.next().expect("the connection stays");
        match message["type"].as_str() {
            Some("ack") => seen.push("ack".to_owned()),
            Some("result") => {
                assert_eq!(
                    (&message["id"], &message["payload"]["ok"]),
                    (&json!(id), &json!(true))
                );
                break;
            }
            _ if message["name"] == "service_status" => {
                seen.push(
                    message["payload"]["status"]
                        .as_str()
                        .expect("a status")
                        .to_owned(),
                );
            }
            _ => {}
        }
    }
    assert_eq!(seen, ["ack", "stopping", "stopped", "starting", "running"]);
    assert_ne!(before, client.services()[0]["pid"]);
}

#[test]
fn a_port_in_use_fails_the_start_and_names_the_holder() {
    let port = free_port();
    let _holder = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    let stack = Stack::new().daemon("api", json!({ "port": port })).start();
    let line = stack.wait_for_line("api → failed");
    let me = format!("port {port} is in use by");
    assert!(
        line.contains(&me) && line.contains(&format!("pid {}", std::process::id())),
        "{line}"
    );
}

/// A first page may take seconds to compile.
#[test]
fn a_slow_first_answer_passes_an_http_probe() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(2500));
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            });
        }
    });
    let ready = |rest| json!({ "ready": { "type": "http", "url": url, "owner": "any", "attemptTimeoutMs": rest } });
    let mut web = ready(json!(null));
    web["ready"]
        .as_object_mut()
        .unwrap()
        .remove("attemptTimeoutMs");
    let stack = Stack::new()
        .daemon("web", web)
        .daemon("hasty", ready(json!(1000)))
        .start();
    stack.wait_for_line("web → ready");
    let why = stack.run(["why", "hasty"]);
    assert!(why.stdout.contains("no answer within 1 s"), "{why:?}");
}

#[test]
fn a_daemon_that_goes_to_the_background_is_stopped_and_told() {
    let stack = Stack::new()
        .shell("daemonized", "sleep 1000 & exit 0", json!({}))
        .start();
    stack.wait_for_line(
        "daemonized → failed (exited with 0; 1 background process was stopped: run it in the foreground)",
    );
    stack.wait_for_processes("no sleep", |all| {
        all.iter().all(|process| !process.command.contains("sleep"))
    });
}

#[test]
fn an_exec_probe_runs_in_the_services_environment_until_it_passes() {
    let stack = Stack::new()
        .shell(
            "db",
            "sleep 0.3; : > $MARK; exec sleep 1000",
            json!({ "env": { "MARK": "up" }, "ready": { "type": "exec", "cmd": ["sh", "-c", "test -e $MARK"] } }),
        )
        .start();
    stack.wait_for_line("db → ready (exec");
}

#[test]
fn a_probe_that_never_passes_is_given_up_with_its_last_error() {
    let stack = Stack::new()
        .daemon(
            "api",
            json!({ "ready": { "type": "tcp", "port": free_port(), "timeoutMs": 300 } }),
        )
        .start();
    let line = stack.wait_for_line("api → failed");
    assert!(
        line.contains("not ready within 0.3 s") && line.contains("connection refused"),
        "{line}"
    );
}

#[test]
fn only_boots_what_is_named_with_what_it_needs() {
    let stack = Stack::new()
        .daemon("db", json!({}))
        .daemon("api", json!({ "dependsOn": ["db"] }))
        .daemon("web", json!({ "dependsOn": ["api"] }))
        .argument("--only")
        .argument("api")
        .start()
        .booted();
    let mut client = stack.connect();
    let services = client.services();
    let states: Vec<&Value> = services.iter().map(|service| &service["status"]).collect();
    assert_eq!(states, ["running", "running", "stopped"]);
    assert!(client.command("start_service", &service("web")).is_ok());
}

#[test]
fn what_does_not_start_by_itself_starts_for_those_who_need_it() {
    let stack = Stack::new()
        .daemon("tool", json!({ "autoStart": false }))
        .daemon("needed", json!({ "autoStart": false }))
        .daemon("app", json!({ "dependsOn": ["needed"] }))
        .start()
        .booted();
    let mut client = stack.connect();
    let services = client.services();
    let states: Vec<&Value> = services.iter().map(|service| &service["status"]).collect();
    assert_eq!(states, ["running", "running", "stopped"]);
}

#[test]
fn an_env_file_is_read_at_the_start_and_its_faults_fail_that_service() {
    let stack = Stack::new()
        .file(".env", "GREETING='hello there'\n")
        .file("broken.env", "FINE=1\nnot a variable\n")
        .shell(
            "good",
            "echo $GREETING $WHO; exec sleep 1000",
            json!({ "envFile": ".env", "env": { "WHO": "you" } }),
        )
        .daemon("bad", json!({ "envFile": "broken.env" }))
        .start();
    stack.wait_for_line("STARTUP INCOMPLETE — 1 up, 1 failed; runtime active");
    stack.wait_for_line("hello there you");
    let line = stack.wait_for_line("bad → failed");
    assert!(line.contains("broken.env:2"), "{line}");
}

/// What a session publishes of what it runs: paths as the system has them, and no credentials.
#[test]
fn a_spec_has_resolved_paths_and_no_credentials() {
    let url = "postgres://me:secret@localhost/db";
    let stack = Stack::new()
        .service(
            "api",
            json!({
                "cmd": ["sleep", "1000"],
                "stopCmd": ["true", url],
                "cwd": "/usr/./bin/..",
                "ready": { "type": "exec", "cmd": ["true", url] },
                "env": { "KEY": "secret" },
            }),
        )
        .start()
        .booted();
    let spec = &stack.connect().snapshot[0]["spec"];
    assert_eq!(spec["cwd"], "/usr", "{spec}");
    assert_eq!(spec["env"], json!(["KEY"]));
    assert_eq!(spec["probe"]["target"], "true postgres://***@localhost/db");
    assert!(!spec.to_string().contains("secret"), "{spec}");
}

/// The list in the reference failed on every fresh clone, where nobody has a `.env.local` yet.
#[test]
fn an_optional_env_file_may_be_missing_but_not_malformed() {
    let optional = |path: &str| json!({ "path": path, "required": false });
    let stack = Stack::new()
        .file(".env", "GREETING=hello\n")
        .file("broken.env", "not a variable\n")
        .shell(
            "good",
            "echo $GREETING there; exec sleep 1000",
            json!({ "envFile": [".env", optional(".env.local")] }),
        )
        .daemon("bad", json!({ "envFile": optional("broken.env") }))
        .daemon("missing", json!({ "envFile": { "path": ".env.local" } }))
        .start();
    stack.wait_for_line("STARTUP INCOMPLETE — 1 up, 2 failed; runtime active");
    stack.wait_for_line("hello there");
    let client = stack.connect();
    let files = &client.snapshot[1]["spec"]["env_files"];
    assert_eq!(files[0]["required"], true);
    assert_eq!(files[1]["required"], false);
    let path = files[1]["path"].as_str().unwrap();
    assert!(path.ends_with("/.env.local"), "{path}");
}

#[test]
fn a_signal_in_the_middle_of_a_boot_ends_everything() {
    let stack = Stack::new()
        .shell(
            "slow",
            "echo waiting; exec sleep 1000",
            json!({ "ready": { "type": "tcp", "port": free_port() } }),
        )
        .daemon("later", json!({ "dependsOn": ["slow"] }))
        .start();
    stack.wait_for_line("waiting");
    stack.signal(Signal::SIGINT);
    assert_eq!(stack.wait_for_end().code, Some(0));
}

#[test]
fn a_second_signal_skips_all_grace() {
    let stack = Stack::new().stubborn(3_600_000).start().booted();
    stack.signal(Signal::SIGTERM);
    stack.wait_for_line("stubborn → stopping");
    stack.signal(Signal::SIGTERM);
    assert_eq!(stack.wait_for_end().code, Some(0));
}

#[test]
fn a_quit_signal_skips_all_grace_at_once() {
    let stack = Stack::new().stubborn(3_600_000).start().booted();
    stack.signal(Signal::SIGQUIT);
    assert_eq!(stack.wait_for_end().code, Some(0));
}

#[test]
fn stop_all_takes_everything_down_and_start_all_brings_it_back() {
    let stack = Stack::new()
        .daemon("db", json!({}))
        .daemon("api", json!({ "dependsOn": ["db"] }))
        .start()
        .booted();
    let mut client = stack.connect();
    assert!(client.command("stop_all", &Value::Null).is_ok());
    assert_eq!(stack.services(), []);
    assert!(client.command("start_all", &Value::Null).is_ok());
    assert_eq!(stack.services().len(), 2);
}

#[test]
fn when_the_server_is_killed_the_guardian_takes_the_stack_down_in_order() {
    let stack = Stack::new()
        .trapping("db", "echo db >> order; exit", json!({}))
        .shell(
            "api",
            "trap 'echo api >> order; exit' TERM; (setsid sleep 1000 &); echo armed; \
             while :; do sleep 0.05; done",
            json!({ "dependsOn": ["db"], "ready": { "type": "log", "pattern": "armed" } }),
        )
        .start()
        .booted();
    assert_ne!(stack.crash().code, Some(0));
    let order = std::fs::read_to_string(stack.path().join("order")).expect("both had their turn");
    assert_eq!(order, "api\ndb\n");
}

#[test]
fn when_the_guardian_is_killed_the_server_takes_the_stack_down() {
    let stack = Stack::new().daemon("db", json!({})).start().booted();
    stack.signal(Signal::SIGKILL);
    stack.wait_for_processes("nobody", <[_]>::is_empty);
}

/// The reason of an exit has the last thing the process wrote: to stderr, else to stdout.
#[test]
fn an_exit_is_published_with_the_last_line() {
    let server = Stack::new()
        .shell(
            "loud",
            "echo fine; echo 'no database' >&2; echo ' ' >&2; exit 3",
            json!({}),
        )
        .shell("plain", "echo last words; exit 4", json!({}))
        .shell("silent", "exit 5", json!({}))
        .start();
    server.wait_for_line("STARTUP ");
    let last_line = |service: &str| {
        // They may fail in any order, and a client drops the events before the one it waits for.
        let member = server.connect().wait_status(service, "failed");
        assert_eq!(member["reason"]["code"], "exited", "{member}");
        member["reason"]["last_line"].clone()
    };
    let loud = last_line("loud");
    assert_eq!(
        (&loud["stream"], &loud["message"]),
        (&json!("stderr"), &json!("no database"))
    );
    assert!(loud["seq"].as_u64().is_some(), "{loud}");
    let plain = last_line("plain");
    assert_eq!(
        (&plain["stream"], &plain["message"]),
        (&json!("stdout"), &json!("last words"))
    );
    assert_eq!(last_line("silent"), json!(null));
}
