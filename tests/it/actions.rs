//! `flowlayer start`, `stop` and `restart` on a running session.

use serde_json::{Value, json};

use crate::harness::{Child, Fake, Server, Stack, until};

/// `web` needs `api` needs `db`; `idle` is not started by itself.
fn shop() -> Server {
    Stack::new()
        .daemon("api", json!({"dependsOn": ["db"]}))
        .daemon("db", json!({}))
        .daemon("idle", json!({"autoStart": false}))
        .daemon("web", json!({"dependsOn": ["api"]}))
        .start()
        .booted()
}

fn pids(server: &Server) -> Vec<(String, Option<u64>)> {
    let status = server.run(["status", "--json"]).json();
    let services = status["services"].as_array().unwrap();
    let pid = |service: &Value| {
        let name = service["name"].as_str().unwrap().to_owned();
        (name, service["pid"].as_u64())
    };
    services.iter().map(pid).collect()
}

/// Which services have another process than before.
fn changed(before: &[(String, Option<u64>)], after: &[(String, Option<u64>)]) -> Vec<String> {
    let pairs = before.iter().zip(after);
    pairs
        .filter(|(before, after)| before.1 != after.1)
        .map(|(before, _)| before.0.clone())
        .collect()
}

#[test]
fn one_service_goes_down_and_up_and_the_others_stay() {
    let server = shop();
    let before = pids(&server);
    let stopped = server.run(["stop", "db"]);
    assert_eq!((stopped.code, stopped.stderr.as_str()), (Some(0), ""));
    assert_eq!(stopped.stdout, "db → stopped\n");
    assert_eq!(
        server.run(["stop", "db"]).code,
        Some(0),
        "it is down already"
    );
    assert_eq!(changed(&before, &pids(&server)), ["db"]);
    let started = server.run(["start", "db", "idle", "db"]);
    assert_eq!(
        started.stdout, "db → running\nidle → running\n",
        "{started:?}"
    );
    assert_eq!(started.code, Some(0));
    let restarted = server.run(["restart", "api"]);
    assert_eq!(
        (restarted.code, restarted.stdout.as_str()),
        (Some(0), "api → running\n")
    );
    assert_eq!(changed(&before, &pids(&server)), ["api", "db", "idle"]);
}

#[test]
fn several_stop_against_the_plan_and_dependents_restart_along_it() {
    let server = shop();
    assert_eq!(server.run(["stop", "db", "web", "api"]).code, Some(0));
    // The command may be back before the terminal has the line.
    let stopped = |server: &Server, count: usize| -> Vec<String> {
        let word = " → stopped";
        until("the services that were stopped", || {
            let lines = server.own_lines();
            let ends = lines.iter().filter(|line| line.ends_with(word));
            let name = |line: &String| line.replace("[flowlayer] ", "").replace(word, "");
            let names: Vec<String> = ends.map(name).collect();
            if names.len() >= count {
                Ok(names)
            } else {
                Err(names)
            }
        })
    };
    assert_eq!(stopped(&server, 3), ["web", "api", "db"]);
    assert_eq!(
        server.run(["start", "web"]).code,
        Some(0),
        "with all it needs"
    );
    let before = pids(&server);
    let restarted = server.run(["restart", "api", "--with-dependents", "--json"]);
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    let names: Vec<Value> = restarted.json()["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["name"].clone())
        .collect();
    assert_eq!(names, ["api", "web"]);
    assert_eq!(changed(&before, &pids(&server)), ["api", "web"]);
    assert_eq!(
        stopped(&server, 5)[3..],
        ["api", "web"],
        "never implied, and in this order"
    );
}

#[test]
fn all_means_all_and_a_restart_brings_back_what_was_up() {
    let server = shop();
    assert_eq!(server.run(["start", "idle"]).code, Some(0));
    let before = pids(&server);
    let restarted = server.run(["restart", "--all"]);
    assert_eq!((restarted.code, restarted.stderr.as_str()), (Some(0), ""));
    let after = pids(&server);
    assert_eq!(changed(&before, &after).len(), 4);
    assert!(after.iter().all(|(_, pid)| pid.is_some()), "{after:?}");
    assert_eq!(server.run(["stop", "--all"]).code, Some(0));
    assert!(pids(&server).iter().all(|(_, pid)| pid.is_none()));
    let started = server.run(["start", "--all"]);
    assert_eq!(started.code, Some(0));
    assert!(started.stdout.contains("idle → stopped\n"), "{started:?}");
}

#[test]
fn what_fails_is_told_with_its_reason_for_people_and_programs() {
    let server = Stack::new()
        .shell(
            "broken",
            "exit 3",
            json!({"kind": "oneshot", "autoStart": false}),
        )
        .daemon("web", json!({"dependsOn": ["broken"], "autoStart": false}))
        .start()
        .booted();
    let failed = server.run(["start", "web"]);
    failed.refused(
        1,
        &[
            "cannot start web",
            "broken failed",
            "exit code 3",
            "failed or blocked: broken, web",
        ],
    );
    let failed = server.run(["start", "web", "--json"]);
    assert_eq!(failed.code, Some(1));
    failed.complained(&["cannot start web"]);
    let report = failed.json();
    let fields: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["action", "ok", "error", "failed_services", "services"]
    );
    assert_eq!(
        (&report["action"], &report["ok"]),
        (&json!("start"), &json!(false))
    );
    assert_eq!(report["error"]["code"], "internal_error");
    assert_eq!(report["failed_services"], json!(["broken", "web"]));
    assert_eq!(report["services"][0]["blocked_by"], json!(["broken"]));
}

#[test]
fn an_action_that_takes_too_long_is_let_go_and_goes_on() {
    let server = Stack::new()
        .shell(
            "slow",
            "until [ -e go ]; do sleep 0.05; done",
            json!({"kind": "oneshot", "autoStart": false}),
        )
        .start()
        .booted();
    let late = server.run(["start", "slow", "--timeout", "0.3"]);
    late.refused(124, &["cannot start within 0.3 s", "slow"]);
    let late = server.run(["start", "slow", "--timeout=300ms", "--json"]);
    assert_eq!(
        (late.code, &late.json()["error"]["code"]),
        (Some(124), &json!("timeout"))
    );
    std::fs::write(server.path().join("go"), "").unwrap();
    assert_eq!(server.run(["wait", "slow"]).code, Some(0));
}

#[test]
fn wrong_usage_is_told_before_anything_is_done() {
    let server = shop();
    let before = pids(&server);
    for arguments in [
        &["stop"][..],
        &["stop", "--all", "db"],
        &["restart", "--all", "--with-dependents"],
        &["start", "db", "--timeout", "0"],
    ] {
        let wrong = server.run(arguments);
        assert_eq!(wrong.code, Some(2), "{arguments:?}");
        let last = format!("flowlayer {} --help\n", arguments[0]);
        assert!(wrong.stderr.ends_with(&last), "{wrong:?}");
    }
    server
        .run(["stop", "api", "webb"])
        .refused(2, &["\"webb\"", "did you mean \"web\"?"]);
    assert_eq!(pids(&server), before);
}

#[test]
fn what_stays_busy_beyond_the_time_given_is_said_with_what_it_does() {
    let server = Stack::new().stubborn(1500).start().booted();
    let stopping = Child::spawn(server.client(["stop", "stubborn"]));
    let mut client = server.connect();
    client.wait_status("stubborn", "stopping");
    server
        .run(["restart", "stubborn", "--timeout", "0.3"])
        .refused(124, &["cannot restart within 0.3 s", "stopping"]);
    assert_eq!(stopping.finish().code, Some(0));
}

#[test]
fn a_session_that_ends_in_between_is_no_success() {
    let server = Stack::new()
        .shell(
            "slow",
            "sleep 1000",
            json!({"kind": "oneshot", "autoStart": false}),
        )
        .start()
        .booted();
    let starting = Child::spawn(server.client(["start", "slow"]));
    let mut client = server.connect();
    client.wait_status("slow", "running");
    // The guardian is told nothing: the server itself dies.
    server.kill_serving();
    starting.finish().refused(
        1,
        &["cannot start slow", "ended before the outcome was known"],
    );
    server.wait_for_end();
}

#[test]
fn an_answer_that_never_comes_ends_with_the_time_given() {
    let server = Stack::new().start().booted();
    let silent = Fake::websocket(|_, mut peer| {
        peer.introduce("one", &["api"]);
        peer.listen();
    });
    let asked = server.run(["stop", "api", "-a", &silent.address, "--timeout", "0.5"]);
    asked.refused(124, &["cannot stop within 0.5 s"]);
}

/// Names that depend on each other, and several shells at once: a start joins a start.
#[test]
fn services_that_need_each_other_are_started_by_name_and_by_several_at_once() {
    let server = shop();
    for _ in 0..3 {
        assert_eq!(server.run(["stop", "api", "db"]).code, Some(0));
        let started = server.run(["start", "api", "db"]);
        assert_eq!((started.code, &*started.stderr), (Some(0), ""));
        assert_eq!(server.run(["stop", "api", "db"]).code, Some(0));
        let shells = ["api", "db", "api"].map(|name| Child::spawn(server.client(["start", name])));
        for shell in shells {
            let finished = shell.finish();
            assert_eq!(finished.code, Some(0), "{finished:?}");
        }
    }
}

fn stopping(server: &Server) -> Result<(), String> {
    let status = server.run(["status"]).stdout;
    status.contains("stopping").then_some(()).ok_or(status)
}

/// Somebody else's restart is waited for, and there are never two processes.
#[test]
fn commands_wait_for_a_service_that_is_busy_with_another() {
    let slow = "trap 'sleep 0.3; exit' TERM; echo up; while :; do sleep 0.05; done";
    let server = Stack::new().shell("api", slow, json!({})).start().booted();
    let shells = [(); 5].map(|()| Child::spawn(server.client(["restart", "api"])));
    for shell in shells {
        let finished = shell.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    let lives = server.run(["logs", "api", "--grep", "^up$"]).stdout;
    // One that comes between the stop and the start of another joins that start.
    assert!(lives.lines().count() >= 2, "{lives}");
    let restart = Child::spawn(server.client(["restart", "api"]));
    until("the restart is under way", || stopping(&server));
    let stopped = server.run(["stop", "api"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    restart.finish();
    assert_eq!(pids(&server)[0].1, None, "the stop came last");
    // The time given is for that wait too.
    server.run(["start", "api"]);
    let restart = Child::spawn(server.client(["restart", "api"]));
    until("the restart is under way", || stopping(&server));
    let late = server.run(["restart", "api", "--timeout", "0.05"]);
    assert_eq!(late.code, Some(124), "{late:?}");
    restart.finish();
}

#[test]
fn dependents_that_a_failed_restart_leaves_as_they_were_are_named() {
    let home = tempfile::tempdir().unwrap();
    let flag = home.path().join("broken");
    let migrate = format!("test ! -e {}", flag.display());
    let server = Stack::new()
        .daemon("db", json!({}))
        .shell(
            "migrate",
            &migrate,
            json!({"kind": "oneshot", "dependsOn": ["db"]}),
        )
        .daemon("web", json!({"dependsOn": ["migrate"]}))
        .start()
        .booted();
    std::fs::write(&flag, "").unwrap();
    let restarted = server.run(["restart", "db", "--with-dependents"]);
    assert_eq!(restarted.code, Some(1), "{restarted:?}");
    let said = "because of that not restarted, and as before: web";
    assert!(restarted.stderr.contains(said), "{restarted:?}");
}

/// The block that was there when it was asked is no answer.
#[test]
fn a_blocked_service_whose_cause_has_been_mended_is_started() {
    let home = tempfile::tempdir().unwrap();
    let flag = home.path().join("mended");
    let db = format!("test -e {}", flag.display());
    for verb in ["start", "restart"] {
        let _ = std::fs::remove_file(&flag);
        let server = Stack::new()
            .shell("db", &db, json!({"kind": "oneshot"}))
            .daemon("job", json!({"dependsOn": ["db"]}))
            .start();
        server.wait_for_line("STARTUP INCOMPLETE");
        std::fs::write(&flag, "").unwrap();
        let started = server.run([verb, "job"]);
        assert_eq!(started.code, Some(0), "{started:?}");
    }
}

/// What is left out on purpose is no fault.
#[test]
fn services_left_out_on_purpose_do_not_count_unless_named() {
    let server = shop();
    let status = server.run(["status", "--exit-code"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert_eq!(server.run(["status", "--exit-code", "idle"]).code, Some(1));
    let why = server.run(["why"]);
    assert_eq!(
        (why.code, &*why.stdout),
        (
            Some(0),
            "all is well: 3 of 3 services are up (1 left out)\n"
        )
    );
}
