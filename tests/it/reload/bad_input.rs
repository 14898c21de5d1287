//! What a reload gets to see while people type: files that are broken, gone or something else, and edits that
//! meet what is under way.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{edit, names, pid, shop};
use crate::harness::{Client, Stack, flowlayer, free_port, until};

/// What was announced last, and how often something was, up to the answer of a `get_snapshot`.
#[track_caller]
fn announced(client: &mut Client) -> (Option<Value>, usize) {
    let id = client.send_command("get_snapshot", &Value::Null);
    let between = client.reply(&id).between;
    let is_it = |message: &&Value| message["name"] == "config_changed";
    let all: Vec<&Value> = between.iter().filter(is_it).collect();
    let last = all.last().map(|it| it["payload"].clone());
    (last, all.len())
}

#[track_caller]
fn problems(client: &mut Client, how_many: usize) -> Value {
    let changed = client.wait_for("the problems of the last save", |message| {
        message["name"] == "config_changed"
            && message["payload"]["problems"].as_array().map(Vec::len) == Some(how_many)
    });
    changed["payload"]["problems"].clone()
}

/// `FLOWLAYER_SLOW=1` saves for ten seconds, not two.
#[test]
fn broken_saves_change_nothing_and_leave_one_list_of_problems() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    let path = server.path().join("flowlayer.jsonc");
    let good = fs::read_to_string(&path).unwrap();
    let saves = match std::env::var_os("FLOWLAYER_SLOW") {
        Some(_) => 100,
        None => 20,
    };
    let began = Instant::now();
    for save in 0..saves {
        let broken = match save % 3 {
            0 => good.replacen('}', "", 1),
            1 => good.replace("\"cmd\"", "\"cdm\""),
            _ => String::new(),
        };
        fs::write(&path, broken).unwrap();
        let next = began + Duration::from_millis(100) * (save + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    // Each of the three services lacks `cmd` and has a field that there is not.
    fs::write(&path, good.replace("\"cmd\"", "\"cdm\"")).unwrap();
    let current = problems(&mut client, 6);
    let reloaded = client.command("reload", &Value::Null).result.unwrap();
    assert_eq!(reloaded["data"]["problems"], current, "{reloaded}");
    let mut late = server.connect();
    assert_eq!(problems(&mut late, 6), current);
    assert_eq!(announced(&mut late), (None, 0), "it is told once");
    let after = client.services();
    assert_eq!(before, after, "nothing has changed for the services");
    fs::write(&path, &good).unwrap();
    client.wait_for("that it is as before", |message| {
        message["name"] == "config_changed" && message["payload"]["stale"] == false
    });
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_directory_in_place_of_the_file_is_a_problem_like_others() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    let path = server.path().join("flowlayer.jsonc");
    let good = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let problems = problems(&mut client, 1);
    assert!(problems.to_string().contains("directory"), "{problems}");
    let reloaded = client.command("reload", &Value::Null).result.unwrap();
    assert_eq!(reloaded["error"]["code"], "invalid_config", "{reloaded}");
    assert_eq!(client.services(), before);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, &good).unwrap();
    client.wait_for("that it is as before", |message| {
        message["name"] == "config_changed" && message["payload"]["stale"] == false
    });
    assert_eq!(server.run(["status"]).stderr, "");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn all_problems_of_a_new_file_are_reported_and_none_of_it_counts() {
    let server = shop();
    let mut client = server.connect();
    let before = client.services();
    edit(&server, |config| {
        let services = config["services"].as_object_mut().unwrap();
        // `api` needs it.
        services.remove("db");
        services["web"]["url"] = json!("${services.page.url}");
        services.insert(
            "page".to_owned(),
            json!({"cmd": "true", "url": "${services.web.url}"}),
        );
    });
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(2), "{reloaded:?}");
    for word in ["\"db\"", "circle"] {
        assert!(reloaded.stderr.contains(word), "{word}: {reloaded:?}");
    }
    assert_eq!(client.services(), before);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_service_that_is_renamed_while_it_restarts_ends_under_its_old_name() {
    let server = Stack::new()
        .trapping("slow", "sleep 0.5; exit 0", json!({}))
        .daemon("other", json!({}))
        .start()
        .booted();
    let mut client = server.connect();
    let before = client.services();
    let restart = client.send_command("restart_service", &json!({"service": "slow"}));
    let is_of = |kind: &'static str, id: &str| {
        let id = id.to_owned();
        move |message: &Value| message["type"] == kind && message["id"] == *id
    };
    client.wait_for("its ack", is_of("ack", &restart));
    client.wait_status("slow", "stopping");
    edit(&server, |config| {
        let services = config["services"].as_object_mut().unwrap();
        let renamed = services.remove("slow").unwrap();
        services.insert("fast".to_owned(), renamed);
    });
    let mut second = server.connect();
    assert!(second.command("reload", &Value::Null).is_ok());
    let restarted = client.wait_for("its result", is_of("result", &restart));
    assert_eq!(restarted["payload"]["ok"], false, "{restarted}");
    let after = client.services();
    assert_eq!(names(&after), ["fast", "other"]);
    assert_eq!(pid(&before, "other"), pid(&after, "other"));
    assert_ne!(pid(&before, "slow"), pid(&after, "fast"));
    let leaders = || server.services().len();
    until("nothing of the old one", || {
        // `fast` sleeps in a child.
        let count = leaders();
        (2..=3).contains(&count).then_some(()).ok_or(count)
    });
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn names_of_only_that_vanish_start_nothing_else() {
    let server = Stack::new()
        .daemon("api", json!({"dependsOn": ["db"]}))
        .daemon("db", json!({}))
        .daemon("web", json!({}))
        .argument("--only")
        .argument("api")
        .start()
        .booted();
    let mut client = server.connect();
    let before = client.services();
    assert_eq!(pid(&before, "web"), None);
    edit(&server, |config| {
        let services = config["services"].as_object_mut().unwrap();
        services.remove("api");
        services.insert("late".to_owned(), json!({"cmd": ["sleep", "1000000"]}));
    });
    let reloaded = server.run(["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    let after = client.services();
    assert_eq!(names(&after), ["db", "late", "web"]);
    assert_eq!(pid(&before, "db"), pid(&after, "db"), "it goes on");
    for name in ["late", "web"] {
        assert_eq!(pid(&after, name), None, "{name} is not among them");
    }
    assert_eq!(server.run(["start", "late"]).code, Some(0));
    assert_eq!(server.stop().code, Some(0));
}

/// It is no error, because the two may never run at the same time.
#[test]
fn of_two_services_with_one_port_the_second_says_who_has_it() {
    let port = free_port();
    let program = flowlayer();
    let program = program.get_program().display();
    let listen =
        format!("exec '{program}' serve -s 127.0.0.1:{port} -c inner.json >/dev/null 2>&1");
    let server = Stack::new()
        .file("inner.json", "{\"services\":{}}")
        .shell(
            "first",
            &listen,
            json!({"port": port, "ready": {"type": "tcp"}}),
        )
        .start()
        .booted();
    let mut client = server.connect();
    let before = client.services();
    edit(&server, |config| {
        let mut second = config["services"]["first"].clone();
        second["dependsOn"] = json!(["first"]);
        config["services"]["second"] = second;
    });
    let preview = server.run(["reload", "--dry-run"]);
    assert_eq!(preview.code, Some(0), "{preview:?}");
    let warning = format!("port {port} is also the port of \"first\"");
    assert!(preview.stderr.contains(&warning), "{preview:?}");
    let reloaded = client.command("reload", &Value::Null).result.unwrap();
    assert_eq!(reloaded["failed_services"], json!(["second"]), "{reloaded}");
    let after = client.services();
    assert_eq!(pid(&before, "first"), pid(&after, "first"));
    assert_eq!(after[1]["reason"]["code"], "port_in_use", "{}", after[1]);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_line_end_in_a_variable_stays_within_its_argument() {
    let server = Stack::new()
        .service(
            "api",
            json!({"cmd": ["sh", "-c", "printf '[%s]' \"$1\" > seen; exec sleep 1000000", "sh", "a ${env.VALUE} d"]}),
        )
        .variable("VALUE", "b\nc\r")
        .start()
        .booted();
    let seen = || fs::read_to_string(server.path().join("seen")).unwrap_or_default();
    until("the argument", || {
        let seen = seen();
        (seen == "[a b\nc\r d]").then_some(()).ok_or(seen)
    });
    assert_eq!(server.run(["reload"]).code, Some(0));
    assert_eq!(server.stop().code, Some(0));
}
