//! What happened to a session, as its records say it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Client, Server, Stack};

/// A small generator, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Daemons, oneshots and failures, each with some of those before it as dependencies.
fn random_stack(random: &mut Random) -> Server {
    let mut stack = Stack::new();
    for (index, name) in NAMES.iter().enumerate() {
        let earlier = NAMES[..index].iter();
        let depends_on: Vec<_> = earlier.filter(|_| random.below(3) == 0).collect();
        let rest = json!({"dependsOn": depends_on, "autoStart": random.below(5) > 0});
        stack = match random.below(5) {
            0 => stack.shell(name, "exit 3", rest),
            1 => {
                let mut rest = rest;
                rest["kind"] = json!("oneshot");
                stack.shell(name, "sleep 0.05", rest)
            }
            2 => {
                let mut rest = rest;
                rest["ready"] = json!({"type": "log", "pattern": "up"});
                stack.shell(name, "sleep 0.05; echo up; exec sleep 1000000", rest)
            }
            _ => stack.daemon(name, rest),
        };
    }
    stack.start()
}

fn events(client: &mut Client, payload: &Value) -> Vec<Value> {
    let reply = client.command("get_events", payload);
    let data = reply.result.expect("it is a query")["data"].take();
    assert_eq!(data["truncated"], false, "{data}");
    data["events"].as_array().unwrap().clone()
}

/// The payload of the last answer to a command; all that comes before it is added to `seen`.
fn answer(client: &mut Client, name: &str, payload: &Value, seen: &mut Vec<Value>) -> Value {
    let id = client.send_command(name, payload);
    loop {
        let mut message = client.next().expect("the session goes on");
        let is_last = message["type"] == "result" || message["payload"]["accepted"] == false;
        if message["id"] == *id && is_last {
            return message["payload"].take();
        }
        seen.push(message);
    }
}

/// What a status says, whether in an event or in a record.
fn status(value: &Value) -> Value {
    json!([
        value["service"],
        value["status"],
        value["up"],
        value["wanted"],
        value["pid"],
        value["reason"],
        value["since"],
        value["timestamp"],
    ])
}

#[test]
fn records_tell_the_states_that_a_client_saw() {
    for seed in 1..=4 {
        let mut random = Random(seed);
        let server = random_stack(&mut random);
        let mut client = server.connect();
        let mut seen = Vec::new();
        for _ in 0..12 {
            let service = json!({"service": NAMES[usize::try_from(random.below(6)).unwrap()]});
            let (name, payload) = match random.below(8) {
                0 => ("start_all", Value::Null),
                1 => ("stop_all", Value::Null),
                2 | 3 => ("stop_service", service),
                4 | 5 => ("start_service", service),
                _ => ("restart_service", service),
            };
            answer(&mut client, name, &payload, &mut seen);
        }
        let mut snapshot = answer(&mut client, "get_snapshot", &Value::Null, &mut seen);
        let services = snapshot["data"]["services"].take();
        let mut recorded = events(&mut client, &json!({"limit": 10_000}));
        // What happened since is not in the snapshot.
        let last_seen = seen
            .iter()
            .rfind(|it| it["name"] == "service_status")
            .unwrap();
        let last_seen = status(&last_seen["payload"]);
        let end = recorded.iter().rposition(|it| status(it) == last_seen);
        recorded.truncate(end.expect("it is recorded") + 1);
        let seen = seen.iter().filter(|it| it["name"] == "service_status");
        let seen: Vec<_> = seen.map(|it| status(&it["payload"])).collect();
        let recorded_statuses = recorded.iter().filter(|it| it["event"] == "status");
        let recorded_statuses: Vec<_> = recorded_statuses.map(status).collect();
        let from = recorded_statuses.len().checked_sub(seen.len());
        let from = from.unwrap_or_else(|| panic!("seed {seed}: records are missing"));
        for (recorded, seen) in recorded_statuses[from..].iter().zip(&seen) {
            assert_eq!(recorded, seen, "seed {seed}");
        }
        let mut last = BTreeMap::new();
        for record in &recorded {
            match record["event"].as_str().unwrap() {
                "defined" => last.insert(record["service"].to_string(), record["state"].clone()),
                "status" => last.insert(record["service"].to_string(), record.clone()),
                _ => None,
            };
        }
        for service in services.as_array().unwrap() {
            let recorded = &last[&service["name"].to_string()];
            // `wanted` and the reason may change without a status; and a process that has exited is not up any more
            // while the status that says so is still to come.
            let has_exited = service["reason"]["code"] == "exited" && service["status"] != "failed";
            let fields: &[&str] = if has_exited {
                &["status", "since"]
            } else {
                &["status", "up", "pid", "since"]
            };
            for &field in fields {
                assert_eq!(recorded[field], service[field], "seed {seed}: {service}");
            }
        }
    }
}

#[test]
fn a_client_that_connects_late_gets_the_whole_boot_and_later_who_did_what() {
    let server = Stack::new()
        .daemon(
            "api",
            json!({"dependsOn": ["db"], "env": {"SECRET": "hunter2"}}),
        )
        .daemon("db", json!({}))
        .start()
        .booted();
    let mut client = server.connect();
    assert!(
        client.hello["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("history"))
    );
    let boot = events(&mut client, &Value::Null);
    let kinds: Vec<_> = boot
        .iter()
        .map(|it| it["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds[..4],
        ["session_started", "defined", "defined", "boot_started"]
    );
    assert_eq!(kinds.last(), Some(&"boot_ended"));
    assert_eq!(boot[0]["session"], client.hello["session_id"]);
    assert_eq!(boot[1]["spec"]["env"], json!(["SECRET"]));
    assert!(!json!(boot).to_string().contains("hunter2"));
    let last = boot.last().unwrap()["number"].clone();
    assert_eq!(server.run(["restart", "db"]).code, Some(0));
    let later = events(&mut client, &json!({"after": last}));
    let command = later.iter().find(|it| it["event"] == "command").unwrap();
    let by = command["by"].as_str().unwrap();
    assert!(by.starts_with("flowlayer/"), "{by}");
    assert_eq!(command["command"], "restart_service");
    let signal = later.iter().find(|it| it["event"] == "signal").unwrap();
    assert_eq!(
        (&signal["service"], &signal["signal"]),
        (&json!("db"), &json!("SIGTERM"))
    );
    let result = later.iter().find(|it| it["event"] == "result").unwrap();
    assert_eq!(
        (&result["command"], &result["ok"]),
        (&command["number"], &json!(true))
    );
}

/// A stack whose `migrate` works once.
fn once() -> Stack {
    Stack::new()
        .field("logs", json!({"dir": "logs"}))
        .daemon(
            "api",
            json!({"dependsOn": ["migrate"], "env": {"KEY": "hunter2"}}),
        )
        .shell(
            "db",
            "echo open; exec sleep 1000000",
            json!({"ready": {"type": "log", "pattern": "open"}}),
        )
        .shell(
            "migrate",
            "echo migrating; mkdir migrated",
            json!({"kind": "oneshot", "dependsOn": ["db"]}),
        )
}

#[test]
fn sessions_are_listed_compared_and_explained_after_their_end() {
    let mut server = once().start().booted();
    let first = server.run(["runs", "--json"]).json();
    assert_eq!(first["runs"][0]["running"], true);
    assert_eq!(server.stop().code, Some(0));
    server.start_again();
    server.wait_for_line("STARTUP INCOMPLETE");
    assert_eq!(server.stop().code, Some(0));
    let listed = server.run(["runs", "--json"]).json();
    let runs = listed["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1]["session"], first["runs"][0]["session"]);
    assert_eq!(
        (&runs[0]["end"], &runs[1]["end"]),
        (&json!("clean"), &json!("clean"))
    );
    assert_eq!(runs[0]["failed"], json!({"migrate": "exit code 1"}));
    assert_eq!(runs[1]["failed"], json!({}));

    let id = runs[1]["session"].as_str().unwrap();
    let timeline = server
        .run(["timeline", "--run", &id[..8], "--format", "json"])
        .json();
    assert_eq!(timeline["run"], 2);
    assert_eq!(
        timeline["boot"]["critical_path"],
        json!(["db", "migrate", "api"])
    );
    let failed = server.run(["timeline", "--run", "1"]).stdout;
    assert!(failed.contains("failed: exit code 1"), "{failed}");

    let difference = server.run(["diff", "--json"]).json();
    assert_eq!(
        (&difference["old"], &difference["new"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(difference["definitions"], json!([]));

    let why = server.run(["why", "--run", "1", "api", "--json"]);
    assert_eq!(why.code, Some(1));
    let why = why.json();
    assert_eq!(why["causes"][0]["service"], "migrate");
    assert!(
        why["causes"][0]["log"].to_string().contains("mkdir"),
        "{why}"
    );
    assert_eq!(server.run(["why", "--run", "2"]).code, Some(0));

    let lines = |run: &str| server.run(["logs", "--run", run, "--no-prefix"]).stdout;
    assert!(!lines("2").contains("mkdir:"), "{}", lines("2"));
    assert!(lines("1").contains("mkdir:"), "{}", lines("1"));
    let report = server.run(["report"]).stdout;
    for text in [
        "**migrate**: exit code 1",
        "keeps down: api",
        "mkdir:",
        "## The boot",
    ] {
        assert!(report.contains(text), "{text}: {report}");
    }
    let everything = [report, failed, server.run(["diff", "2", "1"]).stdout].concat();
    assert!(!everything.contains("hunter2"), "{everything}");
    for mistake in [["timeline", "--run", "3"], ["logs", "--run", "zz"]] {
        let refused = server.run(mistake);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("flowlayer runs"), "{refused:?}");
    }
}

#[test]
fn without_files_the_running_session_alone_is_on_record() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let boot = server.own_lines();
    assert!(
        boot.iter()
            .any(|line| line.starts_with("[flowlayer] boot: up in ")),
        "{boot:?}"
    );
    let runs = server.run(["runs", "--json"]).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert_eq!(runs["runs"][0]["running"], true);
    let timeline = server.run(["timeline", "--format", "json"]).json();
    assert_eq!(timeline["boot"]["services"][0]["up"], true);
    let report = server.run(["report"]);
    assert!(
        report.stdout.contains("1 of 1 services are up"),
        "{report:?}"
    );
    server.stop();
    let gone = server.run(["runs"]);
    assert_eq!(gone.code, Some(3), "{gone:?}");
    assert!(gone.stderr.contains("without logs.dir"), "{gone:?}");
}

#[test]
fn torn_and_foreign_records_leave_the_others_readable() {
    let mut server = once().start().booted();
    server.stop();
    let file = server.path().join("logs/@events.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let newer = text
        .lines()
        .next()
        .unwrap()
        .replace("\"format\":1", "\"format\":99");
    let newer = newer.replacen("\"number\":1,", "\"number\":900,", 1);
    let foreign = format!("{text}not ours\n{{\"id\":1}}\n{newer}\n{{\"number\":901,\"ev");
    std::fs::write(&file, foreign).unwrap();
    let runs = server.run(["runs", "--json"]).json();
    assert_eq!(runs["runs"][0]["is_newer"], true, "{runs}");
    assert_eq!(runs["runs"][1]["end"], "clean");
    let refused = server.run(["timeline"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("recorded by flowlayer"),
        "{refused:?}"
    );
    assert_eq!(server.run(["timeline", "--run", "2"]).code, Some(0));
    server.start_again();
    server.wait_for_line("STARTUP ");
    let runs = server.run(["runs", "--json"]).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3, "{runs}");
    assert_eq!(runs["runs"][0]["running"], true);
}
