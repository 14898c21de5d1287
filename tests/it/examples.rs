//! Everything in `examples/` does what it says (the stacks on ports of the test's own).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::{Child, Server, Stack, run};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The stack of this example, its ports replaced.
fn example(name: &str, ports: &[(u16, u16)]) -> Stack {
    let path = format!("examples/{name}/flowlayer.jsonc");
    let mut config = fs::read_to_string(examples().join(name).join("flowlayer.jsonc")).unwrap();
    for (documented, free) in ports {
        assert!(
            config.contains(&documented.to_string()),
            "{path} has no port {documented}"
        );
        config = config.replace(&documented.to_string(), &free.to_string());
    }
    let program = fs::read(examples().join("demo.rs")).unwrap();
    Stack::new()
        .file(&path, config)
        .file("examples/demo.rs", program)
        .argument(path)
}

/// A checkout of the quickstart, booted, and the port of its gateway.
fn quickstart() -> (Server, u16) {
    let server = example("quickstart", &[]).start().booted();
    let config = "examples/quickstart/flowlayer.jsonc";
    let port = server.run(["port", "gateway", "-c", config]);
    assert_eq!(port.code, Some(0), "{port:?}");
    (server, port.stdout.trim().parse().unwrap())
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_quickstart_boots_in_five_waves_and_serves() {
    let (server, gateway) = quickstart();
    server.wait_for_line("DAG computed — 6 nodes, 5 waves");
    let ready = |service: &str, wave: usize| {
        server.wait_for_line(&format!("boot: wave {wave} │ {service} → "));
    };
    for (service, wave) in [
        ("build", 0),
        ("store", 1),
        ("migrate", 2),
        ("api", 3),
        ("worker", 3),
        ("gateway", 4),
    ] {
        ready(service, wave);
    }
    assert!(get(gateway, "/items").ends_with("item:1 apples\nitem:2 pears\n"));
    server.wait_for_line("worker  │ round 1: 2 items in stock");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn two_checkouts_of_the_quickstart_run_side_by_side() {
    let checkouts = [quickstart(), quickstart()];
    let [(_, one), (_, other)] = &checkouts;
    assert_ne!(one, other);
    for (server, gateway) in &checkouts {
        assert!(get(*gateway, "/items").ends_with("item:1 apples\nitem:2 pears\n"));
        let services = server.connect().services();
        let spec = |name: &str| {
            let mut services = services.iter();
            services.find(|service| service["name"] == name).unwrap()["spec"].clone()
        };
        assert_eq!(spec("gateway")["port"], *gateway);
        let url = format!("http://localhost:{gateway}/items");
        assert_eq!(spec("gateway")["url"], url);
    }
    for (server, _) in checkouts {
        assert_eq!(server.stop().code, Some(0));
    }
}

#[test]
fn the_failing_stack_fails_as_it_says() {
    let server = example("failing", &[]).start();
    let summary = server.wait_for_line("STARTUP ");
    assert_eq!(
        summary,
        "STARTUP INCOMPLETE — 1 up, 2 failed, 2 blocked; runtime active"
    );
    for line in [
        "[flowlayer] boot: wave 0 │ secrets → failed (exit code 3)",
        "[flowlayer] boot: wave 0 │ cache → failed (process exited before ready: exit code 1)",
        "[flowlayer] boot: wave 1 │ db → blocked (secrets failed)",
        "[flowlayer] boot: wave 2 │ api → blocked (cache, secrets failed)",
    ] {
        assert!(
            server.own_lines().iter().any(|own| own == line),
            "{line}: {:#?}",
            server.lines()
        );
    }
    server.wait_for_line("docs    │ docs are up");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn every_example_is_planned_as_it_says() {
    let waves = [
        ("quickstart/flowlayer.jsonc", "[4] gateway"),
        ("failing/flowlayer.jsonc", "[0] cache, docs, secrets"),
        ("documented/overview.jsonc", "[1] billing"),
        ("documented/reference.jsonc", "[0] billing, ping"),
        ("documented/patterns.jsonc", "[2] api"),
        ("documented/services.jsonc", "[1] api"),
        ("console/flowlayer.jsonc", "[0] console"),
    ];
    for (path, wave) in waves {
        let plan = run(&examples(), ["plan", path]);
        assert_eq!(plan.code, Some(0), "{path}: {}", plan.stderr);
        assert!(
            plan.stdout.lines().any(|line| line == wave),
            "{path}: {}",
            plan.stdout
        );
    }
    let known = waves.map(|(path, _)| path);
    for directory in ["quickstart", "failing", "documented"] {
        for entry in fs::read_dir(examples().join(directory)).unwrap() {
            let name = format!("{directory}/{}", entry.unwrap().file_name().display());
            assert!(known.contains(&name.as_str()), "{name} is not tested");
        }
    }
}

/// A Python that has `websockets`: the one `.ci/run` made, or the system's.
fn python() -> Option<String> {
    let named = std::env::var("FLOWLAYER_PYTHON").ok();
    let has_websockets = |python: &String| {
        let asked = Command::new(python)
            .args(["-c", "import websockets.sync.client"])
            .output();
        asked.is_ok_and(|output| output.status.success())
    };
    named
        .into_iter()
        .chain(["python3".to_owned()])
        .find(has_websockets)
}

#[test]
fn the_python_client_watches_and_restarts() {
    let Some(python) = python() else {
        eprintln!("skipped: the Python client's test (a Python with websockets not found)");
        return;
    };
    let server = Stack::new()
        .shell("api", "echo hello from api; exec sleep 1000000", json!({}))
        .start()
        .booted();
    let mut command = Command::new(python);
    command
        .arg(examples().join("clients/watch.py"))
        .args([server.address(), "test-token", "api"]);
    let client = Child::spawn(command);
    for line in [
        "connected to flowlayer protocol 1",
        "api is running",
        "ack {\"accepted\": true}",
        "api → stopping",
        "api → stopped",
        "api → running",
        "result {\"ok\": true}",
        "api: hello from api",
    ] {
        client.wait_for_line(line);
    }
    assert_eq!(server.stop().code, Some(0));
    // The server says goodbye, and the client ends.
    assert_eq!(client.finish().code, Some(0));
}

#[test]
fn the_readme_boots_the_quickstart() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, after) = readme
        .split_once("<!-- ci: boot -->\n```console\n$ ")
        .unwrap();
    let command = after.lines().next().unwrap();
    assert_eq!(
        command,
        "cargo run -- serve examples/quickstart/flowlayer.jsonc"
    );
}

#[test]
fn the_readme_states_the_rust_version_of_the_manifest() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let stated = format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"));
    assert!(
        fs::read_to_string(readme).unwrap().contains(&stated),
        "{stated}"
    );
}
