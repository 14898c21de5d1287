//! `flowlayer mcp`: JSON-RPC over the pipes of the real binary. `tests/mcp` does the same with a client that
//! is not ours.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Child, Finished, Here, until};

/// A client and its server.
struct Mcp {
    child: Child,
    last_id: u64,
}

impl Mcp {
    /// Starts the server with this command line, and says hello.
    #[track_caller]
    fn start(command: Command) -> Self {
        let mut client = Self {
            child: Child::spawn(command),
            last_id: 0,
        };
        let hello = client.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" },
            }),
        );
        let hello = &hello["result"];
        assert_eq!(hello["protocolVersion"], "2025-06-18", "{hello}");
        assert_eq!(hello["serverInfo"]["name"], "flowlayer");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    #[track_caller]
    fn of(here: &Here) -> Self {
        Self::start(here.command(&["mcp"]))
    }

    #[track_caller]
    fn send(&mut self, message: &Value) {
        self.child.write(format!("{message}\n").as_bytes());
    }

    /// Sends a request; its id.
    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    #[track_caller]
    fn answer(&self, id: &Value) -> Value {
        let line = self
            .child
            .wait_for_line(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},"));
        serde_json::from_str(&line).unwrap()
    }

    #[track_caller]
    fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.ask(method, params);
        self.answer(&id.into())
    }

    #[track_caller]
    fn begin(&mut self, tool: &str, arguments: &Value) -> u64 {
        self.ask(
            "tools/call",
            &json!({ "name": tool, "arguments": arguments }),
        )
    }

    /// Calls a tool; its result, in which the text is the object.
    #[track_caller]
    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let id = self.begin(tool, arguments);
        let result = self.answer(&id.into())["result"].clone();
        let text = result["content"][0]["text"].as_str().unwrap();
        if result.get("structuredContent").is_some() {
            let parsed: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parsed, result["structuredContent"]);
        }
        result
    }

    /// Calls a tool that succeeds; its object.
    #[track_caller]
    fn succeed(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{tool}: {result:#}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that does not succeed; its text.
    #[track_caller]
    fn fail(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool}: {result:#}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn refuses(&mut self, tool: &str, arguments: &Value, words: &[&str]) {
        let text = self.fail(tool, arguments);
        for word in words {
            assert!(text.contains(word), "{word:?}: {text}");
        }
    }

    /// Closes its input, and waits for its end.
    #[track_caller]
    fn leave(mut self) -> Finished {
        self.child.feed(b"");
        let end = self.child.wait_for_end();
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{end:?}");
        end
    }
}

/// A daemon, and one that fails while a file is missing.
fn mixed() -> Here {
    Here::with(&json!({
        "api": { "kind": "daemon", "cmd": ["sleep", "1000"] },
        "worker": {
            "kind": "daemon",
            "cmd": ["sh", "-c", "test -e mended || { echo no mended file >&2; exit 3; }; exec sleep 1000"],
            "ready": { "type": "exec", "cmd": ["test", "-e", "mended"] },
            "groups": ["jobs"],
        },
    }))
}

fn pid(status: &Value, service: &str) -> Value {
    let services = status["services"].as_array().unwrap();
    let found = services.iter().find(|it| it["name"] == service);
    found.unwrap()["pid"].clone()
}

#[test]
fn an_agent_boots_finds_what_failed_reads_why_restarts_it_and_ends_the_session() {
    let here = mixed();
    let mut agent = Mcp::of(&here);
    agent.refuses("status", &json!({}), &["no session", "flowlayer up"]);
    assert_eq!(agent.succeed("plan", &json!({}))["services"], 2);
    let valid = agent.succeed("validate", &json!({}));
    assert_eq!(valid["files"][0]["problems"], json!([]));

    let up: Value = serde_json::from_str(&agent.fail("up", &json!({}))).unwrap();
    assert_eq!(
        (&up["ok"], &up["session"]["started"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(up["why"]["causes"][0]["service"], "worker", "{up:#}");
    let status = agent.succeed("status", &json!({}));
    assert_eq!(status["up"], false);
    let why = agent.succeed("why", &json!({ "service": "worker" }));
    assert_eq!(why["causes"][0]["exit_code"], 3, "{why:#}");
    assert_eq!(why["causes"][0]["log"][0]["message"], "no mended file");
    let logs = agent.succeed("logs", &json!({ "services": ["worker"], "grep": "mended" }));
    assert_eq!(logs["entries"][0]["message"], "no mended file");
    let mut after =
        |seq: &Value| agent.succeed("logs", &json!({ "after_seq": seq, "services": ["worker"] }));
    let next = after(&logs["next_seq"]);
    assert_eq!(next["entries"][0]["origin"], "flowlayer", "{next:#}");
    let none = after(&next["next_seq"]);
    assert_eq!(none["entries"], json!([]));
    assert_eq!(none["next_seq"], next["next_seq"]);

    let restart: Value =
        serde_json::from_str(&agent.fail("restart", &json!({ "service": "worker" }))).unwrap();
    assert_eq!(restart["failed_services"], json!(["worker"]));
    assert_eq!(
        restart["why"]["causes"][0]["log"][0]["message"],
        "no mended file"
    );
    let group: Value =
        serde_json::from_str(&agent.fail("start", &json!({ "service": "@jobs" }))).unwrap();
    assert_eq!(group["why"]["causes"][0]["service"], "worker", "{group:#}");
    fs::write(here.path().join("mended"), "").unwrap();
    let restart = agent.succeed("restart", &json!({ "service": "worker" }));
    assert_eq!(restart["services"][0]["status"], "ready");
    assert_eq!(agent.succeed("wait", &json!({}))["ok"], true);
    assert_eq!(agent.succeed("up", &json!({}))["session"]["started"], false);
    assert_eq!(
        agent.succeed("stop", &json!({ "service": "api" }))["ok"],
        true
    );
    assert_eq!(
        agent.succeed("start", &json!({ "service": "api" }))["ok"],
        true
    );

    let down = agent.succeed("down", &json!({}));
    assert!(
        down["message"]
            .as_str()
            .unwrap()
            .starts_with("ended the session of"),
        "{down}"
    );
    agent.refuses("down", &json!({}), &["no session"]);
    agent.leave();
    here.wait_for_their_end();
}

#[test]
fn messages_that_are_no_requests_are_answered_and_change_nothing() {
    let here = mixed();
    let mut agent = Mcp::of(&here);
    for (line, code) in [
        ("{", -32700),
        ("[]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"method\":7}", -32600),
    ] {
        let before = agent.child.lines().len();
        agent.child.write(format!("\n{line}\n").as_bytes());
        agent
            .child
            .wait_for_lines("an error", |lines| lines.len() > before);
        let answer: Value = serde_json::from_str(&agent.child.lines()[before]).unwrap();
        assert_eq!(
            (&answer["error"]["code"], &answer["id"]),
            (&json!(code), &Value::Null)
        );
    }
    let mut long = vec![b' '; 2 * 1024 * 1024];
    long.push(b'\n');
    agent.child.write(&long);
    agent.child.wait_for_line("at most 1048576 bytes");
    agent.child.write(b"\xff\xfe\n");
    let unknown = agent.request("no/such", &Value::Null);
    assert_eq!(unknown["error"]["code"], -32601);
    let nameless = agent.request("tools/call", &json!({ "arguments": {} }));
    assert_eq!(nameless["error"]["code"], -32602);

    agent.refuses("restrat", &json!({}), &["no tool \"restrat\"", "restart,"]);
    let form = "The right form: restart {\"service\": \"…\", \"timeout\"?: N}";
    agent.refuses(
        "restart",
        &json!({ "service": 7 }),
        &["must be a string", form],
    );
    agent.refuses("restart", &json!({}), &["\"service\" is missing", form]);
    agent.refuses("logs", &json!({}), &["no session"]);
    agent.refuses("start", &json!({ "service": "a\u{0}b" }), &["cannot run"]);
    assert_eq!(agent.request("ping", &Value::Null)["result"], json!({}));
    assert_eq!(here.sessions(), [] as [Value; 0]);
    agent.leave();
}

#[test]
fn names_that_look_like_options_are_names() {
    let here = mixed();
    fs::write(here.path().join("mended"), "").unwrap();
    let mut agent = Mcp::of(&here);
    agent.succeed("up", &json!({}));
    agent.refuses("stop", &json!({ "service": "--all" }), &["\"--all\""]);
    agent.refuses("stop", &json!({ "service": "" }), &["\"\""]);
    agent.refuses(
        "start",
        &json!({ "service": "apo" }),
        &["did you mean \"api\"?"],
    );
    agent.refuses("logs", &json!({ "grep": "(" }), &["regular expression"]);
    let logs = agent.succeed("logs", &json!({ "grep": "--json", "context": 2 }));
    assert_eq!(logs["entries"], json!([]));
    agent.succeed("down", &json!({}));
    agent.leave();
}

/// A service whose stop takes a moment, and ends at the latest by itself.
fn slow_to_stop() -> Here {
    let script = "trap 'sleep 0.3; exit 0' TERM; touch up; while :; do sleep 0.05; done";
    Here::with(&json!({ "slow": { "kind": "daemon", "cmd": ["sh", "-c", script] } }))
}

#[test]
fn a_restart_goes_on_when_the_client_closes_its_end() {
    let here = slow_to_stop();
    let mut agent = Mcp::of(&here);
    agent.succeed("up", &json!({}));
    let before = pid(&agent.succeed("status", &json!({})), "slow");
    let id = agent.begin("restart", &json!({ "service": "slow" }));
    let end = agent.leave();
    let answer = format!("\"id\":{id},\"result\"");
    assert!(
        end.stdout.contains(&answer),
        "what was asked for is answered: {end:?}"
    );
    let status = here.run(&["status", "--json"]).json();
    assert_eq!(status["up"], true);
    assert_ne!(pid(&status, "slow"), before);
    assert_eq!(here.run(&["down"]).code, Some(0), "the session has stayed");
    here.wait_for_their_end();
}

#[test]
fn a_restart_goes_on_when_the_server_is_ended() {
    let here = slow_to_stop();
    let mut agent = Mcp::of(&here);
    agent.succeed("up", &json!({}));
    let before = pid(&agent.succeed("status", &json!({})), "slow");
    agent.begin("restart", &json!({ "service": "slow" }));
    let stopping = || here.run(&["status", "--json"]).json();
    until("the stop", || {
        let status = stopping();
        let is_stopping = status["services"][0]["status"] == "stopping";
        if is_stopping { Ok(()) } else { Err(status) }
    });
    agent.child.signal(Signal::SIGTERM);
    assert_eq!(agent.child.wait_for_end().code, Some(143));
    until("a new process", || {
        let status = stopping();
        let is_new = status["up"] == true && pid(&status, "slow") != before;
        if is_new { Ok(()) } else { Err(status) }
    });
    assert_eq!(here.run(&["down"]).code, Some(0));
    here.wait_for_their_end();
}

#[test]
fn a_wait_is_broken_off_when_it_is_cancelled_and_when_the_server_ends() {
    let here = Here::with(&json!({
        "never": {
            "kind": "daemon",
            "cmd": ["sleep", "1000"],
            "ready": { "type": "exec", "cmd": ["false"] },
        },
    }));
    let mut agent = Mcp::of(&here);
    let up: Value = serde_json::from_str(&agent.fail("up", &json!({ "timeout": 0.2 }))).unwrap();
    assert_eq!(up["error"]["code"], "timeout", "{up:#}");
    assert_eq!(up["session"]["started"], true);
    let waiting = |count: usize| {
        let commands = || {
            let processes = here.processes();
            let waits = processes.iter().filter(|it| it.command.contains(" wait "));
            waits.count()
        };
        until("the waits", || {
            let found = commands();
            if found == count { Ok(()) } else { Err(found) }
        });
    };
    let id = agent.begin("wait", &json!({ "timeout": 1000 }));
    waiting(1);
    agent.send(&json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
    }));
    waiting(0);
    agent.begin("wait", &json!({ "timeout": 1000 }));
    waiting(1);
    agent.child.signal(Signal::SIGTERM);
    let end = agent.child.wait_for_end();
    assert_eq!(end.code, Some(143));
    assert!(!end.stdout.contains(&format!("\"id\":{id},")), "{end:?}");
    waiting(0);
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn of_ten_megabytes_that_match_a_page_comes() {
    let script = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo \"$i $(printf %01000d 0)\"; done; \
                  i=0; while [ $i -lt 9000 ]; do i=$((i+1)); echo $line$line; done; echo last";
    let line = "m".repeat(512);
    let here = Here::with(&json!({
        "flood": { "kind": "oneshot", "cmd": ["sh", "-c", script], "env": { "line": line } },
    }));
    let mut agent = Mcp::of(&here);
    agent.succeed("up", &json!({}));
    let mut bounded = |arguments: Value, most: usize| {
        let result = agent.call("logs", &arguments);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= most, "{}", text.len());
        assert!(text.contains("\"cut\":"), "{text}");
        result["structuredContent"].clone()
    };
    let newest = bounded(json!({ "grep": "0|m" }), 16_384);
    assert!(newest["entries"].as_array().unwrap().len() > 10);
    let newest = bounded(json!({}), 1024 * 16);
    let entries = newest["entries"].as_array().unwrap();
    assert_eq!(entries.last().unwrap()["message"], "last");
    let oldest = bounded(json!({ "after_seq": 0, "max_bytes": 100_000 }), 100_000);
    let next = bounded(
        json!({ "after_seq": oldest["next_seq"], "max_bytes": 2048 }),
        2048,
    );
    let first = next["entries"][0]["seq"].as_u64();
    assert_eq!(first, oldest["next_seq"].as_u64().map(|seq| seq + 1));
    agent.succeed("down", &json!({}));
    agent.leave();
}

#[test]
fn a_session_that_ends_between_two_calls_is_named_and_one_that_comes_is_found() {
    let here = mixed();
    fs::write(here.path().join("mended"), "").unwrap();
    let mut agent = Mcp::of(&here);
    agent.succeed("up", &json!({}));
    assert_eq!(here.run(&["down"]).code, Some(0));
    agent.refuses(
        "restart",
        &json!({ "service": "api" }),
        &["no session", "runs"],
    );
    assert_eq!(here.run(&["serve", "--detach"]).code, Some(0));
    agent.succeed("restart", &json!({ "service": "api" }));
    let words = [
        "was not started by this MCP server",
        "`flowlayer down` ends it",
    ];
    agent.refuses("down", &json!({}), &words);
    agent.leave();
    assert_eq!(here.run(&["down"]).code, Some(0));
}

#[test]
fn a_session_whose_checkout_was_moved_can_be_ended() {
    let here = mixed();
    let (shop, moved) = (here.path().join("shop"), here.path().join("moved"));
    fs::create_dir_all(shop.join("src")).unwrap();
    fs::rename(
        here.path().join("flowlayer.jsonc"),
        shop.join("flowlayer.jsonc"),
    )
    .unwrap();
    fs::write(shop.join("mended"), "").unwrap();
    let mut command = here.command(&["mcp"]);
    command.current_dir(shop.join("src"));
    let mut agent = Mcp::start(command);
    assert_eq!(
        agent.succeed("up", &json!({}))["ok"],
        true,
        "from a directory below"
    );
    fs::rename(&shop, &moved).unwrap();
    assert_eq!(
        agent.succeed("status", &json!({}))["services"][0]["name"],
        "api"
    );
    agent.refuses("restart", &json!({ "service": "nope" }), &["\"nope\""]);
    agent.succeed("down", &json!({}));
    agent.refuses("status", &json!({}), &["no session"]);
    fs::remove_dir_all(&moved).unwrap();
    agent.refuses(
        "status",
        &json!({}),
        &["no configuration found", "not there any more"],
    );
    agent.refuses("up", &json!({}), &["no configuration found"]);
    agent.leave();
}

#[test]
fn outside_of_a_project_every_tool_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = mixed();
    fs::write(elsewhere.path().join("mended"), "").unwrap();
    assert_eq!(elsewhere.run(&["serve", "--detach"]).code, Some(0));
    let mut command = elsewhere.command(&["mcp"]);
    command.current_dir(home.path()).env("HOME", home.path());
    let mut agent = Mcp::start(command);
    let words = [
        "no configuration found",
        "flowlayer mcp -c PATH",
        "flowlayer init",
    ];
    for tool in [
        "status", "why", "plan", "validate", "logs", "wait", "up", "down",
    ] {
        agent.refuses(tool, &json!({}), &words);
    }
    agent.refuses("stop", &json!({ "service": "api" }), &words);
    agent.leave();
    assert_eq!(
        elsewhere.run(&["down"]).code,
        Some(0),
        "the only session was left alone"
    );
}

#[test]
fn a_broken_configuration_is_its_problems() {
    let here = Here::with_config(&json!({ "services": { "a": { "kind": "oneshot" } } }));
    let mut agent = Mcp::of(&here);
    let checked = agent.succeed("validate", &json!({}));
    assert_eq!(checked["files"][0]["problems"][0]["severity"], "error");
    agent.refuses("up", &json!({}), &["error[", "1 error"]);
    agent.refuses("plan", &json!({}), &["error["]);
    agent.leave();
}

#[test]
fn a_server_that_only_reads_offers_and_does_nothing_else() {
    let here = mixed();
    let mut agent = Mcp::start(here.command(&["mcp", "--read-only", "-c", "flowlayer.jsonc"]));
    let tools = agent.request("tools/list", &json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
    }
    assert!(tools.iter().any(|tool| tool["name"] == "status"));
    for tool in ["up", "down", "start", "restart"] {
        agent.refuses(tool, &json!({}), &["--read-only"]);
    }
    agent.leave();
}

#[test]
fn the_configuration_its_plan_and_the_schema_can_be_read() {
    let here = Here::with(&json!({}));
    let text = "// as written\n{ \"services\": { \"a\": { \"cmd\": [\"true\"] } } }\n";
    fs::write(here.path().join("flowlayer.jsonc"), text).unwrap();
    let mut agent = Mcp::of(&here);
    let listed = agent.request("resources/list", &json!({}));
    let mut texts = Vec::new();
    for resource in listed["result"]["resources"].as_array().unwrap() {
        let read = agent.request("resources/read", &json!({ "uri": resource["uri"] }));
        let content = &read["result"]["contents"][0];
        assert_eq!(content["uri"], resource["uri"]);
        texts.push(content["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts[0], text);
    assert!(texts[1].contains("\"waves\""), "{}", texts[1]);
    assert!(texts[2].contains("\"$schema\""), "{}", texts[2]);
    let unknown = agent.request("resources/read", &json!({ "uri": "file:///etc/passwd" }));
    assert_eq!(unknown["error"]["code"], -32002);
    agent.leave();
}
