//! `flowlayer reload`: an edited configuration and the session that runs it.

mod bad_input;

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Client, Server, Stack, Terminal, until};

const DRIFT: &str = "flowlayer.jsonc has changed since this session started: flowlayer reload\n";

/// `web` needs `api` needs `db`.
fn shop() -> Server {
    Stack::new()
        .daemon(
            "api",
            json!({"dependsOn": ["db"], "env": {"LEVEL": "info"}}),
        )
        .daemon("db", json!({}))
        .daemon("web", json!({"dependsOn": ["api"]}))
        .start()
        .booted()
}

fn edit(server: &Server, edit: impl FnOnce(&mut Value)) {
    let path = server.path().join("flowlayer.jsonc");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    edit(&mut config);
    fs::write(&path, config.to_string()).unwrap();
}

fn pid(services: &[Value], name: &str) -> Option<u64> {
    let service = services.iter().find(|service| service["name"] == name);
    service.and_then(|service| service["pid"].as_u64())
}

fn names(services: &[Value]) -> Vec<&str> {
    let names = services
        .iter()
        .map(|service| service["name"].as_str().unwrap());
    names.collect()
}

#[test]
fn only_what_has_changed_gets_another_process() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    edit(&server, |config| {
        config["services"]["api"]["env"]["LEVEL"] = json!("debug");
        config["services"]["web"]["stopGraceMs"] = json!(3000);
        config["services"]["worker"] = json!({"cmd": ["sleep", "1000000"], "dependsOn": ["api"]});
    });
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert_eq!(
        reloaded.stdout,
        "restart\n  api     env.LEVEL  changed\nadd\n  worker\nno restart needed\n  web     \
         stopGraceMs  8000 → 3000\nreloaded: 1 replaced, 1 added, 1 changed without a restart\n"
    );
    let after = client.services();
    assert_eq!(names(&after), ["api", "db", "web", "worker"]);
    assert_ne!(pid(&before, "api"), pid(&after, "api"));
    for name in ["db", "web"] {
        assert_eq!(pid(&before, name), pid(&after, name), "{name}");
    }
    assert!(pid(&after, "worker").is_some());
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_removed_service_is_stopped_and_its_log_stays() {
    let server = Stack::new()
        .shell("old", "echo here; exec sleep 1000000", json!({}))
        .daemon("keeper", json!({}))
        .start()
        .booted();
    let mut client = server.connect();
    edit(&server, |config| {
        let services = config["services"].as_object_mut().unwrap();
        services.remove("old");
    });
    assert!(client.command("reload", &Value::Null).is_ok());
    assert_eq!(names(&client.services()), ["keeper"]);
    server.wait_for_processes("the removed service to be gone", |processes| {
        let of_services = processes.iter().filter(|it| it.is_of_service);
        of_services.count() == 1
    });
    let unknown = client.command("start_service", &json!({"service": "old"}));
    assert_eq!(unknown.ack["error"]["code"], "unknown_service");
    let logs = client.command("get_logs", &json!({"service": "old"}));
    let entries = &logs.result.unwrap()["data"]["entries"];
    assert!(entries.to_string().contains("here"), "{entries}");
    let logs = server.run(["logs", "old"]);
    assert_eq!(
        (logs.code, logs.stdout.as_str()),
        (Some(0), "here\n"),
        "{logs:?}"
    );
    assert_eq!(server.run(["logs", "never"]).code, Some(2));
}

#[test]
fn a_broken_file_changes_nothing_and_keeps_nobody_from_anything() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    let path = server.path().join("flowlayer.jsonc");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        good.replace("\"db\"\n", "\"dv\"\n")
            .replace("\"cmd\"", "\"cdm\""),
    )
    .unwrap();
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(2), "{reloaded:?}");
    assert!(reloaded.stderr.contains("cdm"), "{reloaded:?}");
    let error = client.command("reload", &Value::Null).result.unwrap();
    assert_eq!(error["error"]["code"], "invalid_config", "{error}");
    assert!(
        error["data"]["problems"].as_array().unwrap().len() > 2,
        "{error}"
    );
    let status = server.run(["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stderr.contains("flowlayer validate"), "{status:?}");
    let after = client.services();
    for name in ["api", "db", "web"] {
        assert_eq!(pid(&before, name), pid(&after, name), "{name}");
    }
    assert_eq!(server.run(["stop", "web"]).code, Some(0));
    assert_eq!(server.run(["down"]).code, Some(0));
}

#[test]
fn an_edited_file_is_noticed_by_every_command_until_it_is_reloaded() {
    let server = Stack::new()
        .file(".env", "A=1\n")
        .daemon("api", json!({"envFile": ".env"}))
        .start()
        .booted();
    assert_eq!(server.run(["status"]).stderr, "");
    let path = server.path().join("flowlayer.jsonc");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("// a comment is no change\n{text}")).unwrap();
    assert_eq!(server.run(["status"]).stderr, "");
    edit_text(
        &server,
        &text,
        "\"services\": {",
        "\"services\": {\"more\": {\"cmd\": \"true\", \"autoStart\": false},",
    );
    assert_eq!(server.run(["status"]).stderr, DRIFT);
    assert_eq!(server.run(["logs"]).stderr, DRIFT);
    assert!(server.run(["start", "more"]).stderr.starts_with(DRIFT));
    assert_eq!(server.run(["reload"]).code, Some(0));
    assert_eq!(server.run(["status"]).stderr, "");
    // An env file counts too; a restart reads it, and then it is no longer news.
    fs::write(server.path().join(".env"), "A=2\n").unwrap();
    assert_eq!(server.run(["status"]).stderr, DRIFT);
    let preview = server.run(["reload", "--dry-run"]);
    assert_eq!(
        preview.stdout, "restart\n  api  envFile .env  changed\n",
        "{preview:?}"
    );
    assert_eq!(server.run(["restart", "api"]).code, Some(0));
    assert_eq!(server.run(["status"]).stderr, "");
}

/// It goes on with the old settings, whatever was reloaded.
#[test]
fn what_needs_a_new_session_is_an_edit_until_there_is_one() {
    let server = Stack::new().daemon("api", json!({})).start().booted();
    let path = server.path().join("flowlayer.jsonc");
    let original = fs::read_to_string(&path).unwrap();
    edit(&server, |config| {
        config["logs"] = json!({"dir": "lg"});
        config["services"]["api"]["stopGraceMs"] = json!(3000);
    });
    assert_eq!(server.run(["status"]).stderr, DRIFT);
    assert_eq!(server.run(["reload"]).code, Some(0));
    assert_eq!(
        server.run(["status"]).stderr,
        "flowlayer.jsonc has changed since this session started; what has changed needs a new session\n"
    );
    let again = server.run(["reload"]);
    assert!(again.stdout.contains("logs.dir  none → lg"), "{again:?}");
    fs::write(&path, original).unwrap();
    let back = server.run(["reload"]);
    assert!(!back.stdout.contains("logs.dir"), "{back:?}");
    assert_eq!(server.run(["status"]).stderr, "");
}

#[test]
fn a_link_to_an_equal_file_is_no_edit_and_what_it_leads_to_is_watched() {
    let server = shop();
    let mut client = server.connect();
    let path = server.path().join("flowlayer.jsonc");
    let (target, link) = (
        server.path().join("target.jsonc"),
        server.path().join("link"),
    );
    fs::copy(&path, &target).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    fs::rename(&link, &path).unwrap();
    assert_eq!(server.run(["status"]).stderr, "");
    let original = fs::read_to_string(&path).unwrap();
    let announced = |client: &mut Client, what: &str, stale: bool| {
        client.wait_for(what, |message| {
            message["name"] == "config_changed" && message["payload"]["stale"] == stale
        });
    };
    edit(&server, |config| {
        config["services"]["api"]["env"]["LEVEL"] = json!("debug");
    });
    announced(&mut client, "the edit", true);
    // By now the check that followed the link is over, if it did not see the edit already.
    fs::write(&target, original).unwrap();
    announced(&mut client, "the edit of the target", false);
}

/// Its value may be a credential: it counts, and is shown nowhere.
#[test]
fn a_value_of_a_header_is_noticed_and_not_shown() {
    let with = |value: &str| json!({"ready": {"type": "http", "url": "http://127.0.0.1:9/", "headers": {"Authorization": value}}});
    let server = Stack::new().daemon("api", with("Bearer one")).start();
    // Its boot waits for the probe; it is open.
    server.connect();
    assert_eq!(server.run(["status"]).stderr, "");
    edit(&server, |config| {
        config["services"]["api"]["ready"] = with("Bearer two")["ready"].clone();
    });
    assert_eq!(server.run(["status"]).stderr, DRIFT);
    let preview = server.run(["reload", "--dry-run"]);
    assert_eq!(
        preview.stdout, "no restart needed\n  api  ready.headers  changed\n",
        "{preview:?}"
    );
    let json = server.run(["reload", "--dry-run", "--json"]).json();
    assert!(!json.to_string().contains("Bearer"), "{json}");
    assert_eq!(server.run(["reload"]).code, Some(0));
    assert_eq!(server.run(["status"]).stderr, "");
}

fn edit_text(server: &Server, text: &str, from: &str, to: &str) {
    assert!(text.contains(from), "{text}");
    fs::write(
        server.path().join("flowlayer.jsonc"),
        text.replacen(from, to, 1),
    )
    .unwrap();
}

#[test]
fn a_dry_run_changes_nothing_and_dependents_restart_when_asked() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    edit(&server, |config| {
        config["services"]["db"]["env"] = json!({"A": "1"});
    });
    let preview = server
        .run(["reload", "--dry-run", "--with-dependents", "--json"])
        .json();
    assert_eq!(preview["dry_run"], true);
    let changes = preview["changes"].as_array().unwrap();
    let named: Vec<&str> = changes
        .iter()
        .map(|it| it["service"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["api", "db", "web"]);
    let same = client.services();
    for name in ["api", "db", "web"] {
        assert_eq!(pid(&before, name), pid(&same, name), "{name}");
    }
    assert_eq!(server.run(["reload", "--with-dependents"]).code, Some(0));
    let after = client.services();
    for name in ["api", "db", "web"] {
        assert_ne!(pid(&before, name), pid(&after, name), "{name}");
    }
}

#[test]
fn a_reload_mends_the_probe_that_a_boot_waits_for() {
    let ready = json!({"ready": {"type": "log", "pattern": "never"}});
    let server = Stack::new()
        .shell("api", "echo listening; exec sleep 1000000", ready)
        .daemon("web", json!({"dependsOn": ["api"]}))
        .start();
    let mut client = server.connect();
    until("the probe is attempted", || {
        let services = client.services();
        match services[0]["status"].as_str() {
            Some("running") => Ok(()),
            _ => Err(services),
        }
    });
    edit(&server, |config| {
        config["services"]["api"]["ready"]["pattern"] = json!("listening");
    });
    let before = pid(&client.services(), "api");
    assert_eq!(server.run(["reload"]).code, Some(0));
    let server = server.booted();
    let mut client = server.connect();
    assert_eq!(
        pid(&client.services(), "api"),
        before,
        "it was not restarted"
    );
    assert!(pid(&client.services(), "web").is_some());
}

/// The original's own client knows the event `snapshot` and nothing of reloads.
#[test]
fn a_client_that_knows_nothing_of_it_sees_another_snapshot() {
    let server = shop();
    let mut original: Client = server.connect();
    edit(&server, |config| {
        config["services"]["extra"] = json!({"cmd": ["sleep", "1000000"]});
    });
    assert_eq!(server.run(["reload"]).code, Some(0));
    let snapshot = original.wait_for("another snapshot", |message| message["name"] == "snapshot");
    let services = snapshot["payload"]["services"].as_array().unwrap();
    assert_eq!(names(services), ["api", "db", "extra", "web"]);
    // It goes on as before, with what is new too.
    let logs = original.command("get_logs", &Value::Null);
    assert!(logs.is_ok());
    let restarted = original.command("restart_service", &json!({"service": "extra"}));
    assert!(restarted.is_ok(), "{restarted:?}");
    let shown = restarted.between.iter().any(|message| {
        message["name"] == "service_status" && message["payload"]["status"] == "stopping"
    });
    assert!(shown, "{restarted:?}");
}

#[test]
fn an_edit_is_announced_without_being_asked_for() {
    let server = shop();
    let mut client = server.connect();
    let path = server.path().join("flowlayer.jsonc");
    let good = fs::read_to_string(&path).unwrap();
    let announced = |client: &mut Client, what: &str, stale: bool| {
        let event = client.wait_for(what, |message| {
            message["name"] == "config_changed" && message["payload"]["stale"] == stale
        });
        event["payload"].clone()
    };
    // As an editor saves that replaces the file.
    let other = server.path().join("flowlayer.jsonc~");
    fs::write(&other, good.replace("info", "debug")).unwrap();
    fs::rename(&other, &path).unwrap();
    let edited = announced(&mut client, "the edit", true);
    assert_eq!(
        edited["changes"],
        json!([{"service": "api", "change": "restart", "fields": [{"field": "env.LEVEL"}]}])
    );
    server.wait_for_line("[flowlayer] the configuration was edited: flowlayer reload");
    // Who comes later is told too.
    let mut late = server.connect();
    announced(&mut late, "the edit", true);
    fs::write(&path, "{").unwrap();
    let broken = client.wait_for("the problems", |message| {
        message["name"] == "config_changed"
            && !message["payload"]["problems"]
                .as_array()
                .unwrap()
                .is_empty()
    });
    assert_eq!(broken["payload"]["changes"], json!([]));
    fs::write(&path, &good).unwrap();
    announced(&mut client, "that it is as before", false);
    edit(&server, |config| {
        config["services"]["api"]["env"]["LEVEL"] = json!("debug");
    });
    announced(&mut client, "another edit", true);
    assert!(client.command("reload", &Value::Null).is_ok());
    announced(&mut client, "that it counts", false);
    server.wait_for_line("[flowlayer] the configuration was reloaded");
}

#[test]
fn on_a_terminal_the_changes_are_shown_and_confirmed() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    edit(&server, |config| {
        config["services"]["api"]["env"]["LEVEL"] = json!("debug");
    });
    let reload = server.client(["reload"]);
    let mut terminal = Terminal::run(&reload, 24, 80);
    let screen = terminal.wait_for_text("Apply this? [Y/n]");
    assert!(screen.has("api  env.LEVEL  changed"), "{screen:?}");
    terminal.type_keys("n\r");
    assert_eq!(terminal.wait_for_end().code, Some(1));
    assert_eq!(pid(&before, "api"), pid(&client.services(), "api"));
    let mut terminal = Terminal::run(&reload, 24, 80);
    terminal.wait_for_text("Apply this? [Y/n]");
    terminal.type_keys("\r");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    assert_ne!(pid(&before, "api"), pid(&client.services(), "api"));
}

fn set_level(server: &Server, level: &str) {
    edit(server, |config| {
        config["services"]["web"]["stopGraceMs"] = json!(level.len());
        config["services"]["api"]["env"]["LEVEL"] = json!(level);
    });
}

#[test]
fn what_is_applied_is_what_was_confirmed() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    set_level(&server, "debug");
    let mut terminal = Terminal::run(&server.client(["reload"]), 24, 80);
    terminal.wait_for_text("stopGraceMs  8000 → 5");
    terminal.wait_for_text("Apply this? [Y/n]");
    set_level(&server, "warning");
    terminal.type_keys("y\r");
    let screen = terminal.wait_for_text("stopGraceMs  8000 → 7");
    assert!(screen.has("edited again"), "{screen:?}");
    assert_eq!(pid(&before, "api"), pid(&client.services(), "api"));
    terminal.type_keys("y\r");
    assert_eq!(terminal.wait_for_end().code, Some(0));
    assert_ne!(pid(&before, "api"), pid(&client.services(), "api"));
}

#[test]
fn a_reload_that_names_its_changes_applies_no_others() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    set_level(&server, "debug");
    let shown = client.command("reload", &json!({"dry_run": true}));
    let expected = json!({"changes": shown.result.unwrap()["data"]["changes"]});
    set_level(&server, "warning");
    let refused = client.command("reload", &expected).result.unwrap();
    assert_eq!(refused["error"]["code"], "config_changed", "{refused}");
    let now = client.command("reload", &json!({"dry_run": true}));
    let now = now.result.unwrap()["data"]["changes"].clone();
    assert_eq!(refused["data"]["changes"], now, "{refused}");
    assert_eq!(pid(&before, "api"), pid(&client.services(), "api"));
    assert!(client.command("reload", &json!({"changes": now})).is_ok());
    assert_ne!(pid(&before, "api"), pid(&client.services(), "api"));
    let nonsense = client.command("reload", &json!({"changes": "all"}));
    assert_eq!(nonsense.ack["error"]["code"], "invalid_payload");
}

/// What only the server sees is shown in the file all the same, and once.
#[test]
fn a_problem_of_the_servers_environment_is_shown_at_its_place() {
    let server = Stack::new()
        .daemon("api", json!({}))
        .variable("HOST", "a b")
        .start()
        .booted();
    let text = concat!(
        r#"{"services": {"#,
        "\n",
        r#"  "api": {"cmd": "true", "url": "http://${env.HOST}/"},"#,
        "\n",
        r#"  "one": {"cmd": "true ${services.api.url}"},"#,
        "\n",
        r#"  "two": {"cmd": "true ${services.api.url}"}"#,
        "\n}}"
    );
    fs::write(server.path().join("flowlayer.jsonc"), text).unwrap();
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(2), "{reloaded:?}");
    let shown = &reloaded.stderr;
    assert_eq!(shown.matches("invalid_url").count(), 1, "{shown}");
    assert!(shown.contains(r#"2 |   "api": {"cmd": "true""#), "{shown}");
    assert!(shown.contains("has 1 error"), "{shown}");
}

#[test]
fn a_dry_run_says_that_nothing_has_changed() {
    let server = shop();
    let preview = server.run(["reload", "--dry-run"]);
    assert_eq!(preview.code, Some(0), "{preview:?}");
    assert_eq!(preview.stdout, "nothing has changed\n");
}

#[test]
fn the_cockpit_lists_all_problems_of_an_edit_errors_first() {
    let server = shop();
    let mut terminal = Terminal::run(&server.client(["tui"]), 30, 120);
    terminal.wait_for_text("● connected");
    let path = server.path().join("flowlayer.jsonc");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, r#"{services: {"a": {"cdm": "x"}}}"#).unwrap();
    terminal.wait_for_text("edited, with problems: R shows them");
    terminal.type_keys("R");
    let screen = terminal.wait_for_text("Nothing was changed");
    let text = screen.rows.join("\n");
    let (error, warning) = (text.find(" error "), text.find(" warning "));
    assert!(error.is_some() && error < warning, "{screen:?}");
    // It goes with the problems.
    fs::write(&path, &good).unwrap();
    terminal.wait_for("neither list nor banner", |screen| {
        !screen.has("Nothing was changed") && !screen.has("edited, with")
    });
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().code, Some(0));
}

#[test]
fn the_cockpit_shows_an_edit_and_applies_it() {
    let server = shop();
    let mut terminal = Terminal::run(&server.client(["tui"]), 30, 120);
    terminal.wait_for_text("● connected");
    terminal.type_keys("R");
    terminal.wait_for_text("the configuration has not changed");
    edit(&server, |config| {
        config["services"]["extra"] = json!({"cmd": ["sleep", "1000000"]});
    });
    terminal.wait_for_text("edited: R reloads");
    terminal.type_keys("R");
    let screen = terminal.wait_for_text("Reload the configuration?");
    assert!(screen.has("extra"), "{screen:?}");
    terminal.type_keys("y");
    terminal.wait_for("the new service without the banner", |screen| {
        screen.has("4/4 up") && !screen.has("edited: R reloads")
    });
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().code, Some(0));
}

#[test]
fn output_that_is_quiet_from_now_on_leaves_the_terminal_at_once() {
    let tick = "while :; do echo tick; sleep 0.02; done";
    let server = Stack::new()
        .shell("loud", tick, json!({}))
        .shell("still", tick, json!({"output": "quiet"}))
        .start()
        .booted();
    server.wait_for_line("loud  │ tick");
    assert!(!server.lines().iter().any(|line| line.starts_with("still ")));
    edit(&server, |config| {
        config["services"]["loud"]["output"] = json!("quiet");
        config["services"]["still"]["output"] = json!("show");
    });
    assert_eq!(server.run(["reload"]).code, Some(0));
    server.wait_for_line("still │ tick");
    let loud = |server: &Server| {
        let lines = server.lines();
        lines
            .iter()
            .filter(|line| line.starts_with("loud "))
            .count()
    };
    let before = loud(&server);
    // Of both there are as many lines.
    let still = server.lines().len();
    until("more lines", || {
        let lines = server.lines().len();
        (lines > still + 20).then_some(()).ok_or(lines)
    });
    assert_eq!(loud(&server), before);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn who_waits_for_an_edited_session_or_joins_it_hears_of_the_edit() {
    let server = shop();
    edit(&server, |config| {
        config["services"]["api"]["env"]["LEVEL"] = json!("debug");
    });
    for command in [
        &["wait"][..],
        &["up"],
        &["up", "-d"],
        &["up", "api"],
        &["serve", "-d"],
    ] {
        let joined = server.run(command);
        assert_eq!(joined.code, Some(0), "{joined:?}");
        assert_eq!(joined.stderr.matches(DRIFT).count(), 1, "{joined:?}");
    }
}

/// The file gives a port to one service that the session had chosen for another.
#[test]
fn a_chosen_port_makes_way_for_a_fixed_one() {
    let server = Stack::new()
        .daemon("api", json!({"port": "auto"}))
        .start()
        .booted();
    let mut client = server.connect();
    let port_of = |client: &mut Client, at: usize| client.services()[at]["spec"]["port"].clone();
    let chosen = port_of(&mut client, 0);
    edit(&server, |config| {
        config["services"]["taker"] = json!({"cmd": ["sleep", "1000000"], "port": chosen});
    });
    let preview = server.run(["reload", "--dry-run"]);
    assert!(
        preview.stdout.contains(&format!("port  {chosen} → ")),
        "{preview:?}"
    );
    // To ask what would change has changed nothing.
    assert_eq!(port_of(&mut client, 0), chosen);
    assert_eq!(server.run(["reload"]).code, Some(0));
    assert_eq!(port_of(&mut client, 1), chosen);
    assert_ne!(port_of(&mut client, 0), chosen);
}

#[test]
fn a_mended_service_starts() {
    let server = Stack::new()
        .daemon("api", json!({"cwd": "missing"}))
        .daemon("web", json!({"dependsOn": ["api"]}))
        .start();
    let mut client = server.connect();
    until("the failure", || {
        let services = client.services();
        match services[0]["status"].as_str() {
            Some("failed") => Ok(()),
            _ => Err(services),
        }
    });
    edit(&server, |config| {
        config["services"]["api"]["cwd"] = json!(".");
    });
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert!(!reloaded.stdout.contains("does not run"), "{reloaded:?}");
    // What it blocked starts after it.
    until("both to run", || {
        let services = client.services();
        let run = ["api", "web"].map(|name| pid(&services, name).is_some());
        (run == [true; 2]).then_some(()).ok_or(services)
    });
}
