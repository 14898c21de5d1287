//! Ports that the session chooses (docs/config.md, Ports).

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Here, Stack};

/// The port of `a` in a directory where nothing runs.
fn planned(here: &Here, service: &str) -> u16 {
    let done = here.run(&["port", service]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    done.stdout.trim().parse().unwrap()
}

#[test]
fn a_service_has_its_port_in_the_variable_below_its_own() {
    let report = "echo \"port=$PORT\"; exec sleep 1000000";
    let server = Stack::new()
        .shell("chosen", report, json!({ "port": "auto" }))
        .shell("fixed", report, json!({ "port": 21_401 }))
        .shell(
            "own",
            report,
            json!({ "port": "auto", "env": { "PORT": "own" } }),
        )
        .shell("file", report, json!({ "port": "auto", "envFile": ".env" }))
        .file(".env", "PORT=file\n")
        .variable("PORT", "inherited")
        .start()
        .booted();
    let services = server.connect().services();
    let port = services[0]["spec"]["port"].as_u64().unwrap();
    assert!((20_000..32_000).contains(&port));
    for line in [
        format!("chosen │ port={port}"),
        "fixed  │ port=inherited".to_owned(),
        "own    │ port=own".to_owned(),
        "file   │ port=file".to_owned(),
    ] {
        server.wait_for_line(&line);
    }
    let asked = server.run(["port", "chosen"]);
    assert_eq!(asked.stdout, format!("{port}\n"));
    assert_eq!(server.run(["port", "chosn"]).code, Some(2));
}

#[test]
fn a_port_that_a_stranger_has_moves_on_and_the_boot_says_so() {
    let here = Here::with_config(&json!({
        "session": { "bind": "auto" },
        "services": { "a": { "cmd": "sleep 1000000", "port": "auto" } },
    }));
    let usual = planned(&here, "a");
    assert_eq!(planned(&here, "a"), usual);
    let stranger = TcpListener::bind(("127.0.0.1", usual)).unwrap();
    let detached = here.run(&["serve", "--detach"]);
    assert_eq!(detached.code, Some(0), "{detached:?}");
    let said = format!("{}{}", detached.stdout, detached.stderr);
    let line = format!("port {usual} of a is in use by ");
    assert_eq!(said.matches(&line).count(), 1, "{said}");
    let port = planned(&here, "a");
    assert_ne!(port, usual);
    let plan: Value =
        serde_json::from_str(&here.run(&["plan", "--format", "json"]).stdout).unwrap();
    assert_eq!(plan["ports"], json!({ "a": port }));
    // It stays over a restart, though the usual one is free again.
    drop(stranger);
    assert_eq!(here.run(&["restart", "a"]).code, Some(0));
    assert_eq!(planned(&here, "a"), port);
    // And over a reload, beside a service that is new.
    let path = here.path().join("flowlayer.jsonc");
    let config = fs::read_to_string(&path).unwrap();
    let more = config.replace(
        "\"a\":",
        "\"b\": {\"cmd\": \"sleep 1000000\", \"port\": \"auto\"}, \"a\":",
    );
    assert_ne!(config, more);
    fs::write(&path, more).unwrap();
    let reloaded = here.run(&["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert_eq!(planned(&here, "a"), port);
    let added = planned(&here, "b");
    assert!(added != port && (20_000..32_000).contains(&added));
    fs::write(&path, config).unwrap();
    assert_eq!(here.run(&["down"]).code, Some(0));
    assert_eq!(planned(&here, "a"), usual);
    let plan: Value =
        serde_json::from_str(&here.run(&["plan", "--format", "json"]).stdout).unwrap();
    assert_eq!(plan["ports"], json!({ "a": usual }));
    here.wait_for_their_end();
}

#[test]
fn a_session_at_an_address_of_its_own_is_found_by_the_registry_alone() {
    let here = Here::with_config(&json!({
        "session": { "bind": "auto" },
        "services": { "a": { "cmd": "sleep 1000000" } },
    }));
    let none = here.run(&["status"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(!none.stderr.contains("6999"), "{none:?}");
    assert_eq!(here.run(&["port", "a"]).code, Some(1));
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    let first = here.sessions()[0]["address"].clone();
    assert_eq!(here.run(&["down"]).code, Some(0));
    here.wait_for_their_end();
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    assert_eq!(here.sessions()[0]["address"], first);
    assert_eq!(here.run(&["down"]).code, Some(0));
    here.wait_for_their_end();
}
