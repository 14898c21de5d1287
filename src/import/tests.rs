use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::config::{self, Origin, Problem};

/// The config that comes out, as JSON, with its notes. It has to be valid.
#[track_caller]
fn imported(kind: Kind, name: &str, text: &str, files: &[(&str, &str)]) -> (Value, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let draft = read(kind, name, text, directory.path()).unwrap();
    let notes: Vec<String> = draft.notes().collect();
    let text = draft.render(&[name.to_owned()]);
    assert_valid(&text);
    // Each note is a comment too.
    for note in &notes {
        let note = note
            .split_once(": ")
            .map_or(note.as_str(), |(_, note)| note);
        assert!(text.contains(note), "{note} is not in\n{text}");
    }
    (json5::from_str(&text).unwrap(), notes)
}

#[track_caller]
fn assert_valid(text: &str) {
    let report = config::check(text.to_owned().into_bytes(), Origin::stdin());
    let errors: Vec<&Problem> = report.problems.iter().filter(|p| p.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
}

#[track_caller]
fn services(kind: Kind, text: &str) -> Value {
    let name = match kind {
        Kind::Compose => "compose.yaml",
        Kind::ProcessCompose => "process-compose.yaml",
        Kind::Procfile => "Procfile",
        Kind::Package => "package.json",
    };
    imported(kind, name, text, &[]).0["services"].clone()
}

#[test]
fn a_procfile_becomes_daemons_with_their_ports() {
    let text = "# comment\nweb: bundle exec puma -p $PORT\nworker: A=1 sidekiq -q 'low prio'\n\nbroken line\n";
    let (config, notes) = imported(
        Kind::Procfile,
        "Procfile",
        text,
        &[(".env", "PORT=3000\nX=y\n")],
    );
    assert_eq!(
        config["services"],
        serde_json::json!({
            "web": {
                "cmd": ["sh", "-c", "bundle exec puma -p $PORT"], "envFile": ".env",
                "env": {"PORT": "3000"}, "port": 3000, "ready": {"type": "tcp"},
            },
            "worker": {
                "cmd": ["sidekiq", "-q", "low prio"], "envFile": ".env",
                "env": {"PORT": "3100", "A": "1"},
            },
        })
    );
    assert_eq!(notes, ["line 5, which is not `name: command`: broken line"]);
    assert_eq!(
        services(Kind::Procfile, "web: PORT=80 x")["web"]["port"],
        80
    );
}

#[test]
fn a_compose_service_stays_a_container() {
    let text = r#"
x-common: &common
  restart: unless-stopped
services:
  db:
    <<: *common
    image: postgres:17
    environment: {POSTGRES_PASSWORD: secret}
    ports: ["127.0.0.1:${DB_PORT:-5433}:5432", "9999"]
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U $$POSTGRES_USER"]
      interval: 5s
      timeout: 3s
  web:
    build: .
    ports:
      - target: 80
        published: "8080"
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    healthcheck: {test: curl -f http://localhost/health || exit 1}
  migrate:
    build: .
    command: ./migrate
    depends_on: [db]
  debug:
    image: x
    profiles: [debug]
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    let services = &config["services"];
    assert_eq!(
        services["db"],
        serde_json::json!({
            "cmd": ["docker", "compose", "up", "--no-log-prefix", "--no-deps", "db"],
            "stopCmd": ["docker", "compose", "stop", "db"], "stopGraceMs": 15000, "cwd": ".",
            "ready": {
                "type": "exec", "attemptTimeoutMs": 3000,
                "cmd": ["docker", "compose", "exec", "-T", "db", "sh", "-c", "pg_isready -U $POSTGRES_USER"],
            },
            "port": 5433,
        })
    );
    assert_eq!(
        services["web"]["ready"],
        serde_json::json!({"type": "http", "url": "http://localhost:8080/health"})
    );
    assert_eq!(
        services["web"]["dependsOn"],
        serde_json::json!(["db", "migrate"])
    );
    assert_eq!(services["migrate"]["kind"], "oneshot");
    assert_eq!(
        services["migrate"]["cmd"],
        serde_json::json!([
            "docker",
            "compose",
            "up",
            "--no-log-prefix",
            "--exit-code-from",
            "migrate",
            "--no-deps",
            "migrate"
        ])
    );
    assert_eq!(services["debug"]["autoStart"], false);
    let said = notes.join("\n");
    for what in [
        "db: restart: unless-stopped",
        "db: the port 9999",
        "healthcheck interval",
        "debug: profiles: debug",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let (config, _) = imported(Kind::Compose, "infra.yml", "services: {a: {image: x}}", &[]);
    assert_eq!(config["services"]["a"]["cmd"][3], "infra.yml");
}

#[test]
fn a_compose_service_without_a_container_runs_here() {
    let text = r#"
services:
  api:
    command: npm run dev
    working_dir: backend
    environment: ["PORT=3000", "URL=${BASE:-http://x}/y", "INHERITED"]
    env_file: [a.env, {path: b.env, required: true}]
    ports: ["3000:3000"]
    stop_grace_period: 1m
    restart: always
    privileged: true
  job:
    entrypoint: [node, "x y.js"]
    command: --once
"#;
    let services = services(Kind::Compose, text);
    assert_eq!(
        services,
        serde_json::json!({
            "api": {
                "cmd": "npm run dev", "cwd": "backend", "envFile": ["a.env", "b.env"],
                "env": {"PORT": "3000", "URL": "http://x/y"}, "port": 3000,
                "ready": {"type": "tcp"}, "stopGraceMs": 60000,
            },
            "job": {"cmd": ["node", "x y.js", "--once"]},
        })
    );
}

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
                "kind": "oneshot", "cmd": ["sh", "-c", "./seed.sh && echo done"], "envFile": [".env"],
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
fn scripts_of_a_package_keep_running_or_wait_to_be_asked() {
    let text = r#"{"packageManager": "pnpm@9", "scripts": {
        "dev": "next dev --port 3000", "build": "next build", "prebuild": "x", "start": "next start",
        "test:watch": "vitest", "postinstall": "husky", "odd": 5, "two words": "x"
    }}"#;
    let (config, notes) = imported(Kind::Package, "package.json", text, &[]);
    assert_eq!(
        config["services"],
        serde_json::json!({
            "dev": {"cmd": "pnpm run dev", "port": 3000, "ready": {"type": "tcp"}},
            "build": {"cmd": "pnpm run build", "kind": "oneshot", "autoStart": false},
            "start": {"cmd": "pnpm run start", "autoStart": false},
            "test:watch": {"cmd": "pnpm run test:watch", "autoStart": false},
            "two words": {"cmd": ["pnpm", "run", "two words"], "kind": "oneshot", "autoStart": false},
        })
    );
    assert_eq!(notes.len(), 3, "{notes:?}");
    let (config, _) = imported(
        Kind::Package,
        "package.json",
        r#"{"scripts": {"dev": "x"}}"#,
        &[("yarn.lock", "")],
    );
    assert_eq!(config["services"]["dev"]["cmd"], "yarn run dev");
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
fn odd_sources_are_refused_in_one_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |kind, text: &str| {
        read(kind, "x", text, directory.path())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(Kind::Procfile, ""),
        "there is nothing to carry over: no line of the form `name: command`; `flowlayer init --template` writes an example to start from"
    );
    assert_eq!(
        refused(Kind::Compose, "a: 1"),
        "there is nothing to carry over: no services; `flowlayer init --template` writes an example to start from"
    );
    assert_eq!(
        refused(Kind::ProcessCompose, "processes: [1, 2]"),
        "there is nothing to carry over: no processes; `flowlayer init --template` writes an example to start from"
    );
    let many: Vec<String> = (0..10_001).map(|n| format!("p{n}: x\n")).collect();
    assert_eq!(
        refused(Kind::Procfile, &many.concat()),
        "10001 services; at most 10000 can be carried over"
    );
    assert!(refused(Kind::Package, "{").starts_with("not JSON: "));
    assert_eq!(refused(Kind::Package, "[]"), "it is not an object");
    assert!(refused(Kind::Compose, "a: [").starts_with("line "));
}

#[test]
fn comments_cannot_become_config() {
    let text = "processes:\n  a: {command: x, description: \"x\\u2028\\\"services\\\": {} \\n*/ \\e[2J\"}\n  \"b\\n//\\\"\": {command: x, unknown: \"y\\r\\n\\\"z\\\": 1\"}\n";
    let (config, _) = imported(Kind::ProcessCompose, "process-compose.yaml", text, &[]);
    assert_eq!(config["services"].as_object().unwrap().len(), 2);
}

#[test]
fn sources_are_told_by_name_and_text() {
    let kind = |name: &str, text: &str| kind_of(Path::new(name), text);
    assert_eq!(kind("a/Procfile.dev", ""), Some(Kind::Procfile));
    assert_eq!(
        kind("docker-compose.prod.yml", "services: {}"),
        Some(Kind::Compose)
    );
    assert_eq!(
        kind("pc.yaml", "processes: {a: {}}"),
        Some(Kind::ProcessCompose)
    );
    assert_eq!(kind("package.json", ""), Some(Kind::Package));
    assert_eq!(kind("x.toml", ""), None);
}

/// A scalar that may be anything a file can say.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        prop::sample::select(vec![
            "8080:80",
            "80",
            "5s",
            "service:b",
            "a",
            "b",
            "process_completed_successfully",
            "no",
            "always",
            "service_healthy",
            "http://localhost:80/x",
            "$A",
            "${A:-b}",
            "a=b",
            "A=$B",
            "CMD",
            "CMD-SHELL",
            "curl localhost",
            "PORT=1 x",
            "a && b",
            ".",
            "",
        ])
        .prop_map(Value::from),
    ]
}

/// A value with the keys that the readers know.
fn tree(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, move |inner| {
        let key = prop_oneof![
            8 => prop::sample::select(keys).prop_map(str::to_owned),
            1 => "[a-c]".prop_map(String::from),
            1 => any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "command",
    "entrypoint",
    "image",
    "build",
    "environment",
    "env_file",
    "working_dir",
    "ports",
    "target",
    "published",
    "protocol",
    "healthcheck",
    "test",
    "timeout",
    "interval",
    "depends_on",
    "condition",
    "restart",
    "profiles",
    "links",
    "network_mode",
    "stop_grace_period",
    "readiness_probe",
    "http_get",
    "host",
    "port",
    "path",
    "scheme",
    "exec",
    "timeout_seconds",
    "shutdown",
    "signal",
    "availability",
    "ready_log_line",
    "disabled",
    "is_daemon",
    "description",
    "namespace",
    "unknown",
    "dev",
    "start",
    "build",
    "<<",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a source says: it is refused, or what comes out is valid.
    #[test]
    fn what_comes_out_is_always_valid(
        services in prop::collection::vec(("[a-c]|\\PC{0,3}", prop::collection::vec((prop::sample::select(KEYS), tree(KEYS)), 0..7)), 1..5),
        kind in prop::sample::select(vec![Kind::Compose, Kind::ProcessCompose, Kind::Package]),
        has_command in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let services: serde_json::Map<String, Value> = services.into_iter().map(|(name, fields)| {
            let mut fields: serde_json::Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if has_command {
                fields.insert("command".into(), "run it".into());
            }
            (name, Value::Object(fields))
        }).collect();
        let key = match kind {
            Kind::Compose => "services",
            Kind::ProcessCompose => "processes",
            _ => "scripts",
        };
        let scripts: serde_json::Map<String, Value> = services.iter().map(|(name, value)| {
            (name.clone(), value["command"].clone())
        }).collect();
        let services = if kind == Kind::Package { scripts } else { services };
        let mut file = serde_json::Map::new();
        file.insert(key.to_owned(), Value::Object(services));
        // JSON is YAML.
        let text = Value::Object(file).to_string();
        if let Ok(draft) = read(kind, "x.yaml", &text, directory.path()) {
            prop_assert!(!draft.is_empty());
            let mut whole = Draft::default();
            whole.add(draft, "x");
            let again = read(kind, "x.yaml", &text, directory.path()).unwrap();
            whole.add(again, "y");
            whole.relocate("sub/dir");
            assert_valid(&whole.render(&["x.yaml".to_owned()]));
        }
    }

    #[test]
    fn any_procfile_is_read_or_refused(text in "([a-z]{0,3}:? ?[ -~]{0,12}\\n){0,6}|\\PC{0,30}") {
        let directory = tempfile::tempdir().unwrap();
        if let Ok(draft) = read(Kind::Procfile, "Procfile", &text, directory.path()) {
            assert_valid(&draft.render(&["Procfile".to_owned()]));
        }
    }
}

#[test]
fn an_optional_env_file_is_kept_only_where_it_exists() {
    let text = r"
services:
  api:
    command: ./api
    env_file:
      - always.env
      - {path: ./missing.env, required: false}
      - {path: ./there.env, required: false}
      - path: ./needed.env
  one:
    command: ./one
    env_file: {path: ./missing.env, required: false}
";
    let (config, notes) = imported(
        Kind::Compose,
        "compose.yaml",
        text,
        &[("there.env", "A=1\n")],
    );
    assert_eq!(
        config["services"]["api"]["envFile"],
        serde_json::json!(["always.env", "./there.env", "./needed.env"])
    );
    assert!(config["services"]["one"].get("envFile").is_none());
    assert_eq!(
        notes,
        [
            "api: env_file ./missing.env (line 7): it is optional and not there; a file in envFile has to be",
            "one: env_file ./missing.env (line 12): it is optional and not there; a file in envFile has to be",
        ]
    );
}

#[test]
fn an_override_beside_a_compose_file_is_named() {
    let files = [
        ("compose.override.yaml", "services: {}\n"),
        ("docker-compose.override.yml", "services: {}\n"),
    ];
    let text = "services: {db: {image: x}}";
    let (_, notes) = imported(Kind::Compose, "compose.yaml", text, &files);
    assert_eq!(notes.len(), 2, "{notes:?}");
    for ((name, _), note) in files.iter().zip(&notes) {
        assert!(note.starts_with(&format!("{name}: ")), "{note}");
    }
    // With `-f` docker compose reads no override either.
    let (_, notes) = imported(Kind::Compose, "dev.yaml", text, &files);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn what_gives_way_to_something_else_is_listed() {
    let text = r#"
services:
  a:
    image: x
    ports: ["3000-3002:3000-3002"]
  b:
    image: x
    ports:
      - {target: 80, published: "1-5"}
"#;
    let (config, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    assert_eq!(config["services"]["a"]["port"], 3000);
    assert_eq!(config["services"]["b"]["port"], 1);
    assert_eq!(
        notes,
        [
            "a: the ports (line 5) 3001-3002: FlowLayer checks one a service",
            "b: the ports (line 9) 2-5: Docker takes a free one of 1-5; 1 is assumed",
        ]
    );

    let text = "web: ./old\nworker: x\nweb: ./new\n";
    let (config, notes) = imported(Kind::Procfile, "Procfile", text, &[]);
    assert_eq!(config["services"]["web"]["cmd"], "./new");
    assert_eq!(notes, ["line 1, as line 3 has the same name: web: ./old"]);

    let probe = "    readiness_probe: {exec: {command: check}}\n";
    let line = "    ready_log_line: up\n";
    for (first, second) in [(probe, line), (line, probe)] {
        let text = format!("processes:\n  a:\n    command: x\n{first}{second}");
        let (config, notes) = imported(Kind::ProcessCompose, "process-compose.yaml", &text, &[]);
        assert_eq!(config["services"]["a"]["ready"]["type"], "log");
        assert_eq!(notes, ["a: readiness_probe: ready_log_line decides"]);
    }
}
