//! Groups: `@NAME` wherever a command takes names (docs/config.md, Groups).

use serde_json::{Value, json};

use crate::harness::{Server, Stack};

fn stack() -> Server {
    let group = |names: &[&str]| json!({ "groups": names });
    Stack::new()
        .shell(
            "api",
            "echo from api; exec sleep 1000000",
            group(&["backend"]),
        )
        .shell(
            "db",
            "echo from db; exec sleep 1000000",
            group(&["backend", "data"]),
        )
        .shell("web", "echo from web; exec sleep 1000000", group(&[]))
        .field("logs", json!({ "dir": "logs" }))
        .argument("--only")
        .argument("@backend")
        .start()
        .booted()
}

/// Names of the services that `status --json` shows for these arguments, those that are up.
#[track_caller]
fn up(server: &Server, names: &[&str]) -> Vec<String> {
    let shown = server.run([&["status", "--json"], names].concat());
    let shown: Value = serde_json::from_str(&shown.stdout).expect("a document");
    let services = shown["services"].as_array().expect("a list").iter();
    let up = services.filter(|service| service["up"] == json!(true));
    up.map(|service| service["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_group_stands_for_its_members_in_every_command() {
    let server = stack();
    let run = |arguments: &[&str], code: i32| {
        let finished = server.run(arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:?}");
        finished
    };
    assert_eq!(up(&server, &[]), ["api", "db"]);
    assert_eq!(up(&server, &["@data"]), ["db"]);
    let spec = server.connect().services()[1]["spec"].clone();
    assert_eq!(spec["groups"], json!(["backend", "data"]));
    run(&["wait", "@backend"], 0);
    run(&["why", "@backend"], 0);
    run(&["stop", "@backend"], 0);
    assert_eq!(up(&server, &[]), [""; 0]);
    let why = run(&["why", "@backend"], 1);
    assert!(
        why.stdout.starts_with("0 of 2 services are up\n"),
        "{why:?}"
    );
    assert!(!why.stdout.contains("web"), "{why:?}");
    run(&["start", "@data"], 0);
    assert_eq!(up(&server, &[]), ["db"]);
    run(&["restart", "@data", "api"], 0);
    assert_eq!(up(&server, &[]), ["api", "db"]);
    let logs = "api │ from api\ndb  │ from db\n";
    let online = run(&["logs", "@backend", "-n", "2"], 0).stdout;
    assert!(
        online.contains("from db") && online.contains("from api"),
        "{online}"
    );
    assert_eq!(
        run(&["logs", "--exclude", "@backend"], 0).stdout,
        "",
        "{logs}"
    );
    let wrong = run(&["stop", "@backnd"], 2);
    assert!(
        wrong
            .stderr
            .contains("no group of the session is called \"@backnd\": did you mean \"@backend\"?"),
        "{wrong:?}"
    );
    let wrong = run(&["status", "backend"], 2);
    assert!(
        wrong.stderr.contains("did you mean \"@backend\"?"),
        "{wrong:?}"
    );
    let offline = {
        server.stop();
        server.run(["logs", "@data"])
    };
    assert_eq!(offline.code, Some(0), "{offline:?}");
    assert!(
        offline.stdout.starts_with("from db\n"),
        "no prefix for one: {offline:?}"
    );
}
