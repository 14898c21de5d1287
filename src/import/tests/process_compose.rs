//! Files of process-compose.

use super::*;

#[test]
fn process_compose_is_carried_over_with_its_probes() {
    let text = r#"
version: "0.5"
log_level: debug
environment: ["GLOBAL=1"]
processes:
  db:
    command: postgres -D data
    description: the database
    readiness_probe:
      exec: {command: "pg_isready -q"}
      period_seconds: 2
      timeout_seconds: 3
    shutdown: {command: "pg_ctl stop -D data", timeout_seconds: 20, signal: 15}
    availability: {restart: always, max_restarts: 3}
  seed:
    command: "./seed.sh && echo done"
    depends_on: {db: {condition: process_healthy}}
  api:
    command: node api.js
    working_dir: api
    environment: ["PORT=3000", "DATA=$HOME/data"]
    depends_on:
      seed: {condition: process_completed_successfully}
    readiness_probe:
      http_get: {host: 127.0.0.1, port: 3000, path: /healthz}
  worker:
    command: node worker.js
    ready_log_line: "ready (1)"
    disabled: true
    namespace: jobs
    liveness_probe: {exec: {command: "true"}}
"#;
    let (config, notes) = imported(
        Kind::ProcessCompose,
        "process-compose.yaml",
        text,
        &[(".env", "")],
    );
    assert_eq!(
        config["services"],
        serde_json::json!({
            "db": {
                "cmd": "postgres -D data", "envFile": [".env"], "env": {"GLOBAL": "1"},
                "ready": {"type": "exec", "cmd": "pg_isready -q", "attemptTimeoutMs": 3000},
                "stopCmd": "pg_ctl stop -D data", "stopGraceMs": 20000,
            },
            "seed": {
                "kind": "oneshot", "cmd": ["bash", "-c", "./seed.sh && echo done"], "envFile": [".env"],
                "env": {"GLOBAL": "1"}, "dependsOn": ["db"],
            },
            "api": {
                "cmd": ["sh", "-c", "export DATA=\"$HOME/data\"; exec node api.js"], "envFile": [".env"],
                "env": {"GLOBAL": "1", "PORT": "3000"}, "cwd": "api", "dependsOn": ["seed"],
                "ready": {"type": "http", "url": "http://127.0.0.1:3000/healthz"},
            },
            "worker": {
                "cmd": "node worker.js", "envFile": [".env"], "env": {"GLOBAL": "1"},
                "ready": {"type": "log", "pattern": "ready \\(1\\)"}, "autoStart": false,
            },
        })
    );
    let said = notes.join("\n");
    for what in [
        "log_level",
        "availability.restart: always",
        "namespace: jobs",
        "liveness_probe",
        "period_seconds",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
}

#[test]
fn the_probe_wants_the_status_and_the_stop_sends_the_signal_of_the_source() {
    let text = r#"
processes:
  api:
    command: x
    readiness_probe:
      http_get: {port: 80, path: /up, status_code: 204, headers: {Host: shop.example}}
    shutdown: {signal: 2, parent_only: true}
  odd:
    command: x
    readiness_probe: {http_get: {port: 80, headers: {"a b": c}}}
    shutdown: {signal: 9}
"#;
    let (config, notes) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &[]);
    assert_eq!(
        config["services"],
        serde_json::json!({
            "api": {
                "cmd": "x",
                "ready": {
                    "type": "http", "url": "http://127.0.0.1:80/up", "status": 204,
                    "headers": {"Host": "shop.example"},
                },
                "stopSignal": "SIGINT", "stopScope": "leader",
            },
            "odd": {"cmd": "x"},
        })
    );
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes[0].starts_with("odd: readiness_probe.http_get: "),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("odd: shutdown.signal: 9: "),
        "{notes:?}"
    );
}

#[test]
fn a_log_line_decides_over_a_probe_wherever_it_stands() {
    let probe = "    readiness_probe: {exec: {command: check}}\n";
    let line = "    ready_log_line: up\n";
    for (first, second) in [(probe, line), (line, probe)] {
        let text = format!("processes:\n  a:\n    command: x\n{first}{second}");
        let (config, notes) = imported(Kind::ProcessCompose, "process-compose.yaml", &text, &[]);
        assert_eq!(config["services"]["a"]["ready"]["type"], "log");
        assert_eq!(notes, ["a: readiness_probe: ready_log_line decides"]);
    }
}

#[test]
fn what_no_config_can_hold_is_taken_out_and_said() {
    let text = "processes:\n  a: {command: x, depends_on: {a: {}, gone: {}, b: {}}}\n  b: {command: y, depends_on: {a: {}}}\n  c: {}\n  '': {command: z}\n  d: {command: x, working_dir: \"a\\0b\"}\n  e: {entrypoint: [\"x\\0\"]}\n";
    let (config, notes) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &[]);
    let services = &config["services"];
    assert_eq!(
        services.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["a", "b", "d"]
    );
    let said = notes.join("\n");
    for what in [
        "it depends on itself",
        "it depends on \"gone\", which is not here",
        "closes a circle",
        "c: it has no command",
        "a service without a name",
        "d: working_dir",
        "e: it has no command",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
}

#[test]
fn comments_cannot_become_config() {
    let text = "processes:\n  a: {command: x, description: \"x\\u2028\\\"services\\\": {} \\n*/ \\e[2J\"}\n  \"b\\n//\\\"\": {command: x, unknown: \"y\\r\\n\\\"z\\\": 1\"}\n";
    let (config, _) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &[]);
    assert_eq!(config["services"].as_object().unwrap().len(), 2);
}

#[test]
fn a_doubled_dollar_is_one_wherever_it_stands() {
    let text = "processes:\n  a:\n    command: echo $$A\n    working_dir: a$$b\n    readiness_probe: {exec: {command: 'true', working_dir: c$$d}}\n";
    let (config, _) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &[]);
    let service = &config["services"]["a"];
    assert_eq!(service["cwd"], "a$b");
    let probe = service["ready"]["cmd"].to_string();
    assert!(probe.contains("cd 'c$d' &&"), "{probe}");
}

#[test]
fn only_a_note_that_is_cut_ends_in_an_ellipsis() {
    for (length, is_cut) in [(300, false), (301, true)] {
        let value = "x".repeat(length);
        let text = format!("processes:\n  a: {{command: x, description: \"{value}\"}}\n");
        let directory = tempfile::tempdir().unwrap();
        let draft = read(
            Kind::ProcessCompose,
            "process-compose.yaml",
            &text,
            directory.path(),
        );
        let config = draft.unwrap().render(&[]);
        assert!(config.contains(&value[..300]), "{config}");
        assert_eq!(config.contains('…'), is_cut, "{config}");
    }
}

#[test]
fn a_process_runs_in_bash_and_starts_when_it_should() {
    let text = r#"
vars: { ROOT: /srv, NAME: shop }
processes:
  seed: { command: "for i in {1..3}; do echo $i; done; a=(x y); echo ${a[1]}" }
  off: { command: "sleep 60", is_disabled: "true" }
  nightly: { command: "echo hi", schedule: { cron: "0 3 * * *" } }
  console: { command: "bash", is_foreground: true }
  app: { command: "sleep 60", working_dir: "$HOME/app", is_dotenv_disabled: true }
  named: { command: "run {{.NAME}} {{ .OWN }} {{.GONE}}", working_dir: "{{.ROOT}}/x", vars: { OWN: "1" } }
"#;
    let files = [(".env", "A=1\n"), ("process-compose.override.yml", "")];
    let (config, notes) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &files);
    assert_eq!(
        config["services"],
        serde_json::json!({
            "seed": {
                "kind": "oneshot", "envFile": [".env"],
                "cmd": ["bash", "-c", "for i in {1..3}; do echo $i; done; a=(x y); echo ${a[1]}"],
            },
            "off": {"cmd": "sleep 60", "envFile": [".env"], "autoStart": false},
            "nightly": {"kind": "oneshot", "cmd": "echo hi", "envFile": [".env"], "autoStart": false},
            "console": {"cmd": "bash", "envFile": [".env"], "autoStart": false},
            "app": {"cmd": ["sh", "-c", "cd \"$HOME/app\" || exit; exec sleep 60"]},
            "named": {
                "cmd": ["bash", "-c", "run shop 1 {{.GONE}}"], "envFile": [".env"], "cwd": "/srv/x",
            },
        })
    );
    let said = notes.join("\n");
    for what in [
        "process-compose.override.yml: process-compose merges it in",
        "nightly: schedule: 0 3 * * *: ",
        "console: is_foreground: ",
        "app: working_dir: ",
        "named: command: it has a template",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let text = "shell: {shell_command: zsh}\nprocesses: {a: {command: \"a && b\"}}";
    let cmd = &services(Kind::ProcessCompose, text)["a"]["cmd"];
    assert_eq!(*cmd, serde_json::json!(["zsh", "-c", "a && b"]));
}

#[test]
fn of_a_job_that_is_waited_for_the_exit_code_alone_counts() {
    let text = r"
processes:
  job: {command: x, readiness_probe: {exec: {command: y}}}
  app: {command: z, depends_on: {job: {condition: process_completed_successfully}}}
";
    let services = services(Kind::ProcessCompose, text);
    assert_eq!(
        services["job"],
        serde_json::json!({"kind": "oneshot", "cmd": "x"})
    );
}
