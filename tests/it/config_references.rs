//! References in a configuration, from the file to the service (docs/config.md, References).

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Here, Stack, until};

#[test]
fn services_get_the_values_and_clients_the_references() {
    let stack = Stack::new()
        .shell(
            "a",
            "printf '%s|' \"$PEER\" \"$NAME\" > seen; mv seen done; exec sleep 1000000",
            json!({
                "port": 21_345,
                "cwd": "${env.WHERE}",
                "env": { "PEER": "http://localhost:${services.b.port}/", "NAME": "${session.name}" },
            }),
        )
        .service(
            "b",
            json!({
                "cmd": ["sleep", "1000000", "--help=${env.SECRET}"],
                "port": 21_346,
                "kind": "oneshot",
                "autoStart": false,
                "url": "http://localhost:${services.b.port}/app",
            }),
        )
        .variable("WHERE", "sub")
        .variable("SECRET", "hunter2 two\nlines")
        .file("sub/x", "");
    let server = stack.start().booted();
    let seen = server.path().join("sub/done");
    until("the service says what it got", || {
        seen.exists().then_some(()).ok_or("nothing yet")
    });
    let seen = fs::read_to_string(seen).unwrap();
    let directory = server.path().canonicalize().unwrap();
    let name = directory.file_name().unwrap().to_str().unwrap();
    assert!(
        seen.starts_with(&format!("http://localhost:21346/|{name}-")),
        "{seen}"
    );
    let services = server.connect().services();
    assert_eq!(services[0]["spec"]["cwd"], "${env.WHERE}");
    let spec = &services[1]["spec"];
    assert_eq!(spec["argv"][2], "--help=${env.SECRET}");
    assert_eq!(spec["url"], "http://localhost:21346/app");
    let said = format!("{services:?}{:?}", server.lines());
    assert!(!said.contains("hunter2"), "{said}");
}

/// What cannot be started is shown as it is written too.
#[test]
fn a_start_that_fails_shows_no_value_either() {
    let ready = json!({ "type": "exec", "cmd": ["./${env.SECRET}/check"] });
    let server = Stack::new()
        .service("cmd", json!({ "cmd": ["./${env.SECRET}/run"] }))
        .daemon("cwd", json!({ "cwd": "${env.SECRET}" }))
        .daemon("file", json!({ "envFile": "${env.SECRET}.env" }))
        .daemon("probed", json!({ "ready": ready }))
        .daemon("stopped", json!({ "stopCmd": ["${env.SECRET}"] }))
        .variable("SECRET", "hunter2")
        .start();
    let mut client = server.connect();
    let services = until("all are known", || {
        let services = client.services();
        let is_known = |service: &Value| {
            let reason = &service["reason"];
            service["name"] == "stopped"
                || reason["code"] == "cannot_start"
                || !reason["last"].is_null()
        };
        let all = services.iter().all(is_known);
        if all { Ok(services) } else { Err(services) }
    });
    let said = format!("{services:?}");
    for shown in [
        "./${env.SECRET}/run",
        "${env.SECRET}.env",
        "./${env.SECRET}/check",
        "cannot be entered",
    ] {
        assert!(said.contains(shown), "{shown:?}: {said}");
    }
    assert_eq!(server.run(["stop", "stopped"]).code, Some(0));
    let logs = server.run(["logs"]);
    assert!(logs.stdout.contains("`${env.SECRET}`"), "{logs:?}");
    let said = format!("{services:?}{:?}{logs:?}", server.lines());
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn an_unset_variable_is_a_warning_that_keeps_a_session_from_starting() {
    let here = Here::with(&json!({ "a": { "cmd": "sleep ${env.NOT_SET_AT_ALL}" } }));
    for command in ["validate", "plan"] {
        let done = here.run(&[command]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(
            done.stderr
                .contains("warning[unset_variable]: services.a.cmd"),
            "{done:?}"
        );
        assert!(done.stderr.contains("^^^^^^^^^^^^^^^^^^^^^"), "{done:?}");
    }
    for command in [
        &["serve"][..],
        &["serve", "--detach"],
        &["run", "--", "true"],
    ] {
        let done = here.run(command);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains("error[unset_variable]"), "{done:?}");
    }
    assert_eq!(here.run(&["validate", "--deny-warnings"]).code, Some(1));
}

#[test]
fn a_resolved_plan_shows_commands_as_they_will_run() {
    let here = Here::with(&json!({
        "db": { "cmd": "db --port ${services.db.port}", "port": 5432 },
        "api": {
            "cmd": ["api", "two words", "${env.KEY}"],
            "env": { "DB": "db://u:p@localhost:${services.db.port}" },
            "dependsOn": ["db"],
            "ready": { "type": "http", "url": "http://localhost:81/${env.KEY}" },
        },
    }));
    let plan = |arguments: &[&str]| {
        let mut command = here.command(&[&["plan", "--resolved"], arguments].concat());
        let output = command.env("KEY", "s3cret").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = plan(&[]);
    for line in [
        "  cmd      db --port 5432",
        "  cmd      api 'two words' '***'",
        "  env      DB=db://***@localhost:5432",
        "  url      http://localhost:81",
        "  ready    http http://localhost:81/***",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    assert!(!text.contains("s3cret") && plan(&["--show-values"]).contains("s3cret"));
    let document: serde_json::Value = serde_json::from_str(&plan(&["--format", "json"])).unwrap();
    assert_eq!(document["resolved"]["db"]["argv"][2], "5432");
    let graph = here.run(&["plan", "--resolved", "--format", "dot"]);
    assert_eq!(graph.code, Some(2), "{graph:?}");
}

#[test]
fn a_command_beside_the_stack_has_references_in_its_arguments() {
    let here = Here::with(&json!({
        "a": { "cmd": "sleep 1000", "port": 21_347, "url": "http://localhost:${services.a.port}" },
    }));
    let done = here.run(&[
        "run",
        "--",
        "echo",
        "${services.a.url}/x",
        "$HOME",
        "$${env.A}",
    ]);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "http://localhost:21347/x $HOME ${env.A}\n")
    );
    let wrong = here.run(&["run", "--", "echo", "${services.b.url}"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let why = "there is no service \"b\"; did you mean \"a\"?";
    assert!(wrong.stderr.contains(why), "{wrong:?}");
}
