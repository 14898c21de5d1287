//! `flowlayer why`: from a service that is not up to the cause.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Finished, Server, Stack, flowlayer, free_port, until};

/// A database that fails, what needs it, and what does not.
fn failing() -> Server {
    let server = Stack::new()
        .shell(
            "db",
            "echo starting; for i in 1 2 3; do echo \"FATAL: reason $i\" >&2; done; exit 3",
            json!({ "ready": { "type": "tcp", "port": free_port() } }),
        )
        .daemon("api", json!({"dependsOn": ["db"] }))
        .daemon("web", json!({"dependsOn": ["api"] }))
        .daemon("ok", json!({}))
        .daemon("spare", json!({"autoStart": false }))
        .start();
    server.wait_for_line("STARTUP INCOMPLETE");
    server
}

#[track_caller]
fn answer(finished: &Finished, code: i32) -> Value {
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(code), ""),
        "{finished:?}"
    );
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn the_chain_leads_to_what_failed_and_to_what_it_said() {
    let server = failing();
    let shown = server.run(["why", "web"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(1), ""));
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "web is not up because of db: exit code 3 before ready"
    );
    for line in [
        "  path     web → api → db",
        "  stderr   FATAL: reason 1",
        "           FATAL: reason 3",
        "  help     when it is mended: flowlayer start db",
    ] {
        assert!(lines.contains(&line), "{line:?}: {shown:?}");
    }
    assert!(
        !shown.stdout.contains("starting"),
        "stdout is not asked for"
    );

    let why = answer(&server.run(["why", "--json", "web"]), 1);
    assert_eq!(
        (&why["service"], &why["up"]),
        (&json!("web"), &json!(false))
    );
    let cause = &why["causes"][0];
    assert_eq!(cause["service"], "db");
    assert_eq!(
        (&cause["kind"], &cause["exit_code"]),
        (&json!("exited"), &json!(3))
    );
    assert_eq!(cause["path"], json!(["web", "api", "db"]));
    assert_eq!(cause["log"].as_array().unwrap().len(), 3);
    assert_eq!(cause["log"][2]["message"], "FATAL: reason 3");
    assert_eq!(why["session"]["address"], server.address());
}

/// What needs a failed service is blocked at once, although its wave has not come.
#[test]
fn nobody_waits_for_what_has_failed_already() {
    let server = Stack::new()
        .shell("db", "exit 3", json!({}))
        .service(
            "slow",
            json!({ "cmd": ["sleep", "1000"], "kind": "oneshot" }),
        )
        .service(
            "api",
            json!({ "cmd": ["sleep", "1000"], "dependsOn": ["db"] }),
        )
        .start();
    server.wait_for_line("db → failed");
    let status = server.run(["status"]);
    let words = "blocked: db failed";
    assert!(status.stdout.contains(words), "{status:?}");
    let shown = server.run(["why", "api"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(
        shown.stdout.contains("because of db: exit code 3"),
        "{shown:?}"
    );
}

#[test]
fn without_a_name_each_cause_is_told_once() {
    let server = failing();
    let why = answer(&server.run(["why", "--json"]), 1);
    assert_eq!(
        (&why["up"], &why["services_up"], &why["services"]),
        (&json!(false), &json!(1), &json!(4))
    );
    let causes = why["causes"].as_array().unwrap();
    let names: Vec<&Value> = causes.iter().map(|cause| &cause["service"]).collect();
    assert_eq!(names, ["db"], "`spare` is left out on purpose");
    assert_eq!(causes[0]["affects"], json!(["api", "web"]));
    assert_eq!(why["left_out"], 1);
    let shown = server.run(["why"]);
    assert!(
        shown
            .stdout
            .starts_with("1 of 4 services are up (1 left out)\n"),
        "{shown:?}"
    );
    assert!(shown.stdout.contains("  affects  api, web\n"), "{shown:?}");
}

#[test]
fn what_is_up_says_why_and_succeeds() {
    let server = failing();
    let shown = server.run(["why", "ok"]);
    assert_eq!(shown.code, Some(0));
    assert!(
        shown
            .stdout
            .starts_with("ok is up: its process runs, and it has no probe, since "),
        "{shown:?}"
    );
    let why = answer(&server.run(["why", "ok", "--json"]), 0);
    assert_eq!((&why["up"], &why["causes"]), (&json!(true), &json!([])));
}

#[test]
fn who_stopped_it_is_told() {
    let server = failing();
    let mut client = server.connect();
    client
        .command("stop_service", &json!({ "service": "ok" }))
        .result
        .unwrap();
    let why = answer(&server.run(["why", "ok", "--json"]), 1);
    assert_eq!(why["summary"], "ok is not up: it was stopped");
    assert_eq!(why["causes"][0]["stopped_by"], "stop_service");
    assert_eq!(why["causes"][0]["help"], "flowlayer start ok");
    client.command("stop_all", &Value::Null).result.unwrap();
    let why = answer(&server.run(["why", "web", "--json"]), 1);
    assert_eq!(
        why["summary"],
        "web is not up: it was stopped with everything else"
    );
}

#[test]
fn a_busy_port_names_its_holder() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Stack::new().daemon("api", json!({"port": port })).start();
    server.wait_for_line("STARTUP INCOMPLETE");
    let why = answer(&server.run(["why", "api", "--json"]), 1);
    let cause = &why["causes"][0];
    assert_eq!(cause["kind"], "port_in_use");
    assert_eq!(cause["port_conflict"]["port"], port);
    assert_eq!(cause["port_conflict"]["pid"], std::process::id());
    assert!(
        cause["help"]
            .as_str()
            .unwrap()
            .contains(&format!("pid {}", std::process::id()))
    );
}

#[test]
fn a_probe_that_does_not_pass_is_counted() {
    let port = free_port();
    let server = Stack::new()
        .daemon("api", json!({"ready": { "type": "tcp", "port": port } }))
        .daemon("web", json!({"dependsOn": ["api"] }))
        .start();
    // There is something to tell once an attempt has failed.
    let why = until("a second attempt", || {
        let why = server.run(["why", "web", "--json"]);
        if why.code != Some(1) {
            return Err(why);
        }
        let told = answer(&why, 1);
        let attempts = told["causes"][0]["probe"]["attempts"].as_u64();
        if attempts >= Some(2) {
            Ok(told)
        } else {
            Err(why)
        }
    });
    let cause = &why["causes"][0];
    assert_eq!(
        (&cause["service"], &cause["kind"]),
        (&json!("api"), &json!("probing"))
    );
    let probe = &cause["probe"];
    assert!(probe["waited_ms"].as_u64().unwrap() >= 200, "{why}");
    assert!(
        probe["last_error"].as_str().unwrap().contains("refused"),
        "{why}"
    );
    assert!(
        why["summary"].as_str().unwrap().contains("attempts"),
        "{why}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn where_a_service_listens_instead_is_named() {
    let (asked, actual) = (free_port(), free_port());
    let program = flowlayer();
    let program = program.get_program().display();
    // Not the leader, as below `npm run`.
    let script = format!("'{program}' serve -s 127.0.0.1:{actual} -c inner.json; exit 1");
    let server = Stack::new()
        .file("inner.json", "{\"services\":{}}")
        .shell(
            "api",
            &script,
            json!({ "ready": { "type": "tcp", "port": asked } }),
        )
        .daemon(
            "other",
            json!({ "ready": { "type": "tcp", "port": asked, "timeoutMs": 2500 } }),
        )
        .start();
    let cause = until("the port", || {
        let why = server.run(["why", "api", "--json"]);
        // Empty until the session answers.
        let answer: Value = serde_json::from_str(&why.stdout).unwrap_or_default();
        let cause = answer["causes"][0].clone();
        let ports = &cause["probe"]["listens_on"];
        (*ports == json!([actual]))
            .then(|| cause.clone())
            .ok_or(why)
    });
    let (text, help) = (
        cause["text"].as_str().unwrap(),
        cause["help"].as_str().unwrap(),
    );
    let instead = format!("; it listens on {actual} (");
    assert!(text.contains(&instead), "{cause}");
    let named = format!("api listens on {actual}, not on {asked}: ");
    assert!(help.starts_with(&named), "{cause}");
    let services = server.connect().services();
    let api = services.iter().find(|it| it["name"] == "api").unwrap();
    let reason = &api["reason"];
    assert_eq!(
        (&reason["probe"]["port"], &reason["listens_on"]),
        (&json!(asked), &json!([actual]))
    );
    let line = server.wait_for_line("other → failed");
    assert!(!line.contains("listens on"), "{line}");
}

#[test]
fn the_last_line_of_an_exec_probe_says_why() {
    let probe = |script: &str, limits: (&str, u64)| {
        let (limit, ms) = limits;
        json!({ "ready": { "type": "exec", "cmd": ["sh", "-c", script], limit: ms } })
    };
    let no_response =
        r"echo out; echo first >&2; printf '\033[31mno response\033[0m\n\n' >&2; exit 2";
    let masked = "echo 'still at http://me:secret@h'; exit 1";
    let hangs = "echo connecting; sleep 1000";
    let server = Stack::new()
        .daemon("db", probe(no_response, ("timeoutMs", 1000)))
        .daemon("queue", probe(masked, ("timeoutMs", 600_000)))
        .daemon("slow", probe(hangs, ("attemptTimeoutMs", 200)))
        .start();
    let line = server.wait_for_line("db → failed");
    assert!(line.contains("exit code 2: no response ("), "{line}");
    for (name, expected) in [
        ("queue", "exit code 1: still at http://***@h"),
        ("slow", "no answer within 0.2 s: connecting"),
    ] {
        until(expected, || {
            let why = server.run(["why", name, "--json"]);
            let cause = &serde_json::from_str::<Value>(&why.stdout).unwrap()["causes"][0];
            let is_known = cause["probe"]["last_error"] == expected;
            is_known.then_some(()).ok_or(why)
        });
    }
}

/// It was shown with the error of the attempt before.
#[test]
fn an_attempt_that_takes_long_is_shown_as_such() {
    let script = "[ -e tried ] && exec sleep 1000; touch tried; echo starting; exit 1";
    let probe = json!({ "type": "exec", "cmd": ["sh", "-c", script], "attemptTimeoutMs": 60_000 });
    let server = Stack::new().daemon("db", json!({ "ready": probe })).start();
    let cause = until("the second attempt takes long", || {
        let why = server.run(["why", "db", "--json"]);
        let answer: Value = serde_json::from_str(&why.stdout).unwrap_or_default();
        let cause = answer["causes"][0].clone();
        let pending = cause["probe"]["pending_ms"].as_u64();
        (pending >= Some(1000)).then_some(cause).ok_or(why)
    });
    let text = cause["text"].as_str().unwrap();
    assert!(text.contains(": no answer yet, for "), "{text}");
    assert!(
        text.contains(" s; last attempt: exit code 1: starting (1 attempt, "),
        "{text}"
    );
}

#[test]
fn a_name_nobody_has_and_no_session_have_their_codes() {
    let server = failing();
    let shown = server.run(["why", "wbe"]);
    assert_eq!(shown.code, Some(2));
    assert!(shown.stderr.contains("did you mean \"web\"?"), "{shown:?}");
    server.stop();
    assert_eq!(server.run(["why", "web"]).code, Some(3));
}
