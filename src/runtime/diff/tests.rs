//! What a reload does with each kind of change, and that nothing that differs is missed.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{Origin, Values, check};
use crate::runtime::setup::{BootSelection, Setup};

fn setup(config: &Value) -> Setup {
    let origin = Origin {
        name: "flowlayer.jsonc".to_owned(),
        path: "/nowhere/flowlayer.jsonc".into(),
        dir: "/nowhere".into(),
    };
    let report = check(config.to_string().into_bytes(), origin);
    let Some((config, plan)) = report.meant else {
        panic!("{config}: {:?}", report.problems);
    };
    let values = Values {
        directory: "/here".into(),
        ..Values::default()
    };
    Setup::new(&config, &plan, &BootSelection::default(), &values).unwrap()
}

fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let (old, new) = (setup(old), setup(new));
    let services = [&old, &new].map(|it| by_name(&it.services, |_| true));
    diff((&services[0], &old.session), (&services[1], &new.session))
}

/// Each change as `kind service field old→new, …`.
fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let mut line = format!("{:?}", change.change).to_lowercase();
        if let Some(service) = &change.service {
            let _ = write!(line, " {service}");
        }
        for field in &change.fields {
            let shown = |value: Option<&String>| value.map_or("·", String::as_str).to_owned();
            let (old, new) = (shown(field.old.as_ref()), shown(field.new.as_ref()));
            let _ = write!(line, " {} {old}→{new}", field.field);
        }
        line
    };
    changes.iter().map(line).collect()
}

/// What changes when one service is defined like this instead of like that.
#[track_caller]
fn service(old: &Value, new: &Value, expected: &[&str]) {
    let stack = |a: &Value| json!({"services": {"a": a, "b": {"cmd": "x"}}});
    assert_eq!(lines(&changes(&stack(old), &stack(new))), expected);
}

#[test]
fn a_service_is_added_or_removed() {
    let one = json!({"services": {"a": {"cmd": "x"}}});
    let other = json!({"services": {"b": {"cmd": "x"}}});
    assert_eq!(lines(&changes(&one, &other)), ["removed a", "added b"]);
    assert!(changes(&one, &one).is_empty());
}

#[test]
fn what_a_process_keeps_needs_a_restart() {
    let plain = json!({"cmd": "x"});
    for (new, expected) in [
        (json!({"cmd": ["x", "a b"]}), "cmd x→x 'a b'"),
        (json!({"cmd": "x", "cwd": "/"}), "cwd "),
        (json!({"cmd": "x", "port": 3000}), "port ·→3000"),
        (
            json!({"cmd": "x", "kind": "oneshot"}),
            "kind daemon→oneshot",
        ),
        (json!({"cmd": "x", "tty": true}), "tty false→true"),
        (json!({"cmd": "x", "stdin": "null"}), "stdin open→null"),
        (json!({"cmd": "x", "env": {"KEY": "secret"}}), "env.KEY ·→·"),
        (
            json!({"cmd": "x", "envFile": "/nowhere/.env"}),
            "envFile ·→/nowhere/.env",
        ),
    ] {
        let stack = |a: &Value| json!({"services": {"a": a}});
        let found = lines(&changes(&stack(&plain), &stack(&new)));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(&format!("restart a {expected}")),
            "{found:?}"
        );
    }
}

#[test]
fn an_env_file_that_may_be_missing_is_shown_as_such() {
    let stack = |required: bool| {
        let file = json!({"path": "/nowhere/.env", "required": required});
        json!({"services": {"a": {"cmd": "x", "envFile": [file]}}})
    };
    assert_eq!(
        lines(&changes(&stack(true), &stack(false))),
        ["restart a envFile /nowhere/.env→/nowhere/.env (may be missing)"]
    );
}

#[test]
fn what_counts_from_now_on_needs_none() {
    let plain = json!({"cmd": "x"});
    for (new, expected) in [
        (json!({"cmd": "x", "stopCmd": "y z"}), "stopCmd ·→y z"),
        (json!({"cmd": "x", "stopGraceMs": 5}), "stopGraceMs 8000→5"),
        (
            json!({"cmd": "x", "stopSignal": "SIGINT"}),
            "stopSignal SIGTERM→SIGINT",
        ),
        (
            json!({"cmd": "x", "stopScope": "leader"}),
            "stopScope group→leader",
        ),
        (json!({"cmd": "x", "dependsOn": ["b"]}), "dependsOn ·→b"),
        (
            json!({"cmd": "x", "ready": {"type": "tcp", "port": 8}}),
            "ready ·→tcp :8",
        ),
        (
            json!({"cmd": "x", "autoStart": false}),
            "autoStart true→false",
        ),
        (
            json!({"cmd": "x", "logView": {"maxEntries": 9}}),
            "logView.maxEntries ·→9",
        ),
    ] {
        service(&plain, &new, &[&format!("live a {expected}")]);
    }
    // Both at once: the process has to go, and all of it is listed.
    let both = json!({"cmd": "y", "stopGraceMs": 5});
    service(&plain, &both, &["restart a cmd x→y stopGraceMs 8000→5"]);
}

#[test]
fn limits_of_a_probe_count_though_they_are_not_shown() {
    let probe = |ms: u32| json!({"cmd": "x", "ready": {"type": "tcp", "port": 8, "timeoutMs": ms}});
    service(&probe(5), &probe(6), &["live a ready ·→·"]);
    let secret = |value: &str| {
        let ready = json!({"type": "http", "url": "http://localhost:1/", "headers": {"A": value}});
        json!({"cmd": "x", "ready": ready})
    };
    service(
        &secret("one"),
        &secret("two"),
        &["live a ready.headers ·→·"],
    );
    service(&secret("one"), &secret("one"), &[]);
}

#[test]
fn secrets_are_never_shown() {
    let with = |url: &str| json!({"cmd": ["x", url], "env": {"A": url}});
    let old = with("http://u:hunter2@h");
    let found = {
        let stack = |a: &Value| json!({"services": {"a": a}, "session": {"token": "hunter2"}});
        let mut other = stack(&with("http://u:hunter3@h"));
        other["session"]["token"] = json!("hunter3");
        lines(&changes(&stack(&old), &other))
    };
    assert_eq!(
        found,
        ["session session.token ·→·", "restart a cmd ·→· env.A ·→·"]
    );
}

#[test]
fn the_session_needs_a_new_one_but_for_the_size_of_answers() {
    let old = json!({"services": {"a": {"cmd": "x"}}});
    let new = json!({
        "services": {"a": {"cmd": "x"}},
        "session": {"bind": "127.0.0.1:7000"},
        "logs": {"bufferSize": 9},
        "logView": {"maxEntries": 7},
    });
    assert_eq!(
        lines(&changes(&old, &new)),
        [
            "session session.bind ·→127.0.0.1:7000 logs.bufferSize 5000→9",
            "live logView.maxEntries ·→7"
        ]
    );
}

#[test]
fn dependents_are_restarted_when_asked_for() {
    let stack = |cmd: &str| {
        json!({"services": {
            "api": {"cmd": "x", "dependsOn": ["db"]},
            "db": {"cmd": cmd},
            "other": {"cmd": "x"},
            "web": {"cmd": "x", "dependsOn": ["api"]},
        }})
    };
    let mut found = changes(&stack("x"), &stack("y"));
    let new = setup(&stack("y"));
    with_dependents(&mut found, &by_name(&new.services, |_| true));
    assert_eq!(
        lines(&found),
        ["restart api", "restart db cmd x→y", "restart web"]
    );
}

fn services() -> impl Strategy<Value = Value> {
    let field = |name: &'static str, values: Vec<Value>| {
        let value = prop::option::of(prop::sample::select(values));
        value.prop_map(move |value| (name, value)).boxed()
    };
    let fields = vec![
        field("port", vec![json!(1), json!(2)]),
        field("kind", vec![json!("daemon"), json!("oneshot")]),
        field("cwd", vec![json!("/"), json!("/tmp")]),
        field(
            "env",
            vec![json!({"A": "1"}), json!({"A": "2"}), json!({"B": "1"})],
        ),
        field(
            "envFile",
            vec![json!("a"), json!(["a", {"path": "b", "required": false}])],
        ),
        field("tty", vec![json!(true), json!(false)]),
        field("stdin", vec![json!("open"), json!("null")]),
        field("stopCmd", vec![json!("s"), json!("t")]),
        field("stopGraceMs", vec![json!(1), json!(2)]),
        field("stopSignal", vec![json!("SIGINT"), json!("SIGHUP")]),
        field("url", vec![json!("http://a"), json!("http://b")]),
        field("groups", vec![json!(["g"]), json!(["g", "h"])]),
        field("output", vec![json!("show"), json!("quiet")]),
        field("autoStart", vec![json!(true), json!(false)]),
        field(
            "logView",
            vec![json!({"maxEntries": 1}), json!({"maxEntries": 2})],
        ),
        field(
            "ready",
            vec![
                json!({"type": "tcp", "port": 1}),
                json!({"type": "tcp", "port": 1, "timeoutMs": 5}),
                json!({"type": "http", "url": "http://localhost:1/a"}),
                json!({"type": "log", "pattern": "a"}),
            ],
        ),
    ];
    let service = (prop::sample::select(vec!["x", "y z"]), fields, any::<u8>());
    let stack = prop::collection::btree_map("[a-e]", service, 0..5);
    stack.prop_map(|services| {
        let names: Vec<String> = services.keys().cloned().collect();
        let mut written = json!({});
        for (index, (name, (cmd, fields, needs))) in services.into_iter().enumerate() {
            written[&name] = json!({"cmd": cmd});
            for (field, value) in fields {
                if let Some(value) = value {
                    written[&name][field] = value;
                }
            }
            let earlier = names[..index].iter().enumerate();
            let needs = earlier.filter(|(at, _)| needs >> at & 1 == 1);
            let needs: Vec<&String> = needs.map(|(_, name)| name).collect();
            written[&name]["dependsOn"] = json!(needs);
        }
        json!({"services": written})
    })
}

/// A service with everything about it, but for what follows from others.
fn essence(setup: &ServiceSetup, needs: &[&str]) -> String {
    let planned = Planned {
        depends_on: Vec::new(),
        wave: 0,
        at_boot: false,
        ..setup.planned.clone()
    };
    let ServiceSetup {
        argv,
        stop_argv,
        env,
        env_files,
        cwd,
        ready,
        log_limit,
        spec,
        env_contents,
        label,
        ..
    } = setup;
    format!(
        "{planned:?} {needs:?} {argv:?} {stop_argv:?} {env:?} {env_files:?} {cwd:?} {ready:?} \
         {log_limit:?} {spec:?} {env_contents:?} {label:?}"
    )
}

proptest! {
    #[test]
    fn applying_what_differs_gives_the_other(old in services(), new in services()) {
        let found = changes(&old, &new);
        let (old, new) = (setup(&old), setup(&new));
        let all = |setup: &Setup| -> BTreeMap<String, String> {
            let services = by_name(&setup.services, |_| true).into_iter();
            services.map(|(name, (setup, needs))| (name.to_owned(), essence(setup, &needs))).collect()
        };
        let (mut applied, new) = (all(&old), all(&new));
        for change in &found {
            let name = change.service.as_deref().unwrap();
            match new.get(name) {
                None => drop(applied.remove(name)),
                Some(definition) => drop(applied.insert(name.to_owned(), definition.clone())),
            }
        }
        prop_assert_eq!(applied, new);
    }
}

#[test]
fn what_needs_a_new_session_differs_until_there_is_one() {
    let config = |dir: &str, level: u64| json!({"logs": {"dir": dir}, "logView": {"maxEntries": level}, "services": {"a": {"cmd": "x"}}});
    let none = Services::new();
    let (old, new) = (setup(&config("lg", 1)), setup(&config("lg2", 2)));
    let running = old.session.reloaded(&new.session);
    let differ = |file: &Setup| lines(&diff((&none, &running), (&none, &file.session)));
    assert_eq!(differ(&new), ["session logs.dir lg→lg2"]);
    assert!(differ(&setup(&config("lg", 2))).is_empty());
    let of = |session: &SessionSettings| session.fingerprint(std::iter::empty());
    assert_ne!(of(&running), of(&new.session));
    assert_eq!(of(&running), of(&setup(&config("lg", 2)).session));
}
