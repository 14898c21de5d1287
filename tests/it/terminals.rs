//! Services with a terminal, and the input of those without one, through the binary.

use serde_json::{Value, json};

use crate::harness::{Client, Server, Stack};

/// The messages of a service in its log, once they have this one.
fn log_with(client: &mut Client, service: &str, last: &str) -> Vec<Value> {
    let payload = json!({ "service": service });
    loop {
        let reply = client.command("get_logs", &payload);
        let result = reply.result.expect("a result");
        let entries = result["data"]["entries"].as_array().cloned();
        let entries = entries.expect("entries");
        if entries.iter().any(|entry| entry["message"] == json!(last)) {
            return entries;
        }
        client.wait_for("another line", |event| event["name"] == "log");
    }
}

fn messages(entries: &[Value]) -> Vec<&str> {
    let messages = entries.iter().map(|entry| entry["message"].as_str());
    messages.map(|message| message.expect("a text")).collect()
}

fn started(stack: Stack) -> (Server, Client) {
    let server = stack.start().booted();
    let client = server.connect();
    (server, client)
}

#[test]
fn a_service_with_tty_has_a_terminal() {
    let script = "for it in 0 1 2; do test -t $it || echo none; done; echo $TERM; stty size; \
                  printf '\\033[32mgreen\\033[0m\\n' >&2; echo done; exec sleep 1000000";
    let stack = Stack::new()
        .variable("TERM", "dumb")
        .shell("app", script, json!({ "tty": true }))
        .shell(
            "own",
            "echo $TERM; sleep 1000000",
            json!({ "tty": true, "env": { "TERM": "vt52" } }),
        );
    let (server, mut client) = started(stack);
    let entries = log_with(&mut client, "app", "done");
    let expected = [
        "xterm-256color",
        "24 80",
        "\u{1b}[32mgreen\u{1b}[0m",
        "done",
    ];
    assert_eq!(messages(&entries), expected);
    assert!(entries.iter().all(|entry| entry["stream"] == "stdout"));
    assert_eq!(messages(&log_with(&mut client, "own", "vt52")), ["vt52"]);
    let services = client.services();
    assert_eq!(services[0]["spec"]["stdio"], "terminal");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn stdin_is_open_or_null() {
    let script = "cat; echo over; exec sleep 1000000";
    let stack = Stack::new()
        .shell("open", script, json!({}))
        .shell("null", script, json!({ "stdin": "null" }))
        .shell("once", "cat; echo over", json!({ "kind": "oneshot" }));
    let (server, mut client) = started(stack);
    log_with(&mut client, "null", "over");
    log_with(&mut client, "once", "over");
    let reply = client.command("get_logs", &json!({ "service": "open" }));
    let entries = &reply.result.expect("a result")["data"]["entries"];
    assert_eq!(entries, &json!([]), "its stdin has ended");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_terminal_is_a_restart_in_a_reload() {
    let stack = Stack::new().daemon("app", json!({}));
    let (server, mut client) = started(stack);
    let path = server.path().join("flowlayer.jsonc");
    let config = std::fs::read_to_string(&path).expect("a configuration");
    let edited = config.replacen("\"cmd\"", "\"tty\": true, \"cmd\"", 1);
    std::fs::write(&path, edited).expect("it can be written");
    let reply = client.command("reload", &json!({ "dry_run": true }));
    let changes = &reply.result.expect("a result")["data"]["changes"];
    let field = json!({ "field": "tty", "old": "false", "new": "true" });
    let expected = json!([{ "service": "app", "change": "restart", "fields": [field] }]);
    assert_eq!(changes, &expected);
    assert_eq!(server.stop().code, Some(0));
}
