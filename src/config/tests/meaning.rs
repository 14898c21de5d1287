use std::time::Duration;

use super::*;
use crate::facts::{EnvFile, Kind, OutputMode, Stdio, StopScope, StopSignal};

#[test]
fn defaults() {
    let (config, plan) = meant(&service("\"cmd\": \"x\""));
    assert_eq!(config.session, Session::default());
    assert_eq!(config.session.dial(), None);
    assert_eq!(config.logs, Logs::default());
    assert_eq!(
        (config.logs.buffer_size, config.logs.max_bytes),
        (5000, 1 << 30)
    );
    assert_eq!(config.log_view, LogView::default());
    assert_eq!(plan.waves, [[0]]);
    let service = &config.services[0];
    assert_eq!(&*service.name, "a");
    assert_eq!(resolved(&config, 0).run.argv, ["x"]);
    assert_eq!(service.kind, Kind::Daemon);
    assert_eq!(service.stop_grace, Duration::from_secs(8));
    assert_eq!(service.stop_signal, StopSignal::Sigterm);
    assert_eq!(service.stop_scope, StopScope::Group);
    assert!(service.groups.is_empty());
    assert_eq!(service.output, OutputMode::Show);
    assert_eq!(service.stdio, Stdio::Open);
    assert!(service.auto_start);
    assert!(service.ready.is_none() && service.port.is_none() && service.stop_cmd.is_none());
    assert!(service.cwd.is_none() && service.env.is_empty() && service.env_files.is_empty());
}

#[test]
fn everything_at_once() {
    let (config, plan) = meant(
        r#"{
          "$schema": "x",
          "session": {"bind": ":6999", "token": "t"},
          "logs": {"dir": "./logs", "bufferSize": 10, "maxBytes": 1000},
          "logView": {"maxEntries": 1, "all": {"maxEntries": 2}},
          "services": {
            "web": {
              "cmd": "run  it", "stopCmd": ["stop", "a b"], "kind": "oneshot", "port": 80,
              "ready": {"type": "tcp", "timeoutMs": 5, "attemptTimeoutMs": 7},
              "dependsOn": ["db", "cache", "db"],
              "env": {"B": "2", "A": "1"}, "envFile": [".env", {"path": "/etc/env", "required": false}],
              "cwd": "/", "autoStart": false, "stopGraceMs": 9,
              "stopSignal": "SIGINT", "stopScope": "leader", "tty": true, "output": "quiet", "groups": ["front", "all", "front"], "logView": {"maxEntries": 3},
            },
            "db": {"cmd": "x", "ready": {"type": "none"}},
            "cache": {"cmd": "x"},
          },
        }"#,
    );
    assert_eq!(config.session.dial().as_deref(), Some("127.0.0.1:6999"));
    let logs_dir = logs_dir(&config, &Values::default()).unwrap();
    assert_eq!(logs_dir.as_deref(), Some(Path::new("/nowhere/logs")));
    assert_eq!((config.logs.buffer_size, config.logs.max_bytes), (10, 1000));
    let LogView {
        max_entries,
        all_max_entries,
    } = config.log_view;
    assert_eq!((max_entries, all_max_entries), (Some(1), Some(2)));
    let names: Vec<_> = config.services.iter().map(|s| &*s.name).collect();
    assert_eq!(names, ["cache", "db", "web"]);
    assert_eq!(plan.waves, [vec![0, 1], vec![2]]);
    assert_eq!(config.dependencies(), [vec![], vec![], vec![0, 1]]);
    assert_eq!(config.index_of("web"), Some(2));
    assert_eq!(config.index_of("Web"), None);
    assert!(config.services[1].ready.is_none());
    let web = &config.services[2];
    let Resolved { run, ready, .. } = resolved(&config, 2);
    assert_eq!(run.argv, ["run", "it"]);
    assert_eq!(
        run.stop_argv.as_deref(),
        Some(&["stop".to_owned(), "a b".to_owned()][..])
    );
    assert_eq!(
        (web.kind, web.port, web.auto_start),
        (Kind::Oneshot, Some(PortChoice::Fixed(80)), false)
    );
    let ready = ready.unwrap();
    assert_eq!(ready.probe.label(), "tcp :80");
    assert_eq!(ready.timeout, Some(Duration::from_millis(5)));
    assert_eq!(ready.attempt_timeout, Duration::from_millis(7));
    let env: Vec<_> = run
        .env
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(env, [("A", "1"), ("B", "2")]);
    assert_eq!(
        run.env_files,
        [("/nowhere/.env", true), ("/etc/env", false)].map(|(path, required)| EnvFile {
            path: path.into(),
            required
        })
    );
    assert_eq!(run.cwd, Path::new("/"));
    assert_eq!(web.stop_grace, Duration::from_millis(9));
    assert_eq!(web.stop_signal, StopSignal::Sigint);
    assert_eq!(web.stop_scope, StopScope::Leader);
    assert_eq!(web.groups, ["front", "all"]);
    assert_eq!(config.select(&["@front".to_owned()]).unwrap(), ["web"]);
    assert_eq!(web.output, OutputMode::Quiet);
    assert_eq!(web.stdio, Stdio::Terminal);
    assert_eq!(web.log_view_max_entries, Some(3));
}

#[test]
fn a_token_is_kept_out_of_debug_output_and_marked_as_a_secret() {
    let text = "{\"session\": {\"token\": \"s3cret\"}, \"services\": {}}";
    let report = report(text);
    let secrets = report.source.secrets.clone();
    assert_eq!(
        secrets.iter().map(|s| &text[s.clone()]).collect::<Vec<_>>(),
        ["\"s3cret\""]
    );
    let (config, _) = report.meant.unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn what_a_file_loads_to() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(discover(dir.path()), None);
    for name in FILE_NAMES.iter().rev() {
        let path = dir.path().join(name);
        std::fs::write(&path, service("\"cmd\": \"x\", \"cwd\": \".\"")).unwrap();
        assert_eq!(discover(dir.path()), Some(path.clone()));
        let loaded = load(&path).unwrap();
        assert_eq!(loaded.config.dir, dir.path());
        assert_eq!(resolved(&loaded.config, 0).run.cwd, dir.path());
        assert_eq!(loaded.warnings, []);
    }
    let path = dir.path().join(FILE_NAMES[0]);
    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(
        load(&path),
        Err(ConfigError::Invalid { problems, .. }) if problems[0].code == Code::MissingField
    ));
    let missing = load(&dir.path().join("x"));
    assert!(matches!(
        missing,
        Err(ConfigError::Unreadable(ReadError::NotFound(_)))
    ));
}

#[test]
fn the_schema_has_every_field_that_is_read() {
    let schema = json_schema();
    let file = &schema["properties"];
    for field in ["$schema", "session", "logs", "logView", "services"] {
        assert!(file[field]["description"].is_string(), "{field}");
    }
    assert_eq!(schema["required"], serde_json::json!(["services"]));
    assert_eq!(schema["additionalProperties"], serde_json::json!(false));
    let service = &schema["$defs"]["Service"];
    assert_eq!(service["required"], serde_json::json!(["cmd"]));
    for field in [
        "cmd",
        "stopCmd",
        "kind",
        "port",
        "ready",
        "dependsOn",
        "groups",
        "env",
        "envFile",
        "cwd",
        "autoStart",
        "stopGraceMs",
        "stopSignal",
        "stopScope",
        "tty",
        "stdin",
        "output",
        "logView",
    ] {
        assert!(service["properties"][field].is_object(), "{field}");
    }
    assert!(schema["$defs"]["Ready"]["properties"]["url"].is_object());
}
